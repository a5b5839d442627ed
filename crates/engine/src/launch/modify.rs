//! Topics added to, taken from, or renamed in a launched task, between two of its runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sluice_model::{Delivery, Objects, Start, Task, TaskName};

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

/// What is to become of a launched task's topics.
#[derive(Debug, Clone, Copy)]
pub struct WantedObjects<'a> {
    /// The task as it is to be.
    pub task: &'a Task,
    /// The topics that it has chosen until now.
    pub before: &'a Objects,
    /// Renamed source topics whose new target topic gets everything from the start, instead of what comes from here on.
    pub copy_again: &'a BTreeSet<String>,
}

/// What a modification came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Modification {
    /// Source topics that are copied from now on, from their start.
    pub added: Vec<String>,
    /// Source topics that are copied again, from the positions at which they were taken out.
    pub resumed: Vec<String>,
    /// Source topics that are no longer copied. Their positions are kept: added again, they go on from there.
    pub removed: Vec<String>,
    /// Source topics whose copy goes on in another target topic, with its name.
    pub renamed: Vec<(String, String)>,
    /// Those of them that are copied there from their start.
    pub copied_again: Vec<String>,
}

/// Makes a launched task that does not run ready to go on as `wanted` says: an added topic is pinned at the start position
/// that the task has for it, a renamed one goes on at its position in the new target topic, or is copied again. Every other
/// topic keeps its position. A task that was never launched needs none of this.
///
/// # Errors
/// A cluster cannot be reached, a check forbids it, or the state cannot be written. Positions are unchanged then; a
/// target topic may have been created.
pub fn modify(
    wanted: WantedObjects<'_>,
    store: &dyn CheckpointStore,
    observer: &Observer,
) -> Result<Modification> {
    let task = wanted.task;
    let whole = plan(task, store, &|| false)?;
    if whole.launch.is_none() {
        return Ok(Modification::default());
    }
    // Of the topics that stay only this matters here: a name that is not there would just not be copied.
    if let Some(missing) = missing_topics(&whole) {
        return Err(EngineError::Refused(missing));
    }
    let known = store.partitions(&task.name)?;
    let change = changes(&whole, &known, wanted)?;
    if change.added.is_empty() && change.renamed.is_empty() {
        return Ok(change);
    }
    let mut plan = plan(&newcomers(task, &change)?, store, &|| false)?;
    let failed = failures(&plan);
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
    let routes = std::mem::take(&mut plan.routes);
    plan.pair.target.refresh()?;
    let (mut partitions, mut cuts) = (Vec::new(), Vec::new());
    for route in &routes {
        let topic = &route.source_topic;
        if change.added.contains(topic) {
            partitions.extend(at_start(&plan.pair, task, route)?);
        } else if change.copied_again.contains(topic) {
            for (state, cut) in begun_again(&plan.pair, task, route, &known)? {
                partitions.push(state);
                cuts.push(cut);
            }
        } else {
            for (state, cut) in moved(&plan.pair, task, route, &known)? {
                partitions.push(state);
                cuts.push(cut);
            }
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

/// That a topic which is chosen by its name is not at the source.
pub(super) fn missing_topics(whole: &Plan) -> Option<String> {
    whole
        .findings
        .iter()
        .find(|finding| finding.id == "source_topics" && finding.result == Verdict::Failed)
        .map(sentence)
}

/// What forbids a plan.
pub(super) fn failures(plan: &Plan) -> Vec<String> {
    plan.findings
        .iter()
        .filter(|finding| finding.result == Verdict::Failed)
        .map(sentence)
        .collect()
}

/// How the task's topics differ from those that the state knows, and from those that were chosen.
pub(super) fn changes(
    whole: &Plan,
    known: &[PartitionState],
    wanted: WantedObjects<'_>,
) -> Result<Modification> {
    let targets: BTreeMap<&str, &str> = known
        .iter()
        .map(|partition| (partition.key.topic.as_str(), partition.target_topic.as_str()))
        .collect();
    let chosen_before: BTreeSet<&str> = wanted
        .before
        .select(targets.keys().copied())?
        .into_iter()
        .collect();
    let mut change = Modification::default();
    for route in &whole.routes {
        let topic = &route.source_topic;
        match targets.get(topic.as_str()) {
            None => change.added.push(topic.clone()),
            Some(target) if *target != route.target_topic => {
                change.renamed.push((topic.clone(), route.target_topic.clone()));
                if wanted.copy_again.contains(topic) {
                    change.copied_again.push(topic.clone());
                }
            }
            Some(_) if !chosen_before.contains(topic.as_str()) => change.resumed.push(topic.clone()),
            Some(_) => {}
        }
    }
    change.removed = chosen_before
        .into_iter()
        .filter(|topic| whole.routes.iter().all(|route| route.source_topic != **topic))
        .map(str::to_owned)
        .collect();
    Ok(change)
}

/// The added and renamed topics as a task of their own: they are judged like a first launch.
pub(super) fn newcomers(task: &Task, change: &Modification) -> Result<Task> {
    let mut first = task.clone();
    first.name = TaskName::new(NEWCOMERS)?;
    let renamed: Vec<String> = change.renamed.iter().map(|(topic, _)| topic.clone()).collect();
    for topic in &renamed {
        if !change.copied_again.contains(topic) {
            // They go on at their positions, wherever the task's start is.
            first.start_overrides.insert(topic.clone(), Start::Earliest);
        }
    }
    first.objects = Objects::Topics([change.added.clone(), renamed].concat());
    Ok(first)
}

/// The partitions of a topic at their start positions.
fn at_start(pair: &Pair, task: &Task, route: &RoutePlan) -> Result<Vec<PartitionState>> {
    pinned(pair, task, route, |partition| {
        route.start.get(&partition).map(|start| start.nearest())
    })
}

/// The partitions of a renamed topic that is copied again from its start, whose offset maps begin there.
fn begun_again(
    pair: &Pair,
    task: &Task,
    route: &RoutePlan,
    known: &[PartitionState],
) -> Result<Vec<(PartitionState, RunCut)>> {
    let before = of_topic(known, &route.source_topic);
    Ok(at_start(pair, task, route)?
        .into_iter()
        .map(|fresh| {
            let incarnation = before
                .get(&fresh.key.partition)
                .map_or(fresh.incarnation, |old| old.incarnation);
            let cut = RunCut {
                key: fresh.key.clone(),
                from: 0,
                incarnation,
            };
            (PartitionState { incarnation, ..fresh }, cut)
        })
        .collect())
}

/// The partitions of a renamed topic at their positions in the new target topic, whose offset maps begin there.
fn moved(
    pair: &Pair,
    task: &Task,
    route: &RoutePlan,
    known: &[PartitionState],
) -> Result<Vec<(PartitionState, RunCut)>> {
    let positions = of_topic(known, &route.source_topic);
    let fresh = pinned(pair, task, route, |partition| {
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

fn of_topic<'a>(known: &'a [PartitionState], topic: &str) -> BTreeMap<i32, &'a PartitionState> {
    known
        .iter()
        .filter(|state| state.key.topic == topic)
        .map(|state| (state.key.partition, state))
        .collect()
}

fn sentence(finding: &Finding) -> String {
    let mut remedy = finding.remedy.chars();
    let first = remedy.next().map(char::to_uppercase);
    let remedy: String = first.into_iter().flatten().chain(remedy).collect();
    format!("{}; {}. {remedy}", finding.cause, finding.effect)
}

/// The partitions of `route` for which there is a position, pinned at it.
fn pinned(
    pair: &Pair,
    task: &Task,
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
        (
            task.delivery == Delivery::Mirror,
            task.end_of(&route.source_topic),
        ),
        &route.source_topic,
        &route.target_topic,
        &wanted,
        &source_bounds,
        &BTreeMap::new(),
    )
}
