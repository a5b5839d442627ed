use std::time::{Duration, Instant};

use crate::error::WireError;
use crate::error_code::ErrorCode;

/// The pauses of a partition that cannot be read or written.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));
/// A leader that moves is no news; one that is not found so often is.
const ATTEMPTS_TO_REPORT: u32 = 3;

/// What is wrong with a partition at present, and when it is tried again.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    /// When it is tried again; none if it is not waiting.
    pub(crate) retry_at: Option<Instant>,
    attempts: u32,
    reported: Option<WireError>,
}

impl Trouble {
    /// It has failed. Returns when it is tried again, and whether that must be reported.
    pub(crate) fn failed(&mut self, error: &WireError, now: Instant) -> (Instant, bool) {
        self.attempts += 1;
        let doubled = BACK_OFF.0 * 2u32.saturating_pow(self.attempts.min(10) - 1);
        let retry_at = now + doubled.min(BACK_OFF.1);
        self.retry_at = Some(retry_at);
        let moves = match error.code() {
            Some(code) => code.is_stale_leader() || code == ErrorCode::INCONSISTENT_TOPIC_ID,
            None => error.is_retriable(),
        };
        let is_due = !moves || self.attempts >= ATTEMPTS_TO_REPORT;
        let is_new = self.reported.as_ref() != Some(error);
        if is_due && is_new {
            self.reported = Some(error.clone());
        }
        (retry_at, is_due && is_new)
    }

    /// It works. Returns whether that must be reported.
    pub(crate) fn succeeded(&mut self) -> bool {
        self.attempts = 0;
        self.reported.take().is_some()
    }
}
