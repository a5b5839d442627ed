//! Watches both clusters beside the copy: end offsets, new topics and partitions, topics created again. Grows and
//! creates target topics before the copier hears of new source partitions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use sluice_kafka::{ErrorCode, Isolation, OffsetQuery, PartitionOffset};
use sluice_model::{ExistingData, Task};

use crate::checkpoint::{PartitionKey, PartitionState};
use crate::error::Side;
use crate::launch::pin;
use crate::pair::Pair;
use crate::progress::{Event, Observer};
use crate::start_position::{LogBounds, bounds};
use crate::structure;

/// How often end offsets are read.
const OFFSETS_EVERY: Duration = Duration::from_secs(2);
/// How long one question to the source may take before its silence is told.
const QUESTION_DEADLINE: Duration = Duration::from_secs(6);
/// How often topics are listed; new ones are picked up within twice this.
const TOPICS_EVERY: Duration = Duration::from_secs(4);

/// What the watcher found.
#[derive(Debug, Default)]
pub(crate) struct Sighting {
    /// First offset, end, and end of committed records of source partitions.
    pub(crate) offsets: BTreeMap<PartitionKey, (i64, i64, i64)>,
    /// Source partitions that are new, with the target ready for them.
    pub(crate) new: Vec<PartitionState>,
    /// Source topics whose id changed: old topic gone, new topic of the same name.
    pub(crate) recreated: BTreeMap<String, String>,
    /// Why the source could not be asked.
    pub(crate) error: Option<String>,
}

pub(crate) struct Watcher {
    pair: Pair,
    task: Task,
    observer: Observer,
    /// Partitions known per source topic, with the id the topic had.
    known: BTreeMap<String, Known>,
    /// Sentences that were told already.
    told: BTreeSet<String>,
}

struct Known {
    target: String,
    partitions: BTreeSet<i32>,
    id: Option<String>,
}

impl Watcher {
    pub(crate) fn new(mut pair: Pair, task: Task, observer: Observer, partitions: &[PartitionState]) -> Self {
        pair.source.admin.set_deadline(QUESTION_DEADLINE);
        let mut watcher = Self {
            pair,
            task,
            observer,
            known: BTreeMap::new(),
            told: BTreeSet::new(),
        };
        watcher.remember(partitions);
        watcher
    }

    fn remember(&mut self, partitions: &[PartitionState]) {
        for partition in partitions {
            self.known
                .entry(partition.key.topic.clone())
                .or_insert_with(|| Known {
                    target: partition.target_topic.clone(),
                    partitions: BTreeSet::new(),
                    id: partition.source_topic_id.clone(),
                })
                .partitions
                .insert(partition.key.partition);
        }
    }

    /// Runs until `stop` is closed. `out` holds one sighting: the copier takes it when it can.
    pub(crate) fn run(mut self, out: &Sender<Sighting>, stop: &Receiver<()>) {
        let mut topics_due = Instant::now() + TOPICS_EVERY;
        loop {
            let mut sighting = Sighting::default();
            if let Err(error) = self.read_offsets(&mut sighting) {
                sighting.error = Some(error);
            } else if Instant::now() >= topics_due {
                if let Err(error) = self.read_topics(&mut sighting) {
                    self.tell(error);
                }
                topics_due = Instant::now() + TOPICS_EVERY;
            }
            crossbeam_channel::select! {
                send(out, sighting) -> sent => if sent.is_err() { return },
                recv(stop) -> _ => return,
            }
            match stop.recv_timeout(OFFSETS_EVERY) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return,
            }
        }
    }

    fn tell(&mut self, sentence: String) {
        if self.told.insert(sentence.clone()) {
            (self.observer)(Event::Warning(sentence));
        }
    }

    fn read_offsets(&self, sighting: &mut Sighting) -> Result<(), String> {
        let wanted: Vec<(String, i32)> = self
            .known
            .iter()
            .flat_map(|(topic, known)| known.partitions.iter().map(|&p| (topic.clone(), p)))
            .collect();
        let mut unanswered = None;
        let mut read = |query, isolation| -> Result<BTreeMap<PartitionKey, i64>, String> {
            let entries = self
                .pair
                .source
                .admin
                .offsets(&wanted, query, isolation)
                .map_err(|error| format!("the source does not tell its offsets: {error}"))?;
            // A topic that is gone or closed to this user is told by its own partitions. The client itself calls what it
            // could not ask for unknown.
            let answered = |entry: &&PartitionOffset| {
                matches!(
                    entry.error,
                    ErrorCode::NONE
                        | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                        | ErrorCode::TOPIC_AUTHORIZATION_FAILED
                )
            };
            let silent = wanted
                .len()
                .saturating_sub(entries.iter().filter(answered).count());
            if silent > 0 {
                let why = entries
                    .iter()
                    .find(|entry| !answered(entry))
                    .map_or_else(String::new, |entry| {
                        format!(" ({}-{}: {})", entry.topic, entry.partition, entry.error)
                    });
                let told = format!("the source does not tell the offsets of {silent} partitions{why}");
                if silent == wanted.len() {
                    return Err(told);
                }
                unanswered.get_or_insert(told);
            }
            Ok(entries
                .into_iter()
                .filter(|entry| entry.error == ErrorCode::NONE)
                .filter_map(|entry| {
                    entry.offset.map(|offset| {
                        (
                            PartitionKey {
                                topic: entry.topic,
                                partition: entry.partition,
                            },
                            offset,
                        )
                    })
                })
                .collect())
        };
        let low = read(OffsetQuery::Earliest, Isolation::Uncommitted)?;
        let stable = read(OffsetQuery::Latest, Isolation::Committed)?;
        let high = read(OffsetQuery::Latest, Isolation::Uncommitted)?;
        for (key, high) in high {
            if let (Some(&low), Some(&stable)) = (low.get(&key), stable.get(&key)) {
                sighting.offsets.insert(key, (low, high, stable));
            }
        }
        sighting.error = unanswered;
        Ok(())
    }

    fn read_topics(&mut self, sighting: &mut Sighting) -> Result<(), String> {
        self.pair.source.refresh().map_err(|error| error.to_string())?;
        let topics: Vec<&str> = self.known.keys().map(String::as_str).collect();
        for (topic, id) in self.pair.source.topic_ids(&topics) {
            if let Some(known) = self.known.get_mut(&topic)
                && known.id.as_ref().is_some_and(|then| *then != id)
            {
                known.id = Some(id.clone());
                sighting.recreated.insert(topic, id);
            }
        }
        let names: Vec<String> = self
            .pair
            .source
            .metadata
            .topics
            .values()
            .filter(|info| info.error == ErrorCode::NONE)
            .map(|info| info.name.clone())
            .collect();
        let routes = self
            .task
            .routes(names.iter().map(String::as_str))
            .map_err(|error| error.to_string())?;
        for (source, target) in routes {
            match self.extend(&source, &target) {
                Ok(new) => sighting.new.extend(new),
                Err(error) => self.tell(format!("'{source}' cannot be followed: {error}")),
            }
        }
        let new = std::mem::take(&mut sighting.new);
        self.remember(&new);
        sighting.new = new;
        Ok(())
    }

    /// Makes the target ready for source partitions that are not known yet.
    fn extend(&mut self, source: &str, target: &str) -> Result<Vec<PartitionState>, String> {
        let Some(count) = self.pair.source.partition_count(source) else {
            return Ok(Vec::new());
        };
        let target = self
            .known
            .get(source)
            .map_or_else(|| target.to_owned(), |known| known.target.clone());
        let all = 0..i32::try_from(count).unwrap_or(0);
        let unknown: Vec<i32> = match self.known.get(source) {
            Some(known) => all
                .filter(|partition| !known.partitions.contains(partition))
                .collect(),
            None => all.collect(),
        };
        if unknown.is_empty() {
            return Ok(Vec::new());
        }
        if self.pair.same_cluster()
            && (source == target || self.known.values().any(|known| known.target == source))
        {
            return Ok(Vec::new());
        }
        self.pair.target.refresh().map_err(|error| error.to_string())?;
        match self.pair.target.partition_count(&target) {
            None => {
                let draft = structure::draft(&self.pair, &self.task, source, &target)
                    .map_err(|error| error.to_string())?;
                structure::create(&self.pair.target.admin, &draft).map_err(|error| error.to_string())?;
                (self.observer)(Event::Info(format!(
                    "'{source}' is new at the source: created target topic '{target}' with {count} partitions"
                )));
            }
            Some(there) => {
                if !self.known.contains_key(source) {
                    self.check_existing(&target, there)?;
                }
                if there < count {
                    structure::grow(&self.pair.target.admin, &target, count)
                        .map_err(|error| error.to_string())?;
                    (self.observer)(Event::Info(format!(
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
        let source_bounds: BTreeMap<i32, LogBounds> = bounds(&self.pair.source.admin, &wanted, Side::Source)
            .map_err(|error| error.to_string())?
            .into_iter()
            .map(|((_, p), b)| (p, b))
            .collect();
        let starts = source_bounds
            .iter()
            .map(|(&partition, b)| (partition, b.low))
            .collect();
        pin(
            &self.pair,
            source,
            &target,
            &starts,
            &source_bounds,
            &BTreeMap::new(),
        )
        .map_err(|error| error.to_string())
    }

    fn check_existing(&self, target: &str, partitions: usize) -> Result<(), String> {
        if self.task.existing == ExistingData::Append {
            return Ok(());
        }
        let wanted: Vec<(String, i32)> = (0..i32::try_from(partitions).unwrap_or(0))
            .map(|p| (target.to_owned(), p))
            .collect();
        let now =
            bounds(&self.pair.target.admin, &wanted, Side::Target).map_err(|error| error.to_string())?;
        let records: i64 = now.values().map(|b| b.high - b.low).sum();
        if records == 0 {
            return Ok(());
        }
        Err(format!(
            "its target topic '{target}' holds {records} records already; start a task of its own for it with --existing append, or empty the target topic"
        ))
    }
}
