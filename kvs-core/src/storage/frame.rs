//! Records in a file: a length, a checksum and the record, so that a torn one is seen and left out.

use alloc::vec::Vec;

use serde::Serialize;
use serde::de::Deserialize;
use xxhash_rust::xxh64::xxh64;

/// The bytes before the record.
pub const HEAD: usize = 16;

fn checksum(bytes: &[u8]) -> [u8; 8] {
    xxh64(bytes, 0).to_le_bytes()
}

/// A record in its frame.
pub(super) fn frame(record: &impl Serialize) -> Vec<u8> {
    // Encoding plain data into memory does not fail.
    framed(&postcard::to_allocvec(record).unwrap_or_default())
}

/// Bytes in a frame.
pub(super) fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEAD + body.len());
    frame.extend_from_slice(&(body.len() as u64).to_le_bytes());
    frame.extend_from_slice(&checksum(body));
    frame.extend_from_slice(body);
    frame
}

/// Takes the bytes of the next whole frame off the front; None where there is none, or only a part of one.
pub(super) fn take_body<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let body = rest.get(..length)?;
    if checksum(body) != *sum {
        return None;
    }
    *bytes = &rest[length..];
    Some(body)
}

/// Takes the next whole record off the front; None where there is none, or only a part of one.
pub(super) fn take_frame<'a, T: Deserialize<'a>>(bytes: &mut &'a [u8]) -> Option<T> {
    postcard::from_bytes(take_body(bytes)?).ok()
}

/// The whole records at the beginning of a file, without their frames, and what is behind the last of them.
pub fn records(mut bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let records = core::iter::from_fn(|| take_body(&mut bytes)).collect();
    (records, bytes)
}

/// Whether a whole frame begins anywhere in there.
pub(super) fn holds_a_frame(bytes: &[u8]) -> bool {
    (0..bytes.len()).any(|place| take_body(&mut &bytes[place..]).is_some())
}
