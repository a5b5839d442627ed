//! What the target answers: delivery reports, what stands at the front of a partition and is settled, a failed writer.

use std::time::{Duration, Instant};

use sluice_kafka::Guarantee;

use crate::error::Side;
use crate::lane::record::incidents::{notice, target_incident};
use crate::lane::record::record_lane::RecordLane;
use crate::lane::record::track::settle_delivery;
use crate::lane::record::writer::fatal_error;
use crate::lane::{LaneError, Passed, Report};

/// How long a failed writer is asked for the records it failed with.
const REFUSAL_DEADLINE: Duration = Duration::from_millis(300);

impl RecordLane {
    pub(super) fn collect(&mut self, wait: Duration, report: &mut Report) {
        let Self {
            writer,
            tracks,
            in_flight_bytes,
            broken,
            config,
            ..
        } = self;
        let ordered = config.writer.guarantee == Guarantee::Ordered;
        writer.poll(wait, |delivery| {
            settle_delivery(tracks, delivery, in_flight_bytes, broken, ordered, report)
        });
        for one in self.writer.notices() {
            report.notices.push(notice(Side::Target, one.code, one.text));
        }
        self.release(report);
    }

    /// Reports what stands at the front of each partition and is settled.
    fn release(&mut self, report: &mut Report) {
        let before = report.passed.len();
        for (slot, track) in self.tracks.iter_mut().enumerate() {
            let Some(track) = track else { continue };
            while let Some(front) = track.queue.front() {
                let Some((hole, passed)) = front.passed() else {
                    break;
                };
                if matches!(passed, Passed::Span(_)) {
                    report.handed_over.extend(front.handed_over);
                    track.alone = false;
                }
                track.queue.pop_front();
                track.front += 1;
                self.in_flight -= 1;
                if let Some(hole) = hole {
                    report.pass(slot, hole);
                }
                report.pass(slot, passed);
            }
        }
        if report.passed.len() > before {
            self.held
                .drain(..)
                .rev()
                .for_each(|message| self.inbox.push_front(message));
        }
    }

    pub(super) fn check_writer(&mut self, report: &mut Report) -> Result<(), LaneError> {
        let fatal = self.writer.fatal();
        let failure = self.writer.transaction_failure();
        if fatal.is_some() || failure.is_some() {
            // The failure arrives before the report of the records that it concerns.
            let until = Instant::now() + REFUSAL_DEADLINE;
            while report.refused.is_empty() && self.waiting() && Instant::now() < until {
                self.collect(Duration::from_millis(10), report);
            }
        }
        if let Some(fatal) = fatal {
            return Err(fatal_error(fatal, &self.topics(&[])));
        }
        match self.broken.take().or(failure) {
            Some(error) => Err(LaneError::Recover(target_incident(error, &self.topics(&[])))),
            None => Ok(()),
        }
    }

    /// Whether an answer is outstanding that may still come.
    pub(super) fn waiting(&self) -> bool {
        self.in_flight_bytes > 0
    }
}
