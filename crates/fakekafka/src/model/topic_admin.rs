//! Creating, growing and deleting topics.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use uuid::Uuid;

use super::cluster_state::ClusterState;
use super::intake::Rejection;
use super::settings::{Change, apply};
use super::settings_table::TOPIC_SETTINGS;
use super::topic::{Partition, Topic, is_legal_name};

/// Records that Kafka's controller writes for one request, `QuorumController.MAX_RECORDS_PER_BATCH`.
pub(crate) const CONTROLLER_BATCH: i64 = 10_000;

/// The refusal of a request that would take more.
pub(crate) fn too_large() -> Rejection {
    Rejection::new(
        ResponseError::PolicyViolation,
        "Unable to perform excessively large batch operation.",
    )
}

/// Largest number of partitions of one topic: a slip of the finger must not fill the memory.
const MAX_PARTITIONS: i32 = 20_000;

/// A topic to be created.
#[derive(Debug, Default)]
pub(crate) struct NewTopic {
    pub(crate) name: String,
    /// -1 for the cluster's default.
    pub(crate) partitions: i32,
    /// -1 for the cluster's default.
    pub(crate) replication_factor: i16,
    /// Replicas by partition; if given, the two fields above must be -1.
    pub(crate) assignments: Vec<(i32, Vec<i32>)>,
    pub(crate) settings: Vec<(String, Option<String>)>,
}

impl ClusterState {
    /// Creates a topic, or only says whether it could.
    pub(crate) fn create_topic(&mut self, new: &NewTopic, validate_only: bool) -> Result<Topic, Rejection> {
        if !is_legal_name(&new.name) {
            return Err(Rejection::new(
                ResponseError::InvalidTopicException,
                format!("Topic name is invalid: '{}'", new.name),
            ));
        }
        if self.topics.contains_key(&new.name) {
            return Err(Rejection::new(
                ResponseError::TopicAlreadyExists,
                format!("Topic '{}' already exists.", new.name),
            ));
        }
        let replicas = if new.assignments.is_empty() {
            self.spread(new)?
        } else {
            self.assigned(new)?
        };
        let mut settings = BTreeMap::new();
        for (name, value) in &new.settings {
            let Some(value) = value else {
                return Err(Rejection::new(
                    ResponseError::InvalidConfig,
                    format!("Null value not supported for topic configs: {name}"),
                ));
            };
            apply(TOPIC_SETTINGS, &mut settings, name, "", Change::Set(value))
                .map_err(|message| Rejection::new(ResponseError::InvalidConfig, message))?;
        }
        let make = |id| Topic {
            id,
            partitions: replicas.iter().map(|ids| Partition::new(ids.clone())).collect(),
            settings: settings.clone(),
        };
        if validate_only {
            return Ok(make(Uuid::nil()));
        }
        let id = Uuid::new_v4();
        self.next_leader += 1;
        self.topic_names.insert(id, new.name.clone());
        self.topics.insert(new.name.clone(), make(id));
        Ok(make(id))
    }

    fn spread(&self, new: &NewTopic) -> Result<Vec<Vec<i32>>, Rejection> {
        let count = match new.partitions {
            -1 => self.settings.number("num.partitions") as i32,
            n => n,
        };
        if !(1..=MAX_PARTITIONS).contains(&count) {
            return Err(Rejection::new(
                ResponseError::InvalidPartitions,
                format!("Number of partitions was set to an invalid value: {count}"),
            ));
        }
        let factor = match new.replication_factor {
            -1 => self.settings.number("default.replication.factor"),
            n => n.into(),
        };
        let brokers = self.alive();
        if factor < 1 || factor > brokers.len() as i64 {
            return Err(Rejection::new(
                ResponseError::InvalidReplicationFactor,
                format!(
                    "Unable to replicate the partition {factor} time(s): \
                     only {} broker(s) are registered.",
                    brokers.len()
                ),
            ));
        }
        Ok((0..count as usize)
            .map(|p| pick(&brokers, self.next_leader + p, factor as usize))
            .collect())
    }

    fn assigned(&self, new: &NewTopic) -> Result<Vec<Vec<i32>>, Rejection> {
        if new.partitions != -1 || new.replication_factor != -1 {
            return Err(Rejection::new(
                ResponseError::InvalidRequest,
                "Both replica assignment and partition count or replication factor were given",
            ));
        }
        let sorted: BTreeMap<i32, &Vec<i32>> = new.assignments.iter().map(|(p, ids)| (*p, ids)).collect();
        let consecutive = sorted.keys().copied().eq(0..new.assignments.len() as i32);
        let known = sorted
            .values()
            .all(|ids| !ids.is_empty() && ids.iter().all(|id| self.nodes.contains_key(id)));
        if !consecutive || !known {
            return Err(Rejection::new(
                ResponseError::InvalidReplicaAssignment,
                "Partitions must be consecutive from 0 and replicas must be known brokers",
            ));
        }
        Ok(sorted.into_values().cloned().collect())
    }

    /// Grows a topic to `count` partitions.
    pub(crate) fn add_partitions(
        &mut self,
        name: &str,
        count: i32,
        assignments: Option<Vec<Vec<i32>>>,
        validate_only: bool,
    ) -> Result<(), Rejection> {
        let brokers = self.alive();
        let nodes: Vec<i32> = self.nodes.keys().copied().collect();
        let topic = self
            .topics
            .get_mut(name)
            .ok_or(ResponseError::UnknownTopicOrPartition)?;
        let have = topic.partitions.len() as i32;
        if count <= have || count > MAX_PARTITIONS {
            return Err(Rejection::new(
                ResponseError::InvalidPartitions,
                format!(
                    "The topic {name} currently has {have} partition(s); {count} would not be an increase."
                ),
            ));
        }
        if i64::from(count - have) > CONTROLLER_BATCH {
            return Err(too_large());
        }
        let factor = topic
            .partitions
            .first()
            .map_or(1, |p| p.replicas.len())
            .min(brokers.len().max(1));
        let added: Vec<Vec<i32>> = match assignments {
            None => (have..count)
                .map(|p| pick(&brokers, p as usize, factor))
                .collect(),
            Some(given) => {
                let known = |ids: &Vec<i32>| !ids.is_empty() && ids.iter().all(|id| nodes.contains(id));
                if given.len() as i32 != count - have || !given.iter().all(known) {
                    return Err(Rejection::new(
                        ResponseError::InvalidReplicaAssignment,
                        "Every new partition needs replicas that are known brokers",
                    ));
                }
                given
            }
        };
        if !validate_only {
            topic.partitions.extend(added.into_iter().map(Partition::new));
        }
        Ok(())
    }

    /// Deletes a topic and what groups committed for it.
    pub(crate) fn delete_topic(&mut self, name: &str) -> Result<Uuid, ResponseError> {
        let topic = self
            .topics
            .remove(name)
            .ok_or(ResponseError::UnknownTopicOrPartition)?;
        self.topic_names.remove(&topic.id);
        for group in self.groups.values_mut() {
            group.forget_topic(name);
        }
        for transaction in self.transactions.values_mut() {
            transaction.partitions.retain(|(topic, _)| topic != name);
        }
        Ok(topic.id)
    }
}

/// `factor` different brokers, the first at a rotating position.
fn pick(brokers: &[i32], from: usize, factor: usize) -> Vec<i32> {
    brokers
        .iter()
        .copied()
        .cycle()
        .skip(from % brokers.len().max(1))
        .take(factor.min(brokers.len()))
        .collect()
}
