//! What librdkafka's codes and faults mean for the copy that drives the lane.

use sluice_kafka::{ErrorCode, KafkaError, ReadFault, ReadFaultKind};

use crate::error::Side;
use crate::lane::{LaneError, Notice, NoticeKind, SourceIncident, TargetIncident, TargetIncidentKind};

/// What the reader's fault means for the partition that it read.
pub(super) fn source_incident(fault: ReadFault) -> SourceIncident {
    match fault.kind {
        ReadFaultKind::OutOfRange => SourceIncident::OutOfRange,
        ReadFaultKind::Diverged { end_offset } => SourceIncident::Diverged { end: end_offset },
        ReadFaultKind::Damaged { offset } | ReadFaultKind::TooLarge { offset } => SourceIncident::Damaged {
            offset,
            detail: fault.detail,
        },
        ReadFaultKind::OldFormat { offset } | ReadFaultKind::UnknownFormat { offset, .. } => {
            SourceIncident::UnsupportedFormat { offset }
        }
        ReadFaultKind::Unauthorized => SourceIncident::Forbidden { detail: fault.detail },
        ReadFaultKind::UnreadableHeaders { .. } | ReadFaultKind::UnknownTopic | ReadFaultKind::Other => {
            SourceIncident::Unreadable { detail: fault.detail }
        }
    }
}

/// What the writer's error means. `topics` are those that it may be about: a transaction's failure names its topic in its
/// sentence and nowhere else.
pub(super) fn target_incident(error: KafkaError, topics: &[String]) -> TargetIncident {
    let code = error.code;
    let kind = if code.is_fenced() {
        TargetIncidentKind::Fenced
    } else if code.concerns_topic() {
        TargetIncidentKind::Topics(
            topics
                .iter()
                .filter(|topic| error.names(topic))
                .cloned()
                .collect(),
        )
    } else if code.is_access() {
        TargetIncidentKind::AccessDenied
    } else if code.is_unsupported() {
        TargetIncidentKind::Unsupported
    } else if code == ErrorCode::LOCAL_TIMED_OUT {
        TargetIncidentKind::TimedOut
    } else if code.refuses_record() {
        TargetIncidentKind::Records
    } else {
        TargetIncidentKind::Other
    };
    TargetIncident {
        kind,
        detail: error.message,
        code,
    }
}

/// What a client says without being asked.
pub(super) fn notice(side: Side, code: ErrorCode, detail: String) -> Notice {
    let kind = match code {
        ErrorCode::LOCAL_ALL_BROKERS_DOWN => NoticeKind::NoBroker,
        ErrorCode::LOCAL_TRANSPORT => NoticeKind::Disconnected,
        // Its partitions report a topic themselves.
        code if code.is_access() && !code.concerns_topic() => NoticeKind::AccessDenied,
        _ => NoticeKind::Other,
    };
    Notice { side, kind, detail }
}

/// The reader itself cannot be used.
pub(super) fn source_unusable(error: KafkaError) -> LaneError {
    LaneError::Source {
        code: error.code,
        detail: error.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_found_in_the_sentence_that_names_it() {
        let topics = ["orders".to_owned(), "payments".to_owned()];
        let about = |code, sentence| target_incident(KafkaError::new(code, sentence), &topics).kind;
        assert_eq!(
            about(
                ErrorCode::TOPIC_AUTHORIZATION_FAILED,
                "Failed to add partition \"payments\" [3] to transaction"
            ),
            TargetIncidentKind::Topics(vec!["payments".to_owned()])
        );
        assert_eq!(
            about(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "no such topic"),
            TargetIncidentKind::Topics(Vec::new())
        );
        assert_eq!(
            about(ErrorCode::GROUP_AUTHORIZATION_FAILED, "orders"),
            TargetIncidentKind::AccessDenied
        );
        assert_eq!(
            about(ErrorCode::INVALID_PRODUCER_EPOCH, ""),
            TargetIncidentKind::Fenced
        );
    }
}
