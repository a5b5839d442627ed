use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sluice_kafka::{Isolation, OffsetQuery};
use sluice_model::Task;

use super::last_copied::LastCopied;
use super::logs::{SourceLog, offsets};
use super::other_topics::OtherTopics;
use super::pace::Rate;
use super::seen::{Ask, Positions, Seen, source_places};
use super::watched::{Loss, Watched};
use crate::clock::now_ms;
use crate::error::{EngineError, Result, Side};
use crate::lookup::with_first_record_from;
use crate::plan::Pair;
use crate::position::{
    Checkpoint, CheckpointStore, Gap, GapReason, LaneKind, Ledger, PartitionKey, PartitionState,
};
use crate::progress::{Event, Incomplete, IncompleteReason, Observer, PartitionProgress, Progress, Stage};
use crate::run::make_ready;

/// How long one question to a cluster may take before its silence is reported.
const QUESTION_DEADLINE: Duration = Duration::from_secs(6);

/// A copy that another program makes between the clusters of a task. It is launched here; each look notes where it stands,
/// and what the source deleted before it was copied.
pub struct OutsideCopy {
    pair: Pair,
    task: Task,
    store: Arc<dyn CheckpointStore>,
    observer: Observer,
    watched: BTreeMap<PartitionKey, Watched>,
    exactly_once: bool,
    rate: Rate,
    /// Offsets that were passed since this began.
    copied: u64,
    gaps: u64,
    other_topics: OtherTopics,
    last_copied: LastCopied,
    /// Of the partitions that are noted, nothing was asked yet.
    is_new: bool,
    /// New topics that were not taken in.
    left_out: BTreeSet<String>,
}

impl OutsideCopy {
    /// Launches `task`, or checks its earlier launch: target topics are made and positions pinned; nothing is copied.
    /// `exactly_once`: the other program writes its positions in the transactions that carry the records.
    ///
    /// # Errors
    /// As a start of the engine's own copy.
    pub fn begin(
        task: Task,
        store: Arc<dyn CheckpointStore>,
        observer: Observer,
        exactly_once: bool,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self> {
        let ready = make_ready(&task, store.as_ref(), &observer, cancelled)?;
        // From here on, what is copied is not noted record by record.
        store.note_lane(&task.name, LaneKind::Connect)?;
        let mut pair = ready.pair;
        pair.source.admin.set_deadline(QUESTION_DEADLINE);
        pair.target.admin.set_deadline(QUESTION_DEADLINE);
        let gaps = store.gaps(&task.name)?.len() as u64;
        let now = now_ms();
        Ok(Self {
            watched: ready
                .partitions
                .into_iter()
                .map(|state| (state.key.clone(), Watched::new(state, now)))
                .collect(),
            pair,
            task,
            store,
            observer,
            exactly_once,
            rate: Rate::default(),
            copied: 0,
            gaps,
            other_topics: OtherTopics::default(),
            last_copied: LastCopied::default(),
            is_new: true,
            left_out: BTreeSet::new(),
        })
    }

    /// The next offset to copy of each partition, as it is noted.
    #[must_use]
    pub fn positions(&self) -> Positions {
        self.watched
            .iter()
            .map(|(key, watched)| (key.clone(), watched.state.position))
            .collect()
    }

    /// The source topics.
    #[must_use]
    pub fn topics(&self) -> Vec<String> {
        let topics: BTreeSet<&String> = self.watched.keys().map(|key| &key.topic).collect();
        topics.into_iter().cloned().collect()
    }

    /// How many brokers the target has.
    #[must_use]
    pub fn target_brokers(&self) -> usize {
        self.pair.target.metadata.brokers.len()
    }

    /// The target's cluster id, where it has one.
    #[must_use]
    pub fn target_cluster_id(&self) -> Option<&str> {
        self.pair.target.id.as_deref()
    }

    /// Takes in topics that have come to the source since the launch and belong to the task: launches them as a start does.
    /// Returns them.
    ///
    /// # Errors
    /// As [`OutsideCopy::begin`]; nothing is taken in then.
    pub fn take_in_topics(&mut self, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<Vec<String>> {
        let metadata = self
            .pair
            .source
            .admin
            .metadata()
            .map_err(|error| EngineError::Cluster {
                side: Side::Source,
                what: "reading the topic list".into(),
                error,
            })?;
        let known: BTreeSet<String> = self.topics().into_iter().collect();
        let routes = self.task.routes(metadata.topics.keys().map(String::as_str))?;
        let new: BTreeSet<String> = routes
            .into_iter()
            .map(|(topic, _)| topic)
            .filter(|topic| !known.contains(topic))
            .collect();
        // Those that could not be taken in once, as one that this user may not read, are not tried each time.
        if new.is_subset(&self.left_out) {
            return Ok(Vec::new());
        }
        let ready = make_ready(&self.task, self.store.as_ref(), &self.observer, cancelled)?;
        let now = now_ms();
        for state in ready.partitions {
            self.watched
                .entry(state.key.clone())
                .or_insert_with(|| Watched::new(state, now));
        }
        let taken: Vec<String> = self
            .topics()
            .into_iter()
            .filter(|topic| !known.contains(topic))
            .collect();
        self.left_out = new.into_iter().filter(|topic| !taken.contains(topic)).collect();
        Ok(taken)
    }

    /// Looks at both clusters and asks the other program, with `ask`, where it stands. `at_rest`: it is stopped, and has said
    /// so. What cannot be asked is in the progress' error, and nothing is noted then.
    /// `cancelled` ends what may take seconds.
    pub fn look(
        &mut self,
        ask: &mut dyn FnMut() -> std::result::Result<Positions, String>,
        at_rest: bool,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Progress {
        let error = self.take_in(ask, at_rest, cancelled).err();
        self.progress(error)
    }

    fn take_in(
        &mut self,
        ask: &mut Ask<'_>,
        at_rest: bool,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> std::result::Result<(), String> {
        let seen = match Seen::ask(&self.pair, &self.watched, self.exactly_once || at_rest, ask) {
            Ok(seen) => seen,
            Err(error) => {
                self.look_at_source_alone();
                return Err(error);
            }
        };
        self.take_in_new(&seen.after);
        let lost = self.take_in_positions(&seen)?;
        self.look_for_other_topics();
        self.look_for_rests(at_rest);
        let checkpoint = self.exact_notes(&seen, at_rest, cancelled);
        self.note(lost, checkpoint)?;
        self.is_new = false;
        Ok(())
    }

    /// The other program cannot be asked, and the source goes on all the same: lag and delay grow with it.
    fn look_at_source_alone(&mut self) {
        let places = source_places(&self.watched);
        let ask = |query, isolation| offsets(&self.pair.source, &places, query, isolation);
        let (Ok(lows), Ok(stable), Ok(highs)) = (
            ask(OffsetQuery::Earliest, Isolation::Uncommitted),
            ask(OffsetQuery::Latest, Isolation::Committed),
            ask(OffsetQuery::Latest, Isolation::Uncommitted),
        ) else {
            // What the error of the other program hides is that the source does not answer either.
            return;
        };
        for (key, watched) in &mut self.watched {
            let (Some(low), Some(stable), Some(high)) = (lows.get(key), stable.get(key), highs.get(key))
            else {
                continue;
            };
            watched.log = Some(SourceLog {
                low: *low,
                stable: *stable,
                high: *high,
            });
        }
    }

    /// Takes in where the other program stands. Returns what the source deleted meanwhile.
    fn take_in_positions(
        &mut self,
        seen: &Seen,
    ) -> std::result::Result<Vec<(PartitionKey, u32, Loss)>, String> {
        let mut lost = Vec::new();
        for (key, watched) in &mut self.watched {
            let Some(log) = seen.source_log(key) else { continue };
            let SourceLog { low, high, .. } = log;
            let position = seen.after.get(key).copied().unwrap_or(watched.state.position);
            if let Some(loss) = watched.loss(low, position) {
                let (Loss::Certain(range) | Loss::Possible(range)) = loss;
                watched.lost += range.to - range.from;
                watched.noted_to = low;
                lost.push((key.clone(), watched.state.incarnation, loss));
            }
            watched.error = None;
            // A note may lie behind offsets without a record, which the other program does not count.
            if position < watched.state.position && position != watched.position {
                let again = with_first_record_from(&self.task.source, key, position.max(low), |message| {
                    message.offset()
                });
                match again {
                    Ok(Some(offset)) if offset < watched.state.position => {
                        watched.error = Some(format!(
                            "Connect's position went back from {} to {position}: its offsets were changed, and records are copied twice",
                            watched.state.position
                        ));
                        continue;
                    }
                    Ok(_) => {}
                    Err(error) => return Err(format!("the {} cannot be read: {error}", Side::Source)),
                }
            }
            if position > watched.position {
                let passed = position - watched.position;
                // Of what is lost nothing was copied; it is passed over when the position comes behind it.
                let lost = watched.lost.min(passed);
                watched.lost -= lost;
                watched.lost_since_note += lost;
                self.copied += u64::try_from(passed - lost).unwrap_or(0);
                watched.moved_ms = now_ms();
            }
            watched.position = position;
            watched.first_end.get_or_insert(high);
            watched.log = Some(log);
        }
        Ok(lost)
    }

    /// What is copied into, or out of, another topic than that of the launch is not noted.
    fn look_for_other_topics(&mut self) {
        let states: Vec<&PartitionState> = self.watched.values().map(|watched| &watched.state).collect();
        self.other_topics.look(&self.pair, &states, now_ms());
        for watched in self.watched.values_mut() {
            if let Some(sentence) = self.other_topics.of(&watched.state.key.topic) {
                watched.error = Some(sentence.to_owned());
            }
        }
    }

    /// Notes of the partitions of which it is known what belongs together on both sides. Offsets without a record behind a
    /// position are passed: a copy of our own stands behind them as well.
    fn exact_notes(
        &mut self,
        seen: &Seen,
        at_rest: bool,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Checkpoint {
        let mut checkpoint = Checkpoint::default();
        let mut moving = Vec::new();
        for (key, watched) in &mut self.watched {
            let (Some(log), None) = (watched.log, &watched.error) else {
                continue;
            };
            let reached = watched.reached();
            // What came to the target while nothing was copied is not ours.
            let end = seen
                .ends
                .get(key)
                .filter(|_| watched.position > watched.state.position);
            let target_next = end.copied().unwrap_or(watched.state.target_next);
            let is_same = seen.before.get(key) == seen.after.get(key);
            watched.is_held = at_rest && !seen.has_ended(key);
            if at_rest || (is_same && (self.exactly_once || reached >= log.high)) {
                if seen.has_ended(key) {
                    checkpoint.partitions.extend(watched.note(reached, target_next));
                }
            } else if self.exactly_once && end.is_some() {
                moving.push(watched);
            }
        }
        for (watched, position) in self.last_copied.look(&self.task, moving, seen, cancelled) {
            let end = seen.ends.get(&watched.state.key).copied();
            let target_next = end.unwrap_or(watched.state.target_next);
            checkpoint.partitions.extend(watched.note(position, target_next));
        }
        checkpoint
    }

    /// Partitions that came to the source since the launch, and that the other program has begun.
    fn take_in_new(&mut self, positions: &Positions) {
        let new: Vec<&PartitionKey> = positions
            .keys()
            .filter(|key| !self.watched.contains_key(*key))
            .collect();
        for key in new {
            let Some(sibling) = self
                .watched
                .values()
                .find(|watched| watched.state.key.topic == key.topic)
                .map(|watched| watched.state.clone())
            else {
                continue;
            };
            let state = PartitionState {
                key: key.clone(),
                start: 0,
                target_start: 0,
                backlog_end: 0,
                until: None,
                position: 0,
                leader_epoch: None,
                target_next: 0,
                anchor: None,
                records: 0,
                bytes: 0,
                incarnation: 0,
                ..sibling
            };
            (self.observer)(Event::Info(format!(
                "{key} is new at the source and is copied as well"
            )));
            self.watched.insert(key.clone(), Watched::new(state, now_ms()));
        }
    }

    /// The position stays behind the end of a log whose last offsets hold no record: it is looked whether there is one.
    fn look_for_rests(&mut self, at_rest: bool) {
        for (key, watched) in &mut self.watched {
            let Some(log) = watched.log else { continue };
            let is_still = at_rest || now_ms() - watched.moved_ms >= 1_000 || self.is_new;
            if watched.reached() >= log.stable || !is_still {
                continue;
            }
            // From the start of the log: what is before it is gone.
            let from = watched.reached().max(log.low);
            match with_first_record_from(&self.task.source, key, from, |message| message.offset()) {
                Ok(Some(offset)) if offset < log.stable => {}
                Ok(_) => watched.empty_to = log.stable,
                Err(error) => tracing::debug!(%key, %error, "the rest of a log could not be looked at"),
            }
        }
    }

    fn note(
        &mut self,
        lost: Vec<(PartitionKey, u32, Loss)>,
        checkpoint: Checkpoint,
    ) -> std::result::Result<(), String> {
        let failed = |error: crate::StoreError| format!("the task's state cannot be saved: {error}");
        let gaps: Vec<Gap> = lost
            .iter()
            .map(
                |(key, incarnation, Loss::Certain(range) | Loss::Possible(range))| Gap {
                    key: key.clone(),
                    range: *range,
                    reason: GapReason::Deleted,
                    found_at_ms: now_ms(),
                    incarnation: *incarnation,
                },
            )
            .collect();
        if !gaps.is_empty() {
            let rows = Ledger {
                gaps: gaps.clone(),
                ..Ledger::default()
            };
            self.store.note(&self.task.name, &rows).map_err(failed)?;
            self.gaps += gaps.len() as u64;
        }
        for ((key, _, loss), gap) in lost.into_iter().zip(gaps) {
            (self.observer)(Event::Gap(gap));
            if let Loss::Possible(range) = loss {
                (self.observer)(Event::Warning(format!(
                    "{key}: the source deleted the offsets {range} while they were being copied; how many of them came to the target is not known, and MirrorMaker does not tell"
                )));
            }
        }
        if !checkpoint.is_empty() {
            self.store.save(&self.task.name, &checkpoint).map_err(failed)?;
        }
        Ok(())
    }

    /// Whether everything is copied that the source had when this was first looked at.
    #[must_use]
    pub fn has_all_of_the_beginning(&self) -> bool {
        !self.is_new
            && self
                .watched
                .values()
                .all(|watched| watched.first_end.is_some_and(|end| watched.reached() >= end))
    }

    /// Why, at the last look, it could not be noted where a copy stands that is stopped; none where all is noted.
    #[must_use]
    pub fn not_noted(&self) -> Option<String> {
        let held = self.watched.iter().find(|(_, watched)| watched.is_held);
        held.map(|(key, _)| {
            format!(
                "a transaction that is open on the target keeps {key} from being noted: what belongs together on both sides is known when it has ended"
            )
        })
    }

    /// What of the beginning is not copied.
    #[must_use]
    pub fn incomplete(&self) -> Vec<Incomplete> {
        self.watched
            .iter()
            .filter_map(|(key, watched)| {
                let end = watched.first_end.unwrap_or(watched.state.backlog_end);
                let range = sluice_model::OffsetRange {
                    from: watched.reached(),
                    to: end,
                };
                (range.from < range.to).then(|| Incomplete {
                    key: key.clone(),
                    range,
                    reason: IncompleteReason::Fault {
                        sentence: "Connect had not passed it on when it was stopped".to_owned(),
                    },
                })
            })
            .collect()
    }

    fn delivery(&self) -> &'static str {
        if self.exactly_once {
            "exactly-once (transactions of Kafka Connect)"
        } else {
            "at-least-once (Kafka Connect)"
        }
    }

    fn progress(&mut self, error: Option<String>) -> Progress {
        let now = now_ms();
        let rate = self.rate.look(now, self.copied);
        let rows: Vec<PartitionProgress> = self
            .watched
            .values_mut()
            .map(|watched| watched.row(now))
            .collect();
        let sum = |pick: fn(&PartitionProgress) -> Option<i64>| rows.iter().map(pick).sum::<Option<i64>>();
        let (mut done, mut all) = (0, 0);
        for watched in self.watched.values() {
            let state = &watched.state;
            done += (watched.reached().min(state.backlog_end) - state.start).max(0);
            all += (state.backlog_end - state.start).max(0);
        }
        let full = done >= all;
        let lag = if self.is_new { None } else { sum(|row| row.lag) };
        Progress {
            task: self.task.name.to_string(),
            stage: if full { Stage::Incremental } else { Stage::Full },
            delivery: self.delivery().to_owned(),
            notes_are_exact: self.exactly_once,
            full_percent: if all == 0 {
                100.0
            } else {
                100.0 * done as f64 / all as f64
            },
            caught_up: !self.is_new && self.watched.values().all(Watched::is_caught_up),
            read_records: self.copied,
            written_records: self.copied,
            read_rate: rate,
            write_rate: rate,
            lag_records: lag,
            delay_ms: rows
                .iter()
                .map(|row| row.delay_ms)
                .try_fold(0, |most, delay| Some(delay?.max(most))),
            eta_seconds: lag
                .filter(|lag| *lag > 0 && rate > 0.0)
                .map(|lag| (lag as f64 / rate) as u64),
            gaps: self.gaps,
            error,
            partitions: rows,
            ..Progress::default()
        }
    }
}
