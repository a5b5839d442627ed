use std::collections::BTreeMap;

use uuid::Uuid;

use crate::error::WireError;
use crate::error_code::ErrorCode;
use crate::net::Address;

/// A broker as it advertises itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerInfo {
    /// Its number.
    pub id: i32,
    /// Its advertised address.
    pub address: Address,
    /// Its rack, if it has one.
    pub rack: Option<String>,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterInfo {
    /// Its id; none before 0.10.1.
    pub id: Option<String>,
    /// The broker that leads it, or that passes requests on to the one that does.
    pub controller: Option<i32>,
    /// The brokers that are up.
    pub brokers: Vec<BrokerInfo>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// Its id; none before Kafka 2.8.
    pub id: Option<Uuid>,
    /// Whether it is one of Kafka's own.
    pub internal: bool,
    /// Why nothing more is known of it.
    pub error: Option<ErrorCode>,
    /// Its partitions by number.
    pub partitions: Vec<PartitionInfo>,
}

impl TopicInfo {
    /// A partition by its number.
    pub fn partition(&self, number: i32) -> Option<&PartitionInfo> {
        let at = self
            .partitions
            .binary_search_by_key(&number, |one| one.partition)
            .ok()?;
        self.partitions.get(at)
    }
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionInfo {
    /// Its number.
    pub partition: i32,
    /// The broker that leads it; none at present.
    pub leader: Option<i32>,
    /// How often the leader has changed; none before Kafka 2.1.
    pub leader_epoch: Option<i32>,
    /// The brokers that have a copy.
    pub replicas: Vec<i32>,
    /// Those whose copy is complete.
    pub in_sync: Vec<i32>,
    /// Those that are away.
    pub offline: Vec<i32>,
    /// What is wrong with it.
    pub error: Option<ErrorCode>,
}

/// Something that every broker was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct PerBroker<T> {
    /// What the brokers that answered have.
    pub found: Vec<T>,
    /// The brokers that did not answer: what they have is not known.
    pub failed: BTreeMap<i32, WireError>,
}
