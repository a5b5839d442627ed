//! Transactional ids: who holds them, what a transaction has touched, how it ends.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use kafka_protocol::error::ResponseError;

use super::cluster_state::ClusterState;

/// How far a transaction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransactionPhase {
    Empty,
    Ongoing,
    Committed,
    Aborted,
}

/// A transactional id.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    /// The epoch a producer held before it asked for the present one, so that it may ask twice.
    previous_epoch: Option<i16>,
    pub(crate) timeout: Duration,
    pub(crate) phase: TransactionPhase,
    pub(crate) partitions: BTreeSet<(String, i32)>,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) began: Option<Instant>,
}

impl Transaction {
    fn begin(&mut self, now: Instant) {
        if self.phase != TransactionPhase::Ongoing {
            self.phase = TransactionPhase::Ongoing;
            self.began = Some(now);
        }
    }
}

impl ClusterState {
    /// Gives a transactional id to a producer: ends what its predecessor left open and fences it.
    pub(crate) fn init_transactional(
        &mut self,
        id: &str,
        timeout: Duration,
        expected: Option<(i64, i16)>,
        now_ms: i64,
    ) -> Result<(i64, i16), ResponseError> {
        if id.is_empty() {
            return Err(ResponseError::InvalidRequest);
        }
        let longest = Duration::from_millis(self.settings.number("transaction.max.timeout.ms") as u64);
        if timeout.is_zero() || timeout > longest {
            return Err(ResponseError::InvalidTransactionTimeout);
        }
        if let Some(known) = self.transactions.get(id) {
            // A producer that wants to go on with its own id must still hold the newest epoch.
            if let Some((producer_id, epoch)) = expected {
                if producer_id == known.producer_id && known.previous_epoch == Some(epoch) {
                    return Ok((known.producer_id, known.epoch));
                }
                if producer_id != known.producer_id || epoch != known.epoch {
                    return Err(ResponseError::ProducerFenced);
                }
            }
            if known.phase == TransactionPhase::Ongoing {
                self.fence_and_abort(id, now_ms)?;
            }
        } else if expected.is_some() {
            return Err(ResponseError::InvalidProducerIdMapping);
        }
        let exhausted = self.transactions.get(id).is_none_or(|t| t.epoch >= i16::MAX - 1);
        if exhausted {
            let producer_id = self.new_producer_id();
            self.transactional_ids.insert(producer_id, id.to_owned());
            self.transactions.insert(
                id.to_owned(),
                Transaction {
                    producer_id,
                    epoch: -1,
                    previous_epoch: None,
                    timeout,
                    phase: TransactionPhase::Empty,
                    partitions: BTreeSet::new(),
                    groups: BTreeSet::new(),
                    began: None,
                },
            );
        }
        let transaction = self
            .transactions
            .get_mut(id)
            .ok_or(ResponseError::UnknownServerError)?;
        transaction.epoch += 1;
        transaction.previous_epoch = expected.map(|(_, epoch)| epoch);
        transaction.timeout = timeout;
        transaction.phase = TransactionPhase::Empty;
        Ok((transaction.producer_id, transaction.epoch))
    }

    fn fence_and_abort(&mut self, id: &str, now_ms: i64) -> Result<(), ResponseError> {
        if let Some(transaction) = self.transactions.get_mut(id) {
            transaction.epoch = transaction.epoch.saturating_add(1);
        }
        self.decide(id, false, now_ms)
    }

    /// The transaction of a producer that still holds its id.
    pub(crate) fn transaction(
        &mut self,
        id: &str,
        producer_id: i64,
        epoch: i16,
    ) -> Result<&mut Transaction, ResponseError> {
        match self.transactions.get_mut(id) {
            Some(t) if t.producer_id == producer_id && t.epoch == epoch => Ok(t),
            Some(t) if t.producer_id == producer_id => Err(ResponseError::ProducerFenced),
            _ => Err(ResponseError::InvalidProducerIdMapping),
        }
    }

    pub(crate) fn add_partitions_to_transaction(
        &mut self,
        id: &str,
        producer: (i64, i16),
        partitions: impl IntoIterator<Item = (String, i32)>,
        now: Instant,
    ) -> Result<(), ResponseError> {
        let transaction = self.transaction(id, producer.0, producer.1)?;
        transaction.begin(now);
        transaction.partitions.extend(partitions);
        Ok(())
    }

    pub(crate) fn add_group_to_transaction(
        &mut self,
        id: &str,
        producer: (i64, i16),
        group: &str,
        now: Instant,
    ) -> Result<(), ResponseError> {
        let transaction = self.transaction(id, producer.0, producer.1)?;
        transaction.begin(now);
        transaction.groups.insert(group.to_owned());
        Ok(())
    }

    /// Whether a transactional batch may be written to a partition now.
    pub(crate) fn check_transactional_write(
        &self,
        producer_id: i64,
        epoch: i16,
        topic: &str,
        partition: i32,
    ) -> Result<(), ResponseError> {
        let transaction = self
            .transactional_ids
            .get(&producer_id)
            .and_then(|id| self.transactions.get(id))
            .filter(|t| t.producer_id == producer_id)
            .ok_or(ResponseError::InvalidProducerIdMapping)?;
        if transaction.epoch != epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        let added = transaction.partitions.contains(&(topic.to_owned(), partition));
        if transaction.phase == TransactionPhase::Ongoing && added {
            Ok(())
        } else {
            Err(ResponseError::InvalidTxnState)
        }
    }

    /// Ends a transaction on its producer's wish. Asking again for the same end is fine.
    pub(crate) fn end_transaction(
        &mut self,
        id: &str,
        producer: (i64, i16),
        commit: bool,
        now_ms: i64,
    ) -> Result<(), ResponseError> {
        match (self.transaction(id, producer.0, producer.1)?.phase, commit) {
            (TransactionPhase::Ongoing, _) => self.decide(id, commit, now_ms),
            (TransactionPhase::Committed, true) | (TransactionPhase::Aborted, false) => Ok(()),
            (TransactionPhase::Empty | TransactionPhase::Committed | TransactionPhase::Aborted, _) => {
                Err(ResponseError::InvalidTxnState)
            }
        }
    }

    /// Writes the markers and settles the offsets.
    fn decide(&mut self, id: &str, commit: bool, now_ms: i64) -> Result<(), ResponseError> {
        let Some(transaction) = self.transactions.get_mut(id) else {
            return Ok(());
        };
        let (producer_id, epoch) = (transaction.producer_id, transaction.epoch);
        transaction.phase = if commit {
            TransactionPhase::Committed
        } else {
            TransactionPhase::Aborted
        };
        transaction.began = None;
        let partitions = std::mem::take(&mut transaction.partitions);
        let groups = std::mem::take(&mut transaction.groups);
        for (topic, index) in partitions {
            if let Ok(partition) = self.partition_mut(&topic, index) {
                let leader_epoch = partition.leader_epoch;
                partition
                    .log
                    .append_marker(producer_id, epoch, commit, leader_epoch, now_ms)
                    .map_err(|_| ResponseError::UnknownServerError)?;
            }
        }
        for group in groups {
            if let Some(group) = self.groups.get_mut(&group) {
                group.settle(producer_id, commit);
            }
        }
        Ok(())
    }

    /// Aborts what has been open for longer than its producer allowed; true if there was any.
    pub(crate) fn expire_transactions(&mut self, now: Instant, now_ms: i64) -> bool {
        let late: Vec<String> = self
            .transactions
            .iter()
            .filter(|(_, t)| {
                t.began
                    .is_some_and(|began| now.duration_since(began) >= t.timeout)
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in &late {
            if let Err(error) = self.fence_and_abort(id, now_ms) {
                tracing::warn!(transactional_id = %id, %error, "an expired transaction could not be aborted");
            }
        }
        !late.is_empty()
    }
}
