//! Positions that an earlier run of the same task left on the target: found when the local state was lost, or when
//! another machine takes the task over. They are trusted only for the very topics they were committed for.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sluice_kafka::PartitionOffset;
use sluice_model::{ExistingData, Task};

use crate::delivery::EffectiveDelivery;
use crate::error::Side;
use crate::inspection::committed;
use crate::launch::unique;
use crate::pair::Pair;
use crate::start_position::bounds;

/// What a committed position says of itself, kept as its commit's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Launch id.
    #[serde(rename = "l")]
    pub(crate) launch: String,
    /// Source topic.
    #[serde(rename = "t")]
    pub(crate) source_topic: String,
    /// Source topic id.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none", default)]
    pub(crate) source_id: Option<String>,
    /// Target topic id.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none", default)]
    pub(crate) target_id: Option<String>,
    /// Where ours begin on the target.
    #[serde(rename = "b")]
    pub(crate) target_start: i64,
    /// Target offset behind the last record of this commit.
    #[serde(rename = "n")]
    pub(crate) target_next: i64,
    /// First source offset of the copy.
    #[serde(rename = "o")]
    pub(crate) start: i64,
    /// Source leader epoch.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none", default)]
    pub(crate) epoch: Option<i32>,
    /// Who committed it.
    #[serde(rename = "w", skip_serializing_if = "Option::is_none", default)]
    pub(crate) writer: Option<Writership>,
}

/// A run of the task as the target knows it. A broker fences the earlier of two instances, but also a single one whose
/// transaction it gave up after a minute without contact; only what stands on the target tells these apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Writership {
    /// One more than the greatest that was found when the run began. A run commits only while it holds the
    /// transactional id and reads after it took it, so of two runs that committed the later has the greater.
    #[serde(rename = "g")]
    pub(crate) generation: u64,
    /// Tells two runs apart that found the same.
    #[serde(rename = "i")]
    pub(crate) instance: String,
}

impl Writership {
    /// Whether this run took the task over from `other`, or did not let it in.
    pub(crate) fn supersedes(&self, other: &Self) -> bool {
        self.generation > other.generation
            || (self.generation == other.generation && self.instance != other.instance)
    }
}

/// A position worth continuing from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Adopted {
    pub(crate) position: i64,
    pub(crate) note: Note,
}

/// Reads a commit's text; `None` for texts of other programs.
pub(crate) fn read_note(entry: &PartitionOffset) -> Option<Note> {
    serde_json::from_str(entry.metadata.as_deref()?).ok()
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
