use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Result, WireError};

/// How often a wait looks whether it was cancelled.
pub(crate) const CANCEL_INTERVAL: Duration = Duration::from_millis(25);

/// Ends every wait that was given it or one of its children. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    own: Arc<AtomicBool>,
    parents: Vec<Arc<AtomicBool>>,
}

impl Cancel {
    /// Not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled with this one, or alone.
    #[must_use]
    pub fn child(&self) -> Self {
        let mut parents = self.parents.clone();
        parents.push(Arc::clone(&self.own));
        Self {
            own: Arc::default(),
            parents,
        }
    }

    /// Ends all waits, those to come included.
    pub fn cancel(&self) {
        self.own.store(true, Ordering::Relaxed);
    }

    /// Whether it or a parent was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.own.load(Ordering::Relaxed) || self.parents.iter().any(|parent| parent.load(Ordering::Relaxed))
    }

    /// # Errors
    /// [`WireError::Cancelled`] if it was cancelled.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            Err(WireError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Sleeps until `until`.
    ///
    /// # Errors
    /// [`WireError::Cancelled`] as soon as it is cancelled.
    pub(crate) fn sleep_until(&self, until: Instant) -> Result<()> {
        loop {
            self.check()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(CANCEL_INTERVAL));
        }
    }

    /// As [`Cancel::sleep_until`], `duration` from now.
    pub(crate) fn sleep(&self, duration: Duration) -> Result<()> {
        self.sleep_until(Instant::now() + duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_cancels_its_children_but_not_the_other_way_round() {
        let parent = Cancel::new();
        let (first, second) = (parent.child(), parent.child().child());
        first.cancel();
        assert!(first.is_cancelled() && !parent.is_cancelled() && !second.is_cancelled());
        parent.cancel();
        assert!(second.is_cancelled());
    }

    #[test]
    fn a_cancelled_wait_ends_long_before_its_time() {
        let cancel = Cancel::new();
        let waiting = cancel.clone();
        let waiter = std::thread::spawn(move || waiting.sleep(Duration::from_secs(3600)));
        cancel.cancel();
        assert_eq!(waiter.join().unwrap(), Err(WireError::Cancelled));
    }
}
