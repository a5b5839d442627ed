//! Whether a batch may be forwarded as it is, and how its header is rewritten for the target.

use std::collections::BTreeSet;
use std::ops::Range;

use super::batch::{Attributes, BATCH_HEADER_LEN, BatchView, CRC_AT, CRC_FROM, LEADER_EPOCH_AT, PRODUCER_AT};
use super::codec::CodecSet;
use super::fault::Fault;
use super::record::{NO_TIMESTAMP, TimestampKind};

/// Which records of an entry are to be written.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The first offset of the partition that is wanted.
    pub from: i64,
    /// The first one that is not wanted any more.
    pub before: i64,
    /// Offsets in between that are left out, such as records that the target has refused.
    pub without: &'a BTreeSet<i64>,
}

static NOTHING: BTreeSet<i64> = BTreeSet::new();

impl Wanted<'static> {
    /// Every record.
    pub const ALL: Wanted<'static> = Wanted {
        from: 0,
        before: i64::MAX,
        without: &NOTHING,
    };

    /// Every record from `offset` on.
    pub fn from_offset(offset: i64) -> Self {
        Wanted {
            from: offset,
            ..Wanted::ALL
        }
    }
}

impl Wanted<'_> {
    /// Whether the record of `offset` is wanted.
    pub fn includes(&self, offset: i64) -> bool {
        offset >= self.from && offset < self.before && !self.without.contains(&offset)
    }

    /// Whether all offsets of a range are wanted.
    pub fn includes_all(&self, offsets: &Range<i64>) -> bool {
        offsets.start >= self.from
            && offsets.end <= self.before
            && (offsets.is_empty() || self.without.range(offsets.clone()).next().is_none())
    }
}

/// What the target and the task demand of a batch that is forwarded as it is.
#[derive(Debug, Clone, Copy)]
pub struct PassRules<'a> {
    /// Which records are wanted.
    pub wanted: Wanted<'a>,
    /// The codecs that the target understands and the task allows.
    pub codecs: CodecSet,
    /// The largest batch that the target's topic takes, in bytes with its header (`max.message.bytes`).
    pub max_batch_bytes: usize,
    /// Whether records without a timestamp get one.
    pub sets_missing_timestamps: bool,
}

/// How the records of a batch get to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// As they are, with another header.
    Pass,
    /// Framed again.
    Splice(SpliceReason),
    /// Not at all: there is nothing to write.
    Skip(SkipReason),
}

/// Why a batch cannot be forwarded as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpliceReason {
    /// Compaction has removed records: brokers refuse a batch whose count is not its range of offsets.
    Holes,
    /// The time is the broker's, and stands only in the header of a batch flagged so, which topics of create time refuse.
    LogAppendTime,
    /// The target does not take the codec.
    Codec,
    /// It is larger than the target takes.
    Size,
    /// Not all of its records are wanted.
    Partly,
    /// It has records without a timestamp, and they are to get one.
    MissingTimestamps,
}

/// Why nothing of a batch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// A marker of the source's broker. Clients may not write markers.
    Control,
    /// Compaction has left no record.
    Empty,
    /// None of its offsets is wanted.
    Unwanted,
}

impl BatchView<'_> {
    /// Whether it may get another header, where it was read from `given` bytes.
    pub(crate) fn check_rewritable(&self, given: usize) -> Result<(), RewriteError> {
        let len = self.bytes().len();
        if len != given {
            return Err(RewriteError::Trailing(given.saturating_sub(len)));
        }
        let attributes = self.header().attributes;
        if attributes.is_control() {
            return Err(RewriteError::Control);
        }
        if attributes.timestamp_kind() == TimestampKind::LogAppend {
            return Err(RewriteError::LogAppendTime);
        }
        Ok(())
    }

    /// How the batch gets to the target, by its header alone. The position moves past a skipped batch, too.
    pub fn route(&self, rules: &PassRules<'_>) -> Route {
        let header = self.header();
        let offsets = header.base_offset..header.next_offset();
        let splice = |reason| Route::Splice(reason);
        if header.attributes.is_control() {
            Route::Skip(SkipReason::Control)
        } else if header.count == 0 {
            Route::Skip(SkipReason::Empty)
        } else if offsets.end <= rules.wanted.from || offsets.start >= rules.wanted.before {
            Route::Skip(SkipReason::Unwanted)
        } else if !rules.wanted.includes_all(&offsets) {
            splice(SpliceReason::Partly)
        } else if header.has_holes() {
            splice(SpliceReason::Holes)
        } else if header.attributes.timestamp_kind() == TimestampKind::LogAppend {
            splice(SpliceReason::LogAppendTime)
        } else if !rules.codecs.contains(header.codec) {
            splice(SpliceReason::Codec)
        } else if self.bytes().len() > rules.max_batch_bytes {
            splice(SpliceReason::Size)
        } else if rules.sets_missing_timestamps
            && (header.base_timestamp == NO_TIMESTAMP || header.max_timestamp == NO_TIMESTAMP)
        {
            splice(SpliceReason::MissingTimestamps)
        } else {
            Route::Pass
        }
    }
}

/// The producer that writes a batch to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerStamp {
    /// Its id, or -1 for a producer that is not idempotent.
    pub producer_id: i64,
    /// Its epoch, or -1.
    pub producer_epoch: i16,
    /// Sequence number of the batch's first record, or -1.
    pub base_sequence: i32,
    /// Whether the batch belongs to a transaction of this producer.
    pub transactional: bool,
}

impl ProducerStamp {
    /// A producer that is not idempotent.
    pub const NONE: ProducerStamp = ProducerStamp {
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        transactional: false,
    };

    /// The stamp of the batch behind one of `count` records. Sequence numbers go on at 0 after `i32::MAX`; a producer that
    /// is not idempotent has none.
    pub fn after(&self, count: u32) -> Self {
        let base_sequence = if self.producer_id < 0 {
            self.base_sequence
        } else {
            self.base_sequence.wrapping_add(count as i32) & i32::MAX
        };
        Self {
            base_sequence,
            ..*self
        }
    }
}

/// A batch of append time cannot be rewritten in place: its records would show the times they were created with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RewriteError {
    /// The bytes are not one whole batch of format 2.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// More bytes than those of the batch.
    #[error("{0} bytes follow the batch")]
    Trailing(usize),
    /// It has to be framed again.
    #[error("the batch has timestamps of the source's broker: it cannot be forwarded as it is")]
    LogAppendTime,
    /// Brokers take markers only from each other.
    #[error("the batch is a marker of the source's broker: it cannot be forwarded")]
    Control,
}

/// Gives a whole batch of format 2 the header that a client writes: base offset 0, leader epoch -1, the
/// producer of `stamp`, its transactional bit, no delete horizon; with the checksum computed over all of it again. The
/// records are not touched. Works on the same bytes as often as needed, such as for another epoch.
///
/// The checksum was right before, as that of every entry of a [`super::RecordSet`] is: this function would make a wrong
/// one right, so it must not see other bytes.
///
/// # Errors
/// The bytes are not exactly one batch, or one that must not be forwarded. They are then unchanged.
pub fn rewrite(batch: &mut [u8], stamp: &ProducerStamp) -> Result<(), RewriteError> {
    let head = rewritten_head(batch, stamp)?;
    put(batch, 0, &head);
    Ok(())
}

/// As [`rewrite`], but leaves the batch as it is and returns the new header: what is sent is this and the bytes behind the
/// old one, which need not be copied.
///
/// # Errors
/// As [`rewrite`].
pub fn rewritten_head(batch: &[u8], stamp: &ProducerStamp) -> Result<[u8; BATCH_HEADER_LEN], RewriteError> {
    let view = BatchView::parse(batch)?;
    view.check_rewritable(batch.len())?;
    let cleared = view.header().attributes.bits() & !(Attributes::TRANSACTIONAL | Attributes::DELETE_HORIZON);
    let bits = if stamp.transactional {
        cleared | Attributes::TRANSACTIONAL
    } else {
        cleared
    };
    let mut head = [0; BATCH_HEADER_LEN];
    if let Some(old) = batch.get(..BATCH_HEADER_LEN) {
        head.copy_from_slice(old);
    }
    put(&mut head, 0, &0_i64.to_be_bytes());
    put(&mut head, LEADER_EPOCH_AT, &(-1_i32).to_be_bytes());
    put(&mut head, CRC_FROM, &bits.to_be_bytes());
    put(&mut head, PRODUCER_AT, &stamp.producer_id.to_be_bytes());
    put(&mut head, PRODUCER_AT + 8, &stamp.producer_epoch.to_be_bytes());
    put(&mut head, PRODUCER_AT + 10, &stamp.base_sequence.to_be_bytes());
    let of_head = crc32c::crc32c(head.get(CRC_FROM..).unwrap_or_default());
    let crc = crc32c::crc32c_append(of_head, view.payload());
    put(&mut head, CRC_AT, &crc.to_be_bytes());
    Ok(head)
}

/// Computes the checksum of a whole batch again.
pub(super) fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(batch.get(CRC_FROM..).unwrap_or_default());
    put(batch, CRC_AT, &crc.to_be_bytes());
}

/// Overwrites a field of the header; both callers have at least [`BATCH_HEADER_LEN`] bytes.
fn put(batch: &mut [u8], at: usize, field: &[u8]) {
    debug_assert!(at + field.len() <= BATCH_HEADER_LEN, "a field of the header");
    if let Some(place) = batch.get_mut(at..at + field.len()) {
        place.copy_from_slice(field);
    }
}
