//! Records as tests and the demo see them.

use bytes::Bytes;

use crate::format::{BatchHeader, Compression, Record};

/// A header of a record. Keys may repeat and values may be null.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FakeHeader {
    /// Key; by convention UTF-8, but nothing checks it.
    pub key: Bytes,
    /// Value; none is null, which differs from empty.
    pub value: Option<Bytes>,
}

/// A record to write, or as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct FakeRecord {
    /// Key; none is null, which differs from empty.
    pub key: Option<Bytes>,
    /// Value; none is a tombstone, which differs from empty.
    pub value: Option<Bytes>,
    /// Headers in order.
    pub headers: Vec<FakeHeader>,
    /// Milliseconds since 1970; -1 for none.
    pub timestamp: i64,
}

impl FakeRecord {
    /// A record of key and value at time 0.
    pub fn new(key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        FakeRecord {
            key: Some(key.into()),
            value: Some(value.into()),
            ..FakeRecord::default()
        }
    }

    /// A record without key.
    pub fn unkeyed(value: impl Into<Bytes>) -> Self {
        FakeRecord {
            value: Some(value.into()),
            ..FakeRecord::default()
        }
    }

    /// A record that deletes its key from a compacted topic.
    pub fn tombstone(key: impl Into<Bytes>) -> Self {
        FakeRecord {
            key: Some(key.into()),
            ..FakeRecord::default()
        }
    }

    /// The same record at another time, in milliseconds since 1970.
    #[must_use]
    pub fn at(mut self, timestamp: i64) -> Self {
        self.timestamp = timestamp;
        self
    }

    /// The same record with one more header.
    #[must_use]
    pub fn header(mut self, key: impl Into<Bytes>, value: Option<&[u8]>) -> Self {
        self.headers.push(FakeHeader {
            key: key.into(),
            value: value.map(Bytes::copy_from_slice),
        });
        self
    }

    pub(crate) fn place(self, offset: i64) -> Record {
        Record {
            offset,
            timestamp: self.timestamp,
            key: self.key,
            value: self.value,
            headers: self.headers.into_iter().map(|h| (h.key, h.value)).collect(),
        }
    }
}

/// A record read back from a partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StoredRecord {
    /// Its offset.
    pub offset: i64,
    /// Whether the timestamp is when the broker received the record rather than when it was made.
    pub append_time: bool,
    /// What was written.
    pub record: FakeRecord,
}

impl StoredRecord {
    pub(crate) fn of(header: &BatchHeader, record: Record) -> Self {
        StoredRecord {
            offset: record.offset,
            append_time: header.is_append_time(),
            record: FakeRecord {
                key: record.key,
                value: record.value,
                headers: record
                    .headers
                    .into_iter()
                    .map(|(key, value)| FakeHeader { key, value })
                    .collect(),
                timestamp: record.timestamp,
            },
        }
    }
}

/// A record batch as it lies in a partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StoredBatch {
    /// First offset of the range the batch covers.
    pub base_offset: i64,
    /// Last offset of that range.
    pub last_offset: i64,
    /// Records in it; fewer than offsets after compaction.
    pub count: i32,
    /// How it is compressed.
    pub compression: Compression,
    /// Id of the idempotent producer; -1 for none.
    pub producer_id: i64,
    /// Epoch of that producer; -1 for none.
    pub producer_epoch: i16,
    /// Sequence number of the first record; -1 for none.
    pub base_sequence: i32,
    /// Whether it belongs to a transaction.
    pub transactional: bool,
    /// Whether it is a transaction marker rather than data.
    pub control: bool,
    /// Leader epoch in which it was written.
    pub leader_epoch: i32,
    /// The whole batch, in the format of magic 2.
    pub bytes: Bytes,
}

/// Which records to read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// All, also of open and aborted transactions.
    Uncommitted,
    /// Those a read-committed consumer sees.
    Committed,
}

/// How a transaction made by a test ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Its records count.
    Committed,
    /// Its records do not count.
    Aborted,
    /// It stays open: read-committed consumers stop in front of it.
    Open,
}
