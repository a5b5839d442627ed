//! What the wire client's errors and events mean for the copy that drives the lane.

use sluice_kafka::ErrorCode;
use sluice_wire::format::Fault;
use sluice_wire::{ApiKey, FetchHalt, WireError};

use crate::error::Side;
use crate::lane::{LaneError, Notice, NoticeKind, SourceIncident, TargetIncident, TargetIncidentKind};

/// The number that a failed call is known by elsewhere: the broker's, or librdkafka's for what never reached one.
fn code_of(error: &WireError) -> ErrorCode {
    match error {
        WireError::Kafka { code, .. } | WireError::Partitions { code, .. } => {
            ErrorCode(i32::from(code.number()))
        }
        WireError::Timeout { .. } => ErrorCode::LOCAL_TIMED_OUT,
        WireError::Authentication { .. } | WireError::NoToken { .. } => ErrorCode::LOCAL_AUTHENTICATION,
        WireError::Unsupported(_) => ErrorCode::LOCAL_UNSUPPORTED_FEATURE,
        _ => ErrorCode::LOCAL_TRANSPORT,
    }
}

/// The topics that an error names; none where it may be any.
fn topics_of(error: &WireError) -> Vec<String> {
    let WireError::Partitions { places, .. } = error else {
        return Vec::new();
    };
    let mut topics: Vec<String> = places.iter().map(|place| place.topic.to_string()).collect();
    topics.sort();
    topics.dedup();
    topics
}

fn is_deletion(error: &WireError) -> bool {
    matches!(
        error,
        WireError::Partitions {
            api: ApiKey::DeleteRecords,
            ..
        }
    )
}

/// What a failed call to the target means.
pub(super) fn target_incident(error: &WireError) -> TargetIncident {
    let code = code_of(error);
    let kind = if error.is_fenced() {
        TargetIncidentKind::Fenced
    } else if code.concerns_topic() && is_deletion(error) {
        TargetIncidentKind::Undeletable(topics_of(error))
    } else if code.concerns_topic() {
        TargetIncidentKind::Topics(topics_of(error))
    } else if code.is_access() || error.is_authentication() {
        TargetIncidentKind::AccessDenied
    } else if matches!(error, WireError::Unsupported(_)) {
        TargetIncidentKind::Unsupported
    } else if matches!(error, WireError::Timeout { .. }) {
        TargetIncidentKind::TimedOut
    } else {
        TargetIncidentKind::Other
    };
    TargetIncident {
        kind,
        detail: error.to_string(),
        code,
    }
}

/// What follows when a producer cannot be opened.
pub(super) fn not_opened(error: &WireError) -> LaneError {
    let incident = target_incident(error);
    match incident.kind {
        TargetIncidentKind::Fenced => LaneError::Fenced(incident),
        TargetIncidentKind::AccessDenied | TargetIncidentKind::Unsupported => LaneError::Fatal(incident),
        _ if error.is_retriable() || matches!(error, WireError::Timeout { .. }) => LaneError::Retry(incident),
        _ => LaneError::Fatal(incident),
    }
}

/// What follows when a transaction cannot be committed: a new producer, and records again.
pub(super) fn transaction_failed(error: &WireError) -> LaneError {
    let incident = target_incident(error);
    match incident.kind {
        TargetIncidentKind::Fenced => LaneError::Fenced(incident),
        TargetIncidentKind::AccessDenied | TargetIncidentKind::Unsupported => LaneError::Fatal(incident),
        _ => LaneError::Recover(incident),
    }
}

/// Another instance has taken over.
pub(super) fn fenced() -> LaneError {
    LaneError::Fenced(TargetIncident {
        kind: TargetIncidentKind::Fenced,
        detail: "another instance has taken over".to_owned(),
        code: ErrorCode::LOCAL_FENCED,
    })
}

/// A client of the source or the target that cannot be used at all.
pub(super) fn unusable(error: &WireError) -> LaneError {
    LaneError::Source {
        code: code_of(error),
        detail: error.to_string(),
    }
}

/// Why a partition is not fetched any more.
pub(super) fn halted(reason: &FetchHalt) -> SourceIncident {
    match reason {
        // Whether the topic is another one is asked for whenever a position is not in its log.
        FetchHalt::OutOfRange { .. } | FetchHalt::Recreated { .. } => SourceIncident::OutOfRange,
        FetchHalt::Diverged { end_offset, .. } => SourceIncident::Diverged {
            end: Some(*end_offset),
        },
        FetchHalt::Damaged { position, fault } => damaged(*position, fault),
    }
}

/// What is stored at `position` or behind it cannot be read.
pub(super) fn damaged(position: i64, fault: &Fault) -> SourceIncident {
    SourceIncident::Damaged {
        offset: fault.range.first.offset().unwrap_or(position),
        detail: fault.to_string(),
    }
}

/// A partition that cannot be fetched at present; `None` where the client finds its way by itself.
pub(super) fn delayed(error: &WireError) -> Option<SourceIncident> {
    let code = error.code()?;
    let detail = error.to_string();
    if code.is_authorization() {
        return Some(SourceIncident::Forbidden { detail });
    }
    let passes = code.is_retriable() || code.is_stale_leader();
    let is_gone = code == sluice_wire::ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    (!passes || is_gone).then_some(SourceIncident::Unreadable { detail })
}

/// Trouble with one broker.
pub(super) fn broker_failed(side: Side, error: &WireError) -> Notice {
    let kind = match error {
        WireError::Authentication { .. } | WireError::NoToken { .. } | WireError::Tls { .. } => {
            NoticeKind::AccessDenied
        }
        WireError::Connect { .. } | WireError::Disconnected { .. } | WireError::Timeout { .. } => {
            NoticeKind::Disconnected
        }
        _ => NoticeKind::Other,
    };
    Notice {
        side,
        kind,
        detail: error.to_string(),
    }
}
