use std::time::{Duration, Instant};

/// Bytes in flight before anything is known of the target's speed.
const FIRST: usize = 4 * 1024 * 1024;
/// Least bytes in flight: a batch must fit.
const LEAST: usize = 256 * 1024;
/// What may be in flight, in seconds of the target's speed: a sixth of the transaction's time-out of 60 s, so that a target
/// that limits its writers acknowledges a transaction long before it gives it up.
const SECONDS_IN_FLIGHT: f64 = 10.0;
/// Time over which the target's speed is averaged.
const WINDOW: Duration = Duration::from_secs(20);

/// Keeps what is in flight to what the target acknowledges in a fraction of the transaction's time-out. What a slow
/// target (a client quota, a thin line) cannot acknowledge in that time would be aborted and written again for ever.
#[derive(Debug)]
pub(super) struct TransactionSize {
    most: usize,
    since: Instant,
    bytes: u64,
    /// Acknowledged bytes per second, once known.
    rate: Option<f64>,
}

impl TransactionSize {
    /// `most` bytes at most are in flight, however fast the target is.
    pub(super) fn new(most: usize, now: Instant) -> Self {
        Self {
            most,
            since: now,
            bytes: 0,
            rate: None,
        }
    }

    /// The target acknowledged `bytes` more.
    pub(super) fn acknowledged(&mut self, bytes: u64, now: Instant) {
        self.bytes += bytes;
        let seconds = now.duration_since(self.since).as_secs_f64();
        // A burst says little; half a second of acknowledgements, or a whole window without many, says enough.
        if seconds >= 0.5 {
            let rate = self.bytes as f64 / seconds;
            self.rate = Some(self.rate.map_or(rate, |known| known.max(rate)));
            if now.duration_since(self.since) >= WINDOW {
                self.rate = Some(rate);
                self.since = now;
                self.bytes = 0;
            }
        }
    }

    /// Nothing is in flight: the time until there is something again does not count.
    pub(super) fn idle(&mut self, now: Instant) {
        self.since = now;
        self.bytes = 0;
    }

    /// Bytes that may be in flight now.
    pub(super) fn limit(&self) -> usize {
        let wanted = self.rate.map_or(FIRST as f64, |rate| rate * SECONDS_IN_FLIGHT);
        (wanted as usize).clamp(LEAST.min(self.most), self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 24 * 1024 * 1024;

    #[test]
    fn a_slow_target_gets_no_more_than_it_acknowledges_in_ten_seconds() {
        let start = Instant::now();
        let mut size = TransactionSize::new(MOST, start);
        assert_eq!(size.limit(), FIRST, "before anything is known");
        for second in 1..=40u64 {
            size.acknowledged(100_000, start + Duration::from_secs(second));
        }
        assert!((900_000..=1_100_000).contains(&size.limit()), "{}", size.limit());
    }

    #[test]
    fn a_fast_target_gets_the_whole_budget_within_a_second() {
        let start = Instant::now();
        let mut size = TransactionSize::new(MOST, start);
        size.acknowledged(40_000_000, start + Duration::from_millis(600));
        assert_eq!(size.limit(), MOST);
    }

    #[test]
    fn waiting_for_records_is_no_slowness() {
        let start = Instant::now();
        let mut size = TransactionSize::new(MOST, start);
        size.acknowledged(40_000_000, start + Duration::from_millis(600));
        size.idle(start + Duration::from_secs(3_600));
        size.acknowledged(100, start + Duration::from_secs(3_601));
        assert_eq!(size.limit(), MOST);
    }

    #[test]
    fn a_target_that_becomes_slow_is_believed_after_a_while() {
        let start = Instant::now();
        let mut size = TransactionSize::new(MOST, start);
        size.acknowledged(40_000_000, start + Duration::from_millis(600));
        for second in 1..=60u64 {
            size.acknowledged(100_000, start + Duration::from_secs(second));
        }
        assert!(size.limit() <= 1_100_000, "{}", size.limit());
    }
}
