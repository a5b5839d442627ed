//! What the charts keep of ten seconds of a run.

use sluice_engine::Progress;
use sluice_store::MetricSample;

/// Seconds of a stretch: the store's finest resolution.
pub(crate) const SECONDS: i64 = 10;

/// Ten seconds being measured. The engine's rates are those of the last seconds: one look in ten seconds would miss a
/// burst or count it twice, so rates are taken from its counters, and the rest is the greatest of every look.
pub(crate) struct Stretch {
    /// What is known so far, with what an earlier run left of the same ten seconds.
    sample: MetricSample,
    counted: Counted,
}

/// The run's counters.
#[derive(Clone, Copy, Default)]
struct Counted {
    read: u64,
    read_bytes: u64,
    written: u64,
    written_bytes: u64,
}

impl Stretch {
    /// Begins to measure a run at its beginning, `now_ms` (ms since 1970). `earlier` is what is already kept of these ten seconds.
    pub(crate) fn begin(now_ms: i64, earlier: Option<MetricSample>) -> Self {
        Self {
            sample: earlier.unwrap_or_else(|| MetricSample {
                at_s: beginning(now_ms),
                ..MetricSample::default()
            }),
            // Everything a run counts, it counts from 0.
            counted: Counted::default(),
        }
    }

    /// Takes in what a run has come to at `now_ms`. Gives the sample of the ten seconds before when these are others.
    pub(crate) fn look(&mut self, now_ms: i64, progress: &Progress) -> Option<MetricSample> {
        let over = (beginning(now_ms) != self.sample.at_s).then(|| {
            let next = MetricSample {
                at_s: beginning(now_ms),
                ..MetricSample::default()
            };
            std::mem::replace(&mut self.sample, next)
        });
        let now = Counted::of(progress);
        let sample = &mut self.sample;
        let per_second = |now: u64, then: u64| now.saturating_sub(then) as f64 / SECONDS as f64;
        sample.read_records_rate += per_second(now.read, self.counted.read);
        sample.write_records_rate += per_second(now.written, self.counted.written);
        sample.write_bytes_rate += per_second(now.written_bytes, self.counted.written_bytes);
        sample.read_bytes_rate += per_second(now.read_bytes, self.counted.read_bytes);
        let latency = progress.latency.as_ref();
        let micros = |ms: f64| (ms * 1000.0) as i64;
        sample.delay_ms = sample.delay_ms.max(progress.delay_ms);
        sample.lag_records = sample.lag_records.max(progress.lag_records);
        let lag_bytes = progress
            .lag_bytes_estimate
            .map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        sample.lag_bytes = sample.lag_bytes.max(lag_bytes);
        sample.p50_us = sample.p50_us.max(latency.map(|l| micros(l.p50_ms)));
        sample.p95_us = sample.p95_us.max(latency.map(|l| micros(l.p95_ms)));
        sample.p99_us = sample.p99_us.max(latency.map(|l| micros(l.p99_ms)));
        sample.p999_us = sample.p999_us.max(latency.map(|l| micros(l.p999_ms)));
        self.counted = now;
        over
    }

    /// What is known of the ten seconds that are not over.
    pub(crate) fn sample(&self) -> &MetricSample {
        &self.sample
    }
}

impl Counted {
    fn of(progress: &Progress) -> Self {
        Self {
            read: progress.read_records,
            read_bytes: progress.read_bytes,
            written: progress.written_records,
            written_bytes: progress.written_bytes,
        }
    }
}

/// The beginning of the ten seconds of `now_ms`, in seconds since 1970.
pub(crate) fn beginning(now_ms: i64) -> i64 {
    now_ms.div_euclid(SECONDS * 1000) * SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(read: u64, written: u64, delay_ms: i64) -> Progress {
        Progress {
            read_records: read,
            read_bytes: 10 * read,
            written_records: written,
            written_bytes: 10 * written,
            delay_ms: Some(delay_ms),
            lag_records: Some(delay_ms / 10),
            lag_bytes_estimate: Some(delay_ms as u64),
            ..Progress::default()
        }
    }

    #[test]
    fn a_burst_between_two_samples_is_counted_once_and_the_greatest_delay_and_backlog_are_kept() {
        let mut stretch = Stretch::begin(20_000, None);
        assert_eq!(stretch.look(20_001, &progress(0, 0, 0)), None);
        assert_eq!(stretch.look(21_000, &progress(600, 500, 900)), None);
        assert_eq!(stretch.look(29_000, &progress(600, 500, 0)), None);
        let sample = stretch.look(30_000, &progress(600, 600, 0));
        assert_eq!(
            sample,
            Some(MetricSample {
                at_s: 20,
                read_records_rate: 60.0,
                write_records_rate: 50.0,
                read_bytes_rate: 600.0,
                write_bytes_rate: 500.0,
                delay_ms: Some(900),
                lag_records: Some(90),
                lag_bytes: Some(900),
                ..MetricSample::default()
            })
        );
        assert_eq!(
            stretch.sample(),
            &MetricSample {
                at_s: 30,
                write_records_rate: 10.0,
                write_bytes_rate: 100.0,
                delay_ms: Some(0),
                lag_records: Some(0),
                lag_bytes: Some(0),
                ..MetricSample::default()
            }
        );
    }

    #[test]
    fn a_run_adds_to_what_an_earlier_one_left_of_the_same_ten_seconds() {
        let earlier = MetricSample {
            at_s: 20,
            write_records_rate: 7.0,
            delay_ms: Some(5),
            ..MetricSample::default()
        };
        let mut stretch = Stretch::begin(24_000, Some(earlier));
        assert_eq!(stretch.look(25_000, &progress(30, 30, 0)), None);
        assert_eq!(stretch.sample().write_records_rate, 10.0);
        assert_eq!(stretch.sample().delay_ms, Some(5));
    }
}
