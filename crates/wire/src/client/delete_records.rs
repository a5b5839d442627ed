use std::collections::BTreeMap;

use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::{ApiKey, DeleteRecordsRequest};

use crate::client::core::Client;
use crate::client::leaders::ByPartition;
use crate::client::text::topic_name;
use crate::error::{Result, WireError};
use crate::topic_partition::{TopicPartition, by_topic};

impl Client {
    /// Deletes each partition's records before an offset (−1 for the end of the log), and returns where the log begins
    /// then. Needs Kafka 0.11.
    ///
    /// # Errors
    /// The cluster does not answer. What concerns a partition is its outcome.
    pub fn delete_records(
        &self,
        before: &BTreeMap<TopicPartition, i64>,
    ) -> Result<BTreeMap<TopicPartition, Result<i64>>> {
        let wanted: Vec<(TopicPartition, i64)> = before
            .iter()
            .map(|(place, offset)| (place.clone(), *offset))
            .collect();
        self.by_leader(&wanted, |connection, group, budget| {
            let limit = self.request_limit(budget);
            let (_, response) = self.ask(connection, (0, i16::MAX), budget, |_| {
                let topics = by_topic(group)
                    .into_iter()
                    .map(|(topic, partitions)| {
                        let partitions = partitions
                            .into_iter()
                            .map(|(number, offset)| {
                                DeleteRecordsPartition::default()
                                    .with_partition_index(number)
                                    .with_offset(offset)
                            })
                            .collect();
                        DeleteRecordsTopic::default()
                            .with_name(topic_name(topic))
                            .with_partitions(partitions)
                    })
                    .collect();
                DeleteRecordsRequest::default()
                    .with_topics(topics)
                    .with_timeout_ms(i32::try_from(limit.as_millis()).unwrap_or(i32::MAX))
            })?;
            let mut outcomes = ByPartition::new();
            for topic in &response.topics {
                for one in &topic.partitions {
                    let place = TopicPartition::new(topic.name.as_str(), one.partition_index);
                    let outcome = WireError::check(ApiKey::DeleteRecords, one.error_code, None);
                    outcomes.insert(place, outcome.map(|()| one.low_watermark));
                }
            }
            Ok(outcomes)
        })
    }
}
