use std::sync::{Condvar, Mutex, PoisonError};

use crate::cancel::CANCEL_INTERVAL;
use crate::error::Result;
use crate::net::budget::Budget;

/// Who may write: one at a time, and waiting for it can be cancelled.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    taken: Mutex<bool>,
    free: Condvar,
}

impl Turn {
    /// Waits for the turn; it is over with the guard.
    ///
    /// # Errors
    /// The budget ends first.
    pub(crate) fn take(&self, budget: &Budget, address: &str) -> Result<TurnGuard<'_>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken {
            budget.check("a request", address)?;
            taken = self
                .free
                .wait_timeout(taken, CANCEL_INTERVAL)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *taken = true;
        Ok(TurnGuard(self))
    }
}

/// Somebody's turn.
pub(crate) struct TurnGuard<'a>(&'a Turn);

impl Drop for TurnGuard<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.free.notify_one();
    }
}
