use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Left, Model, Outlook};

/// One key of a store of texts: get, put, append, delete. A missing key reads as the empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text;

/// An operation on a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextOp {
    /// What was read.
    Get(TextSeen),
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

fn digested(digests: [u64; 2], byte: u8) -> [u64; 2] {
    // One more than the byte, so that zeros count.
    let lane = |i: usize| reduced(times(digests[i], BASES[i]) + u64::from(byte) + 1);
    [lane(0), lane(1)]
}

impl TextState {
    /// The empty text.
    pub const EMPTY: Self = Self { length: 0, digests: [0; 2], powers: [1; 2] };

    /// Any text that nobody reads. No fingerprint of a text is like this.
    const ERASED: Self = Self { length: u32::MAX, digests: [0; 2], powers: [0; 2] };

    /// The fingerprint of a text.
    pub fn new(text: &str) -> Self {
        let mut state = Self::EMPTY;
        for byte in text.bytes() {
            state.push(byte);
        }
        state
    }

    fn push(&mut self, byte: u8) {
        self.length = self.length.wrapping_add(1);
        self.digests = digested(self.digests, byte);
        for (power, base) in self.powers.iter_mut().zip(BASES) {
            *power = times(*power, base);
        }
    }

    /// This text with another one at its end.
    #[must_use]
    pub fn followed_by(&self, other: &Self) -> Self {
        if *self == Self::ERASED {
            return *self;
        }
        let lane = |i: usize| reduced(times(self.digests[i], other.powers[i]) + other.digests[i]);
        Self {
            length: self.length.wrapping_add(other.length),
            digests: [lane(0), lane(1)],
            powers: [times(self.powers[0], other.powers[0]), times(self.powers[1], other.powers[1])],
        }
    }
}

/// A text that was read: its fingerprint, and those of its beginnings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextSeen(Arc<Seen>);

#[derive(Debug, PartialEq, Eq)]
struct Seen {
    text: Arc<str>,
    state: TextState,
    /// The digests of its first `STRIDE`, 2 `STRIDE`, … bytes.
    beginnings: Vec<[u64; 2]>,
}

const STRIDE: usize = 16;

impl TextSeen {
    /// Takes fingerprints of a text.
    pub fn new(text: &str) -> Self {
        let mut state = TextState::EMPTY;
        let mut beginnings = Vec::new();
        for (place, byte) in (1..).zip(text.bytes()) {
            state.push(byte);
            if place % STRIDE == 0 {
                beginnings.push(state.digests);
            }
        }
        Self(Arc::new(Seen { text: text.into(), state, beginnings }))
    }

    /// Whether it begins with that text.
    fn begins_with(&self, state: &TextState) -> bool {
        let length = state.length as usize;
        let Some(bytes) = self.0.text.as_bytes().get(..length) else { return false };
        let strides = length / STRIDE;
        let mut digests = strides.checked_sub(1).map_or([0; 2], |last| self.0.beginnings[last]);
        for byte in &bytes[strides * STRIDE..] {
            digests = digested(digests, *byte);
        }
        digests == state.digests
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
            TextOp::Get(seen) => (*state == seen.0.state).then_some(*state),
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

    /// A text that has to be read begins with the one that is there, unless another one is put there before; and then it makes no
    /// difference what is there, unless somebody reads it before.
    fn outlook<'a>(&self, state: TextState, left: impl Iterator<Item = Left<'a, TextOp>>) -> Outlook<TextState> {
        /// How many reads to look at, since those that matter are near.
        const GLANCE: usize = 16;
        let mut put: Vec<&TextState> = Vec::new();
        let mut is_read = false;
        let mut reads = 0;
        for piece in left {
            match piece {
                Left::Returned(TextOp::Get(_)) if reads == GLANCE => break,
                Left::Called(TextOp::Put(text)) | Left::Open(TextOp::Put(text)) => put.push(text),
                Left::Called(TextOp::Get(seen)) => is_read |= seen.begins_with(&state),
                Left::Returned(TextOp::Get(seen)) if !seen.begins_with(&state) => {
                    reads += 1;
                    if !put.iter().any(|text| seen.begins_with(text)) {
                        return Outlook::Doomed;
                    }
                    if !is_read {
                        return Outlook::Unseen(TextState::ERASED);
                    }
                }
                Left::Returned(TextOp::Get(_)) => reads += 1,
                Left::Called(_) | Left::Open(_) | Left::Returned(_) => {}
            }
        }
        Outlook::Open(state)
    }

    fn helps(&self, helper: &TextOp, op: &TextOp) -> bool {
        match (helper, op) {
            (TextOp::Get(_), _) | (_, TextOp::Put(_) | TextOp::Append(_)) => false,
            // What a read has seen cannot be shorter than what it was put or added to.
            (TextOp::Put(text) | TextOp::Append(text), TextOp::Get(seen)) => text.length <= seen.0.state.length,
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

    #[test]
    fn a_text_begins_with_its_beginnings() {
        let text: alloc::string::String = (b'a'..=b'z').cycle().take(1_000).map(char::from).collect();
        let seen = TextSeen::new(&text);
        for end in [0, 1, STRIDE - 1, STRIDE, STRIDE + 1, 2 * STRIDE, 999, 1_000] {
            assert!(seen.begins_with(&TextState::new(&text[..end])), "{end}");
        }
        assert!(!seen.begins_with(&TextState::new("b")) && !seen.begins_with(&TextState::new(&(text + "m"))));
    }
}
