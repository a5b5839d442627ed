//! What one task of a pair has noted of a partition: which record of its source stands where on its target.

use std::cell::RefCell;

use sluice_model::TaskName;

use crate::error::{Side, StoreError};
use crate::position::{CheckpointStore, OffsetRun, PartitionKey};

/// Runs that one count goes through at most: beyond them records count as not noted, which says too many and never too few.
const COUNTED_RUNS: usize = 2_000;

/// The runs of a partition, each call one lookup whatever the size of the map.
pub(crate) trait Runs {
    /// The run that holds an offset of a side, or else the next one.
    ///
    /// # Errors
    /// The state cannot be read.
    fn at(&self, side: Side, offset: i64) -> Result<Option<OffsetRun>, StoreError>;

    /// The last run that begins before a source offset.
    ///
    /// # Errors
    /// The state cannot be read.
    fn before(&self, source: i64) -> Result<Option<OffsetRun>, StoreError>;
}

/// The runs that a store keeps of one partition of a task.
pub(crate) struct StoredRuns<'a> {
    pub(crate) store: &'a dyn CheckpointStore,
    pub(crate) task: &'a TaskName,
    pub(crate) key: &'a PartitionKey,
}

impl Runs for StoredRuns<'_> {
    fn at(&self, side: Side, offset: i64) -> Result<Option<OffsetRun>, StoreError> {
        match side {
            Side::Source => self.store.run_at_source(self.task, self.key, offset),
            Side::Target => self.store.run_at_target(self.task, self.key, offset),
        }
    }

    fn before(&self, source: i64) -> Result<Option<OffsetRun>, StoreError> {
        self.store.run_before(self.task, self.key, source)
    }
}

/// A copied record: its offsets at the source and on the target of the task that copied it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Copied {
    pub(crate) source: i64,
    pub(crate) target: i64,
}

impl Copied {
    fn of((source, target): (i64, i64)) -> Self {
        Self { source, target }
    }

    pub(crate) fn on(self, side: Side) -> i64 {
        match side {
            Side::Source => self.source,
            Side::Target => self.target,
        }
    }
}

/// A run that was the answer to a question, which it is for all offsets from the one that was asked for up to its last.
struct Known {
    asked: i64,
    run: OffsetRun,
}

/// The map of one partition. A map only grows at its end, so that what was read of it stays true.
pub(crate) struct Map<'a> {
    runs: &'a dyn Runs,
    known: RefCell<[Option<Known>; 2]>,
}

impl<'a> Map<'a> {
    pub(crate) fn new(runs: &'a dyn Runs) -> Self {
        Self {
            runs,
            known: RefCell::new([None, None]),
        }
    }

    fn run_at(&self, side: Side, offset: i64) -> Result<Option<OffsetRun>, StoreError> {
        let slot = usize::from(side == Side::Target);
        if let Some(Some(known)) = self.known.borrow().get(slot)
            && known.asked <= offset
            && offset <= last(&known.run, side)
        {
            return Ok(Some(known.run.clone()));
        }
        let found = self.runs.at(side, offset)?;
        if let (Some(run), Some(slot)) = (&found, self.known.borrow_mut().get_mut(slot)) {
            *slot = Some(Known {
                asked: offset,
                run: run.clone(),
            });
        }
        Ok(found)
    }

    /// The first noted record that is not before an offset of a side.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn next(&self, side: Side, offset: i64) -> Result<Option<Copied>, StoreError> {
        let run = self.run_at(side, offset)?;
        Ok(run.map(|run| Copied::of(run.pair(run.count_before(side, offset)))))
    }

    /// The record that is noted at an offset of a side, with the offset behind the last noted one that follows it there
    /// without a hole.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn at(&self, side: Side, offset: i64) -> Result<Option<(Copied, i64)>, StoreError> {
        let Some(run) = self.run_at(side, offset)? else {
            return Ok(None);
        };
        let index = run.count_before(side, offset);
        let found = Copied::of(run.pair(index));
        Ok((found.on(side) == offset).then(|| (found, run.solid_until(side, index))))
    }

    /// The last noted record before an offset of a side.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn last_before(&self, side: Side, offset: i64) -> Result<Option<Copied>, StoreError> {
        let mut run = match side {
            Side::Source => self.runs.before(offset)?,
            Side::Target => match self.run_at(side, offset)? {
                Some(run) if run.target < offset => Some(run),
                Some(run) => self.runs.before(run.source)?,
                None => self.runs.before(i64::MAX)?,
            },
        };
        // One that was noted since the first question may begin behind the offset.
        while let Some(found) = run {
            let count = found.count_before(side, offset);
            if count > 0 {
                return Ok(Some(Copied::of(found.pair(count - 1))));
            }
            run = self.runs.before(found.source)?;
        }
        Ok(None)
    }

    /// How many noted records have offsets of a side from `from` on and before `to`; fewer than there are where the range
    /// has very many runs.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn count(&self, side: Side, from: i64, to: i64) -> Result<i64, StoreError> {
        let (mut at, mut count) = (from, 0);
        for _ in 0..COUNTED_RUNS {
            if at >= to {
                break;
            }
            let Some(run) = self.run_at(side, at)? else { break };
            count += run.count_before(side, to) - run.count_before(side, at);
            at = last(&run, side) + 1;
        }
        Ok(count)
    }
}

fn last(run: &OffsetRun, side: Side) -> i64 {
    Copied::of(run.last()).on(side)
}
