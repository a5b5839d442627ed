//! `disk_estimate`, `time_estimate`: from sampled records, and said so.

use sluice_model::Task;

use crate::finding::Finding;
use crate::plan::precheck::facts::{Growth, Offsets, Outline, Sample, Setup};
use crate::plan::precheck::words::{bytes, span};

/// Bytes that a record takes in a log beside key and value: lengths, offset and timestamp deltas, its share of the batch.
const RECORD_OVERHEAD: u64 = 12;

/// How much is to be copied, and how long that takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Estimate {
    /// Offsets to copy.
    pub(crate) records: i64,
    /// Bytes of keys and values.
    pub(crate) bytes: u64,
    /// Time in ms at the measured or allowed speed; `None` where nothing could be measured.
    pub(crate) ms: Option<i64>,
    /// Records per second that the speed comes to.
    pub(crate) rate: Option<f64>,
    /// Whether the task's own limit is what decides.
    pub(crate) limited: bool,
}

impl Estimate {
    pub(crate) fn of(task: &Task, outline: &Outline, offsets: &Offsets, sample: &Sample) -> Self {
        let records: i64 = offsets.routes.iter().map(|route| route.backlog()).sum();
        let size: u64 = sample.backlog_bytes(outline, offsets).iter().sum();
        let mean = sample.mean_bytes().unwrap_or(0.0).max(1.0);
        let limit = [
            task.rate.records_per_second.map(|limit| limit as f64),
            task.rate.bytes_per_second.map(|limit| limit as f64 / mean),
        ]
        .into_iter()
        .flatten()
        .reduce(f64::min);
        let measured = sample.speed.map(|speed| speed.records as f64 / speed.seconds);
        let (rate, limited) = match (limit, measured) {
            (Some(limit), Some(measured)) if measured < limit => (Some(measured), false),
            (Some(limit), _) => (Some(limit), true),
            (None, measured) => (measured, false),
        };
        let ms = match rate {
            _ if records == 0 => Some(0),
            Some(rate) if rate > 0.0 => Some((records as f64 / rate * 1000.0) as i64),
            _ => None,
        };
        Self {
            records,
            bytes: size,
            ms,
            rate,
            limited,
        }
    }
}

/// How much room the copy takes.
pub(crate) fn disk(
    outline: &Outline,
    offsets: &Offsets,
    setup: &Setup,
    sample: &Sample,
    estimate: &Estimate,
) -> Finding {
    const ID: &str = "disk_estimate";
    if estimate.records > 0 && sample.mean_bytes().is_none() {
        return Finding::warning(
            ID,
            format!(
                "{} offsets are to be copied, but no record could be read to estimate their size",
                estimate.records
            ),
            "the room that the copy takes on the target is not known",
            "compare the size of the source topics (kafka-log-dirs) with the free space of the target's brokers",
        );
    }
    let on_disk: u64 = sample
        .backlog_bytes(outline, offsets)
        .iter()
        .zip(&offsets.routes)
        .zip(&setup.routes)
        .map(|((size, found), setup)| {
            let overhead = RECORD_OVERHEAD.saturating_mul(found.backlog().unsigned_abs());
            size.saturating_add(overhead)
                .saturating_mul(setup.target_replicas().unwrap_or(1) as u64)
        })
        .sum();
    Finding::success(
        ID,
        format!(
            "{} offsets, about {} of keys and values, about {} on the target's disks with all replicas and before compression; estimated from {} sampled records. The free space of the brokers cannot be read over this protocol: compare it by hand",
            estimate.records,
            bytes(estimate.bytes),
            bytes(on_disk),
            sample.topics.values().map(|topic| topic.records).sum::<u64>()
        ),
    )
}

/// How long the copy of what is there takes, and whether it ever catches up.
pub(crate) fn time(sample: &Sample, growth: Option<&Growth>, estimate: &Estimate) -> Finding {
    const ID: &str = "time_estimate";
    let gained = growth.map_or(0.0, |growth| growth.source_rate);
    let Some(rate) = estimate.rate else {
        if estimate.records == 0 {
            return Finding::success(ID, "nothing is to be copied now");
        }
        if sample.mean_bytes().is_some() {
            return Finding::success(
                ID,
                format!(
                    "{} offsets: too few to measure a speed, a matter of seconds",
                    estimate.records
                ),
            );
        }
        return Finding::warning(
            ID,
            format!(
                "{} offsets are to be copied, but no record could be read to measure the speed",
                estimate.records
            ),
            "how long the copy takes is not known",
            "see the permissions and the connection of the source",
        );
    };
    let how = if estimate.limited {
        "the task's speed limit".to_owned()
    } else {
        sample.speed.map_or_else(String::new, |speed| {
            format!(
                "the measured speed of reading ({} in {:.1} s, one partition)",
                bytes(speed.bytes),
                speed.seconds
            )
        })
    };
    if gained > rate {
        return Finding::warning(
            ID,
            format!("the source gains about {gained:.0} offsets/s, and {how} allows {rate:.0} records/s"),
            "the copy never catches up: its delay grows until the source deletes records that are not copied",
            "raise the task's speed limit or choose a larger spec",
        );
    }
    let ms = (estimate.records as f64 / (rate - gained).max(0.001) * 1000.0) as i64;
    Finding::success(
        ID,
        format!(
            "{} offsets take about {} at {how}, {rate:.0} records/s; the source gains about {gained:.0} offsets/s",
            estimate.records,
            span(ms)
        ),
    )
}
