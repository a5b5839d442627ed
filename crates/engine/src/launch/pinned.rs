//! A launch at positions that were decided before: nothing of the target's topics is changed, and nothing is copied.

use std::collections::{BTreeMap, BTreeSet};

use sluice_model::Task;

use crate::clock::now_ms;
use crate::error::{EngineError, Result, Side};
use crate::launch::pin;
use crate::launch::pin::key;
use crate::plan::Pair;
use crate::position::{CheckpointStore, EffectiveDelivery, Launch, LogBounds, PartitionKey, bounds};

/// Launches `task` without running it: every partition of `positions` begins exactly there, and the target topics stay as
/// they are. One that was launched already stays as it is, so that this may be repeated.
///
/// Both clusters must have the partitions. `launch_id` identifies the launch on the target.
///
/// # Errors
/// A cluster cannot be reached, a partition is missing, a position is not in its log, or the state cannot be written.
pub fn launch_pinned(
    task: &Task,
    store: &dyn CheckpointStore,
    positions: &BTreeMap<PartitionKey, i64>,
    launch_id: &str,
) -> Result<()> {
    if store.launch(&task.name)?.is_some() {
        return Ok(());
    }
    let pair = Pair::connect(task, &|| false)?;
    let topics: BTreeSet<&str> = positions.keys().map(|key| key.topic.as_str()).collect();
    let routes = task.routes(topics.iter().copied())?;
    let mut partitions = Vec::new();
    for (source_topic, target_topic) in &routes {
        let wanted: BTreeMap<i32, i64> = positions
            .iter()
            .filter(|(key, _)| key.topic == *source_topic)
            .map(|(key, offset)| (key.partition, *offset))
            .collect();
        let logs = source_logs(&pair, source_topic, target_topic, &wanted)?;
        partitions.extend(pin(
            &pair,
            // Both topics have records of their own offsets.
            (false, task.end_of(source_topic)),
            source_topic,
            target_topic,
            &wanted,
            &logs,
            &BTreeMap::new(),
        )?);
    }
    let delivery = EffectiveDelivery::choose(task.delivery, pair.target.capabilities);
    let launch = Launch {
        task: task.name.clone(),
        launch_id: launch_id.to_owned(),
        source_cluster: pair.source.id.clone().unwrap_or_default(),
        target_cluster: pair.target.id.unwrap_or_default(),
        launched_at_ms: now_ms(),
        delivery: delivery.describe().to_owned(),
        lanes: BTreeSet::new(),
        identity: None,
    };
    store.begin(&launch, &partitions, &[])?;
    Ok(())
}

/// The logs of a topic's partitions at the source, if every wanted position is in them and the target has them all.
fn source_logs(
    pair: &Pair,
    source_topic: &str,
    target_topic: &str,
    wanted: &BTreeMap<i32, i64>,
) -> Result<BTreeMap<i32, LogBounds>> {
    for partition in wanted.keys() {
        for (side, topic) in [(&pair.source, source_topic), (&pair.target, target_topic)] {
            if !side.has_partition(topic, *partition) {
                return Err(EngineError::Refused(format!(
                    "the {} cluster has no partition {}; create it there, then repeat this",
                    side.side,
                    key(topic, *partition)
                )));
            }
        }
    }
    let places: Vec<(String, i32)> = wanted
        .keys()
        .map(|&partition| (source_topic.to_owned(), partition))
        .collect();
    let logs: BTreeMap<i32, LogBounds> = bounds(&pair.source.admin, &places, Side::Source)?
        .into_iter()
        .map(|((_, partition), log)| (partition, log))
        .collect();
    for (partition, position) in wanted {
        let outside = logs
            .get(partition)
            .filter(|log| *position < log.low || *position > log.high);
        if let Some(log) = outside {
            return Err(EngineError::Refused(format!(
                "{} is to begin at offset {position}, but its log goes from {} to {}",
                key(source_topic, *partition),
                log.low,
                log.high
            )));
        }
    }
    Ok(logs)
}
