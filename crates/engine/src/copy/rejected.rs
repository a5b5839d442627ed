//! Records that the target refuses: found among those that were sent with them, noted in the quarantine, passed over.

use std::time::{Duration, Instant};

use sluice_kafka::Compression;

use crate::copy::copier::{Copier, LaneFailure};
use crate::error::Result;
use crate::lane::{Passed, Refusal, Report, Slot, StepLimit};
use crate::partition::Mode;
use crate::progress::Event;

/// How long records, and then an answer to few of them, are waited for before the usual way tries again.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// Records before a refused one that are sent at once at most.
const MOST_BEFORE: usize = 10_000;

/// What came of sending a few records alone.
struct Attempt {
    report: Report,
    outcome: std::result::Result<(), crate::lane::LaneError>,
    sent: u64,
}

impl Copier {
    /// Finds, among records that were refused together, those that the target does not take: sends fewer at a time until
    /// a refused one is alone. Other partitions wait meanwhile, so that giving up a transaction costs them nothing.
    pub(super) fn search_rejected(&mut self, slot: Slot, suspected: Vec<Refusal>) -> Result<()> {
        let Some(last) = suspected.last().map(|refusal| refusal.offset) else {
            return Ok(());
        };
        let mut group = (suspected.len() / 2).max(1);
        let mut alone = None;
        if suspected.len() == 1 {
            // What is before it was not refused.
            group = usize::try_from(last - self.tracks[slot].ahead.position)
                .unwrap_or(0)
                .clamp(1, MOST_BEFORE);
            alone = suspected.into_iter().next();
        }
        let mut assigned = false;
        while self.tracks[slot].ahead.position <= last
            && self.tracks[slot].mode == Mode::Active
            && !self.job.is_stopping()
        {
            self.publish_when_due();
            if let Some(refusal) = alone.take_if(|_| self.tracks[slot].ahead.position == last) {
                if assigned {
                    self.renew_lane()?;
                    assigned = false;
                }
                group = 1;
                self.write_harder(refusal)?;
                continue;
            }
            if !assigned {
                self.assign(&[slot])?;
                assigned = true;
            }
            let Attempt {
                mut report,
                outcome,
                sent,
            } = self.attempt(group);
            let mut refused = std::mem::take(&mut report.refused);
            if outcome.is_ok() && refused.is_empty() {
                let before = self.tracks[slot].ahead.position;
                match self.take_report(Ok(()), report).and_then(|()| self.commit()) {
                    // Nothing came of it: neither records nor a refusal. The usual way waits for the source, and says so.
                    Ok(()) if self.tracks[slot].ahead.position == before => break,
                    Ok(()) => group = group.saturating_mul(2),
                    Err(LaneFailure::Failed(error)) => return Err(error),
                    Err(LaneFailure::Recover(..)) => {
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
            refused.extend(self.renew_lane()?.unwrap_or_default());
            assigned = false;
            refused.retain(|refusal| refusal.cause.is_of_record());
            if refused.len() == 1 && (group == 1 || sent == 1) {
                for refusal in refused {
                    self.write_harder(refusal)?;
                }
            } else if group > 1 {
                group = (group / 2).max(1);
            } else {
                // The record was not the reason after all: the usual way tries again.
                break;
            }
        }
        self.renew_lane().map(drop)
    }

    /// Sends a record once more that the target found too large, compressed as strongly as the target takes it, and
    /// rejects it if that is not enough, or if it was refused for something else. The lane was just renewed, and is again
    /// afterwards; the record is the next one of its partition. Without an answer nothing is decided.
    fn write_harder(&mut self, refusal: Refusal) -> Result<()> {
        let (slot, offset) = (refusal.slot, refusal.offset);
        let topic = self.tracks[slot].state.target_topic.clone();
        let tried = if refusal.code.concerns_size() {
            self.lane.compress_harder(&topic)
        } else {
            None
        };
        let Some([usual, stronger]) = tried else {
            self.reject(refusal);
            return Ok(());
        };
        self.assign(&[slot])?;
        let Attempt {
            mut report, outcome, ..
        } = self.attempt(1);
        let mut refused = std::mem::take(&mut report.refused);
        let outcome = if refused.is_empty() { outcome } else { Ok(()) };
        let mut written = self.take_report(outcome, report);
        if written.is_ok() && refused.is_empty() {
            written = self.commit();
        }
        match written {
            Ok(()) => {}
            Err(LaneFailure::Failed(error)) => return Err(error),
            Err(LaneFailure::Recover(_, more)) => refused.extend(more),
        }
        self.lane.compress_as_usual(&topic);
        refused.extend(self.renew_lane()?.unwrap_or_default());
        if self.tracks[slot].ahead.position > offset {
            let key = &self.tracks[slot].state.key;
            self.emit(Event::Info(format!(
                "{key} offset {offset} was too large with compression {usual}, and is written with {stronger}"
            )));
        } else if let Some(again) = refused
            .into_iter()
            .find(|again| (again.slot, again.offset) == (slot, offset) && again.code.refuses_record())
        {
            self.reject_after(again, Some([usual, stronger]));
        }
        Ok(())
    }

    /// Sends up to `group` records and waits for their answers. A refusal ends it: behind a refused record nothing is sent, so
    /// the others never come.
    fn attempt(&mut self, group: usize) -> Attempt {
        let mut report = Report::default();
        let mut outcome = Ok(());
        let mut sent = 0;
        let mut moved = Instant::now();
        while sent < group as u64
            && outcome.is_ok()
            && report.refused.is_empty()
            && report.incidents.is_empty()
            && moved.elapsed() < ANSWER_DEADLINE
            && !self.job.is_stopping()
        {
            outcome = self.lane.step(
                StepLimit {
                    records: group - sent as usize,
                    bytes: u64::MAX,
                    wait: Duration::from_millis(100),
                },
                &mut report,
            );
            if report.read > sent {
                sent = report.read;
                moved = Instant::now();
            }
            let is_end = |passed: &(Slot, Passed)| matches!(passed.1, Passed::End { .. });
            if report.passed.iter().any(is_end) {
                break;
            }
        }
        let asked = Instant::now();
        while self.lane.in_flight() > 0
            && outcome.is_ok()
            && report.refused.is_empty()
            && asked.elapsed() < ANSWER_DEADLINE
            && !self.job.is_stopping()
        {
            outcome = self.lane.settle(Duration::from_millis(20), &mut report);
        }
        Attempt {
            report,
            outcome,
            sent,
        }
    }

    /// A record is passed over from now on, and kept in quarantine.
    pub(super) fn reject(&mut self, refusal: Refusal) {
        self.reject_after(refusal, None);
    }

    /// As [`Copier::reject`], after it was tried with these compressions.
    fn reject_after(&mut self, refusal: Refusal, tried: Option<[Compression; 2]>) {
        self.tracks[refusal.slot].rejected.insert(refusal.offset);
        self.quarantine(refusal, tried);
    }

    /// Notes a record that is not written.
    fn quarantine(&mut self, refusal: Refusal, tried: Option<[Compression; 2]>) {
        let key = self.tracks[refusal.slot].state.key.clone();
        let offset = refusal.offset;
        let reason = self
            .ledger
            .note_rejected(&self.tracks[refusal.slot].state, refusal, tried);
        self.meters.total.quarantined += 1;
        self.emit(Event::Quarantined { key, offset, reason });
    }
}
