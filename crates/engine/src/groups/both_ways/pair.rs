use std::collections::{BTreeMap, BTreeSet};

use sluice_model::{Delivery, Task, TaskName};

use crate::error::{EngineError, Result};
use crate::position::{CheckpointStore, Direction, EffectiveDelivery, PartitionKey, PartitionState};

/// The other task of a pair, as the one sees it that moves groups.
pub(crate) struct Pair<'a> {
    pub(crate) partner: &'a TaskName,
    /// From where to where the task copies that moves the groups.
    pub(crate) own: Direction,
    /// Whether the task that moves the groups, and the partner, copies each record once.
    pub(crate) once: [bool; 2],
    states: BTreeMap<PartitionKey, PartitionState>,
}

impl<'a> Pair<'a> {
    /// Of a task that has a partner. Read before the ends of the logs are.
    ///
    /// # Errors
    /// The state cannot be read, or there is no partner that was launched between the same clusters.
    pub(crate) fn read(task: &'a Task, store: &dyn CheckpointStore) -> Result<Option<Self>> {
        let Some(partner) = &task.both_ways else {
            return Ok(None);
        };
        let refused = |why: &str| {
            EngineError::Refused(format!(
                "the consumer groups of a pair that copies both ways are placed by what both of its tasks have copied, and {why}"
            ))
        };
        let Some(own) = store.launch(&task.name)? else {
            return Err(refused("this one was not started yet: start both first"));
        };
        let Some(other) = store.launch(partner)? else {
            return Err(refused(
                "the other one was not started, or was deleted: start both first; what a deleted one has copied is not known any more",
            ));
        };
        let is_back =
            (&own.source_cluster, &own.target_cluster) == (&other.target_cluster, &other.source_cluster);
        if !is_back || own.source_cluster.is_empty() || own.target_cluster.is_empty() {
            return Err(refused("they were not started between the same two clusters"));
        }
        let once = [&own, &other].map(|launch| {
            task.delivery == Delivery::ExactlyOnce
                && launch.delivery == EffectiveDelivery::Transactions.describe()
        });
        Ok(Some(Self {
            partner,
            own: Direction {
                from: own.source_cluster,
                to: own.target_cluster,
            },
            once,
            states: store
                .partitions(partner)?
                .into_iter()
                .map(|state| (state.key.clone(), state))
                .collect(),
        }))
    }

    /// What the partner has copied of a partition, which has the same name on both sides.
    pub(crate) fn state(&self, key: &PartitionKey) -> Option<&PartitionState> {
        self.states.get(key).filter(|state| state.is_pinned())
    }
}

/// Source offsets of a partition's records that a task has set aside in quarantine, or that were decided about there.
///
/// # Errors
/// The state cannot be read.
pub(crate) fn set_aside(
    store: &dyn CheckpointStore,
    task: &TaskName,
    key: &PartitionKey,
) -> std::result::Result<BTreeSet<i64>, crate::error::StoreError> {
    let mut offsets: BTreeSet<i64> = store.quarantined_offsets(task, key)?.into_iter().collect();
    let settled = store.settled_quarantine(task, key)?;
    offsets.extend(settled.into_iter().map(|(offset, _)| offset));
    Ok(offsets)
}
