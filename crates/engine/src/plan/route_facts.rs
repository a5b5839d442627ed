use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::plan::precheck::facts::{Offsets, Outline};

/// One route's facts, for people and scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RouteFacts {
    /// Source topic.
    pub source_topic: String,
    /// Target topic.
    pub target_topic: String,
    /// Partitions at the source.
    pub partitions: usize,
    /// Partitions of the target topic; `None` when it will be created.
    pub target_partitions: Option<usize>,
    /// Offsets from the start positions to the end: the backlog, markers and compacted records counted.
    #[ts(type = "number")]
    pub backlog: i64,
    /// Offsets in the target topic now; transaction markers and removed records count, so that there may be fewer records.
    #[ts(type = "number")]
    pub target_records: i64,
    /// Where the copy of each partition begins.
    #[ts(type = "Record<string, number>")]
    pub start: BTreeMap<i32, i64>,
}

/// Each route's facts.
pub(crate) fn route_facts(outline: &Outline, offsets: &Offsets) -> Vec<RouteFacts> {
    outline
        .routes
        .iter()
        .zip(&offsets.routes)
        .map(|(route, found)| RouteFacts {
            source_topic: route.source_topic.clone(),
            target_topic: route.target_topic.clone(),
            partitions: route.partitions,
            target_partitions: route.target_partitions,
            backlog: found.backlog(),
            target_records: found.target_offsets(),
            start: found
                .start
                .iter()
                .map(|(&partition, start)| (partition, start.nearest()))
                .collect(),
        })
        .collect()
}
