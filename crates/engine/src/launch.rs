//! The first launch: target topics, existing data, pinned positions; and the checks of every later one.

use std::collections::{BTreeMap, BTreeSet};

use sluice_kafka::PartitionOffset;
use sluice_model::{ExistingData, OffsetRange, OutOfRange, Task};

use crate::adoption::Adopted;
use crate::checkpoint::{
    Anchor, Checkpoint, CheckpointStore, Gap, GapReason, Launch, PartitionKey, PartitionState, RunCut,
};
use crate::clock::now_ms;
use crate::error::{EngineError, Result, Side};
use crate::inspection::{Plan, RoutePlan};
use crate::lookup::record_hash_at;
use crate::pair::Pair;
use crate::progress::{Event, Observer};
use crate::start_position::{LogBounds, bounds};
use crate::structure;

/// Makes the target ready and pins every position. Returns the partitions to copy.
pub(crate) fn first(
    plan: &mut Plan,
    task: &Task,
    store: &dyn CheckpointStore,
    observer: &Observer,
    launch_id: String,
) -> Result<(Launch, Vec<PartitionState>)> {
    for route in &plan.routes {
        if route.target_partitions.is_none() {
            structure::create(&plan.pair.target.admin, &route.draft)?;
            observer(Event::Info(format!(
                "created target topic '{}' with {} partitions",
                route.target_topic, route.draft.topic.partitions
            )));
        } else {
            clear_existing(&plan.pair, task, route, observer)?;
        }
    }
    plan.pair.target.refresh()?;
    let launch = Launch {
        task: task.name.clone(),
        launch_id,
        source_cluster: plan.pair.source.id.clone().unwrap_or_default(),
        target_cluster: plan.pair.target.id.clone().unwrap_or_default(),
        launched_at_ms: now_ms(),
        delivery: plan.delivery.describe().to_owned(),
    };
    let (mut partitions, mut gaps) = (Vec::new(), Vec::new());
    for route in &plan.routes {
        let wanted: BTreeMap<i32, i64> = route
            .start
            .iter()
            .map(|(&partition, start)| (partition, start.nearest()))
            .collect();
        for (&partition, start) in &route.start {
            let adopted = plan
                .adopted
                .contains_key(&(route.source_topic.clone(), partition));
            if let Some(range) = start
                .outside
                .filter(|range| range.to <= start.bounds.low && !adopted)
            {
                gaps.push(Gap {
                    key: key(&route.source_topic, partition),
                    range,
                    reason: GapReason::StartOutsideLog,
                    found_at_ms: now_ms(),
                });
            }
        }
        let source_bounds: BTreeMap<i32, LogBounds> = route
            .start
            .iter()
            .map(|(&partition, start)| (partition, start.bounds))
            .collect();
        partitions.extend(pin(
            &plan.pair,
            &route.source_topic,
            &route.target_topic,
            &wanted,
            &source_bounds,
            &plan.adopted,
        )?);
    }
    store.begin(&launch, &partitions)?;
    if !gaps.is_empty() {
        gaps.iter().cloned().for_each(|gap| observer(Event::Gap(gap)));
        store.save(
            &task.name,
            &Checkpoint {
                gaps,
                ..Checkpoint::default()
            },
        )?;
    }
    Ok((launch, partitions))
}

/// Deletes what is in an existing target topic, where the task says so.
pub(crate) fn clear_existing(pair: &Pair, task: &Task, route: &RoutePlan, observer: &Observer) -> Result<()> {
    let records: i64 = route.target_bounds.values().map(|b| b.high - b.low).sum();
    if task.existing != ExistingData::Rewrite || records == 0 {
        return Ok(());
    }
    let ends: Vec<PartitionOffset> = route
        .target_bounds
        .iter()
        .map(|(&partition, b)| PartitionOffset::new(route.target_topic.clone(), partition, b.high))
        .collect();
    structure::clear(&pair.target.admin, &route.draft, &ends, route.target_deletable)?;
    observer(Event::Info(format!(
        "deleted {records} records of target topic '{}', as the task says",
        route.target_topic
    )));
    Ok(())
}

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
            }
        })
        .collect())
}

/// Checks a launched task's partitions against the clusters as they are now. Returns the partitions, and those that
/// must not go on with the reason.
pub(crate) fn again(
    plan: &Plan,
    task: &Task,
    store: &dyn CheckpointStore,
    observer: &Observer,
) -> Result<(Vec<PartitionState>, BTreeMap<PartitionKey, String>)> {
    let mut partitions = store.partitions(&task.name)?;
    // Topics that were taken from the task keep their positions and are left alone.
    let chosen: BTreeSet<String> = task
        .objects
        .select(partitions.iter().map(|p| p.key.topic.as_str()))?
        .into_iter()
        .map(str::to_owned)
        .collect();
    partitions.retain(|p| chosen.contains(&p.key.topic));
    let mut stopped = BTreeMap::new();
    let sources: Vec<&str> = unique(partitions.iter().map(|p| p.key.topic.as_str()));
    let targets: Vec<&str> = unique(partitions.iter().map(|p| p.target_topic.as_str()));
    let source_ids = plan.pair.source.topic_ids(&sources);
    let target_ids = plan.pair.target.topic_ids(&targets);
    for target in targets {
        let known = partitions
            .iter()
            .find(|p| p.target_topic == target)
            .and_then(|p| p.target_topic_id.clone());
        let gone = plan.pair.target.partition_count(target).is_none();
        if gone
            || (known.is_some()
                && target_ids.contains_key(target)
                && target_ids.get(target) != known.as_ref())
        {
            return Err(EngineError::Refused(format!(
                "the target topic '{target}' was deleted{} since task '{}' was launched, and what was copied is gone with it. Start a new task with another --name to copy it anew",
                if gone { "" } else { " and created again" },
                task.name
            )));
        }
    }
    let (mut changed, mut gaps) = (Vec::new(), Vec::new());
    let known: Vec<(String, i32)> = partitions
        .iter()
        .filter(|p| {
            plan.pair
                .source
                .partition_count(&p.key.topic)
                .is_some_and(|count| usize::try_from(p.key.partition).is_ok_and(|n| n < count))
        })
        .map(|p| (p.key.topic.clone(), p.key.partition))
        .collect();
    let bounds_now = bounds(&plan.pair.source.admin, &known, Side::Source)?;
    for partition in &mut partitions {
        let Some(now) = bounds_now.get(&(partition.key.topic.clone(), partition.key.partition)) else {
            stopped.insert(
                partition.key.clone(),
                format!("the source has no partition {} any more", partition.key),
            );
            continue;
        };
        let id_now = source_ids.get(&partition.key.topic);
        let recreated = match (&partition.source_topic_id, id_now) {
            (Some(then), Some(now)) => then != now,
            _ => anchor_differs(task, partition, *now)?,
        };
        if recreated {
            let gap = Gap {
                key: partition.key.clone(),
                range: OffsetRange {
                    from: partition.position,
                    to: partition.position.max(partition.backlog_end),
                },
                reason: GapReason::Recreated,
                found_at_ms: now_ms(),
            };
            match task.out_of_range {
                OutOfRange::Stop => {
                    stopped.insert(
                        partition.key.clone(),
                        recreated_sentence(&partition.key, partition.position),
                    );
                }
                OutOfRange::Nearest => {
                    observer(Event::Gap(gap.clone()));
                    gaps.push(gap);
                    restart(partition, id_now.cloned(), *now);
                    changed.push(partition.clone());
                }
            }
        }
    }
    if !changed.is_empty() {
        store.save(
            &task.name,
            &Checkpoint {
                cuts: changed
                    .iter()
                    .map(|partition| RunCut {
                        key: partition.key.clone(),
                        from: 0,
                    })
                    .collect(),
                partitions: changed,
                gaps,
                ..Checkpoint::default()
            },
        )?;
    }
    Ok((partitions, stopped))
}

/// What a person is told of a recreated topic.
pub(crate) fn recreated_sentence(key: &PartitionKey, position: i64) -> String {
    format!(
        "the source topic of {key} was deleted and created again; its offset {position} means nothing in the new topic. To copy the new topic from its beginning, behind what is on the target, run with --out-of-range nearest"
    )
}

/// Begins anew with the new topic, behind what is on the target.
pub(crate) fn restart(partition: &mut PartitionState, source_id: Option<String>, now: LogBounds) {
    partition.source_topic_id = source_id;
    partition.start = now.low;
    partition.position = now.low;
    partition.backlog_end = now.high;
    partition.target_start = partition.target_next;
    partition.leader_epoch = None;
    partition.anchor = None;
}

/// On brokers without topic ids, the last copied record tells whether it is still the same topic.
fn anchor_differs(task: &Task, partition: &PartitionState, now: LogBounds) -> Result<bool> {
    let Some(Anchor { offset, hash }) = partition.anchor else {
        return Ok(false);
    };
    if offset < now.low {
        return Ok(false);
    }
    if partition.position > now.high {
        return Ok(true);
    }
    let found =
        record_hash_at(&task.source, &partition.key, offset).map_err(|error| EngineError::Cluster {
            side: Side::Source,
            what: format!("reading {} at offset {offset}", partition.key),
            error,
        })?;
    Ok(found.is_some_and(|now| now != hash))
}

fn key(topic: &str, partition: i32) -> PartitionKey {
    PartitionKey {
        topic: topic.to_owned(),
        partition,
    }
}

/// Each name once: a request that names a topic twice is refused.
pub(crate) fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    names
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect()
}
