//! Compacted partitions of a pair that copies both ways (docs/adr/0016): what one side lacks may have been superseded by a record
//! that is not of what is compared, because the other task copied it, or an application of that side wrote it.

use sluice_model::OffsetRange;

use crate::error::{Side, StoreError};
use crate::position::{Map, Runs};
use crate::verify::comparison::Comparison;
use crate::verify::failure::Result;
use crate::verify::last_records::{Last, LastRecords};
use crate::verify::report::{Accepted, LogSide};
use crate::verify::superseded::{Awaited, Lacking};

/// What one task of a pair has copied of a partition, noted before the logs are read.
pub(crate) struct Half<'a> {
    pub(crate) runs: Box<dyn Runs + 'a>,
    /// Offsets of its source that it has passed.
    pub(crate) source: OffsetRange,
    /// Behind its last copy.
    pub(crate) target_next: i64,
}

/// What both tasks of a pair have copied of a partition; `None` where that is not known of the logs that are there now.
#[derive(Default)]
pub(crate) struct Paired<'a> {
    /// The task that is verified.
    pub(crate) own: Option<Half<'a>>,
    pub(crate) partner: Option<Half<'a>>,
}

/// Where the copy of a record stands, or would: at one offset, if that was noted; or else between the noted neighbours.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The last offset that is not behind it.
    low: i64,
    /// The first that is not before it.
    high: i64,
}

const ANYWHERE: Place = Place {
    low: i64::MIN,
    high: i64::MAX,
};

/// Where the record at `offset` of a side stands on the other, by a task's map if there is one.
fn place(map: Option<&Map<'_>>, side: Side, offset: i64) -> std::result::Result<Place, StoreError> {
    let Some(map) = map else { return Ok(ANYWHERE) };
    let other = match side {
        Side::Source => Side::Target,
        Side::Target => Side::Source,
    };
    let next = map.next(side, offset)?;
    if let Some(copied) = next.filter(|copied| copied.on(side) == offset) {
        let at = copied.on(other);
        return Ok(Place { low: at, high: at });
    }
    let before = map.last_before(side, offset)?;
    Ok(Place {
        low: before.map_or(ANYWHERE.low, |copied| copied.on(other)),
        high: next.map_or(ANYWHERE.high, |copied| copied.on(other)),
    })
}

/// What becomes of a record that one side lacks.
enum Fate {
    /// A later record of its key was there, or it is a tombstone of nothing.
    Explained,
    Lost,
    /// Either may be.
    Unknown,
}

/// Both logs' last records.
struct Ends {
    source: LastRecords,
    target: LastRecords,
}

impl Ends {
    fn of(&self, side: LogSide) -> &LastRecords {
        match side {
            LogSide::Source => &self.source,
            LogSide::Target => &self.target,
        }
    }
}

fn other(side: LogSide) -> LogSide {
    match side {
        LogSide::Source => LogSide::Target,
        LogSide::Target => LogSide::Source,
    }
}

/// The maps of both tasks, as they are seen from the one that is verified.
struct Maps<'m> {
    own: Option<Map<'m>>,
    partner: Option<Map<'m>>,
}

impl<'m> Maps<'m> {
    fn of(paired: &'m Paired<'_>) -> Self {
        let map = |half: &'m Option<Half<'_>>| half.as_ref().map(|half| Map::new(half.runs.as_ref()));
        Self {
            own: map(&paired.own),
            partner: map(&paired.partner),
        }
    }

    fn fate(
        &self,
        lacking: LogSide,
        key: u64,
        awaited: &Awaited,
        ends: &Ends,
    ) -> std::result::Result<Fate, StoreError> {
        // The partner's source is the target.
        let (stands_on, partners) = match lacking {
            LogSide::Source => (Side::Target, Side::Source),
            LogSide::Target => (Side::Source, Side::Target),
        };
        let place_of_it = place(self.own.as_ref(), stands_on, awaited.offset)?;
        let last = ends.of(lacking).of(key);
        if last.is_some_and(|last| last.offset >= place_of_it.high) {
            return Ok(Fate::Explained);
        }
        if awaited.is_tombstone && last.is_none_or(|last| !last.is_alive) {
            return Ok(Fate::Explained);
        }
        match last {
            Some(last) if last.offset > place_of_it.low => return Ok(Fate::Unknown),
            // What deletes a record deletes the older ones of its key as well.
            Some(_) => return Ok(Fate::Lost),
            None => {}
        }
        // A tombstone that is gone by now leaves its copy, or its original, behind the record on the other side.
        if let Some(at) = ends.of(other(lacking)).tombstone_beside(key) {
            let stood = place(self.partner.as_ref(), partners, at)?;
            if stood.low >= place_of_it.high {
                return Ok(Fate::Explained);
            }
            if stood.high > place_of_it.low {
                return Ok(Fate::Unknown);
            }
        }
        let is_last = ends
            .of(other(lacking))
            .of(key)
            .is_none_or(|last| last.offset <= awaited.offset);
        Ok(match lacking {
            LogSide::Target => Fate::Lost,
            // A tombstone that crossed with the copy stood before it on the target, where the copy superseded it.
            LogSide::Source if is_last => Fate::Unknown,
            // A later one of the target, which the partner brings.
            LogSide::Source => Fate::Explained,
        })
    }
}

impl Paired<'_> {
    /// Whether a last record is on both sides, as far as the tasks had come before the logs were read.
    fn is_settled(own: &Half<'_>, partner: &Half<'_>, side: LogSide, last: Last) -> bool {
        let passed = |half: &Half<'_>| half.source.from <= last.offset && last.offset < half.source.to;
        match (side, last.counts) {
            (LogSide::Source, true) => passed(own),
            (LogSide::Source, false) => last.offset < partner.target_next,
            (LogSide::Target, true) => last.offset < own.target_next,
            (LogSide::Target, false) => passed(partner),
        }
    }

    /// Keys that end with different records on the two sides, which no copy will change; `None` where that is not known.
    fn conflicts(&self, ends: &Ends) -> Option<u64> {
        let (own, partner) = (self.own.as_ref()?, self.partner.as_ref()?);
        if !ends.source.is_whole() || !ends.target.is_whole() {
            return None;
        }
        let differ = ends.source.iter().filter(|(key, at_source)| {
            ends.target.of(*key).is_some_and(|on_target| {
                at_source.hash != on_target.hash
                    && (at_source.is_alive || on_target.is_alive)
                    && Self::is_settled(own, partner, LogSide::Source, *at_source)
                    && Self::is_settled(own, partner, LogSide::Target, on_target)
            })
        });
        Some(differ.count() as u64)
    }
}

impl Comparison<'_, '_> {
    /// Of a compacted partition of a pair: finds out of each record that one side lacks what became of it, and counts the keys
    /// that end with different records. Both logs are read once more, with all that stands in them.
    pub(crate) fn explain_by_pair(&mut self, paired: &Paired<'_>) -> Result<()> {
        let (at_source, on_target) = (&self.awaited_at_source, &self.awaited_on_target);
        let asked = |key| at_source.awaits(key) || on_target.awaits(key);
        let (low_at_source, low_on_target) = self.rules.log_starts;
        let ends = Ends {
            source: LastRecords::read(&mut self.source, low_at_source, asked)?,
            target: LastRecords::read(&mut self.target, low_on_target, asked)?,
        };
        let maps = Maps::of(paired);
        let mut unknown: Option<(u64, LogSide, Awaited)> = None;
        for lacking in [LogSide::Source, LogSide::Target] {
            for (key, awaited) in self.awaited(lacking).take_all() {
                self.source.check_cancelled()?;
                match maps.fate(lacking, key, &awaited, &ends)? {
                    Fate::Explained => {}
                    Fate::Lost if awaited.is_tombstone => {
                        self.note_lacking(lacking, &awaited, Lacking::Tombstone);
                    }
                    Fate::Lost => self.note_lacking(lacking, &awaited, Lacking::Value),
                    Fate::Unknown => {
                        self.give_back();
                        unknown.get_or_insert((0, lacking, awaited)).0 += 1;
                    }
                }
            }
        }
        if let Some((count, lacking, first)) = unknown {
            self.report
                .problem
                .get_or_insert_with(|| cannot_be_told(count, lacking, &first));
        }
        match paired.conflicts(&ends) {
            Some(0) => {}
            Some(count) => {
                self.report.accepted.insert(Accepted::ConflictingKeys, count);
            }
            None => self.report.keys_not_counted = true,
        }
        Ok(())
    }
}

/// Says so of `count` keys; the `first` is lacking on a side.
fn cannot_be_told(count: u64, lacking: LogSide, first: &Awaited) -> String {
    let (key, offset) = (&first.key, first.offset);
    match lacking {
        LogSide::Target => format!(
            "of {count} keys it cannot be told whether the record that one side lacks was superseded or lost; the first is key {key} at source offset {offset}"
        ),
        LogSide::Source => format!(
            "of {count} keys it cannot be told whether the record that one side lacks was superseded or lost; the first is key {key} at target offset {offset}"
        ),
    }
}
