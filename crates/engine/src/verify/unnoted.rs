//! A running task has always copied more than it has noted. What stands on the target behind the last noted record when the
//! verification begins is a copy whose note is on its way, or a record of another client, which no later copy brings
//! to light while nothing new is copied. Where such records are, the comparison goes on once their notes are there.

use std::time::{Duration, Instant};

use sluice_model::{OffsetRange, TaskName};

use crate::error::StoreError;
use crate::position::{CheckpointStore, PartitionKey, PartitionState};
use crate::verify::comparison::Comparison;
use crate::verify::failure::Result;
use crate::verify::offset_map::OffsetMap;

/// How long the note of a copy that readers get already is waited for. It comes with the next save (250 ms), or when the
/// last marker of its transaction is written.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it may take until readers get the records of a transaction that was committed: its markers are written after
/// the coordinator's answer (KIP-98).
const MARKERS_WITHIN: Duration = Duration::from_secs(10);

/// How long nothing must have been left to copy before a record counts as foreign: the note of a replay follows its record.
const STILL: Duration = Duration::from_secs(1);

/// How often the notes are looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a running task notes of a partition.
pub(crate) struct Notes<'a> {
    store: &'a dyn CheckpointStore,
    task: &'a TaskName,
    key: &'a PartitionKey,
    /// Which of the source partition's logs is compared.
    incarnation: u32,
}

/// Up to where both logs can be compared now.
struct Bounds {
    source: i64,
    target: i64,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(
        store: &'a dyn CheckpointStore,
        task: &'a TaskName,
        key: &'a PartitionKey,
        incarnation: u32,
    ) -> Self {
        Self {
            store,
            task,
            key,
            incarnation,
        }
    }

    /// The partition as it is noted now; `None` where its source topic was created again meanwhile.
    fn state(&self) -> std::result::Result<Option<PartitionState>, StoreError> {
        let states = self.store.partitions(self.task)?;
        Ok(states
            .into_iter()
            .find(|state| state.key == *self.key && state.incarnation == self.incarnation))
    }
}

impl<'r> Comparison<'_, 'r> {
    /// Compares what was not noted yet when the verification began, up to the end that the target's log had then.
    pub(crate) fn compare_unnoted(&mut self) -> Result<()> {
        let Some(notes) = self.notes.take() else {
            return Ok(());
        };
        while let Some(at) = self.unnoted()? {
            let Some(bounds) = self.bounds_behind(&notes, at)? else {
                self.report.problem.get_or_insert_with(|| {
                    format!("the target has records from offset {at} on that the task has not noted; verify again once it has gone on")
                });
                self.reread_source_end();
                return Ok(());
            };
            self.extend(&notes, &bounds)?;
            self.walk()?;
        }
        Ok(())
    }

    /// The first record on the target that is not compared and was there when the verification began.
    fn unnoted(&mut self) -> Result<Option<i64>> {
        let (from, end) = (self.rules.target_end, self.rules.target_high);
        if from >= end {
            return Ok(None);
        }
        if self.target.next() < from {
            // Whole batches led here.
            self.target.go_to(from);
        }
        let at = self.target.peek(0)?.map(|record| record.offset());
        Ok(at.filter(|at| *at < end))
    }

    /// Waits until the notes reach the record at `at`, or until there is nothing that it could be the copy of. `None` when
    /// neither comes to be.
    fn bounds_behind(&mut self, notes: &Notes<'r>, at: i64) -> Result<Option<Bounds>> {
        let until = Instant::now() + PATIENCE;
        let mut still_since: Option<Instant> = None;
        loop {
            let Some(state) = notes.state()? else {
                return Ok(None);
            };
            if state.position < self.rules.source_end {
                return Ok(None);
            }
            if state.target_next > at {
                return Ok(Some(Bounds {
                    source: state.position,
                    target: state.target_next,
                }));
            }
            if !self.is_all_copied(&state)? {
                still_since = None;
            } else if still_since.get_or_insert_with(Instant::now).elapsed() >= STILL {
                return Ok(Some(Bounds {
                    source: state.position,
                    target: self.rules.target_high,
                }));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            self.target.check_cancelled()?;
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Whether the source has nothing to copy behind the position, so that each copy on the target has its note.
    fn is_all_copied(&mut self, state: &PartitionState) -> Result<bool> {
        let until = state.until.unwrap_or(i64::MAX);
        if state.position >= until {
            return Ok(true);
        }
        self.source.go_to(state.position);
        Ok(self.source.peek(0)?.is_none_or(|record| record.offset() >= until))
    }

    /// Waits for the rest of what was noted, where the target's log seems to end before it. Returns whether more has come.
    pub(crate) fn tail_has_come(&mut self) -> Result<bool> {
        if !self.awaits_tail {
            return Ok(false);
        }
        let begun = self.report.target_range.map_or(0, |range| range.from);
        let (from, end) = (self.target.next().max(begun), self.rules.target_end);
        let until = Instant::now() + MARKERS_WITHIN;
        while Instant::now() < until {
            self.target.go_to(from);
            if self.target.peek(0)?.is_some_and(|record| record.offset() < end) {
                return Ok(true);
            }
            self.target.check_cancelled()?;
            std::thread::sleep(LOOK_EVERY);
        }
        self.awaits_tail = false;
        Ok(false)
    }

    /// Reads the source on from where it was compared to.
    fn reread_source_end(&mut self) {
        self.source.go_to(self.rules.source_end);
        self.uncopied = 0;
    }

    /// Goes on behind what was compared, up to `bounds`.
    fn extend(&mut self, notes: &Notes<'r>, bounds: &Bounds) -> Result<()> {
        let (from, to) = (self.rules.source_end, bounds.source);
        self.reread_source_end();
        // It was read to an end that lies before the new bound.
        self.target.go_to(self.rules.target_end);
        // Their bounds are the former ones.
        self.batches = None;
        if self.map.is_some() {
            self.map = Some(OffsetMap::new(notes.store, notes.task, notes.key, from));
        }
        let (store, task, key) = (notes.store, notes.task, notes.key);
        self.rules.quarantined = store.quarantined_offsets(task, key)?.into_iter().collect();
        self.rules.settled = store.settled_quarantine(task, key)?.into_iter().collect();
        self.rules.source_end = to;
        self.rules.target_end = bounds.target;
        self.awaits_tail = true;
        if let Some(range) = &mut self.report.source_range {
            range.to = to;
        }
        if let Some(range) = &mut self.report.target_range {
            range.to = bounds.target;
        }
        self.report.not_copied = self.report.not_copied.and_then(|mut rest| {
            rest.range = OffsetRange {
                from: to,
                to: rest.range.to.max(to),
            };
            rest.held_back = rest.held_back.min(u64::try_from(rest.range.len()).unwrap_or(0));
            (!rest.range.is_empty()).then_some(rest)
        });
        Ok(())
    }
}
