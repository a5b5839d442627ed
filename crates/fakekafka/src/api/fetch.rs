//! Fetch, with long polling.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse, ProducerId};
use tokio::time::Instant;
use uuid::Uuid;

use crate::model::cluster_state::{Access, ClusterState};
use crate::model::fetch_sessions::{Plan, Wanted};
use crate::model::topic::Partition;
use crate::request::{Request, text};

/// First version that names topics by id.
const BY_ID: i16 = 13;
/// First version with the leader of a partition that has moved.
const HAS_LEADER: i16 = 12;
/// First version with that leader's address.
const HAS_ENDPOINTS: i16 = 16;
const HOST: &str = "127.0.0.1";
const READ_COMMITTED: i8 = 1;
/// A fetch never waits longer, whatever it asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Most bytes of records in one answer; the default of a real broker.
const MOST_BYTES: i32 = 57_671_680;

/// What one look at the log found.
struct Round {
    answered: Vec<(Wanted, PartitionData)>,
    bytes: usize,
    failed: bool,
}

pub(crate) async fn fetch(cx: &Request<'_>, q: &FetchRequest) -> FetchResponse {
    let throttle = cx.throttle_ms();
    let plan = cx.state().fetch_sessions.plan(cx.broker, cx.version, q);
    let plan = match plan {
        Ok(plan) => plan,
        Err(error) => return FetchResponse::default().with_error_code(error.code()),
    };
    let wait = Duration::from_millis(u64::try_from(q.max_wait_ms).unwrap_or_default()).min(LONGEST_WAIT);
    let deadline = Instant::now() + wait;
    loop {
        let changed = cx.shared.changed.notified();
        tokio::pin!(changed);
        // From here on a change is not missed, even if it comes before the wait.
        changed.as_mut().enable();
        let mut round = look(cx, q, &plan);
        let enough = i64::try_from(round.bytes).unwrap_or(i64::MAX) >= i64::from(q.min_bytes);
        if enough || round.failed || plan.wanted.is_empty() || Instant::now() >= deadline {
            let mut state = cx.state();
            if plan.incremental {
                let sessions = &state.fetch_sessions;
                round
                    .answered
                    .retain(|(wanted, data)| sessions.is_news(plan.id, wanted, data));
            }
            state.fetch_sessions.sent(plan.id, &round.answered);
            return response(cx, &state, plan.id, round.answered).with_throttle_time_ms(throttle);
        }
        tokio::select! {
            () = &mut changed => {}
            () = tokio::time::sleep_until(deadline) => {}
        }
    }
}

fn response(
    cx: &Request<'_>,
    state: &ClusterState,
    session_id: i32,
    answered: Vec<(Wanted, PartitionData)>,
) -> FetchResponse {
    let leaders: BTreeSet<i32> = answered
        .iter()
        .map(|(_, data)| data.current_leader.leader_id.0)
        .filter(|id| *id >= 0)
        .collect();
    let mut topics: Vec<FetchableTopicResponse> = Vec::new();
    for (wanted, data) in answered {
        let known = topics.iter_mut().find(|topic| {
            if cx.version >= BY_ID {
                topic.topic_id == wanted.topic_id
            } else {
                topic.topic == wanted.topic
            }
        });
        if let Some(topic) = known {
            topic.partitions.push(data);
            continue;
        }
        let topic = FetchableTopicResponse::default().with_partitions(vec![data]);
        topics.push(if cx.version >= BY_ID {
            topic.with_topic_id(wanted.topic_id)
        } else {
            topic.with_topic(wanted.topic)
        });
    }
    let answer = FetchResponse::default()
        .with_session_id(session_id)
        .with_responses(topics);
    if cx.version < HAS_ENDPOINTS {
        return answer;
    }
    let endpoint = |id| {
        let node = state.nodes.get(&id)?;
        Some(
            NodeEndpoint::default()
                .with_node_id(BrokerId(id))
                .with_host(text(HOST))
                .with_port(node.advertised.into()),
        )
    };
    answer.with_node_endpoints(leaders.into_iter().filter_map(endpoint).collect())
}

fn look(cx: &Request<'_>, q: &FetchRequest, plan: &Plan) -> Round {
    let state = cx.state();
    let mut round = Round {
        answered: Vec::new(),
        bytes: 0,
        failed: false,
    };
    let has_rack = !q.rack_id.is_empty();
    let budget = q.max_bytes.clamp(0, MOST_BYTES) as usize;
    for wanted in &plan.wanted {
        let asked = &wanted.partition;
        let name = resolve(&state, cx.version, &wanted.topic, wanted.topic_id);
        let left = budget.saturating_sub(round.bytes);
        let first = round.bytes == 0;
        let data = name.clone().and_then(|name| {
            let reader = Asking {
                isolation: q.isolation_level,
                has_rack,
                budget: left,
                first,
            };
            read(cx, &state, &name, asked, reader)
        });
        round.failed |= data.is_err();
        let data = data.unwrap_or_else(|error| failure(cx, &state, &name, asked, error));
        round.failed |= data.diverging_epoch.end_offset >= 0;
        round.bytes += data.records.as_ref().map_or(0, Bytes::len);
        round.answered.push((wanted.clone(), data));
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
    cx: &Request<'_>,
    state: &ClusterState,
    name: &Result<String, ResponseError>,
    asked: &FetchPartition,
    error: ResponseError,
) -> PartitionData {
    let partition = name
        .as_ref()
        .ok()
        .and_then(|name| state.topics.get(name))
        .and_then(|t| t.partition(asked.partition));
    let log = partition
        .filter(|_| error == ResponseError::OffsetOutOfRange)
        .map(|p| &p.log);
    let moved = matches!(
        error,
        ResponseError::NotLeaderOrFollower | ResponseError::FencedLeaderEpoch
    );
    let leader = partition
        .filter(|_| moved && cx.version >= HAS_LEADER)
        .and_then(|p| Some((p.leader?, p.leader_epoch)));
    let blank = match leader {
        Some((id, epoch)) => blank(asked).with_current_leader(
            LeaderIdAndEpoch::default()
                .with_leader_id(BrokerId(id))
                .with_leader_epoch(epoch),
        ),
        None => blank(asked),
    };
    blank
        .with_error_code(error.code())
        .with_high_watermark(log.map_or(-1, |l| l.end_offset()))
        .with_last_stable_offset(log.map_or(-1, |l| l.last_stable_offset()))
        .with_log_start_offset(log.map_or(-1, |l| l.start_offset()))
}

/// The partition, if the broker leads it or is the nearest one of a consumer with a rack.
fn served_by<'s>(
    cx: &Request<'_>,
    state: &'s ClusterState,
    name: &str,
    asked: &FetchPartition,
    has_rack: bool,
) -> Result<&'s Partition, ResponseError> {
    let partition = state
        .topics
        .get(name)
        .and_then(|topic| topic.partition(asked.partition));
    match partition.filter(|one| has_rack && one.nearest == Some(cx.broker)) {
        Some(partition) => Ok(partition),
        None => state.led_by(cx.broker, name, asked.partition, asked.current_leader_epoch),
    }
}

/// How a request is answered, as far as its partitions before have left it open.
#[derive(Clone, Copy)]
struct Asking {
    isolation: i8,
    has_rack: bool,
    /// Bytes that are left.
    budget: usize,
    /// Whether nothing was read yet: the first batch comes whole.
    first: bool,
}

fn read(
    cx: &Request<'_>,
    state: &ClusterState,
    name: &str,
    asked: &FetchPartition,
    Asking {
        isolation,
        has_rack,
        budget,
        first,
    }: Asking,
) -> Result<PartitionData, ResponseError> {
    cx.partition_fault(name, asked.partition)?;
    state.check_access(name, Access::Read)?;
    let partition = served_by(cx, state, name, asked, has_rack)?;
    let log = &partition.log;
    let from = asked.fetch_offset;
    let data = blank(asked)
        .with_high_watermark(log.end_offset())
        .with_last_stable_offset(log.last_stable_offset())
        .with_log_start_offset(log.start_offset());
    if let Some(nearest) = partition.nearest.filter(|id| has_rack && *id != cx.broker) {
        return Ok(data.with_preferred_read_replica(BrokerId(nearest)));
    }
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
