//! The whole state of a cluster, and the questions every request asks of it: who leads, who coordinates, who may.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use kafka_protocol::error::ResponseError;
use uuid::Uuid;

use super::fetch_sessions::FetchSessions;
use super::group::Group;
use super::settings::{BrokerSettings, TopicRules};
use super::topic::{Partition, Topic};
use super::transactions::Transaction;

/// What [`FakeCluster::deny`](crate::FakeCluster::deny) takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Fetching records and committing offsets of the topic.
    Read,
    /// Producing to the topic.
    Write,
}

/// A broker as others see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) port: u16,
    /// The port that clients are sent to.
    pub(crate) advertised: u16,
    pub(crate) alive: bool,
}

/// Everything a cluster knows.
#[derive(Debug, Default)]
pub(crate) struct ClusterState {
    pub(crate) cluster_id: String,
    pub(crate) nodes: BTreeMap<i32, Node>,
    pub(crate) topics: BTreeMap<String, Topic>,
    pub(crate) topic_names: HashMap<Uuid, String>,
    pub(crate) fetch_sessions: FetchSessions,
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) transactions: BTreeMap<String, Transaction>,
    /// Transactional id of each producer id that has one.
    pub(crate) transactional_ids: HashMap<i64, String>,
    pub(crate) settings: BrokerSettings,
    pub(crate) denied: HashSet<(String, Access)>,
    pub(crate) next_producer_id: i64,
    /// Broker that leads the first partition of the next topic, so that leaders are spread.
    pub(crate) next_leader: usize,
}

impl ClusterState {
    /// Ids of the brokers that run.
    pub(crate) fn alive(&self) -> Vec<i32> {
        self.nodes
            .iter()
            .filter(|(_, n)| n.alive)
            .map(|(id, _)| *id)
            .collect()
    }

    pub(crate) fn is_alive(&self, broker: i32) -> bool {
        self.nodes.get(&broker).is_some_and(|n| n.alive)
    }

    /// The running broker with the lowest id.
    pub(crate) fn controller(&self) -> i32 {
        self.alive().first().copied().unwrap_or(-1)
    }

    /// The broker that coordinates a group or a transactional id.
    pub(crate) fn coordinator(&self, key: &str) -> Option<i32> {
        let ids: Vec<i32> = self.nodes.keys().copied().collect();
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let first = (hasher.finish() % ids.len().max(1) as u64) as usize;
        ids.iter()
            .cycle()
            .skip(first)
            .take(ids.len())
            .copied()
            .find(|id| self.is_alive(*id))
    }

    /// Refuses a request for a key another broker coordinates.
    pub(crate) fn check_coordinator(&self, broker: i32, key: &str) -> Result<(), ResponseError> {
        if self.coordinator(key) == Some(broker) {
            Ok(())
        } else {
            Err(ResponseError::NotCoordinator)
        }
    }

    pub(crate) fn check_access(&self, topic: &str, access: Access) -> Result<(), ResponseError> {
        if self
            .denied
            .iter()
            .any(|(name, what)| name == topic && *what == access)
        {
            Err(ResponseError::TopicAuthorizationFailed)
        } else {
            Ok(())
        }
    }

    pub(crate) fn topic(&self, name: &str) -> Result<&Topic, ResponseError> {
        self.topics
            .get(name)
            .ok_or(ResponseError::UnknownTopicOrPartition)
    }

    pub(crate) fn has_partition(&self, name: &str, index: i32) -> bool {
        self.topics
            .get(name)
            .is_some_and(|t| t.partition(index).is_some())
    }

    pub(crate) fn partition_mut(&mut self, name: &str, index: i32) -> Result<&mut Partition, ResponseError> {
        self.topics
            .get_mut(name)
            .and_then(|t| t.partition_mut(index))
            .ok_or(ResponseError::UnknownTopicOrPartition)
    }

    /// The partition if `broker` leads it and the client's leader epoch, when it sends one, is the current one.
    pub(crate) fn led_by(
        &self,
        broker: i32,
        name: &str,
        index: i32,
        client_epoch: i32,
    ) -> Result<&Partition, ResponseError> {
        let partition = self
            .topic(name)?
            .partition(index)
            .ok_or(ResponseError::UnknownTopicOrPartition)?;
        if client_epoch >= 0 && client_epoch < partition.leader_epoch {
            return Err(ResponseError::FencedLeaderEpoch);
        }
        if client_epoch > partition.leader_epoch {
            return Err(ResponseError::UnknownLeaderEpoch);
        }
        if partition.leader != Some(broker) {
            return Err(ResponseError::NotLeaderOrFollower);
        }
        Ok(partition)
    }

    pub(crate) fn rules(&self, topic: &str) -> Result<TopicRules, ResponseError> {
        Ok(TopicRules::of(self.topic(topic)?, &self.settings))
    }

    /// Whether the replicas that run are as many as the topic wants for `acks=all`.
    pub(crate) fn in_sync(&self, partition: &Partition) -> usize {
        partition.replicas.iter().filter(|id| self.is_alive(**id)).count()
    }

    pub(crate) fn new_producer_id(&mut self) -> i64 {
        self.next_producer_id += 1;
        self.next_producer_id
    }

    /// Notes that a broker runs or stopped, and elects other leaders where it matters.
    pub(crate) fn set_alive(&mut self, broker: i32, alive: bool) {
        if let Some(node) = self.nodes.get_mut(&broker) {
            node.alive = alive;
        }
        let running: HashSet<i32> = self.alive().into_iter().collect();
        for partition in self.topics.values_mut().flat_map(|t| t.partitions.iter_mut()) {
            if partition.leader.is_some_and(|id| running.contains(&id)) {
                continue;
            }
            let heir = partition.replicas.iter().copied().find(|id| running.contains(id));
            if heir != partition.leader {
                partition.elect(heir);
            }
        }
    }
}
