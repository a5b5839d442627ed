//! One committed offset, by the offset map alone.

#[cfg(test)]
mod tests;

use sluice_model::OffsetRange;

use crate::error::StoreError;
use crate::groups::Translated;
use crate::position::{CheckpointStore, PartitionKey, PartitionState};

/// The offset map of one partition, as far as a translation asks for it: each call is one lookup by an index, whatever the
/// size of the map.
pub trait OffsetLookup {
    /// Source and target offset of the first noted record that is not before a source offset.
    ///
    /// # Errors
    /// The state cannot be read.
    fn at_or_after(&self, source: i64) -> Result<Option<(i64, i64)>, StoreError>;

    /// Source and target offset of the last noted record before a source offset.
    ///
    /// # Errors
    /// The state cannot be read.
    fn before(&self, source: i64) -> Result<Option<(i64, i64)>, StoreError>;
}

/// The map that a store keeps of one partition of a task.
pub(crate) struct StoredMap<'a> {
    pub(crate) store: &'a dyn CheckpointStore,
    pub(crate) task: &'a sluice_model::TaskName,
    pub(crate) key: &'a PartitionKey,
}

impl OffsetLookup for StoredMap<'_> {
    fn at_or_after(&self, source: i64) -> Result<Option<(i64, i64)>, StoreError> {
        let run = self.store.run_at_source(self.task, self.key, source)?;
        Ok(run.and_then(|run| run.at_or_after_source(source)))
    }

    fn before(&self, source: i64) -> Result<Option<(i64, i64)>, StoreError> {
        let run = self.store.run_before(self.task, self.key, source)?;
        Ok(run.and_then(|run| run.before(source)).map(|run| run.last()))
    }
}

/// Where the logs of both sides begin now, as far as that is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PartitionLogs {
    /// First offset at the source.
    pub source_low: Option<i64>,
    /// First offset on the target.
    pub target_low: Option<i64>,
}

/// Offsets between two noted records. The map says nothing of what the target has there: markers of transactions, or
/// copies whose note was lost when the program was killed between a commit and its checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// The source offset that is wanted, inside of `source`.
    pub wanted: i64,
    /// Behind the noted record before, up to the next one.
    pub source: OffsetRange,
    /// The same on the target. `to` is the answer where the target has no record in it.
    pub target: OffsetRange,
}

/// Where a position lies on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Here.
    At(i64),
    /// The map leaves it open: the target has to be read.
    Open(Hole),
}

/// How a committed offset translates, by the offset map alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Translation {
    /// How; never `searched` or `unknown`, which only reading shows.
    pub result: Translated,
    /// Source offsets that the group has not read and that are not on the target.
    pub missing: Option<i64>,
    pub(crate) place: Option<Place>,
}

impl Translation {
    /// The target offset, if the map alone says it.
    pub fn target(&self) -> Option<i64> {
        match self.place {
            Some(Place::At(offset)) => Some(offset),
            Some(Place::Open(_)) | None => None,
        }
    }

    /// What has to be read on the target before the offset is known.
    pub fn open(&self) -> Option<Hole> {
        match self.place {
            Some(Place::Open(hole)) => Some(hole),
            Some(Place::At(_)) | None => None,
        }
    }

    fn pending() -> Self {
        Self {
            result: Translated::Pending,
            missing: None,
            place: None,
        }
    }
}

/// Translates `committed`, an offset that a group has committed at the source, for the partition of `state`: the next record
/// that the group wants is the first whose offset is not before it, and the translation is the target offset of the first
/// copied record of which that is so.
///
/// `map` may be newer than `state`, never older: read the state first.
///
/// # Errors
/// The map cannot be read.
pub fn translate(
    committed: i64,
    state: &PartitionState,
    logs: PartitionLogs,
    map: &dyn OffsetLookup,
) -> Result<Translation, StoreError> {
    if !state.is_pinned() || committed > state.position {
        return Ok(Translation::pending());
    }
    let place = place(committed.max(state.start), state, logs, map)?;
    let (result, missing) = missing(committed, state, logs);
    Ok(Translation {
        result,
        missing,
        place: Some(place),
    })
}

/// As [`translate`] for a partition that is mirrored: every record has its own offset on the target, and offsets without a
/// record are taken up there too. So a group keeps its offset as it is, from where the mirror begins.
pub(crate) fn keep(committed: i64, state: &PartitionState, logs: PartitionLogs) -> Translation {
    if !state.is_pinned() || committed > state.position.max(state.target_next) {
        return Translation::pending();
    }
    let (result, missing) = missing(committed, state, logs);
    Translation {
        result,
        missing,
        place: Some(Place::At(committed.max(state.start))),
    }
}

/// How many source offsets from `committed` on were never to be copied, and whether the source still has some of them.
fn missing(committed: i64, state: &PartitionState, logs: PartitionLogs) -> (Translated, Option<i64>) {
    if committed >= state.start {
        return (Translated::Exact, None);
    }
    let readable = state.start - committed.max(logs.source_low.unwrap_or(committed));
    if readable > 0 {
        (Translated::BeforeStart, Some(state.start - committed))
    } else {
        (Translated::Expired, Some(state.start - committed))
    }
}

/// Where the first copied record stands that is not before `wanted`, which lies from the copy's start on.
fn place(
    wanted: i64,
    state: &PartitionState,
    logs: PartitionLogs,
    map: &dyn OffsetLookup,
) -> Result<Place, StoreError> {
    let next = map.at_or_after(wanted)?;
    let (source_to, target_to) = match next {
        Some((source, target)) if source == wanted => return Ok(Place::At(target)),
        Some(next) => next,
        // All that was copied lies before it.
        None if wanted == state.position => return Ok(Place::At(state.target_next)),
        None => (state.position, state.target_next),
    };
    let (source_from, target_from) = map
        .before(wanted)?
        .map_or((state.start, state.target_start), |(source, target)| {
            (source + 1, target + 1)
        });
    // Nothing can stand before the beginning of the target's log.
    let target_from = target_from.max(logs.target_low.unwrap_or(target_from));
    if target_from >= target_to {
        return Ok(Place::At(target_to));
    }
    Ok(Place::Open(Hole {
        wanted,
        source: OffsetRange {
            from: source_from,
            to: source_to,
        },
        target: OffsetRange {
            from: target_from,
            to: target_to,
        },
    }))
}
