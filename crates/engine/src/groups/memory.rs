use std::collections::BTreeMap;

use sluice_model::TaskName;

use crate::error::StoreError;
use crate::position::{CheckpointStore, PartitionKey};

/// What a task has committed for a group in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncedPosition {
    /// The source offset that it stands for.
    pub source_offset: i64,
    /// What was committed on the target.
    pub target_offset: i64,
    /// What the target had before, if anything: whether a commit was carried out may be unknown.
    pub before: Option<i64>,
    /// When, in ms since 1970.
    pub at_ms: i64,
}

/// What a task knows of a group from earlier syncs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupMemory {
    /// Since when the group is taken over on the target, in ms since 1970.
    pub taken_over_ms: Option<i64>,
    /// What was committed, by source partition.
    pub positions: BTreeMap<PartitionKey, SyncedPosition>,
}

impl GroupMemory {
    /// When the last commit was, in ms since 1970.
    pub fn last_sync_ms(&self) -> Option<i64> {
        self.positions.values().map(|position| position.at_ms).max()
    }
}

/// Keeps what tasks know of groups, beside their progress. Every call is durable when it returns, and atomic.
pub trait GroupStore: CheckpointStore {
    /// What a task knows of some groups; a group that it knows nothing of is left out.
    ///
    /// # Errors
    /// The state cannot be read.
    fn group_memory(
        &self,
        task: &TaskName,
        groups: &[&str],
    ) -> Result<BTreeMap<String, GroupMemory>, StoreError>;

    /// Remembers what is about to be committed for a group. Called before the target is asked, so that what stands there
    /// later is known to be the task's own, whatever became of the answer.
    ///
    /// # Errors
    /// The state cannot be written.
    fn note_group_positions(
        &self,
        task: &TaskName,
        groups: &BTreeMap<String, BTreeMap<PartitionKey, SyncedPosition>>,
    ) -> Result<(), StoreError>;

    /// Remembers for good that groups are taken over; one that is already keeps its time.
    ///
    /// # Errors
    /// The state cannot be written.
    fn note_taken_over(&self, task: &TaskName, groups: &[&str], at_ms: i64) -> Result<(), StoreError>;

    /// Forgets that groups are taken over: they were moved away from the target by the other task of a pair.
    ///
    /// # Errors
    /// The state cannot be written.
    fn note_given_back(&self, task: &TaskName, groups: &[&str]) -> Result<(), StoreError>;
}
