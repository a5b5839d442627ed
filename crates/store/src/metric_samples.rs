//! What charts are drawn from. Samples of ten seconds are kept for six hours, of a minute for a week, of an hour for 400
//! days: with them a task takes about 3 MB at most, a week can be seen by the minute and a year compared with the last.

use rusqlite::{Row, Transaction, params};

use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

/// Seconds of each resolution, with how many of them are kept.
const RESOLUTIONS: [(i64, i64); 3] = [(10, 6 * HOUR), (60, 7 * DAY), (HOUR, 400 * DAY)];
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A task's numbers over a stretch of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricSample {
    /// Beginning of the stretch, in seconds since 1970.
    pub at_s: i64,
    /// Records read per second.
    pub read_records_rate: f64,
    /// Records acknowledged per second.
    pub write_records_rate: f64,
    /// Bytes read per second.
    pub read_bytes_rate: f64,
    /// Bytes acknowledged per second.
    pub write_bytes_rate: f64,
    /// Greatest delay in ms, where it was known.
    pub delay_ms: Option<i64>,
    /// Greatest lag in records, where it was known.
    pub lag_records: Option<i64>,
    /// Greatest lag in bytes, where it could be estimated.
    pub lag_bytes: Option<i64>,
    /// Greatest median of the latency in µs, where there was one.
    pub p50_us: Option<i64>,
    /// Greatest 95th percentile in µs.
    pub p95_us: Option<i64>,
    /// Greatest 99th percentile in µs.
    pub p99_us: Option<i64>,
    /// Greatest 99.9th percentile in µs.
    pub p999_us: Option<i64>,
}

const COLUMNS: &str = "at_s, read_records_rate, write_records_rate, read_bytes_rate, write_bytes_rate, delay_ms, \
     lag_records, lag_bytes, p50_us, p95_us, p99_us, p999_us";

impl SqliteStore {
    /// Keeps a sample of ten seconds.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn record_metrics(&self, task_id: &str, sample: &MetricSample) -> Result<()> {
        self.write(Durability::Wal, |t| {
            t.prepare_cached(&format!(
                "INSERT OR REPLACE INTO metric_samples (task_id, resolution_s, {COLUMNS})
                 VALUES (?1, 10, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
            ))?
            .execute(params![
                task_id,
                beginning(sample.at_s, 10),
                sample.read_records_rate,
                sample.write_records_rate,
                sample.read_bytes_rate,
                sample.write_bytes_rate,
                sample.delay_ms,
                sample.lag_records,
                sample.lag_bytes,
                sample.p50_us,
                sample.p95_us,
                sample.p99_us,
                sample.p999_us
            ])
            .map(drop)
        })
    }

    /// Makes samples of minutes from those of ten seconds, and of hours from those of minutes, for every stretch that is
    /// over at `now_s` (seconds since 1970): means of rates, the greatest of everything else. Removes what is too old,
    /// nothing of which its coarser sample was not made before. Doing it again changes nothing. A sample that comes after
    /// a later stretch was rolled up is seen in its own resolution alone.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn roll_up_metrics(&self, now_s: i64) -> Result<()> {
        self.write(Durability::Wal, |t| {
            let tasks = sampled_tasks(t)?;
            for (finer, coarser) in RESOLUTIONS.iter().zip(&RESOLUTIONS[1..]) {
                tasks
                    .iter()
                    .try_for_each(|task| roll_up(t, task, finer.0, coarser.0, now_s))?;
                // Up to a beginning of a coarser stretch: the rest of one would replace the whole of it.
                remove_before(t, finer.0, beginning(now_s - finer.1, coarser.0))?;
            }
            let (coarsest, kept) = RESOLUTIONS[RESOLUTIONS.len() - 1];
            remove_before(t, coarsest, now_s - kept)
        })
    }

    /// Samples of a task from `from_s` to before `to_s` (seconds since 1970) in the finest resolution that gives at most
    /// `max_points` and reaches back far enough, or in hours if none does (no more than 9 600 are kept); with that
    /// resolution in seconds.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn metrics(
        &self,
        task_id: &str,
        from_s: i64,
        to_s: i64,
        max_points: usize,
        now_s: i64,
    ) -> Result<(i64, Vec<MetricSample>)> {
        let points = i64::try_from(max_points.max(1)).unwrap_or(i64::MAX);
        let resolution = RESOLUTIONS
            .into_iter()
            .find(|(resolution, kept)| {
                // A stretch that only begins within the time is a point too.
                let most = to_s.saturating_sub(from_s).saturating_add(resolution - 1) / resolution;
                most <= points && from_s >= now_s - kept
            })
            .map_or(HOUR, |(resolution, _)| resolution);
        let samples = self.read(|t| {
            t.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM metric_samples
                 WHERE task_id = ?1 AND resolution_s = ?2 AND at_s >= ?3 AND at_s < ?4 ORDER BY at_s"
            ))?
            .query_map(params![task_id, resolution, from_s, to_s], sample)?
            .collect()
        })?;
        Ok((resolution, samples))
    }
}

/// The tasks that have samples. Looked up one behind the other: reading every row would take as long as rolling them up.
fn sampled_tasks(t: &Transaction<'_>) -> rusqlite::Result<Vec<String>> {
    t.prepare_cached(
        "WITH RECURSIVE ids (id) AS (
             SELECT min(task_id) FROM metric_samples
             UNION ALL
             SELECT (SELECT min(task_id) FROM metric_samples WHERE task_id > ids.id) FROM ids WHERE ids.id IS NOT NULL
         )
         SELECT id FROM ids WHERE id IS NOT NULL",
    )?
    .query_map([], |row| row.get(0))?
    .collect()
}

/// Makes the coarse samples of a task from its last one on, which a late sample may have changed.
fn roll_up(t: &Transaction<'_>, task: &str, fine: i64, coarse: i64, now_s: i64) -> rusqlite::Result<()> {
    let over = beginning(now_s, coarse);
    // Before `over`: a clock that was ahead for a while left samples of a time that is yet to come.
    let last: Option<i64> = t
        .prepare_cached(
            "SELECT max(at_s) FROM metric_samples WHERE task_id = ?1 AND resolution_s = ?2 AND at_s < ?3",
        )?
        .query_row(params![task, coarse, over], |row| row.get(0))?;
    t.prepare_cached(&format!(
        "INSERT OR REPLACE INTO metric_samples (task_id, resolution_s, {COLUMNS})
         SELECT task_id, ?3, at_s / ?3 * ?3,
                avg(read_records_rate), avg(write_records_rate), avg(read_bytes_rate), avg(write_bytes_rate),
                max(delay_ms), max(lag_records), max(lag_bytes), max(p50_us), max(p95_us), max(p99_us), max(p999_us)
         FROM metric_samples
         WHERE task_id = ?1 AND resolution_s = ?2 AND at_s >= ?4 AND at_s < ?5
         GROUP BY at_s / ?3"
    ))?
    .execute(params![task, fine, coarse, last.unwrap_or(0), over])
    .map(drop)
}

fn remove_before(t: &Transaction<'_>, resolution: i64, at_s: i64) -> rusqlite::Result<()> {
    t.prepare_cached("DELETE FROM metric_samples WHERE resolution_s = ?1 AND at_s < ?2")?
        .execute(params![resolution, at_s])
        .map(drop)
}

/// The beginning of the stretch of `length` seconds that `at_s` lies in.
fn beginning(at_s: i64, length: i64) -> i64 {
    at_s.div_euclid(length) * length
}

fn sample(row: &Row<'_>) -> rusqlite::Result<MetricSample> {
    Ok(MetricSample {
        at_s: row.get(0)?,
        read_records_rate: row.get(1)?,
        write_records_rate: row.get(2)?,
        read_bytes_rate: row.get(3)?,
        write_bytes_rate: row.get(4)?,
        delay_ms: row.get(5)?,
        lag_records: row.get(6)?,
        lag_bytes: row.get(7)?,
        p50_us: row.get(8)?,
        p95_us: row.get(9)?,
        p99_us: row.get(10)?,
        p999_us: row.get(11)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::store;

    /// A beginning of an hour.
    const T: i64 = 1_800_000_000 / HOUR * HOUR;

    fn sample(at_s: i64, rate: f64, delay_ms: Option<i64>) -> MetricSample {
        MetricSample {
            at_s,
            read_records_rate: rate,
            delay_ms,
            ..MetricSample::default()
        }
    }

    #[test]
    fn a_minute_has_the_mean_of_its_rates_and_the_greatest_of_its_delays() {
        let (_dir, store) = store();
        for number in 0..12 {
            let delay = (number != 3).then_some(number * 100);
            store
                .record_metrics("rp-1", &sample(T + number * 10, number as f64, delay))
                .unwrap();
        }
        store
            .record_metrics("rp-1", &sample(T + 120, 1_000.0, None))
            .unwrap();
        for _ in 0..2 {
            store.roll_up_metrics(T + 130).unwrap();
            let (resolution, minutes) = store.metrics("rp-1", T, T + 600, 10, T + 600).unwrap();
            assert_eq!(resolution, 60);
            assert_eq!(
                minutes,
                [sample(T, 2.5, Some(500)), sample(T + 60, 8.5, Some(1_100))],
                "the minute that is not over is not there, and again changes nothing"
            );
        }
        let (resolution, fine) = store.metrics("rp-1", T, T + 600, 100, T + 600).unwrap();
        assert_eq!((resolution, fine.len()), (10, 13));
        assert!(
            store
                .metrics("rp-2", T, T + 600, 100, T + 600)
                .unwrap()
                .1
                .is_empty()
        );
    }

    #[test]
    fn every_number_of_a_sample_is_rolled_up_in_its_own_column() {
        let (_dir, store) = store();
        let full = |at_s, n: i64| MetricSample {
            at_s,
            read_records_rate: n as f64,
            write_records_rate: n as f64 + 0.5,
            read_bytes_rate: n as f64 * 10.0,
            write_bytes_rate: n as f64 * 20.0,
            delay_ms: Some(n + 1),
            lag_records: Some(n + 2),
            lag_bytes: Some(n + 3),
            p50_us: Some(n + 4),
            p95_us: Some(n + 5),
            p99_us: Some(n + 6),
            p999_us: Some(n + 7),
        };
        store.record_metrics("rp-1", &full(T, 300)).unwrap();
        store.record_metrics("rp-1", &full(T + 13, 100)).unwrap();
        store.record_metrics("rp-2", &full(T, 8)).unwrap();
        store.roll_up_metrics(T + HOUR).unwrap();
        let means = MetricSample {
            read_records_rate: 200.0,
            write_records_rate: 200.5,
            read_bytes_rate: 2_000.0,
            write_bytes_rate: 4_000.0,
            ..full(T, 300)
        };
        let at = |most| store.metrics("rp-1", T, T + HOUR, most, T + HOUR).unwrap();
        assert_eq!(at(360), (10, vec![full(T, 300), full(T + 10, 100)]));
        assert_eq!(at(60), (60, vec![means.clone()]));
        assert_eq!(at(1), (HOUR, vec![means]));
        assert_eq!(
            store.metrics("rp-2", T, T + HOUR, 1, T + HOUR).unwrap(),
            (HOUR, vec![full(T, 8)])
        );
    }

    #[test]
    fn what_a_killed_program_had_not_rolled_up_is_not_lost_however_late_the_next_one_starts() {
        for (away, resolution) in [(7 * HOUR, 60), (8 * DAY, HOUR)] {
            let (_dir, store) = store();
            for number in 0..9 {
                store
                    .record_metrics("rp-1", &sample(T + number * 10, 4.0, Some(number)))
                    .unwrap();
            }
            store.roll_up_metrics(T + 90).unwrap();
            let now = T + away;
            store.roll_up_metrics(now).unwrap();
            let expected = match resolution {
                60 => vec![sample(T, 4.0, Some(5)), sample(T + 60, 4.0, Some(8))],
                _ => vec![sample(T, 4.0, Some(8))],
            };
            assert_eq!(
                store.metrics("rp-1", T, T + HOUR, 100_000, now).unwrap(),
                (resolution, expected)
            );
        }
    }

    #[test]
    fn a_late_sample_and_a_clock_that_was_ahead_spoil_nothing() {
        let (_dir, store) = store();
        let record = |at_s, rate| store.record_metrics("rp-1", &sample(at_s, rate, None)).unwrap();
        record(T + DAY, 9.0);
        store.roll_up_metrics(T + DAY + 60).unwrap();
        record(T, 1.0);
        store.roll_up_metrics(T + 60).unwrap();
        record(T + 50, 3.0);
        record(T + 60, 5.0);
        store.roll_up_metrics(T + 120).unwrap();
        assert_eq!(
            store.metrics("rp-1", T, T + HOUR, 60, T + 120).unwrap().1,
            [sample(T, 2.0, None), sample(T + 60, 5.0, None)]
        );
    }

    #[test]
    fn there_are_never_more_points_than_asked_for_unless_hours_are_too_many() {
        let (_dir, store) = store();
        for number in 0..120 {
            store
                .record_metrics("rp-1", &sample(T + number * 10, 1.0, None))
                .unwrap();
        }
        let now = T + 1_200;
        store.roll_up_metrics(now).unwrap();
        let points = |from_s, to_s, most| {
            let (resolution, samples) = store.metrics("rp-1", from_s, to_s, most, now).unwrap();
            (resolution, samples.len())
        };
        assert_eq!(points(T, T + 600, 60), (10, 60));
        assert_eq!(
            points(T, T + 601, 60),
            (60, 11),
            "a started stretch is a point too"
        );
        assert_eq!(points(T, T + 1_200, 20), (60, 20));
    }

    #[test]
    fn hours_come_from_minutes_and_old_samples_go_without_spoiling_them() {
        let (_dir, store) = store();
        for minute in 0..120 {
            for second in (0..60).step_by(10) {
                store
                    .record_metrics("rp-1", &sample(T + minute * 60 + second, minute as f64, None))
                    .unwrap();
            }
        }
        store.roll_up_metrics(T + 2 * HOUR).unwrap();
        let hours = [sample(T, 29.5, None), sample(T + HOUR, 89.5, None)];
        let year = |now: i64| store.metrics("rp-1", T, T + 300 * DAY, 10_000, now).unwrap();
        assert_eq!(year(T + 300 * DAY), (HOUR, hours.to_vec()));
        // Samples of ten seconds of the first half hour are too old now, then minutes as well.
        store.roll_up_metrics(T + 6 * HOUR + 1_800).unwrap();
        let (resolution, minutes) = store.metrics("rp-1", T, T + 2 * HOUR, 200, T + 7 * HOUR).unwrap();
        assert_eq!((resolution, minutes.len()), (60, 120));
        assert_eq!(minutes[29], sample(T + 29 * 60, 29.0, None));
        let left: i64 = store
            .read(|t| {
                t.query_row(
                    "SELECT count(*) FROM metric_samples WHERE resolution_s = 10",
                    [],
                    |row| row.get(0),
                )
            })
            .unwrap();
        assert_eq!(left, 90 * 6);
        store.roll_up_metrics(T + 7 * DAY + 1_800).unwrap();
        assert_eq!(
            year(T + 300 * DAY),
            (HOUR, hours.to_vec()),
            "what is left of an hour does not replace it"
        );
        store.roll_up_metrics(T + 401 * DAY).unwrap();
        assert!(year(T + 300 * DAY).1.is_empty());
    }
}
