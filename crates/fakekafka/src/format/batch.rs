//! The 61 bytes before the records of a batch.

use bytes::{Bytes, BytesMut};

use super::codec::Compression;
use super::cursor::{Cursor, FormatError};

/// Bytes of a batch before its records.
pub(crate) const HEADER_LEN: usize = 61;
/// Base offset and length: what `batch_length` does not count.
const LENGTH_END: usize = 12;
const CRC_AT: usize = 17;
/// Everything from the attributes on is covered by the checksum; base offset and leader epoch are not.
const CRC_FROM: usize = 21;
const MAX_TIMESTAMP_AT: usize = 35;

const APPEND_TIME_BIT: i16 = 0x08;
const TRANSACTIONAL_BIT: i16 = 0x10;
const CONTROL_BIT: i16 = 0x20;

/// The fields of a batch header, in their order on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    pub(crate) base_offset: i64,
    pub(crate) batch_length: i32,
    pub(crate) leader_epoch: i32,
    pub(crate) crc: u32,
    pub(crate) attributes: i16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) count: i32,
}

impl BatchHeader {
    /// Reads the header of the first batch in `data`, whose length it checks against the data.
    pub(crate) fn parse(data: &Bytes) -> Result<Self, FormatError> {
        let mut at = Cursor::new(data.clone());
        let base_offset = at.i64()?;
        let batch_length = at.i32()?;
        let leader_epoch = at.i32()?;
        let magic = at.i8()?;
        if magic != 2 {
            return Err(FormatError::Magic(magic));
        }
        let header = BatchHeader {
            base_offset,
            batch_length,
            leader_epoch,
            crc: at.u32()?,
            attributes: at.i16()?,
            last_offset_delta: at.i32()?,
            base_timestamp: at.i64()?,
            max_timestamp: at.i64()?,
            producer_id: at.i64()?,
            producer_epoch: at.i16()?,
            base_sequence: at.i32()?,
            count: at.i32()?,
        };
        let len = header.total_len()?;
        if len > data.len() {
            return Err(FormatError::Short {
                at: 0,
                needed: len,
                len: data.len(),
            });
        }
        for (field, value) in [
            ("lastOffsetDelta", header.last_offset_delta),
            ("recordCount", header.count),
        ] {
            if value < 0 {
                return Err(FormatError::Field {
                    field,
                    value: value.into(),
                });
            }
        }
        Ok(header)
    }

    /// Bytes of the whole batch.
    pub(crate) fn total_len(&self) -> Result<usize, FormatError> {
        usize::try_from(self.batch_length)
            .ok()
            .map(|len| len + LENGTH_END)
            .filter(|len| *len >= HEADER_LEN)
            .ok_or(FormatError::Field {
                field: "batchLength",
                value: self.batch_length.into(),
            })
    }

    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    /// Sequence number of the last record; numbers continue at 0 after `i32::MAX`.
    pub(crate) fn last_sequence(&self) -> i32 {
        self.base_sequence.wrapping_add(self.last_offset_delta) & i32::MAX
    }

    pub(crate) fn compression(&self) -> Result<Compression, FormatError> {
        Compression::from_attributes(self.attributes)
    }

    pub(crate) fn is_append_time(&self) -> bool {
        self.attributes & APPEND_TIME_BIT != 0
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL_BIT != 0
    }

    pub(crate) fn is_control(&self) -> bool {
        self.attributes & CONTROL_BIT != 0
    }

    pub(crate) fn attributes_of(
        codec: Compression,
        append_time: bool,
        transactional: bool,
        control: bool,
    ) -> i16 {
        codec.code()
            | if append_time { APPEND_TIME_BIT } else { 0 }
            | if transactional { TRANSACTIONAL_BIT } else { 0 }
            | if control { CONTROL_BIT } else { 0 }
    }
}

/// Whether the checksum of a batch fits its bytes. `batch` must have passed [`BatchHeader::parse`].
pub(crate) fn crc_matches(header: &BatchHeader, batch: &[u8]) -> bool {
    batch
        .get(CRC_FROM..)
        .is_some_and(|covered| crc32c::crc32c(covered) == header.crc)
}

/// Writes the checksum of a complete batch.
pub(crate) fn seal(batch: &mut BytesMut) {
    let crc = crc32c::crc32c(&batch[CRC_FROM..]);
    batch[CRC_AT..CRC_FROM].copy_from_slice(&crc.to_be_bytes());
}

/// Gives a batch its place in the log. Neither field is covered by the checksum.
pub(crate) fn place(batch: &mut BytesMut, base_offset: i64, leader_epoch: i32) {
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    batch[LENGTH_END..LENGTH_END + 4].copy_from_slice(&leader_epoch.to_be_bytes());
}

/// Marks all records as received at `now_ms`, as a LogAppendTime topic does.
pub(crate) fn mark_append_time(batch: &mut BytesMut, header: &mut BatchHeader, now_ms: i64) {
    header.attributes |= APPEND_TIME_BIT;
    batch[CRC_FROM..CRC_FROM + 2].copy_from_slice(&header.attributes.to_be_bytes());
    set_max_timestamp(batch, header, now_ms);
}

/// Corrects the largest timestamp of the header and the checksum with it.
pub(crate) fn set_max_timestamp(batch: &mut BytesMut, header: &mut BatchHeader, timestamp_ms: i64) {
    header.max_timestamp = timestamp_ms;
    batch[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&timestamp_ms.to_be_bytes());
    seal(batch);
}
