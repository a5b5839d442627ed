use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sluice_kafka::Admin;
use sluice_model::{End, Start, Task};

use crate::error::{EngineError, Result, Side};
use crate::plan::adoption::{self, Adopted, Earlier};
use crate::plan::precheck::facts::Outline;
use crate::plan::{Resolved, resolve, resolve_end};
use crate::position::{LogBounds, logs};

/// The offsets of one route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RouteOffsets {
    /// Start positions by partition.
    pub(crate) start: BTreeMap<i32, Resolved>,
    /// Where the copy ends by partition; empty where the task has no end.
    pub(crate) end: BTreeMap<i32, i64>,
    /// First offset and end of the target topic's partitions.
    pub(crate) target: BTreeMap<i32, LogBounds>,
    /// Partitions that are not pinned yet, because one of the sides has no leader for them.
    pub(crate) waiting: BTreeSet<i32>,
}

impl RouteOffsets {
    /// Offsets from the start positions to the end of the logs, or to that of the copy where it comes first.
    pub(crate) fn backlog(&self) -> i64 {
        self.start
            .iter()
            .map(|(partition, start)| {
                let high = start.bounds.high;
                let end = self.end.get(partition).map_or(high, |end| high.min(*end));
                (end - start.nearest()).max(0)
            })
            .sum()
    }

    /// Offsets in the target topic: transaction markers and removed records count, so that there may be fewer records.
    pub(crate) fn target_offsets(&self) -> i64 {
        self.target.values().map(|b| b.high - b.low).sum()
    }
}

/// Where logs begin and end, and where the copy would begin.
pub(crate) struct Offsets {
    /// As the outline's routes, one by one.
    pub(crate) routes: Vec<RouteOffsets>,
    /// Starts that mean nothing, in sentences.
    pub(crate) unresolved: Vec<String>,
    /// Positions that an earlier run of this very task left on the target, when the state knows nothing of it.
    pub(crate) adopted: BTreeMap<(String, i32), Adopted>,
    /// The name under which the target is to know the task, where another task has the one that follows from its name.
    pub(crate) identity: Option<String>,
    /// When the ends were read.
    pub(crate) at: Instant,
}

impl Offsets {
    /// Asks both clusters through these clients. `deadline` bounds the question for earlier positions alone.
    ///
    /// # Errors
    /// A cluster does not answer, or refuses.
    pub(crate) fn read(
        task: &Task,
        outline: &Outline,
        (from, to): (&Admin, &Admin),
        deadline: Duration,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self> {
        let pair = &outline.pair;
        let (at_source, at_target) = partitions(outline);
        let go_on = || {
            if cancelled() {
                return Err(EngineError::Refused("the pre-check was cancelled".into()));
            }
            Ok(())
        };
        let at_source = logs(from, &pair.source.metadata, &at_source, Side::Source, &go_on)?;
        go_on()?;
        let at_target = logs(to, &pair.target.metadata, &at_target, Side::Target, &go_on)?;
        let (mut source, target) = (by_topic(at_source.found), by_topic(at_target.found));
        let at = Instant::now();
        let (mut routes, mut unresolved) = (Vec::with_capacity(outline.routes.len()), Vec::new());
        for route in &outline.routes {
            go_on()?;
            let mut of_source = source.remove(&route.source_topic).unwrap_or_default();
            of_source.retain(|partition, _| {
                !at_target
                    .silent
                    .contains_key(&(route.target_topic.clone(), *partition))
            });
            let waiting = (0..i32::try_from(route.partitions).unwrap_or(0))
                .filter(|partition| !of_source.contains_key(partition))
                .collect();
            let wanted = task.start_of(&route.source_topic);
            let start = match resolve(from, wanted, &route.source_topic, route.partitions, &of_source) {
                Ok(start) => start,
                Err(EngineError::Refused(reason)) => {
                    unresolved.push(reason);
                    resolve(
                        from,
                        &Start::Earliest,
                        &route.source_topic,
                        route.partitions,
                        &of_source,
                    )?
                }
                Err(other) => return Err(other),
            };
            // A launched task keeps the ends that were found then.
            let ending = task.end_of(&route.source_topic);
            let end = match ending.filter(|_| outline.launch.is_none()) {
                Some(end) => ends(from, end, &route.source_topic, &start, &of_source)?,
                None => BTreeMap::new(),
            };
            routes.push(RouteOffsets {
                start,
                end,
                target: target.get(&route.target_topic).cloned().unwrap_or_default(),
                waiting,
            });
        }
        go_on()?;
        let Earlier { identity, adopted } = if outline.launch.is_none() {
            let pairs: Vec<(String, String)> = outline
                .routes
                .iter()
                .map(|route| (route.source_topic.clone(), route.target_topic.clone()))
                .collect();
            adoption::find(pair, task, &pairs, outline.delivery, deadline)
        } else {
            Earlier::default()
        };
        Ok(Self {
            routes,
            unresolved,
            adopted,
            identity,
            at,
        })
    }
}

/// Where the copy of each partition of a topic ends, from where it starts on.
fn ends(
    from: &Admin,
    end: &End,
    topic: &str,
    starts: &BTreeMap<i32, Resolved>,
    bounds: &BTreeMap<i32, LogBounds>,
) -> Result<BTreeMap<i32, i64>> {
    let starts = starts
        .iter()
        .map(|(partition, start)| (*partition, start.nearest()))
        .collect();
    resolve_end(from, end, topic, &starts, bounds)
}

/// Topics with numbers of their partitions.
type Partitions = Vec<(String, i32)>;

/// The partitions of all routes, at the source and, each once, on the target.
fn partitions(outline: &Outline) -> (Partitions, Partitions) {
    let of = |topic: &str, count: usize| -> Partitions {
        (0..i32::try_from(count).unwrap_or(0))
            .map(|partition| (topic.to_owned(), partition))
            .collect()
    };
    let routes = outline.routes.iter();
    let at_source = routes
        .clone()
        .flat_map(|route| of(&route.source_topic, route.partitions))
        .collect();
    let mut at_target: Partitions = routes
        .flat_map(|route| of(&route.target_topic, route.target_partitions.unwrap_or(0)))
        .collect();
    at_target.sort();
    at_target.dedup();
    (at_source, at_target)
}

fn by_topic(all: BTreeMap<(String, i32), LogBounds>) -> BTreeMap<String, BTreeMap<i32, LogBounds>> {
    let mut topics: BTreeMap<String, BTreeMap<i32, LogBounds>> = BTreeMap::new();
    for ((topic, partition), found) in all {
        topics.entry(topic).or_default().insert(partition, found);
    }
    topics
}
