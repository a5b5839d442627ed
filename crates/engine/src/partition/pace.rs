//! How a partition moves: its rate, since when it stands still, and whether the source's clean-up gains on it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Time over which a partition's rate is averaged.
const SMOOTHING: Duration = Duration::from_secs(3);
/// How long a partition that has more to copy stands still before it counts as stuck.
pub(crate) const STUCK: Duration = Duration::from_secs(60);
/// Distance of the points from which the movement of the log's start is computed: it moves by whole segments.
const POINT_EVERY: Duration = Duration::from_secs(15);
/// Points kept: a quarter of an hour.
const POINTS: usize = 60;

#[derive(Debug, Clone, Copy)]
struct Point {
    at: Instant,
    log_start: i64,
    position: i64,
}

#[derive(Debug)]
pub(crate) struct Pace {
    position: i64,
    records: u64,
    seen: Option<Instant>,
    rate: f64,
    still_since: Option<(Instant, i64)>,
    points: VecDeque<Point>,
}

impl Pace {
    pub(crate) fn new(position: i64, records: u64) -> Self {
        Self {
            position,
            records,
            seen: None,
            rate: 0.0,
            still_since: None,
            points: VecDeque::new(),
        }
    }

    /// Takes in where the partition stands now; `now_ms` is the same moment in ms since 1970.
    pub(crate) fn step(&mut self, position: i64, records: u64, now: Instant, now_ms: i64) {
        if position != self.position || self.still_since.is_none() {
            self.position = position;
            self.still_since = Some((now, now_ms));
        }
        if let Some(seen) = self.seen {
            let passed = now.saturating_duration_since(seen).as_secs_f64();
            if passed <= 0.0 {
                return;
            }
            let current = records.saturating_sub(self.records) as f64 / passed;
            let weight = 1.0 - (-passed / SMOOTHING.as_secs_f64()).exp();
            self.rate += (current - self.rate) * weight;
            if self.rate < 0.01 {
                self.rate = 0.0;
            }
        }
        self.seen = Some(now);
        self.records = records;
    }

    /// Records per second.
    pub(crate) fn rate(&self) -> f64 {
        self.rate
    }

    /// Since when the position has not moved, in ms since 1970.
    pub(crate) fn still_since_ms(&self) -> Option<i64> {
        self.still_since.map(|(_, at_ms)| at_ms)
    }

    /// Whether it has stood still for so long that it counts as stuck, if there is more to copy.
    pub(crate) fn is_still(&self, now: Instant) -> bool {
        self.still_since
            .is_some_and(|(since, _)| now.saturating_duration_since(since) >= STUCK)
    }

    /// Takes in where the source's log begins.
    pub(crate) fn see_log_start(&mut self, log_start: i64, position: i64, now: Instant) {
        let due = self
            .points
            .back()
            .is_none_or(|last| now.saturating_duration_since(last.at) >= POINT_EVERY);
        if due {
            if self.points.len() == POINTS {
                self.points.pop_front();
            }
            self.points.push_back(Point {
                at: now,
                log_start,
                position,
            });
        }
    }

    /// Seconds until the start of the log has overtaken the position, if both go on as in the last quarter of an hour.
    /// `None` when the log's start does not move, or does not gain.
    pub(crate) fn retention_left_seconds(&self) -> Option<i64> {
        let (first, last) = (self.points.front()?, self.points.back()?);
        let passed = last.at.saturating_duration_since(first.at).as_secs_f64();
        let (cleaned, copied) = (
            (last.log_start - first.log_start) as f64,
            (last.position - first.position) as f64,
        );
        if passed <= 0.0 || cleaned <= 0.0 || cleaned <= copied {
            return None;
        }
        let distance = (last.position - last.log_start).max(0) as f64;
        Some((distance / ((cleaned - copied) / passed)) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_rate_settles_at_what_is_copied_and_falls_to_nothing() {
        let begun = Instant::now();
        let mut pace = Pace::new(0, 0);
        for tick in 0..=100u64 {
            let at = begun + Duration::from_millis(250 * tick);
            pace.step(tick as i64 * 25, tick * 25, at, 0);
        }
        assert!((pace.rate() - 100.0).abs() < 1.0, "{}", pace.rate());
        for tick in 101..=400u64 {
            pace.step(2_500, 2_500, begun + Duration::from_millis(250 * tick), 0);
        }
        assert_eq!(pace.rate(), 0.0);
    }

    #[test]
    fn a_partition_that_does_not_move_for_a_minute_stands_still() {
        let begun = Instant::now();
        let mut pace = Pace::new(5, 0);
        pace.step(5, 0, begun, 1_000);
        pace.step(6, 1, begun + seconds(10), 11_000);
        pace.step(6, 1, begun + seconds(69), 70_000);
        assert!(!pace.is_still(begun + seconds(69)));
        assert!(pace.is_still(begun + seconds(70)));
        assert_eq!(pace.still_since_ms(), Some(11_000));
        pace.step(7, 2, begun + seconds(71), 72_000);
        assert!(!pace.is_still(begun + seconds(72)));
    }

    #[test]
    fn the_time_left_is_known_only_while_the_clean_up_gains() {
        let begun = Instant::now();
        let mut pace = Pace::new(0, 0);
        pace.see_log_start(0, 1_000, begun);
        assert_eq!(pace.retention_left_seconds(), None, "nothing has moved yet");
        // 5 records/s are deleted, 2.5 are copied: 950 records at 2.5 a second.
        pace.see_log_start(100, 1_050, begun + seconds(20));
        assert_eq!(pace.retention_left_seconds(), Some(380));
        pace.see_log_start(900, 1_051, begun + seconds(21));
        assert_eq!(
            pace.retention_left_seconds(),
            Some(380),
            "one clean-up of a whole segment says little before its time has passed"
        );
        let mut faster = Pace::new(0, 0);
        faster.see_log_start(0, 1_000, begun);
        faster.see_log_start(100, 2_000, begun + seconds(20));
        assert_eq!(faster.retention_left_seconds(), None);
    }
}
