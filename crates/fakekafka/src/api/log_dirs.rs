//! DescribeLogDirs: what each broker keeps.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::DescribeLogDirsResponse;
use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};

use crate::request::{Request, code, text, topic_name};

/// The one folder that a broker has.
const FOLDER: &str = "/kafka";
/// First version with an error for the whole answer: before it, who has no right gets no folder.
const HAS_ERROR: i16 = 3;

/// The logs of this broker's replicas, of all topics where none are named. Replicas have what their leader has.
pub(crate) fn describe(
    cx: &Request<'_>,
    asked: Option<&[DescribableLogDirTopic]>,
) -> DescribeLogDirsResponse {
    if let Err(error) = cx.fault() {
        return refused(cx, error);
    }
    let state = cx.state();
    let is_asked = |name: &str, partition: i32| {
        asked.is_none_or(|topics| {
            topics
                .iter()
                .any(|topic| topic.topic.as_str() == name && topic.partitions.contains(&partition))
        })
    };
    let topics = state
        .topics
        .iter()
        .map(|(name, topic)| {
            let partitions = (0..)
                .zip(&topic.partitions)
                .filter(|(number, partition)| {
                    partition.replicas.contains(&cx.broker) && is_asked(name, *number)
                })
                .map(|(number, partition)| {
                    DescribeLogDirsPartition::default()
                        .with_partition_index(number)
                        .with_partition_size(i64::try_from(partition.log.size()).unwrap_or(i64::MAX))
                })
                .collect();
            DescribeLogDirsTopic::default()
                .with_name(topic_name(name))
                .with_partitions(partitions)
        })
        .collect();
    let folder = DescribeLogDirsResult::default()
        .with_log_dir(text(FOLDER))
        .with_topics(topics);
    DescribeLogDirsResponse::default().with_results(vec![folder])
}

fn refused(cx: &Request<'_>, error: ResponseError) -> DescribeLogDirsResponse {
    if cx.version < HAS_ERROR {
        return DescribeLogDirsResponse::default();
    }
    DescribeLogDirsResponse::default().with_error_code(code::<()>(&Err(error)))
}
