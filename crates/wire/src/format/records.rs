//! The records of one entry, of any format, expanded and checked.

use super::batch::{BatchView, EntryPrefix};
use super::codec::{Codec, Decompressor, ExpandError};
use super::cursor::Cursor;
use super::entries::Entry;
use super::fault::{Fault, FaultKind, FaultRange, RecordFault};
use super::message::Message;
use super::record::{Frame, Headers, NO_TIMESTAMP, RecordView, TimestampKind};

/// Reads the records of entries. Keeps the room that compressed ones are expanded into, and never lets it grow over a
/// budget.
#[derive(Debug)]
pub struct RecordReader {
    decompressor: Decompressor,
    expanded: Vec<u8>,
    budget: usize,
}

impl RecordReader {
    /// A reader whose entries may expand to `budget` bytes each.
    pub fn new(budget: usize) -> Self {
        Self {
            decompressor: Decompressor::new(),
            expanded: Vec::new(),
            budget,
        }
    }

    /// Bytes that expanded records of one entry may take.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// Sets the budget of the entries that follow.
    pub fn set_budget(&mut self, budget: usize) {
        self.budget = budget;
    }

    /// Bytes that are held for the next entry.
    pub fn held_bytes(&self) -> usize {
        self.expanded.capacity()
    }

    /// Gives the room back that a large entry took.
    pub fn release(&mut self) {
        self.expanded = Vec::new();
    }

    /// The records of an entry, each of them checked down to its last byte.
    ///
    /// # Errors
    /// `Decompress`, `TooLarge`, `BadRecord`, `CountMismatch`, with the offsets of the whole entry: nothing of it should
    /// be used then. An entry that is not whole is `Truncated`.
    pub fn read<'a>(&'a mut self, entry: &Entry<'a>) -> Result<Records<'a>, Fault> {
        match entry {
            Entry::Batch(batch) => self.batch(batch),
            Entry::Message(message) => self.message(message),
            Entry::Partial(partial) => Err(partial.fault()),
        }
    }

    /// The records of a batch, as [`RecordReader::read`] returns them.
    ///
    /// # Errors
    /// As there.
    pub fn batch<'a>(&'a mut self, batch: &BatchView<'a>) -> Result<Records<'a>, Fault> {
        let header = batch.header();
        // What compaction has emptied has no compressed bytes at all.
        let bytes = if header.codec == Codec::None || header.count == 0 && batch.payload().is_empty() {
            batch.payload()
        } else {
            self.expand(header.codec, 2, batch.payload(), batch.range())?
        };
        let records = Records {
            bytes,
            first_offset: header.base_offset,
            next_offset: header.next_offset(),
            count: header.count.unsigned_abs(),
            layout: Layout::Batch {
                base_offset: header.base_offset,
                base_timestamp: header.base_timestamp,
                append_time: (header.attributes.timestamp_kind() == TimestampKind::LogAppend)
                    .then_some(header.max_timestamp),
            },
        };
        records
            .check_batch()
            .map_err(|kind| Fault::new(batch.range(), kind))?;
        Ok(records)
    }

    /// The record of a message, or those inside it.
    ///
    /// # Errors
    /// As [`RecordReader::read`].
    pub fn message<'a>(&'a mut self, message: &Message<'a>) -> Result<Records<'a>, Fault> {
        let next_offset = message.offset.saturating_add(1);
        if !message.is_wrapper() {
            return Ok(Records {
                bytes: message.bytes(),
                first_offset: message.offset,
                next_offset,
                count: 1,
                layout: Layout::Messages {
                    base_offset: 0,
                    append_time: None,
                },
            });
        }
        let range = message.range();
        let fault = |kind| Fault::new(range, kind);
        let value = message.value.ok_or_else(|| {
            fault(FaultKind::BadRecord {
                index: 0,
                reason: RecordFault::NoValue,
            })
        })?;
        let bytes = self.expand(message.codec, message.magic, value, range)?;
        Records::of_wrapper(message, bytes).map_err(fault)
    }

    fn expand<'a>(
        &'a mut self,
        codec: Codec,
        magic: u8,
        data: &[u8],
        range: FaultRange,
    ) -> Result<&'a [u8], Fault> {
        match self
            .decompressor
            .expand(codec, magic, data, self.budget, &mut self.expanded)
        {
            Ok(()) => Ok(&self.expanded),
            Err(ExpandError::TooLarge) => Err(Fault::new(range, FaultKind::TooLarge { limit: self.budget })),
            Err(ExpandError::Fault(reason)) => {
                Err(Fault::new(range, FaultKind::Decompress { codec, reason }))
            }
        }
    }
}

/// The records of one entry. All of them were read once and found whole, in order and inside the entry.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a> {
    bytes: &'a [u8],
    first_offset: i64,
    next_offset: i64,
    count: u32,
    layout: Layout,
}

/// How the records lie in the bytes, and what the entry adds to them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    /// Records of format 2.
    Batch {
        base_offset: i64,
        base_timestamp: i64,
        /// The time of all records, where the broker has set it.
        append_time: Option<i64>,
    },
    /// Messages of format 0 or 1.
    Messages {
        /// Added to their offsets.
        base_offset: i64,
        /// The time of the records of format 1, where the broker has set it.
        append_time: Option<i64>,
    },
}

impl<'a> Records<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none, as compaction may leave a batch.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first offset of the entry, whether or not a record has it.
    pub fn first_offset(&self) -> i64 {
        self.first_offset
    }

    /// Where the partition goes on behind the entry.
    pub fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// Bytes of the expanded records.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Each record, in the order of offsets.
    pub fn iter(&self) -> RecordIter<'a> {
        RecordIter { walk: self.walk() }
    }

    pub(super) fn walk(&self) -> Walk<'a> {
        Walk {
            cursor: Cursor::new(self.bytes),
            left: self.count,
            layout: self.layout,
        }
    }

    /// Reads every record of a batch: their number, their order, their fields.
    fn check_batch(&self) -> Result<(), FaultKind> {
        let mut walk = self.walk();
        let mut lowest = self.first_offset;
        let mut index = 0;
        loop {
            if walk.cursor.is_at_end() && index < self.count {
                return Err(self.mismatch(index.into()));
            }
            let bad = |reason| FaultKind::BadRecord { index, reason };
            let Some(item) = walk.next() else { break };
            let record = item.and_then(|stored| stored.record()).map_err(bad)?;
            if record.offset < lowest || record.offset >= self.next_offset {
                return Err(bad(RecordFault::Offset));
            }
            lowest = record.offset.saturating_add(1);
            index += 1;
        }
        if walk.cursor.is_at_end() {
            return Ok(());
        }
        // Bytes are left: count what else can be read of them.
        walk.left = u32::MAX;
        let more = walk.take_while(Result::is_ok).count();
        Err(self.mismatch(u64::from(index) + more.max(1) as u64))
    }

    fn mismatch(&self, found: u64) -> FaultKind {
        FaultKind::CountMismatch {
            declared: self.count.into(),
            found,
        }
    }

    /// Reads every message inside a wrapper, and finds the offset they count from.
    ///
    /// Format 0 has absolute offsets inside. In format 1 they count from the first record, and the wrapper carries the
    /// absolute offset of the last one (KIP-31); 0 there means that they are absolute, as some versions of librdkafka
    /// produced it.
    fn of_wrapper(wrapper: &Message<'a>, bytes: &'a [u8]) -> Result<Self, FaultKind> {
        let mut cursor = Cursor::new(bytes);
        let mut count = 0_u32;
        let mut offsets: Option<(i64, i64)> = None;
        while !cursor.is_at_end() {
            let bad = |reason| FaultKind::BadRecord { index: count, reason };
            let inner = read_inner(&mut cursor).map_err(bad)?;
            let is_first = offsets.is_none();
            let (first, last) = offsets.unwrap_or((inner.offset, inner.offset));
            if !is_first && inner.offset <= last {
                return Err(bad(RecordFault::Offset));
            }
            offsets = Some((first, inner.offset));
            count = count.saturating_add(1);
        }
        let (first, last) = offsets.ok_or(FaultKind::CountMismatch {
            declared: 1,
            found: 0,
        })?;
        let base_offset = if wrapper.magic == 0 || wrapper.offset == 0 {
            0
        } else {
            wrapper.offset.saturating_sub(last)
        };
        let first_offset = base_offset.checked_add(first).filter(|offset| *offset >= 0);
        match first_offset {
            // Inner offsets that lead elsewhere than the wrapper's would move records.
            Some(first_offset) if base_offset >= 0 && (wrapper.offset == 0 || last <= wrapper.offset) => {
                Ok(Records {
                    bytes,
                    first_offset,
                    next_offset: wrapper.offset.max(last).saturating_add(1),
                    count,
                    layout: Layout::Messages {
                        base_offset,
                        append_time: (wrapper.timestamp_kind == TimestampKind::LogAppend)
                            .then_some(wrapper.timestamp),
                    },
                })
            }
            _ => Err(FaultKind::BadRecord {
                index: count.saturating_sub(1),
                reason: RecordFault::Offset,
            }),
        }
    }
}

impl<'a> IntoIterator for Records<'a> {
    type Item = RecordView<'a>;
    type IntoIter = RecordIter<'a>;

    fn into_iter(self) -> RecordIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Records<'a> {
    type Item = RecordView<'a>;
    type IntoIter = RecordIter<'a>;

    fn into_iter(self) -> RecordIter<'a> {
        self.iter()
    }
}

/// The records of one entry.
#[derive(Debug, Clone)]
pub struct RecordIter<'a> {
    walk: Walk<'a>,
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = RecordView<'a>;

    /// Ends with the last record: that each can be read was found by the same function when the entry was read.
    fn next(&mut self) -> Option<RecordView<'a>> {
        self.walk.next()?.and_then(|stored| stored.record()).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.walk.left as usize, Some(self.walk.left as usize))
    }
}

/// A record as its entry holds it, with its offset and timestamp.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored<'a> {
    pub(super) offset: i64,
    pub(super) timestamp: i64,
    pub(super) timestamp_kind: TimestampKind,
    pub(super) form: Form<'a>,
}

/// Key, value and headers in the form of the entry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form<'a> {
    Frame(Frame<'a>),
    Message {
        key: Option<&'a [u8]>,
        value: Option<&'a [u8]>,
    },
}

impl<'a> Stored<'a> {
    fn record(&self) -> Result<RecordView<'a>, RecordFault> {
        let (key, value, headers) = match &self.form {
            Form::Message { key, value } => (*key, *value, Headers::default()),
            Form::Frame(frame) => {
                let fields = frame.fields()?;
                (fields.key, fields.value, fields.headers)
            }
        };
        Ok(RecordView {
            offset: self.offset,
            timestamp: self.timestamp,
            timestamp_kind: self.timestamp_kind,
            key,
            value,
            headers,
        })
    }
}

/// Goes from record to record.
#[derive(Debug, Clone)]
pub(super) struct Walk<'a> {
    cursor: Cursor<'a>,
    left: u32,
    layout: Layout,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<Stored<'a>, RecordFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 || self.cursor.is_at_end() {
            return None;
        }
        self.left -= 1;
        Some(match self.layout {
            Layout::Batch {
                base_offset,
                base_timestamp,
                append_time,
            } => Frame::read(&mut self.cursor).and_then(|frame| {
                Ok(Stored {
                    offset: base_offset
                        .checked_add(frame.offset_delta.into())
                        .ok_or(RecordFault::Offset)?,
                    // Kafka adds without a check, so a delta may lead around the end of the type and back.
                    timestamp: append_time.unwrap_or(base_timestamp.wrapping_add(frame.timestamp_delta)),
                    timestamp_kind: append_time.map_or(TimestampKind::Create, |_| TimestampKind::LogAppend),
                    form: Form::Frame(frame),
                })
            }),
            Layout::Messages {
                base_offset,
                append_time,
            } => read_inner(&mut self.cursor).and_then(|message| {
                let (timestamp, timestamp_kind) = match append_time {
                    _ if message.magic == 0 => (NO_TIMESTAMP, TimestampKind::None),
                    Some(time) => (time, TimestampKind::LogAppend),
                    None => (message.timestamp, message.timestamp_kind),
                };
                Ok(Stored {
                    offset: base_offset
                        .checked_add(message.offset)
                        .ok_or(RecordFault::Offset)?,
                    timestamp,
                    timestamp_kind,
                    form: Form::Message {
                        key: message.key,
                        value: message.value,
                    },
                })
            }),
        })
    }
}

/// Reads a message that lies in a wrapper, or a single one, and moves behind it.
fn read_inner<'a>(cursor: &mut Cursor<'a>) -> Result<Message<'a>, RecordFault> {
    let reason = |fault: Fault| match fault.kind {
        FaultKind::UnknownMagic(magic) => RecordFault::Magic(magic),
        FaultKind::BadCrc { .. } => RecordFault::Crc,
        FaultKind::BadRecord { reason, .. } => reason,
        FaultKind::UnknownCodec(_) => RecordFault::Nested,
        FaultKind::Truncated { .. } => RecordFault::Cut,
        FaultKind::BadLength(_)
        | FaultKind::CountMismatch { .. }
        | FaultKind::Decompress { .. }
        | FaultKind::TooLarge { .. } => RecordFault::Length,
    };
    let prefix = EntryPrefix::read(cursor.rest()).map_err(reason)?;
    let bytes = cursor.bytes(prefix.len).ok_or(RecordFault::Cut)?;
    if prefix.magic > 1 {
        return Err(RecordFault::Magic(prefix.magic));
    }
    let message = Message::of_entry(&prefix, bytes).map_err(reason)?;
    message.check_crc().map_err(reason)?;
    if message.is_wrapper() {
        return Err(RecordFault::Nested);
    }
    Ok(message)
}
