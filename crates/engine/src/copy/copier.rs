//! The loop of a copy: what to read and when, when to commit, and which incident is handled when. Nothing re-enters:
//! a step's report only queues incidents, and the loop handles them between two steps.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded, never};
use sluice_kafka::Admin;

use crate::copy::caught_up::{Completion, END_PATIENCE};
use crate::copy::commit_pace::CommitPace;
use crate::copy::health::{Health, trying_again};
use crate::copy::job::Job;
use crate::copy::ledger::Ledger;
use crate::copy::meters::{Counters, Meters};
use crate::copy::recovery_cause::RecoveryCause;
use crate::copy::throttle::{Allowance, Throttle};
use crate::copy::transaction_size::TransactionSize;
use crate::copy::watcher::{SourceSnapshot, Watcher};
use crate::error::{EngineError, Result, Side};
use crate::lane::{
    Displaced, Lane, LaneError, NoticeKind, Passed, Refusal, Report, Slot, SourceIncident, StepLimit,
};
use crate::lock::lock;
use crate::partition::{Awaited, Mode, Track};
use crate::position::PartitionKey;
use crate::progress::{Ending, Event};

/// Longest wait of one step for something to happen.
const STEP_WAIT: Duration = Duration::from_millis(20);
/// How often a snapshot is made.
const PUBLISH_EVERY: Duration = Duration::from_millis(250);
/// How long one question to the source may hold up the copy.
const QUESTION_DEADLINE: Duration = Duration::from_secs(5);

/// Drives a lane for one run of a task.
pub(crate) struct Copier {
    pub(super) job: Job,
    pub(super) lane: Box<dyn Lane>,
    pub(super) source_admin: Admin,
    pub(super) tracks: Vec<Track>,
    /// Partitions that are not pinned because they have no leader, with their target topics.
    pub(super) waiting: BTreeMap<PartitionKey, String>,
    pub(super) throttle: Throttle,
    pub(super) transaction_size: TransactionSize,
    pub(super) commit_pace: CommitPace,
    pub(super) ledger: Ledger,
    pub(super) meters: Meters,
    pub(super) health: Health,
    /// What went wrong at the source and was not handled yet.
    pub(super) incidents: VecDeque<(Slot, SourceIncident)>,
    /// Mirrored partitions that another program has written to, and were not stopped yet.
    pub(super) displaced: Vec<(Slot, Displaced)>,
    pub(super) last_save: Instant,
    pub(super) unsaved_bytes: u64,
    /// Whether it stands on the target that this run writes there.
    pub(super) is_claimed: bool,
    /// What the watcher finds.
    snapshots: Receiver<SourceSnapshot>,
    /// What it has found and nothing was done about yet.
    pub(super) pending_snapshot: Option<SourceSnapshot>,
    /// When the last snapshot was made.
    pub(super) published: Instant,
    pub(super) completion: Completion,
}

/// Why the copy loop leaves its normal way.
pub(super) enum LaneFailure {
    /// Uncommitted records must be given up; the records that were refused, if that is why.
    Recover(RecoveryCause, Vec<Refusal>),
    /// The run cannot go on.
    Failed(EngineError),
}

impl From<EngineError> for LaneFailure {
    fn from(error: EngineError) -> Self {
        Self::Failed(error)
    }
}

/// Result of what may need a recovery of the lane.
pub(super) type Step<T = ()> = std::result::Result<T, LaneFailure>;

impl Copier {
    /// # Errors
    /// The source's configuration is refused, or the ledger cannot be read.
    pub(crate) fn new(job: Job, lane: Box<dyn Lane>, tracks: Vec<Track>) -> Result<Self> {
        let mut source_admin = Admin::new(&job.task.source).map_err(|error| EngineError::Cluster {
            side: Side::Source,
            what: "connecting".into(),
            error,
        })?;
        source_admin.set_deadline(QUESTION_DEADLINE);
        let total = Counters {
            gaps: job.store.gaps(&job.task.name)?.len() as u64,
            quarantined: job.store.quarantined_count(&job.task.name)?,
            ..Counters::default()
        };
        let now = Instant::now();
        Ok(Self {
            throttle: Throttle::new(job.task.rate, now),
            transaction_size: TransactionSize::new(lane.in_flight_limit(), now),
            commit_pace: CommitPace::default(),
            completion: Completion::new(job.options, now),
            job,
            lane,
            source_admin,
            tracks,
            waiting: BTreeMap::new(),
            ledger: Ledger::default(),
            meters: Meters::new(total, now),
            health: Health::new(now),
            incidents: VecDeque::new(),
            displaced: Vec::new(),
            last_save: now,
            unsaved_bytes: 0,
            is_claimed: false,
            snapshots: never(),
            pending_snapshot: None,
            published: now,
        })
    }

    /// Reports these partitions as faults until they are pinned.
    pub(crate) fn wait_for_leaders(&mut self, waiting: BTreeMap<PartitionKey, String>) {
        self.waiting = waiting;
    }

    /// Copies until the end, a stop, or a failure.
    pub(crate) fn run(mut self, watcher: Watcher) -> Ending {
        let (snapshots_in, snapshots) = bounded(1);
        self.snapshots = snapshots;
        let (stop_watcher, stopped) = bounded::<()>(0);
        let watch = std::thread::Builder::new()
            .name("sluice-watch".into())
            .spawn(move || watcher.run(&snapshots_in, &stopped));
        let ending = match watch {
            Ok(_) => self.copy().unwrap_or_else(Ending::Failed),
            Err(ref error) => Ending::Failed(EngineError::Internal(format!(
                "no thread for the watcher: {error}"
            ))),
        };
        drop(stop_watcher);
        self.snapshots = never();
        if let Ok(watch) = watch {
            drop(watch.join());
        }
        self.meters.stop();
        self.publish();
        ending
    }

    fn copy(&mut self) -> Result<Ending> {
        let claimed = self.claim();
        if self.recover_if_needed(claimed)? {
            self.assign_active()?;
        }
        loop {
            if self.job.is_stopping() {
                return self.finish();
            }
            let turned = self.turn();
            self.recover_if_needed(turned)?;
            self.publish_when_due();
            if self.ends_by_itself() && self.is_complete() {
                let drained = self.drain();
                if self.recover_if_needed(drained)? && self.has_its_targets()? {
                    return Ok(Ending::CaughtUp {
                        incomplete: self.incomplete(),
                    });
                }
                // The last records are not on the target after all: they are copied again.
            }
        }
    }

    /// One round: what was found at the source, incidents, retries, then read and send, collect, commit when it is time.
    fn turn(&mut self) -> Step {
        self.poll_watcher();
        self.stop_displaced()?;
        if let Some(snapshot) = self.pending_snapshot.take() {
            self.apply_snapshot(snapshot)?;
        }
        self.try_accepted()?;
        self.handle_incidents()?;
        self.handle_drained()?;
        self.retry_due()?;
        self.step()?;
        if self.commit_due() {
            self.commit()?;
        }
        Ok(())
    }

    fn step(&mut self) -> Step {
        let now = Instant::now();
        if self.lane.in_flight() == 0 {
            self.health.nothing_in_flight(now);
            self.transaction_size.idle(now);
        }
        self.lane.limit_in_flight(self.transaction_size.limit());
        let rate = *lock(&self.job.shared.rate);
        if self.throttle.set(rate, now) {
            *lock(&self.job.shared.rate_in_force) = rate;
        }
        let mut report = Report::default();
        let outcome = match self.throttle.allow(now) {
            Allowance::Read { records, bytes } => self.lane.step(
                StepLimit {
                    records,
                    bytes,
                    wait: STEP_WAIT,
                },
                &mut report,
            ),
            Allowance::Wait(wait) => self.lane.settle(wait, &mut report),
        };
        self.take_report(outcome, report)?;
        self.check_ack_timeout()
    }

    /// Waits for acknowledgements without reading more.
    pub(super) fn settle(&mut self) -> Step {
        let mut report = Report::default();
        let outcome = self.lane.settle(STEP_WAIT, &mut report);
        self.take_report(outcome, report)?;
        self.check_ack_timeout()?;
        self.publish_when_due();
        Ok(())
    }

    /// Takes in what a step reports. Incidents are queued for the loop.
    pub(super) fn take_report(
        &mut self,
        outcome: std::result::Result<(), LaneError>,
        mut report: Report,
    ) -> Step {
        let refusals = std::mem::take(&mut report.refused);
        self.absorb(report);
        match outcome {
            Ok(()) => {}
            Err(LaneError::Recover(error) | LaneError::Fenced(error)) => {
                return Err(LaneFailure::Recover(error.into(), refusals));
            }
            Err(LaneError::Retry(error)) => self.health.task_error = Some(trying_again(&error)),
            Err(error) => return Err(LaneFailure::Failed(self.job.lane_error(error))),
        }
        match refusals.first().map(Refusal::incident) {
            Some(incident) => Err(LaneFailure::Recover(incident.into(), refusals)),
            None => Ok(()),
        }
    }

    /// Counts what a report says was read and acknowledged, and queues its incidents.
    pub(super) fn absorb(&mut self, report: Report) {
        let now = Instant::now();
        self.throttle.spend(report.read, report.read_bytes);
        self.meters.total.read += report.read;
        self.meters.total.read_bytes += report.read_bytes;
        if !report.handed_over.is_empty() {
            let transactional = self.job.is_transactional();
            self.meters
                .latency
                .acknowledged(&report.handed_over, transactional, now);
        }
        if report.read > 0 || report.fetched {
            self.health.last_read = now;
        }
        if !report.passed.is_empty() {
            self.health.acknowledged(now);
        }
        let mut acknowledged = 0;
        for (slot, passed) in report.passed {
            let Some(track) = self.tracks.get_mut(slot) else {
                continue;
            };
            let (records, bytes) = track.absorb(&passed);
            acknowledged += bytes;
            if records > 0 || matches!(passed, Passed::End { .. }) {
                self.health.copied();
            }
        }
        self.unsaved_bytes += acknowledged;
        self.transaction_size.acknowledged(acknowledged, now);
        for refusal in report.passed_over {
            // A recovery reads it again.
            if !self.tracks[refusal.slot].rejected.contains(&refusal.offset) {
                self.reject(refusal);
            }
        }
        self.incidents.extend(report.incidents);
        self.displaced.extend(report.displaced);
        for notice in report.notices {
            match notice.kind {
                NoticeKind::NoBroker | NoticeKind::Disconnected | NoticeKind::AccessDenied => {
                    self.health.task_error = Some(notice.detail);
                }
                NoticeKind::Other => {}
            }
        }
    }

    pub(super) fn assign_active(&mut self) -> Result<()> {
        let active = self.active();
        self.assign(&active)
    }

    pub(super) fn active(&self) -> Vec<Slot> {
        (0..self.tracks.len())
            .filter(|&slot| self.tracks[slot].mode == Mode::Active)
            .collect()
    }

    /// Has partitions read from where they are.
    pub(super) fn assign(&mut self, slots: &[Slot]) -> Result<()> {
        if self.job.mirrors() && !self.ledger.is_empty() {
            // The offsets of what is missing are filled before anything behind them is written.
            self.save()?;
        }
        let partitions: Vec<_> = slots
            .iter()
            // What has ended need not even be there any more.
            .filter(|&&slot| !self.tracks[slot].has_ended())
            .map(|&slot| self.tracks[slot].lane_partition(slot))
            .collect();
        self.lane
            .add(&partitions)
            .map_err(|error| self.job.lane_error(error))
    }

    /// Has partitions no longer read. What is in flight is still acknowledged.
    pub(super) fn unassign(&mut self, slots: &[Slot]) -> Result<()> {
        self.lane
            .remove(slots)
            .map_err(|error| self.job.lane_error(error))
    }

    /// Has a partition no longer read, and handled when nothing of it is in flight any more.
    pub(super) fn bring_to_rest(&mut self, slot: Slot, awaited: Awaited) -> Result<()> {
        self.lane
            .drain(slot)
            .map_err(|error| self.job.lane_error(error))?;
        self.tracks[slot].mode = Mode::Draining(awaited);
        Ok(())
    }

    pub(super) fn emit(&self, event: Event) {
        (self.job.observer)(event);
    }

    /// Makes a snapshot if the last one is old enough.
    pub(super) fn publish_when_due(&mut self) {
        if self.published.elapsed() >= PUBLISH_EVERY {
            self.poll_watcher();
            self.publish();
        }
    }

    /// Takes in where the source's logs end, whatever holds up the copy; the rest waits for its turn.
    fn poll_watcher(&mut self) {
        while let Ok(snapshot) = self.snapshots.try_recv() {
            for track in &mut self.tracks {
                if let Some(&bounds) = snapshot.offsets.get(&track.state.key) {
                    track.bounds = Some(bounds);
                }
            }
            match &mut self.pending_snapshot {
                Some(pending) => pending.merge(snapshot),
                None => self.pending_snapshot = Some(snapshot),
            }
        }
    }

    /// How long a partition may be at its end without the client having said so.
    pub(super) fn is_past_end_patience(&self) -> bool {
        self.completion.running_for() >= END_PATIENCE
    }
}
