//! What of each partition is to be compared.

use std::collections::{BTreeMap, BTreeSet};

use sluice_kafka::{ErrorCode, KafkaError};
use sluice_model::{Objects, OffsetRange, Task};

use crate::error::{EngineError, Result, Side};
use crate::plan::Pair;
use crate::plan::{resolve, resolve_end};
use crate::position::LogBounds;
use crate::position::{CheckpointStore, PartitionKey, PartitionState};
use crate::verify::ends::{Ends, ends};

/// A partition, and what of it must be on the target.
#[derive(Debug)]
pub(crate) struct Range {
    pub(crate) key: PartitionKey,
    pub(crate) target_topic: String,
    /// Source offsets that must be on the target.
    pub(crate) source: OffsetRange,
    /// The source's log, or why it is not known.
    pub(crate) source_ends: std::result::Result<Ends, SourceGone>,
    pub(crate) copied: Copied,
    /// The first source offset that is to be verified, where not all of it is.
    pub(crate) since: Option<i64>,
}

/// Why a partition's source log is not known.
#[derive(Debug)]
pub(crate) enum SourceGone {
    /// There is no such partition.
    NoPartition,
    /// It was not answered.
    Unanswered(KafkaError),
}

/// What is known of a partition's copy.
#[derive(Debug)]
pub(crate) enum Copied {
    /// The task's state has it.
    Noted {
        /// Where it begins on the target.
        target_from: i64,
        /// Target offset behind the last acknowledged record.
        target_next: i64,
        /// Id of the target topic it was copied to.
        target_id: Option<String>,
        /// Id of the source topic it was copied from.
        source_id: Option<String>,
        /// Which of the source partition's logs it is copied from.
        incarnation: u32,
    },
    /// The state does not know the task; everything up to the source's end must be there.
    Described,
    /// The partition came to the source, and the task has not begun it.
    NotBegun,
}

/// The partitions of a launched task, and the topics that are no longer in it.
pub(crate) fn launched(
    pair: &Pair,
    task: &Task,
    store: &dyn CheckpointStore,
) -> Result<(Vec<Range>, Vec<String>)> {
    let states = store.partitions(&task.name)?;
    let chosen: BTreeSet<String> = task
        .objects
        .select(states.iter().map(|state| state.key.topic.as_str()))?
        .into_iter()
        .map(str::to_owned)
        .collect();
    let left_out: BTreeSet<String> = states
        .iter()
        .map(|state| state.key.topic.clone())
        .filter(|topic| !chosen.contains(topic))
        .collect();
    let all: Vec<PartitionState> = states
        .into_iter()
        .filter(|state| chosen.contains(&state.key.topic))
        .collect();
    // A partition without a leader since the launch has nothing copied either.
    let (states, unpinned): (Vec<_>, Vec<_>) = all.iter().partition(|state| state.is_pinned());
    let mut not_begun: Vec<(PartitionKey, String)> = unpinned
        .into_iter()
        .map(|state| (state.key.clone(), state.target_topic.clone()))
        .collect();
    not_begun.extend(new_partitions(pair, task, &all)?);
    let keys: Vec<&PartitionKey> = states
        .iter()
        .map(|state| &state.key)
        .chain(not_begun.iter().map(|(key, _)| key))
        .collect();
    let mut logs = source_logs(pair, &keys)?;
    let mut log = |key: &PartitionKey| logs.remove(key).unwrap_or(Err(SourceGone::NoPartition));
    let mut ranges: Vec<Range> = states
        .iter()
        .map(|state| Range {
            source: OffsetRange {
                from: state.start,
                to: state.position,
            },
            source_ends: log(&state.key).map(|ends| within(ends, state.until)),
            copied: Copied::Noted {
                target_from: state.target_start,
                target_next: state.target_next,
                target_id: state.target_topic_id.clone(),
                source_id: state.source_topic_id.clone(),
                incarnation: state.incarnation,
            },
            since: None,
            key: state.key.clone(),
            target_topic: state.target_topic.clone(),
        })
        .collect();
    for (key, target_topic) in not_begun {
        let source_ends = log(&key);
        // A new partition is copied from its first record on, whatever the task's start is.
        let from = source_ends.as_ref().map_or(0, |ends| ends.low);
        ranges.push(Range {
            source: OffsetRange { from, to: from },
            source_ends,
            copied: Copied::NotBegun,
            since: None,
            key,
            target_topic,
        });
    }
    Ok((ranges, left_out.into_iter().collect()))
}

/// What is behind the end of a copy is not to be on the target.
fn within(ends: Ends, until: Option<i64>) -> Ends {
    let cut = |offset: i64| until.map_or(offset, |until| offset.min(until));
    Ends {
        committed: cut(ends.committed),
        high: cut(ends.high),
        ..ends
    }
}

/// Partitions of the source that the state does not have, and their target topics.
fn new_partitions(
    pair: &Pair,
    task: &Task,
    states: &[PartitionState],
) -> Result<Vec<(PartitionKey, String)>> {
    let targets: BTreeMap<&str, &str> = states
        .iter()
        .map(|state| (state.key.topic.as_str(), state.target_topic.as_str()))
        .collect();
    let known: BTreeSet<(&str, i32)> = states
        .iter()
        .map(|state| (state.key.topic.as_str(), state.key.partition))
        .collect();
    let mut found = Vec::new();
    for (source, target) in task.routes(source_topics(pair))? {
        let target = targets
            .get(source.as_str())
            .map_or(target.as_str(), |known| known);
        let onto_itself = source == target || targets.values().any(|copy| *copy == source);
        if pair.same_cluster() && onto_itself {
            continue;
        }
        found.extend(
            partitions_of(pair, &source)
                .filter(|partition| !known.contains(&(source.as_str(), *partition)))
                .map(|partition| (key(&source, partition), target.to_owned())),
        );
    }
    Ok(found)
}

/// The partitions of a task that the state does not know.
pub(crate) fn described(pair: &Pair, task: &Task) -> Result<Vec<Range>> {
    if let Objects::Topics(wanted) = &task.objects
        && let Some(missing) = wanted
            .iter()
            .find(|topic| pair.source.partition_count(topic).is_none())
    {
        return Err(EngineError::Refused(format!(
            "the source has no topic '{missing}' (or this user may not see it); check the spelling"
        )));
    }
    let mut ranges = Vec::new();
    for (source, target) in task.routes(pair.source.metadata.topics.keys().map(String::as_str))? {
        let keys: Vec<PartitionKey> = partitions_of(pair, &source)
            .map(|partition| key(&source, partition))
            .collect();
        let logs = source_logs(pair, &keys.iter().collect::<Vec<_>>())?;
        let now: BTreeMap<i32, LogBounds> = logs
            .iter()
            .filter_map(|(key, ends)| {
                let Ends { low, high, .. } = *ends.as_ref().ok()?;
                Some((key.partition, LogBounds { low, high }))
            })
            .collect();
        let starts = resolve(
            &pair.source.admin,
            task.start_of(&source),
            &source,
            keys.len(),
            &now,
        )?;
        let begins: BTreeMap<i32, i64> = starts
            .iter()
            .map(|(&partition, start)| (partition, start.nearest()))
            .collect();
        let until = match task.end_of(&source) {
            Some(end) => resolve_end(&pair.source.admin, end, &source, &begins, &now)?,
            None => BTreeMap::new(),
        };
        ranges.extend(logs.into_iter().map(|(key, source_ends)| {
            let from = begins.get(&key.partition).copied().unwrap_or(0);
            let source_ends = source_ends.map(|ends| within(ends, until.get(&key.partition).copied()));
            let to = source_ends.as_ref().map_or(from, |ends| ends.committed.max(from));
            Range {
                key,
                target_topic: target.clone(),
                source: OffsetRange { from, to },
                source_ends,
                copied: Copied::Described,
                since: None,
            }
        }));
    }
    Ok(ranges)
}

fn source_topics(pair: &Pair) -> impl Iterator<Item = &str> {
    pair.source
        .metadata
        .topics
        .values()
        .filter(|info| info.error == ErrorCode::NONE)
        .map(|info| info.name.as_str())
}

fn partitions_of(pair: &Pair, topic: &str) -> std::ops::Range<i32> {
    let count = pair.source.partition_count(topic).unwrap_or(0);
    0..i32::try_from(count).unwrap_or(i32::MAX)
}

/// The source's log of each partition.
fn source_logs(
    pair: &Pair,
    keys: &[&PartitionKey],
) -> Result<BTreeMap<PartitionKey, std::result::Result<Ends, SourceGone>>> {
    let there: Vec<(String, i32)> = keys
        .iter()
        .filter(|key| partitions_of(pair, &key.topic).contains(&key.partition))
        .map(|key| (key.topic.clone(), key.partition))
        .collect();
    let mut found = ends(&pair.source.admin, &there, Side::Source)?;
    Ok(keys
        .iter()
        .map(|key| {
            let ends = match found.remove(&(key.topic.clone(), key.partition)) {
                Some(ends) => ends.map_err(SourceGone::Unanswered),
                None => Err(SourceGone::NoPartition),
            };
            ((*key).clone(), ends)
        })
        .collect())
}

fn key(topic: &str, partition: i32) -> PartitionKey {
    PartitionKey {
        topic: topic.to_owned(),
        partition,
    }
}
