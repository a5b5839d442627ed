use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::cancel::{CANCEL_INTERVAL, Cancel};
use crate::error::Result;

#[derive(Debug, Default)]
struct Counter {
    count: Mutex<u64>,
    changed: Condvar,
}

/// Wakes a thread that waits for several drivers at once. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Counter>);

impl Wake {
    /// Nothing has come so far.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.0.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often it was woken so far. Read it before the drivers are polled, so that nothing is missed in between.
    pub fn count(&self) -> u64 {
        *self.lock()
    }

    pub(crate) fn notify(&self) {
        *self.lock() += 1;
        self.0.changed.notify_all();
    }

    /// Waits until it was woken after `seen`, or the deadline.
    ///
    /// # Errors
    /// [`crate::WireError::Cancelled`] as soon as it is cancelled.
    pub fn wait(&self, seen: u64, deadline: Instant, cancel: &Cancel) -> Result<()> {
        let mut count = self.lock();
        loop {
            cancel.check()?;
            let left = deadline.saturating_duration_since(Instant::now());
            if *count != seen || left.is_zero() {
                return Ok(());
            }
            count = self
                .0
                .changed
                .wait_timeout(count, left.min(CANCEL_INTERVAL))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// What other threads report to a driver. What is in it is bounded by what the driver has asked for.
#[derive(Debug)]
pub(crate) struct Mailbox<T> {
    queue: Arc<Mutex<VecDeque<T>>>,
    wake: Wake,
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self {
            queue: Arc::clone(&self.queue),
            wake: self.wake.clone(),
        }
    }
}

impl<T> Mailbox<T> {
    pub(crate) fn new(wake: Wake) -> Self {
        Self {
            queue: Arc::default(),
            wake,
        }
    }

    pub(crate) fn put(&self, signal: T) {
        self.queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(signal);
        self.wake.notify();
    }

    /// Everything that has come.
    pub(crate) fn take(&self) -> VecDeque<T> {
        std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::WireError;

    #[test]
    fn what_came_before_the_wait_ends_it_at_once_and_a_cancellation_ends_it_early() {
        let mailbox = Mailbox::new(Wake::new());
        let (far, cancel) = (Instant::now() + Duration::from_secs(3600), Cancel::new());
        let seen = mailbox.wake.count();
        mailbox.put(1);
        assert_eq!(mailbox.wake.wait(seen, far, &cancel), Ok(()));
        assert_eq!(mailbox.take(), [1]);
        cancel.cancel();
        assert_eq!(
            mailbox.wake.wait(mailbox.wake.count(), far, &cancel),
            Err(WireError::Cancelled)
        );
    }
}
