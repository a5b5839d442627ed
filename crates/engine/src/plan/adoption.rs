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

/// Where clusters keep committed offsets.
const POSITIONS: &str = "__consumer_offsets";

/// A position worth continuing from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Adopted {
    pub(crate) position: i64,
    pub(crate) note: Note,
}

/// What the target knows of a task that the state knows nothing of.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// The name under which the target is to know it, where another task has the one that follows from its name.
    pub(crate) identity: Option<String>,
    /// Positions of an earlier run, by (source topic, partition).
    pub(crate) adopted: BTreeMap<(String, i32), Adopted>,
}

/// Looks for positions of an earlier run, and whether another task has the name under which they would be.
pub(crate) fn find(
    pair: &Pair,
    task: &Task,
    routes: &[(String, String)],
    delivery: EffectiveDelivery,
    deadline: Duration,
) -> Earlier {
    if ![EffectiveDelivery::Transactions, EffectiveDelivery::Mirror].contains(&delivery) {
        return Earlier::default();
    }
    let under = |identity: &str| {
        if task.existing == ExistingData::Rewrite {
            return BTreeMap::new();
        }
        positions(pair, task, identity, routes, deadline)
    };
    let own = pair.identity(task);
    let adopted = under(&own);
    if !adopted.is_empty() || !is_anothers(pair, &own, routes) {
        return Earlier {
            identity: None,
            adopted,
        };
    }
    let identity = pair.identity_by_topics(task);
    Earlier {
        adopted: under(&identity),
        identity: Some(identity),
    }
}

/// Whether another task keeps its positions under `identity`: some are there, all of topics that this one does not have.
/// Two tasks that share a topic are one to the target, so that each fences the other.
fn is_anothers(pair: &Pair, identity: &str, routes: &[(String, String)]) -> bool {
    let target = &pair.target;
    // Looking for a group's coordinator makes an unused cluster create its internal topic.
    let is_used = target.metadata.topics.contains_key(POSITIONS)
        || routes
            .iter()
            .any(|(_, topic)| target.partition_count(topic).is_some());
    if !is_used {
        return false;
    }
    let kept = target.admin.group_offsets(identity).unwrap_or_else(|error| {
        tracing::info!(identity, %error, "whether another task has this name is not known");
        Vec::new()
    });
    let mut noted = kept
        .iter()
        .filter(|entry| entry.offset.is_some())
        .filter_map(|entry| Some((entry, read_note(entry)?)))
        .peekable();
    noted.peek().is_some()
        && noted.all(|(entry, note)| {
            routes
                .iter()
                .all(|(source, topic)| note.source_topic != *source && entry.topic != *topic)
        })
}

fn positions(
    pair: &Pair,
    task: &Task,
    identity: &str,
    routes: &[(String, String)],
    deadline: Duration,
) -> BTreeMap<(String, i32), Adopted> {
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
    let Ok(entries) = committed(task, identity, &wanted, deadline) else {
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
