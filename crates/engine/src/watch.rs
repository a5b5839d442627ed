//! Watches both clusters beside the copy: end offsets, new topics and partitions, topics created again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use sluice_kafka::{ErrorCode, Isolation, OffsetQuery, PartitionOffset};
use sluice_model::Task;

use crate::checkpoint::{PartitionKey, PartitionState};
use crate::follow::Followed;
use crate::pair::Pair;
use crate::progress::{Event, Observer};

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

impl Sighting {
    /// Takes in what was found after this.
    pub(crate) fn merge(&mut self, later: Self) {
        self.offsets.extend(later.offsets);
        self.new.extend(later.new);
        self.recreated.extend(later.recreated);
        self.error = later.error;
    }
}

pub(crate) struct Watcher {
    pair: Pair,
    task: Task,
    observer: Observer,
    followed: Followed,
    /// Sentences that were told already.
    told: BTreeSet<String>,
}

impl Watcher {
    pub(crate) fn new(mut pair: Pair, task: Task, observer: Observer, partitions: &[PartitionState]) -> Self {
        pair.source.admin.set_deadline(QUESTION_DEADLINE);
        Self {
            pair,
            task,
            observer,
            followed: Followed::new(partitions),
            told: BTreeSet::new(),
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
        let wanted = self.followed.partitions();
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
        sighting.recreated = self.followed.recreated(&self.pair);
        let news = self
            .followed
            .take_new(&mut self.pair, &self.task, &self.observer)
            .map_err(|error| error.to_string())?;
        sighting.new = news.partitions;
        news.refused.into_iter().for_each(|sentence| self.tell(sentence));
        Ok(())
    }
}
