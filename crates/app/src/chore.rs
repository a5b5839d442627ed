//! Something that is done again and again, and must not stop because it failed once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::Result;
use crate::core::panic_words;

/// Longest pause after a panic.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// Something that is done again and again.
pub(crate) struct Chore {
    /// What it means that it failed, for the log.
    failure: &'static str,
    every: Duration,
    due: Option<Instant>,
    /// Pause after the next panic; doubled each time.
    pause: Duration,
}

impl Chore {
    pub(crate) fn new(failure: &'static str, every: Duration) -> Self {
        Self {
            failure,
            every,
            due: None,
            pause: every,
        }
    }

    /// Does it if it is due.
    pub(crate) fn when_due(&mut self, work: impl FnOnce() -> Result<()>) {
        let now = Instant::now();
        if self.due.is_some_and(|due| now < due) {
            return;
        }
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(done) => {
                if let Err(error) = done {
                    tracing::error!(%error, "{}", self.failure);
                }
                self.pause = self.every;
                self.due = Some(now + self.every);
            }
            Err(panic) => {
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                self.due = Some(now + self.pause);
                let words = panic_words(panic.as_ref());
                tracing::error!(%words, pause = ?self.pause, "{}: a panic", self.failure);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_panics_is_left_alone_for_longer_and_longer_and_goes_on_when_it_works() {
        let mut chore = Chore::new("it failed", Duration::from_millis(1));
        let pauses: Vec<Duration> = (0..3)
            .map(|_| {
                chore.due = None;
                chore.when_due(|| std::panic::panic_any("broken"));
                chore.pause
            })
            .collect();
        assert_eq!(pauses, [2, 4, 8].map(Duration::from_millis));
        (0..20).for_each(|_| {
            chore.due = None;
            chore.when_due(|| std::panic::panic_any("broken"));
        });
        assert_eq!(chore.pause, LONGEST_PAUSE);
        let mut done = false;
        chore.when_due(|| {
            done = true;
            Ok(())
        });
        assert!(!done, "it is not due");
        chore.due = None;
        chore.when_due(|| {
            done = true;
            Ok(())
        });
        assert!(done && chore.pause == Duration::from_millis(1));
    }
}
