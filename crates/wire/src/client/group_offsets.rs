use std::collections::BTreeMap;

use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::{ApiKey, GroupId, OffsetCommitRequest, OffsetFetchRequest};

use crate::client::coordinators::CoordinatorKind;
use crate::client::core::Client;
use crate::client::text::{text, topic_name};
use crate::error::{Result, WireError};
use crate::topic_partition::{TopicPartition, by_topic};

/// The first version that can be asked for all partitions.
const ALL_BY_NULL: i16 = 2;
/// The first version that waits for what open transactions commit.
const STABLE: i16 = 7;
/// The first version with several groups in one request.
const BY_GROUPS: i16 = 8;
/// The last version before topics go by ids.
const BY_NAME: i16 = 9;
/// The first version with the leader epoch of a position.
const HAS_EPOCH: i16 = 6;

/// A position of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupOffset {
    /// The next offset to be read.
    pub offset: i64,
    /// The leader epoch of the last record that was read; none if it is not known.
    pub leader_epoch: Option<i32>,
    /// What the committer noted with it.
    pub metadata: String,
}

/// The positions of a group.
pub type GroupOffsets = BTreeMap<TopicPartition, Result<GroupOffset>>;

type Fetched = (String, i32, i64, i32, String, i16);

impl Client {
    /// A group's positions: of `partitions`, or all. A partition without one is left out.
    ///
    /// With `stable`, positions that an open transaction is about to replace are waited for; that needs Kafka 2.5, and
    /// older brokers are asked without it.
    ///
    /// # Errors
    /// No coordinator answers, or no right. What concerns a partition is its outcome.
    pub fn offset_fetch(
        &self,
        group: &str,
        partitions: Option<&[TopicPartition]>,
        stable: bool,
    ) -> Result<GroupOffsets> {
        let wanted: Option<Vec<(TopicPartition, ())>> =
            partitions.map(|places| places.iter().map(|place| (place.clone(), ())).collect());
        let lowest = if wanted.is_none() { ALL_BY_NULL } else { 0 };
        let fetched = self.at_coordinator(CoordinatorKind::Group, group, |connection, budget| {
            let (version, response) = self.ask(connection, (lowest, BY_NAME), budget, |version| {
                fetch_request(version, group, wanted.as_deref(), stable)
            })?;
            let (code, fetched) = if version >= BY_GROUPS {
                let one = response.groups.into_iter().next().unwrap_or_default();
                (one.error_code, of_groups(&one))
            } else {
                (response.error_code, of_topics(&response))
            };
            settled(code, fetched)
        })?;
        Ok(positions(fetched))
    }

    /// All positions of several groups, each as [`Client::offset_fetch`] returns them: in one request for many groups
    /// where their coordinator can (Kafka 3.0). A group that the cluster does not know has none.
    ///
    /// # Errors
    /// The cluster does not answer at all. What concerns a group is its outcome: no right, or positions that are not
    /// stable yet.
    pub fn offset_fetch_groups(
        &self,
        groups: &[&str],
        stable: bool,
    ) -> Result<BTreeMap<String, Result<GroupOffsets>>> {
        self.by_coordinator(groups, |connection, groups, budget| {
            let offered = connection.versions().range(ApiKey::OffsetFetch);
            if offered.is_some_and(|(_, highest)| highest >= BY_GROUPS) {
                let (_, response) = self.ask(connection, (BY_GROUPS, BY_NAME), budget, |version| {
                    OffsetFetchRequest::default()
                        .with_require_stable(stable && version >= STABLE)
                        .with_groups(groups.iter().map(|group| of_all(group, None)).collect())
                })?;
                let outcomes = response.groups.iter().map(|group| {
                    let outcome = settled(group.error_code, of_groups(group)).map(positions);
                    (group.group_id.to_string(), outcome)
                });
                return Ok(outcomes.collect());
            }
            let mut outcomes = BTreeMap::new();
            for group in groups {
                let (_, response) =
                    self.ask(connection, (ALL_BY_NULL, BY_GROUPS - 1), budget, |version| {
                        fetch_request(version, group, None, stable)
                    })?;
                let outcome = settled(response.error_code, of_topics(&response)).map(positions);
                outcomes.insert((*group).to_owned(), outcome);
            }
            Ok(outcomes)
        })
    }

    /// Sets positions of a group that has no members.
    ///
    /// # Errors
    /// No coordinator answers, or no right. What concerns a partition is its outcome; that the group has members is
    /// one.
    pub fn offset_commit(
        &self,
        group: &str,
        offsets: &BTreeMap<TopicPartition, GroupOffset>,
    ) -> Result<BTreeMap<TopicPartition, Result<()>>> {
        let items: Vec<(TopicPartition, GroupOffset)> = offsets
            .iter()
            .map(|(place, offset)| (place.clone(), offset.clone()))
            .collect();
        self.at_coordinator(CoordinatorKind::Group, group, |connection, budget| {
            let (_, response) = self.ask(connection, (2, BY_NAME), budget, |version| {
                commit_request(version, group, &items)
            })?;
            let mut outcomes = BTreeMap::new();
            for topic in &response.topics {
                for partition in &topic.partitions {
                    let outcome = WireError::check(ApiKey::OffsetCommit, partition.error_code, None);
                    if let Err(error) = &outcome
                        && error.is_retriable()
                        && error.code() != Some(crate::ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
                    {
                        return Err(error.clone());
                    }
                    let place = TopicPartition::new(topic.name.as_str(), partition.partition_index);
                    outcomes.insert(place, outcome);
                }
            }
            Ok(outcomes)
        })
    }
}

/// What was fetched, unless it is to be asked for again.
fn settled(code: i16, fetched: Vec<Fetched>) -> Result<Vec<Fetched>> {
    WireError::check(ApiKey::OffsetFetch, code, None)?;
    // Before version 2 the coordinator's own errors are returned for each partition; "not stable yet" always is.
    let again = fetched.iter().find_map(|(.., code)| {
        WireError::check(ApiKey::OffsetFetch, *code, None)
            .err()
            .filter(WireError::is_retriable)
    });
    again.map_or(Ok(fetched), Err)
}

fn positions(fetched: Vec<Fetched>) -> GroupOffsets {
    fetched
        .into_iter()
        .filter_map(|(topic, partition, offset, epoch, metadata, code)| {
            let place = TopicPartition::new(topic, partition);
            match WireError::check(ApiKey::OffsetFetch, code, None) {
                Err(error) => Some((place, Err(error))),
                Ok(()) if offset < 0 => None,
                Ok(()) => {
                    let position = GroupOffset {
                        offset,
                        leader_epoch: Some(epoch).filter(|epoch| *epoch >= 0),
                        metadata,
                    };
                    Some((place, Ok(position)))
                }
            }
        })
        .collect()
}

/// What is asked of one group in a request for several: some topics, or all.
fn of_all(group: &str, topics: Option<Vec<OffsetFetchRequestTopics>>) -> OffsetFetchRequestGroup {
    OffsetFetchRequestGroup::default()
        .with_group_id(GroupId(text(group)))
        .with_member_epoch(-1)
        .with_topics(topics)
}

fn fetch_request(
    version: i16,
    group: &str,
    wanted: Option<&[(TopicPartition, ())]>,
    stable: bool,
) -> OffsetFetchRequest {
    let request = OffsetFetchRequest::default().with_require_stable(stable && version >= STABLE);
    let numbers = |partitions: Vec<(i32, ())>| partitions.into_iter().map(|(number, ())| number).collect();
    if version >= BY_GROUPS {
        let topics = wanted.map(|wanted| {
            by_topic(wanted)
                .into_iter()
                .map(|(topic, partitions)| {
                    OffsetFetchRequestTopics::default()
                        .with_name(topic_name(topic))
                        .with_partition_indexes(numbers(partitions))
                })
                .collect()
        });
        return request.with_groups(vec![of_all(group, topics)]);
    }
    let topics = wanted.map(|wanted| {
        by_topic(wanted)
            .into_iter()
            .map(|(topic, partitions)| {
                OffsetFetchRequestTopic::default()
                    .with_name(topic_name(topic))
                    .with_partition_indexes(numbers(partitions))
            })
            .collect()
    });
    request.with_group_id(GroupId(text(group))).with_topics(topics)
}

fn of_groups(
    group: &kafka_protocol::messages::offset_fetch_response::OffsetFetchResponseGroup,
) -> Vec<Fetched> {
    let mut found = Vec::new();
    for topic in &group.topics {
        for one in &topic.partitions {
            found.push((
                topic.name.to_string(),
                one.partition_index,
                one.committed_offset,
                one.committed_leader_epoch,
                one.metadata.as_deref().unwrap_or_default().to_owned(),
                one.error_code,
            ));
        }
    }
    found
}

fn of_topics(response: &kafka_protocol::messages::OffsetFetchResponse) -> Vec<Fetched> {
    let mut found = Vec::new();
    for topic in &response.topics {
        for one in &topic.partitions {
            found.push((
                topic.name.to_string(),
                one.partition_index,
                one.committed_offset,
                one.committed_leader_epoch,
                one.metadata.as_deref().unwrap_or_default().to_owned(),
                one.error_code,
            ));
        }
    }
    found
}

fn commit_request(version: i16, group: &str, items: &[(TopicPartition, GroupOffset)]) -> OffsetCommitRequest {
    let topics = by_topic(items)
        .into_iter()
        .map(|(topic, partitions)| {
            let partitions = partitions
                .into_iter()
                .map(|(number, offset)| {
                    let one = OffsetCommitRequestPartition::default()
                        .with_partition_index(number)
                        .with_committed_offset(offset.offset)
                        .with_committed_metadata(Some(text(&offset.metadata)));
                    match offset.leader_epoch {
                        Some(epoch) if version >= HAS_EPOCH => one.with_committed_leader_epoch(epoch),
                        _ => one,
                    }
                })
                .collect();
            OffsetCommitRequestTopic::default()
                .with_name(topic_name(topic))
                .with_partitions(partitions)
        })
        .collect();
    OffsetCommitRequest::default()
        .with_group_id(GroupId(text(group)))
        .with_generation_id_or_member_epoch(-1)
        // The broker's own retention.
        .with_retention_time_ms(-1)
        .with_topics(topics)
}
