//! Which batches of a record set belong to aborted transactions.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::BatchHeader;

/// A transaction that the response names as aborted: the producer's batches from `first_offset` up to its next marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AbortedTransaction {
    /// Its first offset.
    pub first_offset: i64,
    /// Who wrote it.
    pub producer_id: i64,
}

/// Applies a response's list of aborted transactions by position, as Kafka's consumer does: a transaction of the list
/// begins with the first batch that ends behind its first offset, and ends with the producer's next abort marker.
#[derive(Debug, Clone, Default)]
pub struct AbortedFilter {
    /// Not begun yet, by first offset.
    pending: BTreeMap<i64, BTreeSet<i64>>,
    /// Producers inside an aborted transaction.
    inside: BTreeSet<i64>,
}

impl AbortedFilter {
    /// For the response's list, in any order.
    pub fn new(aborted: impl IntoIterator<Item = AbortedTransaction>) -> Self {
        let mut pending: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        for transaction in aborted {
            pending
                .entry(transaction.first_offset)
                .or_default()
                .insert(transaction.producer_id);
        }
        Self {
            pending,
            inside: BTreeSet::new(),
        }
    }

    /// Moves on to a batch. Batches come in the order of their offsets.
    pub(super) fn move_to(&mut self, header: &BatchHeader) {
        while let Some(begun) = self
            .pending
            .first_entry()
            .filter(|entry| *entry.key() < header.next_offset())
        {
            self.inside.extend(begun.remove());
        }
    }

    /// Whether the batch moved to belongs to an aborted transaction.
    pub(super) fn is_aborted(&self, header: &BatchHeader) -> bool {
        header.attributes.is_transactional() && self.inside.contains(&header.producer_id)
    }

    /// An abort marker of the producer.
    pub(super) fn end(&mut self, producer_id: i64) {
        self.inside.remove(&producer_id);
    }
}
