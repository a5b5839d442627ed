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
