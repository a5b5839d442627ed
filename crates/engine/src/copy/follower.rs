//! Which source partitions a launched task knows of, and how it takes in those that came since: target topics are grown
//! and created before a new source partition is reported.

use std::collections::{BTreeMap, BTreeSet};

use sluice_kafka::ErrorCode;
use sluice_model::{ExistingData, Task};

use crate::error::{EngineError, Result, Side};
use crate::launch::pin;
use crate::plan::Pair;
use crate::plan::structure;
use crate::position::PartitionState;
use crate::position::{LogBounds, bounds};
use crate::progress::{Event, Observer};

/// The partitions of a task, by source topic.
pub(crate) struct Followed(BTreeMap<String, Topic>);

struct Topic {
    target: String,
    partitions: BTreeSet<i32>,
    id: Option<String>,
}

/// What came to the source since.
#[derive(Default)]
pub(crate) struct Discovered {
    /// New partitions, with the target ready for them. Not saved yet.
    pub(crate) partitions: Vec<PartitionState>,
    /// A sentence for each topic that cannot be followed.
    pub(crate) refused: Vec<String>,
}

impl Followed {
    pub(crate) fn new(partitions: &[PartitionState]) -> Self {
        let mut followed = Self(BTreeMap::new());
        followed.remember(partitions);
        followed
    }

    fn remember(&mut self, partitions: &[PartitionState]) {
        for partition in partitions {
            self.0
                .entry(partition.key.topic.clone())
                .or_insert_with(|| Topic {
                    target: partition.target_topic.clone(),
                    partitions: BTreeSet::new(),
                    id: partition.source_topic_id.clone(),
                })
                .partitions
                .insert(partition.key.partition);
        }
    }

    /// All of them.
    pub(crate) fn partitions(&self) -> Vec<(String, i32)> {
        self.0
            .iter()
            .flat_map(|(name, topic)| topic.partitions.iter().map(|&p| (name.clone(), p)))
            .collect()
    }

    /// The target topic of a source topic.
    pub(crate) fn target_of(&self, topic: &str) -> Option<&str> {
        self.0.get(topic).map(|topic| topic.target.as_str())
    }

    /// Source topics whose id is another than it was, with the new one; reported once.
    pub(crate) fn recreated(&mut self, pair: &Pair) -> BTreeMap<String, String> {
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let mut recreated = BTreeMap::new();
        for (name, id) in pair.source.topic_ids(&names) {
            if let Some(topic) = self.0.get_mut(&name)
                && topic.id.as_ref().is_some_and(|then| *then != id)
            {
                topic.id = Some(id.clone());
                recreated.insert(name, id);
            }
        }
        recreated
    }

    /// Looks at the source's topics as `pair` last saw them, makes the target ready for what is new, and counts it among
    /// the known.
    ///
    /// # Errors
    /// A target name Kafka would refuse, or two topics that would be written into one.
    pub(crate) fn discover(
        &mut self,
        pair: &mut Pair,
        task: &Task,
        observer: &Observer,
    ) -> Result<Discovered> {
        let names: Vec<String> = pair
            .source
            .metadata
            .topics
            .values()
            .filter(|info| info.error == ErrorCode::NONE)
            .map(|info| info.name.clone())
            .collect();
        let mut discovered = Discovered::default();
        for (source, target) in task.routes(names.iter().map(String::as_str))? {
            match self.extend(pair, task, observer, &source, &target) {
                Ok(new) => discovered.partitions.extend(new),
                Err(error) => discovered
                    .refused
                    .push(format!("'{source}' cannot be followed: {error}")),
            }
        }
        self.remember(&discovered.partitions);
        Ok(discovered)
    }

    fn extend(
        &self,
        pair: &mut Pair,
        task: &Task,
        observer: &Observer,
        source: &str,
        target: &str,
    ) -> Result<Vec<PartitionState>> {
        let Some(count) = pair.source.partition_count(source) else {
            return Ok(Vec::new());
        };
        let known = self.0.get(source);
        let target = known.map_or(target, |topic| &topic.target);
        let unknown: Vec<i32> = (0..i32::try_from(count).unwrap_or(0))
            .filter(|partition| known.is_none_or(|topic| !topic.partitions.contains(partition)))
            .collect();
        if unknown.is_empty() {
            return Ok(Vec::new());
        }
        if pair.same_cluster() && (source == target || self.0.values().any(|topic| topic.target == source)) {
            return Ok(Vec::new());
        }
        pair.target.refresh()?;
        match pair.target.partition_count(target) {
            None => {
                let draft = structure::draft(pair, task, source, target)?;
                structure::create(&pair.target.admin, &draft)?;
                observer(Event::Info(format!(
                    "'{source}' is new at the source: created target topic '{target}' with {count} partitions"
                )));
            }
            Some(there) => {
                if known.is_none() {
                    check_existing(pair, task, target, there)?;
                }
                if there < count {
                    structure::grow(&pair.target.admin, target, count)?;
                    observer(Event::Info(format!(
                        "'{source}' has {count} partitions now: grew target topic '{target}' first"
                    )));
                }
            }
        }
        // The first records of a new partition count as well: it starts at its beginning, whatever the task's start is.
        let wanted: Vec<(String, i32)> = unknown
            .iter()
            .map(|&partition| (source.to_owned(), partition))
            .collect();
        let source_bounds: BTreeMap<i32, LogBounds> = bounds(&pair.source.admin, &wanted, Side::Source)?
            .into_iter()
            .map(|((_, p), b)| (p, b))
            .collect();
        let starts = source_bounds
            .iter()
            .map(|(&partition, b)| (partition, b.low))
            .collect();
        pin(pair, source, target, &starts, &source_bounds, &BTreeMap::new())
    }
}

fn check_existing(pair: &Pair, task: &Task, target: &str, partitions: usize) -> Result<()> {
    if task.existing == ExistingData::Append {
        return Ok(());
    }
    let wanted: Vec<(String, i32)> = (0..i32::try_from(partitions).unwrap_or(0))
        .map(|p| (target.to_owned(), p))
        .collect();
    let records: i64 = bounds(&pair.target.admin, &wanted, Side::Target)?
        .values()
        .map(|b| b.high - b.low)
        .sum();
    if records == 0 {
        return Ok(());
    }
    Err(EngineError::Refused(format!(
        "its target topic '{target}' holds {records} records already; start a task of its own for it with --existing append, or empty the target topic"
    )))
}
