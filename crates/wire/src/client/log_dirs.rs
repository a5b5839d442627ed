use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::{ApiKey, DescribeLogDirsRequest};

use crate::client::cluster_info::PerBroker;
use crate::client::core::Client;
use crate::client::text::topic_name;
use crate::error::{Result, WireError};
use crate::topic_partition::{TopicPartition, by_topic};

/// A folder in which a broker keeps partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDir {
    /// The broker.
    pub broker: i32,
    /// The folder's path there.
    pub path: String,
    /// What is wrong with it.
    pub error: Option<WireError>,
    /// The size of its disk in bytes; none before Kafka 3.3.
    pub total_bytes: Option<u64>,
    /// What of it is free, in bytes; none before Kafka 3.3.
    pub usable_bytes: Option<u64>,
    /// The partitions in it with their sizes in bytes. One that is being moved is in two folders.
    pub partitions: Vec<(TopicPartition, u64)>,
}

impl Client {
    /// The folders of all brokers, with the sizes of `partitions` or of all. Needs Kafka 1.0 and the right to describe
    /// the cluster.
    ///
    /// # Errors
    /// The cluster does not answer. Brokers that fail, or are older, are named in the answer.
    pub fn describe_log_dirs(&self, partitions: Option<&[TopicPartition]>) -> Result<PerBroker<LogDir>> {
        let wanted: Option<Vec<(TopicPartition, ())>> =
            partitions.map(|places| places.iter().map(|place| (place.clone(), ())).collect());
        // Version 0 is the same on the wire, but the protocol crate does not have it.
        let all = self.each_broker(|connection, budget| {
            let (_, response) = self.ask(connection, (1, i16::MAX), budget, |_| {
                let topics = wanted.as_deref().map(|wanted| {
                    by_topic(wanted)
                        .into_iter()
                        .map(|(topic, partitions)| {
                            DescribableLogDirTopic::default()
                                .with_topic(topic_name(topic))
                                .with_partitions(partitions.into_iter().map(|(number, ())| number).collect())
                        })
                        .collect()
                });
                DescribeLogDirsRequest::default().with_topics(topics)
            })?;
            WireError::check(ApiKey::DescribeLogDirs, response.error_code, None)?;
            Ok(response.results)
        })?;
        let bytes = |number: i64| u64::try_from(number).ok();
        Ok(PerBroker {
            found: all
                .found
                .into_iter()
                .map(|(broker, dir)| LogDir {
                    broker,
                    path: dir.log_dir.to_string(),
                    error: WireError::check(ApiKey::DescribeLogDirs, dir.error_code, None).err(),
                    total_bytes: bytes(dir.total_bytes),
                    usable_bytes: bytes(dir.usable_bytes),
                    partitions: dir
                        .topics
                        .iter()
                        .flat_map(|topic| {
                            let name = topic.name.as_str();
                            topic.partitions.iter().map(move |one| {
                                (
                                    TopicPartition::new(name, one.partition_index),
                                    u64::try_from(one.partition_size).unwrap_or(0),
                                )
                            })
                        })
                        .collect(),
                })
                .collect(),
            failed: all.failed,
        })
    }
}
