//! One partition's log as it is stored: what both the records and the whole batches of the wire client are read from.

use sluice_wire::format::AbortedTransaction;
use sluice_wire::{FetchedPartition, WireError};

/// Bytes asked for at once, as stored.
pub(crate) const FETCH: i32 = 2 * 1024 * 1024;

/// Stored entries of one partition, for readers of committed records.
pub(crate) trait StoredLog {
    /// What is stored from `offset` on: entries of at most `max_bytes` bytes, but one at least. `None`: not now.
    ///
    /// # Errors
    /// The cluster cannot be asked.
    fn fetch(&mut self, offset: i64, max_bytes: i32) -> Result<Option<FetchedPartition>, WireError>;
}

/// Behind the last record that readers of committed records get; none if the broker did not say.
pub(crate) fn committed_end(fetched: &FetchedPartition) -> Option<i64> {
    fetched.last_stable_offset.or(fetched.high_watermark)
}

/// The answer's aborted transactions.
pub(crate) fn aborted(fetched: &FetchedPartition) -> impl Iterator<Item = AbortedTransaction> + '_ {
    fetched.aborted.iter().map(|one| AbortedTransaction {
        first_offset: one.first_offset,
        producer_id: one.producer_id,
    })
}
