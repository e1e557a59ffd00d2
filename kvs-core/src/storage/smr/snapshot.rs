//! A state as bytes: equal states have equal bytes, and what has been damaged is refused.
//!
//! `KVS` and the number of the format (1 byte); whether the body is compressed (1); the length of the body before compression (8, little
//! endian); its XXH64 (8, little endian); the body: the state in postcard's encoding, or that in a raw deflate stream.

use alloc::sync::Arc;
use alloc::vec::Vec;

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
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

/// A state on its way to another server or to the disk. There it is bytes, compressed or not; to a reader it is the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The state.
    pub state: Arc<KVStoreState>,
    /// Whether its bytes are compressed.
    pub is_compressed: bool,
}

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.state.serialize(serializer);
        }
        encode(&self.state, self.is_compressed).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Snapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Ok(Self { state: Arc::new(KVStoreState::deserialize(deserializer)?), is_compressed: false });
        }
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        let state = decode(&bytes).map_err(serde::de::Error::custom)?;
        Ok(Self { state: Arc::new(state), is_compressed: bytes.get(FORMAT.len()) == Some(&1) })
    }
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
