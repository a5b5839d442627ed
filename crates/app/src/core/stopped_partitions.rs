use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sluice_engine::{AcceptedGap, PartitionProgress};
use sluice_model::TaskId;

/// What tasks wait for a person's decision about, while they do not run: which partitions had stopped when a run ended,
/// and which gaps a person has accepted since. It is found again by the next run, so it is kept in memory alone.
#[derive(Default)]
pub(crate) struct StoppedPartitions(Mutex<BTreeMap<TaskId, Decisions>>);

#[derive(Default)]
struct Decisions {
    stopped: Vec<PartitionProgress>,
    accepted: Vec<AcceptedGap>,
}

impl StoppedPartitions {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<TaskId, Decisions>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which partitions had stopped when a run of a task ended.
    pub(crate) fn remember(&self, id: &TaskId, stopped: Vec<PartitionProgress>) {
        self.locked().entry(id.clone()).or_default().stopped = stopped;
    }

    /// The partitions that had stopped when the task's last run ended.
    pub(crate) fn of(&self, id: &TaskId) -> Vec<PartitionProgress> {
        self.locked()
            .get(id)
            .map_or_else(Vec::new, |decisions| decisions.stopped.clone())
    }

    /// Keeps accepted gaps for the task's run, or for its next one.
    pub(crate) fn accept(&self, id: &TaskId, gaps: Vec<AcceptedGap>) {
        self.locked().entry(id.clone()).or_default().accepted.extend(gaps);
    }

    /// Takes the gaps that were accepted and that no run knows of yet.
    pub(crate) fn take_accepted(&self, id: &TaskId) -> Vec<AcceptedGap> {
        self.locked()
            .get_mut(id)
            .map_or_else(Vec::new, |decisions| std::mem::take(&mut decisions.accepted))
    }

    /// Forgets a task that is removed.
    pub(crate) fn forget(&self, id: &TaskId) {
        self.locked().remove(id);
    }
}
