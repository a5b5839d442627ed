//! snappy as Kafka's Java client writes it: a head, then blocks behind their lengths ("xerial" framing). Some other
//! clients write one bare block instead; both are read.

use super::decompress::ExpandError;
use crate::format::cursor::Cursor;
use crate::format::fault::CodecFault;

const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
/// Version and lowest compatible version, both 1.
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
/// Bytes of the head: magic, version, compatible version.
const HEAD_LEN: usize = 16;
/// Bytes of a block before compression, as snappy-java has it.
const BLOCK_LEN: usize = 32 * 1024;

pub(super) fn read(
    decoder: &mut snap::raw::Decoder,
    data: &[u8],
    budget: usize,
    out: &mut Vec<u8>,
) -> Result<(), ExpandError> {
    if !data.starts_with(&MAGIC) {
        return block(decoder, data, budget, out);
    }
    let mut cursor = Cursor::new(data);
    while !cursor.is_at_end() {
        // Streams may follow each other; no block length looks like a head.
        if cursor.rest().starts_with(&MAGIC) {
            cursor.bytes(HEAD_LEN).ok_or(CodecFault::Head)?;
            continue;
        }
        let len = cursor.u32().ok_or(CodecFault::Cut)? as usize;
        let compressed = cursor.bytes(len).ok_or(CodecFault::Cut)?;
        block(decoder, compressed, budget, out)?;
    }
    Ok(())
}

/// The most bytes that snappy makes of one: a copy of 64 bytes takes 3.
const LARGEST_RATIO: usize = 64;

fn block(
    decoder: &mut snap::raw::Decoder,
    data: &[u8],
    budget: usize,
    out: &mut Vec<u8>,
) -> Result<(), ExpandError> {
    let len = snap::raw::decompress_len(data).map_err(|_| CodecFault::Damaged)?;
    if len > data.len().saturating_mul(LARGEST_RATIO) {
        return Err(CodecFault::Damaged.into());
    }
    let start = out.len();
    if len > budget.saturating_sub(start) {
        return Err(ExpandError::TooLarge);
    }
    out.resize(start.saturating_add(len), 0);
    let room = out.get_mut(start..).unwrap_or_default();
    let written = decoder.decompress(data, room).map_err(|_| CodecFault::Damaged)?;
    out.truncate(start + written);
    Ok(())
}

pub(super) fn write(
    encoder: &mut snap::raw::Encoder,
    data: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), snap::Error> {
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSIONS);
    let mut room = vec![0; snap::raw::max_compress_len(BLOCK_LEN.min(data.len()))];
    for chunk in data.chunks(BLOCK_LEN) {
        let len = encoder.compress(chunk, &mut room)?;
        out.extend_from_slice(&(len as u32).to_be_bytes());
        out.extend_from_slice(room.get(..len).unwrap_or_default());
    }
    Ok(())
}
