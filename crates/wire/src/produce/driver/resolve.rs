use crate::client::{Client, Isolation};
use crate::error::{Result, WireError};
use crate::format::{Entry, RecordSet};
use crate::produce::driver::event::Unresolved;

/// The most bytes that are read at a time.
const READ_BYTES: i32 = 1 << 20;

impl Unresolved {
    /// How many of the batches are on the broker, by reading its log from `from` on: the offset behind the last batch
    /// of the partition that was acknowledged, or the log's start. The result is what [`super::Producer::resolve`] takes.
    ///
    /// All requests have an answer by now, and the leader has just said that it does not have what comes before the first
    /// batch, so nothing can be added to the log meanwhile.
    ///
    /// # Errors
    /// The log cannot be read, or what is in it is damaged.
    pub fn count_written(&self, client: &Client, from: i64) -> Result<usize> {
        let (mut written, mut position) = (0, from);
        loop {
            let fetched = client.fetch_raw(
                &self.place.topic,
                self.place.partition,
                position,
                READ_BYTES,
                Isolation::Uncommitted,
            )?;
            let before = position;
            for entry in RecordSet::from_offset(&fetched.records, position) {
                let entry = entry.map_err(|fault| WireError::Malformed {
                    what: format!("the log of {}", self.place),
                    reason: fault.to_string(),
                })?;
                let Entry::Batch(batch) = entry else { continue };
                let header = batch.header();
                position = position.max(header.next_offset());
                let is_next = self.batches.get(written).is_some_and(|next| {
                    header.producer_id == self.producer.id
                        && header.producer_epoch == self.producer.epoch
                        && header.base_sequence == next.base_sequence
                        && !header.attributes.is_control()
                });
                written += usize::from(is_next);
            }
            if position == before || fetched.high_watermark.is_some_and(|end| position >= end) {
                return Ok(written);
            }
        }
    }
}
