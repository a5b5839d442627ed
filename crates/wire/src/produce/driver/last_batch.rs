use crate::client::{Client, Isolation};
use crate::error::{Result, WireError};
use crate::format::{Entry, RecordSet};
use crate::produce::sequences::advance;
use crate::produce::transaction::ProducerIdentity;
use crate::topic_partition::TopicPartition;

/// Bytes asked for at a time: brokers send one whole batch at least.
const READ_BYTES: i32 = 1024;
/// Transactional batches and markers at the end of a log that are passed over at most.
const STEPS: usize = 20;

/// Who wrote the last batch of a partition, and how that producer goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastBatch {
    /// Its producer.
    pub producer: ProducerIdentity,
    /// The sequence number of that producer's next record.
    pub next_sequence: i32,
}

impl Client {
    /// The last batch before `end` that an idempotent producer wrote outside of a transaction; none where there is none,
    /// or only far before.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn last_batch(&self, place: &TopicPartition, end: i64) -> Result<Option<LastBatch>> {
        let mut at = end - 1;
        for _ in 0..STEPS {
            if at < 0 {
                return Ok(None);
            }
            let fetched = match self.fetch_raw(
                &place.topic,
                place.partition,
                at,
                READ_BYTES,
                Isolation::Uncommitted,
            ) {
                Ok(fetched) => fetched,
                // Deleted: nothing is before it.
                Err(WireError::Kafka { code, .. }) if code == crate::ErrorCode::OFFSET_OUT_OF_RANGE => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            let Some(Ok(Entry::Batch(batch))) = RecordSet::from_offset(&fetched.records, at).next() else {
                return Ok(None);
            };
            let header = batch.header();
            if header.attributes.is_control() || header.attributes.is_transactional() {
                at = header.base_offset - 1;
                continue;
            }
            if header.producer_id < 0 || header.base_sequence < 0 {
                return Ok(None);
            }
            return Ok(Some(LastBatch {
                producer: ProducerIdentity {
                    id: header.producer_id,
                    epoch: header.producer_epoch,
                },
                // Compaction takes records out and leaves the range of offsets.
                next_sequence: advance(header.base_sequence, header.last_offset_delta + 1),
            }));
        }
        Ok(None)
    }
}
