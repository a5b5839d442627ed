use std::time::Duration;

/// How often a delivery is tried, and how long is waited in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// How often, at most.
    pub attempts: u32,
    /// The first wait.
    pub first: Duration,
    /// What each further wait is multiplied with.
    pub factor: u32,
}

impl Backoff {
    /// How long to wait after this many failed attempts; `None` to give up.
    pub fn after(&self, failed: u32) -> Option<Duration> {
        (failed < self.attempts).then(|| {
            let factor = self.factor.saturating_pow(failed.saturating_sub(1));
            self.first.saturating_mul(factor)
        })
    }
}

impl Default for Backoff {
    /// Three attempts, after 2 s and 10 s.
    fn default() -> Self {
        Self {
            attempts: 3,
            first: Duration::from_secs(2),
            factor: 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_attempts_wait_two_and_ten_seconds() {
        let backoff = Backoff::default();
        assert_eq!(backoff.after(1), Some(Duration::from_secs(2)));
        assert_eq!(backoff.after(2), Some(Duration::from_secs(10)));
        assert_eq!(backoff.after(3), None);
    }
}
