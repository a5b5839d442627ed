//! Topics added to, taken from, or renamed in a launched task, between two of its runs.

use std::collections::BTreeMap;

use serde::Serialize;
use sluice_model::{Objects, Start, Task, TaskName};

use crate::error::{EngineError, Result};
use crate::finding::{Finding, Verdict};
use crate::launch::first::clear_existing;
use crate::launch::pin;
use crate::plan::structure;
use crate::plan::{Pair, Plan, RoutePlan, plan};
use crate::position::LogBounds;
use crate::position::{Checkpoint, CheckpointStore, PartitionState, RunCut};
use crate::progress::{Event, Observer};

/// The name under which new topics are judged: no task has it, because ids begin otherwise.
const NEWCOMERS: &str = "(topics that are added)";

/// What a modification came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Modification {
    /// Source topics that are copied from now on.
    pub added: Vec<String>,
    /// Source topics that are no longer copied. Their positions are kept: added again, they go on from there.
    pub removed: Vec<String>,
    /// Source topics whose copy goes on in another target topic, with its name.
    pub renamed: Vec<(String, String)>,
}

/// Makes a launched task that does not run ready to go on as `task`: an added topic is pinned at the start position that
/// `task` has for it, a renamed one goes on at its position in the new target topic. Every other topic keeps its
/// position. A task that was never launched needs none of this.
///
/// # Errors
/// A cluster cannot be reached, a check forbids it, or the state cannot be written. Positions are unchanged then; a
/// target topic may have been created.
pub fn modify(task: &Task, store: &dyn CheckpointStore, observer: &Observer) -> Result<Modification> {
    let whole = plan(task, store, &|| false)?;
    if whole.launch.is_none() {
        return Ok(Modification::default());
    }
    // Of the topics that stay only this matters here: a name that is not there would just not be copied.
    if let Some(missing) = whole
        .findings
        .iter()
        .find(|finding| finding.id == "source_topics" && finding.result == Verdict::Failed)
    {
        return Err(EngineError::Refused(sentence(missing)));
    }
    let known = store.partitions(&task.name)?;
    let change = changes(&whole, &known);
    if change.added.is_empty() && change.renamed.is_empty() {
        return Ok(change);
    }
    let mut plan = plan(&newcomers(task, &change)?, store, &|| false)?;
    let failed: Vec<String> = plan
        .findings
        .iter()
        .filter(|finding| finding.result == Verdict::Failed)
        .map(sentence)
        .collect();
    if !failed.is_empty() {
        return Err(EngineError::Refused(failed.join("\n")));
    }
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
    let (added, renamed): (Vec<RoutePlan>, Vec<RoutePlan>) = std::mem::take(&mut plan.routes)
        .into_iter()
        .partition(|route| change.added.contains(&route.source_topic));
    plan.pair.target.refresh()?;
    let mut partitions = Vec::new();
    for route in &added {
        partitions.extend(pinned(&plan.pair, route, |partition| {
            route.start.get(&partition).map(|start| start.nearest())
        })?);
    }
    let mut cuts = Vec::new();
    for route in &renamed {
        for (state, cut) in moved(&plan.pair, route, &known)? {
            partitions.push(state);
            cuts.push(cut);
        }
    }
    store.save(
        &task.name,
        &Checkpoint {
            partitions,
            cuts,
            ..Checkpoint::default()
        },
    )?;
    Ok(change)
}

/// How the task's topics differ from those that the state knows.
fn changes(whole: &Plan, known: &[PartitionState]) -> Modification {
    let targets: BTreeMap<&str, &str> = known
        .iter()
        .map(|partition| (partition.key.topic.as_str(), partition.target_topic.as_str()))
        .collect();
    let mut change = Modification::default();
    for route in &whole.routes {
        match targets.get(route.source_topic.as_str()) {
            None => change.added.push(route.source_topic.clone()),
            Some(target) if *target != route.target_topic => change
                .renamed
                .push((route.source_topic.clone(), route.target_topic.clone())),
            Some(_) => {}
        }
    }
    change.removed = targets
        .keys()
        .filter(|topic| whole.routes.iter().all(|route| route.source_topic != **topic))
        .map(|topic| (*topic).to_owned())
        .collect();
    change
}

/// The added and renamed topics as a task of their own: they are judged like a first launch.
fn newcomers(task: &Task, change: &Modification) -> Result<Task> {
    let mut first = task.clone();
    first.name = TaskName::new(NEWCOMERS)?;
    let renamed: Vec<String> = change.renamed.iter().map(|(topic, _)| topic.clone()).collect();
    for topic in &renamed {
        // They go on at their positions, wherever the task's start is.
        first.start_overrides.insert(topic.clone(), Start::Earliest);
    }
    first.objects = Objects::Topics([change.added.clone(), renamed].concat());
    Ok(first)
}

/// The partitions of a renamed topic at their positions in the new target topic, whose offset maps begin there.
fn moved(pair: &Pair, route: &RoutePlan, known: &[PartitionState]) -> Result<Vec<(PartitionState, RunCut)>> {
    let positions: BTreeMap<i32, &PartitionState> = known
        .iter()
        .filter(|state| state.key.topic == route.source_topic)
        .map(|state| (state.key.partition, state))
        .collect();
    let fresh = pinned(pair, route, |partition| {
        positions.get(&partition).map(|state| state.position)
    })?;
    Ok(fresh
        .into_iter()
        .filter_map(|fresh| {
            let old = *positions.get(&fresh.key.partition)?;
            let cut = RunCut {
                key: fresh.key.clone(),
                from: 0,
                incarnation: old.incarnation,
            };
            let state = PartitionState {
                target_topic: fresh.target_topic,
                target_topic_id: fresh.target_topic_id,
                target_start: fresh.target_start,
                target_next: fresh.target_next,
                // What was copied before stands in the old target topic: verification compares from here.
                start: old.position,
                ..old.clone()
            };
            Some((state, cut))
        })
        .collect())
}

fn sentence(finding: &Finding) -> String {
    format!("{}; {}. {}", finding.cause, finding.effect, finding.remedy)
}

/// The partitions of `route` for which there is a position, pinned at it.
fn pinned(
    pair: &Pair,
    route: &RoutePlan,
    position: impl Fn(i32) -> Option<i64>,
) -> Result<Vec<PartitionState>> {
    let wanted: BTreeMap<i32, i64> = route
        .start
        .keys()
        .filter_map(|&partition| Some((partition, position(partition)?)))
        .collect();
    let source_bounds: BTreeMap<i32, LogBounds> = route
        .start
        .iter()
        .map(|(&partition, start)| (partition, start.bounds))
        .collect();
    pin(
        pair,
        &route.source_topic,
        &route.target_topic,
        &wanted,
        &source_bounds,
        &BTreeMap::new(),
    )
}
