use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sluice_model::is_internal_topic;
use ts_rs::TS;

use crate::admin::{Admin, Metadata, OffsetQuery};
use crate::error::{ErrorCode, Result};
use crate::reader::Isolation;

/// How many partitions one question for offsets asks about: each leader then gets a request of a few hundred KB at most.
const OFFSETS_AT_ONCE: usize = 5_000;
/// Topics of Kafka itself.
const INTERNAL: &[&str] = &["__consumer_offsets", "__transaction_state", "__share_group_state"];

/// A topic as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TopicListing {
    /// Name.
    pub name: String,
    /// Partition count.
    #[ts(type = "number")]
    pub partitions: usize,
    /// Replicas of each partition (the largest, should they differ).
    #[ts(type = "number")]
    pub replicas: usize,
    /// Offsets between start and end, summed: at least the number of records, and more where the topic is compacted
    /// or written in transactions. `None` when a partition did not answer.
    #[ts(type = "number | null")]
    pub records_estimate: Option<i64>,
    /// Belongs to Kafka itself.
    pub internal: bool,
}

/// All topics that this user may describe, by name, which `metadata` of the same cluster names.
///
/// # Errors
/// No broker answered within the client's deadline. Topics and partitions with errors of their own are listed.
pub fn list_topics(admin: &Admin, metadata: Metadata) -> Result<Vec<TopicListing>> {
    // Leaderless partitions would keep the question waiting for an election.
    let asked: Vec<(String, i32)> = metadata
        .topics
        .values()
        .flat_map(|topic| {
            topic
                .partitions
                .iter()
                .filter(|partition| partition.leader.is_some())
                .map(|partition| (topic.name.clone(), partition.id))
        })
        .collect();
    let mut counts: HashMap<String, (usize, i64)> = HashMap::new();
    for batch in asked.chunks(OFFSETS_AT_ONCE) {
        let first = settled(admin, batch, OffsetQuery::Earliest)?;
        let last = settled(admin, batch, OffsetQuery::Latest)?;
        for ((topic, partition), end) in last {
            if let Some(start) = first.get(&(topic.clone(), partition)) {
                let (answered, records) = counts.entry(topic).or_default();
                *answered += 1;
                *records = records.saturating_add((end - start).max(0));
            }
        }
    }
    Ok(metadata
        .topics
        .into_values()
        .map(|topic| TopicListing {
            records_estimate: match counts.get(&topic.name) {
                Some((answered, records)) if *answered == topic.partitions.len() => Some(*records),
                _ => None,
            },
            internal: INTERNAL.contains(&topic.name.as_str()) || is_internal_topic(&topic.name),
            partitions: topic.partitions.len(),
            replicas: topic
                .partitions
                .iter()
                .map(|partition| partition.replicas)
                .max()
                .unwrap_or(0),
            name: topic.name,
        })
        .collect())
}

/// Offsets of the partitions that answered.
pub(super) fn settled(
    admin: &Admin,
    partitions: &[(String, i32)],
    query: OffsetQuery,
) -> Result<HashMap<(String, i32), i64>> {
    Ok(admin
        .offsets(partitions, query, Isolation::Uncommitted)?
        .into_iter()
        .filter(|entry| entry.error == ErrorCode::NONE)
        .filter_map(|entry| Some(((entry.topic, entry.partition), entry.offset?)))
        .collect())
}
