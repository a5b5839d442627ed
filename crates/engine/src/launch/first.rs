//! The first launch: target topics, existing data, pinned positions; and the checks of every later one.

use std::collections::{BTreeMap, BTreeSet};

use sluice_kafka::PartitionOffset;
use sluice_model::{Delivery, ExistingData, Task};

use crate::clock::now_ms;
use crate::error::{EngineError, Result};
use crate::launch::pin;
use crate::launch::pin::key;
use crate::plan::Pair;
use crate::plan::structure;
use crate::plan::{Plan, RoutePlan};
use crate::position::LogBounds;
use crate::position::{CheckpointStore, Gap, GapReason, Launch, PartitionState, UNPINNED};
use crate::progress::{Event, Observer};

/// Makes the target ready and pins every position; partitions without a leader are noted, to be pinned later. Returns the
/// partitions to copy.
pub(crate) fn first(
    plan: &mut Plan,
    task: &Task,
    store: &dyn CheckpointStore,
    observer: &Observer,
    launch_id: String,
) -> Result<(Launch, Vec<PartitionState>)> {
    for route in &plan.routes {
        if route.target_partitions.is_none() {
            structure::create(&plan.pair.target.admin, &route.draft)?;
            observer(Event::Info(format!(
                "created target topic '{}' with {} partitions",
                route.target_topic, route.draft.topic.partitions
            )));
        } else {
            clear_existing(&plan.pair, task, route, observer)?;
        }
    }
    plan.pair.target.refresh()?;
    let launch = Launch {
        task: task.name.clone(),
        launch_id,
        source_cluster: plan.pair.source.id.clone().unwrap_or_default(),
        target_cluster: plan.pair.target.id.clone().unwrap_or_default(),
        launched_at_ms: now_ms(),
        delivery: plan.delivery.describe().to_owned(),
        lanes: BTreeSet::new(),
        identity: plan.identity.clone(),
    };
    let (mut partitions, mut gaps) = (Vec::new(), Vec::new());
    for route in &plan.routes {
        let wanted: BTreeMap<i32, i64> = route
            .start
            .iter()
            .map(|(&partition, start)| (partition, start.nearest()))
            .collect();
        for (&partition, start) in &route.start {
            let adopted = plan
                .adopted
                .contains_key(&(route.source_topic.clone(), partition));
            if let Some(range) = start
                .outside
                .filter(|range| range.to <= start.bounds.low && !adopted)
            {
                gaps.push(Gap {
                    key: key(&route.source_topic, partition),
                    range,
                    reason: GapReason::StartOutsideLog,
                    found_at_ms: now_ms(),
                    incarnation: 0,
                });
            }
        }
        let source_bounds: BTreeMap<i32, LogBounds> = route
            .start
            .iter()
            .map(|(&partition, start)| (partition, start.bounds))
            .collect();
        partitions.extend(pin(
            &plan.pair,
            (
                task.delivery == Delivery::Mirror,
                task.end_of(&route.source_topic),
            ),
            &route.source_topic,
            &route.target_topic,
            &wanted,
            &source_bounds,
            &plan.adopted,
        )?);
    }
    let mut all = partitions.clone();
    all.extend(plan.routes.iter().flat_map(unpinned));
    store.begin(&launch, &all, &gaps)?;
    gaps.into_iter().for_each(|gap| observer(Event::Gap(gap)));
    Ok((launch, partitions))
}

/// The partitions of a route that have no leader yet, as they are saved until they have.
pub(crate) fn unpinned(route: &RoutePlan) -> impl Iterator<Item = PartitionState> + '_ {
    route.waiting.iter().map(|&partition| PartitionState {
        key: key(&route.source_topic, partition),
        target_topic: route.target_topic.clone(),
        source_topic_id: None,
        target_topic_id: None,
        start: UNPINNED,
        target_start: 0,
        backlog_end: UNPINNED,
        until: None,
        position: UNPINNED,
        leader_epoch: None,
        target_next: 0,
        anchor: None,
        records: 0,
        bytes: 0,
        incarnation: 0,
    })
}

/// Deletes what is in an existing target topic, where the task says so.
pub(crate) fn clear_existing(pair: &Pair, task: &Task, route: &RoutePlan, observer: &Observer) -> Result<()> {
    let offsets: i64 = route.target_bounds.values().map(|b| b.high - b.low).sum();
    if task.existing != ExistingData::Rewrite {
        return Ok(());
    }
    // What such a partition holds would be mixed with the copy later.
    let held = |partition: &&i32| !route.target_bounds.contains_key(*partition);
    if let Some(partition) = route.waiting.iter().find(held) {
        return Err(EngineError::Refused(format!(
            "partition {partition} of the target topic '{}' has no leader, so that its data cannot be deleted; start the brokers that hold it",
            route.target_topic
        )));
    }
    if offsets == 0 {
        return Ok(());
    }
    let ends: Vec<PartitionOffset> = route
        .target_bounds
        .iter()
        .map(|(&partition, b)| PartitionOffset::new(route.target_topic.clone(), partition, b.high))
        .collect();
    structure::clear(&pair.target.admin, &route.draft, &ends, route.target_deletable)?;
    observer(Event::Info(format!(
        "deleted everything in target topic '{}' ({offsets} offsets), as the task says",
        route.target_topic
    )));
    Ok(())
}
