//! Which target offset each copied source offset has, in runs that cost the same whatever they hold.

use serde::{Deserialize, Serialize};

use crate::error::Side;
use crate::position::PartitionKey;

/// How the offsets of one side of a run go on: a first block of consecutive offsets, a hole, and from then on blocks of
/// one length with holes of one length between them. A transaction's marker is such a hole of one offset, so records
/// that arrive one per transaction have blocks of one and holes of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stride {
    /// Records before the first hole; 0 as long as there is none.
    pub first: i64,
    /// Records between two holes; 0 as long as there are no two.
    pub block: i64,
    /// Offsets of a hole.
    pub hole: i64,
}

impl Stride {
    /// Distance of record `index` from the run's first offset.
    fn distance(self, index: i64) -> i64 {
        if self.first == 0 || index < self.first {
            return index;
        }
        let more = if self.block == 0 {
            0
        } else {
            (index - self.first) / self.block
        };
        index + self.hole * (1 + more)
    }

    /// Index of the first record that is not before `distance`.
    fn index_from(self, distance: i64) -> i64 {
        if self.first == 0 || distance < self.first {
            return distance;
        }
        let behind = distance - self.first - self.hole;
        if behind < 0 {
            return self.first;
        }
        if self.block == 0 {
            return self.first + behind;
        }
        let period = self.block + self.hole;
        self.first + behind / period * self.block + (behind % period).min(self.block)
    }

    /// The stride when a record follows `length` others behind a hole of `hole` offsets (0: right behind them); `None`
    /// if that is not how it goes on.
    fn followed(self, length: i64, hole: i64) -> Option<Self> {
        let block_is_full = self.block > 0 && (length - self.first) % self.block == 0;
        if hole == 0 {
            return (!block_is_full).then_some(self);
        }
        if self.first == 0 {
            return Some(Self {
                first: length,
                block: 0,
                hole,
            });
        }
        if hole != self.hole {
            return None;
        }
        if self.block == 0 {
            return Some(Self {
                block: length - self.first,
                ..self
            });
        }
        block_is_full.then_some(self)
    }

    /// How many records may follow `length` others without a hole.
    fn room(self, length: i64) -> i64 {
        if self.block == 0 {
            return i64::MAX;
        }
        match (length - self.first) % self.block {
            0 => 0,
            begun => self.block - begun,
        }
    }

    /// Index behind the last record that follows record `index` without a hole, if the run goes on that far.
    fn block_end(self, index: i64) -> i64 {
        if self.first == 0 {
            i64::MAX
        } else if index < self.first {
            self.first
        } else if self.block == 0 {
            i64::MAX
        } else {
            self.first + ((index - self.first) / self.block + 1) * self.block
        }
    }

    /// The stride of the first `length` records alone.
    fn of_first(self, length: i64) -> Self {
        if self.first == 0 || length <= self.first {
            Self::default()
        } else if self.block > 0 && length <= self.first + self.block {
            Self { block: 0, ..self }
        } else {
            self
        }
    }
}

/// Records of a source partition with the offsets they have on both sides. Both sides have them in the same order, so
/// the record with an index on one side is the record with that index on the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetRun {
    /// Source partition.
    pub key: PartitionKey,
    /// First source offset.
    pub source: i64,
    /// First target offset.
    pub target: i64,
    /// How many records; at least one.
    pub length: i64,
    /// Holes at the source.
    pub source_stride: Stride,
    /// Holes on the target.
    pub target_stride: Stride,
}

impl OffsetRun {
    /// A run without holes: source offsets `source..source+length` stand at target offsets `target..target+length`.
    pub fn contiguous(key: PartitionKey, source: i64, target: i64, length: i64) -> Self {
        Self {
            key,
            source,
            target,
            length,
            source_stride: Stride::default(),
            target_stride: Stride::default(),
        }
    }

    /// Source and target offset of record `index`, which is below `length`.
    pub fn pair(&self, index: i64) -> (i64, i64) {
        (
            self.source + self.source_stride.distance(index),
            self.target + self.target_stride.distance(index),
        )
    }

    /// Source and target offset of the last record.
    pub fn last(&self) -> (i64, i64) {
        self.pair(self.length - 1)
    }

    /// The pair of the first record at or behind a source offset.
    pub fn at_or_after_source(&self, source: i64) -> Option<(i64, i64)> {
        self.at(self.source_stride.index_from((source - self.source).max(0)))
    }

    /// The pair of the first record at or behind a target offset.
    pub fn at_or_after_target(&self, target: i64) -> Option<(i64, i64)> {
        self.at(self.target_stride.index_from((target - self.target).max(0)))
    }

    /// Where the record at a source offset stands on the target.
    pub fn target_of(&self, source: i64) -> Option<i64> {
        self.at_or_after_source(source)
            .filter(|(found, _)| *found == source)
            .map(|(_, target)| target)
    }

    /// Which source offset the record at a target offset has.
    pub fn source_of(&self, target: i64) -> Option<i64> {
        self.at_or_after_target(target)
            .filter(|(_, found)| *found == target)
            .map(|(source, _)| source)
    }

    /// First offset and stride of a side.
    fn of_side(&self, side: Side) -> (i64, Stride) {
        match side {
            Side::Source => (self.source, self.source_stride),
            Side::Target => (self.target, self.target_stride),
        }
    }

    /// How many records have smaller offsets on a side than this one: the index of the first that has not.
    pub(crate) fn count_before(&self, side: Side, offset: i64) -> i64 {
        let (base, stride) = self.of_side(side);
        stride.index_from((offset - base).max(0)).min(self.length)
    }

    /// Behind the last record that follows record `index` on a side without a hole: the offset there.
    pub(crate) fn solid_until(&self, side: Side, index: i64) -> i64 {
        let (base, stride) = self.of_side(side);
        let last = stride.block_end(index).min(self.length) - 1;
        base + stride.distance(last) + 1
    }

    fn at(&self, index: i64) -> Option<(i64, i64)> {
        (index < self.length).then(|| self.pair(index))
    }

    /// What is left without the source offsets from `offset` on.
    #[must_use]
    pub fn before(mut self, offset: i64) -> Option<Self> {
        if offset <= self.source {
            return None;
        }
        self.length = self
            .length
            .min(self.source_stride.index_from(offset - self.source));
        self.source_stride = self.source_stride.of_first(self.length);
        self.target_stride = self.target_stride.of_first(self.length);
        Some(self)
    }

    /// Takes in up to `count` records with consecutive offsets on both sides, the first of which is at `source` and
    /// `target`. Returns how many fit: the others begin another run.
    pub(crate) fn extend(&mut self, source: i64, target: i64, count: i64) -> i64 {
        let (last_source, last_target) = self.last();
        let (source_hole, target_hole) = (source - last_source - 1, target - last_target - 1);
        if count < 1 || source_hole < 0 || target_hole < 0 {
            return 0;
        }
        let (Some(at_source), Some(on_target)) = (
            self.source_stride.followed(self.length, source_hole),
            self.target_stride.followed(self.length, target_hole),
        ) else {
            return 0;
        };
        (self.source_stride, self.target_stride) = (at_source, on_target);
        self.length += 1;
        let more = (count - 1)
            .min(at_source.room(self.length))
            .min(on_target.room(self.length));
        self.length += more;
        1 + more
    }
}
