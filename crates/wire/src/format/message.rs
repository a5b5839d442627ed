//! A message of format 0 or 1: one record, or a wrapper around compressed ones.

use super::batch::{EntryPrefix, PREFIX_LEN};
use super::codec::Codec;
use super::cursor::Cursor;
use super::fault::{Edge, Fault, FaultKind, FaultRange, RecordFault};
use super::record::{NO_TIMESTAMP, TimestampKind};

const CODEC_MASK: u8 = 0x07;
const LOG_APPEND_TIME: u8 = 0x08;
/// The checksum stands in front of what it covers, behind offset and length.
const CRC_FROM: usize = PREFIX_LEN + 4;

/// A message of format 0 or 1, whole. A compressed one holds further messages of these formats in its value, and carries
/// the offset of the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its offset; of a wrapper the last one inside. Inside a wrapper of format 1 it counts from the wrapper's first.
    pub offset: i64,
    /// 0 or 1.
    pub magic: u8,
    /// The codec of what the value holds.
    pub codec: Codec,
    /// Milliseconds since 1970; [`NO_TIMESTAMP`] in format 0.
    pub timestamp: i64,
    /// Where the timestamp comes from.
    pub timestamp_kind: TimestampKind,
    /// The key; of a wrapper null.
    pub key: Option<&'a [u8]>,
    /// The value; of a wrapper the compressed messages.
    pub value: Option<&'a [u8]>,
    crc: u32,
    bytes: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads the message at the beginning of `bytes`, which may go on behind it.
    ///
    /// # Errors
    /// `Truncated`, `BadLength`, `UnknownMagic` (also for format 2), `UnknownCodec`, `BadRecord`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        let prefix = EntryPrefix::read(bytes)?;
        let whole = prefix.whole(bytes)?;
        if prefix.magic > 1 {
            return Err(prefix.fault(FaultKind::UnknownMagic(prefix.magic)));
        }
        Self::of_entry(&prefix, whole)
    }

    pub(super) fn of_entry(prefix: &EntryPrefix, bytes: &'a [u8]) -> Result<Self, Fault> {
        match read_fields(prefix, bytes) {
            Ok(message) => Ok(message),
            // A wrong checksum explains everything else.
            Err(kind) => Err(check(prefix, bytes)
                .err()
                .unwrap_or_else(|| Fault::new(range(prefix.offset), kind))),
        }
    }

    /// Compares the checksum (CRC-32 of everything behind it) with the bytes.
    ///
    /// # Errors
    /// `BadCrc`.
    pub fn check_crc(&self) -> Result<(), Fault> {
        compare(self.crc, self.bytes, self.offset)
    }

    /// All of its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether its value holds further messages.
    pub fn is_wrapper(&self) -> bool {
        self.codec != Codec::None
    }

    /// Its first and only offset, if it is no wrapper: that of a wrapper is inside.
    pub fn first_offset(&self) -> Option<i64> {
        (!self.is_wrapper()).then_some(self.offset)
    }

    pub(super) fn range(&self) -> FaultRange {
        FaultRange {
            first: self.first_offset().map_or(Edge::Unknown, Edge::Exact),
            next: Edge::Exact(self.offset.saturating_add(1)),
        }
    }
}

/// A damaged message may have been a wrapper, so its first offset is open; its offset is outside of the checksum.
fn range(offset: i64) -> FaultRange {
    FaultRange {
        first: Edge::Unknown,
        next: Edge::Exact(offset.saturating_add(1)),
    }
}

fn check(prefix: &EntryPrefix, bytes: &[u8]) -> Result<(), Fault> {
    let stored = bytes.get(PREFIX_LEN..).and_then(|rest| Cursor::new(rest).u32());
    compare(stored.unwrap_or_default(), bytes, prefix.offset)
}

fn compare(stored: u32, bytes: &[u8], offset: i64) -> Result<(), Fault> {
    let mut crc = flate2::Crc::new();
    crc.update(bytes.get(CRC_FROM..).unwrap_or_default());
    let computed = crc.sum();
    if computed == stored {
        return Ok(());
    }
    Err(Fault::new(range(offset), FaultKind::BadCrc { stored, computed }))
}

fn read_fields<'a>(prefix: &EntryPrefix, bytes: &'a [u8]) -> Result<Message<'a>, FaultKind> {
    let bad = |reason| FaultKind::BadRecord { index: 0, reason };
    let cut = || bad(RecordFault::Cut);
    let mut cursor = Cursor::new(bytes.get(PREFIX_LEN..).unwrap_or_default());
    let crc = cursor.u32().ok_or_else(cut)?;
    let magic = cursor.u8().ok_or_else(cut)?;
    let attributes = cursor.u8().ok_or_else(cut)?;
    let (timestamp, timestamp_kind) = if magic == 0 {
        (NO_TIMESTAMP, TimestampKind::None)
    } else if attributes & LOG_APPEND_TIME == 0 {
        (cursor.i64().ok_or_else(cut)?, TimestampKind::Create)
    } else {
        (cursor.i64().ok_or_else(cut)?, TimestampKind::LogAppend)
    };
    let key = cursor.nullable_fixed().map_err(bad)?;
    let value = cursor.nullable_fixed().map_err(bad)?;
    if !cursor.is_at_end() {
        return Err(bad(RecordFault::Leftover));
    }
    // zstd came with format 2.
    let code = attributes & CODEC_MASK;
    let codec = Codec::from_code(code)
        .filter(|codec| *codec != Codec::Zstd)
        .ok_or(FaultKind::UnknownCodec(code))?;
    // The offset behind the message must exist, too.
    if !(0..i64::MAX).contains(&prefix.offset) {
        return Err(bad(RecordFault::Offset));
    }
    Ok(Message {
        offset: prefix.offset,
        magic,
        codec,
        timestamp,
        timestamp_kind,
        key,
        value,
        crc,
        bytes,
    })
}
