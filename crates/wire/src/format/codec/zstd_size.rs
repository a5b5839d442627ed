//! How many bytes Zstandard frames expand to at most, from the heads of their blocks alone (RFC 8878, section 3.1).
//!
//! Kafka's producer writes frames without their content's size. Knowing a bound allows to expand in one step, without
//! the window of up to 128 MB that a stream reader takes on the word of a frame's head.

use crate::format::cursor::Cursor;
use crate::format::fault::CodecFault;

const FRAME_MAGIC: u32 = 0xfd2f_b528;
const SKIPPABLE_MAGIC: u32 = 0x184d_2a50;
const SKIPPABLE_MASK: u32 = 0xffff_fff0;
/// No block has more bytes than this.
const LARGEST_BLOCK: u64 = 128 * 1024;

/// The sum over all frames.
pub(super) fn upper_bound(data: &[u8]) -> Result<u64, CodecFault> {
    let mut cursor = Cursor::new(data);
    let mut sum = 0_u64;
    if cursor.is_at_end() {
        return Err(CodecFault::Cut);
    }
    while !cursor.is_at_end() {
        let magic = cursor.u32_le().ok_or(CodecFault::Cut)?;
        if magic & SKIPPABLE_MASK == SKIPPABLE_MAGIC {
            let len = cursor.u32_le().ok_or(CodecFault::Cut)? as usize;
            cursor.bytes(len).ok_or(CodecFault::Cut)?;
        } else if magic == FRAME_MAGIC {
            sum = sum.saturating_add(frame(&mut cursor)?);
        } else {
            return Err(CodecFault::Head);
        }
    }
    Ok(sum)
}

fn frame(cursor: &mut Cursor<'_>) -> Result<u64, CodecFault> {
    let descriptor = cursor.u8().ok_or(CodecFault::Cut)?;
    let single_segment = descriptor & 0b10_0000 != 0;
    let has_checksum = descriptor & 0b100 != 0;
    let dictionary_len = match descriptor & 0b11 {
        0 => 0,
        1 => 1,
        2 => 2,
        _ => 4,
    };
    let size_len = match descriptor >> 6 {
        0 => usize::from(single_segment),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    let window_len = usize::from(!single_segment);
    cursor
        .bytes(window_len + dictionary_len + size_len)
        .ok_or(CodecFault::Cut)?;
    let mut sum = 0_u64;
    loop {
        let head = cursor.bytes(3).ok_or(CodecFault::Cut)?;
        let head = head
            .iter()
            .rev()
            .fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        let size = head >> 3;
        let (stored, expanded) = match (head >> 1) & 0b11 {
            0 => (size, u64::from(size)),
            1 => (1, u64::from(size)),
            2 => (size, LARGEST_BLOCK),
            _ => return Err(CodecFault::Damaged),
        };
        cursor.bytes(stored as usize).ok_or(CodecFault::Cut)?;
        sum = sum.saturating_add(expanded);
        if head & 1 != 0 {
            break;
        }
    }
    if has_checksum {
        cursor.u32_le().ok_or(CodecFault::Cut)?;
    }
    Ok(sum)
}
