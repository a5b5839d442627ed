//! What waits at the source of a task that does not run.

use std::time::Duration;

use sluice_model::Cluster;

use crate::error::{Result, Side};
use crate::plan::Connected;
use crate::position::{PartitionState, bounds};

/// How long one question may take: somebody waits for the answer.
const QUESTION_DEADLINE: Duration = Duration::from_secs(5);

/// Offsets between the positions of `partitions` and the ends of their logs, or of the copy where it ends before. Topics
/// that are gone at the source have none.
///
/// # Errors
/// The source cannot be reached, or does not report its offsets.
pub fn source_backlog(
    source: &Cluster,
    partitions: &[PartitionState],
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<i64> {
    let mut source = Connected::open(Side::Source, source, cancelled)?;
    source.admin.set_deadline(QUESTION_DEADLINE);
    let there: Vec<&PartitionState> = partitions
        .iter()
        .filter(|state| source.partition_count(&state.key.topic).is_some())
        .collect();
    let asked: Vec<(String, i32)> = there
        .iter()
        .map(|state| (state.key.topic.clone(), state.key.partition))
        .collect();
    let logs = bounds(&source.admin, &asked, Side::Source)?;
    Ok(there
        .iter()
        .zip(&asked)
        .filter_map(|(state, key)| {
            let high = logs.get(key)?.high;
            let end = state.until.map_or(high, |until| high.min(until));
            Some((end - state.position).max(0))
        })
        .sum())
}
