//! OffsetCommit, OffsetFetch and OffsetDelete.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest,
    OffsetFetchResponse,
};

use crate::model::cluster_state::{Access, ClusterState};
use crate::model::group_offsets::{CommittedOffset, Committer};
use crate::request::{Request, code, text, topic_name};

/// First version that asks for several groups at once.
const BATCHED: i16 = 8;

/// Whether an offset for this partition may be stored.
pub(super) fn check_offset(
    cx: &Request<'_>,
    state: &ClusterState,
    topic: &str,
    partition: i32,
    metadata: &str,
) -> Result<(), ResponseError> {
    cx.partition_fault(topic, partition)?;
    state.check_access(topic, Access::Read)?;
    state.topic(topic)?;
    if metadata.len() as i64 > state.settings.number("offset.metadata.max.bytes") {
        return Err(ResponseError::OffsetMetadataTooLarge);
    }
    Ok(())
}

pub(crate) fn commit(cx: &Request<'_>, q: OffsetCommitRequest) -> OffsetCommitResponse {
    let mut state = cx.state();
    let allowed = may_commit(cx, &state, &q);
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
                group.offsets.commit(&topic.name, part.partition_index, offset);
            }
            partitions.push(
                OffsetCommitResponsePartition::default()
                    .with_partition_index(part.partition_index)
                    .with_error_code(code(&checked)),
            );
        }
        topics.push(
            OffsetCommitResponseTopic::default()
                .with_name(topic.name)
                .with_partitions(partitions),
        );
    }
    OffsetCommitResponse::default().with_topics(topics)
}

fn may_commit(cx: &Request<'_>, state: &ClusterState, q: &OffsetCommitRequest) -> Result<(), ResponseError> {
    if q.group_id.is_empty() {
        return Err(ResponseError::InvalidGroupId);
    }
    state.check_coordinator(cx.broker, &q.group_id)?;
    let who = Committer {
        member_id: &q.member_id,
        instance_id: q.group_instance_id.as_deref(),
        generation: q.generation_id_or_member_epoch,
        transactional: false,
    };
    match state.groups.get(q.group_id.as_str()) {
        Some(group) => group.check_commit(who),
        None if who.generation >= 0 => Err(ResponseError::IllegalGeneration),
        None => Ok(()),
    }
}

/// What one group has for one partition.
struct Found {
    partition: i32,
    error: i16,
    offset: i64,
    leader_epoch: i32,
    metadata: String,
}

fn look_up(
    cx: &Request<'_>,
    state: &ClusterState,
    group: &str,
    asked: Option<BTreeMap<String, Vec<i32>>>,
    require_stable: bool,
) -> Result<Vec<(String, Vec<Found>)>, ResponseError> {
    cx.fault()?;
    state.check_coordinator(cx.broker, group)?;
    let known = state.groups.get(group);
    let asked = asked.unwrap_or_else(|| {
        let mut all: BTreeMap<String, Vec<i32>> = BTreeMap::new();
        for ((topic, partition), _) in known.iter().flat_map(|g| g.offsets.all()) {
            all.entry(topic.clone()).or_default().push(*partition);
        }
        all
    });
    let find = |topic: &str, partition: i32| {
        let unstable = require_stable && known.is_some_and(|g| g.offsets.is_pending(topic, partition));
        let result = cx.partition_fault(topic, partition).and(if unstable {
            Err(ResponseError::UnstableOffsetCommit)
        } else {
            Ok(())
        });
        let found = known
            .and_then(|g| g.offsets.get(topic, partition))
            .filter(|_| result.is_ok());
        Found {
            partition,
            error: code(&result),
            offset: found.map_or(-1, |o| o.offset),
            leader_epoch: found.map_or(-1, |o| o.leader_epoch),
            metadata: found.map(|o| o.metadata.clone()).unwrap_or_default(),
        }
    };
    Ok(asked
        .into_iter()
        .map(|(topic, partitions)| {
            let found = partitions.into_iter().map(|p| find(&topic, p)).collect();
            (topic, found)
        })
        .collect())
}

pub(crate) fn fetch(cx: &Request<'_>, q: OffsetFetchRequest) -> OffsetFetchResponse {
    let state = cx.state();
    if cx.version < BATCHED {
        let asked = q.topics.map(|all| {
            all.into_iter()
                .map(|t| (t.name.to_string(), t.partition_indexes))
                .collect()
        });
        let found = look_up(cx, &state, &q.group_id, asked, q.require_stable);
        let error = code(&found);
        let topics = found.unwrap_or_default().into_iter().map(|(name, all)| {
            let partitions = all.into_iter().map(|f| {
                OffsetFetchResponsePartition::default()
                    .with_partition_index(f.partition)
                    .with_error_code(f.error)
                    .with_committed_offset(f.offset)
                    .with_committed_leader_epoch(f.leader_epoch)
                    .with_metadata(Some(text(&f.metadata)))
            });
            OffsetFetchResponseTopic::default()
                .with_name(topic_name(&name))
                .with_partitions(partitions.collect())
        });
        return OffsetFetchResponse::default()
            .with_error_code(error)
            .with_topics(topics.collect());
    }
    let require_stable = q.require_stable;
    let groups = q.groups.into_iter().map(|group| {
        let asked = group.topics.map(|all| {
            all.into_iter()
                .map(|t| (t.name.to_string(), t.partition_indexes))
                .collect()
        });
        let found = look_up(cx, &state, &group.group_id, asked, require_stable);
        let error = code(&found);
        let topics = found.unwrap_or_default().into_iter().map(|(name, all)| {
            let partitions = all.into_iter().map(|f| {
                OffsetFetchResponsePartitions::default()
                    .with_partition_index(f.partition)
                    .with_error_code(f.error)
                    .with_committed_offset(f.offset)
                    .with_committed_leader_epoch(f.leader_epoch)
                    .with_metadata(Some(text(&f.metadata)))
            });
            OffsetFetchResponseTopics::default()
                .with_name(topic_name(&name))
                .with_partitions(partitions.collect())
        });
        let topics = topics.collect();
        OffsetFetchResponseGroup::default()
            .with_group_id(group.group_id)
            .with_error_code(error)
            .with_topics(topics)
    });
    let groups = groups.collect();
    OffsetFetchResponse::default().with_groups(groups)
}

pub(crate) fn delete(cx: &Request<'_>, q: OffsetDeleteRequest) -> OffsetDeleteResponse {
    let mut state = cx.state();
    let allowed = cx
        .fault()
        .and_then(|()| state.check_coordinator(cx.broker, &q.group_id))
        .and_then(|()| match state.groups.get(q.group_id.as_str()) {
            None => Err(ResponseError::GroupIdNotFound),
            // Which topics members have subscribed is not looked into, so any member protects all of them.
            Some(group) if !group.members.is_empty() => Err(ResponseError::NonEmptyGroup),
            Some(_) => Ok(()),
        });
    let answer = OffsetDeleteResponse::default().with_error_code(code(&allowed));
    if allowed.is_err() {
        return answer;
    }
    let Some(group) = state.groups.get_mut(q.group_id.as_str()) else {
        return answer;
    };
    let topics = q.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|part| {
            group.offsets.remove(&topic.name, part.partition_index);
            OffsetDeleteResponsePartition::default().with_partition_index(part.partition_index)
        });
        let partitions = partitions.collect();
        OffsetDeleteResponseTopic::default()
            .with_name(topic.name)
            .with_partitions(partitions)
    });
    let topics = topics.collect();
    answer.with_topics(topics)
}
