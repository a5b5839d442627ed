use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::progress::Latency;

/// How long one of the two histograms collects: what is reported covers the last half to whole minute.
const TURN: Duration = Duration::from_secs(30);
/// Longest latency that is distinguished, in µs: an hour.
const LONGEST_US: u64 = 3_600_000_000;
/// Significant digits of what is reported.
const DIGITS: u8 = 2;

/// Collects latencies in two histograms that take turns, so that what is old is forgotten.
#[derive(Debug)]
pub(crate) struct LatencyMeter {
    now: Option<Histogram<u64>>,
    before: Option<Histogram<u64>>,
    turned: Instant,
    /// Hand-over times of acknowledged records whose transaction is still open.
    uncommitted: Vec<Instant>,
}

impl LatencyMeter {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            now: None,
            before: None,
            turned: now,
            uncommitted: Vec::new(),
        }
    }

    /// Records that were acknowledged just now, by when they were handed over. Of a transaction they count later.
    pub(crate) fn acknowledged(&mut self, handed_over: &[Instant], transactional: bool, now: Instant) {
        if transactional {
            self.uncommitted.extend_from_slice(handed_over);
        } else {
            handed_over.iter().for_each(|&since| self.record(since, now));
        }
    }

    /// The open transaction was committed.
    pub(crate) fn committed(&mut self, now: Instant) {
        for since in std::mem::take(&mut self.uncommitted) {
            self.record(since, now);
        }
    }

    /// The open transaction was given up: its records are read again.
    pub(crate) fn given_up(&mut self) {
        self.uncommitted.clear();
    }

    fn record(&mut self, since: Instant, now: Instant) {
        self.turn(now);
        if self.now.is_none() {
            // The bounds are constants that the library takes; without a histogram nothing is reported.
            self.now = Histogram::new_with_bounds(1, LONGEST_US, DIGITS).ok();
        }
        let took = now.saturating_duration_since(since).as_micros();
        if let Some(histogram) = &mut self.now {
            histogram.saturating_record(u64::try_from(took).unwrap_or(LONGEST_US).max(1));
        }
    }

    fn turn(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.turned);
        if passed >= TURN {
            // After a longer silence both are old.
            let last = self.now.take();
            self.before = if passed < 2 * TURN { last } else { None };
            self.turned = now;
        }
    }

    /// What was seen in the last minute; `None` when that is nothing.
    pub(crate) fn read(&self, now: Instant) -> Option<Latency> {
        let passed = now.saturating_duration_since(self.turned);
        let recent = (passed < 2 * TURN).then_some(self.now.as_ref()).flatten();
        let older = (passed < TURN).then_some(self.before.as_ref()).flatten();
        let mut all = recent.or(older)?.clone();
        if let (Some(_), Some(older)) = (recent, older) {
            all.add(older).ok()?;
        }
        let at = |quantile: f64| all.value_at_quantile(quantile) as f64 / 1000.0;
        Some(Latency {
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            samples: all.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let begun = Instant::now();
        let mut meter = LatencyMeter::new(begun);
        assert_eq!(meter.read(begun), None);
        let now = begun + ms(2_000);
        let handed: Vec<Instant> = (1..=1_000).map(|took| now - ms(took)).collect();
        meter.acknowledged(&handed, false, now);
        let latency = meter.read(now).unwrap();
        assert_eq!(latency.samples, 1_000);
        for (found, wanted) in [
            (latency.p50_ms, 500.0),
            (latency.p95_ms, 950.0),
            (latency.p99_ms, 990.0),
            (latency.p999_ms, 999.0),
        ] {
            assert!((found - wanted).abs() <= wanted * 0.01, "{latency:?}");
        }
    }

    #[test]
    fn records_of_a_transaction_count_when_it_is_committed_and_not_when_it_is_given_up() {
        let begun = Instant::now();
        let mut meter = LatencyMeter::new(begun);
        meter.acknowledged(&[begun], true, begun + ms(10));
        meter.given_up();
        meter.acknowledged(&[begun], true, begun + ms(10));
        assert_eq!(meter.read(begun + ms(10)), None);
        meter.committed(begun + ms(500));
        let latency = meter.read(begun + ms(500)).unwrap();
        assert_eq!(latency.samples, 1);
        assert!((latency.p50_ms - 500.0).abs() <= 5.0, "{latency:?}");
    }

    #[test]
    fn what_is_older_than_a_minute_is_forgotten() {
        let begun = Instant::now();
        let mut meter = LatencyMeter::new(begun);
        meter.acknowledged(&[begun], false, begun + ms(1));
        meter.acknowledged(&[begun], false, begun + TURN);
        assert_eq!(meter.read(begun + TURN).unwrap().samples, 2);
        assert_eq!(meter.read(begun + TURN + TURN).unwrap().samples, 1);
        assert_eq!(meter.read(begun + 3 * TURN), None);
        meter.acknowledged(&[begun], false, begun + 4 * TURN);
        assert_eq!(meter.read(begun + 4 * TURN).unwrap().samples, 1);
    }
}
