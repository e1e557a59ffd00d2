use super::Model;

/// One key of a store of texts: get, put, append, delete. A missing key reads as the empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text;

/// An operation on a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextOp {
    /// What was read.
    Get(TextState),
    /// What is there afterwards.
    Put(TextState),
    /// What is added at the end.
    Append(TextState),
}

/// A text by its fingerprint, so that a long one is added to as quickly as a short one.
///
/// A polynomial in each of two fields of 2⁶¹ − 1 elements, and the length. That two different texts of a history of n texts of length l
/// have one fingerprint has a chance below n²·l²/2¹²², which is not worth a thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TextState {
    length: u32,
    digests: [u64; 2],
    /// The base to the power of the length.
    powers: [u64; 2],
}

const PRIME: u64 = (1 << 61) - 1;
/// Nothing-up-my-sleeve numbers: the fractions of √2 and √3.
const BASES: [u64; 2] = [0x6a09_e667_f3bc_c908 % PRIME, 0xbb67_ae85_84ca_a73b % PRIME];

fn times(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the product has at most 122 bits, so that both halves have 61"
    )]
    let (low, high) = ((product & u128::from(PRIME)) as u64, (product >> 61) as u64);
    reduced(low + high)
}

fn reduced(sum: u64) -> u64 {
    if sum >= PRIME { sum - PRIME } else { sum }
}

impl TextState {
    /// The empty text.
    pub const EMPTY: Self = Self { length: 0, digests: [0; 2], powers: [1; 2] };

    /// The fingerprint of a text.
    pub fn new(text: &str) -> Self {
        let mut state = Self::EMPTY;
        for byte in text.bytes() {
            state.length = state.length.wrapping_add(1);
            for (lane, base) in BASES.into_iter().enumerate() {
                // One more than the byte, so that zeros count.
                state.digests[lane] = reduced(times(state.digests[lane], base) + u64::from(byte) + 1);
                state.powers[lane] = times(state.powers[lane], base);
            }
        }
        state
    }

    /// This text with another one at its end.
    #[must_use]
    pub fn followed_by(&self, other: &Self) -> Self {
        let lane = |i: usize| reduced(times(self.digests[i], other.powers[i]) + other.digests[i]);
        Self {
            length: self.length.wrapping_add(other.length),
            digests: [lane(0), lane(1)],
            powers: [times(self.powers[0], other.powers[0]), times(self.powers[1], other.powers[1])],
        }
    }
}

impl Model for Text {
    type State = TextState;
    type Op = TextOp;

    fn initial(&self) -> TextState {
        TextState::EMPTY
    }

    fn step(&self, state: &TextState, op: &TextOp) -> Option<TextState> {
        match op {
            TextOp::Get(seen) => (state == seen).then_some(*state),
            TextOp::Put(text) => Some(*text),
            TextOp::Append(text) => Some(state.followed_by(text)),
        }
    }

    fn is_read(&self, op: &TextOp) -> bool {
        matches!(op, TextOp::Get(_))
    }

    fn absorbs(&self, op: &TextOp, _before: &TextOp) -> bool {
        matches!(op, TextOp::Put(_))
    }

    fn helps(&self, helper: &TextOp, op: &TextOp) -> bool {
        match (helper, op) {
            (TextOp::Get(_), _) | (_, TextOp::Put(_) | TextOp::Append(_)) => false,
            // What a read has seen cannot be shorter than what it was put or added to.
            (TextOp::Put(text) | TextOp::Append(text), TextOp::Get(seen)) => text.length <= seen.length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_pieces_are_texts_in_one() {
        let whole = TextState::new("x 0 0 yx 1 0 y\0");
        for cut in 0..15 {
            let (left, right) = "x 0 0 yx 1 0 y\0".split_at(cut);
            assert_eq!(TextState::new(left).followed_by(&TextState::new(right)), whole);
        }
        assert_ne!(TextState::new("\0"), TextState::new("\0\0"));
        assert_ne!(TextState::new("ab"), TextState::new("ba"));
        assert_eq!(TextState::new(""), TextState::EMPTY);
    }
}
