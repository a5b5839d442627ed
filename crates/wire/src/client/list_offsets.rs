use std::collections::BTreeMap;

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::list_offsets_response::ListOffsetsPartitionResponse;
use kafka_protocol::messages::{ApiKey, BrokerId, ListOffsetsRequest};

use crate::client::core::Client;
use crate::client::leaders::ByPartition;
use crate::client::text::topic_name;
use crate::error::{Result, Unsupported, WireError};
use crate::net::{Budget, Connection};
use crate::topic_partition::{TopicPartition, by_topic};

/// The first version of the request with transactions in mind.
const HAS_ISOLATION: i16 = 2;
/// The versions that can be asked in at a time that is no end of the log.
const HAS_TIME: (i16, i16) = (1, i16::MAX);

/// Which offset of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetSpec {
    /// That of the first record there is.
    Earliest,
    /// The one behind the last record: with [`Isolation::Committed`], behind the last one that no open transaction is
    /// before.
    Latest,
    /// That of the first record with this timestamp or a later one, in ms since 1970.
    AtTime(i64),
}

impl OffsetSpec {
    fn on_wire(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            Self::AtTime(time) => time.max(0),
        }
    }
}

/// Whether records of open and aborted transactions are seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Isolation {
    /// They are.
    Uncommitted,
    /// They are not: the log ends at the last stable offset.
    #[default]
    Committed,
}

impl Isolation {
    pub(crate) fn on_wire(self) -> i8 {
        match self {
            Self::Uncommitted => 0,
            Self::Committed => 1,
        }
    }
}

/// An offset that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedOffset {
    /// It; none if no record is as late as the time that was asked for.
    pub offset: Option<i64>,
    /// The record's timestamp, where one was asked for.
    pub timestamp: Option<i64>,
    /// The leader epoch of the record; none before Kafka 2.1.
    pub leader_epoch: Option<i32>,
}

impl Client {
    /// An offset of each partition, from its leader.
    ///
    /// # Errors
    /// The cluster does not answer. What concerns a partition is its outcome; times need Kafka 0.10.1.
    pub fn list_offsets(
        &self,
        partitions: &[TopicPartition],
        spec: OffsetSpec,
        isolation: Isolation,
    ) -> Result<BTreeMap<TopicPartition, Result<ListedOffset>>> {
        let wanted: Vec<(TopicPartition, ())> = partitions.iter().map(|place| (place.clone(), ())).collect();
        self.by_leader(&wanted, |connection, group, budget| {
            let offered = connection.versions().range(ApiKey::ListOffsets);
            if offered.is_some_and(|(_, highest)| highest == 0) {
                return self.first_offsets(connection, group, spec, budget);
            }
            let (_, response) = self.ask(connection, HAS_TIME, budget, |version| {
                request(version, group, spec, isolation)
            })?;
            let mut outcomes = ByPartition::new();
            for topic in response.topics {
                for partition in topic.partitions {
                    let place = TopicPartition::new(topic.name.as_str(), partition.partition_index);
                    outcomes.insert(place, outcome(&partition));
                }
            }
            Ok(outcomes)
        })
    }

    fn first_offsets(
        &self,
        connection: &Connection,
        group: &[(TopicPartition, ())],
        spec: OffsetSpec,
        budget: &Budget,
    ) -> Result<ByPartition<ListedOffset>> {
        if let OffsetSpec::AtTime(_) = spec {
            let missing: Unsupported = match connection.versions().pick(ApiKey::ListOffsets, 1, i16::MAX) {
                Err(missing) => missing,
                Ok(_) => return Ok(ByPartition::new()),
            };
            let all = group
                .iter()
                .map(|(place, ())| (place.clone(), Err(missing.clone().into())));
            return Ok(all.collect());
        }
        let topics: Vec<(&str, Vec<i32>)> = by_topic(group)
            .into_iter()
            .map(|(topic, partitions)| (topic, partitions.into_iter().map(|(number, ())| number).collect()))
            .collect();
        let found = self.first_list_offsets(connection, &topics, spec.on_wire(), budget)?;
        Ok(found
            .into_iter()
            .map(|(topic, partition, code, offset)| {
                let listed = ListedOffset {
                    offset,
                    timestamp: None,
                    leader_epoch: None,
                };
                let outcome = WireError::check(ApiKey::ListOffsets, code, None).map(|()| listed);
                (TopicPartition::new(topic, partition), outcome)
            })
            .collect())
    }
}

fn request(
    version: i16,
    group: &[(TopicPartition, ())],
    spec: OffsetSpec,
    isolation: Isolation,
) -> ListOffsetsRequest {
    let topics = by_topic(group)
        .into_iter()
        .map(|(topic, partitions)| {
            let partitions = partitions
                .into_iter()
                .map(|(partition, ())| {
                    ListOffsetsPartition::default()
                        .with_partition_index(partition)
                        .with_current_leader_epoch(-1)
                        .with_timestamp(spec.on_wire())
                })
                .collect();
            ListOffsetsTopic::default()
                .with_name(topic_name(topic))
                .with_partitions(partitions)
        })
        .collect();
    let request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(topics);
    // Brokers before it have no transactions.
    if version >= HAS_ISOLATION {
        request.with_isolation_level(isolation.on_wire())
    } else {
        request
    }
}

fn outcome(partition: &ListOffsetsPartitionResponse) -> Result<ListedOffset> {
    WireError::check(ApiKey::ListOffsets, partition.error_code, None)?;
    Ok(ListedOffset {
        offset: Some(partition.offset).filter(|offset| *offset >= 0),
        timestamp: Some(partition.timestamp).filter(|time| *time >= 0),
        leader_epoch: Some(partition.leader_epoch).filter(|epoch| *epoch >= 0),
    })
}
