use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sluice_kafka::{Admin, ErrorCode, Isolation, OffsetQuery};

use crate::clock::now_ms;
use crate::plan::precheck::facts::{Offsets, Outline};

/// How often a wait looks whether it was cancelled.
const SLICE: Duration = Duration::from_millis(50);

/// How far back records count as just written, by their timestamps.
const RECENT: Duration = Duration::from_secs(60);

/// What happened to the topics between two looks at their ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Growth {
    /// Seconds between the two.
    pub(crate) seconds: f64,
    /// Offsets that the source topics gain per second: in this time, or in the last minute by their records' timestamps.
    pub(crate) source_rate: f64,
    /// Target topics that gained offsets, and how many.
    pub(crate) target: BTreeMap<String, i64>,
    /// Offsets in target topics from the first record on that is not older than a minute.
    pub(crate) recent: BTreeMap<String, i64>,
    /// Target topics with a transaction that is not over.
    pub(crate) open: BTreeSet<String>,
}

impl Growth {
    /// Looks again, no sooner than `watch` after the first look.
    ///
    /// # Errors
    /// A cluster does not answer.
    pub(crate) fn read(
        outline: &Outline,
        offsets: &Offsets,
        watch: Duration,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> sluice_kafka::Result<Self> {
        // What a launched task's topics gain may be its own.
        let watch = if outline.launch.is_some() {
            Duration::ZERO
        } else {
            watch
        };
        let until = offsets.at + watch;
        while Instant::now() < until && !cancelled() {
            std::thread::sleep(SLICE.min(until.saturating_duration_since(Instant::now())));
        }
        let pair = &outline.pair;
        let (mut before_source, mut before_target) = (BTreeMap::new(), BTreeMap::new());
        for (route, found) in outline.routes.iter().zip(&offsets.routes) {
            for (&partition, start) in &found.start {
                before_source.insert((route.source_topic.clone(), partition), start.bounds.high);
            }
            for (&partition, bounds) in &found.target {
                before_target.insert((route.target_topic.clone(), partition), bounds.high);
            }
        }
        let source_now = ends(&pair.source.admin, &before_source, Isolation::Uncommitted)?;
        let target_now = ends(&pair.target.admin, &before_target, Isolation::Uncommitted)?;
        let seconds = offsets.at.elapsed().as_secs_f64();
        let stable = ends(&pair.target.admin, &before_target, Isolation::Committed)?;
        let mut growth = Self {
            seconds,
            ..Self::default()
        };
        let gained: i64 = before_source
            .iter()
            .map(|(place, then)| source_now.get(place).map_or(0, |now| (now - then).max(0)))
            .sum();
        let in_a_minute: i64 = recent(&pair.source.admin, &source_now)?.values().sum();
        growth.source_rate = if seconds > 0.0 {
            gained as f64 / seconds
        } else {
            0.0
        };
        growth.source_rate = growth.source_rate.max(in_a_minute as f64 / RECENT.as_secs_f64());
        if outline.launch.is_none() {
            for (place, count) in recent(&pair.target.admin, &target_now)? {
                *growth.recent.entry(place.0).or_default() += count;
            }
        }
        for (place, then) in &before_target {
            let now = target_now.get(place).copied().unwrap_or(*then);
            if now > *then {
                *growth.target.entry(place.0.clone()).or_default() += now - then;
            }
            if stable.get(place).is_some_and(|stable| *stable < now) {
                growth.open.insert(place.0.clone());
            }
        }
        Ok(growth)
    }
}

/// How many offsets of these partitions lie behind the first record that is not older than [`RECENT`].
fn recent(
    admin: &Admin,
    ends: &BTreeMap<(String, i32), i64>,
) -> sluice_kafka::Result<BTreeMap<(String, i32), i64>> {
    let wanted: Vec<(String, i32)> = ends.keys().cloned().collect();
    let since = now_ms() - i64::try_from(RECENT.as_millis()).unwrap_or(i64::MAX);
    Ok(admin
        .offsets(&wanted, OffsetQuery::At(since), Isolation::Uncommitted)?
        .into_iter()
        .filter(|entry| entry.error == ErrorCode::NONE)
        .filter_map(|entry| {
            let place = (entry.topic, entry.partition);
            let count = ends.get(&place)? - entry.offset?;
            (count > 0).then_some((place, count))
        })
        .collect())
}

/// Ends of these partitions, of those that answer.
fn ends(
    admin: &Admin,
    places: &BTreeMap<(String, i32), i64>,
    isolation: Isolation,
) -> sluice_kafka::Result<BTreeMap<(String, i32), i64>> {
    let wanted: Vec<(String, i32)> = places.keys().cloned().collect();
    Ok(admin
        .offsets(&wanted, OffsetQuery::Latest, isolation)?
        .into_iter()
        .filter(|entry| entry.error == ErrorCode::NONE)
        .filter_map(|entry| Some(((entry.topic, entry.partition), entry.offset?)))
        .collect())
}
