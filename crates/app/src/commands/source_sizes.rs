use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use sluice_wire::{Client, LogDir, PerBroker, TopicInfo, TopicPartition, WireError};
use ts_rs::TS;

use super::command::Command;
use super::source_probe::does_not_answer;
use crate::{App, Result};

/// Reasons that one answer names at most: brokers of one cluster mostly have the same.
const REASONS: usize = 3;

/// Asks what the topics of a data source take on the brokers' disks.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceSizes {
    /// Name or id.
    pub source: String,
}

/// What topics take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TopicSizes {
    /// By topic.
    pub topics: Vec<TopicSize>,
    /// Why sizes are missing, where some are.
    pub unknown: Option<String>,
}

/// What one topic takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TopicSize {
    /// The topic.
    pub topic: String,
    /// Bytes of its logs on the brokers that lead its partitions: one copy of what is stored, as it is compressed.
    /// `None` where that of a partition is not known.
    #[ts(type = "number | null")]
    pub bytes: Option<u64>,
}

impl Command for SourceSizes {
    const NAME: &'static str = "source_sizes";
    type Answer = TopicSizes;

    fn run(self, app: &App) -> Result<TopicSizes> {
        let row = app.core.source(&self.source)?;
        let fail = |error: WireError| does_not_answer(&row, &error);
        let client = Client::new(&app.core.cluster(&row)?).map_err(fail)?;
        let topics = client.topics(None).map_err(fail)?;
        let folders = client.describe_log_dirs(None).map_err(fail)?;
        Ok(sizes(&topics, &folders))
    }
}

/// The size of each topic is that of its leaders' logs, if all are known.
fn sizes(topics: &[TopicInfo], folders: &PerBroker<LogDir>) -> TopicSizes {
    let mut by_replica: HashMap<(i32, &TopicPartition), u64> = HashMap::new();
    for folder in &folders.found {
        for (place, bytes) in &folder.partitions {
            let known = by_replica.entry((folder.broker, place)).or_default();
            // A replica that is being moved to another folder is in both, and complete in the old one.
            *known = (*known).max(*bytes);
        }
    }
    let mut reasons = reasons(folders);
    let answered: BTreeSet<i32> = folders.found.iter().map(|folder| folder.broker).collect();
    let mut missing = false;
    let sized = topics
        .iter()
        .map(|topic| {
            let bytes = topic.partitions.iter().try_fold(0_u64, |sum, partition| {
                let place = TopicPartition::new(topic.name.as_str(), partition.partition);
                let Some(leader) = partition.leader else {
                    reasons.insert(format!("{place} has no leader at present"));
                    return None;
                };
                if !answered.contains(&leader) && !folders.failed.contains_key(&leader) {
                    reasons.insert(
                        "brokers name no folders: before Kafka 3.2 that is how they refuse a user without the right to describe the cluster"
                            .to_owned(),
                    );
                }
                by_replica.get(&(leader, &place)).map(|bytes| sum.saturating_add(*bytes))
            });
            let bytes = bytes.filter(|_| topic.error.is_none());
            missing |= bytes.is_none();
            TopicSize {
                topic: topic.name.clone(),
                bytes,
            }
        })
        .collect();
    let named: Vec<String> = reasons.into_iter().take(REASONS).collect();
    TopicSizes {
        topics: sized,
        unknown: missing.then(|| {
            if named.is_empty() {
                "the brokers do not name all logs; ask again when nothing is being moved".to_owned()
            } else {
                named.join("; ")
            }
        }),
    }
}

/// Why brokers did not answer, each reason once.
fn reasons(folders: &PerBroker<LogDir>) -> BTreeSet<String> {
    let of_folders = folders.found.iter().filter_map(|folder| folder.error.as_ref());
    of_folders
        .chain(folders.failed.values())
        .map(|error| match error.code() {
            Some(code) if code.is_authorization() => {
                "the user has no right to describe the cluster (Describe on Cluster)".to_owned()
            }
            _ => error.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use sluice_fakekafka::{ApiKey, FakeCluster, FakeRecord, ResponseError};
    use sluice_model::Cluster;

    use super::*;

    fn asked(fake: &FakeCluster) -> TopicSizes {
        let client = Client::new(&Cluster::new(&fake.bootstrap()).unwrap()).unwrap();
        let topics = client.topics(None).unwrap();
        sizes(&topics, &client.describe_log_dirs(None).unwrap())
    }

    fn filled(fake: &FakeCluster) {
        fake.create_topic("empty", 2, &[]).unwrap();
        fake.create_topic("large", 2, &[]).unwrap();
        for partition in 0..2 {
            let value = vec![b'x'; 50_000];
            fake.append("large", partition, vec![FakeRecord::new("k", value)])
                .unwrap();
        }
    }

    fn size(sizes: &TopicSizes, topic: &str) -> Option<u64> {
        sizes.topics.iter().find(|one| one.topic == topic).unwrap().bytes
    }

    #[test]
    fn a_topic_has_the_size_of_its_leaders_logs_once() {
        let fake = FakeCluster::builder().brokers(3).start().unwrap();
        filled(&fake);
        let found = asked(&fake);
        assert_eq!(found.unknown, None);
        assert_eq!(size(&found, "empty"), Some(0));
        let large = size(&found, "large").unwrap();
        assert!((100_000..101_000).contains(&large), "{large}");
    }

    #[test]
    fn without_the_right_or_the_request_sizes_are_unknown_with_the_reason() {
        let fake = FakeCluster::builder().start().unwrap();
        filled(&fake);
        fake.fail_next(
            ApiKey::DescribeLogDirs,
            ResponseError::ClusterAuthorizationFailed,
            1,
        );
        let refused = asked(&fake);
        assert_eq!((size(&refused, "large"), size(&refused, "empty")), (None, None));
        assert!(refused.unknown.unwrap().contains("Describe on Cluster"));

        let silent = FakeCluster::builder()
            .max_version(ApiKey::DescribeLogDirs, 1)
            .start()
            .unwrap();
        filled(&silent);
        silent.fail_next(
            ApiKey::DescribeLogDirs,
            ResponseError::ClusterAuthorizationFailed,
            1,
        );
        assert!(asked(&silent).unknown.unwrap().contains("name no folders"));

        let old = FakeCluster::builder()
            .max_version(ApiKey::DescribeLogDirs, -1)
            .start()
            .unwrap();
        filled(&old);
        let found = asked(&old);
        assert_eq!(size(&found, "large"), None);
        assert!(found.unknown.unwrap().contains("Kafka 1.0"));
    }
}
