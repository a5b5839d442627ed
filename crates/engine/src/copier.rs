//! Drives a lane: what to read and when, when to commit, what an error means for which partition.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded, never};
use sluice_kafka::{Admin, CALL_DEADLINE, ErrorCode, KafkaError};
use sluice_model::{OffsetRange, OutOfRange, RateLimits, Task};

use crate::adoption::{Note, Writership};
use crate::checkpoint::{
    Checkpoint, CheckpointStore, Gap, GapReason, PartitionState, QUARANTINE_VALUE_LIMIT, QuarantinedRecord,
};
use crate::clock::now_ms;
use crate::delivery::EffectiveDelivery;
use crate::error::{EngineError, Result, Side};
use crate::lane::{CommitPosition, Lane, LaneError, Passed, Refusal, Report, Slot, StepLimit};
use crate::latency::LatencyMeter;
use crate::launch::{recreated_sentence, restart};
use crate::progress::{Ending, Event, Observer, PartitionCondition, PartitionProgress, Progress, Stage};
use crate::run::{RunOptions, Shared, committed_positions, latest_writer, lock, take_committed};
use crate::start_position::{LogBounds, bounds};
use crate::throttle::{Allowance, Throttle};
use crate::track::{Mode, Track};
use crate::watch::{Sighting, Watcher};

/// Longest time between two saves of acknowledged positions: what a crash may repeat at least once.
const SAVE_EVERY: Duration = Duration::from_millis(250);
/// Bytes after which positions are saved before that time.
const SAVE_BYTES: u64 = 32 * 1024 * 1024;
/// Longest time a target transaction stays open while there is a backlog.
const TRANSACTION_EVERY: Duration = Duration::from_millis(700);
/// Bytes after which a transaction is committed before that time.
const TRANSACTION_BYTES: u64 = 128 * 1024 * 1024;
/// How long a transaction stays open when everything was read: readers of committed records wait for it.
const TRANSACTION_IDLE: Duration = Duration::from_millis(50);
/// How often a snapshot is made.
const PUBLISH_EVERY: Duration = Duration::from_millis(250);
/// How long a clean stop waits for acknowledgements.
const DRAIN_DEADLINE: Duration = Duration::from_secs(30);
/// How long a failing partition holds up the end of a run that is otherwise done.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a partition whose position is at its end is given to say so itself.
const END_PATIENCE: Duration = Duration::from_secs(5);
/// Partitions on which a run says that it writes now: one would do, more of them survive a change of topics.
const CLAIMS: usize = 100;
/// How long the target may be silent with records on their way before that is told.
const SILENCE: Duration = Duration::from_secs(5);
/// How long a transaction's records may be on their way without any acknowledgement before they are written again with
/// a new client; doubled each time that did not help. A client can miss that its coordinator is back.
const DEAF: Duration = Duration::from_secs(30);
/// Longest such time: a target that throttles its writers answers late.
const DEAF_AT_MOST: Duration = Duration::from_secs(600);
/// How long nothing may come of any partition, while one has more, before the source's client is replaced.
const STILLNESS: Duration = Duration::from_secs(8);
/// How often a partition is asked for anew before the source's client is replaced, although others go on.
const STALLS: u32 = 6;
/// How long one question to the source may hold up the copy.
const QUESTION_DEADLINE: Duration = Duration::from_secs(5);
/// How long the target may take to tell who writes there now: as long as a transaction with positions is open it does
/// not say, and whoever goes on meanwhile asks again before the first record.
const OWNER_DEADLINE: Duration = Duration::from_secs(5);
/// Time over which rates are averaged.
const RATE_WINDOW: Duration = Duration::from_secs(5);

pub(crate) struct Copier {
    task: Task,
    identity: String,
    launch_id: String,
    writership: Writership,
    delivery: EffectiveDelivery,
    store: Arc<dyn CheckpointStore>,
    observer: Observer,
    options: RunOptions,
    shared: Arc<Shared>,
    lane: Box<dyn Lane>,
    source_admin: Admin,
    tracks: Vec<Track>,
    throttle: Throttle,
    quarantined: Vec<QuarantinedRecord>,
    gaps: Vec<Gap>,
    counters: Counters,
    latency: LatencyMeter,
    last_save: Instant,
    unsaved_bytes: u64,
    failures: u32,
    task_error: Option<String>,
    /// Why the source could not be asked for its offsets the last time.
    source_error: Option<String>,
    /// When the target last acknowledged something, or nothing was on its way.
    heard: Instant,
    /// How long the target may be silent before it is written to with a new client.
    deaf_after: Duration,
    /// When a record was last read.
    last_read: Instant,
    /// What the watcher finds.
    sightings: Receiver<Sighting>,
    /// What it has found and nothing was done about yet.
    seen: Option<Sighting>,
    /// What was counted in the last seconds.
    samples: VecDeque<(Instant, Counters)>,
    /// When the last snapshot was made.
    published: Instant,
    begun: Instant,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counters {
    read: u64,
    read_bytes: u64,
    written: u64,
    bytes: u64,
    gaps: u64,
    quarantined: u64,
}

/// What passes per second, over the last seconds.
#[derive(Debug, Default, Clone, Copy)]
struct Rates {
    read: f64,
    read_bytes: f64,
    write: f64,
    write_bytes: f64,
}

/// Why the copy loop leaves its normal way.
enum Interrupt {
    Recover(KafkaError, Vec<Refusal>),
    Failed(EngineError),
}

impl Copier {
    #[expect(
        clippy::too_many_arguments,
        reason = "everything a run is made of, called from one place"
    )]
    pub(crate) fn new(
        task: Task,
        identity: String,
        launch_id: String,
        writership: Writership,
        delivery: EffectiveDelivery,
        store: Arc<dyn CheckpointStore>,
        observer: Observer,
        options: RunOptions,
        shared: Arc<Shared>,
        lane: Box<dyn Lane>,
        tracks: Vec<Track>,
    ) -> Result<Self> {
        let mut source_admin = Admin::new(&task.source).map_err(|error| EngineError::Cluster {
            side: Side::Source,
            what: "connecting".into(),
            error,
        })?;
        source_admin.set_deadline(QUESTION_DEADLINE);
        let counters = Counters {
            gaps: store.gaps(&task.name)?.len() as u64,
            quarantined: store.quarantined_count(&task.name)?,
            ..Counters::default()
        };
        let now = Instant::now();
        Ok(Self {
            throttle: Throttle::new(task.rate, now),
            task,
            identity,
            launch_id,
            writership,
            delivery,
            store,
            observer,
            options,
            shared,
            lane,
            source_admin,
            tracks,
            quarantined: Vec::new(),
            gaps: Vec::new(),
            counters,
            latency: LatencyMeter::new(now),
            last_save: now,
            unsaved_bytes: 0,
            failures: 0,
            task_error: None,
            source_error: None,
            heard: now,
            deaf_after: DEAF,
            last_read: now,
            sightings: never(),
            seen: None,
            samples: VecDeque::new(),
            published: now,
            begun: now,
        })
    }

    /// Copies until the end, a stop, or a failure.
    pub(crate) fn run(mut self, watcher: Watcher) -> Ending {
        let (sightings_in, sightings) = bounded(1);
        self.sightings = sightings;
        let (stop_watcher, stopped) = bounded::<()>(0);
        let watch = std::thread::Builder::new()
            .name("sluice-watch".into())
            .spawn(move || watcher.run(&sightings_in, &stopped));
        let ending = match watch {
            Ok(_) => match self.copy() {
                Ok(ending) => ending,
                Err(error) => Ending::Failed(error),
            },
            Err(ref error) => Ending::Failed(EngineError::Internal(format!(
                "no thread for the watcher: {error}"
            ))),
        };
        drop(stop_watcher);
        self.sightings = never();
        if let Ok(watch) = watch {
            drop(watch.join());
        }
        // Nothing passes any more.
        self.samples.clear();
        self.publish();
        ending
    }

    fn copy(&mut self) -> Result<Ending> {
        let claimed = self.claim();
        if self.overcome(claimed)? {
            self.assign_active()?;
        }
        loop {
            if self.shared.stop.load(Ordering::Relaxed) {
                return self.finish();
            }
            self.look_around();
            if let Some(sighting) = self.seen.take() {
                self.take_sighting(sighting)?;
            }
            self.retry_due()?;
            let turned = self.turn();
            self.overcome(turned)?;
            self.publish_when_due();
            if self.options.until_caught_up && self.done() {
                let drained = self.drain();
                if self.overcome(drained)? {
                    return Ok(Ending::CaughtUp);
                }
                // The last records are not on the target after all: they are copied again.
            }
        }
    }

    /// Says on the target that this run writes now, so that an earlier one knows who fenced it.
    fn claim(&mut self) -> std::result::Result<(), Interrupt> {
        if !self.transactional() {
            return Ok(());
        }
        let claims = self.tracks.iter_mut().take(CLAIMS);
        claims.for_each(|track| track.dirty = true);
        self.commit()
    }

    fn assign_active(&mut self) -> Result<()> {
        let active = self.active();
        self.assign(&active)
    }

    fn active(&self) -> Vec<Slot> {
        (0..self.tracks.len())
            .filter(|&slot| self.tracks[slot].mode == Mode::Active)
            .collect()
    }

    /// Has partitions read from where they are.
    fn assign(&mut self, slots: &[Slot]) -> Result<()> {
        let partitions: Vec<_> = slots
            .iter()
            .map(|&slot| self.tracks[slot].lane_partition(slot))
            .collect();
        self.lane
            .add(&partitions)
            .map_err(|error| self.lane_failure(error))
    }

    /// One round: read and send, collect, commit when it is time.
    fn turn(&mut self) -> std::result::Result<(), Interrupt> {
        let now = Instant::now();
        if self.lane.in_flight() == 0 {
            self.heard = now;
        }
        self.throttle.set(*lock(&self.shared.rate), now);
        let mut report = Report::default();
        let outcome = match self.throttle.allow(now) {
            Allowance::Records(records) => self.lane.step(
                StepLimit {
                    records,
                    wait: Duration::from_millis(20),
                },
                &mut report,
            ),
            Allowance::Wait(wait) => self.lane.settle(wait, &mut report),
        };
        self.throttle.spend(report.read, report.read_bytes);
        self.after(outcome, report)?;
        if self.commit_due() {
            self.commit()?;
        }
        Ok(())
    }

    /// Takes in a report, and turns its errors into what to do.
    fn after(
        &mut self,
        outcome: std::result::Result<(), LaneError>,
        mut report: Report,
    ) -> std::result::Result<(), Interrupt> {
        let refusals = std::mem::take(&mut report.refused);
        let faults = std::mem::take(&mut report.faults);
        self.absorb(report);
        match outcome {
            Ok(()) => {}
            Err(LaneError::Recover(error) | LaneError::Fenced(error)) => {
                return Err(Interrupt::Recover(error, refusals));
            }
            Err(LaneError::Retry(error)) => self.task_error = Some(trying_again(&error)),
            Err(error) => return Err(Interrupt::Failed(self.lane_failure(error))),
        }
        if !refusals.is_empty() {
            if self.delivery.guarantee(&self.identity) != sluice_kafka::Guarantee::Ordered
                || refusals.iter().any(|r| !r.code.refuses_record())
            {
                return Err(Interrupt::Recover(
                    KafkaError::from_code(refusals[0].code),
                    refusals,
                ));
            }
            // Too old a target for anything better: the record was passed over when it was refused.
            refusals.into_iter().for_each(|refusal| self.quarantine(refusal));
        }
        for (slot, error) in faults {
            self.fault(slot, &error).map_err(Interrupt::Failed)?;
        }
        self.check_hearing()
    }

    /// Gives up a transaction whose records are not acknowledged, so that a new client writes them. Without transactions
    /// that could write them twice, and the client alone knows which it may repeat.
    fn check_hearing(&mut self) -> std::result::Result<(), Interrupt> {
        let silent = self.heard.elapsed();
        let is_heard = self.lane.in_flight() == 0 || silent < self.deaf_after;
        // Who stops waits for a time of his own.
        if is_heard || !self.transactional() || self.shared.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.heard = Instant::now();
        self.deaf_after = (self.deaf_after * 2).min(DEAF_AT_MOST);
        Err(Interrupt::Recover(
            KafkaError::new(
                ErrorCode::LOCAL_TIMED_OUT,
                format!(
                    "the target has acknowledged nothing for {} s; writing with a new client",
                    silent.as_secs()
                ),
            ),
            Vec::new(),
        ))
    }

    fn absorb(&mut self, report: Report) {
        self.counters.read += report.read;
        self.counters.read_bytes += report.read_bytes;
        if !report.handed_over.is_empty() {
            let transactional = self.transactional();
            self.latency
                .acknowledged(&report.handed_over, transactional, Instant::now());
        }
        if report.read > 0 {
            self.last_read = Instant::now();
        }
        if !report.passed.is_empty() {
            self.heard = Instant::now();
            self.deaf_after = DEAF;
        }
        for (slot, passed) in report.passed {
            let Some(track) = self.tracks.get_mut(slot) else {
                continue;
            };
            let (records, bytes) = track.absorb(&passed);
            self.unsaved_bytes += bytes;
            if records > 0 || matches!(passed, Passed::End { .. }) {
                self.task_error = None;
                self.failures = 0;
            }
        }
        for notice in report.notices {
            if notice.code == ErrorCode::LOCAL_ALL_BROKERS_DOWN
                || notice.code.is_access() && !notice.code.concerns_topic()
                || notice.code == ErrorCode::LOCAL_TRANSPORT
            {
                self.task_error = Some(notice.message);
            }
        }
    }

    fn transactional(&self) -> bool {
        self.delivery == EffectiveDelivery::Transactions
    }

    fn commit_due(&self) -> bool {
        let waited = self.last_save.elapsed();
        if !self.transactional() {
            return (waited >= SAVE_EVERY || self.unsaved_bytes >= SAVE_BYTES) && self.unsaved();
        }
        if self.unsaved_bytes == 0 && self.lane.in_flight() == 0 {
            return waited >= SAVE_EVERY && self.unsaved();
        }
        let all_read = self
            .tracks
            .iter()
            .all(|track| track.at_end || track.mode != Mode::Active);
        waited >= TRANSACTION_EVERY
            || self.unsaved_bytes >= TRANSACTION_BYTES
            || (all_read && waited >= TRANSACTION_IDLE)
            || (self.lane.in_flight() == 0 && waited >= TRANSACTION_IDLE)
    }

    fn unsaved(&self) -> bool {
        !self.quarantined.is_empty()
            || !self.gaps.is_empty()
            || self.tracks.iter().any(|track| track.dirty || track.is_ahead())
    }

    /// Makes everything acknowledged permanent: on the target in its transaction, then in the state.
    fn commit(&mut self) -> std::result::Result<(), Interrupt> {
        if self.transactional() {
            let until = Instant::now() + DRAIN_DEADLINE;
            while self.lane.in_flight() > 0 {
                let mut report = Report::default();
                let outcome = self.lane.settle(Duration::from_millis(20), &mut report);
                self.after(outcome, report)?;
                if Instant::now() >= until && self.shared.stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                self.publish_when_due();
            }
            self.check_topics()?;
            let positions = self.commit_positions();
            loop {
                match self.lane.commit(&positions) {
                    Ok(()) => {
                        self.latency.committed(Instant::now());
                        break;
                    }
                    Err(LaneError::Retry(error)) => {
                        self.task_error = Some(trying_again(&error));
                        self.publish_when_due();
                        if self.shared.stop.load(Ordering::Relaxed) && Instant::now() >= until {
                            return Err(Interrupt::Failed(EngineError::Cluster {
                                side: Side::Target,
                                what: "committing".into(),
                                error,
                            }));
                        }
                    }
                    Err(LaneError::Recover(error) | LaneError::Fenced(error)) => {
                        return Err(Interrupt::Recover(error, Vec::new()));
                    }
                    Err(error) => return Err(Interrupt::Failed(self.lane_failure(error))),
                }
            }
        }
        self.save().map_err(Interrupt::Failed)
    }

    /// The client goes on at its offset in a topic that was deleted and created again, without a word. Asked for after
    /// the records were read and before they are committed, the ids tell for certain that they are of the old topic.
    fn check_topics(&mut self) -> std::result::Result<(), Interrupt> {
        let copied: BTreeMap<String, String> = self
            .tracks
            .iter()
            .filter(|track| track.mode == Mode::Active && track.ahead.records != track.state.records)
            .filter_map(|track| {
                Some((
                    track.state.key.topic.clone(),
                    track.state.source_topic_id.clone()?,
                ))
            })
            .collect();
        if copied.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = copied.keys().map(String::as_str).collect();
        let Ok(now) = self.source_admin.topic_ids(&names) else {
            // A source that is not there for the moment has not made topics anew either.
            return Ok(());
        };
        let changed: BTreeSet<&String> = copied
            .iter()
            .filter(|(topic, id)| now.get(*topic).is_some_and(|now| now != *id))
            .map(|(topic, _)| topic)
            .collect();
        let Some(&first) = changed.first() else {
            return Ok(());
        };
        let error = created_again(first);
        for track in &mut self.tracks {
            if track.mode == Mode::Active && changed.contains(&track.state.key.topic) {
                // The watcher finds it too and decides; until then nothing of it is read.
                track.back_off(error.message.clone(), Instant::now());
            }
        }
        Err(Interrupt::Recover(error, Vec::new()))
    }

    fn commit_positions(&self) -> Vec<CommitPosition> {
        self.tracks
            .iter()
            .filter(|track| track.ahead.position != track.state.position || track.dirty)
            .map(|track| {
                let ahead = &track.ahead;
                let note = Note {
                    launch: self.launch_id.clone(),
                    source_topic: ahead.key.topic.clone(),
                    source_id: ahead.source_topic_id.clone(),
                    target_id: ahead.target_topic_id.clone(),
                    target_start: ahead.target_start,
                    target_next: ahead.target_next,
                    start: ahead.start,
                    epoch: ahead.leader_epoch,
                    writer: Some(self.writership.clone()),
                };
                CommitPosition {
                    target_topic: ahead.target_topic.clone(),
                    partition: ahead.key.partition,
                    position: ahead.position,
                    // A note that cannot be written leaves the position without its proof, which is then not adopted.
                    note: serde_json::to_string(&note).unwrap_or_default(),
                }
            })
            .collect()
    }

    /// Saves what is acknowledged (and, on a transactional target, committed).
    fn save(&mut self) -> Result<()> {
        let mut checkpoint = Checkpoint {
            gaps: std::mem::take(&mut self.gaps),
            quarantined: std::mem::take(&mut self.quarantined),
            ..Checkpoint::default()
        };
        for track in &mut self.tracks {
            if track.dirty || track.is_ahead() {
                // Counted here and not at the acknowledgement: an aborted transaction takes its records back.
                self.counters.written += track.ahead.records - track.state.records;
                self.counters.bytes += track.ahead.bytes - track.state.bytes;
                checkpoint.cuts.extend(track.take_cut());
                checkpoint.runs.extend(track.promote());
                checkpoint.partitions.push(track.state.clone());
            }
        }
        self.last_save = Instant::now();
        self.unsaved_bytes = 0;
        if checkpoint.is_empty() {
            return Ok(());
        }
        Ok(self.store.save(&self.task.name, &checkpoint)?)
    }

    /// Ends cleanly on request, with what could be committed.
    fn finish(&mut self) -> Result<Ending> {
        match self.drain() {
            Err(Interrupt::Failed(error)) => return Err(error),
            // What could not be written is not committed either; the next start reads it again.
            Ok(()) | Err(Interrupt::Recover(..)) => {}
        }
        if !self.transactional() {
            self.save()?;
        }
        Ok(Ending::Stopped)
    }

    /// Reads nothing more; what is on its way is acknowledged, committed and saved.
    fn drain(&mut self) -> std::result::Result<(), Interrupt> {
        let active = self.active();
        self.lane
            .remove(&active)
            .map_err(|error| Interrupt::Failed(self.lane_failure(error)))?;
        let until = Instant::now() + DRAIN_DEADLINE;
        loop {
            let mut report = Report::default();
            let outcome = self.lane.settle(Duration::from_millis(20), &mut report);
            self.after(outcome, report)?;
            if self.lane.in_flight() == 0 {
                return self.commit();
            }
            if Instant::now() >= until {
                return Err(Interrupt::Recover(
                    KafkaError::from_code(ErrorCode::LOCAL_TIMED_OUT),
                    Vec::new(),
                ));
            }
        }
    }

    /// Waits until nothing is in flight, so that a partition's position is final.
    fn flush(&mut self) -> std::result::Result<(), Interrupt> {
        while self.lane.in_flight() > 0 && !self.shared.stop.load(Ordering::Relaxed) {
            let mut report = Report::default();
            let outcome = self.lane.settle(Duration::from_millis(20), &mut report);
            self.after(outcome, report)?;
            self.publish_when_due();
        }
        Ok(())
    }

    fn retry_due(&mut self) -> Result<()> {
        let now = Instant::now();
        let due: Vec<Slot> = (0..self.tracks.len())
            .filter(|&slot| matches!(self.tracks[slot].mode, Mode::Backoff { until } if until <= now))
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let flushed = self.flush();
        self.overcome(flushed)?;
        for &slot in &due {
            self.tracks[slot].mode = Mode::Active;
        }
        self.assign(&due)
    }

    /// A source partition cannot be read.
    fn fault(&mut self, slot: Slot, error: &KafkaError) -> Result<()> {
        if self
            .tracks
            .get(slot)
            .is_none_or(|track| track.mode != Mode::Active)
        {
            return Ok(());
        }
        self.lane.remove(&[slot]).map_err(|e| self.lane_failure(e))?;
        if matches!(
            error.code,
            ErrorCode::LOCAL_AUTO_OFFSET_RESET
                | ErrorCode::OFFSET_OUT_OF_RANGE
                | ErrorCode::LOCAL_LOG_TRUNCATION
        ) {
            let flushed = self.flush();
            // After a recovery its position may have gone back: it is read again, and meets the fault again if that is
            // still one. Told to stop with records on their way, the next start meets it again.
            return if self.overcome(flushed)? && self.lane.in_flight() == 0 {
                self.out_of_range(slot, error)
            } else {
                Ok(())
            };
        }
        let track = &mut self.tracks[slot];
        let what = if error.code == ErrorCode::TOPIC_AUTHORIZATION_FAILED {
            "this user may not read the source topic; give it READ"
        } else {
            "the source partition cannot be read"
        };
        let first = track.error.is_none();
        let sentence = format!("{}: {what} ({error}); trying again", track.state.key);
        track.back_off(sentence.clone(), Instant::now());
        if first {
            (self.observer)(Event::Warning(sentence));
        }
        Ok(())
    }

    /// The position is not in the source's log.
    fn out_of_range(&mut self, slot: Slot, error: &KafkaError) -> Result<()> {
        let key = self.tracks[slot].state.key.clone();
        let position = self.tracks[slot].ahead.position;
        let asked = bounds(
            &self.source_admin,
            &[(key.topic.clone(), key.partition)],
            Side::Source,
        );
        let asked = asked.map(|found| found.into_values().next());
        let now = match asked {
            Ok(Some(now)) => now,
            missing => {
                let why = missing.err().map_or(String::new(), |error| format!(" ({error})"));
                self.tracks[slot].back_off(
                    format!("{key}: the source does not tell which offsets it has{why}; trying again"),
                    Instant::now(),
                );
                return Ok(());
            }
        };
        // A topic that was created again holds other records under the same offsets.
        let id_now = self
            .source_admin
            .topic_ids(&[&key.topic])
            .ok()
            .and_then(|mut ids| ids.remove(&key.topic));
        if let (Some(then), Some(id)) = (&self.tracks[slot].state.source_topic_id, id_now)
            && *then != id
        {
            return self.recreated(&key.topic, Some(id));
        }
        // librdkafka reports a diverged log under the code of a missing offset as well; only its words tell them apart.
        let truncated = error.code == ErrorCode::LOCAL_LOG_TRUNCATION
            || error.message.to_ascii_lowercase().contains("truncat");
        if (now.low..=now.high).contains(&position) && !truncated {
            // Found again meanwhile, or a leader answered that had just taken over.
            self.tracks[slot].back_off(format!("{key}: {error}; trying again"), Instant::now());
            return Ok(());
        }
        let (range, reason, nearest) = if position < now.low {
            (
                OffsetRange {
                    from: position,
                    to: now.low,
                },
                GapReason::Deleted,
                now.low,
            )
        } else {
            // Behind this offset the source has other records than those that were copied, if it has any.
            let from = diverged_at(&error.message).unwrap_or(now.high).min(position);
            (OffsetRange { from, to: position }, GapReason::Truncated, from)
        };
        let sentence = match reason {
            GapReason::Deleted => format!(
                "{key}: the source deleted {} records {range} before they were copied (retention or DeleteRecords). To go on at offset {nearest} and keep the range in the gap ledger, run with --out-of-range nearest",
                range.len()
            ),
            _ => format!(
                "{key}: the source's log ended at offset {nearest}, before our position {position}: it lost records that the target holds ({range}), or the topic was created again. To go on at offset {nearest}, run with --out-of-range nearest"
            ),
        };
        if reason == GapReason::Truncated
            && !truncated
            && self.tracks[slot].state.source_topic_id.is_none()
            && self.task.out_of_range == OutOfRange::Nearest
        {
            // Without topic ids nobody can tell lost records from a new topic: beginning anew loses nothing in both cases.
            return self.recreated(&key.topic, None);
        }
        match self.task.out_of_range {
            OutOfRange::Stop => {
                (self.observer)(Event::PartitionStopped {
                    key,
                    reason: sentence.clone(),
                    range: Some(range),
                });
                self.tracks[slot].stop(sentence);
            }
            OutOfRange::Nearest => {
                // Nothing is in flight here, so what is ahead is acknowledged; a target transaction must carry it first.
                let committed = self.commit();
                if !self.overcome(committed)? {
                    // Its position went back, and the fault is met again.
                    return Ok(());
                }
                let gap = Gap {
                    key,
                    range,
                    reason,
                    found_at_ms: now_ms(),
                };
                (self.observer)(Event::Gap(gap.clone()));
                self.gaps.push(gap);
                self.counters.gaps += 1;
                if reason == GapReason::Truncated {
                    self.tracks[slot].cut_runs(nearest);
                }
                self.tracks[slot].move_to(nearest);
                // At once: an older position on the target would otherwise win at the next start.
                let committed = self.commit();
                if !self.overcome(committed)? {
                    return Ok(());
                }
                self.assign(&[slot])?;
            }
        }
        Ok(())
    }

    /// Whether it went well. If not, and nothing else can be done, the lane has been recovered.
    fn overcome(&mut self, outcome: std::result::Result<(), Interrupt>) -> Result<bool> {
        match outcome {
            Ok(()) => Ok(true),
            Err(Interrupt::Failed(error)) => Err(error),
            Err(Interrupt::Recover(error, refusals)) => self.recover(&error, refusals).map(|()| false),
        }
    }

    /// Gives up what is not committed and begins again behind what is.
    fn recover(&mut self, error: &KafkaError, refusals: Vec<Refusal>) -> Result<()> {
        tracing::info!(%error, refused = refusals.len(), "recovering the lane");
        self.task_error = Some(error.to_string());
        if !error.code.concerns_topic() {
            // Topics have sentences of their own, which come with what was refused.
            self.publish();
        }
        if error.code.is_fenced() {
            self.check_ownership()?;
        }
        let mut refusals = refusals;
        match self.renew_lane()? {
            Some(mut more) => refusals.append(&mut more),
            None => return Ok(()),
        }
        self.blame(error, &refusals);
        if error.code.concerns_topic() {
            // Its partitions tell it, and which right is missing.
            self.task_error = None;
        }
        // Brokers from 2.4 on say which records of a batch they refuse; then the others of it come back as innocent.
        let told: BTreeSet<Slot> = refusals
            .iter()
            .filter(|refusal| refusal.code == ErrorCode::LOCAL_INVALID_DIFFERENT_RECORD)
            .map(|refusal| refusal.slot)
            .collect();
        let mut suspects: BTreeMap<Slot, Vec<Refusal>> = BTreeMap::new();
        for refusal in refusals
            .into_iter()
            .filter(|refusal| refusal.code.refuses_record())
        {
            suspects.entry(refusal.slot).or_default().push(refusal);
        }
        if suspects.is_empty() && self.tracks.iter().all(|track| track.mode == Mode::Active) {
            self.failures += 1;
            std::thread::sleep(Duration::from_millis(50).saturating_mul(1 << self.failures.min(6)));
        }
        for (slot, mut refused) in suspects {
            refused.sort_by_key(|refusal| refusal.offset);
            if refused.len() == 1 || told.contains(&slot) {
                refused.into_iter().for_each(|refusal| self.condemn(refusal));
            } else {
                self.isolate(slot, &refused)?;
            }
        }
        self.assign_active()
    }

    /// Partitions of a topic that the target refuses wait, the others go on.
    fn blame(&mut self, error: &KafkaError, refusals: &[Refusal]) {
        let mut topics: Vec<String> = refusals
            .iter()
            .filter(|refusal| refusal.code.concerns_topic())
            .filter_map(|refusal| {
                self.tracks
                    .get(refusal.slot)
                    .map(|track| track.state.target_topic.clone())
            })
            .collect();
        if topics.is_empty() && error.code.concerns_topic() {
            // A transaction names the topic only in its sentence.
            let named = |topic: &String| {
                error
                    .message
                    .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
                    .any(|word| word.trim_matches('.') == topic)
            };
            topics = self
                .tracks
                .iter()
                .map(|track| track.state.target_topic.clone())
                .filter(|topic| named(topic))
                .collect();
            if topics.is_empty() {
                topics = self
                    .tracks
                    .iter()
                    .map(|track| track.state.target_topic.clone())
                    .collect();
            }
        }
        topics.sort();
        topics.dedup();
        let now = Instant::now();
        for topic in topics {
            let sentence = format!(
                "the target topic '{topic}' cannot be written: {error}; give the user WRITE on it, or create it again; trying again"
            );
            (self.observer)(Event::Warning(sentence.clone()));
            for track in self
                .tracks
                .iter_mut()
                .filter(|track| track.state.target_topic == topic && track.mode != Mode::Stopped)
            {
                track.back_off(sentence.clone(), now);
            }
        }
    }

    /// Finds, among records that were refused together, those that are to blame: sends fewer at a time until a refused
    /// one is alone. Other partitions wait meanwhile, so that giving up a transaction costs nobody else anything.
    fn isolate(&mut self, slot: Slot, refused: &[Refusal]) -> Result<()> {
        let Some(last) = refused.last().map(|refusal| refusal.offset) else {
            return Ok(());
        };
        let mut group = (refused.len() / 2).max(1);
        let mut assigned = false;
        while self.tracks[slot].ahead.position <= last
            && self.tracks[slot].mode == Mode::Active
            && !self.shared.stop.load(Ordering::Relaxed)
        {
            self.publish_when_due();
            if !assigned {
                self.assign(&[slot])?;
                assigned = true;
            }
            let mut report = Report::default();
            let mut outcome = Ok(());
            let mut sent = 0;
            while sent < group as u64
                && outcome.is_ok()
                && report.faults.is_empty()
                && !self.shared.stop.load(Ordering::Relaxed)
            {
                outcome = self.lane.step(
                    StepLimit {
                        records: group - sent as usize,
                        wait: Duration::from_millis(100),
                    },
                    &mut report,
                );
                sent = report.read;
                if report
                    .passed
                    .iter()
                    .any(|(_, passed)| matches!(passed, Passed::End { .. }))
                {
                    break;
                }
            }
            let asked = Instant::now();
            while self.lane.in_flight() > 0
                && outcome.is_ok()
                && report.refused.is_empty()
                && asked.elapsed() < DEAF
                && !self.shared.stop.load(Ordering::Relaxed)
            {
                outcome = self.lane.settle(Duration::from_millis(20), &mut report);
            }
            let mut culprits = std::mem::take(&mut report.refused);
            if outcome.is_ok() && culprits.is_empty() {
                match self.after(Ok(()), report).and_then(|()| self.commit()) {
                    Ok(()) => group = group.saturating_mul(2),
                    Err(Interrupt::Failed(error)) => return Err(error),
                    Err(Interrupt::Recover(..)) => {
                        self.renew_lane()?;
                        assigned = false;
                    }
                }
                continue;
            }
            self.absorb(Report {
                passed: std::mem::take(&mut report.passed),
                ..Report::default()
            });
            culprits.extend(self.renew_lane()?.unwrap_or_default());
            assigned = false;
            culprits.retain(|refusal| refusal.code.refuses_record());
            if culprits.len() == 1 && (group == 1 || sent == 1) {
                culprits.into_iter().for_each(|refusal| self.condemn(refusal));
            } else if group > 1 {
                group = (group / 2).max(1);
            } else {
                // Not the record's fault after all: the usual way tries again.
                break;
            }
        }
        self.renew_lane().map(drop)
    }

    /// Gives up what is not committed and makes the lane fit to be used again, with nothing assigned. Returns what was
    /// refused meanwhile, `None` when it was told to stop before that.
    fn renew_lane(&mut self) -> Result<Option<Vec<Refusal>>> {
        let mut report = Report::default();
        while let Err(error) = self.lane.recover(&mut report) {
            match error {
                LaneError::Retry(error) | LaneError::Recover(error) => {
                    self.task_error = Some(trying_again(&error))
                }
                LaneError::Fenced(_) => self.check_ownership()?,
                LaneError::Fatal(_) => return Err(self.lane_failure(error)),
            }
            if !self.pause(Duration::from_millis(500)) {
                self.forget_uncommitted();
                return Ok(None);
            }
        }
        let refused = std::mem::take(&mut report.refused);
        report.faults.clear();
        let kept = self.task_error.take();
        self.absorb(report);
        self.task_error = kept;
        self.tracks.iter_mut().for_each(Track::forget_end);
        self.latency.given_up();
        if !self.transactional() {
            return Ok(Some(refused));
        }
        loop {
            // Whether an interrupted commit went through is known to the target alone.
            match committed_positions(&self.task, &self.identity, &self.tracks, CALL_DEADLINE) {
                Ok(found) => {
                    self.yield_to(latest_writer(&found))?;
                    take_committed(&self.launch_id, &mut self.tracks, &found);
                    self.save()?;
                    return Ok(Some(refused));
                }
                Err(error) => self.task_error = Some(error.to_string()),
            }
            if !self.pause(Duration::from_millis(200)) {
                self.forget_uncommitted();
                return Ok(None);
            }
        }
    }

    fn forget_uncommitted(&mut self) {
        if self.transactional() {
            self.tracks.iter_mut().for_each(Track::roll_back);
        }
    }

    /// Waits a little; `false` when it was told to stop.
    fn pause(&mut self, time: Duration) -> bool {
        self.publish_when_due();
        let stopping = self.shared.stop.load(Ordering::Relaxed);
        if !stopping {
            std::thread::sleep(time);
        }
        !stopping
    }

    /// After being fenced: ends the run if another instance writes now. If none does, the target only gave up a
    /// transaction that had not heard from us for too long, and this run goes on.
    fn check_ownership(&mut self) -> Result<()> {
        match committed_positions(&self.task, &self.identity, &self.tracks, OWNER_DEADLINE) {
            Ok(found) => self.yield_to(latest_writer(&found)),
            // The target is asked again after the lane was renewed.
            Err(error) => {
                self.task_error = Some(error.to_string());
                Ok(())
            }
        }
    }

    fn yield_to(&self, latest: Option<Writership>) -> Result<()> {
        match latest {
            Some(latest) if latest.supersedes(&self.writership) => Err(EngineError::Fenced {
                task: self.task.name.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// A record is to be passed over from now on, and kept in quarantine.
    fn condemn(&mut self, refusal: Refusal) {
        self.tracks[refusal.slot].condemned.insert(refusal.offset);
        self.quarantine(refusal);
    }

    fn quarantine(&mut self, refusal: Refusal) {
        let key = self.tracks[refusal.slot].state.key.clone();
        let reason = format!("the target refused the record: {}", refusal.code);
        let record = refusal.record.map(|record| *record);
        let value_len = record.as_ref().and_then(|r| r.value.as_ref()).map_or(0, Vec::len);
        let key_len = record.as_ref().and_then(|r| r.key.as_ref()).map_or(0, Vec::len);
        let (record_key, value, headers, timestamp_ms) = record
            .map_or((None, None, Vec::new(), -1), |record| {
                (record.key, record.value, record.headers, record.timestamp)
            });
        self.quarantined.push(QuarantinedRecord {
            key: key.clone(),
            offset: refusal.offset,
            code: refusal.code.0,
            reason: reason.clone(),
            size: (value_len + key_len) as u64,
            timestamp_ms,
            record_key,
            value_complete: value_len <= QUARANTINE_VALUE_LIMIT,
            value: value.map(|mut value| {
                value.truncate(QUARANTINE_VALUE_LIMIT);
                value
            }),
            headers,
            at_ms: now_ms(),
        });
        self.counters.quarantined += 1;
        (self.observer)(Event::Quarantined {
            key,
            offset: refusal.offset,
            reason,
        });
    }

    fn take_sighting(&mut self, sighting: Sighting) -> Result<()> {
        if sighting.error.is_none() && self.lane.in_flight() == 0 {
            // The source answers and nothing waits for the target: a trouble told earlier is over. Without records to
            // copy nothing else would say so.
            self.task_error = None;
        }
        self.source_error = sighting.error;
        let mut stalled = Vec::new();
        let throttled = *lock(&self.shared.rate) != RateLimits::default();
        for (slot, track) in self.tracks.iter_mut().enumerate() {
            let Some(&seen) = sighting.offsets.get(&track.state.key) else {
                continue;
            };
            // A limit lets partitions wait for their turn.
            if track.watch(seen, self.lane.oldest_in_flight(slot).is_some() || throttled) {
                stalled.push(slot);
            }
        }
        let given_up = stalled.iter().any(|&slot| self.tracks[slot].stalls >= STALLS);
        if !stalled.is_empty() && (given_up || self.last_read.elapsed() >= STILLNESS) {
            tracing::info!("reading with a new client: partitions with more records stand still");
            for &slot in &stalled {
                self.tracks[slot].stalls = 0;
            }
            self.last_read = Instant::now();
            self.lane
                .renew_source()
                .map_err(|error| self.lane_failure(error))?;
        } else if !stalled.is_empty() {
            tracing::info!(partitions = stalled.len(), "reading stalled partitions anew");
            self.lane
                .remove(&stalled)
                .map_err(|error| self.lane_failure(error))?;
            self.assign(&stalled)?;
        }
        for (topic, id) in sighting.recreated {
            self.recreated(&topic, Some(id))?;
        }
        let fresh: Vec<PartitionState> = sighting
            .new
            .into_iter()
            .filter(|state| self.tracks.iter().all(|track| track.state.key != state.key))
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        // Saved before the first record is read, like every start position.
        self.store.save(
            &self.task.name,
            &Checkpoint {
                partitions: fresh.clone(),
                ..Checkpoint::default()
            },
        )?;
        let first = self.tracks.len();
        for state in fresh {
            (self.observer)(Event::Info(format!(
                "{} is new at the source and is copied from offset {}",
                state.key, state.position
            )));
            let hashes = state.source_topic_id.is_none();
            let end = state.backlog_end;
            self.tracks.push(Track::new(state, None, end, hashes));
        }
        let added: Vec<Slot> = (first..self.tracks.len()).collect();
        self.assign(&added)
    }

    /// A source topic was deleted and created again while the task ran.
    fn recreated(&mut self, topic: &str, id: Option<String>) -> Result<()> {
        let slots: Vec<Slot> = (0..self.tracks.len())
            .filter(|&slot| self.tracks[slot].state.key.topic == topic)
            .collect();
        let active: Vec<Slot> = slots
            .iter()
            .copied()
            .filter(|&slot| self.tracks[slot].mode == Mode::Active)
            .collect();
        self.lane
            .remove(&active)
            .map_err(|error| self.lane_failure(error))?;
        // Not to be read again should what is on its way have to be given up.
        slots
            .iter()
            .for_each(|&slot| self.tracks[slot].mode = Mode::Stopped);
        let outcome = self.flush().and_then(|()| {
            // What is not committed may already be of the new topic.
            if self.transactional() && slots.iter().any(|&slot| self.tracks[slot].is_ahead()) {
                return Err(Interrupt::Recover(created_again(topic), Vec::new()));
            }
            self.commit()
        });
        self.overcome(outcome)?;
        if self.lane.in_flight() > 0 {
            // Told to stop; the next start finds the new topic as well.
            return Ok(());
        }
        for slot in slots {
            let key = self.tracks[slot].state.key.clone();
            let position = self.tracks[slot].state.position;
            match self.task.out_of_range {
                OutOfRange::Stop => {
                    let sentence = recreated_sentence(&key, position);
                    (self.observer)(Event::PartitionStopped {
                        key,
                        reason: sentence.clone(),
                        range: None,
                    });
                    self.tracks[slot].stop(sentence);
                }
                OutOfRange::Nearest => {
                    let asked = bounds(
                        &self.source_admin,
                        &[(key.topic.clone(), key.partition)],
                        Side::Source,
                    );
                    let now = asked
                        .ok()
                        .and_then(|found| found.into_values().next())
                        .unwrap_or(LogBounds { low: 0, high: 0 });
                    let gap = Gap {
                        key,
                        range: OffsetRange {
                            from: position,
                            to: position,
                        },
                        reason: GapReason::Recreated,
                        found_at_ms: now_ms(),
                    };
                    (self.observer)(Event::Gap(gap.clone()));
                    self.gaps.push(gap);
                    self.counters.gaps += 1;
                    let track = &mut self.tracks[slot];
                    restart(&mut track.state, id.clone(), now);
                    track.cut_runs(0);
                    track.ahead = track.state.clone();
                    track.mode = Mode::Active;
                    track.forget_end();
                    // An end of the old topic: only the new one's counts.
                    track.end_at_start = i64::MAX;
                    track.dirty = true;
                    self.assign(&[slot])?;
                }
            }
        }
        self.save()
    }

    fn done(&self) -> bool {
        let now = Instant::now();
        let settled = |track: &Track| match track.mode {
            Mode::Stopped => true,
            Mode::Active => {
                track.was_at_end
                    || (track.ahead.position >= track.end_at_start
                        && !track.is_behind_log()
                        && self.begun.elapsed() >= END_PATIENCE)
            }
            Mode::Backoff { .. } => track
                .failing_since
                .is_some_and(|since| now.duration_since(since) >= PATIENCE),
        };
        self.tracks.iter().all(settled)
    }

    fn lane_failure(&self, error: LaneError) -> EngineError {
        match error {
            LaneError::Fenced(_) => EngineError::Fenced {
                task: self.task.name.to_string(),
            },
            LaneError::Recover(error) | LaneError::Retry(error) | LaneError::Fatal(error) => {
                EngineError::Cluster {
                    side: Side::Target,
                    what: "copying".into(),
                    error,
                }
            }
        }
    }

    /// librdkafka does not tell every outage, and none twice.
    fn silence(&self) -> Option<String> {
        let silent = self.heard.elapsed();
        (self.lane.in_flight() > 0 && silent >= SILENCE).then(|| {
            format!(
                "the target has acknowledged nothing for {} s; trying again",
                silent.as_secs()
            )
        })
    }

    /// Makes a snapshot if the last one is old enough.
    fn publish_when_due(&mut self) {
        if self.published.elapsed() >= PUBLISH_EVERY {
            self.look_around();
            self.publish();
        }
    }

    /// Takes in where the source's logs end, whatever holds up the copy; the rest waits for its turn.
    fn look_around(&mut self) {
        while let Ok(sighting) = self.sightings.try_recv() {
            for track in &mut self.tracks {
                if let Some(&bounds) = sighting.offsets.get(&track.state.key) {
                    track.bounds = Some(bounds);
                }
            }
            match &mut self.seen {
                Some(seen) => seen.merge(sighting),
                None => self.seen = Some(sighting),
            }
        }
    }

    /// Makes a snapshot, with the rates of the last seconds.
    pub(crate) fn publish(&mut self) {
        let now = Instant::now();
        self.published = now;
        self.samples.push_back((now, self.counters));
        while self
            .samples
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > RATE_WINDOW)
        {
            self.samples.pop_front();
        }
        let at_ms = now_ms();
        for track in &mut self.tracks {
            track
                .pace
                .step(track.state.position, track.state.records, now, at_ms);
        }
        let rates = self.samples.front().map_or_else(Rates::default, |(at, then)| {
            let seconds = now.duration_since(*at).as_secs_f64().max(0.001);
            let per_second = |now: u64, then: u64| {
                if self.samples.len() > 1 {
                    (now - then) as f64 / seconds
                } else {
                    0.0
                }
            };
            Rates {
                read: per_second(self.counters.read, then.read),
                read_bytes: per_second(self.counters.read_bytes, then.read_bytes),
                write: per_second(self.counters.written, then.written),
                write_bytes: per_second(self.counters.bytes, then.bytes),
            }
        });
        *lock(&self.shared.progress) = self.snapshot(rates);
    }

    /// Mean bytes of key and value of a copied record: of this run, or of all before it has copied any.
    fn mean_record_bytes(&self) -> Option<f64> {
        let (records, bytes) = if self.counters.written > 0 {
            (self.counters.written, self.counters.bytes)
        } else {
            self.tracks.iter().fold((0, 0), |(records, bytes), track| {
                (records + track.state.records, bytes + track.state.bytes)
            })
        };
        (records > 0).then(|| bytes as f64 / records as f64)
    }

    fn snapshot(&self, rates: Rates) -> Progress {
        let now = now_ms();
        let partitions: Vec<PartitionProgress> = self
            .tracks
            .iter()
            .enumerate()
            .map(|(slot, track)| self.partition_progress(slot, track, now))
            .collect();
        let readable = || {
            partitions
                .iter()
                .filter(|row| row.condition != PartitionCondition::Stopped)
        };
        let caught_up =
            !partitions.is_empty() && readable().all(|row| row.condition == PartitionCondition::CaughtUp);
        let lag_records = readable().map(|row| row.lag).sum::<Option<i64>>();
        let (backlog, copied) = self.tracks.iter().fold((0i64, 0i64), |(backlog, copied), track| {
            let size = (track.state.backlog_end - track.state.start).max(0);
            (
                backlog + size,
                copied
                    + (track.state.position.min(track.state.backlog_end) - track.state.start).clamp(0, size),
            )
        });
        let full_percent = if backlog == 0 {
            100.0
        } else {
            copied as f64 * 100.0 / backlog as f64
        };
        let error = self
            .task_error
            .clone()
            .or_else(|| self.source_error.clone())
            .or_else(|| self.silence());
        Progress {
            task: self.task.name.to_string(),
            stage: if copied < backlog && !caught_up {
                Stage::Full
            } else {
                Stage::Incremental
            },
            delivery: self.delivery.describe().to_owned(),
            full_percent: if caught_up { 100.0 } else { full_percent },
            caught_up,
            read_records: self.counters.read,
            read_bytes: self.counters.read_bytes,
            written_records: self.counters.written,
            written_bytes: self.counters.bytes,
            read_rate: rates.read,
            read_bytes_rate: rates.read_bytes,
            write_rate: rates.write,
            write_bytes_rate: rates.write_bytes,
            latency: self.latency.read(Instant::now()),
            lag_records,
            lag_bytes_estimate: match lag_records {
                Some(0) => Some(0),
                Some(lag) => self.mean_record_bytes().map(|mean| (lag as f64 * mean) as u64),
                None => None,
            },
            retention_left_seconds: self
                .tracks
                .iter()
                .zip(&partitions)
                .filter(|(_, row)| row.lag.is_some_and(|lag| lag > 0))
                .filter_map(|(track, _)| track.pace.retention_left_seconds())
                .min(),
            delay_ms: if caught_up {
                Some(0)
            } else {
                readable().filter_map(|row| row.delay_ms).max()
            },
            // The rate of the last seconds says nothing about a copy that is held up.
            eta_seconds: lag_records
                .filter(|&lag| lag > 0 && rates.write >= 1.0 && error.is_none())
                .map(|lag| (lag as f64 / rates.write).ceil() as u64),
            gaps: self.counters.gaps,
            quarantined: self.counters.quarantined,
            stopped_partitions: self
                .tracks
                .iter()
                .filter(|track| track.mode == Mode::Stopped)
                .count() as u64,
            error,
            partitions,
        }
    }

    fn partition_progress(&self, slot: Slot, track: &Track, now: i64) -> PartitionProgress {
        let cached = self.lane.watermarks(slot);
        let position = track.state.position;
        let end = match (
            cached.map(|(_, high)| high),
            track.bounds.map(|(_, high, _)| high),
        ) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        let held = track
            .bounds
            .map_or(0, |(_, high, stable)| (high - stable.max(position)).max(0));
        let caught_up = track.mode == Mode::Active
            && track.at_end
            && !track.is_ahead()
            && end.is_none_or(|end| end - held <= position);
        let end = end.or(caught_up.then_some(position));
        let lag = if caught_up {
            Some(held)
        } else {
            end.map(|end| (end - position).max(0))
        };
        let held_back = if track.at_end { held } else { 0 };
        // A task that has read nothing for as long although its limits allow it does not wait for their sake.
        let throttled = *lock(&self.shared.rate) != RateLimits::default()
            && (self.throttle.is_spent() || self.last_read.elapsed() < crate::pace::STUCK);
        let oldest = self
            .lane
            .oldest_in_flight(slot)
            .filter(|&timestamp| timestamp >= 0);
        PartitionProgress {
            topic: track.state.key.topic.clone(),
            target_topic: track.state.target_topic.clone(),
            partition: track.state.key.partition,
            condition: match track.mode {
                Mode::Stopped => PartitionCondition::Stopped,
                Mode::Backoff { .. } => PartitionCondition::Retrying,
                Mode::Active if caught_up => PartitionCondition::CaughtUp,
                Mode::Active => PartitionCondition::Copying,
            },
            start: track.state.start,
            position,
            target_next: track.state.target_next,
            log_start: track.bounds.map(|(low, _, _)| low).or(cached.map(|(low, _)| low)),
            end,
            lag,
            delay_ms: if caught_up {
                Some(0)
            } else {
                oldest
                    .map(|timestamp| (now - timestamp).max(0))
                    .or_else(|| track.behind_ms(now))
            },
            held_by_transaction: held_back,
            rate: track.pace.rate(),
            stuck: lag.is_some_and(|lag| lag > held_back)
                && !throttled
                && track.mode != Mode::Stopped
                && track.pace.is_still(Instant::now()),
            still_since_ms: track.pace.still_since_ms(),
            records: track.state.records,
            bytes: track.state.bytes,
            error: track.error.clone(),
        }
    }
}

/// What a person is told of a call that is made again. The client's own words for silence tell a programmer what to do.
fn trying_again(error: &KafkaError) -> String {
    if error.code == ErrorCode::LOCAL_TIMED_OUT {
        "the target does not answer; trying again".to_owned()
    } else {
        error.to_string()
    }
}

fn created_again(topic: &str) -> KafkaError {
    let sentence = format!("the source topic '{topic}' was deleted and created again");
    KafkaError::new(ErrorCode::LOCAL_STATE, sentence)
}

/// The offset behind which the source's log differs from what was read from it. librdkafka tells it in a sentence only.
fn diverged_at(message: &str) -> Option<i64> {
    let (_, rest) = message.split_once("broker end offset is ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}
