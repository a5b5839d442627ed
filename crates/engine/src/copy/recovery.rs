//! What happens when the lane cannot go on: uncommitted records are given up, and copied again from the committed positions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sluice_kafka::CALL_DEADLINE;

use crate::copy::copier::{Copier, LaneFailure, Step};
use crate::copy::health::trying_again;
use crate::copy::recovery_cause::RecoveryCause;
use crate::error::{EngineError, Result};
use crate::lane::{LaneError, Refusal, RefusalCause, Report, Slot};
use crate::partition::{Mode, Track, take_committed, target_partitions};
use crate::position::{Writership, committed_positions, latest_writer};
use crate::progress::Event;

/// How long the target may take to return who writes there now: it does not answer as long as a transaction with
/// positions is open, and a run that goes on meanwhile asks again before its first record.
const OWNER_DEADLINE: Duration = Duration::from_secs(5);
/// How long a successor may take from the transactional id to its claim.
const CLAIM_TIME: Duration = Duration::from_millis(500);

/// How long after another a topic is tried again where the target did not say which it refuses: all at once they would be
/// refused together for ever.
const ONE_BY_ONE: Duration = Duration::from_millis(500);
/// How many take turns so: of very many topics some are tried together.
const TURNS: u32 = 20;

/// What became of a lane.
enum Renewed {
    Fit,
    /// It failed again meanwhile.
    Unfit,
    /// A stop was asked for.
    Stopping,
}

/// A pause of another length than that of another instance, so that one of both comes first.
fn by_chance() -> Duration {
    use std::hash::{BuildHasher, RandomState};
    Duration::from_millis(20 + RandomState::new().hash_one(std::process::id()) % 700)
}

impl Copier {
    /// Returns whether the step succeeded. If not, and the run can go on, the lane has been recovered.
    pub(super) fn recover_if_needed(&mut self, outcome: Step) -> Result<bool> {
        match outcome {
            Ok(()) => Ok(true),
            Err(LaneFailure::Failed(error)) => Err(error),
            Err(LaneFailure::Recover(cause, refusals)) => self.recover(&cause, refusals).map(|()| false),
        }
    }

    /// Gives up a transaction whose records are not acknowledged, so that a new client writes them. Without transactions
    /// that could write them twice, and only the client knows which it may repeat.
    pub(super) fn check_ack_timeout(&mut self) -> Step {
        // A stop has a deadline of its own.
        if self.lane.in_flight() == 0 || !self.job.is_transactional() || self.job.is_stopping() {
            return Ok(());
        }
        match self.health.ack_timed_out(Instant::now()) {
            Some(cause) => Err(LaneFailure::Recover(cause, Vec::new())),
            None => Ok(()),
        }
    }

    /// Gives up uncommitted records and begins again at the committed positions.
    fn recover(&mut self, cause: &RecoveryCause, mut refusals: Vec<Refusal>) -> Result<()> {
        tracing::info!(%cause, refused = refusals.len(), "recovering the lane");
        self.health.task_error = Some(cause.to_string());
        if cause.topics().is_none() {
            // Topics have sentences of their own, which come with what was refused.
            self.publish();
        }
        if cause.is_fenced() {
            self.check_ownership()?;
        }
        match self.renew_lane()? {
            Some(mut more) => refusals.append(&mut more),
            None => return Ok(()),
        }
        self.back_off_topics(cause, &refusals);
        if cause.topics().is_some() {
            // Its partitions report it, and which right is missing.
            self.health.task_error = None;
        }
        // Brokers from 2.4 on name the records of a batch that they refuse; the others of it have a code of their own.
        let named: BTreeSet<Slot> = refusals
            .iter()
            .filter(|refusal| refusal.cause == RefusalCause::Companion)
            .map(|refusal| refusal.slot)
            .collect();
        let mut suspected: BTreeMap<Slot, Vec<Refusal>> = BTreeMap::new();
        for refusal in refusals
            .into_iter()
            .filter(|refusal| refusal.cause.is_of_record())
        {
            suspected.entry(refusal.slot).or_default().push(refusal);
        }
        if suspected.is_empty() && self.tracks.iter().all(|track| track.mode == Mode::Active) {
            self.health.failures += 1;
            let pause = Duration::from_millis(50).saturating_mul(1 << self.health.failures.min(6));
            self.pause(pause);
        }
        for (slot, mut refused) in suspected {
            refused.sort_by_key(|refusal| refusal.offset);
            let too_large = refused.iter().any(|refusal| refusal.code.concerns_size());
            if named.contains(&slot) || refused.len() == 1 && !too_large {
                refused.into_iter().for_each(|refusal| self.reject(refusal));
            } else {
                self.search_rejected(slot, refused)?;
            }
        }
        self.assign_active()
    }

    /// A run whose claim was interrupted makes it now: an earlier run that is still alive would not know who ended it, and
    /// both would end each other for ever. It follows right behind the look at who writes there: the sooner, the less the
    /// other one can come in between. Returns whether the lane is still fit.
    fn claim_again(&mut self) -> Result<bool> {
        if self.is_claimed || self.job.is_stopping() {
            return Ok(true);
        }
        match self.claim() {
            Ok(()) => Ok(true),
            Err(LaneFailure::Recover(cause, _)) => {
                self.health.task_error = Some(cause.to_string());
                if self.job.is_transactional() && cause.topics().is_some() {
                    // Partitions that wait are not part of the next claim.
                    self.back_off_topics(&cause, &[]);
                }
                Ok(false)
            }
            Err(LaneFailure::Failed(error)) => Err(error),
        }
    }

    /// Partitions of a topic that the target refuses wait, the others go on.
    fn back_off_topics(&mut self, cause: &RecoveryCause, refusals: &[Refusal]) {
        let mut apart = Duration::ZERO;
        let mut topics: BTreeSet<String> = refusals
            .iter()
            .filter(|refusal| refusal.cause == RefusalCause::Topic)
            .filter_map(|refusal| self.tracks.get(refusal.slot))
            .map(|track| track.state.target_topic.clone())
            .collect();
        if topics.is_empty()
            && let Some(named) = cause.topics()
        {
            let all = || self.tracks.iter().map(|track| track.state.target_topic.clone());
            topics = all().filter(|topic| named.contains(topic)).collect();
            if topics.is_empty() {
                topics = all().collect();
                apart = ONE_BY_ONE;
            }
        }
        let now = Instant::now();
        for (nth, topic) in (0..TURNS).cycle().zip(topics) {
            let sentence = if cause.is_undeletable() {
                format!(
                    "the filler before the first record of the target topic '{topic}' cannot be deleted: {cause}; give the user DELETE on it; trying again"
                )
            } else {
                format!(
                    "the target topic '{topic}' cannot be written: {cause}; give the user WRITE on it; trying again"
                )
            };
            self.emit(Event::Warning(sentence.clone()));
            for track in self
                .tracks
                .iter_mut()
                .filter(|track| track.state.target_topic == topic && track.mode != Mode::Stopped)
            {
                track.back_off(sentence.clone(), now + apart * nth);
            }
        }
    }

    /// Gives up uncommitted records and makes the lane fit to be used again, with nothing assigned. Returns what was
    /// refused meanwhile, `None` when a stop was asked for before that.
    pub(super) fn renew_lane(&mut self) -> Result<Option<Vec<Refusal>>> {
        let mut refused = Vec::new();
        loop {
            match self.renew_once(&mut refused)? {
                Renewed::Fit => return Ok(Some(refused)),
                Renewed::Unfit => {}
                Renewed::Stopping => return Ok(None),
            }
        }
    }

    fn renew_once(&mut self, refused: &mut Vec<Refusal>) -> Result<Renewed> {
        let mut report = Report::default();
        while let Err(error) = self.lane.recover(&mut report) {
            match error {
                LaneError::Retry(error) | LaneError::Recover(error) => {
                    self.health.task_error = Some(trying_again(&error))
                }
                LaneError::Fenced(_) => self.check_ownership()?,
                LaneError::Fatal(_) | LaneError::Source { .. } => return Err(self.job.lane_error(error)),
            }
            if !self.pause(Duration::from_millis(500)) {
                self.forget_uncommitted();
                return Ok(Renewed::Stopping);
            }
        }
        refused.append(&mut report.refused);
        report.incidents.clear();
        self.forget_incidents();
        let kept = self.health.task_error.take();
        self.absorb(report);
        self.health.task_error = kept;
        self.tracks.iter_mut().for_each(Track::forget_end);
        self.meters.latency.given_up();
        if self.job.mirrors() {
            self.stop_displaced()?;
            self.save()?;
        } else if !self.job.is_transactional() {
            return Ok(Renewed::Fit);
        }
        self.take_over()
    }

    /// Goes on where the target says, unless another instance writes there now: only the target knows whether an
    /// interrupted commit went through, and a mirror goes on at the ends of its logs.
    fn take_over(&mut self) -> Result<Renewed> {
        loop {
            match self.committed(CALL_DEADLINE) {
                Ok(found) => {
                    self.yield_to(latest_writer(&found))?;
                    if !self.job.mirrors() {
                        take_committed(&self.job.launch_id, &mut self.tracks, &found);
                        self.save()?;
                    }
                    let renewed = self.claimed()?;
                    if self.job.mirrors() && matches!(renewed, Renewed::Fit) {
                        self.meet_ends(0..self.tracks.len())?;
                    }
                    return Ok(renewed);
                }
                Err(error) => self.health.task_error = Some(error.to_string()),
            }
            if !self.pause(Duration::from_millis(200)) {
                self.forget_uncommitted();
                return Ok(Renewed::Stopping);
            }
        }
    }

    /// Whether a renewed lane is of use once this run's claim stands on the target.
    fn claimed(&mut self) -> Result<Renewed> {
        if self.claim_again()? {
            return Ok(Renewed::Fit);
        }
        Ok(if self.pause(by_chance()) {
            Renewed::Unfit
        } else {
            Renewed::Stopping
        })
    }

    fn committed(&self, deadline: Duration) -> Result<Vec<crate::position::Found>> {
        committed_positions(
            &self.job.task,
            &self.job.identity,
            target_partitions(&self.tracks),
            deadline,
        )
    }

    fn forget_uncommitted(&mut self) {
        if self.job.is_transactional() {
            self.tracks.iter_mut().for_each(Track::roll_back);
        }
    }

    /// Waits a little; `false` when a stop was asked for.
    fn pause(&mut self, time: Duration) -> bool {
        self.publish_when_due();
        let stopping = self.job.is_stopping();
        if !stopping {
            std::thread::sleep(time);
        }
        !stopping
    }

    /// After being fenced: ends the run if another instance writes now. If none does, the target only gave up a
    /// transaction that was idle for too long, and this run goes on. A successor has the transactional id a moment before
    /// its claim stands on the target, so there is a second look: taken back at once, it could never claim it.
    fn check_ownership(&mut self) -> Result<()> {
        self.look_for_successor()?;
        if self.pause(CLAIM_TIME + by_chance()) {
            self.look_for_successor()?;
        }
        Ok(())
    }

    fn look_for_successor(&mut self) -> Result<()> {
        match self.committed(OWNER_DEADLINE) {
            Ok(found) => self.yield_to(latest_writer(&found)),
            // The target is asked again after the lane was renewed.
            Err(error) => {
                self.health.task_error = Some(error.to_string());
                Ok(())
            }
        }
    }

    fn yield_to(&self, latest: Option<Writership>) -> Result<()> {
        match latest {
            Some(latest) if latest.supersedes(&self.job.writership) => Err(EngineError::Fenced {
                task: self.job.task.name.to_string(),
            }),
            _ => Ok(()),
        }
    }
}
