//! The checks of every start after the first.

use std::collections::{BTreeMap, BTreeSet};

use sluice_model::{OffsetRange, OutOfRange, Task};

use crate::clock::now_ms;
use crate::error::{EngineError, Result, Side};
use crate::lookup::record_hash_at;
use crate::partition::{Halt, another_log_sentence, recreated_gap, recreated_sentence, restart};
use crate::plan::{Plan, unique};
use crate::position::{
    Anchor, Checkpoint, CheckpointStore, EffectiveDelivery, Gap, GapReason, LogBounds, PartitionKey,
    PartitionState, RunCut, logs,
};
use crate::progress::{Event, Observer};

/// Checks a launched task's partitions against the clusters as they are now. Returns the partitions, and those that
/// must not go on with the reason.
pub(crate) fn again(
    plan: &Plan,
    task: &Task,
    store: &dyn CheckpointStore,
    observer: &Observer,
) -> Result<(Vec<PartitionState>, BTreeMap<PartitionKey, Halt>)> {
    let mut partitions = store.partitions(&task.name)?;
    // Topics that were taken from the task keep their positions and are left alone.
    let chosen: BTreeSet<String> = task
        .objects
        .select(partitions.iter().map(|p| p.key.topic.as_str()))?
        .into_iter()
        .map(str::to_owned)
        .collect();
    partitions.retain(|p| chosen.contains(&p.key.topic) && p.is_pinned());
    check_targets(plan, task, &partitions)?;
    check_delivery(plan, task)?;
    let sources: Vec<&str> = unique(partitions.iter().map(|p| p.key.topic.as_str()));
    let source_ids = plan.pair.source.topic_ids(&sources);
    let mut stopped = BTreeMap::new();
    let (mut changed, mut gaps) = (Vec::new(), Vec::new());
    let known: Vec<(String, i32)> = partitions
        .iter()
        .filter(|p| plan.pair.source.has_partition(&p.key.topic, p.key.partition))
        .map(|p| (p.key.topic.clone(), p.key.partition))
        .collect();
    let source = &plan.pair.source;
    let now = logs(&source.admin, &source.metadata, &known, Side::Source, &|| Ok(()))?;
    for partition in &mut partitions {
        let place = (partition.key.topic.clone(), partition.key.partition);
        if now.silent.contains_key(&place) {
            // Nothing is known of it; its position stands until its leader is back.
            continue;
        }
        let Some(now) = now.found.get(&place) else {
            stopped.insert(
                partition.key.clone(),
                Halt::from(format!("the source has no partition {} any more", partition.key)),
            );
            continue;
        };
        let id_now = source_ids.get(&partition.key.topic);
        let recreated = match (&partition.source_topic_id, id_now) {
            (Some(then), Some(now)) => then != now,
            _ => anchor_differs(task, partition, *now)?,
        };
        if !recreated {
            continue;
        }
        if let Some(halt) = halt_of_recreated(plan, task, partition) {
            stopped.insert(partition.key.clone(), halt);
            continue;
        }
        let gap = given_up(partition);
        observer(Event::Gap(gap.clone()));
        gaps.push(gap);
        restart(partition, id_now.cloned(), *now);
        partition.incarnation += 1;
        changed.push(partition.clone());
    }
    if !changed.is_empty() {
        save_restarted(store, task, changed, gaps)?;
    }
    Ok((partitions, stopped))
}

/// Why a partition whose topic was created again does not begin again; `None` where it does.
fn halt_of_recreated(plan: &Plan, task: &Task, partition: &PartitionState) -> Option<Halt> {
    if plan.delivery == EffectiveDelivery::Mirror {
        return Some(Halt::from(another_log_sentence(&partition.key)));
    }
    match task.out_of_range {
        OutOfRange::Stop => Some(Halt {
            sentence: recreated_sentence(&partition.key, partition.position),
            gap: Some(recreated_gap(partition)),
        }),
        OutOfRange::Nearest => None,
    }
}

/// What of a partition's earlier topic was not copied and cannot be any more.
fn given_up(partition: &PartitionState) -> Gap {
    Gap {
        key: partition.key.clone(),
        range: OffsetRange {
            from: partition.position,
            to: partition.position.max(partition.backlog_end),
        },
        reason: GapReason::Recreated,
        found_at_ms: now_ms(),
        incarnation: partition.incarnation,
    }
}

/// A mirror is one from its first record on, and nothing else becomes one.
fn check_delivery(plan: &Plan, task: &Task) -> Result<()> {
    let mirror = EffectiveDelivery::Mirror;
    let was = plan
        .launch
        .as_ref()
        .map(|launch| launch.delivery == mirror.describe());
    let is = plan.delivery == mirror;
    if was.is_none_or(|was| was == is) {
        return Ok(());
    }
    Err(EngineError::Refused(if is {
        format!(
            "task '{}' was launched with another delivery: its records have other offsets on the target, and it cannot become a mirror. Start a new task with another --name and new target topics",
            task.name
        )
    } else {
        format!(
            "task '{}' was launched as a mirror, and another delivery would end the equality of offsets for good. Choose --delivery mirror, or start a new task with another --name",
            task.name
        )
    }))
}

/// The target topics must be those that the records were copied to.
fn check_targets(plan: &Plan, task: &Task, partitions: &[PartitionState]) -> Result<()> {
    let targets: Vec<&str> = unique(partitions.iter().map(|p| p.target_topic.as_str()));
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
                "the target topic '{target}' was deleted{} since task '{}' was launched, and what was copied is gone with it. Start a new task with another --name to copy it again",
                if gone { "" } else { " and created again" },
                task.name
            )));
        }
    }
    Ok(())
}

/// Saves partitions whose source topic was created again: their offset maps begin again with them.
fn save_restarted(
    store: &dyn CheckpointStore,
    task: &Task,
    partitions: Vec<PartitionState>,
    gaps: Vec<Gap>,
) -> Result<()> {
    let cuts = partitions
        .iter()
        .map(|partition| RunCut {
            key: partition.key.clone(),
            from: 0,
            incarnation: partition.incarnation,
        })
        .collect();
    let checkpoint = Checkpoint {
        partitions,
        gaps,
        cuts,
        ..Checkpoint::default()
    };
    store.save(&task.name, &checkpoint)?;
    Ok(())
}

/// On brokers without topic ids, the last copied record shows whether it is still the same topic.
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
