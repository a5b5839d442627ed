use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::client::PerBroker;
use crate::client::core::Client;
use crate::client::list_offsets::{Isolation, OffsetSpec};
use crate::client::transactions::{
    ListedTransaction, ProducerState, TransactionDescription, TransactionFilter,
};
use crate::error::{Result, WireError};
use crate::topic_partition::TopicPartition;

/// Something that could not be learned of an open transaction, with the reason: an old broker says from which version
/// of Kafka on it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingDetail {
    /// `producer` or `transactional id`.
    pub what: &'static str,
    /// Why not.
    pub reason: WireError,
}

/// The transaction that holds a partition's last stable offset: committed readers see nothing behind it until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTransaction {
    /// Where it begins: the last stable offset.
    pub start_offset: i64,
    /// The end of the log, so that `high_watermark − start_offset` offsets are held back.
    pub high_watermark: i64,
    /// The id of its producer.
    pub producer_id: Option<i64>,
    /// The epoch of its producer.
    pub producer_epoch: Option<i32>,
    /// The timestamp of its producer's last batch in this partition, in ms since 1970.
    pub last_timestamp: Option<i64>,
    /// Its transactional id.
    pub transactional_id: Option<String>,
    /// When it began, in ms since 1970, by its coordinator.
    pub started_at: Option<i64>,
    /// After how long its coordinator aborts it.
    pub timeout: Option<Duration>,
    /// Whether no coordinator knows of it, so that it never ends by itself (KIP-664 calls it hanging).
    pub abandoned: bool,
    /// What could not be learned.
    pub missing: Vec<MissingDetail>,
}

impl OpenTransaction {
    /// How long it has been open at `now` (ms since 1970): since its coordinator began it, or at least since its last
    /// record here.
    pub fn age(&self, now: i64) -> Option<Duration> {
        let since = self.started_at.or(self.last_timestamp)?;
        Some(Duration::from_millis(u64::try_from(now - since).unwrap_or(0)))
    }
}

impl Client {
    /// The transactions that hold back the last stable offsets of `partitions`; a partition that none holds back has no
    /// entry. With brokers before Kafka 3.0, an entry lists what is missing and the version that has it.
    ///
    /// # Errors
    /// The cluster does not answer. What concerns a partition is its outcome.
    pub fn open_transactions(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Result<OpenTransaction>>> {
        let mut found = self.held_back(partitions)?;
        let held: Vec<TopicPartition> = found
            .iter()
            .filter(|(_, outcome)| outcome.is_ok())
            .map(|(place, _)| place.clone())
            .collect();
        if held.is_empty() {
            return Ok(found);
        }
        let mut producers = self.describe_producers(&held)?;
        for (place, outcome) in &mut found {
            let Ok(open) = outcome else { continue };
            match producers.remove(place) {
                Some(Ok(producers)) => take_producer(open, &producers),
                Some(Err(reason)) => open.missing.push(MissingDetail {
                    what: "producer",
                    reason,
                }),
                None => {}
            }
        }
        self.name_transactions(&mut found)?;
        Ok(found)
    }

    /// The partitions whose last stable offset is before their end.
    fn held_back(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Result<OpenTransaction>>> {
        // The stable offset first: what is written and committed in between must not look held back.
        let stable = self.list_offsets(partitions, OffsetSpec::Latest, Isolation::Committed)?;
        let mut ends = self.list_offsets(partitions, OffsetSpec::Latest, Isolation::Uncommitted)?;
        let mut found = BTreeMap::new();
        let mut moving = Vec::new();
        for (place, stable) in stable {
            let end = ends.remove(&place);
            let offsets = stable.and_then(|stable| {
                let end = end.transpose()?;
                Ok((stable.offset, end.and_then(|end| end.offset)))
            });
            match offsets {
                Ok((Some(stable), Some(end))) if stable < end => moving.push((place, stable, end)),
                Ok(_) => {}
                Err(error) => {
                    found.insert(place, Err(error));
                }
            }
        }
        let suspects: Vec<TopicPartition> = moving.iter().map(|(place, ..)| place.clone()).collect();
        let mut again = if suspects.is_empty() {
            BTreeMap::new()
        } else {
            self.list_offsets(&suspects, OffsetSpec::Latest, Isolation::Committed)?
        };
        for (place, before, high_watermark) in moving {
            // A stable offset that has passed the end seen before was only a moment behind.
            let still = match again.remove(&place) {
                Some(Ok(now)) => now.offset.unwrap_or(before),
                Some(Err(error)) => {
                    found.insert(place, Err(error));
                    continue;
                }
                None => before,
            };
            if still < high_watermark {
                found.insert(place, Ok(unnamed(still, high_watermark)));
            }
        }
        Ok(found)
    }

    /// Finds transactional ids and times by producer ids.
    fn name_transactions(&self, found: &mut BTreeMap<TopicPartition, Result<OpenTransaction>>) -> Result<()> {
        let ids: BTreeSet<i64> = found
            .values()
            .filter_map(|outcome| outcome.as_ref().ok()?.producer_id)
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let filter = TransactionFilter {
            producer_ids: ids.into_iter().collect(),
            ..TransactionFilter::default()
        };
        let listed = self.list_transactions(&filter)?;
        let names: BTreeSet<&str> = listed
            .found
            .iter()
            .map(|listed| listed.transactional_id.as_str())
            .collect();
        let names: Vec<&str> = names.into_iter().collect();
        let described = self.describe_transactions(&names)?;
        for (place, outcome) in found {
            if let Ok(open) = outcome {
                take_name(place, open, &listed, &described);
            }
        }
        Ok(())
    }
}

fn unnamed(start_offset: i64, high_watermark: i64) -> OpenTransaction {
    OpenTransaction {
        start_offset,
        high_watermark,
        producer_id: None,
        producer_epoch: None,
        last_timestamp: None,
        transactional_id: None,
        started_at: None,
        timeout: None,
        abandoned: false,
        missing: Vec::new(),
    }
}

/// The producer whose transaction begins first is the one that holds the stable offset.
fn take_producer(open: &mut OpenTransaction, producers: &[ProducerState]) {
    let first = producers
        .iter()
        .filter_map(|producer| Some((producer.transaction_start?, producer)))
        .min_by_key(|(start, _)| *start);
    if let Some((start, producer)) = first {
        open.start_offset = start;
        open.producer_id = Some(producer.producer_id);
        open.producer_epoch = Some(producer.producer_epoch);
        open.last_timestamp = producer.last_timestamp;
    }
}

fn take_name(
    place: &TopicPartition,
    open: &mut OpenTransaction,
    listed: &PerBroker<ListedTransaction>,
    described: &BTreeMap<String, Result<TransactionDescription>>,
) {
    let Some(producer_id) = open.producer_id else {
        return;
    };
    let missing = |reason: &WireError| MissingDetail {
        what: "transactional id",
        reason: reason.clone(),
    };
    let Some(one) = listed.found.iter().find(|one| one.producer_id == producer_id) else {
        match listed.failed.values().next() {
            Some(reason) => open.missing.push(missing(reason)),
            // Every coordinator has answered, and none knows its producer.
            None => open.abandoned = true,
        }
        return;
    };
    open.transactional_id = Some(one.transactional_id.clone());
    match described.get(&one.transactional_id) {
        Some(Ok(description)) => {
            open.timeout = Some(description.timeout);
            if description.partitions.contains(place) {
                open.started_at = description.started_at;
            } else {
                // Its coordinator believes that this partition is not part of it: no end will be written here.
                open.abandoned = description.state == "Empty" || description.state.starts_with("Complete");
            }
        }
        Some(Err(reason)) => open.missing.push(missing(reason)),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn producer(id: i64, start: Option<i64>) -> ProducerState {
        ProducerState {
            producer_id: id,
            producer_epoch: 0,
            last_sequence: None,
            last_timestamp: Some(1_000),
            coordinator_epoch: None,
            transaction_start: start,
        }
    }

    fn listed(ids: &[i64], failed: bool) -> PerBroker<ListedTransaction> {
        PerBroker {
            found: ids
                .iter()
                .map(|id| ListedTransaction {
                    transactional_id: format!("id-{id}"),
                    producer_id: *id,
                    state: "Ongoing".to_owned(),
                    coordinator: 1,
                })
                .collect(),
            failed: failed.then_some((2, WireError::Cancelled)).into_iter().collect(),
        }
    }

    #[test]
    fn the_first_open_transaction_is_the_one_that_holds_the_others_back() {
        let mut open = unnamed(5, 10);
        take_producer(
            &mut open,
            &[producer(1, None), producer(2, Some(7)), producer(3, Some(5))],
        );
        assert_eq!((open.producer_id, open.start_offset), (Some(3), 5));
        assert_eq!(open.age(61_000), Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_transaction_is_abandoned_only_if_every_coordinator_has_answered() {
        let place = TopicPartition::new("t", 0);
        for (listed, abandoned, missing) in [
            (listed(&[], false), true, 0),
            (listed(&[], true), false, 1),
            (listed(&[3], true), false, 0),
        ] {
            let mut open = unnamed(5, 10);
            take_producer(&mut open, &[producer(3, Some(5))]);
            take_name(&place, &mut open, &listed, &BTreeMap::new());
            assert_eq!((open.abandoned, open.missing.len()), (abandoned, missing));
        }
    }
}
