//! Fetch, with long polling.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, PartitionData,
};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse, ProducerId};
use tokio::time::Instant;
use uuid::Uuid;

use crate::model::cluster_state::{Access, ClusterState};
use crate::request::Request;

/// First version that names topics by id.
const BY_ID: i16 = 13;
const READ_COMMITTED: i8 = 1;
/// A fetch never waits longer, whatever it asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Most bytes of records in one answer; the default of a real broker.
const MOST_BYTES: i32 = 57_671_680;

/// What one look at the log found.
struct Round {
    topics: Vec<FetchableTopicResponse>,
    bytes: usize,
    failed: bool,
}

pub(crate) async fn fetch(cx: &Request<'_>, q: &FetchRequest) -> FetchResponse {
    // There are no sessions, so none can be continued; a client that is told so starts over without.
    if q.session_id != 0 && q.session_epoch > 0 {
        return FetchResponse::default().with_error_code(ResponseError::FetchSessionIdNotFound.code());
    }
    let wait = Duration::from_millis(u64::try_from(q.max_wait_ms).unwrap_or_default()).min(LONGEST_WAIT);
    let deadline = Instant::now() + wait;
    loop {
        let changed = cx.shared.changed.notified();
        tokio::pin!(changed);
        // From here on a change is not missed, even if it comes before the wait.
        changed.as_mut().enable();
        let round = look(cx, q);
        let enough = i64::try_from(round.bytes).unwrap_or(i64::MAX) >= i64::from(q.min_bytes);
        if enough || round.failed || q.topics.is_empty() || Instant::now() >= deadline {
            return FetchResponse::default().with_responses(round.topics);
        }
        tokio::select! {
            () = &mut changed => {}
            () = tokio::time::sleep_until(deadline) => {}
        }
    }
}

fn look(cx: &Request<'_>, q: &FetchRequest) -> Round {
    let state = cx.state();
    let mut round = Round {
        topics: Vec::new(),
        bytes: 0,
        failed: false,
    };
    let budget = q.max_bytes.clamp(0, MOST_BYTES) as usize;
    for topic in &q.topics {
        let name = resolve(&state, cx.version, &topic.topic, topic.topic_id);
        let mut partitions = Vec::new();
        for asked in &topic.partitions {
            let left = budget.saturating_sub(round.bytes);
            let first = round.bytes == 0;
            let data = name
                .clone()
                .and_then(|name| read(cx, &state, &name, asked, q.isolation_level, left, first));
            round.failed |= data.is_err();
            let data = data.unwrap_or_else(|error| failure(&state, &name, asked, error));
            round.failed |= data.diverging_epoch.end_offset >= 0;
            round.bytes += data.records.as_ref().map_or(0, Bytes::len);
            partitions.push(data);
        }
        let answer = FetchableTopicResponse::default().with_partitions(partitions);
        round.topics.push(if cx.version >= BY_ID {
            answer.with_topic_id(topic.topic_id)
        } else {
            answer.with_topic(topic.topic.clone())
        });
    }
    round
}

fn resolve(state: &ClusterState, version: i16, name: &str, id: Uuid) -> Result<String, ResponseError> {
    if version < BY_ID {
        return Ok(name.to_owned());
    }
    state
        .topic_names
        .get(&id)
        .cloned()
        .ok_or(ResponseError::UnknownTopicId)
}

fn blank(asked: &FetchPartition) -> PartitionData {
    PartitionData::default()
        .with_partition_index(asked.partition)
        .with_preferred_read_replica(BrokerId(-1))
        .with_aborted_transactions(None)
        .with_records(Some(Bytes::new()))
}

fn failure(
    state: &ClusterState,
    name: &Result<String, ResponseError>,
    asked: &FetchPartition,
    error: ResponseError,
) -> PartitionData {
    let log = name
        .as_ref()
        .ok()
        .and_then(|name| state.topics.get(name))
        .and_then(|t| t.partition(asked.partition))
        .filter(|_| error == ResponseError::OffsetOutOfRange)
        .map(|p| &p.log);
    blank(asked)
        .with_error_code(error.code())
        .with_high_watermark(log.map_or(-1, |l| l.end_offset()))
        .with_last_stable_offset(log.map_or(-1, |l| l.last_stable_offset()))
        .with_log_start_offset(log.map_or(-1, |l| l.start_offset()))
}

fn read(
    cx: &Request<'_>,
    state: &ClusterState,
    name: &str,
    asked: &FetchPartition,
    isolation: i8,
    budget: usize,
    first: bool,
) -> Result<PartitionData, ResponseError> {
    cx.partition_fault(name, asked.partition)?;
    state.check_access(name, Access::Read)?;
    let partition = state.led_by(cx.broker, name, asked.partition, asked.current_leader_epoch)?;
    let log = &partition.log;
    let from = asked.fetch_offset;
    let data = blank(asked)
        .with_high_watermark(log.end_offset())
        .with_last_stable_offset(log.last_stable_offset())
        .with_log_start_offset(log.start_offset());
    if let (true, Some((epoch, end))) = (
        asked.last_fetched_epoch >= 0,
        log.end_of_epoch(asked.last_fetched_epoch),
    ) && (epoch < asked.last_fetched_epoch || end < from)
    {
        let diverging = EpochEndOffset::default().with_epoch(epoch).with_end_offset(end);
        return Ok(data.with_diverging_epoch(diverging));
    }
    if from < log.start_offset() || from > log.end_offset() {
        return Err(ResponseError::OffsetOutOfRange);
    }
    let committed = isolation == READ_COMMITTED;
    let limit = if committed {
        log.last_stable_offset()
    } else {
        log.end_offset()
    };
    let max = budget.min(usize::try_from(asked.partition_max_bytes).unwrap_or_default());
    let batches = log.read(from, limit, max, first);
    let mut bytes = BytesMut::with_capacity(batches.iter().map(|b| b.bytes.len()).sum());
    for batch in &batches {
        bytes.extend_from_slice(&batch.bytes);
    }
    let data = data.with_records(Some(bytes.freeze()));
    let Some(last) = batches.last().filter(|_| committed) else {
        return Ok(if committed {
            data.with_aborted_transactions(Some(Vec::new()))
        } else {
            data
        });
    };
    let aborted = log
        .aborted_between(from, last.header.last_offset())
        .into_iter()
        .map(|a| {
            AbortedTransaction::default()
                .with_producer_id(ProducerId(a.producer_id))
                .with_first_offset(a.first_offset)
        })
        .collect();
    Ok(data.with_aborted_transactions(Some(aborted)))
}
