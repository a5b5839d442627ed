//! The lane's writer: how it is opened, and what its errors mean for the lane.

use std::time::{Duration, Instant};

use sluice_kafka::{ErrorCode, Guarantee, KafkaError, TxnError, Writer};

use crate::lane::record::config::RecordLaneConfig;
use crate::lane::record::incidents::target_incident;
use crate::lane::{LaneError, TargetIncident};

/// How long one transactional call may block the lane.
pub(super) const CALL_SLICE: Duration = Duration::from_secs(5);

pub(super) fn new_writer(config: &RecordLaneConfig) -> Result<Writer, LaneError> {
    Writer::new(&config.target, &config.writer).map_err(|error| LaneError::Fatal(target_incident(error, &[])))
}

/// Has a transactional writer take its id, which fences earlier ones of it.
pub(super) fn take_id(config: &RecordLaneConfig, writer: &Writer) -> Result<(), LaneError> {
    match config.writer.guarantee {
        Guarantee::Transactional(_) => writer
            .init_transactions(CALL_SLICE)
            .map_err(|error| lane_error(error, &[])),
        Guarantee::Idempotent | Guarantee::Ordered => Ok(()),
    }
}

pub(super) fn open_writer(config: &RecordLaneConfig, deadline: Duration) -> Result<Writer, LaneError> {
    let writer = new_writer(config)?;
    // A cluster that has never had a transaction first makes its internal topic: seconds, and no failure.
    let until = Instant::now() + deadline;
    loop {
        match take_id(config, &writer) {
            Err(LaneError::Retry(_)) if Instant::now() < until => {}
            outcome => return outcome.map(|()| writer),
        }
    }
}

/// What a failed transactional call means; `topics` are those that it may be about.
pub(super) fn lane_error(error: TxnError, topics: &[String]) -> LaneError {
    let code = error.error.code;
    let incident = target_incident(error.error, topics);
    if code.is_fenced() {
        LaneError::Fenced(incident)
    } else if error.fatal {
        by_code(code, incident)
    } else if error.needs_abort {
        LaneError::Recover(incident)
    } else if error.retriable {
        LaneError::Retry(incident)
    } else if code.is_access() || code.is_unsupported() {
        LaneError::Fatal(incident)
    } else {
        LaneError::Recover(incident)
    }
}

/// What a writer's fatal error means: that client is of no use any more, another one may be.
pub(super) fn fatal_error(error: KafkaError, topics: &[String]) -> LaneError {
    by_code(error.code, target_incident(error, topics))
}

fn by_code(code: ErrorCode, incident: TargetIncident) -> LaneError {
    if code.is_fenced() {
        LaneError::Fenced(incident)
    } else if code.is_access() && !code.concerns_topic() || code.is_unsupported() {
        LaneError::Fatal(incident)
    } else {
        LaneError::Recover(incident)
    }
}
