//! A record of the source, looked for on the target where the offset map has a hole: by its content, within the hole.

use sluice_model::OffsetRange;
use sluice_wire::{Isolation, OffsetSpec, TopicPartition};

use crate::error::Result;
use crate::groups::clusters::GroupCluster;
use crate::groups::next_record::{Fingerprint, Found, Look};
use crate::groups::readers::Lookers;
use crate::groups::translate::{Hole, PartitionLogs};
use crate::position::PartitionState;

/// Offsets of the target that are read at most.
pub(crate) const SCANNED: i64 = 20_000;
/// Offsets of the source behind the record that are compared as well where its content stands on the target more than once.
const FOLLOWING: i64 = 200;

/// What a look into a hole has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Searched {
    /// Nothing was copied into the hole that the group has not read: the next noted record is the place.
    Nothing(i64),
    /// The record stands here, and nowhere else in the hole.
    Found(i64),
    /// It cannot be said for certain, and why.
    Uncertain(String),
}

/// Looks for the first record of the source that is not before `hole.wanted`. `first`: the first record that the target has
/// in the hole.
///
/// # Errors
/// A reader cannot be opened.
pub(crate) fn search(
    state: &PartitionState,
    hole: Hole,
    first: Fingerprint,
    logs: PartitionLogs,
    target: &GroupCluster,
    lookers: &mut Lookers<'_>,
) -> Result<Searched> {
    if logs.source_low.is_none_or(|low| low > hole.wanted) {
        return Ok(Searched::Uncertain(
            "the offset map leaves the place open, and the source has lost the records from there on"
                .to_owned(),
        ));
    }
    let behind = OffsetRange {
        from: hole.wanted,
        to: hole.source.to,
    };
    let look = source_look(state, behind);
    let record = match single(lookers.look(&[look], &[])?.0) {
        Ok(Some(record)) => record,
        // All of what was copied into the hole lies before the position.
        Ok(None) => return Ok(Searched::Nothing(hole.target.to)),
        Err(error) => return Ok(unreadable(&error)),
    };
    let range = scanned(state, hole, &first, &record, target);
    if range.to - range.from > SCANNED {
        return Ok(Searched::Uncertain(format!(
            "the offset map leaves the place open, and the record is not among {SCANNED} offsets of the target"
        )));
    }
    let copies = match read_all(target_look(state, range), false, lookers)? {
        Ok(copies) => copies,
        Err(error) => return Ok(unreadable(&error)),
    };
    let mut places: Vec<usize> = (0..copies.len())
        .filter(|index| copies.get(*index).is_some_and(|copy| is_copy(&record, copy)))
        .collect();
    if places.len() > 1 {
        let following = OffsetRange {
            from: record.offset,
            to: hole.source.to.min(record.offset + FOLLOWING),
        };
        match read_all(source_look(state, following), true, lookers)? {
            Ok(records) => places.retain(|place| follows(&records, copies.get(*place..).unwrap_or_default())),
            Err(error) => return Ok(unreadable(&error)),
        }
    }
    let found = match places.as_slice() {
        [place] => copies.get(*place).map(|copy| copy.offset),
        _ => None,
    };
    Ok(found.map_or_else(
        || {
            Searched::Uncertain(format!(
                "the offset map leaves the place open, and the record at source offset {} stands {} times on the target where it could be",
                record.offset,
                places.len()
            ))
        },
        Searched::Found,
    ))
}

/// Where the copy can stand: in all of the hole, or behind the first record of its time where that is too long to be read.
fn scanned(
    state: &PartitionState,
    hole: Hole,
    first: &Fingerprint,
    record: &Fingerprint,
    target: &GroupCluster,
) -> OffsetRange {
    let whole = OffsetRange {
        from: first.offset,
        to: hole.target.to,
    };
    if whole.to - whole.from <= SCANNED || first.is_stamped() || !record.has_time() {
        return whole;
    }
    let place = TopicPartition::new(state.target_topic.as_str(), state.key.partition);
    let time = OffsetSpec::AtTime(record.timestamp);
    let listed = target
        .client
        .list_offsets(std::slice::from_ref(&place), time, Isolation::Committed);
    let from = listed
        .ok()
        .and_then(|mut listed| listed.remove(&place)?.ok()?.offset)
        .map_or(whole.from, |offset| offset.clamp(whole.from, whole.to));
    OffsetRange {
        from,
        to: whole.to.min(from + SCANNED),
    }
}

fn source_look(state: &PartitionState, range: OffsetRange) -> Look {
    Look {
        topic: state.key.topic.clone(),
        partition: state.key.partition,
        range,
    }
}

fn target_look(state: &PartitionState, range: OffsetRange) -> Look {
    Look {
        topic: state.target_topic.clone(),
        partition: state.key.partition,
        range,
    }
}

fn single(found: Vec<Found>) -> Found {
    found.into_iter().next().unwrap_or(Ok(None))
}

/// The records of a range, which is short.
fn read_all(
    look: Look,
    at_source: bool,
    lookers: &mut Lookers<'_>,
) -> Result<std::result::Result<Vec<Fingerprint>, crate::verify::ReadError>> {
    let looks: Vec<Look> = (look.range.from..look.range.to)
        .map(|offset| Look {
            range: OffsetRange {
                from: offset,
                to: offset + 1,
            },
            ..look.clone()
        })
        .collect();
    let found = if at_source {
        lookers.look(&looks, &[])?.0
    } else {
        lookers.look(&[], &looks)?.1
    };
    Ok(found
        .into_iter()
        .filter_map(std::result::Result::transpose)
        .collect())
}

fn is_copy(record: &Fingerprint, copy: &Fingerprint) -> bool {
    // A target without headers takes none; everything else has to be the same.
    record.differences(copy, true).is_empty()
        || record.differences(copy, false).is_empty() && copy.lacks_headers()
}

/// Whether the copies go on as the records do, as far as both were read.
fn follows(records: &[Fingerprint], copies: &[Fingerprint]) -> bool {
    records
        .iter()
        .zip(copies)
        .all(|(record, copy)| is_copy(record, copy))
}

fn unreadable(error: &crate::verify::ReadError) -> Searched {
    Searched::Uncertain(format!(
        "the offset map leaves the place open, and the records there cannot be read: {error}"
    ))
}
