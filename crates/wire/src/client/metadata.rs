use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{MetadataResponsePartition, MetadataResponseTopic};
use kafka_protocol::messages::{ApiKey, MetadataRequest, MetadataResponse};
use uuid::Uuid;

use crate::client::cluster_info::{BrokerInfo, ClusterInfo, PartitionInfo, TopicInfo};
use crate::client::core::Client;
use crate::client::text::topic_name;
use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::net::{Address, Budget};
use crate::topic_partition::TopicPartition;

/// The first version of the request that can forbid that a broker creates the topics it names.
const FORBIDS_CREATION: i16 = 4;
/// The first version in which an empty list names no topic; before it, it meant all of them.
const EMPTY_IS_NONE: i16 = 1;

/// The latest metadata of the cluster.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    cluster: Option<ClusterInfo>,
    leaders: BTreeMap<TopicPartition, Leadership>,
}

/// Who leads a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leadership {
    pub(crate) leader: Option<i32>,
    pub(crate) epoch: Option<i32>,
}

impl Client {
    fn metadata(&self) -> MutexGuard<'_, Metadata> {
        self.shared
            .metadata
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The cluster as it is now.
    ///
    /// # Errors
    /// No broker answers.
    pub fn cluster(&self) -> Result<ClusterInfo> {
        self.retrying(|budget| Ok(self.ask_metadata(Some(&BTreeSet::new()), budget)?.0))
    }

    /// All topics, or those of `names`; one that does not exist has its error. Nothing is created: brokers before 0.11,
    /// which create what is named to them, are asked for all topics.
    ///
    /// # Errors
    /// No broker answers.
    pub fn topics(&self, names: Option<&[&str]>) -> Result<Vec<TopicInfo>> {
        let names: Option<BTreeSet<&str>> = names.map(|names| names.iter().copied().collect());
        self.retrying(|budget| Ok(self.ask_metadata(names.as_ref(), budget)?.1))
    }

    /// Asks for the cluster and for topics, and caches the answer.
    pub(crate) fn ask_metadata(
        &self,
        names: Option<&BTreeSet<&str>>,
        budget: &Budget,
    ) -> Result<(ClusterInfo, Vec<TopicInfo>)> {
        let connection = self.shared.pool.any(budget)?;
        let (_, response) = self.ask(&connection, (0, i16::MAX), budget, |version| {
            request(version, names)
        })?;
        WireError::check(ApiKey::Metadata, response.error_code, None)?;
        let cluster = cluster_of(&response)?;
        if cluster.brokers.is_empty() {
            // A broker that is starting knows of none, not even itself.
            return Err(WireError::Unavailable {
                what: "the cluster".to_owned(),
                role: "broker",
            });
        }
        let topics = topics_of(&response, names);
        self.keep(&cluster, &topics, names.is_none());
        Ok((cluster, topics))
    }

    fn keep(&self, cluster: &ClusterInfo, topics: &[TopicInfo], all: bool) {
        let mut metadata = self.metadata();
        if all {
            // Deleted topics are not kept for ever.
            metadata.leaders.clear();
        }
        metadata.cluster = Some(cluster.clone());
        for topic in topics {
            if topic.error.is_some() {
                metadata.leaders.retain(|place, _| place.topic != topic.name);
            }
            for partition in &topic.partitions {
                metadata.leaders.insert(
                    TopicPartition::new(topic.name.as_str(), partition.partition),
                    Leadership {
                        leader: partition.leader,
                        epoch: partition.leader_epoch,
                    },
                );
            }
        }
    }

    /// Who leads a partition as far as is known.
    pub(crate) fn known_leader(&self, place: &TopicPartition) -> Option<Leadership> {
        self.metadata().leaders.get(place).copied()
    }

    /// The broker that leads a partition and its epoch from the metadata cache; requested if it is not cached.
    ///
    /// # Errors
    /// The cluster does not answer, or the partition does not exist or has no leader at present.
    pub fn leader(&self, place: &TopicPartition) -> Result<(i32, Option<i32>)> {
        let known = |client: &Self| {
            let leadership = client.known_leader(place)?;
            Some((leadership.leader?, leadership.epoch))
        };
        if let Some(leader) = known(self) {
            return Ok(leader);
        }
        self.retrying(|budget| {
            let (_, topics) = self.ask_metadata(Some(&BTreeSet::from([place.topic.as_str()])), budget)?;
            let code = topics.first().and_then(|topic| topic.error);
            WireError::check(ApiKey::Metadata, code.map_or(0, ErrorCode::number), None)?;
            known(self).ok_or_else(|| WireError::Unavailable {
                what: place.to_string(),
                role: "leader",
            })
        })
    }

    /// Forgets who leads a partition, after a broker has said that it does not.
    pub fn forget_leader(&self, place: &TopicPartition) {
        self.metadata().leaders.remove(place);
    }

    /// Takes a leader that an answer to Fetch or Produce names, unless a newer one is known.
    pub fn learn_leader(&self, place: &TopicPartition, leader: i32, epoch: i32) {
        let mut metadata = self.metadata();
        let known = metadata.leaders.get(place).and_then(|known| known.epoch);
        if known.is_none_or(|known| known <= epoch) {
            let leadership = Leadership {
                leader: Some(leader),
                epoch: Some(epoch),
            };
            metadata.leaders.insert(place.clone(), leadership);
        }
    }

    /// Forgets the brokers' addresses, so that they are asked for again.
    pub(crate) fn forget_brokers(&self) {
        self.metadata().cluster = None;
    }

    /// A broker's advertised address.
    ///
    /// # Errors
    /// The cluster does not answer, or has no such broker at present.
    pub(crate) fn address_of(&self, broker: i32, budget: &Budget) -> Result<Address> {
        let find = |cluster: &ClusterInfo| {
            let found = cluster.brokers.iter().find(|known| known.id == broker);
            found.map(|known| known.address.clone())
        };
        let known = self.metadata().cluster.as_ref().and_then(find);
        if let Some(address) = known {
            return Ok(address);
        }
        let (cluster, _) = self.ask_metadata(Some(&BTreeSet::new()), budget)?;
        find(&cluster).ok_or_else(|| WireError::Unavailable {
            what: format!("number {broker}"),
            role: "broker",
        })
    }

    /// The controller's connection, for requests that only it carries out.
    ///
    /// # Errors
    /// The cluster does not answer, or has none at present.
    pub(crate) fn controller(&self, budget: &Budget) -> Result<std::sync::Arc<crate::net::Connection>> {
        let (cluster, _) = self.ask_metadata(Some(&BTreeSet::new()), budget)?;
        let id = cluster.controller.ok_or_else(|| WireError::Unavailable {
            what: "the cluster".to_owned(),
            role: "controller",
        })?;
        self.connection(id, budget)
    }
}

fn request(version: i16, names: Option<&BTreeSet<&str>>) -> MetadataRequest {
    // Version 0 says "all" by an empty list.
    let all = if version < EMPTY_IS_NONE {
        Some(Vec::new())
    } else {
        None
    };
    let can_name_topics = version >= FORBIDS_CREATION;
    let topics = match names {
        Some(names) if can_name_topics || (names.is_empty() && version >= EMPTY_IS_NONE) => Some(
            names
                .iter()
                .map(|name| MetadataRequestTopic::default().with_name(Some(topic_name(name))))
                .collect(),
        ),
        _ => all,
    };
    MetadataRequest::default()
        .with_topics(topics)
        // Older versions have no such field, and the crate wants its default there.
        .with_allow_auto_topic_creation(!can_name_topics)
}

fn cluster_of(response: &MetadataResponse) -> Result<ClusterInfo> {
    let brokers = response
        .brokers
        .iter()
        .map(|broker| {
            let port = u16::try_from(broker.port).map_err(|_| WireError::Malformed {
                what: "Metadata".to_owned(),
                reason: format!("broker {} has the port {}", broker.node_id.0, broker.port),
            })?;
            Ok(BrokerInfo {
                id: broker.node_id.0,
                address: Address::new(&broker.host, port),
                rack: broker.rack.as_ref().map(|rack| rack.to_string()),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(ClusterInfo {
        id: response.cluster_id.as_ref().map(|id| id.to_string()),
        controller: Some(response.controller_id.0).filter(|id| *id >= 0),
        brokers,
    })
}

fn topics_of(response: &MetadataResponse, names: Option<&BTreeSet<&str>>) -> Vec<TopicInfo> {
    let mut topics: Vec<TopicInfo> = response.topics.iter().filter_map(topic_of).collect();
    if let Some(names) = names {
        topics.retain(|topic| names.contains(topic.name.as_str()));
        let missing: Vec<TopicInfo> = names
            .iter()
            .filter(|name| topics.iter().all(|topic| topic.name != **name))
            .map(|name| TopicInfo {
                name: (*name).to_owned(),
                id: None,
                internal: false,
                error: Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                partitions: Vec::new(),
            })
            .collect();
        topics.extend(missing);
    }
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    topics
}

fn topic_of(topic: &MetadataResponseTopic) -> Option<TopicInfo> {
    let mut partitions: Vec<PartitionInfo> = topic.partitions.iter().map(partition_of).collect();
    partitions.sort_by_key(|partition| partition.partition);
    Some(TopicInfo {
        name: topic.name.as_ref()?.to_string(),
        id: Some(topic.topic_id).filter(|id| *id != Uuid::nil()),
        internal: topic.is_internal,
        error: ErrorCode::from_wire(topic.error_code),
        partitions,
    })
}

fn partition_of(partition: &MetadataResponsePartition) -> PartitionInfo {
    let ids = |nodes: &[kafka_protocol::messages::BrokerId]| nodes.iter().map(|node| node.0).collect();
    PartitionInfo {
        partition: partition.partition_index,
        leader: Some(partition.leader_id.0).filter(|id| *id >= 0),
        leader_epoch: Some(partition.leader_epoch).filter(|epoch| *epoch >= 0),
        replicas: ids(&partition.replica_nodes),
        in_sync: ids(&partition.isr_nodes),
        offline: ids(&partition.offline_replicas),
        error: ErrorCode::from_wire(partition.error_code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_named_only_where_that_cannot_create_them() {
        let names = BTreeSet::from(["t"]);
        for version in 0..FORBIDS_CREATION {
            let asked = request(version, Some(&names)).topics;
            let all = if version == 0 { Some(Vec::new()) } else { None };
            assert_eq!(asked, all, "version {version}");
        }
        let asked = request(FORBIDS_CREATION, Some(&names));
        assert_eq!(asked.topics.unwrap().len(), 1);
        assert!(!asked.allow_auto_topic_creation);
    }

    #[test]
    fn every_version_of_the_request_can_be_written() {
        use kafka_protocol::protocol::{Encodable, Message};
        for names in [None, Some(BTreeSet::new()), Some(BTreeSet::from(["t"]))] {
            for version in MetadataRequest::VERSIONS.min..=MetadataRequest::VERSIONS.max {
                let mut out = bytes::BytesMut::new();
                request(version, names.as_ref())
                    .encode(&mut out, version)
                    .unwrap();
            }
        }
    }

    #[test]
    fn a_topic_that_was_asked_for_and_is_not_there_has_its_error() {
        let topics = topics_of(&MetadataResponse::default(), Some(&BTreeSet::from(["t"])));
        assert_eq!(topics.len(), 1);
        assert_eq!(topics[0].error, Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    }
}
