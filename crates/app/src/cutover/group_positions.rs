//! Positions of groups on both sides: read, translated, committed, proved. Where other tasks copied these topics before,
//! the translation goes through all of their maps.

use std::collections::BTreeMap;

use sluice_engine::{
    CheckpointStore, Goal, GroupChoice, GroupState, GroupStore, PartitionKey, PartitionState,
    PositionToProve, ProofOutcome, Sought, SyncedPosition, Translated, group_inventory, pair_up,
    prove_positions,
};
use sluice_kafka::{PeekFrom, PeekedRecord, peek};
use sluice_model::{Cluster, SourceId, TaskId, TaskName};
use sluice_wire::{Client, GroupOffset, TopicPartition};

use super::clusters::{Clusters, of_wire};
use super::lineage::{Lineage, Place};
use super::record::{Cutover, GroupMove, MovedPosition, Proved, TopicPair};
use crate::clock::now_ms;
use crate::{AppError, ErrorCode, Result};

/// Where a group stands at the source, and the same places on the target.
pub(super) fn read(clusters: &Clusters<'_>, cutover: &Cutover, group: &str) -> Result<Vec<MovedPosition>> {
    let settings = clusters.settings(cutover)?;
    let source = clusters.core.source(settings.source.as_str())?.name;
    let here = committed(&clusters.client(&settings.source)?, &source, group)?;
    if cutover.through.is_empty() {
        return by_one_map(clusters, cutover, group, &here);
    }
    let target = clusters.core.source(settings.target.as_str())?.name;
    let there = committed(&clusters.client(&settings.target)?, &target, group)?;
    let store: &dyn CheckpointStore = clusters.core.store.as_ref();
    let tasks: Vec<&TaskId> = cutover.through.iter().chain([&cutover.task]).collect();
    let unpaired = pair_up_all(clusters, &tasks, &here)?;
    let lineage = Lineage::read(store, &tasks)?;
    here.into_iter()
        .filter_map(|(place, position)| {
            let pair = cutover.topics.iter().find(|pair| pair.source == place.topic)?;
            Some((pair, place, position))
        })
        .map(|(pair, place, position)| {
            let moved = by_lineage(&lineage, pair, &place, position, &there)?;
            Ok(match unpaired.get(&place) {
                Some(why) => MovedPosition {
                    target_offset: None,
                    how: word(Translated::Unknown).to_owned(),
                    remark: Some(why.clone()),
                    ..moved
                },
                None => moved,
            })
        })
        .collect()
}

/// Completes the maps of those tasks that Connect copied, around the positions of a group: nothing noted them while it
/// copied. Returns why a place is not known, where one is not.
fn pair_up_all(
    clusters: &Clusters<'_>,
    tasks: &[&TaskId],
    here: &BTreeMap<TopicPartition, GroupOffset>,
) -> Result<BTreeMap<TopicPartition, String>> {
    let store: &dyn CheckpointStore = clusters.core.store.as_ref();
    let mut unpaired = BTreeMap::new();
    // The last one copies from the side of the positions, the one before it to that side, and so on.
    for (age, id) in tasks.iter().rev().enumerate() {
        let Some(row) = clusters.core.store.task(id.as_str())? else {
            continue;
        };
        let task = clusters.core.engine_task(&row)?;
        let mut sought: BTreeMap<Sought, TopicPartition> = BTreeMap::new();
        for state in store
            .partitions(&task.name)?
            .into_iter()
            .filter(PartitionState::is_pinned)
        {
            let (topic, from, to) = if age % 2 == 0 {
                (&state.key.topic, state.start, state.position)
            } else {
                (&state.target_topic, state.target_start, state.target_next)
            };
            let place = TopicPartition::new(topic.clone(), state.key.partition);
            let Some(offset) = here.get(&place).map(|position| position.offset.max(from)) else {
                continue;
            };
            // Behind its part, another task has copied.
            if offset < to {
                let goal = if age % 2 == 0 {
                    Goal::Source(offset)
                } else {
                    Goal::Target(offset)
                };
                sought.insert((state.key, goal), place);
            }
        }
        let goals = sought.keys().cloned().collect();
        for (goal, why) in pair_up(&task, store, &goals, clusters.cancelled)? {
            if let Some(place) = sought.get(&goal) {
                unpaired.insert(place.clone(), why);
            }
        }
    }
    Ok(unpaired)
}

/// The translation by the task's own map, which holds everything that was copied.
fn by_one_map(
    clusters: &Clusters<'_>,
    cutover: &Cutover,
    group: &str,
    here: &BTreeMap<TopicPartition, GroupOffset>,
) -> Result<Vec<MovedPosition>> {
    let report = group_inventory(
        &clusters.engine_task(cutover)?,
        clusters.core.store.as_ref(),
        &GroupChoice::Named([group.to_owned()].into()),
        clusters.cancelled,
    )?;
    let found = report.group(group);
    // What the inventory would not touch is not committed here either: a kind that is not moved, on either side.
    let untouched = found
        .filter(|found| matches!(found.state, GroupState::NotMoved | GroupState::Unknown))
        .and_then(|found| found.reason.clone());
    let positions = found.map(|found| found.partitions.as_slice());
    Ok(positions
        .unwrap_or_default()
        .iter()
        .filter_map(|position| {
            let pair = cutover.topics.iter().find(|pair| pair.source == position.topic)?;
            let place = TopicPartition::new(position.topic.clone(), position.partition);
            Some(MovedPosition {
                topic: position.topic.clone(),
                target_topic: pair.target.clone(),
                partition: position.partition,
                source_offset: position.source_offset,
                target_offset: position.target_offset.filter(|_| untouched.is_none()),
                how: match &untouched {
                    Some(_) => word(Translated::Unknown).to_owned(),
                    None => word(position.result).to_owned(),
                },
                remark: untouched.clone().or_else(|| position.reason.clone()),
                target_committed: position.target_committed,
                metadata: here
                    .get(&place)
                    .map(|known| known.metadata.clone())
                    .filter(|text| !text.is_empty()),
            })
        })
        .collect())
}

/// How a position was translated, in one word.
fn word(result: Translated) -> &'static str {
    match result {
        Translated::Exact => "exact",
        Translated::Earlier => "earlier",
        Translated::Pending => "pending",
        Translated::BeforeStart => "before_start",
        Translated::Expired => "expired",
        Translated::Searched => "searched",
        Translated::Unknown => "unknown",
    }
}

fn by_lineage(
    lineage: &Lineage<'_>,
    pair: &TopicPair,
    place: &TopicPartition,
    position: GroupOffset,
    there: &BTreeMap<TopicPartition, GroupOffset>,
) -> Result<MovedPosition> {
    let key = PartitionKey {
        topic: place.topic.clone(),
        partition: place.partition,
    };
    let (target_offset, how, remark) = match lineage.place(&key, position.offset)? {
        Some(Place::Exact(offset)) => (Some(offset), "exact", None),
        Some(Place::BeforeStart(offset)) => (
            Some(offset),
            "before_start",
            Some(
                "records before the start of the copy are not on the target; the group does not read them there",
            ),
        ),
        Some(Place::Pending) => (
            None,
            "pending",
            Some("records before this position are not copied yet"),
        ),
        None => (None, "unknown", Some("the task does not copy this partition")),
    };
    Ok(MovedPosition {
        target_committed: there
            .get(&TopicPartition::new(pair.target.clone(), place.partition))
            .map(|known| known.offset),
        topic: place.topic.clone(),
        target_topic: pair.target.clone(),
        partition: place.partition,
        source_offset: position.offset,
        target_offset,
        how: how.to_owned(),
        remark: remark.map(str::to_owned),
        metadata: Some(position.metadata).filter(|text| !text.is_empty()),
    })
}

fn committed(client: &Client, name: &str, group: &str) -> Result<BTreeMap<TopicPartition, GroupOffset>> {
    client
        .offset_fetch(group, None, true)
        .map_err(|error| of_wire(name, &error))?
        .into_iter()
        .map(|(place, outcome)| {
            let position = outcome.map_err(|error| of_wire(name, &error))?;
            Ok((place, position))
        })
        .collect()
}

/// Commits the positions that are known on the target.
pub(super) fn commit(clusters: &Clusters<'_>, cutover: &Cutover, moved: &GroupMove) -> Result<()> {
    let target = clusters.settings(cutover)?.target;
    let name = clusters.core.source(target.as_str())?.name;
    let offsets: BTreeMap<TopicPartition, GroupOffset> = moved
        .positions
        .iter()
        .filter_map(|position| {
            let place = TopicPartition::new(position.target_topic.clone(), position.partition);
            let offset = GroupOffset {
                offset: position.target_offset?,
                leader_epoch: None,
                metadata: position.metadata.clone().unwrap_or_default(),
            };
            Some((place, offset))
        })
        .collect();
    if offsets.is_empty() {
        return Ok(());
    }
    note(clusters, cutover, moved)?;
    let outcomes = clusters
        .client(&target)?
        .offset_commit(&moved.group, &offsets)
        .map_err(|error| of_wire(&name, &error))?;
    for (place, outcome) in outcomes {
        outcome.map_err(|error| {
            AppError::new(
                ErrorCode::Refused,
                format!(
                    "the position of group '{}' in {place} cannot be committed on the data source '{name}': {error}. A group that has members there must be stopped first",
                    moved.group
                ),
            )
        })?;
    }
    Ok(())
}

/// Remembers what is about to be committed: a task that goes on must not take it for another program's.
fn note(clusters: &Clusters<'_>, cutover: &Cutover, moved: &GroupMove) -> Result<()> {
    let positions = moved
        .positions
        .iter()
        .filter_map(|position| {
            let key = PartitionKey {
                topic: position.topic.clone(),
                partition: position.partition,
            };
            let put = SyncedPosition {
                source_offset: position.source_offset,
                target_offset: position.target_offset?,
                before: position.target_committed,
                at_ms: now_ms(),
            };
            Some((key, put))
        })
        .collect();
    clusters.core.store.note_group_positions(
        &TaskName::new(cutover.task.as_str())?,
        &BTreeMap::from([(moved.group.clone(), positions)]),
    )?;
    Ok(())
}

/// Compares the record that comes next on both sides, for each position that is known: by the client that did not copy,
/// and what other tasks copied before by the first bytes of its fields.
pub(super) fn prove(clusters: &Clusters<'_>, cutover: &Cutover, moved: &GroupMove) -> Result<Vec<Proved>> {
    let store: &dyn CheckpointStore = clusters.core.store.as_ref();
    let starts: BTreeMap<PartitionKey, i64> = store
        .partitions(&TaskName::new(cutover.task.as_str())?)?
        .into_iter()
        .map(|state| (state.key, state.start))
        .collect();
    let (mut own, mut older) = (Vec::new(), Vec::new());
    for position in &moved.positions {
        let Some(target_offset) = position.target_offset else {
            continue;
        };
        let asked = PositionToProve {
            key: PartitionKey {
                topic: position.topic.clone(),
                partition: position.partition,
            },
            source_offset: position.source_offset,
            target_offset,
        };
        let is_older = starts
            .get(&asked.key)
            .is_some_and(|start| position.source_offset < *start);
        if is_older && !cutover.through.is_empty() {
            older.push((position, asked));
        } else {
            own.push(asked);
        }
    }
    let outcomes = prove_positions(&clusters.engine_task(cutover)?, store, &own, clusters.cancelled)?;
    let mut proofs: Vec<Proved> = own
        .into_iter()
        .zip(outcomes)
        .map(|(asked, outcome)| Proved {
            topic: asked.key.topic,
            partition: asked.key.partition,
            equal: outcome.is_proved() == Some(true),
            detail: in_words(&outcome),
        })
        .collect();
    proofs.extend(prove_older(clusters, cutover, &older)?);
    Ok(proofs)
}

fn in_words(outcome: &ProofOutcome) -> String {
    match outcome {
        ProofOutcome::Equal {
            source_offset,
            target_offset,
        } => format!("offset {source_offset} at the source, offset {target_offset} on the target"),
        ProofOutcome::BothAtEnd => "both sides are at their end".to_owned(),
        ProofOutcome::Different { detail } => detail.clone(),
        ProofOutcome::Gone { reason } => reason.clone(),
        ProofOutcome::NotRead { reason } => format!("it could not be read: {reason}"),
    }
}

fn prove_older(
    clusters: &Clusters<'_>,
    cutover: &Cutover,
    older: &[(&MovedPosition, PositionToProve)],
) -> Result<Vec<Proved>> {
    if older.is_empty() {
        return Ok(Vec::new());
    }
    let settings = clusters.settings(cutover)?;
    let cluster = |id: &SourceId| {
        clusters
            .core
            .source(id.as_str())
            .and_then(|row| clusters.core.cluster(&row))
    };
    let (source, target) = (cluster(&settings.source)?, cluster(&settings.target)?);
    older
        .iter()
        .map(|(position, asked)| {
            let here = next(&source, &position.topic, position.partition, asked.source_offset)?;
            let there = next(
                &target,
                &position.target_topic,
                position.partition,
                asked.target_offset,
            )?;
            let (equal, detail) = compared(here.first(), there.first());
            Ok(Proved {
                topic: position.topic.clone(),
                partition: position.partition,
                equal,
                detail,
            })
        })
        .collect()
}

fn next(cluster: &Cluster, topic: &str, partition: i32, offset: i64) -> Result<Vec<PeekedRecord>> {
    peek(cluster, topic, partition, PeekFrom::Offset(offset), 1).map_err(|error| {
        AppError::new(
            ErrorCode::ClusterUnreachable,
            format!("{topic}-{partition} cannot be read: {error}"),
        )
    })
}

fn compared(here: Option<&PeekedRecord>, there: Option<&PeekedRecord>) -> (bool, String) {
    match (here, there) {
        (None, None) => (true, "both sides are at their end".to_owned()),
        (Some(here), None) => (
            false,
            format!("offset {} at the source, and nothing on the target", here.offset),
        ),
        (None, Some(there)) => (
            false,
            format!("nothing at the source, and offset {} on the target", there.offset),
        ),
        (Some(here), Some(there)) => (
            here.key == there.key && here.value == there.value && here.headers == there.headers,
            format!(
                "offset {} at the source, offset {} on the target",
                here.offset, there.offset
            ),
        ),
    }
}
