use bytes::Bytes;
use sluice_wire::format::{BatchHeader, BatchView, NO_TIMESTAMP, TimestampKind};
use xxhash_rust::xxh3::Xxh3;

/// A batch of committed records as it is stored. Its checksum was right.
#[derive(Debug, Clone)]
pub(crate) struct StoredBatch {
    pub(crate) header: BatchHeader,
    /// The records: compressed, if the batch is.
    pub(crate) payload: Bytes,
}

impl StoredBatch {
    /// The batch of `view`, which lies in `answer`.
    pub(crate) fn new(view: &BatchView<'_>, answer: &Bytes) -> Self {
        Self {
            header: *view.header(),
            payload: answer.slice_ref(view.payload()),
        }
    }

    /// Records, one for each of its offsets where it is [`StoredBatch::is_plain`].
    pub(crate) fn count(&self) -> i64 {
        i64::from(self.header.count)
    }

    /// Whether it can be compared whole: each offset has its record, which compaction may have removed, and each record
    /// a time of its producer, as far as the header shows. Times of brokers and missing ones have rules of their own.
    pub(crate) fn is_plain(&self) -> bool {
        self.header.count > 0
            && !self.header.has_holes()
            && self.header.attributes.timestamp_kind() == TimestampKind::Create
            && self.header.base_timestamp != NO_TIMESTAMP
            && self.header.max_timestamp != NO_TIMESTAMP
    }

    /// Whether both hold the same records in the same bytes.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.header.frames_the_same_as(&other.header) && self.payload == other.payload
    }

    /// A number of all that [`StoredBatch::is_same_as`] compares.
    pub(crate) fn digest(&self) -> u64 {
        let header = &self.header;
        let mut hasher = Xxh3::new();
        hasher.update(&header.count.to_le_bytes());
        hasher.update(&header.last_offset_delta.to_le_bytes());
        hasher.update(&header.base_timestamp.to_le_bytes());
        hasher.update(&header.max_timestamp.to_le_bytes());
        hasher.update(&[header.codec as u8]);
        hasher.update(&self.payload);
        hasher.digest()
    }
}
