//! A batch of format 2: its header, checked against its bytes.

use super::codec::Codec;
use super::cursor::Cursor;
use super::fault::{Edge, Fault, FaultKind, FaultRange};
use super::record::TimestampKind;

/// Base offset and length: the bytes in front of every entry of every format, which its length does not count.
pub(super) const PREFIX_LEN: usize = 12;
/// Where the magic byte stands in every format.
pub(super) const MAGIC_AT: usize = 16;
/// Bytes of a batch before its records.
pub const BATCH_HEADER_LEN: usize = 61;
pub(super) const LEADER_EPOCH_AT: usize = 12;
pub(super) const CRC_AT: usize = 17;
/// From here on the checksum covers everything. Base offset and leader epoch are the broker's to set.
pub(super) const CRC_FROM: usize = 21;
pub(super) const PRODUCER_AT: usize = 43;

/// The bits beside the records of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes(u16);

impl Attributes {
    pub(super) const CODEC_MASK: u16 = 0x07;
    pub(super) const LOG_APPEND_TIME: u16 = 0x08;
    pub(super) const TRANSACTIONAL: u16 = 0x10;
    pub(super) const CONTROL: u16 = 0x20;
    pub(super) const DELETE_HORIZON: u16 = 0x40;

    /// As they are on the wire.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Whose clock the timestamps are of.
    pub fn timestamp_kind(self) -> TimestampKind {
        if self.0 & Self::LOG_APPEND_TIME == 0 {
            TimestampKind::Create
        } else {
            TimestampKind::LogAppend
        }
    }

    /// Whether the batch belongs to a transaction.
    pub fn is_transactional(self) -> bool {
        self.0 & Self::TRANSACTIONAL != 0
    }

    /// Whether the batch holds a marker of the broker instead of records.
    pub fn is_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// Whether the base timestamp is the time from which compaction may remove tombstones and markers (KIP-534). The
    /// records' timestamps count from it like from any base.
    pub fn has_delete_horizon(self) -> bool {
        self.0 & Self::DELETE_HORIZON != 0
    }

    fn codec_code(self) -> u8 {
        (self.0 & Self::CODEC_MASK) as u8
    }
}

/// The fields of a batch's header, in their order on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset that the records' deltas count from; compaction may have removed the record it belonged to.
    pub base_offset: i64,
    /// Epoch of the leader that appended the batch; -1 from a client.
    pub leader_epoch: i32,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// The bits.
    pub attributes: Attributes,
    /// The codec, by the attributes.
    pub codec: Codec,
    /// The last offset of the batch, from its base. Stays when compaction removes records.
    pub last_offset_delta: i32,
    /// Milliseconds since 1970 that the records' deltas count from, or -1.
    pub base_timestamp: i64,
    /// The greatest timestamp; in a batch of append time that of all records.
    pub max_timestamp: i64,
    /// The idempotent producer, or -1.
    pub producer_id: i64,
    /// Its epoch, or -1.
    pub producer_epoch: i16,
    /// Sequence number of the first record, or -1.
    pub base_sequence: i32,
    /// Records in the batch.
    pub count: i32,
}

impl BatchHeader {
    /// The last offset of the batch, whether or not a record still has it.
    pub fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta))
    }

    /// Where the partition goes on after the batch.
    pub fn next_offset(&self) -> i64 {
        self.last_offset().saturating_add(1)
    }

    /// Whether the same bytes behind this header and behind `other` are the same records, but for their offsets, which
    /// count from each base: as many records over as many offsets, of one codec, with their times counted from one base
    /// and of one kind. Which producer wrote them, in a transaction or not, is nothing of a record.
    pub fn frames_the_same_as(&self, other: &Self) -> bool {
        let bits = |header: &Self| header.attributes.bits() & !Attributes::TRANSACTIONAL;
        self.count == other.count
            && self.last_offset_delta == other.last_offset_delta
            && self.base_timestamp == other.base_timestamp
            && self.max_timestamp == other.max_timestamp
            && bits(self) == bits(other)
    }

    /// Whether some offsets of the batch have no record, as compaction leaves it.
    pub fn has_holes(&self) -> bool {
        i64::from(self.count) != i64::from(self.last_offset_delta) + 1
    }
}

/// A batch of format 2 in a slice: header and records, whole. What it says of itself was not necessarily checked against its
/// checksum; entries of a [`super::RecordSet`] were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchView<'a> {
    header: BatchHeader,
    bytes: &'a [u8],
}

impl<'a> BatchView<'a> {
    /// Reads the batch at the beginning of `bytes`, which may go on behind it.
    ///
    /// # Errors
    /// `Truncated`, `BadLength`, `UnknownMagic` (also for formats 0 and 1), `UnknownCodec`, and `CountMismatch` for a
    /// header whose number of records is impossible.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        let prefix = EntryPrefix::read(bytes)?;
        let whole = prefix.whole(bytes)?;
        if prefix.magic != 2 {
            return Err(prefix.fault(FaultKind::UnknownMagic(prefix.magic)));
        }
        Self::of_entry(&prefix, whole)
    }

    /// Reads the header of an entry of format 2.
    pub(super) fn of_entry(prefix: &EntryPrefix, bytes: &'a [u8]) -> Result<Self, Fault> {
        let short = || prefix.fault(FaultKind::BadLength(prefix.len as i64 - PREFIX_LEN as i64));
        let (header, code) = read_header(bytes).ok_or_else(short)?;
        let view = Self {
            header: BatchHeader {
                codec: Codec::from_code(code).unwrap_or_default(),
                ..header
            },
            bytes,
        };
        if Codec::from_code(code).is_none() {
            return Err(view.header_fault(FaultKind::UnknownCodec(code)));
        }
        let records = i64::from(header.last_offset_delta) + 1;
        if header.count < 0 || records < 0 || i64::from(header.count) > records.max(0) {
            return Err(view.header_fault(FaultKind::CountMismatch {
                declared: header.count.into(),
                found: u64::try_from(records).unwrap_or(0),
            }));
        }
        if header.base_offset < 0
            || header
                .base_offset
                .checked_add(i64::from(header.last_offset_delta) + 1)
                .is_none()
        {
            return Err(prefix.fault(FaultKind::BadRecord {
                index: 0,
                reason: super::fault::RecordFault::Offset,
            }));
        }
        Ok(view)
    }

    /// The header.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The codec that a batch's header names; none if that is cut off or names no codec.
    pub(crate) fn codec_of_head(head: &[u8]) -> Option<Codec> {
        let (_, code) = read_header(head)?;
        Codec::from_code(code)
    }

    /// Header and records as they are.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The records as they are: compressed, if the batch is.
    pub fn payload(&self) -> &'a [u8] {
        self.bytes.get(BATCH_HEADER_LEN..).unwrap_or_default()
    }

    /// Compares the checksum with the bytes.
    ///
    /// # Errors
    /// `BadCrc`. The end of the range is then only claimed: it is one of the bytes that may be wrong.
    pub fn check_crc(&self) -> Result<(), Fault> {
        let computed = crc32c::crc32c(self.bytes.get(CRC_FROM..).unwrap_or_default());
        if computed == self.header.crc {
            return Ok(());
        }
        let kind = FaultKind::BadCrc {
            stored: self.header.crc,
            computed,
        };
        Err(Fault::new(self.claimed_range(), kind))
    }

    /// The offsets of the batch, for a fault of a batch whose checksum is right.
    pub(super) fn range(&self) -> FaultRange {
        FaultRange {
            first: Edge::Exact(self.header.base_offset),
            next: Edge::Exact(self.header.next_offset()),
        }
    }

    fn claimed_range(&self) -> FaultRange {
        let next = self.header.next_offset();
        FaultRange {
            first: Edge::Exact(self.header.base_offset),
            next: if next > self.header.base_offset {
                Edge::Claimed(next)
            } else {
                Edge::Unknown
            },
        }
    }

    /// A header that contradicts itself is exact about its range only if the checksum is right.
    fn header_fault(&self, kind: FaultKind) -> Fault {
        match self.check_crc() {
            Ok(()) if self.header.last_offset_delta >= 0 => Fault::new(self.range(), kind),
            Ok(()) => Fault::new(self.claimed_range(), kind),
            Err(fault) => fault,
        }
    }
}

fn read_header(bytes: &[u8]) -> Option<(BatchHeader, u8)> {
    let mut cursor = Cursor::new(bytes);
    let base_offset = cursor.i64()?;
    cursor.i32()?;
    let leader_epoch = cursor.i32()?;
    cursor.u8()?;
    let crc = cursor.u32()?;
    let attributes = Attributes(cursor.i16()? as u16);
    let header = BatchHeader {
        base_offset,
        leader_epoch,
        crc,
        attributes,
        codec: Codec::None,
        last_offset_delta: cursor.i32()?,
        base_timestamp: cursor.i64()?,
        max_timestamp: cursor.i64()?,
        producer_id: cursor.i64()?,
        producer_epoch: cursor.i16()?,
        base_sequence: cursor.i32()?,
        count: cursor.i32()?,
    };
    Some((header, attributes.codec_code()))
}

/// What stands in front of every entry, whatever its format.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryPrefix {
    pub(super) offset: i64,
    /// Bytes of the whole entry.
    pub(super) len: usize,
    pub(super) magic: u8,
}

/// The shortest entry of format 0: offset, length, checksum, magic, attributes, null key, null value.
const SHORTEST_V0: usize = PREFIX_LEN + 14;
/// The same with a timestamp.
const SHORTEST_V1: usize = SHORTEST_V0 + 8;

impl EntryPrefix {
    /// Reads offset, length and magic, and whether the three can be true.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(bytes);
        let truncated = |offset: Option<i64>, needed: usize| {
            let range = FaultRange {
                first: offset.map_or(Edge::Unknown, Edge::Exact),
                next: Edge::Unknown,
            };
            Fault::new(
                range,
                FaultKind::Truncated {
                    needed,
                    available: bytes.len(),
                },
            )
        };
        let offset = cursor.i64().ok_or_else(|| truncated(None, SHORTEST_V0))?;
        let length = cursor.i32().ok_or_else(|| truncated(Some(offset), SHORTEST_V0))?;
        let len = usize::try_from(length)
            .ok()
            .and_then(|len| len.checked_add(PREFIX_LEN))
            .filter(|len| *len >= SHORTEST_V0)
            .ok_or_else(|| {
                let range = FaultRange {
                    first: Edge::Exact(offset),
                    next: Edge::Unknown,
                };
                Fault::new(range, FaultKind::BadLength(length.into()))
            })?;
        let magic = *bytes.get(MAGIC_AT).ok_or_else(|| truncated(Some(offset), len))?;
        let prefix = Self { offset, len, magic };
        let shortest = match magic {
            0 => SHORTEST_V0,
            1 => SHORTEST_V1,
            2 => BATCH_HEADER_LEN,
            _ => return Err(prefix.fault(FaultKind::UnknownMagic(magic))),
        };
        if len < shortest {
            return Err(prefix.fault(FaultKind::BadLength(length.into())));
        }
        Ok(prefix)
    }

    /// The bytes of the entry.
    pub(super) fn whole<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], Fault> {
        bytes.get(..self.len).ok_or_else(|| {
            self.fault(FaultKind::Truncated {
                needed: self.len,
                available: bytes.len(),
            })
        })
    }

    /// A fault that leaves nothing known but where the entry begins.
    pub(super) fn fault(&self, kind: FaultKind) -> Fault {
        let first = match self.magic {
            // The offset of a message set's entry is its last one.
            0 | 1 => Edge::Unknown,
            _ => Edge::Exact(self.offset),
        };
        Fault::new(
            FaultRange {
                first,
                next: Edge::Unknown,
            },
            kind,
        )
    }
}
