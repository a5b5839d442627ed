use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sluice_kafka::{Admin, ErrorCode, Isolation, OffsetQuery};

use crate::plan::precheck::facts::{Offsets, Outline};

/// How often a wait looks whether it was cancelled.
const SLICE: Duration = Duration::from_millis(50);

/// What happened to the topics between two looks at their ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Growth {
    /// Seconds between the two.
    pub(crate) seconds: f64,
    /// Records that the source topics gained.
    pub(crate) source: i64,
    /// Target topics that gained records, and how many.
    pub(crate) target: BTreeMap<String, i64>,
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
        for (place, then) in &before_source {
            growth.source += source_now.get(place).map_or(0, |now| (now - then).max(0));
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

/// Ends of these partitions, of those that tell.
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
