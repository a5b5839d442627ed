use std::collections::BTreeMap;
use std::time::Duration;

use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, ApiKey, EndTxnRequest, GroupId, InitProducerIdRequest,
    ProducerId, TransactionalId, TxnOffsetCommitRequest,
};

use crate::client::{Client, CoordinatorKind, GroupOffset, text, topic_name};
use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::topic_partition::{TopicPartition, by_topic};

/// The last version that clients send; later ones are for brokers among themselves.
const ADD_PARTITIONS: (i16, i16) = (0, 3);
/// The last versions before transactions by KIP-890's second part, which raise the epoch at each end.
const ADD_OFFSETS: (i16, i16) = (0, 3);
const COMMIT_OFFSETS: (i16, i16) = (0, 3);
const END: (i16, i16) = (0, 3);
const INIT: (i16, i16) = (0, 5);
/// The first version that raises the epoch of a producer id that the caller names (KIP-360).
const KEEPS_ID: i16 = 3;
/// The first version with the leader epoch of a position.
const HAS_EPOCH: i16 = 2;

/// Who writes: brokers take batches of the greatest epoch alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerIdentity {
    /// The producer's id.
    pub id: i64,
    /// Its epoch.
    pub epoch: i16,
}

impl Client {
    /// Gets an identity. With a transactional id, instances before are fenced and their open transaction is aborted
    /// before this returns; without, the identity is a new one. `current` is the caller's own, whose epoch is raised if
    /// the broker can (Kafka 2.5); older brokers give a new id. The witness of the client is told the id before this returns.
    /// Needs Kafka 0.11.
    ///
    /// # Errors
    /// No coordinator answers, no right, or another instance has taken over ([`ErrorCode::PRODUCER_FENCED`],
    /// [`ErrorCode::INVALID_PRODUCER_EPOCH`]).
    pub fn init_producer_id(
        &self,
        transactional_id: Option<&str>,
        transaction_timeout: Duration,
        current: Option<ProducerIdentity>,
    ) -> Result<ProducerIdentity> {
        let build = |version: i16| {
            let request = InitProducerIdRequest::default()
                .with_transactional_id(transactional_id.map(|id| TransactionalId(text(id))))
                .with_transaction_timeout_ms(
                    i32::try_from(transaction_timeout.as_millis()).unwrap_or(i32::MAX),
                );
            match current {
                Some(current) if version >= KEEPS_ID => request
                    .with_producer_id(ProducerId(current.id))
                    .with_producer_epoch(current.epoch),
                _ => request,
            }
        };
        let (_, response) = match transactional_id {
            Some(id) => self.at_coordinator(CoordinatorKind::Transaction, id, |connection, budget| {
                // A request that is given up and repeated raises the epoch again and waits as long.
                let answered = connection.call(build, INIT, budget.left(), &budget.cancel)?;
                WireError::check(ApiKey::InitProducerId, answered.1.error_code, None)?;
                Ok(answered)
            })?,
            None => self.retrying(|budget| {
                let connection = self.shared.pool.any(budget)?;
                let answered = self.ask(&connection, INIT, budget, build)?;
                WireError::check(ApiKey::InitProducerId, answered.1.error_code, None)?;
                Ok(answered)
            })?,
        };
        self.witness(response.producer_id.0)?;
        Ok(ProducerIdentity {
            id: response.producer_id.0,
            epoch: response.producer_epoch,
        })
    }

    /// Raises the epoch of a transactional id that `current` still holds: what of the epoch before is still on its way is
    /// refused from then on. Needs Kafka 2.5 (KIP-360); older brokers would give it to an instance that was fenced, too.
    ///
    /// # Errors
    /// As [`Client::init_producer_id`].
    pub fn raise_epoch(
        &self,
        transactional_id: &str,
        transaction_timeout: Duration,
        current: ProducerIdentity,
    ) -> Result<ProducerIdentity> {
        let timeout = i32::try_from(transaction_timeout.as_millis()).unwrap_or(i32::MAX);
        let raised = self.at_coordinator(
            CoordinatorKind::Transaction,
            transactional_id,
            |connection, budget| {
                let (_, response) = self.ask(connection, (KEEPS_ID, INIT.1), budget, |_| {
                    InitProducerIdRequest::default()
                        .with_transactional_id(Some(TransactionalId(text(transactional_id))))
                        .with_transaction_timeout_ms(timeout)
                        .with_producer_id(ProducerId(current.id))
                        .with_producer_epoch(current.epoch)
                })?;
                WireError::check(ApiKey::InitProducerId, response.error_code, None)?;
                Ok(ProducerIdentity {
                    id: response.producer_id.0,
                    epoch: response.producer_epoch,
                })
            },
        )?;
        self.witness(raised.id)?;
        Ok(raised)
    }

    /// Makes partitions part of the open transaction, or opens one with them. Must succeed before a batch of the
    /// transaction is sent to them.
    ///
    /// Leaders before Kafka 3.6 do not check with the coordinator: a batch of a fenced instance that was sent without this
    /// call is written and holds the last stable offset.
    ///
    /// # Errors
    /// No coordinator answers, no right, or another instance has taken over. If one partition is refused, none is
    /// added; the error is that one's.
    pub fn add_partitions_to_txn(
        &self,
        transactional_id: &str,
        producer: ProducerIdentity,
        partitions: &[TopicPartition],
    ) -> Result<()> {
        self.add_partitions_noting(transactional_id, producer, partitions, &mut false)
    }

    /// As [`Client::add_partitions_to_txn`], and sets `doubt` where a request may have to be reckoned with that got no
    /// answer: it may be carried out later.
    pub(crate) fn add_partitions_noting(
        &self,
        transactional_id: &str,
        producer: ProducerIdentity,
        partitions: &[TopicPartition],
        doubt: &mut bool,
    ) -> Result<()> {
        let items: Vec<(TopicPartition, ())> = partitions.iter().map(|place| (place.clone(), ())).collect();
        self.at_coordinator(
            CoordinatorKind::Transaction,
            transactional_id,
            |connection, budget| {
                let asked = self.ask(connection, ADD_PARTITIONS, budget, |_| {
                    let topics = by_topic(&items)
                        .into_iter()
                        .map(|(topic, partitions)| {
                            AddPartitionsToTxnTopic::default()
                                .with_name(topic_name(topic))
                                .with_partitions(partitions.into_iter().map(|(number, ())| number).collect())
                        })
                        .collect();
                    AddPartitionsToTxnRequest::default()
                        .with_v3_and_below_transactional_id(TransactionalId(text(transactional_id)))
                        .with_v3_and_below_producer_id(ProducerId(producer.id))
                        .with_v3_and_below_producer_epoch(producer.epoch)
                        .with_v3_and_below_topics(topics)
                });
                *doubt |= asked.as_ref().is_err_and(WireError::is_connection);
                let (_, response) = asked?;
                let faults: Vec<(TopicPartition, i16)> = response
                    .results_by_topic_v3_and_below
                    .iter()
                    .flat_map(|topic| topic.results_by_partition.iter().map(move |one| (topic, one)))
                    .filter(|(_, one)| one.partition_error_code != 0)
                    .map(|(topic, one)| {
                        let place = TopicPartition::new(topic.name.as_str(), one.partition_index);
                        (place, one.partition_error_code)
                    })
                    .collect();
                refused(ApiKey::AddPartitionsToTxn, faults)
            },
        )
    }

    /// Makes a group's positions part of the transaction. Must succeed before [`Client::txn_offset_commit`].
    ///
    /// # Errors
    /// As [`Client::add_partitions_to_txn`].
    pub fn add_offsets_to_txn(
        &self,
        transactional_id: &str,
        producer: ProducerIdentity,
        group: &str,
    ) -> Result<()> {
        self.at_coordinator(
            CoordinatorKind::Transaction,
            transactional_id,
            |connection, budget| {
                let (_, response) = self.ask(connection, ADD_OFFSETS, budget, |_| {
                    AddOffsetsToTxnRequest::default()
                        .with_transactional_id(TransactionalId(text(transactional_id)))
                        .with_producer_id(ProducerId(producer.id))
                        .with_producer_epoch(producer.epoch)
                        .with_group_id(GroupId(text(group)))
                })?;
                WireError::check(ApiKey::AddOffsetsToTxn, response.error_code, None)
            },
        )
    }

    /// Sets positions of a group that has no members as part of the transaction. They count when it is committed.
    ///
    /// # Errors
    /// No coordinator answers, no right, another instance has taken over, or a position is refused.
    pub fn txn_offset_commit(
        &self,
        transactional_id: &str,
        producer: ProducerIdentity,
        group: &str,
        offsets: &BTreeMap<TopicPartition, GroupOffset>,
    ) -> Result<()> {
        let items: Vec<(TopicPartition, GroupOffset)> = offsets
            .iter()
            .map(|(place, offset)| (place.clone(), offset.clone()))
            .collect();
        self.at_coordinator(CoordinatorKind::Group, group, |connection, budget| {
            let (_, response) = self.ask(connection, COMMIT_OFFSETS, budget, |version| {
                TxnOffsetCommitRequest::default()
                    .with_transactional_id(TransactionalId(text(transactional_id)))
                    .with_group_id(GroupId(text(group)))
                    .with_producer_id(ProducerId(producer.id))
                    .with_producer_epoch(producer.epoch)
                    .with_topics(commit_topics(version, &items))
            })?;
            let faults: Vec<(TopicPartition, i16)> = response
                .topics
                .iter()
                .flat_map(|topic| topic.partitions.iter().map(move |one| (topic, one)))
                .filter(|(_, one)| one.error_code != 0)
                .map(|(topic, one)| {
                    let place = TopicPartition::new(topic.name.as_str(), one.partition_index);
                    (place, one.error_code)
                })
                .collect();
            refused(ApiKey::TxnOffsetCommit, faults)
        })
    }

    /// Commits or aborts the open transaction. A repeated call of the same kind succeeds.
    ///
    /// # Errors
    /// No coordinator answers, no right, or another instance has taken over. After an error other than these it is not
    /// known whether it has ended: call it again, or initialize the transactional id again.
    pub fn end_txn(&self, transactional_id: &str, producer: ProducerIdentity, commit: bool) -> Result<()> {
        self.end_txn_noting(transactional_id, producer, commit, &mut false)
    }

    /// As [`Client::end_txn`], and sets `doubt` as [`Client::add_partitions_noting`] does.
    pub(crate) fn end_txn_noting(
        &self,
        transactional_id: &str,
        producer: ProducerIdentity,
        commit: bool,
        doubt: &mut bool,
    ) -> Result<()> {
        self.at_coordinator(
            CoordinatorKind::Transaction,
            transactional_id,
            |connection, budget| {
                let asked = self.ask(connection, END, budget, |_| {
                    EndTxnRequest::default()
                        .with_transactional_id(TransactionalId(text(transactional_id)))
                        .with_producer_id(ProducerId(producer.id))
                        .with_producer_epoch(producer.epoch)
                        .with_committed(commit)
                });
                *doubt |= asked.as_ref().is_err_and(WireError::is_connection);
                let (_, response) = asked?;
                WireError::check(ApiKey::EndTxn, response.error_code, None)
            },
        )
    }
}

impl WireError {
    /// Whether another instance has taken the transactional id: this one may write nothing more.
    pub fn is_fenced(&self) -> bool {
        matches!(
            self.code(),
            Some(ErrorCode::INVALID_PRODUCER_EPOCH | ErrorCode::PRODUCER_FENCED)
        )
    }
}

fn commit_topics(version: i16, items: &[(TopicPartition, GroupOffset)]) -> Vec<TxnOffsetCommitRequestTopic> {
    by_topic(items)
        .into_iter()
        .map(|(topic, partitions)| {
            let partitions = partitions
                .into_iter()
                .map(|(number, offset)| {
                    let one = TxnOffsetCommitRequestPartition::default()
                        .with_partition_index(number)
                        .with_committed_offset(offset.offset)
                        .with_committed_metadata(Some(text(&offset.metadata)));
                    match offset.leader_epoch {
                        Some(epoch) if version >= HAS_EPOCH => one.with_committed_leader_epoch(epoch),
                        _ => one,
                    }
                })
                .collect();
            TxnOffsetCommitRequestTopic::default()
                .with_name(topic_name(topic))
                .with_partitions(partitions)
        })
        .collect()
}

/// What partitions mean that were refused: "not attempted" says that another one has the error.
fn refused(api: ApiKey, faults: Vec<(TopicPartition, i16)>) -> Result<()> {
    let not_attempted = kafka_protocol::error::ResponseError::OperationNotAttempted.code();
    let Some(worst) = faults
        .iter()
        .map(|(_, code)| *code)
        .min_by_key(|code| *code == not_attempted)
    else {
        return Ok(());
    };
    let Some(code) = ErrorCode::from_wire(worst) else {
        return Ok(());
    };
    Err(WireError::Partitions {
        api,
        code,
        places: faults
            .into_iter()
            .filter(|(_, code)| *code == worst)
            .map(|(place, _)| place)
            .collect(),
    })
}
