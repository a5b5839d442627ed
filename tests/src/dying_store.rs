use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use sluice_engine::{
    Checkpoint, CheckpointStore, Direction, Gap, LaneKind, Launch, Ledger, OffsetRun, PartitionKey,
    PartitionState, QuarantineFate, QuarantinedRecord, StoreError, WriterNotes,
};
use sluice_model::TaskName;
use sluice_store::SqliteStore;

/// What happens at the write that a [`DyingStore`] does not survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// It is refused, and every later one.
    Refused,
    /// The process ends before it.
    Before,
    /// The process ends when it is durable, before anyone knows.
    After,
}

/// Runs a test of the calling program alone in a process that is told `given` in `variable`, and that a [`DyingStore`] may end;
/// whether it was ended.
///
/// # Errors
/// The process cannot be started, or its test fails.
pub fn dies(test: &str, variable: &str, given: &str) -> Result<bool> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--exact", test, "--nocapture"])
        .env(variable, given)
        .output()?;
    if output.status.success() {
        return Ok(false);
    }
    // A test that fails ends with 101; one that is ended by a signal has no code (on Windows the code of an abort).
    ensure!(
        output.status.code() != Some(101),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    Ok(true)
}

/// A store that takes a number of writes and no more.
pub struct DyingStore {
    store: Arc<SqliteStore>,
    left: AtomicUsize,
    death: Death,
}

impl DyingStore {
    /// Takes `writes` more writes.
    pub fn after(store: Arc<SqliteStore>, writes: usize) -> Self {
        Self::dying(store, writes, Death::Refused)
    }

    /// Takes `writes` more writes and dies at the next.
    pub fn dying(store: Arc<SqliteStore>, writes: usize, death: Death) -> Self {
        Self {
            store,
            left: AtomicUsize::new(writes),
            death,
        }
    }

    fn write<T>(&self, write: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let taken = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match (taken, self.death) {
            (Ok(_), _) => write(),
            (Err(_), Death::Refused) => Err(StoreError("the test ends here".into())),
            (Err(_), Death::Before) => std::process::abort(),
            (Err(_), Death::After) => {
                drop(write());
                std::process::abort()
            }
        }
    }
}

impl WriterNotes for DyingStore {
    fn note_writer(&self, copy: &Direction, producer_id: i64) -> Result<(), StoreError> {
        self.write(|| self.store.note_writer(copy, producer_id))
    }

    fn is_writer(&self, copy: &Direction, producer_id: i64) -> Result<bool, StoreError> {
        self.store.is_writer(copy, producer_id)
    }

    fn has_writers(&self, copy: &Direction) -> Result<bool, StoreError> {
        self.store.has_writers(copy)
    }
}

impl CheckpointStore for DyingStore {
    fn launch(&self, task: &TaskName) -> Result<Option<Launch>, StoreError> {
        self.store.launch(task)
    }

    fn begin(&self, launch: &Launch, partitions: &[PartitionState], gaps: &[Gap]) -> Result<(), StoreError> {
        self.write(|| self.store.begin(launch, partitions, gaps))
    }

    fn note_lane(&self, task: &TaskName, lane: LaneKind) -> Result<(), StoreError> {
        self.write(|| self.store.note_lane(task, lane))
    }

    fn partitions(&self, task: &TaskName) -> Result<Vec<PartitionState>, StoreError> {
        self.store.partitions(task)
    }

    fn save(&self, task: &TaskName, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.write(|| self.store.save(task, checkpoint))
    }

    fn note(&self, task: &TaskName, rows: &Ledger) -> Result<(), StoreError> {
        self.write(|| self.store.note(task, rows))
    }

    fn runs_from(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        source: i64,
        limit: usize,
    ) -> Result<Vec<OffsetRun>, StoreError> {
        self.store.runs_from(task, key, source, limit)
    }

    fn run_at_source(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        source: i64,
    ) -> Result<Option<OffsetRun>, StoreError> {
        self.store.run_at_source(task, key, source)
    }

    fn run_at_target(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        target: i64,
    ) -> Result<Option<OffsetRun>, StoreError> {
        self.store.run_at_target(task, key, target)
    }

    fn run_before(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        source: i64,
    ) -> Result<Option<OffsetRun>, StoreError> {
        self.store.run_before(task, key, source)
    }

    fn prune_runs(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        source_start: i64,
        target_start: i64,
    ) -> Result<usize, StoreError> {
        self.store.prune_runs(task, key, source_start, target_start)
    }

    fn gaps(&self, task: &TaskName) -> Result<Vec<Gap>, StoreError> {
        self.store.gaps(task)
    }

    fn current_gaps(&self, task: &TaskName, key: &PartitionKey) -> Result<Vec<Gap>, StoreError> {
        self.store.current_gaps(task, key)
    }

    fn quarantined(&self, task: &TaskName, limit: usize) -> Result<Vec<QuarantinedRecord>, StoreError> {
        self.store.quarantined(task, limit)
    }

    fn quarantined_offsets(&self, task: &TaskName, key: &PartitionKey) -> Result<Vec<i64>, StoreError> {
        self.store.quarantined_offsets(task, key)
    }

    fn quarantined_record(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        offset: i64,
    ) -> Result<Option<QuarantinedRecord>, StoreError> {
        self.store.quarantined_record(task, key, offset)
    }

    fn settle_quarantined(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        offset: i64,
        fate: QuarantineFate,
    ) -> Result<bool, StoreError> {
        self.write(|| self.store.settle_quarantined(task, key, offset, fate))
    }

    fn settled_quarantine(
        &self,
        task: &TaskName,
        key: &PartitionKey,
    ) -> Result<Vec<(i64, QuarantineFate)>, StoreError> {
        self.store.settled_quarantine(task, key)
    }

    fn quarantined_count(&self, task: &TaskName) -> Result<u64, StoreError> {
        self.store.quarantined_count(task)
    }

    fn launches(&self) -> Result<Vec<Launch>, StoreError> {
        self.store.launches()
    }
}
