//! Making permanent what was acknowledged: the ledger first, then the target's transaction, then the state.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::copy::copier::{Copier, LaneFailure, Step};
use crate::copy::health::trying_again;
use crate::copy::recovery_cause::RecoveryCause;
use crate::error::{EngineError, Result, Side};
use crate::lane::{CommitPosition, LaneError};
use crate::partition::{Mode, Track};
use crate::position::{self, Checkpoint, Note};
use crate::progress::Ending;

/// Longest time between two saves of acknowledged positions: what a crash may repeat at least once.
const SAVE_EVERY: Duration = Duration::from_millis(250);
/// Bytes after which positions are saved before that time.
const SAVE_BYTES: u64 = 32 * 1024 * 1024;
/// How long a clean stop waits for acknowledgements.
const DRAIN_DEADLINE: Duration = Duration::from_secs(20);
/// The same where a mirror fills offsets: the next run goes on wherever the target's log ends, and the rest of a long hole
/// is not waited for.
const MIRROR_DRAIN: Duration = Duration::from_secs(3);
/// Partitions on which a run claims the target: one would do, more of them survive a change of topics.
const CLAIMS: usize = 100;

impl Copier {
    /// Commits this run's writership on the target, so that an earlier run learns who fenced it.
    pub(super) fn claim(&mut self) -> Step {
        if self.job.mirrors() {
            // All of them: whoever has lost the state adopts the task by these.
            self.tracks.iter_mut().for_each(|track| track.dirty = true);
            return self.note_on_target();
        }
        if !self.job.is_transactional() {
            return Ok(());
        }
        self.commit_with(CLAIMS)
    }

    /// Keeps the positions of a mirror on its target, with who writes there. They are a note alone: the ends of the logs
    /// are the positions.
    fn note_on_target(&mut self) -> Step {
        self.commit_transaction(Instant::now() + DRAIN_DEADLINE, 0)?;
        Ok(self.save()?)
    }

    pub(super) fn commit_due(&self) -> bool {
        let waited = self.last_save.elapsed();
        if !self.job.is_transactional() {
            return (waited >= SAVE_EVERY || self.unsaved_bytes >= SAVE_BYTES) && self.is_unsaved();
        }
        if self.unsaved_bytes == 0 && self.lane.in_flight() == 0 {
            return waited >= SAVE_EVERY && self.is_unsaved();
        }
        let all_read = self
            .tracks
            .iter()
            .all(|track| track.at_end || track.mode != Mode::Active);
        waited >= self.commit_pace.open_for()
            || self.unsaved_bytes >= self.commit_pace.bytes()
            || (all_read && waited >= self.commit_pace.idle_for())
            || (self.lane.in_flight() == 0 && waited >= self.commit_pace.starved_for())
    }

    fn is_unsaved(&self) -> bool {
        !self.ledger.is_empty() || self.tracks.iter().any(|track| track.dirty || track.is_ahead())
    }

    /// Makes everything acknowledged permanent. What is missing on the target is durable before the position moves
    /// past it: a crash between the two steps repeats a ledger row, which changes nothing.
    pub(super) fn commit(&mut self) -> Step {
        self.commit_with(0)
    }

    /// [`Copier::commit`], with a note on up to `claims` partitions that did not move.
    fn commit_with(&mut self, claims: usize) -> Step {
        let begun = Instant::now();
        let has_records = self.unsaved_bytes > 0 || self.lane.in_flight() > 0;
        if self.job.is_transactional() && (claims > 0 || !self.has_passed_only()) {
            let until = begun + DRAIN_DEADLINE;
            while self.lane.in_flight() > 0 {
                self.settle()?;
                if Instant::now() >= until && self.job.is_stopping() {
                    return Ok(());
                }
            }
            self.check_topics()?;
            self.save_ledger()?;
            self.commit_transaction(until, claims)?;
        }
        self.save()?;
        if has_records {
            self.commit_pace.committed(begun.elapsed());
        }
        Ok(())
    }

    /// Whether a task of a pair has moved over what the other one wrote and nothing else. That is kept here alone: noted on
    /// the target, it would be a transaction for each of the other's, and a crash only passes it again.
    fn has_passed_only(&self) -> bool {
        self.job.task.both_ways.is_some()
            && self.unsaved_bytes == 0
            && self.lane.in_flight() == 0
            && self.ledger.is_empty()
            && self
                .tracks
                .iter()
                .all(|track| !track.dirty && track.ahead.records == track.state.records)
    }

    fn commit_transaction(&mut self, until: Instant, claims: usize) -> Step {
        let positions = self.commit_positions(claims);
        loop {
            match self.lane.commit(&positions) {
                Ok(()) => {
                    self.meters.latency.committed(Instant::now());
                    self.is_claimed |= !positions.is_empty();
                    return Ok(());
                }
                Err(LaneError::Retry(error)) => {
                    self.health.task_error = Some(trying_again(&error));
                    self.publish_when_due();
                    if self.job.is_stopping() && Instant::now() >= until {
                        return Err(LaneFailure::Failed(EngineError::Cluster {
                            side: Side::Target,
                            what: "committing".into(),
                            error: error.into(),
                        }));
                    }
                }
                Err(LaneError::Recover(error) | LaneError::Fenced(error)) => {
                    return Err(LaneFailure::Recover(error.into(), Vec::new()));
                }
                Err(error) => return Err(LaneFailure::Failed(self.job.lane_error(error))),
            }
        }
    }

    /// librdkafka goes on at its offset in a topic that was deleted and created again, without a word. Asked for after
    /// the records were read and before they are committed, the ids prove that they are of the old topic.
    fn check_topics(&mut self) -> Step {
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
            // A source that does not answer for the moment has not recreated topics either.
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
        let cause = RecoveryCause::Recreated {
            topic: first.to_owned(),
        };
        for track in &mut self.tracks {
            if track.mode == Mode::Active && changed.contains(&track.state.key.topic) {
                // The watcher finds it too and decides; until then nothing of it is read.
                track.back_off(cause.to_string(), Instant::now());
            }
        }
        Err(LaneFailure::Recover(cause, Vec::new()))
    }

    /// What moved or is to be noted, and up to `claims` partitions that are copied. One whose topic is refused would take
    /// the others with it.
    fn commit_positions(&self, claims: usize) -> Vec<CommitPosition> {
        let mut claims = claims;
        let mut claimed = |track: &Track| {
            let is_claimed = claims > 0 && track.mode == Mode::Active;
            claims -= usize::from(is_claimed);
            is_claimed
        };
        self.tracks
            .iter()
            .filter(|track| track.ahead.position != track.state.position || track.dirty || claimed(track))
            .map(|track| {
                let ahead = &track.ahead;
                let note = Note {
                    launch: self.job.launch_id.clone(),
                    source_topic: ahead.key.topic.clone(),
                    source_id: ahead.source_topic_id.clone(),
                    target_id: ahead.target_topic_id.clone(),
                    target_start: ahead.target_start,
                    target_next: ahead.target_next,
                    start: ahead.start,
                    epoch: ahead.leader_epoch,
                    writer: Some(self.job.writership.clone()),
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

    /// Saves the ledger alone, so that it survives a power failure: the commit that follows is on another machine.
    fn save_ledger(&mut self) -> Result<()> {
        if self.ledger.is_empty() {
            return Ok(());
        }
        let rows = self.ledger.take();
        Ok(self.job.store.note(&self.job.task.name, &rows)?)
    }

    /// Saves what is acknowledged (and, on a transactional target, committed), with the ledger in the same step.
    pub(super) fn save(&mut self) -> Result<()> {
        let position::Ledger { gaps, quarantined } = self.ledger.take();
        let mut checkpoint = Checkpoint {
            gaps,
            quarantined,
            ..Checkpoint::default()
        };
        for track in &mut self.tracks {
            if track.dirty || track.is_ahead() {
                // Counted here and not at the acknowledgement: an aborted transaction takes its records back.
                self.meters.total.written += track.ahead.records - track.state.records;
                self.meters.total.bytes += track.ahead.bytes - track.state.bytes;
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
        Ok(self.job.store.save(&self.job.task.name, &checkpoint)?)
    }

    /// Ends cleanly on request, with what could be committed.
    pub(super) fn finish(&mut self) -> Result<Ending> {
        let drained = match self.drain() {
            Ok(()) if self.job.mirrors() => {
                self.tracks.iter_mut().for_each(|track| track.dirty = true);
                self.note_on_target()
            }
            drained => drained,
        };
        match drained {
            Err(LaneFailure::Failed(error)) => return Err(error),
            // What could not be written is not committed either; the next start reads it again.
            Ok(()) | Err(LaneFailure::Recover(..)) => {}
        }
        if !self.job.is_transactional() {
            self.save()?;
        }
        Ok(Ending::Stopped)
    }

    /// Reads nothing more; what is in flight is acknowledged, committed and saved.
    pub(super) fn drain(&mut self) -> Step {
        let active = self.active();
        self.unassign(&active)?;
        let patience = if self.job.mirrors() && self.job.is_stopping() {
            MIRROR_DRAIN
        } else {
            DRAIN_DEADLINE
        };
        let until = Instant::now() + patience;
        while self.lane.in_flight() > 0 {
            self.settle()?;
            if Instant::now() >= until {
                return Err(LaneFailure::Recover(RecoveryCause::NoAnswer, Vec::new()));
            }
        }
        self.commit()
    }
}
