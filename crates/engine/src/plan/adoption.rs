//! Positions that an earlier run of the same task left on the target: found when the local state was lost, or when
//! another machine takes the task over. They are trusted only for the very topics they were committed for.

use std::collections::BTreeMap;
use std::time::Duration;

use sluice_kafka::PartitionOffset;
use sluice_model::{ExistingData, Task};

use crate::error::Side;
use crate::plan::Pair;
use crate::plan::unique;
use crate::position::EffectiveDelivery;
use crate::position::bounds;
use crate::position::{Note, committed, read_note};

/// A position worth continuing from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Adopted {
    pub(crate) position: i64,
    pub(crate) note: Note,
}

/// Looks for positions of an earlier run, by (source topic, partition).
pub(crate) fn find(
    pair: &Pair,
    task: &Task,
    routes: &[(String, String)],
    delivery: EffectiveDelivery,
    deadline: Duration,
) -> BTreeMap<(String, i32), Adopted> {
    if delivery != EffectiveDelivery::Transactions || task.existing == ExistingData::Rewrite {
        return BTreeMap::new();
    }
    let mut wanted = Vec::new();
    let mut origin = BTreeMap::new();
    for (source, target) in routes {
        let (Some(count), Some(_)) = (
            pair.source.partition_count(source),
            pair.target.partition_count(target),
        ) else {
            continue;
        };
        for partition in 0..i32::try_from(count).unwrap_or(0) {
            wanted.push(PartitionOffset {
                offset: None,
                ..PartitionOffset::new(target.clone(), partition, 0)
            });
            origin.insert((target.clone(), partition), source.clone());
        }
    }
    let Ok(entries) = committed(task, &pair.identity(task), &wanted, deadline) else {
        return BTreeMap::new();
    };
    let found: Vec<(String, PartitionOffset, Note)> = entries
        .into_iter()
        .filter(|entry| entry.offset.is_some())
        .filter_map(|entry| {
            let note = read_note(&entry)?;
            let source = origin.get(&(entry.topic.clone(), entry.partition))?;
            (note.source_topic == *source).then(|| (source.clone(), entry, note))
        })
        .collect();
    if found.is_empty() {
        return BTreeMap::new();
    }
    let sources = unique(found.iter().map(|(source, _, _)| source.as_str()));
    let targets = unique(found.iter().map(|(_, entry, _)| entry.topic.as_str()));
    let (source_ids, target_ids) = (pair.source.topic_ids(&sources), pair.target.topic_ids(&targets));
    let at_source: Vec<(String, i32)> = found
        .iter()
        .map(|(source, entry, _)| (source.clone(), entry.partition))
        .collect();
    let at_target: Vec<(String, i32)> = found
        .iter()
        .map(|(_, entry, _)| (entry.topic.clone(), entry.partition))
        .collect();
    let (Ok(source_bounds), Ok(target_bounds)) = (
        bounds(&pair.source.admin, &at_source, Side::Source),
        bounds(&pair.target.admin, &at_target, Side::Target),
    ) else {
        return BTreeMap::new();
    };
    found
        .into_iter()
        .filter_map(|(source, entry, note)| {
            let position = entry.offset?;
            let key = (source.clone(), entry.partition);
            let same_topics = source_ids.get(&source) == note.source_id.as_ref()
                && target_ids.get(&entry.topic) == note.target_id.as_ref();
            let in_source = source_bounds.get(&key).is_some_and(|b| position <= b.high);
            let on_target = target_bounds
                .get(&(entry.topic, entry.partition))
                .is_some_and(|b| note.target_next <= b.high);
            (same_topics && in_source && on_target).then_some((key, Adopted { position, note }))
        })
        .collect()
}
