//! What goes wrong at the source, partition by partition. An incident that needs the partition's final position waits
//! until everything of the partition that is in flight has been acknowledged.

use std::time::Instant;

use sluice_kafka::Admin;
use sluice_model::{OffsetRange, OutOfRange};

use crate::copy::copier::{Copier, LaneFailure, Step};
use crate::copy::damage::damaged_range;
use crate::copy::job::Job;
use crate::copy::mirror_end::meet_end;
use crate::copy::reconcile::{UNMATCHED, reconcile};
use crate::copy::recovery_cause::RecoveryCause;
use crate::error::{EngineError, Result, Side};
use crate::lane::{Slot, SourceIncident};
use crate::partition::{Awaited, Mode, another_log_sentence, recreated_gap, recreated_sentence, restart};
use crate::position::{GapReason, LogBounds, PartitionKey, bounds};
use crate::progress::{Event, OpenGap};

/// A range of source offsets that cannot be copied, and where the copy could go on.
struct Missing {
    range: OffsetRange,
    reason: GapReason,
    nearest: i64,
    sentence: String,
}

impl Copier {
    /// Handles what the last steps reported.
    pub(super) fn handle_incidents(&mut self) -> Step {
        while let Some((slot, incident)) = self.incidents.pop_front() {
            let is_active = |track: &crate::partition::Track| track.mode == Mode::Active;
            if !self.tracks.get(slot).is_some_and(is_active) {
                continue;
            }
            match incident {
                SourceIncident::Forbidden { detail } => self.unreadable(
                    slot,
                    "this user may not read the source topic; give it READ",
                    &detail,
                )?,
                SourceIncident::Unreadable { detail } => {
                    self.unreadable(slot, "the source partition cannot be read", &detail)?;
                }
                incident => self.bring_to_rest(slot, Awaited::Incident(incident))?,
            }
        }
        Ok(())
    }

    /// After a recovery positions may have gone back: partitions are read again, and meet their incidents again if those
    /// are still there. That a topic was recreated is reported once, and kept.
    pub(super) fn forget_incidents(&mut self) {
        self.incidents.clear();
        for track in &mut self.tracks {
            if matches!(track.mode, Mode::Draining(Awaited::Incident(_))) {
                track.mode = Mode::Active;
            }
        }
    }

    /// Handles the incidents of partitions that have nothing in flight any more.
    pub(super) fn handle_drained(&mut self) -> Step {
        for slot in 0..self.tracks.len() {
            let Mode::Draining(awaited) = &self.tracks[slot].mode else {
                continue;
            };
            if self.lane.in_flight_of(slot) > 0 {
                continue;
            }
            match awaited.clone() {
                Awaited::Incident(incident) => self.on_incident(slot, &incident)?,
                Awaited::Recreated { id } => self.restart_recreated(slot, id)?,
                Awaited::OtherTarget => self.stop_other_target(slot)?,
            }
        }
        Ok(())
    }

    /// Partitions whose back-off is over are read again.
    pub(super) fn retry_due(&mut self) -> Result<()> {
        let now = Instant::now();
        let due: Vec<Slot> = (0..self.tracks.len())
            .filter(|&slot| matches!(self.tracks[slot].mode, Mode::Backoff { until } if until <= now))
            .filter(|&slot| self.lane.in_flight_of(slot) == 0)
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let mut ready = Vec::new();
        for slot in due {
            if self.is_matched(slot) {
                self.tracks[slot].mode = Mode::Active;
                ready.push(slot);
            }
        }
        self.assign(&ready)
    }

    /// Matches a partition that could not be matched with its source at the start. Without an answer it waits on.
    fn is_matched(&mut self, slot: Slot) -> bool {
        let mirrors = self.job.mirrors();
        let Job {
            task,
            store,
            observer,
            ..
        } = &self.job;
        let track = &mut self.tracks[slot];
        if !track.unmatched {
            return true;
        }
        let matched = Admin::new(&task.target)
            .map_err(|error| EngineError::Cluster {
                side: Side::Target,
                what: "connecting".into(),
                error,
            })
            .and_then(|target| {
                let meet = if mirrors { meet_end } else { reconcile };
                meet(&target, task, store.as_ref(), track, observer)
            });
        match matched {
            Ok(()) => track.unmatched = false,
            Err(EngineError::Refused(sentence)) => {
                observer(Event::PartitionStopped {
                    key: track.state.key.clone(),
                    reason: sentence.clone(),
                    range: None,
                });
                track.stop(sentence);
            }
            Err(error) => {
                tracing::info!(key = %track.state.key, %error, "matching with the source");
                track.back_off(UNMATCHED.to_owned(), Instant::now());
            }
        }
        !track.unmatched && track.mode != Mode::Stopped
    }

    fn unreadable(&mut self, slot: Slot, what: &str, detail: &str) -> Result<()> {
        self.unassign(&[slot])?;
        let track = &mut self.tracks[slot];
        let first = track.error.is_none();
        let sentence = format!("{}: {what} ({detail}); trying again", track.state.key);
        track.back_off(sentence.clone(), Instant::now());
        if first {
            self.emit(Event::Warning(sentence));
        }
        Ok(())
    }

    fn on_incident(&mut self, slot: Slot, incident: &SourceIncident) -> Step {
        let key = self.tracks[slot].state.key.clone();
        let Some(now) = self.log_bounds_or_back_off(slot, &key) else {
            return Ok(());
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
            return Ok(self.recreated(&key.topic, Some(id))?);
        }
        let position = self.tracks[slot].ahead.position;
        if let SourceIncident::UnsupportedFormat { offset } = incident {
            self.stop_unsupported(slot, key, *offset, now);
            return Ok(());
        }
        let damaged = matches!(incident, SourceIncident::Damaged { .. })
            .then(|| damaged_range(&self.job.task.source, &key, position));
        let Some(missing) = missing(&key, position, now, incident, damaged) else {
            // Found again meanwhile, or a leader answered that had just taken over.
            let sentence = format!("{key}: the source did not find offset {position}; trying again");
            self.tracks[slot].back_off(sentence, Instant::now());
            return Ok(());
        };
        if *incident == SourceIncident::OutOfRange
            && missing.reason == GapReason::Truncated
            && self.tracks[slot].state.source_topic_id.is_none()
            && self.job.task.out_of_range == OutOfRange::Nearest
            && !self.job.mirrors()
        {
            // Without topic ids lost records and a new topic look the same: starting over loses nothing in both cases.
            return Ok(self.recreated(&key.topic, None)?);
        }
        if self.job.mirrors() && missing.reason == GapReason::Truncated {
            let sentence = another_log_sentence(&key);
            self.stop_partition(slot, sentence);
            return Ok(());
        }
        if self.accepts_gap(&key, missing.range, missing.reason) {
            return self.accept_gap(slot, &missing);
        }
        self.emit(Event::PartitionStopped {
            key,
            reason: missing.sentence.clone(),
            range: Some(missing.range),
        });
        let open = OpenGap {
            range: missing.range,
            reason: missing.reason,
            resume_at: missing.nearest,
        };
        self.tracks[slot].stop_at_gap(missing.sentence, open);
        Ok(())
    }

    /// No policy goes on behind records that another client could read: they are there.
    fn stop_unsupported(&mut self, slot: Slot, key: PartitionKey, offset: i64, now: LogBounds) {
        let sentence = format!(
            "{key}: the record at offset {offset} is stored in the message format of Kafka before 0.11, which librdkafka reads as empty records on this broker (its issue 5549). Nothing of the partition is copied from here on. Have the source rewrite the topic in the newer format, or copy it from a broker of the old version"
        );
        self.emit(Event::PartitionStopped {
            key,
            reason: sentence.clone(),
            range: Some(OffsetRange {
                from: offset,
                to: now.high.max(offset),
            }),
        });
        self.tracks[slot].stop(sentence);
    }

    /// First and end offset of the partition; without an answer the partition backs off.
    fn log_bounds_or_back_off(&mut self, slot: Slot, key: &PartitionKey) -> Option<LogBounds> {
        let asked = bounds(
            &self.source_admin,
            &[(key.topic.clone(), key.partition)],
            Side::Source,
        );
        match asked.map(|found| found.into_values().next()) {
            Ok(Some(now)) => Some(now),
            missing => {
                let why = missing.err().map_or(String::new(), |error| format!(" ({error})"));
                self.tracks[slot].back_off(
                    format!("{key}: the source does not return which offsets it has{why}; trying again"),
                    Instant::now(),
                );
                None
            }
        }
    }

    /// Notes what cannot be copied and goes on behind it.
    fn accept_gap(&mut self, slot: Slot, missing: &Missing) -> Step {
        // A target transaction must carry what is acknowledged before the position moves.
        self.commit()?;
        self.note_gap(slot, missing.range, missing.reason);
        if missing.reason == GapReason::Truncated {
            self.tracks[slot].cut_runs(missing.nearest);
        }
        self.tracks[slot].move_to(missing.nearest);
        self.tracks[slot].mode = Mode::Active;
        // At once: an older position on the target would otherwise win at the next start.
        self.commit()?;
        Ok(self.assign(&[slot])?)
    }

    fn note_gap(&mut self, slot: Slot, range: OffsetRange, reason: GapReason) {
        let gap = self.ledger.note_gap(&self.tracks[slot].state, range, reason);
        // A commit that failed brings the same incident again.
        let is_new = self.tracks[slot].note_gap(range, reason);
        if is_new {
            self.meters.total.gaps += 1;
            self.emit(Event::Gap(gap));
        }
    }

    /// A source topic was deleted and created again while the task runs.
    pub(super) fn recreated(&mut self, topic: &str, id: Option<String>) -> Result<()> {
        let slots: Vec<Slot> = (0..self.tracks.len())
            .filter(|&slot| self.tracks[slot].state.key.topic == topic)
            .collect();
        for slot in slots {
            // A recovery must not read it again before this is settled.
            self.bring_to_rest(slot, Awaited::Recreated { id: id.clone() })?;
        }
        Ok(())
    }

    fn restart_recreated(&mut self, slot: Slot, id: Option<String>) -> Step {
        let key = self.tracks[slot].state.key.clone();
        // Uncommitted records may already be of the new topic.
        if self.job.is_transactional() && self.tracks[slot].is_ahead() {
            let topic = key.topic;
            return Err(LaneFailure::Recover(
                RecoveryCause::Recreated { topic },
                Vec::new(),
            ));
        }
        self.commit()?;
        if self.job.mirrors() {
            let sentence = another_log_sentence(&key);
            self.stop_partition(slot, sentence);
            return Ok(self.save()?);
        }
        let position = self.tracks[slot].state.position;
        let open = recreated_gap(&self.tracks[slot].state);
        if !self.accepts_gap(&key, open.range, open.reason) {
            let sentence = recreated_sentence(&key, position);
            self.emit(Event::PartitionStopped {
                key,
                reason: sentence.clone(),
                range: None,
            });
            self.tracks[slot].stop_at_gap(sentence, open);
            return Ok(self.save()?);
        }
        let asked = bounds(
            &self.source_admin,
            &[(key.topic.clone(), key.partition)],
            Side::Source,
        );
        let now = asked
            .ok()
            .and_then(|found| found.into_values().next())
            .unwrap_or(LogBounds { low: 0, high: 0 });
        let nothing = OffsetRange {
            from: position,
            to: position,
        };
        self.note_gap(slot, nothing, GapReason::Recreated);
        let track = &mut self.tracks[slot];
        restart(&mut track.state, id, now);
        track.cut_runs(0);
        track.rejected.clear();
        track.ahead = track.state.clone();
        track.mode = Mode::Active;
        track.forget_end();
        // An end of the old topic: only the new one's counts.
        track.end_at_start = None;
        track.dirty = true;
        self.save()?;
        Ok(self.assign(&[slot])?)
    }
}

/// What an incident means for a partition whose log is `now`; `None` when the position is in the log after all.
fn missing(
    key: &PartitionKey,
    position: i64,
    now: LogBounds,
    incident: &SourceIncident,
    damaged: Option<OffsetRange>,
) -> Option<Missing> {
    let is_in_log = (now.low..=now.high).contains(&position);
    if let (SourceIncident::Damaged { detail, .. }, Some(range)) = (incident, damaged)
        && is_in_log
    {
        return Some(Missing {
            range,
            reason: GapReason::Damaged,
            nearest: range.to,
            sentence: format!(
                "{key}: the source's log is damaged at offsets {range} ({detail}). Restore the partition from a replica; or, to go on at offset {} and keep the range in the gap ledger, choose to go on at the nearest offset",
                range.to
            ),
        });
    }
    let diverged = match incident {
        SourceIncident::Diverged { end } => Some(*end),
        _ => None,
    };
    if is_in_log && diverged.is_none() {
        return None;
    }
    if position < now.low {
        let range = OffsetRange {
            from: position,
            to: now.low,
        };
        return Some(Missing {
            range,
            reason: GapReason::Deleted,
            nearest: now.low,
            sentence: format!(
                "{key}: the source deleted {} offsets {range} before they were copied (retention or DeleteRecords). To go on at offset {} and keep the range in the gap ledger, accept the gap (--out-of-range nearest)",
                range.len(),
                now.low
            ),
        });
    }
    // Behind this offset the source has other records than those that were copied, if it has any.
    let from = diverged.flatten().unwrap_or(now.high).min(position);
    let range = OffsetRange { from, to: position };
    Some(Missing {
        range,
        reason: GapReason::Truncated,
        nearest: from,
        sentence: format!(
            "{key}: the source's log ended at offset {from}, before our position {position}: it lost records that the target holds ({range}), or the topic was created again. To go on at offset {from}, accept the gap (--out-of-range nearest)"
        ),
    })
}
