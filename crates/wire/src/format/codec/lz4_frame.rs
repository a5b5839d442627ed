//! LZ4 frames, read in place: <https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md>.
//!
//! An own walk over the blocks instead of a stream reader, because the output then goes straight to its place under the
//! budget, a frame without its end mark is a fault, and the head's checksum can be left unread: Kafka clients before
//! 0.10 computed it over the magic number too (KAFKA-3160).

use lz4_flex::block::{decompress_into, decompress_into_with_dict};
use xxhash_rust::xxh32::xxh32;

use super::decompress::ExpandError;
use crate::format::cursor::Cursor;
use crate::format::fault::CodecFault;

const MAGIC: u32 = 0x184d_2204;
const VERSION_MASK: u8 = 0b1100_0000;
const VERSION: u8 = 0b0100_0000;
const INDEPENDENT: u8 = 0b0010_0000;
const BLOCK_CHECKSUM: u8 = 0b0001_0000;
const CONTENT_SIZE: u8 = 0b0000_1000;
const CONTENT_CHECKSUM: u8 = 0b0000_0100;
const DICTIONARY: u8 = 0b0000_0001;
/// Set in a block's length when it is stored as it is.
const STORED: u32 = 1 << 31;
/// How far a block may look back into the ones before it.
const WINDOW: usize = 64 * 1024;
/// No byte of a block stands for more bytes than this.
const LARGEST_RATIO: usize = 255;

struct Head {
    flags: u8,
    block_len: usize,
    content_size: Option<u64>,
}

pub(super) fn read(
    data: &[u8],
    ignore_head_checksum: bool,
    budget: usize,
    out: &mut Vec<u8>,
) -> Result<(), ExpandError> {
    let mut cursor = Cursor::new(data);
    let head = read_head(&mut cursor, ignore_head_checksum)?;
    loop {
        let field = cursor.u32_le().ok_or(CodecFault::Cut)?;
        if field == 0 {
            break;
        }
        let len = (field & !STORED) as usize;
        if len > head.block_len {
            return Err(CodecFault::Damaged.into());
        }
        let block = cursor.bytes(len).ok_or(CodecFault::Cut)?;
        if head.flags & BLOCK_CHECKSUM != 0 && cursor.u32_le().ok_or(CodecFault::Cut)? != xxh32(block, 0) {
            return Err(CodecFault::Checksum.into());
        }
        if field & STORED == 0 {
            expand_block(block, &head, budget, out)?;
        } else if len > budget.saturating_sub(out.len()) {
            return Err(ExpandError::TooLarge);
        } else {
            out.extend_from_slice(block);
        }
    }
    if head.content_size.is_some_and(|size| size != out.len() as u64) {
        return Err(CodecFault::Damaged.into());
    }
    if head.flags & CONTENT_CHECKSUM != 0 && cursor.u32_le().ok_or(CodecFault::Cut)? != xxh32(out, 0) {
        return Err(CodecFault::Checksum.into());
    }
    Ok(())
}

fn read_head(cursor: &mut Cursor<'_>, ignore_checksum: bool) -> Result<Head, CodecFault> {
    if cursor.u32_le() != Some(MAGIC) {
        return Err(CodecFault::Head);
    }
    let descriptor = cursor.rest();
    let flags = cursor.u8().ok_or(CodecFault::Cut)?;
    let sizes = cursor.u8().ok_or(CodecFault::Cut)?;
    // A dictionary would have to be known from elsewhere: Kafka has none.
    if flags & VERSION_MASK != VERSION || flags & DICTIONARY != 0 {
        return Err(CodecFault::Head);
    }
    let block_len = match (sizes >> 4) & 0x07 {
        4 => 64 * 1024,
        5 => 256 * 1024,
        6 => 1024 * 1024,
        7 => 4 * 1024 * 1024,
        _ => return Err(CodecFault::Head),
    };
    let content_size = if flags & CONTENT_SIZE == 0 {
        None
    } else {
        let low = cursor.u32_le().ok_or(CodecFault::Cut)?;
        let high = cursor.u32_le().ok_or(CodecFault::Cut)?;
        Some(u64::from(low) | u64::from(high) << 32)
    };
    let covered = descriptor.len() - cursor.rest().len();
    let computed = xxh32(descriptor.get(..covered).unwrap_or_default(), 0);
    let stored = cursor.u8().ok_or(CodecFault::Cut)?;
    if !ignore_checksum && stored != (computed >> 8) as u8 {
        return Err(CodecFault::Checksum);
    }
    Ok(Head {
        flags,
        block_len,
        content_size,
    })
}

fn expand_block(block: &[u8], head: &Head, budget: usize, out: &mut Vec<u8>) -> Result<(), ExpandError> {
    let start = out.len();
    let left = budget.saturating_sub(start);
    let largest = head.block_len.min(block.len().saturating_mul(LARGEST_RATIO));
    let room = largest.min(left);
    out.resize(start.saturating_add(room), 0);
    let (before, free) = out.split_at_mut(start);
    let expanded = if head.flags & INDEPENDENT == 0 && !before.is_empty() {
        let window = before.get(start.saturating_sub(WINDOW)..).unwrap_or_default();
        decompress_into_with_dict(block, free, window)
    } else {
        decompress_into(block, free)
    };
    match expanded {
        Ok(written) => {
            out.truncate(start + written);
            Ok(())
        }
        Err(lz4_flex::block::DecompressError::OutputTooSmall { .. }) if left < largest => {
            Err(ExpandError::TooLarge)
        }
        Err(_) => Err(CodecFault::Damaged.into()),
    }
}
