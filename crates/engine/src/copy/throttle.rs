use std::time::{Duration, Instant};

use sluice_model::RateLimits;

/// How far ahead of its rate a task may get, in seconds of that rate.
const BURST_SECONDS: f64 = 0.25;
/// Records taken at once when nothing limits them.
const FULL_STEP: usize = 10_000;

/// Holds a task to its rate limits. A record may be larger than what its bucket holds, which goes below zero then and is
/// waited for. Records are limited by their mean size too, so that little is read that did not fit.
#[derive(Debug)]
pub(crate) struct Throttle {
    limits: RateLimits,
    records: f64,
    bytes: f64,
    mean_bytes: f64,
    refilled: Instant,
}

/// What may be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// Read up to this many records.
    Read {
        /// Records at most.
        records: usize,
        /// Bytes at most; one record may be larger than that.
        bytes: u64,
    },
    /// Wait this long first.
    Wait(Duration),
}

impl Throttle {
    pub(crate) fn new(limits: RateLimits, now: Instant) -> Self {
        Self {
            limits,
            records: 0.0,
            bytes: 0.0,
            mean_bytes: 1_000.0,
            refilled: now,
        }
    }

    /// Takes new limits at once; what was saved up under the old ones is forgotten. Returns whether they are new.
    pub(crate) fn set(&mut self, limits: RateLimits, now: Instant) -> bool {
        let new = self.limits != limits;
        if new {
            self.limits = limits;
            self.records = 0.0;
            self.bytes = 0.0;
            self.refilled = now;
        }
        new
    }

    pub(crate) fn allow(&mut self, now: Instant) -> Allowance {
        let elapsed = now.saturating_duration_since(self.refilled).as_secs_f64();
        self.refilled = now;
        let mut step = FULL_STEP as f64;
        let mut wait = 0.0f64;
        for (rate, bucket, cost) in [
            (self.limits.records_per_second, &mut self.records, 1.0),
            (
                self.limits.bytes_per_second,
                &mut self.bytes,
                self.mean_bytes.max(1.0),
            ),
        ] {
            let Some(rate) = rate else { continue };
            let rate = rate as f64;
            *bucket = (*bucket + elapsed * rate).min((rate * BURST_SECONDS).max(cost));
            let affordable = (*bucket / cost).floor();
            if affordable < 1.0 {
                wait = wait.max((cost - *bucket) / rate);
            }
            step = step.min(affordable);
        }
        if wait > 0.0 {
            return Allowance::Wait(Duration::from_secs_f64(wait.clamp(0.001, 0.25)));
        }
        Allowance::Read {
            records: (step as usize).clamp(1, FULL_STEP),
            bytes: match self.limits.bytes_per_second {
                Some(_) => self.bytes as u64,
                None => u64::MAX,
            },
        }
    }

    /// Whether a limit lets nothing be read at the moment.
    pub(crate) fn is_spent(&self) -> bool {
        let short = |limit: Option<u64>, bucket: f64, cost: f64| limit.is_some() && bucket < cost;
        short(self.limits.records_per_second, self.records, 1.0)
            || short(self.limits.bytes_per_second, self.bytes, self.mean_bytes)
    }

    pub(crate) fn spend(&mut self, records: u64, bytes: u64) {
        if records == 0 {
            return;
        }
        self.records -= records as f64;
        self.bytes -= bytes as f64;
        self.mean_bytes = self.mean_bytes * 0.7 + bytes as f64 / records as f64 * 0.3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(limits: RateLimits, record_bytes: u64, seconds: f64) -> (u64, u64) {
        let begin = Instant::now();
        let (mut at, mut throttle) = (begin, Throttle::new(limits, begin));
        let (mut records, mut bytes) = (0, 0);
        while (at - begin).as_secs_f64() < seconds {
            match throttle.allow(at) {
                Allowance::Read {
                    records: n,
                    bytes: most,
                } => {
                    let n = (n as u64).min(most / record_bytes).max(1);
                    throttle.spend(n, n * record_bytes);
                    records += n;
                    bytes += n * record_bytes;
                    at += Duration::from_millis(1);
                }
                Allowance::Wait(wait) => at += wait,
            }
        }
        (records, bytes)
    }

    #[test]
    fn a_limit_is_spent_until_the_next_record_fits() {
        let begin = Instant::now();
        let limits = RateLimits {
            records_per_second: None,
            bytes_per_second: Some(1_000),
        };
        let mut throttle = Throttle::new(limits, begin);
        assert!(throttle.is_spent(), "nothing was saved up yet");
        assert!(matches!(
            throttle.allow(begin + Duration::from_secs(2)),
            Allowance::Read { .. }
        ));
        assert!(!throttle.is_spent());
        throttle.spend(1, 100_000);
        assert!(matches!(
            throttle.allow(begin + Duration::from_secs(62)),
            Allowance::Wait(_)
        ));
        assert!(throttle.is_spent(), "a large record takes more than a minute");
        throttle.set(RateLimits::default(), begin + Duration::from_secs(62));
        assert!(!throttle.is_spent(), "there is no limit");
    }

    #[test]
    fn a_step_gets_no_more_bytes_than_are_saved_up() {
        let begin = Instant::now();
        let limits = RateLimits {
            records_per_second: None,
            bytes_per_second: Some(1_000_000),
        };
        let mut throttle = Throttle::new(limits, begin);
        assert_eq!(
            throttle.allow(begin + Duration::from_millis(100)),
            Allowance::Read {
                records: 100,
                bytes: 100_000
            }
        );
        throttle.spend(1, 60_000);
        let Allowance::Read { bytes, .. } = throttle.allow(begin + Duration::from_millis(100)) else {
            panic!("there is something left");
        };
        assert_eq!(bytes, 40_000);
    }

    #[test]
    fn records_per_second_are_held_within_five_percent() {
        let (records, _) = run(
            RateLimits {
                records_per_second: Some(1_000),
                bytes_per_second: None,
            },
            100,
            20.0,
        );
        assert!((19_000..=21_000).contains(&records), "{records}");
    }

    #[test]
    fn bytes_per_second_are_held_within_five_percent() {
        let (_, bytes) = run(
            RateLimits {
                records_per_second: None,
                bytes_per_second: Some(1_000_000),
            },
            700,
            20.0,
        );
        assert!((19_000_000..=21_000_000).contains(&bytes), "{bytes}");
    }

    #[test]
    fn one_record_bigger_than_a_second_of_the_rate_is_still_copied() {
        let (records, _) = run(
            RateLimits {
                records_per_second: None,
                bytes_per_second: Some(1_000),
            },
            5_000,
            60.0,
        );
        assert!((8..=16).contains(&records), "{records}");
    }

    #[test]
    fn no_limit_gives_full_steps() {
        let now = Instant::now();
        assert_eq!(
            Throttle::new(RateLimits::default(), now).allow(now),
            Allowance::Read {
                records: FULL_STEP,
                bytes: u64::MAX
            }
        );
    }
}
