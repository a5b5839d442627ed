//! Where a copy was asked to begin and to end. Positions are pinned at the first launch; a later start that asks for something
//! else would end with "caught up" and without what it asked for.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use serde::{Deserialize, Serialize};
use sluice_engine::{CheckpointStore, PartitionState};
use sluice_model::{End, Start, Task};
use sluice_store::SqliteStore;

/// How a topic is said to have no end.
const FOLLOWS: &str = "none";

/// The part of a description that decides where copies begin and end.
#[derive(Debug, Serialize, Deserialize)]
struct AskedRange {
    start: Start,
    start_overrides: BTreeMap<String, Start>,
    end: Option<End>,
    end_overrides: BTreeMap<String, End>,
}

impl AskedRange {
    fn of(task: &Task) -> Self {
        Self {
            start: task.start.clone(),
            start_overrides: task.start_overrides.clone(),
            end: task.end.clone(),
            end_overrides: task.end_overrides.clone(),
        }
    }

    fn start_of(&self, topic: &str) -> String {
        self.start_overrides.get(topic).unwrap_or(&self.start).to_string()
    }

    fn end_of(&self, topic: &str) -> String {
        let end = self.end_overrides.get(topic).or(self.end.as_ref());
        end.map_or_else(|| FOLLOWS.to_owned(), End::to_string)
    }
}

/// Which bounds the description names, and need not be taken from the launch.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// A start.
    pub start: bool,
    /// An end. For a copy none is one as well: it follows its source.
    pub end: bool,
}

impl Named {
    /// The bounds that `task` names; `names_start`: for all of its topics.
    pub fn by(task: &Task, names_start: bool) -> Self {
        Self {
            start: names_start || !task.start_overrides.is_empty(),
            end: task.has_ends(),
        }
    }
}

/// Checks that the topics that were launched are asked for with the bounds that they were launched with. Returns what a person
/// should know of bounds that are not named.
///
/// # Errors
/// Another bound is named, or the state cannot be read.
pub fn as_launched(task: &Task, store: &SqliteStore, named: Named) -> anyhow::Result<BTreeSet<String>> {
    let mut notes = BTreeSet::new();
    if store.launch(&task.name)?.is_none() {
        return Ok(notes);
    }
    let partitions = store.partitions(&task.name)?;
    let (asked, launched) = (AskedRange::of(task), kept(task, store)?);
    for topic in topics(task, &partitions)? {
        let before = |bound: fn(&AskedRange, &str) -> String| launched.as_ref().map(|was| bound(was, topic));
        // Copies of earlier versions say no more of their end than that there is one.
        let end_before = before(AskedRange::end_of).or_else(|| {
            let has_end = has_end(&partitions, topic);
            (has_end != task.end_of(topic).is_some())
                .then(|| if has_end { "an earlier one" } else { FOLLOWS }.to_owned())
        });
        for (what, before, now, is_named) in [
            (
                "the start",
                before(AskedRange::start_of),
                asked.start_of(topic),
                named.start,
            ),
            ("the end", end_before, asked.end_of(topic), named.end),
        ] {
            let Some(launched) = before.filter(|launched| *launched != now) else {
                continue;
            };
            if is_named {
                bail!(
                    "task '{}' was launched with {what} {launched} (topic '{topic}'), and cannot have {now} any more: its positions are pinned at the first launch. Leave {what} as it was, or start a new task with another --name",
                    task.name
                );
            }
            notes.insert(format!("{what} is that of the first launch: {launched}"));
        }
    }
    Ok(notes)
}

/// Keeps what `task` asks for, for its next start; of a launched one that names no start, that of before.
///
/// # Errors
/// The state cannot be read or written.
pub fn keep(task: &Task, store: &SqliteStore, named: Named) -> anyhow::Result<()> {
    let mut asked = AskedRange::of(task);
    if !named.start
        && store.launch(&task.name)?.is_some()
        && let Some(before) = kept(task, store)?
    {
        (asked.start, asked.start_overrides) = (before.start, before.start_overrides);
    }
    Ok(store.note_asked_range(&task.name, &serde_json::to_string(&asked)?)?)
}

fn kept(task: &Task, store: &SqliteStore) -> anyhow::Result<Option<AskedRange>> {
    let kept = store.asked_range(&task.name)?;
    Ok(kept.map(|text| serde_json::from_str(&text)).transpose()?)
}

/// The launched topics that the task still has.
fn topics<'a>(task: &Task, partitions: &'a [PartitionState]) -> anyhow::Result<BTreeSet<&'a str>> {
    let launched = partitions.iter().map(|partition| partition.key.topic.as_str());
    Ok(task.objects.select(launched)?.into_iter().collect())
}

fn has_end(partitions: &[PartitionState], topic: &str) -> bool {
    partitions
        .iter()
        .any(|partition| partition.key.topic == topic && partition.until.is_some())
}
