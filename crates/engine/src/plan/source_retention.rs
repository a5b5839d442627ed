//! How long the source still keeps what was not copied.

use std::collections::BTreeMap;
use std::time::Duration;

use sluice_kafka::{Isolation, OffsetQuery};
use sluice_model::Cluster;

use crate::error::{EngineError, Result, Side};
use crate::plan::Connected;
use crate::plan::precheck::deletes;
use crate::position::PartitionState;
use crate::position::{bounds, by_partition};

/// How long one question may take: its answer is not waited for, but closing waits for the end of the question.
const QUESTION_DEADLINE: Duration = Duration::from_secs(3);
/// The answer is exact to this part of the retention time.
const RESOLUTION: i64 = 512;

/// Next offsets to copy, of partitions.
type Positions = BTreeMap<(String, i32), i64>;

/// Time until `source` deletes a record that stands at one of the positions of `partitions` or behind it, by age and
/// `retention.ms`; zero when that time is over, or when the log begins behind a position already. `None` when nothing
/// is to be copied, or nothing is deleted by its age.
///
/// A broker deletes from the beginning of the log, and a segment when the youngest record in it is old enough: a record
/// goes when everything before it has gone. So it is the youngest record up to a position that counts, and the time is
/// the least there is: the segment may hold younger ones. What `retention.bytes` deletes is seen when it is gone.
///
/// # Errors
/// The source cannot be reached or does not report its offsets or its configuration (brokers before 0.11).
pub fn source_retention_left(
    source: &Cluster,
    partitions: &[PartitionState],
    now_ms: i64,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Duration>> {
    let mut source = Connected::open(Side::Source, source, cancelled)?;
    source.admin.set_deadline(QUESTION_DEADLINE);
    // A topic that is gone is reported by the run; the others are no less at risk.
    let mut positions: Positions = partitions
        .iter()
        .filter(|state| source.partition_count(&state.key.topic).is_some())
        .map(|state| ((state.key.topic.clone(), state.key.partition), state.position))
        .collect();
    let asked: Vec<(String, i32)> = positions.keys().cloned().collect();
    let logs = bounds(&source.admin, &asked, Side::Source)?;
    positions.retain(|key, position| logs.get(key).is_some_and(|log| *position < log.high));
    let gone = |(key, position): (&(String, i32), &i64)| logs.get(key).is_some_and(|log| *position < log.low);
    if positions.iter().any(gone) {
        return Ok(Some(Duration::ZERO));
    }
    let mut least: Option<i64> = None;
    for (keeps, group) in by_retention(&source, positions)? {
        let left = left_of(keeps, now_ms, &|time| {
            if cancelled() {
                return Err(EngineError::Refused("the question was given up".into()));
            }
            is_one_outdated(&source, &group, time)
        })?;
        least = Some(least.map_or(left, |known| known.min(left)));
    }
    Ok(least.map(|ms| Duration::from_millis(ms.unsigned_abs())))
}

/// Positions by the `retention.ms` of their topics; topics that delete nothing by its age are left out.
fn by_retention(source: &Connected, positions: Positions) -> Result<BTreeMap<i64, Positions>> {
    let mut topics: Vec<&str> = positions.keys().map(|(topic, _)| topic.as_str()).collect();
    topics.dedup();
    let configs = source
        .admin
        .topic_configs(&topics)
        .map_err(|error| source.refuse("reading the topics' configuration", error))?;
    let keeps = |topic: &str| -> Option<i64> {
        let config = configs.get(topic)?.as_ref().ok()?;
        let value = |key: &str| config.get(key)?.value.as_deref();
        if !deletes(value("cleanup.policy")) {
            return None;
        }
        value("retention.ms")?.parse().ok().filter(|ms| *ms >= 0)
    };
    let mut groups: BTreeMap<i64, Positions> = BTreeMap::new();
    for (key, position) in &positions {
        if let Some(keeps) = keeps(&key.0) {
            groups.entry(keeps).or_default().insert(key.clone(), *position);
        }
    }
    Ok(groups)
}

/// Whether all records up to one of these positions are older than `time_ms`: the first of the log that is not stands
/// behind the position.
fn is_one_outdated(source: &Connected, positions: &Positions, time_ms: i64) -> Result<bool> {
    let asked: Vec<(String, i32)> = positions.keys().cloned().collect();
    let found = source
        .admin
        .offsets(&asked, OffsetQuery::At(time_ms), Isolation::Uncommitted)
        .map_err(|error| source.refuse("reading offsets by time", error))?;
    Ok(by_partition(found, Side::Source)?
        .into_iter()
        .any(|(key, first)| {
            let position = positions.get(&key);
            position.is_some_and(|position| first.is_none_or(|first| first > *position))
        }))
}

/// Time in ms until a position is `keeps_ms` old; `is_one_outdated` says whether one is older than a time.
fn left_of(keeps_ms: i64, now_ms: i64, is_one_outdated: &dyn Fn(i64) -> Result<bool>) -> Result<i64> {
    let mut early = now_ms.saturating_sub(keeps_ms).max(0);
    if is_one_outdated(early)? {
        return Ok(0);
    }
    let mut late = now_ms;
    let enough = ((late - early) / RESOLUTION).max(1);
    while late - early > enough {
        let middle = early + (late - early) / 2;
        if is_one_outdated(middle)? {
            late = middle;
        } else {
            early = middle;
        }
    }
    Ok(keeps_ms.saturating_sub(now_ms - early))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;
    const HOUR: i64 = 3_600_000;

    fn left(keeps: i64, youngest: i64) -> i64 {
        left_of(keeps, NOW, &|time| Ok(youngest < time)).unwrap_or(-1)
    }

    #[test]
    fn what_is_left_is_told_to_a_small_part_of_the_retention_and_is_never_too_much() {
        for age in [0, 1, 17, 23, 24] {
            let (exact, told) = (24 * HOUR - age * HOUR, left(24 * HOUR, NOW - age * HOUR));
            assert!(
                told <= exact && exact - told <= 24 * HOUR / RESOLUTION,
                "{age} h: {told} of {exact}"
            );
        }
    }

    #[test]
    fn a_record_that_is_too_old_already_has_no_time_left() {
        assert_eq!(left(HOUR, NOW - HOUR - 1), 0);
    }

    #[test]
    fn a_retention_longer_than_time_itself_is_told() {
        let told = left(i64::MAX, NOW - HOUR);
        assert!(told > i64::MAX / 2, "{told}");
    }

    #[test]
    fn a_record_of_the_future_has_the_whole_retention_left() {
        assert!(left(HOUR, NOW + 5 * HOUR) >= HOUR - HOUR / RESOLUTION - 1);
    }
}
