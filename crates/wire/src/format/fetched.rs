//! Reading a Fetch response as a consumer does: for verification and diagnosis, and as the measure of the copying paths.

use super::aborted::{AbortedFilter, AbortedTransaction};
use super::batch::BatchView;
use super::control::{ControlKind, read_control};
use super::entries::{Entry, Partial, RecordSet};
use super::fault::Fault;
use super::record::{RecordView, TimestampKind};
use super::records::{RecordReader, Records};

/// Which transactional records are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsolationLevel {
    /// All.
    ReadUncommitted,
    /// Those of committed transactions: those of the aborted ones that the response names are left out. That the response
    /// ends at the last stable offset is the broker's work.
    ReadCommitted,
}

/// Reads the record set of one partition's Fetch response, entry by entry.
#[derive(Debug)]
pub struct FetchedSet<'a> {
    entries: RecordSet<'a>,
    isolation: IsolationLevel,
    filter: AbortedFilter,
}

/// What an entry is to a consumer.
#[derive(Debug, Clone, Copy)]
pub enum Fetched<'a> {
    /// Records, possibly none where compaction has removed them all.
    Records {
        /// The format they are stored in.
        magic: u8,
        /// The records.
        records: Records<'a>,
    },
    /// A marker.
    Control {
        /// What it says.
        kind: ControlKind,
        /// Whose transaction it ends.
        producer_id: i64,
        /// The first offset of its batch.
        first_offset: i64,
        /// Where the partition goes on.
        next_offset: i64,
    },
    /// Records of an aborted transaction.
    Aborted {
        /// Whose transaction it is.
        producer_id: i64,
        /// The first offset of the batch.
        first_offset: i64,
        /// Where the partition goes on.
        next_offset: i64,
    },
    /// The set ends inside an entry.
    Partial(Partial),
}

impl<'a> FetchedSet<'a> {
    /// The record set `bytes`. `aborted` is the response's list, in any order.
    pub fn new(
        bytes: &'a [u8],
        aborted: impl IntoIterator<Item = AbortedTransaction>,
        isolation: IsolationLevel,
    ) -> Self {
        Self::resume(bytes, AbortedFilter::new(aborted), isolation)
    }

    /// The rest `bytes` of a record set that was read in part, from the beginning of an entry on.
    pub fn resume(bytes: &'a [u8], filter: AbortedFilter, isolation: IsolationLevel) -> Self {
        Self {
            entries: RecordSet::new(bytes),
            isolation,
            filter,
        }
    }

    /// Stops behind the entry that was read last: what is needed to go on there, and where that is in `bytes`.
    pub fn suspend(self) -> (AbortedFilter, usize) {
        (self.filter, self.entries.position())
    }

    /// The next entry; its records lie in the response, or in the reader if they were compressed.
    ///
    /// After a fault the entries behind the damaged one follow, as long as its length leads there.
    pub fn next<'r>(&mut self, reader: &'r mut RecordReader) -> Option<Result<Fetched<'r>, Fault>>
    where
        'a: 'r,
    {
        let entry = match self.entries.next()? {
            Ok(entry) => entry,
            Err(fault) => return Some(Err(fault)),
        };
        Some(match entry {
            Entry::Partial(partial) => Ok(Fetched::Partial(partial)),
            Entry::Message(message) => reader.message(&message).map(|records| Fetched::Records {
                magic: message.magic,
                records,
            }),
            Entry::Batch(batch) => self.batch(&batch, reader),
        })
    }

    fn batch<'r>(&mut self, batch: &BatchView<'a>, reader: &'r mut RecordReader) -> Result<Fetched<'r>, Fault>
    where
        'a: 'r,
    {
        let header = batch.header();
        let (producer_id, first_offset, next_offset) =
            (header.producer_id, header.base_offset, header.next_offset());
        self.filter.move_to(header);
        if header.attributes.is_control() {
            let kind = read_control(&reader.batch(batch)?);
            if kind == ControlKind::Abort {
                self.filter.end(producer_id);
            }
            return Ok(Fetched::Control {
                kind,
                producer_id,
                first_offset,
                next_offset,
            });
        }
        if self.isolation == IsolationLevel::ReadCommitted && self.filter.is_aborted(header) {
            return Ok(Fetched::Aborted {
                producer_id,
                first_offset,
                next_offset,
            });
        }
        let records = reader.batch(batch)?;
        Ok(Fetched::Records { magic: 2, records })
    }

    /// Reads everything that is whole into owned records.
    ///
    /// # Errors
    /// The first fault.
    pub fn collect_records(mut self, reader: &mut RecordReader) -> Result<Vec<OwnedRecord>, Fault> {
        let mut all = Vec::new();
        while let Some(fetched) = self.next(reader) {
            if let Fetched::Records { records, .. } = fetched? {
                all.extend(records.iter().map(|record| OwnedRecord::from(&record)));
            }
        }
        Ok(all)
    }
}

/// A record that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedRecord {
    /// Its offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970, or -1.
    pub timestamp: i64,
    /// Where the timestamp comes from.
    pub timestamp_kind: TimestampKind,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers in their order: key and value.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl From<&RecordView<'_>> for OwnedRecord {
    fn from(record: &RecordView<'_>) -> Self {
        Self {
            offset: record.offset,
            timestamp: record.timestamp,
            timestamp_kind: record.timestamp_kind,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record
                .headers
                .iter()
                .map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec)))
                .collect(),
        }
    }
}
