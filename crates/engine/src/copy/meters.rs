use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::copy::latency::LatencyMeter;

/// Time over which rates are averaged.
const RATE_WINDOW: Duration = Duration::from_secs(5);

/// What a run has counted.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counters {
    pub(super) read: u64,
    pub(super) read_bytes: u64,
    pub(super) written: u64,
    pub(super) bytes: u64,
    pub(super) gaps: u64,
    pub(super) quarantined: u64,
}

/// What passes per second, over the last seconds.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Rates {
    pub(super) read: f64,
    pub(super) read_bytes: f64,
    pub(super) write: f64,
    pub(super) write_bytes: f64,
}

/// Counts what passes and measures how fast.
#[derive(Debug)]
pub(super) struct Meters {
    pub(super) total: Counters,
    pub(super) latency: LatencyMeter,
    /// What was counted in the last seconds.
    samples: VecDeque<(Instant, Counters)>,
}

impl Meters {
    pub(super) fn new(total: Counters, now: Instant) -> Self {
        Self {
            total,
            latency: LatencyMeter::new(now),
            samples: VecDeque::new(),
        }
    }

    /// Nothing passes any more: rates are zero from now on.
    pub(super) fn stop(&mut self) {
        self.samples.clear();
    }

    /// Takes a sample and returns the rates of the last seconds.
    pub(super) fn sample(&mut self, now: Instant) -> Rates {
        self.samples.push_back((now, self.total));
        while self
            .samples
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > RATE_WINDOW)
        {
            self.samples.pop_front();
        }
        let Some((at, then)) = self.samples.front().filter(|_| self.samples.len() > 1) else {
            return Rates::default();
        };
        let seconds = now.duration_since(*at).as_secs_f64().max(0.001);
        let per_second = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
        Rates {
            read: per_second(self.total.read, then.read),
            read_bytes: per_second(self.total.read_bytes, then.read_bytes),
            write: per_second(self.total.written, then.written),
            write_bytes: per_second(self.total.bytes, then.bytes),
        }
    }
}
