//! Topics and the leadership of their partitions.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::log::PartitionLog;

/// A partition, its log and who leads it.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) log: PartitionLog,
    /// Brokers that may lead, preferred one first. There is one log, not a copy on each.
    pub(crate) replicas: Vec<i32>,
    /// None while all replicas are stopped.
    pub(crate) leader: Option<i32>,
    pub(crate) leader_epoch: i32,
    /// The broker that consumers with a rack are sent to.
    pub(crate) nearest: Option<i32>,
}

impl Partition {
    pub(crate) fn new(replicas: Vec<i32>) -> Self {
        let mut log = PartitionLog::default();
        log.begin_epoch(0);
        let leader = replicas.first().copied();
        Partition {
            log,
            replicas,
            leader,
            leader_epoch: 0,
            nearest: None,
        }
    }

    /// Gives the partition another leader and begins its term.
    pub(crate) fn elect(&mut self, leader: Option<i32>) {
        self.leader = leader;
        if leader.is_some() {
            self.leader_epoch += 1;
            self.log.begin_epoch(self.leader_epoch);
        }
    }
}

/// A topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) id: Uuid,
    pub(crate) partitions: Vec<Partition>,
    /// Settings given to this topic; all others have the cluster's value.
    pub(crate) settings: BTreeMap<String, String>,
}

impl Topic {
    pub(crate) fn partition(&self, index: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn partition_mut(&mut self, index: i32) -> Option<&mut Partition> {
        self.partitions.get_mut(usize::try_from(index).ok()?)
    }
}

/// Whether Kafka accepts the name.
pub(crate) fn is_legal_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && name.len() <= 249 && name != "." && name != ".." && name.chars().all(legal)
}
