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
     lag_records, p50_us, p95_us, p99_us, p999_us";

impl SqliteStore {
    /// Keeps a sample of ten seconds.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn record_metrics(&self, task_id: &str, sample: &MetricSample) -> Result<()> {
        self.write(Durability::Process, |t| {
            t.prepare_cached(&format!(
                "INSERT OR REPLACE INTO metric_samples (task_id, resolution_s, {COLUMNS})
                 VALUES (?1, 10, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
            ))?
            .execute(params![
                task_id,
                sample.at_s / 10 * 10,
                sample.read_records_rate,
                sample.write_records_rate,
                sample.read_bytes_rate,
                sample.write_bytes_rate,
                sample.delay_ms,
                sample.lag_records,
                sample.p50_us,
                sample.p95_us,
                sample.p99_us,
                sample.p999_us
            ])
            .map(drop)
        })
    }

    /// Makes samples of minutes from those of ten seconds, and of hours from those of minutes, for every stretch that is
    /// over at `now_s` (seconds since 1970): means of rates, the greatest of everything else. Removes what is too old.
    /// Doing it again changes nothing.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn roll_up_metrics(&self, now_s: i64) -> Result<()> {
        self.write(Durability::Process, |t| {
            for pair in RESOLUTIONS.windows(2) {
                roll_up(t, pair[0].0, pair[1].0, now_s)?;
            }
            for (resolution, kept) in RESOLUTIONS {
                t.execute(
                    "DELETE FROM metric_samples WHERE resolution_s = ?1 AND at_s < ?2",
                    params![resolution, now_s - kept],
                )?;
            }
            Ok(())
        })
    }

    /// Samples of a task from `from_s` to before `to_s` (seconds since 1970) in the finest resolution that gives at most
    /// `max_points` and reaches back far enough; with that resolution in seconds.
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
            .find(|(resolution, kept)| (to_s - from_s) / resolution <= points && from_s >= now_s - kept)
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

fn roll_up(t: &Transaction<'_>, fine: i64, coarse: i64, now_s: i64) -> rusqlite::Result<()> {
    t.execute(
        &format!(
            "INSERT OR REPLACE INTO metric_samples (task_id, resolution_s, {COLUMNS})
             SELECT task_id, ?2, at_s / ?2 * ?2,
                    avg(read_records_rate), avg(write_records_rate), avg(read_bytes_rate), avg(write_bytes_rate),
                    max(delay_ms), max(lag_records), max(p50_us), max(p95_us), max(p99_us), max(p999_us)
             FROM metric_samples
             WHERE resolution_s = ?1 AND at_s < ?3 / ?2 * ?2 AND at_s >= ?4
             GROUP BY task_id, at_s / ?2"
        ),
        // Only stretches of which nothing was removed yet: the rest of one would replace the whole of it.
        params![fine, coarse, now_s, first_whole(fine, coarse, now_s)],
    )
    .map(drop)
}

/// The first beginning of a coarse stretch whose fine samples are all still kept.
fn first_whole(fine: i64, coarse: i64, now_s: i64) -> i64 {
    let kept = RESOLUTIONS
        .into_iter()
        .find(|(resolution, _)| *resolution == fine)
        .map_or(0, |(_, kept)| kept);
    (now_s - kept + coarse - 1).div_euclid(coarse) * coarse
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
        p50_us: row.get(7)?,
        p95_us: row.get(8)?,
        p99_us: row.get(9)?,
        p999_us: row.get(10)?,
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
