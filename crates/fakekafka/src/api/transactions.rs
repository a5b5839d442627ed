//! Producer ids and transactions.

use std::time::{Duration, Instant};

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    EndTxnRequest, EndTxnResponse, InitProducerIdRequest, InitProducerIdResponse, ProducerId,
    TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};

use super::group_offsets::check_offset;
use crate::model::cluster_state::{Access, ClusterState};
use crate::model::group_offsets::{CommittedOffset, Committer};
use crate::model::transactions::TransactionPhase;
use crate::request::{Request, code};
use crate::shared::now_ms;

/// Clients of versions before this know a fenced producer only as one with an old epoch.
fn fenced_before(cx: &Request<'_>, version: i16, error: ResponseError) -> ResponseError {
    if error == ResponseError::ProducerFenced && cx.version < version {
        ResponseError::InvalidProducerEpoch
    } else {
        error
    }
}

pub(crate) fn init_producer(cx: &Request<'_>, q: &InitProducerIdRequest) -> InitProducerIdResponse {
    let given = cx.fault().and_then(|()| {
        let mut state = cx.state();
        let Some(id) = &q.transactional_id else {
            return Ok((state.new_producer_id(), 0));
        };
        state.check_coordinator(cx.broker, id)?;
        let timeout = Duration::from_millis(u64::try_from(q.transaction_timeout_ms).unwrap_or_default());
        let expected = (q.producer_id.0 >= 0).then_some((q.producer_id.0, q.producer_epoch));
        state.init_transactional(id, timeout, expected, now_ms())
    });
    cx.announce();
    let given = given.map_err(|e| fenced_before(cx, 4, e));
    let (producer_id, epoch) = *given.as_ref().unwrap_or(&(-1, -1));
    InitProducerIdResponse::default()
        .with_error_code(code(&given))
        .with_producer_id(ProducerId(producer_id))
        .with_producer_epoch(epoch)
}

pub(crate) fn add_partitions(cx: &Request<'_>, q: AddPartitionsToTxnRequest) -> AddPartitionsToTxnResponse {
    let mut state = cx.state();
    let id = q.v3_and_below_transactional_id.to_string();
    let producer = (q.v3_and_below_producer_id.0, q.v3_and_below_producer_epoch);
    let places = q
        .v3_and_below_topics
        .iter()
        .flat_map(|t| t.partitions.iter().map(|p| (t.name.to_string(), *p)))
        .collect::<Vec<_>>();
    let check = |(topic, index): &(String, i32)| -> Result<(), ResponseError> {
        cx.partition_fault(topic, *index)?;
        state.check_access(topic, Access::Write)?;
        if state.has_partition(topic, *index) {
            Ok(())
        } else {
            Err(ResponseError::UnknownTopicOrPartition)
        }
    };
    let mut results: Vec<Result<(), ResponseError>> = places.iter().map(check).collect();
    if results.iter().any(Result::is_err) {
        // All or none: the good ones are answered that nothing was tried.
        for result in results.iter_mut().filter(|r| r.is_ok()) {
            *result = Err(ResponseError::OperationNotAttempted);
        }
    } else {
        let added = state.check_coordinator(cx.broker, &id).and_then(|()| {
            state.add_partitions_to_transaction(&id, producer, places.iter().cloned(), Instant::now())
        });
        results.fill(added.map_err(|e| fenced_before(cx, 2, e)));
    }
    let mut results = results.into_iter();
    let topics = q
        .v3_and_below_topics
        .into_iter()
        .map(|topic| {
            let partitions = topic
                .partitions
                .iter()
                .map(|index| {
                    AddPartitionsToTxnPartitionResult::default()
                        .with_partition_index(*index)
                        .with_partition_error_code(results.next().map_or(0, |r| code(&r)))
                })
                .collect();
            AddPartitionsToTxnTopicResult::default()
                .with_name(topic.name)
                .with_results_by_partition(partitions)
        })
        .collect();
    AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(topics)
}

pub(crate) fn add_offsets(cx: &Request<'_>, q: &AddOffsetsToTxnRequest) -> AddOffsetsToTxnResponse {
    let added = cx.fault().and_then(|()| {
        let mut state = cx.state();
        state.check_coordinator(cx.broker, &q.transactional_id)?;
        let producer = (q.producer_id.0, q.producer_epoch);
        state.add_group_to_transaction(&q.transactional_id, producer, &q.group_id, Instant::now())
    });
    let added = added.map_err(|e| fenced_before(cx, 2, e));
    AddOffsetsToTxnResponse::default().with_error_code(code(&added))
}

pub(crate) fn commit_offsets(cx: &Request<'_>, q: TxnOffsetCommitRequest) -> TxnOffsetCommitResponse {
    let mut state = cx.state();
    let allowed = may_commit(cx, &mut state, &q);
    let mut topics = Vec::new();
    for topic in q.topics {
        let mut partitions = Vec::new();
        for part in topic.partitions {
            let metadata = part.committed_metadata.map(|m| m.to_string()).unwrap_or_default();
            let checked =
                allowed.and_then(|()| check_offset(cx, &state, &topic.name, part.partition_index, &metadata));
            if checked.is_ok() {
                let offset = CommittedOffset {
                    offset: part.committed_offset,
                    leader_epoch: part.committed_leader_epoch,
                    metadata,
                };
                let group = state.groups.entry(q.group_id.to_string()).or_default();
                group
                    .offsets
                    .commit_pending(q.producer_id.0, &topic.name, part.partition_index, offset);
            }
            partitions.push(
                TxnOffsetCommitResponsePartition::default()
                    .with_partition_index(part.partition_index)
                    .with_error_code(code(&checked)),
            );
        }
        topics.push(
            TxnOffsetCommitResponseTopic::default()
                .with_name(topic.name)
                .with_partitions(partitions),
        );
    }
    TxnOffsetCommitResponse::default().with_topics(topics)
}

fn may_commit(
    cx: &Request<'_>,
    state: &mut ClusterState,
    q: &TxnOffsetCommitRequest,
) -> Result<(), ResponseError> {
    if q.group_id.is_empty() {
        return Err(ResponseError::InvalidGroupId);
    }
    state.check_coordinator(cx.broker, &q.group_id)?;
    // The group's log only knows producer epochs, so a fenced producer is one with an old epoch in any version.
    let transaction = state
        .transaction(&q.transactional_id, q.producer_id.0, q.producer_epoch)
        .map_err(|e| fenced_before(cx, i16::MAX, e))?;
    if transaction.phase != TransactionPhase::Ongoing || !transaction.groups.contains(q.group_id.as_str()) {
        return Err(ResponseError::InvalidTxnState);
    }
    let who = Committer {
        member_id: &q.member_id,
        instance_id: q.group_instance_id.as_deref(),
        generation: q.generation_id,
        transactional: true,
    };
    match state.groups.get(q.group_id.as_str()) {
        Some(group) => group.check_commit(who),
        None if q.generation_id >= 0 => Err(ResponseError::IllegalGeneration),
        None => Ok(()),
    }
}

pub(crate) fn end(cx: &Request<'_>, q: &EndTxnRequest) -> EndTxnResponse {
    let ended = cx.fault().and_then(|()| {
        let mut state = cx.state();
        state.check_coordinator(cx.broker, &q.transactional_id)?;
        let producer = (q.producer_id.0, q.producer_epoch);
        state.end_transaction(&q.transactional_id, producer, q.committed, now_ms())
    });
    cx.announce();
    let ended = ended.map_err(|e| fenced_before(cx, 2, e));
    EndTxnResponse::default().with_error_code(code(&ended))
}
