//! The handle that a shell holds of a running task.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use sluice_model::RateLimits;

use crate::copy::Shared;
use crate::error::EngineError;
use crate::lock::lock;
use crate::progress::{AcceptedGap, Ending, Outcome, Progress};

/// A running task. Dropping it stops the task and waits for its clean end.
pub struct Running {
    pub(super) shared: Arc<Shared>,
    pub(super) copier: Option<JoinHandle<Ending>>,
}

impl Running {
    /// The latest snapshot; at most a quarter of a second old.
    pub fn progress(&self) -> Progress {
        lock(&self.shared.progress).clone()
    }

    /// Changes the rate limits. A step of the copy that has begun ends with the old ones.
    pub fn set_rate(&self, rate: RateLimits) {
        *lock(&self.shared.rate) = rate;
    }

    /// The rate limits that the copy keeps to; those of [`Running::set_rate`] from its next step on.
    pub fn rate_in_force(&self) -> RateLimits {
        *lock(&self.shared.rate_in_force)
    }

    /// Lets stopped partitions go on behind these gaps, which go to the ledger. A gap that has grown since it was shown
    /// is not accepted: its partition stays stopped, with the new range.
    pub fn accept_gaps(&self, gaps: Vec<AcceptedGap>) {
        lock(&self.shared.accepted).extend(gaps);
        self.shared.newly_accepted.store(true, Ordering::Release);
    }

    /// Asks for a clean stop: what is in flight is acknowledged and saved. [`Running::wait`] returns when it is done.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the run has ended.
    pub fn is_finished(&self) -> bool {
        self.copier.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the end.
    pub fn wait(mut self) -> Outcome {
        let ending = match self.copier.take().map(JoinHandle::join) {
            Some(Ok(ending)) => ending,
            Some(Err(_)) | None => Ending::Failed(EngineError::Internal("the copy thread panicked".into())),
        };
        Outcome {
            ending,
            progress: self.progress(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        if let Some(copier) = self.copier.take() {
            drop(copier.join());
        }
    }
}
