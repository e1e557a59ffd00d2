//! The hash that places keys and virtual nodes. Specified to the last bit: servers and clients of different builds must agree.

use serde::{Deserialize, Serialize};

use crate::op::Key;

/// What of a key is hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HashOf {
    /// Its bytes.
    #[default]
    Bytes,
    /// Its bytes and an end mark, as some libraries hash a text. Whoever does that disagrees with whoever hashes bytes.
    Text,
}

/// FNV-1a with 64 bits. Fowler, Noll, Vo: <http://www.isthe.com/chongo/tech/comp/fnv/>.
pub const fn fnv1a64(bytes: &[u8]) -> u64 {
    fnv1a64_onward(0xcbf2_9ce4_8422_2325, bytes)
}

const fn fnv1a64_onward(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

/// The finaliser of MurmurHash3: every bit of the input changes every bit of the output with probability one half.
pub const fn mix64(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// Where a key stands among all hashes.
pub fn position_of(key: &Key, hashed: HashOf) -> u64 {
    let bytes = fnv1a64(key.as_str().as_bytes());
    mix64(match hashed {
        HashOf::Bytes => bytes,
        HashOf::Text => fnv1a64_onward(bytes, &[0xff]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_values() {
        assert_eq!(fnv1a64(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a64(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a64(b"foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(mix64(1), 0xb456_bcfc_34c2_cb2c);
    }
}
