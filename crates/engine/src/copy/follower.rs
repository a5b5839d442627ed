//! Which source partitions a launched task knows of, and how it takes in those that came since: target topics are grown
//! and created before a new source partition is reported.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sluice_kafka::{ErrorCode, Isolation, OffsetQuery};
use sluice_model::{Delivery, ExistingData, ForbiddenTopics, OutOfRange, Start, Task};

use crate::error::{EngineError, Result, Side};
use crate::launch::pin;
use crate::partition::Became;
use crate::plan::precheck::facts::{Compaction, Readable};
use crate::plan::{Pair, Resolved, refusing_keyless, resolve, structure, value};
use crate::position::{LogBounds, PartitionKey, PartitionState, bounds, each, has_leader};
use crate::progress::{Event, Observer};

/// How often the right to a topic that is left out is looked for.
const RIGHTS_EVERY: Duration = Duration::from_secs(60);

/// What a launched task knows of the source's topics.
pub(crate) struct Followed {
    /// Its partitions, by source topic.
    topics: BTreeMap<String, Topic>,
    /// Partitions that were there at the launch and had no leader, with their target topics.
    waiting: BTreeMap<PartitionKey, String>,
    /// When the task was launched, in ms since 1970.
    launched_at_ms: i64,
    /// Topics that are left out because this user may not read them, with the time of the last look.
    left_out: BTreeMap<String, Instant>,
    /// Target topics that were not seen at the last look.
    unseen: BTreeSet<String>,
}

struct Topic {
    target: String,
    partitions: BTreeSet<i32>,
    id: Option<String>,
    /// Of the target topic.
    target_id: Option<String>,
}

/// What came to the source since.
#[derive(Default)]
pub(crate) struct Discovered {
    /// New partitions, with the target ready for them. Not saved yet.
    pub(crate) partitions: Vec<PartitionState>,
    /// Those of their target topics that take no record without a key.
    pub(crate) refusing_keyless: BTreeSet<String>,
    /// A sentence for each topic that cannot be followed.
    pub(crate) refused: Vec<String>,
}

impl Followed {
    pub(crate) fn new(
        partitions: &[PartitionState],
        waiting: BTreeMap<PartitionKey, String>,
        launched_at_ms: i64,
    ) -> Self {
        let mut followed = Self {
            topics: BTreeMap::new(),
            waiting,
            launched_at_ms,
            left_out: BTreeMap::new(),
            unseen: BTreeSet::new(),
        };
        followed.remember(partitions);
        followed
    }

    fn remember(&mut self, partitions: &[PartitionState]) {
        for partition in partitions {
            self.topics
                .entry(partition.key.topic.clone())
                .or_insert_with(|| Topic {
                    target: partition.target_topic.clone(),
                    partitions: BTreeSet::new(),
                    id: partition.source_topic_id.clone(),
                    target_id: partition.target_topic_id.clone(),
                })
                .partitions
                .insert(partition.key.partition);
        }
    }

    /// All of them.
    pub(crate) fn partitions(&self) -> Vec<(String, i32)> {
        self.topics
            .iter()
            .flat_map(|(name, topic)| topic.partitions.iter().map(|&p| (name.clone(), p)))
            .collect()
    }

    /// The target topic of a source topic.
    pub(crate) fn target_of(&self, topic: &str) -> Option<&str> {
        self.topics.get(topic).map(|topic| topic.target.as_str())
    }

    /// Source topics whose id is another than it was, with the new one; reported once.
    pub(crate) fn recreated(&mut self, pair: &Pair) -> BTreeMap<String, String> {
        let names: Vec<&str> = self.topics.keys().map(String::as_str).collect();
        let mut recreated = BTreeMap::new();
        for (name, id) in pair.source.topic_ids(&names) {
            if let Some(topic) = self.topics.get_mut(&name)
                && topic.id.as_ref().is_some_and(|then| *then != id)
            {
                topic.id = Some(id.clone());
                recreated.insert(name, id);
            }
        }
        recreated
    }

    /// Target topics that are not those that were copied to, by name: one request for all. One that is not seen counts as gone at
    /// the second look, because a broker that has just started may not know all topics yet.
    pub(crate) fn other_targets(&mut self, pair: &Pair) -> BTreeMap<String, Became> {
        let known: BTreeMap<&str, &str> = self
            .topics
            .values()
            .filter_map(|topic| Some((topic.target.as_str(), topic.target_id.as_deref()?)))
            .collect();
        let names: Vec<&str> = known.keys().copied().collect();
        let Ok(now) = pair.target.admin.topic_ids(&names) else {
            return BTreeMap::new();
        };
        let mut found: BTreeMap<String, Became> = known
            .iter()
            .filter_map(|(topic, then)| {
                let became = Became::of(then, now.get(*topic).map(String::as_str))?;
                Some(((*topic).to_owned(), became))
            })
            .collect();
        let unseen: BTreeSet<String> = found
            .iter()
            .filter(|(_, became)| **became == Became::Gone)
            .map(|(topic, _)| topic.clone())
            .collect();
        let before = std::mem::replace(&mut self.unseen, unseen);
        found.retain(|topic, became| *became != Became::Gone || before.contains(topic));
        found
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
        let routes = task.routes(names.iter().map(String::as_str))?;
        discovered
            .refused
            .extend(self.look_for_rights(pair, task, &routes));
        for (source, target) in routes {
            if self.left_out.contains_key(&source) {
                continue;
            }
            match self.extend(pair, task, observer, &source, &target) {
                Ok(new) => discovered.partitions.extend(new),
                Err(error) => discovered
                    .refused
                    .push(format!("'{source}' cannot be followed: {error}")),
            }
        }
        self.remember(&discovered.partitions);
        discovered.refusing_keyless = refusing(pair, task, &discovered.partitions);
        Ok(discovered)
    }

    /// Finds out which new topics may be read, where those that may not are left out. Returns a sentence for each.
    fn look_for_rights(&mut self, pair: &Pair, task: &Task, routes: &[(String, String)]) -> Vec<String> {
        if task.forbidden_topics != ForbiddenTopics::LeaveOut {
            return Vec::new();
        }
        let now = Instant::now();
        let due: Vec<&str> = routes
            .iter()
            .map(|(source, _)| source)
            .filter(|source| !self.topics.contains_key(*source))
            .filter(|source| {
                self.left_out
                    .get(*source)
                    .is_none_or(|looked| now.duration_since(*looked) >= RIGHTS_EVERY)
            })
            .map(String::as_str)
            .collect();
        if due.is_empty() {
            return Vec::new();
        }
        let readable = Readable::find(task, &pair.source, &due, &|| false);
        let mut sentences = Vec::new();
        for topic in due {
            if readable.forbidden.contains(topic) {
                self.left_out.insert(topic.to_owned(), now);
                sentences.push(format!(
                    "'{topic}' is left out: this user may not read it at the source"
                ));
            } else {
                self.left_out.remove(topic);
            }
        }
        sentences
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
        let known = self.topics.get(source);
        let target = known.map_or(target, |topic| &topic.target);
        let unknown: Vec<i32> = (0..i32::try_from(count).unwrap_or(0))
            .filter(|partition| known.is_none_or(|topic| !topic.partitions.contains(partition)))
            // The others are taken in when their leaders are there.
            .filter(|&partition| has_leader(&pair.source.metadata, source, partition))
            .collect();
        if unknown.is_empty() {
            return Ok(Vec::new());
        }
        if pair.same_cluster()
            && (source == target || self.topics.values().any(|topic| topic.target == source))
        {
            return Ok(Vec::new());
        }
        pair.target.refresh()?;
        match pair.target.partition_count(target) {
            None => {
                let draft = structure::draft(pair, task, source, target)?;
                structure::create(&pair.target.admin, &draft)?;
                pair.target.refresh()?;
                observer(Event::Info(format!(
                    "'{source}' is new at the source: created target topic '{target}' with {count} partitions"
                )));
            }
            Some(there) => {
                if known.is_none() && !self.waits(source) {
                    check_existing(pair, task, target, there)?;
                }
                if there < count {
                    structure::grow(&pair.target.admin, target, there, count)?;
                    pair.target.refresh()?;
                    observer(Event::Info(format!(
                        "'{source}' has {count} partitions now: grew target topic '{target}' first"
                    )));
                }
            }
        }
        let unknown: Vec<i32> = unknown
            .into_iter()
            .filter(|&partition| has_leader(&pair.target.metadata, target, partition))
            .collect();
        let wanted: Vec<(String, i32)> = unknown
            .iter()
            .map(|&partition| (source.to_owned(), partition))
            .collect();
        let source_bounds: BTreeMap<i32, LogBounds> = bounds(&pair.source.admin, &wanted, Side::Source)?
            .into_iter()
            .map(|((_, p), b)| (p, b))
            .collect();
        let starts = self.starts(pair, task, source, target, &source_bounds)?;
        let mirrors = task.delivery == Delivery::Mirror;
        pin(
            pair,
            (mirrors, task.end_of(source)),
            source,
            target,
            &starts,
            &source_bounds,
            &BTreeMap::new(),
        )
    }

    /// Whether a partition of the topic waits since the launch.
    fn waits(&self, source: &str) -> bool {
        self.waiting.keys().any(|key| key.topic == source)
    }

    /// Where partitions begin. The first records of a new partition count as well: it starts at its beginning, whatever the
    /// task's start is. One that waits since the launch starts as the task says; `latest` is then the first record that is
    /// not older than the launch, so that nothing is left out that came after it.
    fn starts(
        &self,
        pair: &Pair,
        task: &Task,
        source: &str,
        target: &str,
        bounds_now: &BTreeMap<i32, LogBounds>,
    ) -> Result<BTreeMap<i32, i64>> {
        let mut starts: BTreeMap<i32, i64> = bounds_now
            .iter()
            .map(|(&partition, bounds)| (partition, bounds.low))
            .collect();
        let waiting: BTreeMap<i32, LogBounds> = bounds_now
            .iter()
            .filter(|(partition, _)| {
                self.waiting.contains_key(&PartitionKey {
                    topic: source.to_owned(),
                    partition: **partition,
                })
            })
            .map(|(&partition, &bounds)| (partition, bounds))
            .collect();
        if waiting.is_empty() {
            return Ok(starts);
        }
        check_waiting(pair, task, target, waiting.keys().copied())?;
        let admin = &pair.source.admin;
        let count = pair.source.partition_count(source).unwrap_or(0);
        let wanted = task.start_of(source);
        if *wanted == Start::Latest {
            let places: Vec<(String, i32)> = waiting.keys().map(|&p| (source.to_owned(), p)).collect();
            let asked = admin
                .offsets(
                    &places,
                    OffsetQuery::At(self.launched_at_ms),
                    Isolation::Uncommitted,
                )
                .map_err(|error| pair.source.refuse("looking up the time of the launch", error))?;
            let found = each(asked, &mut BTreeMap::new());
            for (&partition, bounds) in &waiting {
                let at = found.get(&(source.to_owned(), partition)).copied();
                starts.insert(partition, at.unwrap_or(bounds.high));
            }
            return Ok(starts);
        }
        for (partition, resolved) in resolve(admin, wanted, source, count, &waiting)? {
            if let Some(range) = resolved.outside
                && task.out_of_range == OutOfRange::Stop
            {
                return Err(EngineError::Refused(format!(
                    "the start offset {} of partition {partition} is outside of the log, missing {range}; choose --out-of-range nearest to copy from the nearest offset",
                    resolved.wanted
                )));
            }
            starts.insert(partition, Resolved::nearest(&resolved));
        }
        Ok(starts)
    }
}

/// Which target topics of these partitions refuse records without a key.
fn refusing(pair: &Pair, task: &Task, partitions: &[PartitionState]) -> BTreeSet<String> {
    let targets: BTreeSet<&str> = partitions.iter().map(|p| p.target_topic.as_str()).collect();
    let names: Vec<&str> = targets.into_iter().collect();
    if names.is_empty() {
        return BTreeSet::new();
    }
    let configs = pair
        .target
        .admin
        .topic_configs(&names)
        .inspect_err(|error| tracing::info!(%error, "the policy of new target topics is not known"))
        .unwrap_or_default();
    let policy = |topic: &str| value(configs.get(topic)?.as_ref().ok()?, "cleanup.policy");
    refusing_keyless(
        &task.target,
        names
            .into_iter()
            .map(|topic| (topic, Compaction::of(policy(topic).as_deref()))),
    )
}

/// What a target partition without a leader holds was not seen at the launch.
fn check_waiting(
    pair: &Pair,
    task: &Task,
    target: &str,
    partitions: impl Iterator<Item = i32>,
) -> Result<()> {
    if task.existing == ExistingData::Append {
        return Ok(());
    }
    let wanted: Vec<(String, i32)> = partitions.map(|p| (target.to_owned(), p)).collect();
    let held = bounds(&pair.target.admin, &wanted, Side::Target)?
        .into_iter()
        .find(|(_, bounds)| bounds.high > bounds.low);
    match held {
        None => Ok(()),
        Some(((topic, partition), bounds)) => Err(EngineError::Refused(format!(
            "its target partition {topic}-{partition} holds data already ({} offsets); empty it, or choose --existing append",
            bounds.high - bounds.low
        ))),
    }
}

fn check_existing(pair: &Pair, task: &Task, target: &str, partitions: usize) -> Result<()> {
    if task.existing == ExistingData::Append {
        return Ok(());
    }
    let wanted: Vec<(String, i32)> = (0..i32::try_from(partitions).unwrap_or(0))
        .map(|p| (target.to_owned(), p))
        .collect();
    let offsets: i64 = bounds(&pair.target.admin, &wanted, Side::Target)?
        .values()
        .map(|b| b.high - b.low)
        .sum();
    if offsets == 0 {
        return Ok(());
    }
    Err(EngineError::Refused(format!(
        "its target topic '{target}' holds data already ({offsets} offsets); start a task of its own for it with --existing append, or empty the target topic"
    )))
}
