//! What is known of the partitions that groups have positions in.

use std::collections::{BTreeMap, BTreeSet};

use sluice_model::Task;
use sluice_wire::{Isolation, OffsetSpec, TopicPartition};

use crate::error::Result;
use crate::groups::clusters::{GroupClusters, Offsets, both};
use crate::groups::translate::PartitionLogs;
use crate::position::{CheckpointStore, PartitionKey, PartitionState};
use crate::topic_id::url_safe;

/// Of a task: its copied partitions, and where the logs of both sides begin and end.
pub(crate) struct Facts<'a> {
    task: &'a Task,
    states: BTreeMap<PartitionKey, PartitionState>,
    /// Partitions whose map says nothing about the topics that are there now, with the reason.
    replaced: BTreeMap<PartitionKey, String>,
    /// Ids of the topics of both sides.
    ids: (BTreeMap<String, String>, BTreeMap<String, String>),
    source_low: Offsets,
    source_end: Offsets,
    target_low: Offsets,
    target_end: Offsets,
    target_high: Offsets,
}

impl<'a> Facts<'a> {
    /// Of `wanted`, source partitions of the task's topics.
    ///
    /// # Errors
    /// A cluster does not answer, or the state cannot be read.
    pub(crate) fn read(
        task: &'a Task,
        store: &dyn CheckpointStore,
        clusters: &GroupClusters,
        wanted: &BTreeSet<PartitionKey>,
    ) -> Result<Self> {
        let states: BTreeMap<PartitionKey, PartitionState> = store
            .partitions(&task.name)?
            .into_iter()
            .filter(|state| wanted.contains(&state.key))
            .map(|state| (state.key.clone(), state))
            .collect();
        let at_source: BTreeSet<TopicPartition> = wanted
            .iter()
            .map(|key| TopicPartition::new(key.topic.as_str(), key.partition))
            .collect();
        let on_target: BTreeSet<TopicPartition> = states
            .values()
            .map(|state| TopicPartition::new(state.target_topic.as_str(), state.key.partition))
            .collect();
        let source_topics: BTreeSet<&str> = states.keys().map(|key| key.topic.as_str()).collect();
        let target_topics: BTreeSet<&str> =
            states.values().map(|state| state.target_topic.as_str()).collect();
        let ((source_low, source_end, source_ids), (target_low, target_end, target_high, target_ids)) = both(
            || {
                let source = &clusters.source;
                Ok((
                    source.offsets(&at_source, OffsetSpec::Earliest, Isolation::Committed)?,
                    source.offsets(&at_source, OffsetSpec::Latest, Isolation::Committed)?,
                    source.topic_ids(&source_topics)?,
                ))
            },
            || {
                let target = &clusters.target;
                Ok((
                    target.offsets(&on_target, OffsetSpec::Earliest, Isolation::Committed)?,
                    target.offsets(&on_target, OffsetSpec::Latest, Isolation::Committed)?,
                    target.offsets(&on_target, OffsetSpec::Latest, Isolation::Uncommitted)?,
                    target.topic_ids(&target_topics)?,
                ))
            },
        )?;
        let replaced = states
            .values()
            .filter_map(|state| {
                let why = replaced(state, &source_ids, &target_ids)?;
                Some((state.key.clone(), why))
            })
            .collect();
        Ok(Self {
            task,
            states,
            replaced,
            ids: (source_ids, target_ids),
            source_low,
            source_end,
            target_low,
            target_end,
            target_high,
        })
    }

    pub(crate) fn state(&self, key: &PartitionKey) -> Option<&PartitionState> {
        self.states.get(key)
    }

    /// Why the partition's map says nothing about the topics that are there now.
    pub(crate) fn replaced(&self, key: &PartitionKey) -> Option<&str> {
        self.replaced.get(key).map(String::as_str)
    }

    /// As [`Facts::replaced`], of the state of a task that copies in the other direction.
    pub(crate) fn replaced_other_way(&self, state: &PartitionState) -> Option<String> {
        let (source_ids, target_ids) = &self.ids;
        replaced(state, target_ids, source_ids)
    }

    pub(crate) fn logs(&self, state: &PartitionState) -> PartitionLogs {
        PartitionLogs {
            source_low: self.source_low.get(&at_source(&state.key)).copied(),
            target_low: self.target_low.get(&on_target(state)).copied(),
        }
    }

    /// Behind the last committed record at the source.
    pub(crate) fn source_end(&self, key: &PartitionKey) -> Option<i64> {
        self.source_end.get(&at_source(key)).copied()
    }

    /// Behind the last committed record on the target.
    pub(crate) fn target_end(&self, state: &PartitionState) -> Option<i64> {
        self.target_end.get(&on_target(state)).copied()
    }

    /// Behind the last record on the target, whether its transaction has ended or not.
    pub(crate) fn target_high(&self, state: &PartitionState) -> Option<i64> {
        self.target_high.get(&on_target(state)).copied()
    }

    /// The target topic, also of a partition that is not copied yet.
    pub(crate) fn target_topic(&self, key: &PartitionKey) -> Option<String> {
        self.state(key)
            .map(|state| state.target_topic.clone())
            .or_else(|| self.task.rename.apply(&key.topic).ok())
    }
}

/// The partition at the source.
pub(crate) fn at_source(key: &PartitionKey) -> TopicPartition {
    TopicPartition::new(key.topic.as_str(), key.partition)
}

/// The partition on the target.
pub(crate) fn on_target(state: &PartitionState) -> TopicPartition {
    TopicPartition::new(state.target_topic.as_str(), state.key.partition)
}

fn replaced(
    state: &PartitionState,
    source_ids: &BTreeMap<String, String>,
    target_ids: &BTreeMap<String, String>,
) -> Option<String> {
    let differs = |noted: &Option<String>, now: Option<&String>| match (noted, now) {
        (Some(noted), Some(now)) => url_safe(noted) != url_safe(now),
        _ => false,
    };
    if differs(&state.source_topic_id, source_ids.get(&state.key.topic)) {
        return Some(format!(
            "the source topic '{}' was deleted and created again, and the task has not taken that in; resume the task first",
            state.key.topic
        ));
    }
    if differs(&state.target_topic_id, target_ids.get(&state.target_topic)) {
        return Some(format!(
            "the target topic '{}' was deleted and created again since the task was launched; its offsets are not those that were noted",
            state.target_topic
        ));
    }
    None
}
