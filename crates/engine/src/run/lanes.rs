//! Which lane a run has, and how it is set up.

use std::collections::BTreeMap;
use std::time::Duration;

use sluice_kafka::{KafkaError, ReaderTuning, WriterTuning};
use sluice_model::{Codec, Task};
use sluice_wire::format;

use crate::copy::RunOptions;
use crate::error::{EngineError, Result};
use crate::lane::{
    Compressions, Lane, LaneError, Nature, RecordLane, RecordLaneConfig, TargetIncidentKind, WireLane,
    WireLaneConfig,
};
use crate::plan::Plan;
use crate::position::{EffectiveDelivery, LaneKind, PairedWriters, PartitionState};
use crate::progress::{Event, Observer};
use crate::run::compression::{compressions, look_at_source};

/// How long the target may take to accept this instance as the only writer.
const OPEN_DEADLINE: Duration = Duration::from_secs(60);

/// Buffered bytes if nothing is said: 32 MB fetched ahead, 24 MB in flight.
const DEFAULT_MEMORY: usize = 56 * 1024 * 1024;

/// A few batches must fit.
const LEAST_MEMORY: usize = 4 * 1024 * 1024;

/// librdkafka's queues take no more.
const MOST_MEMORY: usize = 1024 * 1024 * 1024;

/// Transactions that are open for longer are given up by the target.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(60);

/// What a lane has to know beside the plan and the task.
pub(super) struct Wanted<'a> {
    /// The name under which the target knows the task.
    pub(super) identity: &'a str,
    /// Whether records are hashed.
    pub(super) hashes: bool,
    pub(super) options: RunOptions,
    /// Of a task that has a partner in the other direction.
    pub(super) pair: Option<PairedWriters>,
}

/// Opens the lane that the plan has chosen. A transactional one takes its transactional id
/// here, which fences earlier instances of either lane.
///
/// # Errors
/// The target does not accept this instance as the only writer, or the wire lane is asked for and cannot be used between
/// these clusters.
pub(super) fn open(
    plan: &Plan,
    task: &Task,
    partitions: &[PartitionState],
    wanted: Wanted<'_>,
    observer: &Observer,
) -> Result<Box<dyn Lane>> {
    let Wanted {
        identity,
        hashes,
        options,
        pair,
    } = wanted;
    let chosen = plan.lane.clone().map_err(EngineError::Refused)?;
    let refused = |error| lane_refused(task, error);
    let lane: Box<dyn Lane> = match chosen.kind {
        LaneKind::Record => {
            let look = look_at_source(plan, task, partitions);
            let compression = compressions(plan, task, &look, observer);
            let config = lane_config(plan, task, compression, look.nature, identity, hashes, options);
            Box::new(RecordLane::open(config, OPEN_DEADLINE).map_err(refused)?)
        }
        LaneKind::Wire => {
            let config = WireLaneConfig {
                pair,
                ..wire_config(plan, task, identity, hashes, options)
            };
            Box::new(WireLane::open(config, OPEN_DEADLINE).map_err(refused)?)
        }
        LaneKind::Connect => {
            return Err(EngineError::Internal(
                "a copy that Connect makes is not begun here".to_owned(),
            ));
        }
    };
    observer(Event::Info(chosen.describe()));
    Ok(lane)
}

/// Bytes that may be held between the clusters.
fn memory(options: RunOptions) -> usize {
    options
        .memory_bytes
        .map_or(DEFAULT_MEMORY, |bytes| {
            usize::try_from(bytes).unwrap_or(usize::MAX)
        })
        .clamp(LEAST_MEMORY, MOST_MEMORY)
}

fn wire_config(
    plan: &Plan,
    task: &Task,
    identity: &str,
    hashes: bool,
    options: RunOptions,
) -> WireLaneConfig {
    let when = |delivery| (plan.delivery == delivery).then(|| identity.to_owned());
    let transactional_id = when(EffectiveDelivery::Transactions);
    let memory = memory(options);
    let zstd = plan.pair.target.capabilities.zstd;
    let limits = plan.routes.iter().filter_map(|route| {
        let limit = route.draft.topic.config.get("max.message.bytes")?;
        Some((route.target_topic.clone(), limit.parse().ok()?))
    });
    WireLaneConfig {
        source: task.source.clone(),
        target: task.target.clone(),
        fetched_bytes: memory / 7 * 4,
        in_flight_bytes: memory / 7 * 3,
        transactional_id,
        mirror: when(EffectiveDelivery::Mirror),
        transaction_timeout: TRANSACTION_TIMEOUT,
        group: identity.to_owned(),
        codec: match task.compression {
            Codec::Auto => None,
            Codec::None => Some(format::Codec::None),
            Codec::Gzip => Some(format::Codec::Gzip),
            Codec::Snappy => Some(format::Codec::Snappy),
            Codec::Zstd if zstd => Some(format::Codec::Zstd),
            Codec::Lz4 | Codec::Zstd => Some(format::Codec::Lz4),
        },
        known_codecs: if zstd {
            format::CodecSet::ALL
        } else {
            format::CodecSet::BEFORE_ZSTD
        },
        batch_limits: limits.collect::<BTreeMap<String, usize>>(),
        hashes,
        pair: None,
        missing_timestamps: task.missing_timestamps,
    }
}

fn lane_config(
    plan: &Plan,
    task: &Task,
    compression: Compressions,
    nature: Option<Nature>,
    identity: &str,
    hashes: bool,
    options: RunOptions,
) -> RecordLaneConfig {
    let memory = memory(options);
    let smallest = plan
        .routes
        .iter()
        .filter_map(|route| {
            route
                .draft
                .topic
                .config
                .get("max.message.bytes")
                .and_then(|value| value.parse::<u32>().ok())
        })
        .min();
    // A batch must stay below the target's limit, whose default is 1 048 588 bytes (1 000 012 on old brokers).
    let batch_bytes = smallest.map_or(900_000, |limit| (limit / 10 * 9).clamp(1_000, 900_000));
    RecordLaneConfig {
        source: task.source.clone(),
        target: task.target.clone(),
        reader: ReaderTuning {
            prefetch_kib: u32::try_from(memory / 7 * 4 / 1024).unwrap_or(u32::MAX),
            ..ReaderTuning::default()
        },
        source_brokers: plan.pair.source.metadata.brokers.len(),
        nature,
        writer: WriterTuning {
            guarantee: plan.delivery.guarantee(identity),
            batch_bytes,
            queue_kib: 96 * 1024,
            transaction_timeout_ms: TRANSACTION_TIMEOUT.as_millis() as u32,
        },
        compression,
        group: identity.to_owned(),
        in_flight_bytes: memory / 7 * 3,
        hashes,
        missing_timestamps: task.missing_timestamps,
    }
}

fn lane_refused(task: &Task, error: LaneError) -> EngineError {
    match error {
        LaneError::Fenced(_) => EngineError::Fenced {
            task: task.name.to_string(),
        },
        LaneError::Fatal(error) if error.kind == TargetIncidentKind::AccessDenied => {
            EngineError::Refused(format!(
                "the target does not let this user write transactions: {error}. Give the user WRITE and DESCRIBE on transactional ids and READ on groups with the prefix 'sluice.', or choose --delivery at-least-once"
            ))
        }
        LaneError::Fatal(error) | LaneError::Retry(error) | LaneError::Recover(error) => {
            EngineError::Cluster {
                side: crate::error::Side::Target,
                what: "taking the right to write".to_owned(),
                error: error.into(),
            }
        }
        LaneError::Source { code, detail } => EngineError::Cluster {
            side: crate::error::Side::Source,
            what: "opening a reader".to_owned(),
            error: KafkaError::new(code, detail),
        },
    }
}
