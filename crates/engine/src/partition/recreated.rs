//! A source topic that was deleted and created again.

use crate::position::{LogBounds, PartitionKey, PartitionState};

/// The sentence about a recreated topic.
pub(crate) fn recreated_sentence(key: &PartitionKey, position: i64) -> String {
    format!(
        "the source topic of {key} was deleted and created again; its offset {position} means nothing in the new topic. To copy the new topic from its beginning, behind what is on the target, run with --out-of-range nearest"
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
