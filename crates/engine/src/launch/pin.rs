//! Positions pinned before the first record is read.

use std::collections::BTreeMap;

use sluice_model::End;

use crate::error::{Result, Side};
use crate::plan::{Adopted, Pair, resolve_end};
use crate::position::{LogBounds, PartitionKey, PartitionState, bounds};

/// Pins the partitions of one route at `wanted` source offsets. `mirrors`: they get the same offsets on the target;
/// `end`: where the copy of each ends.
pub(crate) fn pin(
    pair: &Pair,
    (mirrors, end): (bool, Option<&End>),
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
    let ends = match end {
        Some(end) => resolve_end(&pair.source.admin, end, source_topic, wanted, source_bounds)?,
        None => BTreeMap::new(),
    };
    let source_id = pair.source.topic_ids(&[source_topic]).remove(source_topic);
    let target_id = pair.target.topic_ids(&[target_topic]).remove(target_topic);
    Ok(wanted
        .iter()
        .map(|(&partition, &position)| {
            let target_end = target_bounds
                .get(&(target_topic.to_owned(), partition))
                .map_or(0, |b| b.high);
            let earlier = adopted.get(&(source_topic.to_owned(), partition));
            let until = ends.get(&partition).copied();
            let log_end = source_bounds.get(&partition).map_or(position, |b| b.high);
            PartitionState {
                key: key(source_topic, partition),
                target_topic: target_topic.to_owned(),
                source_topic_id: source_id.clone(),
                target_topic_id: target_id.clone(),
                start: earlier.map_or(position, |a| a.note.start),
                target_start: earlier.map_or(if mirrors { position } else { target_end }, |a| {
                    a.note.target_start
                }),
                backlog_end: until.map_or(log_end, |until| log_end.min(until)),
                until,
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
