//! Watches both clusters beside the copy: end offsets, new topics and partitions, topics created again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use sluice_kafka::{ErrorCode, Isolation, OffsetQuery, PartitionOffset};
use sluice_model::Task;

use crate::copy::follower::Followed;
use crate::copy::held_back::HeldBack;
use crate::copy::pruning::Pruning;
use crate::partition::Became;
use crate::plan::Pair;
use crate::position::{PartitionKey, PartitionState, lacks_leader};
use crate::progress::{Event, Observer};

/// How often end offsets are read.
const OFFSETS_EVERY: Duration = Duration::from_secs(2);
/// How long one question to the source may take before its silence is reported.
const QUESTION_DEADLINE: Duration = Duration::from_secs(6);
/// How often topics are listed; new ones are picked up within twice this.
const TOPICS_EVERY: Duration = Duration::from_secs(4);

/// What the watcher found.
#[derive(Debug, Default)]
pub(crate) struct SourceSnapshot {
    /// First offset, end, and end of committed records of source partitions.
    pub(crate) offsets: BTreeMap<PartitionKey, (i64, i64, i64)>,
    /// Source partitions that are new, with the target ready for them.
    pub(crate) new: Vec<PartitionState>,
    /// Those of their target topics that take no record without a key.
    pub(crate) refusing_keyless: BTreeSet<String>,
    /// Source topics whose id changed: old topic gone, new topic of the same name.
    pub(crate) recreated: BTreeMap<String, String>,
    /// Target topics that are not those that were copied to, by name.
    pub(crate) other_targets: BTreeMap<String, Became>,
    /// Source partitions that have no leader.
    pub(crate) leaderless: BTreeSet<PartitionKey>,
    /// Whose transactions hold partitions back, as sentences.
    pub(crate) held_by: BTreeMap<PartitionKey, String>,
    /// Why the source could not be asked.
    pub(crate) error: Option<String>,
}

impl SourceSnapshot {
    /// Takes in what was found after this.
    pub(crate) fn merge(&mut self, later: Self) {
        self.offsets.extend(later.offsets);
        self.new.extend(later.new);
        self.refusing_keyless.extend(later.refusing_keyless);
        self.recreated.extend(later.recreated);
        self.other_targets.extend(later.other_targets);
        self.leaderless = later.leaderless;
        self.held_by = later.held_by;
        self.error = later.error;
    }
}

pub(crate) struct Watcher {
    pair: Pair,
    task: Task,
    observer: Observer,
    followed: Followed,
    pruning: Pruning,
    held_back: HeldBack,
    /// Sentences that were reported already.
    reported: BTreeSet<String>,
}

impl Watcher {
    pub(crate) fn new(
        mut pair: Pair,
        task: Task,
        observer: Observer,
        pruning: Pruning,
        followed: Followed,
    ) -> Self {
        pair.source.admin.set_deadline(QUESTION_DEADLINE);
        pair.target.admin.set_deadline(QUESTION_DEADLINE);
        Self {
            held_back: HeldBack::new(task.source.clone()),
            pair,
            task,
            observer,
            followed,
            pruning,
            reported: BTreeSet::new(),
        }
    }

    /// Runs until `stop` is closed. `out` holds one snapshot: the copier takes it when it can.
    pub(crate) fn run(mut self, out: &Sender<SourceSnapshot>, stop: &Receiver<()>) {
        let mut topics_due = Instant::now() + TOPICS_EVERY;
        loop {
            let mut snapshot = SourceSnapshot::default();
            if let Err(error) = self.read_offsets(&mut snapshot) {
                snapshot.error = Some(error);
            } else if Instant::now() >= topics_due {
                if let Err(error) = self.read_topics(&mut snapshot) {
                    self.report(error);
                }
                topics_due = Instant::now() + TOPICS_EVERY;
            }
            snapshot.held_by = self.held_by(&snapshot);
            self.prune_runs(&snapshot);
            crossbeam_channel::select! {
                send(out, snapshot) -> sent => if sent.is_err() { return },
                recv(stop) -> _ => return,
            }
            match stop.recv_timeout(OFFSETS_EVERY) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return,
            }
        }
    }

    fn report(&mut self, sentence: String) {
        if self.reported.insert(sentence.clone()) {
            (self.observer)(Event::Warning(sentence));
        }
    }

    fn held_by(&mut self, seen: &SourceSnapshot) -> BTreeMap<PartitionKey, String> {
        let held = seen
            .offsets
            .iter()
            .filter(|(_, (_, high, stable))| stable < high)
            .map(|(key, _)| key.clone())
            .collect();
        self.held_back.look_up(&held, Instant::now())
    }

    /// Deletes what the offset map holds of records that neither log has any more.
    fn prune_runs(&mut self, seen: &SourceSnapshot) {
        let Self {
            pair,
            followed,
            pruning,
            ..
        } = self;
        let partitions = || {
            let known = |(key, (low, ..)): (&PartitionKey, &(i64, i64, i64))| {
                Some((key.clone(), followed.target_of(&key.topic)?.to_owned(), *low))
            };
            seen.offsets.iter().filter_map(known).collect()
        };
        if let Err(error) = pruning.run_when_due(&pair.target.admin, partitions) {
            tracing::warn!("The offset map could not be shortened: {error}.");
        }
    }

    fn read_offsets(&self, snapshot: &mut SourceSnapshot) -> Result<(), String> {
        // Asking for those without a leader would only hold up the others.
        let known = &self.pair.source.metadata;
        let (wanted, leaderless): (Vec<_>, Vec<_>) = self
            .followed
            .partitions()
            .into_iter()
            .partition(|(topic, partition)| !lacks_leader(known, topic, *partition));
        snapshot.leaderless = leaderless
            .into_iter()
            .map(|(topic, partition)| PartitionKey { topic, partition })
            .collect();
        let mut unanswered = None;
        let mut read = |query, isolation| -> Result<BTreeMap<PartitionKey, i64>, String> {
            let entries = self
                .pair
                .source
                .admin
                .offsets(&wanted, query, isolation)
                .map_err(|error| format!("the source does not return its offsets: {error}"))?;
            // A topic that is gone or closed to this user is reported by its own partitions. The client itself calls what it
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
                let sentence = format!("the source does not return the offsets of {silent} partitions{why}");
                if silent == wanted.len() && snapshot.leaderless.is_empty() {
                    return Err(sentence);
                }
                unanswered.get_or_insert(sentence);
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
                snapshot.offsets.insert(key, (low, high, stable));
            }
        }
        snapshot.error = unanswered;
        Ok(())
    }

    fn read_topics(&mut self, snapshot: &mut SourceSnapshot) -> Result<(), String> {
        self.pair.source.refresh().map_err(|error| error.to_string())?;
        snapshot.recreated = self.followed.recreated(&self.pair);
        snapshot.other_targets = self.followed.other_targets(&self.pair);
        let discovered = self
            .followed
            .discover(&mut self.pair, &self.task, &self.observer)
            .map_err(|error| error.to_string())?;
        snapshot.new = discovered.partitions;
        snapshot.refusing_keyless = discovered.refusing_keyless;
        discovered
            .refused
            .into_iter()
            .for_each(|sentence| self.report(sentence));
        Ok(())
    }
}
