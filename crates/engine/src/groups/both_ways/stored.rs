//! What is stored in one log of a pair, and who wrote it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sluice_wire::Cancel;
use sluice_wire::format::{BatchView, Copied, CopiedSet, RecordReader};

use crate::error::StoreError;
use crate::position::{Authorship, WriterNotes};
use crate::verify::{EXPANDED, ReadError, WireReader, aborted};

/// How long a broker may be silent about what is stored.
const SILENCE: Duration = Duration::from_secs(30);
/// Bytes that are asked for where something else was read last; twice as many, up to [`MOST`], where it goes on.
const LEAST: i32 = 64 * 1024;
/// Bytes that are asked for at most.
const MOST: i32 = 1024 * 1024;
/// Bytes of one partition's log that are read at most for all groups.
const READ: u64 = 64 * 1024 * 1024;

/// Who has written a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// The task of the pair that copies to this log.
    Copy,
    /// Applications.
    Others,
}

/// What is stored from an offset on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Committed records of one writer at every offset before `to`.
    Records {
        /// Who wrote them.
        by: Writer,
        /// Behind the last.
        to: i64,
    },
    /// Nothing that a reader of committed records ever got before `to`: markers, aborted records.
    Nothing {
        /// Behind it.
        to: i64,
    },
    /// Nothing any more: compaction may have taken records.
    Hole {
        /// Behind it.
        to: i64,
    },
    /// The log's committed records end here.
    End,
}

/// A log, looked at by offsets.
pub(crate) trait Stored {
    /// What is stored at an offset; `None` when so much was read that no more is.
    ///
    /// # Errors
    /// It cannot be read, or who wrote it cannot be found out.
    fn look(&mut self, offset: i64) -> Result<Option<Seen>, ReadError>;
}

/// The log of one partition, read by the wire client: what is stored says under which id it was written.
pub(crate) struct PartitionLog<'a> {
    pub(crate) reader: &'a mut WireReader,
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    /// Behind the last committed record, as it was when the groups' positions were known already.
    pub(crate) end: i64,
    /// Who copies to this log.
    pub(crate) authors: &'a Authorship,
    pub(crate) notes: &'a dyn WriterNotes,
    pub(crate) cancel: &'a Cancel,
    /// No more is read from then on.
    pub(crate) until: Instant,
    /// What stands where, by first offsets.
    known: BTreeMap<i64, Seen>,
    /// Where the last answer ended, and how much was asked for.
    last: (i64, i32),
    left: u64,
}

/// Where a log is, and how it is read.
pub(crate) struct Place<'a> {
    pub(crate) reader: &'a mut WireReader,
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) end: i64,
}

impl<'a> PartitionLog<'a> {
    pub(crate) fn new(
        place: Place<'a>,
        authors: &'a Authorship,
        notes: &'a dyn WriterNotes,
        cancel: &'a Cancel,
        until: Instant,
    ) -> Self {
        let Place {
            reader,
            topic,
            partition,
            end,
        } = place;
        Self {
            reader,
            topic,
            partition,
            end,
            authors,
            notes,
            cancel,
            until,
            known: BTreeMap::new(),
            last: (-1, LEAST),
            left: READ,
        }
    }

    fn known(&self, offset: i64) -> Option<Seen> {
        let (_, seen) = self.known.range(..=offset).next_back()?;
        match *seen {
            Seen::Records { to, .. } | Seen::Nothing { to } | Seen::Hole { to } => {
                (to > offset).then_some(*seen)
            }
            Seen::End => None,
        }
    }

    /// Reads on at an offset. Returns whether something came.
    fn read(&mut self, offset: i64) -> Result<bool, ReadError> {
        let size = if self.last.0 == offset {
            self.last.1.saturating_mul(2).min(MOST)
        } else {
            LEAST
        };
        let (mut log, _) = self.reader.log(self.topic, self.partition, offset);
        let Some(fetched) = log.fetch(offset, size)? else {
            return Ok(false);
        };
        drop(log);
        self.left = self.left.saturating_sub(fetched.records.len() as u64);
        let mut at = offset;
        for entry in CopiedSet::new(&fetched.records, offset, Some(aborted(&fetched))) {
            let entry = entry?;
            let to = entry.next_offset();
            let (first, seen) = match &entry {
                Copied::Batch(batch) => {
                    let by = self.writer(batch.header().producer_id)?;
                    (batch.header().base_offset, Seen::Records { by, to })
                }
                Copied::Control { batch, .. } | Copied::Aborted(batch) => {
                    (batch.header().base_offset, Seen::Nothing { to })
                }
                // Messages of the formats before have no producer ids, and our writers use none of them.
                Copied::Message(message) => {
                    let by = Writer::Others;
                    (message.first_offset().unwrap_or(at), Seen::Records { by, to })
                }
            };
            if first > at {
                self.known.insert(at, Seen::Hole { to: first });
            }
            match (&entry, seen) {
                (Copied::Batch(batch), Seen::Records { by, .. }) if batch.header().has_holes() => {
                    self.take_records(batch, by)?;
                }
                _ => drop(self.known.insert(first, seen)),
            }
            at = at.max(to);
        }
        self.last = (at, size);
        Ok(at > offset)
    }

    /// A batch in which compaction has left holes.
    fn take_records(&mut self, batch: &BatchView<'_>, by: Writer) -> Result<(), ReadError> {
        let mut reader = RecordReader::new(EXPANDED);
        let header = batch.header();
        let mut at = header.base_offset;
        for record in reader.batch(batch)?.iter() {
            if record.offset > at {
                self.known.insert(at, Seen::Hole { to: record.offset });
            }
            let to = record.offset + 1;
            self.known.insert(record.offset, Seen::Records { by, to });
            at = to;
        }
        let to = header.next_offset();
        if at < to {
            self.known.insert(at, Seen::Hole { to });
        }
        Ok(())
    }

    fn writer(&self, producer_id: i64) -> Result<Writer, ReadError> {
        let unknown = |error: StoreError| ReadError::Unowned(error.to_string());
        let is_ours = self.authors.wrote(self.notes, producer_id).map_err(unknown)?;
        Ok(if is_ours { Writer::Copy } else { Writer::Others })
    }
}

impl Stored for PartitionLog<'_> {
    fn look(&mut self, offset: i64) -> Result<Option<Seen>, ReadError> {
        let silent_at = Instant::now() + SILENCE;
        loop {
            if offset >= self.end {
                return Ok(Some(Seen::End));
            }
            if let Some(seen) = self.known(offset) {
                return Ok(Some(seen));
            }
            if self.cancel.is_cancelled() {
                return Err(sluice_wire::WireError::Cancelled.into());
            }
            if self.left == 0 || Instant::now() >= self.until {
                return Ok(None);
            }
            if !self.read(offset)? && Instant::now() >= silent_at {
                return Err(ReadError::Silent(SILENCE.as_secs()));
            }
        }
    }
}
