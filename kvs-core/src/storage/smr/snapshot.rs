//! A state as bytes: equal states have equal bytes, and what has been damaged is refused.
//!
//! `KVS` and the number of the format (1 byte); whether the body is compressed (1); the length of the body before compression (8, little
//! endian); its XXH64 (8, little endian); the body: the state in postcard's encoding, or that in a raw deflate stream.

use alloc::vec::Vec;

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use xxhash_rust::xxh64::xxh64;

use super::store::KVStoreState;

const FORMAT: [u8; 4] = *b"KVS\x01";
const LEVEL: u8 = 6;
/// The longest body that is read: 64 MiB.
const BODY_MAX: usize = 1 << 26;

/// Bytes are no snapshot, or a state could not be made one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// They do not begin like one.
    #[error("this is no snapshot")]
    NoSnapshot,
    /// They end too early, go on too long, or their length is not what they say.
    #[error("the snapshot does not have the length that it says")]
    Length,
    /// The sum does not match.
    #[error("the snapshot is damaged")]
    Damaged,
    /// The sum matches, and it makes no sense all the same.
    #[error("the snapshot holds no state")]
    NoState,
    /// The state could not be encoded.
    #[error("the state could not be encoded")]
    Encoding,
}

/// A state as bytes.
pub(super) fn encode(state: &KVStoreState, is_compressed: bool) -> Result<Vec<u8>, SnapshotError> {
    let body = postcard::to_allocvec(state).map_err(|_| SnapshotError::Encoding)?;
    if body.len() > BODY_MAX {
        return Err(SnapshotError::Encoding);
    }
    let mut bytes = FORMAT.to_vec();
    bytes.push(u8::from(is_compressed));
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&xxh64(&body, 0).to_le_bytes());
    if is_compressed {
        bytes.extend_from_slice(&compress_to_vec(&body, LEVEL));
    } else {
        bytes.extend_from_slice(&body);
    }
    Ok(bytes)
}

/// The state that [`encode`] has made these bytes of, compressed or not.
pub(super) fn decode(bytes: &[u8]) -> Result<KVStoreState, SnapshotError> {
    let (format, bytes) = bytes.split_first_chunk::<4>().ok_or(SnapshotError::NoSnapshot)?;
    if *format != FORMAT {
        return Err(SnapshotError::NoSnapshot);
    }
    let ([is_compressed], bytes) = bytes.split_first_chunk::<1>().ok_or(SnapshotError::Length)?;
    let (length, bytes) = bytes.split_first_chunk::<8>().ok_or(SnapshotError::Length)?;
    let (sum, bytes) = bytes.split_first_chunk::<8>().ok_or(SnapshotError::Length)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| SnapshotError::Length)?;
    if length > BODY_MAX {
        return Err(SnapshotError::Length);
    }
    let inflated;
    let body = match is_compressed {
        0 => bytes,
        1 => {
            inflated = decompress_to_vec_with_limit(bytes, length).map_err(|_| SnapshotError::Damaged)?;
            &inflated
        }
        _ => return Err(SnapshotError::NoSnapshot),
    };
    if body.len() != length {
        return Err(SnapshotError::Length);
    }
    if xxh64(body, 0).to_le_bytes() != *sum {
        return Err(SnapshotError::Damaged);
    }
    match postcard::take_from_bytes(body) {
        Ok((state, [])) => Ok(state),
        _ => Err(SnapshotError::NoState),
    }
}
