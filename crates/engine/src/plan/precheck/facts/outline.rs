use std::collections::BTreeSet;

use sluice_kafka::ErrorCode;
use sluice_model::{ForbiddenTopics, InvalidTask, Objects, Task};

use crate::error::Result;
use crate::plan::precheck::context::OtherTask;
use crate::plan::precheck::facts::Readable;
use crate::plan::{ChosenLane, Pair};
use crate::position::{CheckpointStore, EffectiveDelivery, LaneKind, Launch};

/// A source topic that exists, and the target topic it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) source_topic: String,
    pub(crate) target_topic: String,
    /// Partitions at the source.
    pub(crate) partitions: usize,
    /// Partitions of the target topic; `None` when it does not exist, or this user may not know.
    pub(crate) target_partitions: Option<usize>,
    /// The target does not let this user see its topic.
    pub(crate) target_denied: bool,
}

/// What would be copied between which clusters.
pub(crate) struct Outline {
    pub(crate) pair: Pair,
    pub(crate) launch: Option<Launch>,
    pub(crate) delivery: EffectiveDelivery,
    /// The lane that a start would use, or why there is none.
    pub(crate) lane: std::result::Result<ChosenLane, String>,
    pub(crate) routes: Vec<Route>,
    /// What is known of the right to read the chosen topics.
    pub(crate) readable: Readable,
    /// Why the names of the target topics cannot be made.
    pub(crate) invalid: Option<InvalidTask>,
    /// A pair of tasks has copied in this direction before the first launch of this one.
    pub(crate) copied_both_ways: bool,
    /// Tasks other than this one that the store knows as launched.
    pub(crate) launched: Vec<OtherTask>,
}

impl Outline {
    /// The name under which the target knows the task. Before its first start another one may turn out to have that name.
    pub(crate) fn identity(&self, task: &Task) -> String {
        let kept = self.launch.as_ref().and_then(|launch| launch.identity.clone());
        kept.unwrap_or_else(|| self.pair.identity(task))
    }

    /// Whether stored batches would be passed on as they are.
    pub(crate) fn by_wire(&self) -> bool {
        self.lane.as_ref().is_ok_and(|lane| lane.kind == LaneKind::Wire)
    }

    /// Reads the state, and asks which of the chosen topics may be read; the clusters' metadata is in `pair` already.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn read(
        task: &Task,
        store: &dyn CheckpointStore,
        pair: Pair,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self> {
        let launch = store.launch(&task.name)?;
        let delivery = EffectiveDelivery::choose(task.delivery, pair.target.capabilities);
        let names = pair
            .source
            .metadata
            .topics
            .values()
            .filter(|info| info.error == ErrorCode::NONE)
            .map(|info| info.name.as_str());
        let (pairs, invalid) = match task.routes(names) {
            Ok(pairs) => (pairs, None),
            Err(invalid) => (Vec::new(), Some(invalid)),
        };
        let readable = Readable::find(task, &pair.source, &asked_for(task, &pair, &pairs), cancelled);
        let left_out = match task.forbidden_topics {
            ForbiddenTopics::Stop => BTreeSet::new(),
            ForbiddenTopics::LeaveOut => {
                let known: BTreeSet<String> = if launch.is_some() {
                    let partitions = store.partitions(&task.name)?;
                    partitions.into_iter().map(|state| state.key.topic).collect()
                } else {
                    BTreeSet::new()
                };
                &readable.forbidden - &known
            }
        };
        let routes = pairs
            .into_iter()
            .filter(|(source_topic, _)| !left_out.contains(source_topic))
            .filter_map(|(source_topic, target_topic)| {
                Some(Route {
                    partitions: pair.source.partition_count(&source_topic)?,
                    target_partitions: pair.target.partition_count(&target_topic),
                    target_denied: pair
                        .target
                        .metadata
                        .topics
                        .get(&target_topic)
                        .is_some_and(|info| info.error == ErrorCode::TOPIC_AUTHORIZATION_FAILED),
                    source_topic,
                    target_topic,
                })
            })
            .collect();
        let copied_both_ways = match pair.direction() {
            Some(own) if launch.is_none() && task.both_ways.is_some() => store.has_writers(&own)?,
            _ => false,
        };
        Ok(Self {
            copied_both_ways,
            pair,
            launch,
            delivery,
            lane: ChosenLane::of(task, delivery),
            routes,
            readable,
            invalid,
            launched: other_launches(task, store)?,
        })
    }

    /// The launched tasks, and of `others` those that are not among them. What the caller says of a task wins: it knows
    /// which of them have ended.
    pub(crate) fn others<'a>(&'a self, others: &'a [OtherTask]) -> Vec<&'a OtherTask> {
        let known = |name: &str| others.iter().any(|other| other.name == name);
        others
            .iter()
            .chain(self.launched.iter().filter(|other| !known(&other.name)))
            .collect()
    }
}

/// The launched tasks that the store has beside this one, and that may run again.
fn other_launches(task: &Task, store: &dyn CheckpointStore) -> Result<Vec<OtherTask>> {
    let known = |id: String| (!id.is_empty()).then_some(id);
    let mut launched = Vec::new();
    for other in store.launches()? {
        if other.task == task.name {
            continue;
        }
        let mut between: Vec<(String, String)> = store
            .partitions(&other.task)?
            .into_iter()
            .map(|partition| (partition.key.topic, partition.target_topic))
            .collect();
        between.sort();
        between.dedup();
        let mut copied = Vec::new();
        for route in between {
            if !store.has_ended(&other.task, &route.0)? {
                copied.push(route);
            }
        }
        launched.push(OtherTask {
            name: other.task.to_string(),
            source_cluster_id: known(other.source_cluster),
            target_cluster_id: known(other.target_cluster),
            routes: copied,
            active: true,
        });
    }
    Ok(launched)
}

/// The chosen topics, those that are not listed included: of these a broker distinguishes a missing one from a hidden one, from
/// 0.11 on without creating it.
fn asked_for<'a>(task: &'a Task, pair: &Pair, pairs: &'a [(String, String)]) -> Vec<&'a str> {
    let mut names: BTreeSet<&str> = pairs.iter().map(|(source, _)| source.as_str()).collect();
    if let Objects::Topics(chosen) = &task.objects
        && pair.source.capabilities.message_v2
    {
        names.extend(chosen.iter().map(String::as_str));
    }
    names.into_iter().collect()
}
