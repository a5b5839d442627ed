//! Positions pinned before the first record is read.

use std::collections::BTreeMap;

use crate::error::{Result, Side};
use crate::plan::{Adopted, Pair};
use crate::position::{LogBounds, PartitionKey, PartitionState, bounds};

/// Pins the partitions of one route at `wanted` source offsets.
pub(crate) fn pin(
    pair: &Pair,
    source_topic: &str,
    target_topic: &str,
    wanted: &BTreeMap<i32, i64>,
    source_bounds: &BTreeMap<i32, LogBounds>,
    adopted: &BTreeMap<(String, i32), Adopted>,
) -> Result<Vec<PartitionState>> {
    let at_target: Vec<(String, i32)> = wanted
        .keys()
        .map(|&partition| (target_topic.to_owned(), partition))
        .collect();
    let target_bounds = bounds(&pair.target.admin, &at_target, Side::Target)?;
    let source_id = pair.source.topic_ids(&[source_topic]).remove(source_topic);
    let target_id = pair.target.topic_ids(&[target_topic]).remove(target_topic);
    Ok(wanted
        .iter()
        .map(|(&partition, &position)| {
            let target_end = target_bounds
                .get(&(target_topic.to_owned(), partition))
                .map_or(0, |b| b.high);
            let earlier = adopted.get(&(source_topic.to_owned(), partition));
            PartitionState {
                key: key(source_topic, partition),
                target_topic: target_topic.to_owned(),
                source_topic_id: source_id.clone(),
                target_topic_id: target_id.clone(),
                start: earlier.map_or(position, |a| a.note.start),
                target_start: earlier.map_or(target_end, |a| a.note.target_start),
                backlog_end: source_bounds.get(&partition).map_or(position, |b| b.high),
                position: earlier.map_or(position, |a| a.position),
                leader_epoch: earlier.and_then(|a| a.note.epoch),
                target_next: earlier.map_or(target_end, |a| a.note.target_next),
                anchor: None,
                records: 0,
                bytes: 0,
                incarnation: 0,
            }
        })
        .collect())
}

pub(super) fn key(topic: &str, partition: i32) -> PartitionKey {
    PartitionKey {
        topic: topic.to_owned(),
        partition,
    }
}
