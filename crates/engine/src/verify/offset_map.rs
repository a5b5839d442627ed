//! The noted offsets of a partition, read a page at a time while the target's log is read.

use std::collections::VecDeque;

use sluice_model::TaskName;

use crate::error::StoreError;
use crate::position::{CheckpointStore, OffsetRun, PartitionKey};

/// Runs held at a time.
const PAGE: usize = 1_000;

/// Translates target offsets into source offsets, in the order of the target's log.
pub(crate) struct OffsetMap<'a> {
    store: &'a dyn CheckpointStore,
    task: &'a TaskName,
    key: &'a PartitionKey,
    page: VecDeque<OffsetRun>,
    /// The source offset from which on no run was read yet; `None` when all were.
    next: Option<i64>,
}

impl<'a> OffsetMap<'a> {
    /// Begins with the run that holds the source offset `from`, or the first one behind it.
    pub(crate) fn new(
        store: &'a dyn CheckpointStore,
        task: &'a TaskName,
        key: &'a PartitionKey,
        from: i64,
    ) -> Self {
        Self {
            store,
            task,
            key,
            page: VecDeque::new(),
            next: Some(from),
        }
    }

    /// The source offset of the record at `target`, which is not before the one that was asked for last.
    pub(crate) fn source_of(&mut self, target: i64) -> Result<Option<i64>, StoreError> {
        loop {
            while let Some(run) = self.page.front() {
                if target <= run.last().1 {
                    return Ok(run.source_of(target));
                }
                self.page.pop_front();
            }
            let Some(next) = self.next else { return Ok(None) };
            let page = self.store.runs_from(self.task, self.key, next, PAGE)?;
            self.next = page
                .last()
                .filter(|_| page.len() == PAGE)
                .map(|run| run.last().0 + 1);
            self.page.extend(page);
        }
    }
}
