use std::time::{Duration, Instant};

use crate::cancel::Cancel;
use crate::error::{Result, WireError};

/// Until when something must be done, and what may end it sooner.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    pub(crate) until: Instant,
    pub(crate) total: Duration,
    pub(crate) cancel: Cancel,
}

impl Budget {
    pub(crate) fn new(total: Duration, cancel: &Cancel) -> Self {
        Self {
            until: Instant::now() + total,
            total,
            cancel: cancel.clone(),
        }
    }

    pub(crate) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// What is left of it.
    ///
    /// # Errors
    /// Nothing is left, or it was cancelled.
    pub(crate) fn check(&self, what: &str, address: &str) -> Result<Duration> {
        self.cancel.check()?;
        let left = self.left();
        if left.is_zero() {
            return Err(WireError::Timeout {
                what: what.to_owned(),
                address: address.to_owned(),
                after: self.total,
            });
        }
        Ok(left)
    }
}
