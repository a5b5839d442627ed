//! What a modification of a launched task's topics would do, topic by topic, without doing it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Result;
use crate::launch::modify::{WantedObjects, changes, failures, missing_topics, newcomers};
use crate::plan::{RoutePlan, plan};
use crate::position::{CheckpointStore, PartitionState};

/// What will happen to a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TopicFate {
    /// It is copied from its start.
    Added,
    /// It goes on at the positions at which it was taken out.
    Resumed,
    /// What comes from here on goes into another target topic; what was copied stays in the old one.
    Renamed,
    /// It is copied into another target topic from its start; what was copied stays in the old one.
    CopiedAgain,
    /// It stops at its positions; its target topic stays as it is.
    Removed,
}

/// What will happen to one topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForeseenTopic {
    /// Source topic.
    pub source: String,
    /// Target topic from then on, or that it had.
    pub target: String,
    /// The target topic before, where it is another.
    pub was: Option<String>,
    /// What will happen.
    pub fate: TopicFate,
    /// The source offset of each partition at which it begins, goes on or stops, as far as that is known now.
    #[ts(type = "Record<string, number>")]
    pub positions: BTreeMap<i32, i64>,
    /// Whether the target topic will be created.
    pub creates: bool,
}

/// What a modification will do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Foreseen {
    /// Each topic that is concerned; the others neither lose nor repeat a record.
    pub topics: Vec<ForeseenTopic>,
    /// Why it would be refused, a sentence each.
    pub refusals: Vec<String>,
    /// Whether the task was launched: before, everything is decided at the launch.
    pub launched: bool,
}

/// Looks at both clusters, and says what [`crate::modify`] would do now.
///
/// # Errors
/// A cluster cannot be reached, or the state cannot be read.
pub fn foresee(wanted: WantedObjects<'_>, store: &dyn CheckpointStore) -> Result<Foreseen> {
    let whole = plan(wanted.task, store, &|| false)?;
    if whole.launch.is_none() {
        return Ok(Foreseen::default());
    }
    let known = store.partitions(&wanted.task.name)?;
    let change = changes(&whole, &known, wanted)?;
    let mut foreseen = Foreseen {
        launched: true,
        refusals: missing_topics(&whole).into_iter().collect(),
        ..Foreseen::default()
    };
    let stand = |topic: &str, target: &str, fate: TopicFate| ForeseenTopic {
        source: topic.to_owned(),
        target: target.to_owned(),
        was: None,
        fate,
        positions: positions(&known, topic),
        creates: false,
    };
    if !change.added.is_empty() || !change.renamed.is_empty() {
        let plan = plan(&newcomers(wanted.task, &change)?, store, &|| false)?;
        foreseen.refusals.extend(failures(&plan));
        for route in &plan.routes {
            let topic = &route.source_topic;
            let fate = if change.added.contains(topic) {
                TopicFate::Added
            } else if change.copied_again.contains(topic) {
                TopicFate::CopiedAgain
            } else {
                TopicFate::Renamed
            };
            foreseen.topics.push(ForeseenTopic {
                was: known_target(&known, topic),
                positions: match fate {
                    TopicFate::Renamed => positions(&known, topic),
                    _ => starts(route),
                },
                creates: route.target_partitions.is_none(),
                ..stand(topic, &route.target_topic, fate)
            });
        }
    }
    for (topics, fate) in [
        (&change.resumed, TopicFate::Resumed),
        (&change.removed, TopicFate::Removed),
    ] {
        for topic in topics {
            let target = known_target(&known, topic).unwrap_or_else(|| topic.clone());
            foreseen.topics.push(stand(topic, &target, fate));
        }
    }
    Ok(foreseen)
}

fn positions(known: &[PartitionState], topic: &str) -> BTreeMap<i32, i64> {
    known
        .iter()
        .filter(|state| state.key.topic == topic && state.is_pinned())
        .map(|state| (state.key.partition, state.position))
        .collect()
}

fn starts(route: &RoutePlan) -> BTreeMap<i32, i64> {
    route
        .start
        .iter()
        .map(|(&partition, start)| (partition, start.nearest()))
        .collect()
}

fn known_target(known: &[PartitionState], topic: &str) -> Option<String> {
    known
        .iter()
        .find(|state| state.key.topic == topic)
        .map(|state| state.target_topic.clone())
}
