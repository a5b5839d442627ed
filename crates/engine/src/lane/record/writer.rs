//! The lane's writer: how it is opened, and what its errors mean for the lane.

use std::time::{Duration, Instant};

use sluice_kafka::{Guarantee, KafkaError, TxnError, Writer};

use crate::lane::LaneError;
use crate::lane::record::config::RecordLaneConfig;

/// How long one transactional call may block the lane.
pub(super) const CALL_SLICE: Duration = Duration::from_secs(5);

pub(super) fn new_writer(config: &RecordLaneConfig) -> Result<Writer, LaneError> {
    Writer::new(&config.target, &config.writer).map_err(LaneError::Fatal)
}

/// Has a transactional writer take its id, which fences earlier ones of it.
pub(super) fn take_id(config: &RecordLaneConfig, writer: &Writer) -> Result<(), LaneError> {
    match config.writer.guarantee {
        Guarantee::Transactional(_) => writer.init_transactions(CALL_SLICE).map_err(lane_error),
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

pub(super) fn lane_error(error: TxnError) -> LaneError {
    if error.error.code.is_fenced() {
        return LaneError::Fenced(error.error);
    }
    if error.fatal {
        return fatal_error(error.error);
    }
    if error.needs_abort {
        return LaneError::Recover(error.error);
    }
    if error.retriable {
        return LaneError::Retry(error.error);
    }
    if error.error.code.is_access() || error.error.code.is_unsupported() {
        return LaneError::Fatal(error.error);
    }
    LaneError::Recover(error.error)
}

pub(super) fn fatal_error(error: KafkaError) -> LaneError {
    if error.code.is_fenced() {
        LaneError::Fenced(error)
    } else if error.code.is_access() && !error.code.concerns_topic() || error.code.is_unsupported() {
        LaneError::Fatal(error)
    } else {
        LaneError::Recover(error)
    }
}
