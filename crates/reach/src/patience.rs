use std::fmt;
use std::time::{Duration, Instant};

use crate::failure::ConnectFailure;

/// Until when a connection must be made, and what ends the attempt sooner.
pub struct Patience<'a> {
    until: Instant,
    cancelled: &'a (dyn Fn() -> bool + Sync),
}

impl fmt::Debug for Patience<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patience")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl<'a> Patience<'a> {
    /// Until `until`, or sooner once `cancelled` says so; it is asked before each wait and every 25 ms of most of them.
    pub fn new(until: Instant, cancelled: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self { until, cancelled }
    }

    /// What is left of it.
    ///
    /// # Errors
    /// Nothing is left, or it was cancelled.
    pub(crate) fn left(&self) -> Result<Duration, ConnectFailure> {
        if (self.cancelled)() {
            return Err(ConnectFailure::Cancelled);
        }
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ConnectFailure::TimedOut);
        }
        Ok(left)
    }
}
