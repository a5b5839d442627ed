//! A source topic that was deleted and created again.

use sluice_model::OffsetRange;

use crate::position::{GapReason, LogBounds, PartitionKey, PartitionState};
use crate::progress::OpenGap;

/// The sentence about a recreated topic.
pub(crate) fn recreated_sentence(key: &PartitionKey, position: i64) -> String {
    format!(
        "the source topic of {key} was deleted and created again; its offset {position} means nothing in the new topic. To copy the new topic from its beginning, behind what is on the target, accept that (--out-of-range nearest)"
    )
}

/// What became of a topic that a copy knows by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Became {
    /// There is another one of its name.
    Another,
    /// It is gone, or this user may not see it any more.
    Gone,
}

impl Became {
    /// By the id of `then` and the one that it has now, if there is such a topic; `None` if it is the same.
    pub(crate) fn of(then: &str, now: Option<&str>) -> Option<Self> {
        match now {
            Some(now) if now == then => None,
            Some(_) => Some(Self::Another),
            None => Some(Self::Gone),
        }
    }

    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Another => "was deleted and created again",
            Self::Gone => "is not there any more, or must not be seen",
        }
    }
}

/// Says that a target topic is not the one that was copied to.
pub(crate) fn other_target_sentence(topic: &str, became: Became) -> String {
    format!(
        "the target topic '{topic}' {}: what was copied to it before is gone. Terminate the task, and copy the topic with another one",
        became.in_words()
    )
}

/// What a person decides about a recreated topic: the new one is copied from its beginning. Nothing is known to be
/// missing, so the range is empty.
pub(crate) fn recreated_gap(partition: &PartitionState) -> OpenGap {
    OpenGap {
        range: OffsetRange {
            from: partition.position,
            to: partition.position,
        },
        reason: GapReason::Recreated,
        resume_at: 0,
    }
}

/// The sentence about a mirrored source whose log is another one now.
pub(crate) fn another_log_sentence(key: &PartitionKey) -> String {
    format!(
        "{key}: the source's log is not the one that was mirrored any more (records were lost, or the topic was created again), and the target holds the earlier records at these offsets. Mirror into a new target topic under another task name"
    )
}

/// Starts over with the new topic, behind what is on the target.
pub(crate) fn restart(partition: &mut PartitionState, source_id: Option<String>, now: LogBounds) {
    partition.source_topic_id = source_id;
    partition.start = now.low;
    partition.position = now.low;
    partition.backlog_end = now.high;
    partition.target_start = partition.target_next;
    partition.leader_epoch = None;
    partition.anchor = None;
}
