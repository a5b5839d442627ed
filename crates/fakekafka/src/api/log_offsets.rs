//! ListOffsets, OffsetForLeaderEpoch and DeleteRecords: questions about and cuts of the offset range.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
};

use crate::model::cluster_state::Access;
use crate::request::{Request, code};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const LARGEST_TIMESTAMP: i64 = -3;
const READ_COMMITTED: i8 = 1;
/// First ListOffsets version whose answer has a place for the leader epoch.
const LEADER_EPOCH: i16 = 4;

/// Offset, timestamp and leader epoch; -1 where there is none.
type Found = (i64, i64, i32);
const NOTHING: Found = (-1, -1, -1);

pub(crate) fn list(cx: &Request<'_>, q: ListOffsetsRequest) -> ListOffsetsResponse {
    let isolation = q.isolation_level;
    let topics = q
        .topics
        .into_iter()
        .map(|topic| {
            let partitions = topic.partitions.iter().map(|asked| {
                let found = find(cx, &topic.name, asked, isolation);
                let (offset, timestamp, epoch) = *found.as_ref().unwrap_or(&NOTHING);
                ListOffsetsPartitionResponse::default()
                    .with_partition_index(asked.partition_index)
                    .with_error_code(code(&found))
                    .with_offset(offset)
                    .with_timestamp(timestamp)
                    .with_leader_epoch(if cx.version >= LEADER_EPOCH { epoch } else { -1 })
            });
            let partitions = partitions.collect();
            ListOffsetsTopicResponse::default()
                .with_name(topic.name)
                .with_partitions(partitions)
        })
        .collect();
    ListOffsetsResponse::default().with_topics(topics)
}

fn find(
    cx: &Request<'_>,
    topic: &str,
    asked: &ListOffsetsPartition,
    isolation: i8,
) -> Result<Found, ResponseError> {
    cx.partition_fault(topic, asked.partition_index)?;
    let state = cx.state();
    let partition = state.led_by(
        cx.broker,
        topic,
        asked.partition_index,
        asked.current_leader_epoch,
    )?;
    let log = &partition.log;
    let limit = if isolation == READ_COMMITTED {
        log.last_stable_offset()
    } else {
        log.end_offset()
    };
    let unreadable = |_| ResponseError::KafkaStorageError;
    match asked.timestamp {
        LATEST => Ok((limit, -1, partition.leader_epoch)),
        EARLIEST => Ok((
            log.start_offset(),
            -1,
            log.epoch_at(log.start_offset()).unwrap_or(-1),
        )),
        LARGEST_TIMESTAMP => Ok(log.newest().map_err(unreadable)?.unwrap_or(NOTHING)),
        timestamp => Ok(log
            .first_at(timestamp, limit)
            .map_err(unreadable)?
            .unwrap_or(NOTHING)),
    }
}

pub(crate) fn for_leader_epoch(
    cx: &Request<'_>,
    q: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = q
        .topics
        .into_iter()
        .map(|topic| {
            let partitions = topic.partitions.iter().map(|asked| {
                let found = end_of_epoch(cx, &topic.topic, asked);
                let (epoch, end) = *found.as_ref().unwrap_or(&(-1, -1));
                EpochEndOffset::default()
                    .with_partition(asked.partition)
                    .with_error_code(code(&found))
                    .with_leader_epoch(epoch)
                    .with_end_offset(end)
            });
            let partitions = partitions.collect();
            OffsetForLeaderTopicResult::default()
                .with_topic(topic.topic)
                .with_partitions(partitions)
        })
        .collect();
    OffsetForLeaderEpochResponse::default().with_topics(topics)
}

fn end_of_epoch(
    cx: &Request<'_>,
    topic: &str,
    asked: &OffsetForLeaderPartition,
) -> Result<(i32, i64), ResponseError> {
    cx.partition_fault(topic, asked.partition)?;
    let state = cx.state();
    let partition = state.led_by(cx.broker, topic, asked.partition, asked.current_leader_epoch)?;
    Ok(partition.log.end_of_epoch(asked.leader_epoch).unwrap_or((-1, -1)))
}

pub(crate) fn delete_records(cx: &Request<'_>, q: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let topics = q
        .topics
        .into_iter()
        .map(|topic| {
            let partitions = topic.partitions.iter().map(|asked| {
                let start = delete_before(cx, &topic.name, asked.partition_index, asked.offset);
                DeleteRecordsPartitionResult::default()
                    .with_partition_index(asked.partition_index)
                    .with_error_code(code(&start))
                    .with_low_watermark(start.unwrap_or(-1))
            });
            let partitions = partitions.collect();
            DeleteRecordsTopicResult::default()
                .with_name(topic.name)
                .with_partitions(partitions)
        })
        .collect();
    cx.announce();
    DeleteRecordsResponse::default().with_topics(topics)
}

fn delete_before(cx: &Request<'_>, topic: &str, index: i32, offset: i64) -> Result<i64, ResponseError> {
    cx.partition_fault(topic, index)?;
    let mut state = cx.state();
    state.check_access(topic, Access::Write)?;
    state.led_by(cx.broker, topic, index, -1)?;
    if !state.rules(topic)?.deletable {
        return Err(ResponseError::PolicyViolation);
    }
    let log = &mut state.partition_mut(topic, index)?.log;
    // -1 stands for the high watermark.
    let offset = if offset == -1 { log.end_offset() } else { offset };
    if offset < 0 || offset > log.end_offset() {
        return Err(ResponseError::OffsetOutOfRange);
    }
    log.delete_before(offset);
    Ok(log.start_offset())
}
