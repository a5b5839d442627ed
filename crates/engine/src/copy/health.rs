use std::time::{Duration, Instant};

use crate::copy::recovery_cause::RecoveryCause;
use crate::lane::{TargetIncident, TargetIncidentKind};

/// How long the target may leave records unacknowledged before that is reported.
const SILENCE: Duration = Duration::from_secs(5);
/// How long a transaction's records may wait for their acknowledgement before they are written again with a new client;
/// doubled each time that did not help. A client can miss that its coordinator is back.
const ACK_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest such time: a target that throttles its writers answers late.
const LONGEST_ACK_TIMEOUT: Duration = Duration::from_secs(600);

/// When the clusters last answered, and what is wrong with them.
#[derive(Debug)]
pub(super) struct Health {
    /// What concerns the whole task and is being retried.
    pub(super) task_error: Option<String>,
    /// Why the source could not be asked for its offsets the last time.
    pub(super) source_error: Option<String>,
    /// When the target last acknowledged something, or nothing was in flight.
    last_ack: Instant,
    ack_timeout: Duration,
    /// When a record was last read.
    pub(super) last_read: Instant,
    /// Recoveries in a row without a record copied.
    pub(super) failures: u32,
}

impl Health {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            task_error: None,
            source_error: None,
            last_ack: now,
            ack_timeout: ACK_TIMEOUT,
            last_read: now,
            failures: 0,
        }
    }

    /// Nothing is in flight: no acknowledgement is due.
    pub(super) fn nothing_in_flight(&mut self, now: Instant) {
        self.last_ack = now;
    }

    /// The target acknowledged something.
    pub(super) fn acknowledged(&mut self, now: Instant) {
        self.last_ack = now;
        self.ack_timeout = ACK_TIMEOUT;
    }

    /// Records are copied: earlier trouble is over.
    pub(super) fn copied(&mut self) {
        self.task_error = None;
        self.failures = 0;
    }

    /// What to do about a target that has acknowledged nothing for too long, once per time-out.
    pub(super) fn ack_timed_out(&mut self, now: Instant) -> Option<RecoveryCause> {
        let silent = now.duration_since(self.last_ack);
        if silent < self.ack_timeout {
            return None;
        }
        self.last_ack = now;
        self.ack_timeout = (self.ack_timeout * 2).min(LONGEST_ACK_TIMEOUT);
        Some(RecoveryCause::Silent {
            seconds: silent.as_secs(),
        })
    }

    /// What is wrong now, for people. librdkafka does not report every outage, and none twice.
    pub(super) fn error(&self, in_flight: bool) -> Option<String> {
        let silent = self.last_ack.elapsed();
        self.task_error
            .clone()
            .or_else(|| self.source_error.clone())
            .or_else(|| {
                (in_flight && silent >= SILENCE).then(|| {
                    format!(
                        "the target has acknowledged nothing for {} s; trying again",
                        silent.as_secs()
                    )
                })
            })
    }
}

/// The text for a call that is repeated. The client's own words for a time-out are advice to a programmer.
pub(super) fn trying_again(incident: &TargetIncident) -> String {
    match incident.kind {
        TargetIncidentKind::TimedOut => RecoveryCause::NoAnswer.to_string(),
        _ => incident.to_string(),
    }
}
