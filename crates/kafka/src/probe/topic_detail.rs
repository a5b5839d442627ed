use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::admin::{Admin, ConfigOrigin, Metadata, OffsetQuery};
use crate::error::{ErrorCode, KafkaError, Result};
use crate::probe::listing::settled;

/// A topic with everything a person looks up about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TopicDetail {
    /// Name.
    pub name: String,
    /// Its partitions by number.
    pub partitions: Vec<PartitionDetail>,
    /// Its configuration by name; empty where it cannot be read.
    pub config: Vec<TopicSetting>,
    /// Why the configuration cannot be read, if so: brokers before 0.11 do not tell it, and it needs a right.
    pub config_problem: Option<String>,
}

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PartitionDetail {
    /// Number.
    pub partition: i32,
    /// Node id of its leader; none while there is none.
    pub leader: Option<i32>,
    /// How many replicas it has.
    #[ts(type = "number")]
    pub replicas: usize,
    /// How many of them are in sync.
    #[ts(type = "number")]
    pub in_sync: usize,
    /// First offset; none where the partition did not answer.
    #[ts(type = "number | null")]
    pub start: Option<i64>,
    /// One past the last offset; none where the partition did not answer.
    #[ts(type = "number | null")]
    pub end: Option<i64>,
}

/// A value of a topic's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TopicSetting {
    /// Name, as `retention.ms`.
    pub name: String,
    /// Value; none for sensitive ones.
    pub value: Option<String>,
    /// Whether it was set on the topic itself.
    pub set_on_topic: bool,
}

/// Describes one topic of a cluster's `metadata`.
///
/// # Errors
/// There is no such topic, this user may not describe it, or no broker answered.
pub fn describe_topic(admin: &Admin, metadata: &Metadata, topic: &str) -> Result<TopicDetail> {
    let info = metadata
        .topics
        .get(topic)
        .ok_or_else(|| KafkaError::from_code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION).context(topic))?;
    if info.error != ErrorCode::NONE {
        return Err(KafkaError::from_code(info.error).context(topic));
    }
    // Leaderless partitions would keep the question waiting for an election.
    let asked: Vec<(String, i32)> = info
        .partitions
        .iter()
        .filter(|partition| partition.leader.is_some())
        .map(|partition| (topic.to_owned(), partition.id))
        .collect();
    let starts = settled(admin, &asked, OffsetQuery::Earliest)?;
    let ends = settled(admin, &asked, OffsetQuery::Latest)?;
    let partitions = info
        .partitions
        .iter()
        .map(|partition| {
            let place = (topic.to_owned(), partition.id);
            PartitionDetail {
                partition: partition.id,
                leader: partition.leader,
                replicas: partition.replicas,
                in_sync: partition.in_sync,
                start: starts.get(&place).copied(),
                end: ends.get(&place).copied(),
            }
        })
        .collect();
    let (config, config_problem) = match admin.topic_config(topic) {
        Ok(config) => (
            config
                .into_iter()
                .map(|(name, entry)| TopicSetting {
                    name,
                    value: entry.value,
                    set_on_topic: entry.origin == ConfigOrigin::Topic,
                })
                .collect(),
            None,
        ),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    Ok(TopicDetail {
        name: topic.to_owned(),
        partitions,
        config,
        config_problem,
    })
}
