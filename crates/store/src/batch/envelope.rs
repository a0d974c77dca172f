//! The wrapping of each part of a batch: version, compression, checksum.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0 | version of the format: 1 |
//! | 1 | 0: as it is; 1: LZ4 block behind its length as a variable-length integer |
//! | 2..6 | CRC-32 (IEEE), least byte first, of: part, study, batch, the two bytes above, and all that follows |
//! | 6.. | the content |
//!
//! The checksum covers where a part belongs, so a part that stands in the wrong row is found as well.

use std::borrow::Cow;

use super::wire::{Broken, Reader, Wire, put_varint};
use crate::BatchId;

const VERSION: u8 = 1;
const STORED: u8 = 0;
const LZ4: u8 = 1;
const HEADER: usize = 6;
/// A byte of an LZ4 block stands for at most 255 bytes, and a little.
const EXPANSION: usize = 256;

/// Which part of a row this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Head = 1,
    Data = 2,
    Output = 3,
    Reopened = 4,
}

/// Wraps a content, compressed where that saves something. [`sign`] has to follow.
pub fn wrap(content: &[u8]) -> Vec<u8> {
    let mut out = vec![VERSION, STORED, 0, 0, 0, 0];
    // Nothing is won below the size of a disk sector's smallest share.
    if content.len() >= 64 {
        let packed = lz4_flex::block::compress(content);
        if packed.len() + 4 < content.len() - content.len() / 16 {
            out.reserve_exact(packed.len() + 10);
            out[1] = LZ4;
            put_varint(&mut out, content.len() as u64);
            out.extend_from_slice(&packed);
            return out;
        }
    }
    out.extend_from_slice(content);
    out
}

/// Puts in the checksum for the place in the store where the part will stand.
pub fn sign(wrapped: &mut [u8], part: Part, id: BatchId) {
    let sum = checksum(wrapped, part, id);
    wrapped[2..HEADER].copy_from_slice(&sum.to_le_bytes());
}

fn checksum(wrapped: &[u8], part: Part, id: BatchId) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[part as u8]);
    hasher.update(&id.study.0.to_le_bytes());
    hasher.update(&id.seq.0.to_le_bytes());
    hasher.update(&wrapped[..2]);
    hasher.update(&wrapped[HEADER..]);
    hasher.finalize()
}

/// The content of a part that stands where it was signed for.
pub fn unwrap(wrapped: &[u8], part: Part, id: BatchId) -> Wire<Cow<'_, [u8]>> {
    if wrapped.len() < HEADER {
        return Err(Broken("it ends too early"));
    }
    if wrapped[2..HEADER] != checksum(wrapped, part, id).to_le_bytes() {
        return Err(Broken("its checksum is wrong"));
    }
    content(wrapped)
}

/// The content behind a header whose checksum has been seen to.
pub fn content(wrapped: &[u8]) -> Wire<Cow<'_, [u8]>> {
    let body = wrapped.get(HEADER..).ok_or(Broken("it ends too early"))?;
    match (wrapped[0], wrapped[1]) {
        (VERSION, STORED) => Ok(Cow::Borrowed(body)),
        (VERSION, LZ4) => {
            let mut reader = Reader::new(body);
            let length = reader.length()?;
            if length / EXPANSION > body.len() {
                return Err(Broken("its length is impossible"));
            }
            reader.charge::<u8>(length)?;
            let mut content = vec![0; length];
            match lz4_flex::block::decompress_into(reader.rest(), &mut content) {
                Ok(written) if written == length => Ok(Cow::Owned(content)),
                _ => Err(Broken("its compression is wrong")),
            }
        }
        (VERSION, _) => Err(Broken("its compression is unknown")),
        _ => Err(Broken("its format is of another version")),
    }
}
