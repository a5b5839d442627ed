//! Where a copy stands while records come without a pause: the other program never says the same position twice, so the last
//! record on the target is looked for in the source, between the two positions that it did say.

use std::time::{Duration, Instant};

use sluice_model::{OffsetRange, Task};
use sluice_wire::Cancel;

use super::seen::Seen;
use super::watched::Watched;
use crate::cancellable::cancellable_until;
use crate::clock::now_ms;
use crate::error::Result;
use crate::groups::{Fingerprint, read_all};
use crate::position::LaneKind;
use crate::verify::Reading;

/// How often it is looked for. A verification waits 20 s for the note of what it sees.
const EVERY: Duration = Duration::from_secs(10);
/// How often the pause is doubled at most where looks end in vain: five minutes.
const MOST_DOUBLED: u32 = 5;
/// How long one look may read.
const PATIENCE: Duration = Duration::from_secs(5);
/// Offsets that are read of a source partition at most: more between two positions is a backlog on its way.
const MOST: i64 = 20_000;
/// Offsets that are read before the first position, and of the target: markers stand between records.
const AROUND: i64 = 64;
/// Targets that take transactions keep headers.
const HEADERS: bool = true;

/// A partition whose place is looked for.
type Waiting<'w> = (&'w mut Watched, Stretch);

/// What reads both sides, and when it was read last.
#[derive(Default)]
pub(super) struct LastCopied {
    reading: Option<Reading>,
    /// When the next look is due.
    due: Option<Instant>,
    /// Looks in a row whose time was not enough for one partition: records are large, or a cluster is slow.
    in_vain: u32,
}

impl LastCopied {
    /// Gives the next offset to copy of each partition of `watched` of which it can be told, as of the target's end in `seen`.
    pub(super) fn look<'w>(
        &mut self,
        task: &Task,
        watched: Vec<&'w mut Watched>,
        seen: &Seen,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Vec<(&'w mut Watched, i64)> {
        let is_due = self.due.is_none_or(|due| Instant::now() >= due);
        let mut waiting: Vec<Waiting<'w>> = watched
            .into_iter()
            .filter_map(|watched| Stretch::of(watched, seen).map(|stretch| (watched, stretch)))
            .collect();
        if waiting.is_empty() || !is_due {
            return Vec::new();
        }
        // Where the time is not enough for all, each has its turn.
        waiting.sort_by_key(|(watched, _)| watched.sought_ms);
        let until = Instant::now() + PATIENCE;
        let is_over = || cancelled() || Instant::now() >= until;
        let found = cancellable_until(&is_over, |cancel| self.places(task, waiting, cancel));
        let is_late = Instant::now() >= until;
        let found = found.unwrap_or_else(|error| {
            tracing::info!(%error, "the last records on the target are not looked for");
            Vec::new()
        });
        self.in_vain = if is_late && found.is_empty() {
            self.in_vain + 1
        } else {
            0
        };
        self.due = Some(Instant::now() + EVERY * 2_u32.pow(self.in_vain.min(MOST_DOUBLED)));
        found
    }

    fn places<'w>(
        &mut self,
        task: &Task,
        waiting: Vec<Waiting<'w>>,
        cancel: &Cancel,
    ) -> Result<Vec<(&'w mut Watched, i64)>> {
        let reading = match self.reading.take() {
            Some(reading) => reading,
            None => Reading::of(task, &[LaneKind::Connect].into())?,
        };
        let mut readers = self.reading.insert(reading).readers(task, cancel)?;
        let mut found = Vec::new();
        for (watched, stretch) in waiting {
            if cancel.is_cancelled() {
                break;
            }
            watched.sought_ms = now_ms();
            let key = &watched.state.key;
            match read_all(
                &mut readers,
                &watched.state,
                stretch.source,
                stretch.target,
                cancel,
            ) {
                Ok((source, target)) => match behind_last(&source, &target, stretch.least) {
                    Some(position) => found.push((watched, position)),
                    None => tracing::debug!(%key, "the last record on the target is not told from others"),
                },
                Err(error) => {
                    tracing::info!(%key, %error, "the last record on the target was not looked for")
                }
            }
        }
        Ok(found)
    }
}

/// What is read of a partition.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    source: OffsetRange,
    target: OffsetRange,
    /// All records before this one are on the target.
    least: i64,
}

impl Stretch {
    /// `None` where there is nothing new, or it cannot be told.
    fn of(watched: &Watched, seen: &Seen) -> Option<Self> {
        let key = &watched.state.key;
        let log = seen.source_log(key)?;
        let (before, after) = (*seen.before.get(key)?, *seen.after.get(key)?);
        let end = *seen.ends.get(key)?;
        let source = OffsetRange {
            from: (before - AROUND).max(watched.state.position).max(log.low),
            to: after,
        };
        let target = OffsetRange {
            from: (end - AROUND).max(watched.state.target_next),
            to: end,
        };
        let is_told = seen.has_ended(key) && !source.is_empty() && source.len() <= MOST && !target.is_empty();
        is_told.then_some(Self {
            source,
            target,
            least: before,
        })
    }
}

/// Behind the record of `source` whose copy is the last one of `target`; `None` where none is, or it may be one of several.
/// Everything before `least` is on the target.
fn behind_last(source: &[Fingerprint], target: &[Fingerprint], least: i64) -> Option<i64> {
    let (last, before) = target.split_last()?;
    let is_late_enough = |index: usize| source.get(index + 1).is_none_or(|next| next.offset >= least);
    // What stands before it counts as well, as far as it was read: a record may come again, and another client may have written
    // one like it.
    let follows = |index: usize| {
        let mut pairs = source[..index].iter().rev().zip(before.iter().rev());
        (index > 0 || before.is_empty()) && pairs.all(|(here, there)| here.is_copied_as(there, HEADERS))
    };
    let mut fitting = (0..source.len()).filter(|index| {
        is_late_enough(*index) && source[*index].is_copied_as(last, HEADERS) && follows(*index)
    });
    let found = fitting.next()?;
    if fitting.next().is_some() {
        return None;
    }
    Some(source[found].offset + 1)
}

#[cfg(test)]
mod tests {
    use sluice_wire::format::{OwnedRecord, TimestampKind};

    use super::*;
    use crate::verify::Content;

    /// Records of these values, the first at offset `from`.
    fn records(from: i64, values: &str) -> Vec<Fingerprint> {
        let record = |(offset, value): (i64, char)| OwnedRecord {
            offset,
            timestamp: 1,
            timestamp_kind: TimestampKind::Create,
            key: None,
            value: Some(vec![value as u8]),
            headers: Vec::new(),
        };
        (from..)
            .zip(values.chars())
            .map(|one| Fingerprint::of_content(&Content::Wire(record(one))))
            .collect()
    }

    #[test]
    fn the_copy_stands_behind_the_record_that_came_last() {
        assert_eq!(
            behind_last(&records(10, "abcdef"), &records(70, "bcd"), 10),
            Some(14)
        );
        assert_eq!(
            behind_last(&records(10, "abcdef"), &records(70, "a"), 10),
            Some(11)
        );
        assert_eq!(behind_last(&records(10, "abcdef"), &[], 10), None);
        assert_eq!(
            behind_last(&records(10, "abcdef"), &records(70, "bcx"), 10),
            None,
            "a record of another client"
        );
        assert_eq!(
            behind_last(&records(10, "abcdef"), &records(70, "xd"), 10),
            None,
            "a record of another client before it"
        );
        assert_eq!(
            behind_last(&records(100, "xax"), &records(200, "xafx"), 100),
            None,
            "the first one stands behind nothing that was compared"
        );
    }

    #[test]
    fn of_equal_records_the_one_behind_the_same_ones_is_it_or_none() {
        assert_eq!(
            behind_last(&records(10, "abxcdx"), &records(70, "cdx"), 10),
            Some(16)
        );
        assert_eq!(behind_last(&records(10, "abxabx"), &records(70, "abx"), 10), None);
        assert_eq!(behind_last(&records(10, "xxxx"), &records(70, "xx"), 10), None);
    }

    #[test]
    fn a_record_before_the_first_position_is_not_it_unless_it_is_the_last_one_there() {
        // What comes again as the last record is still on its way.
        assert_eq!(
            behind_last(&records(10, "abcab"), &records(70, "cab"), 14),
            Some(15)
        );
        assert_eq!(behind_last(&records(10, "abcde"), &records(70, "ab"), 14), None);
        assert_eq!(
            behind_last(&records(10, "abcde"), &records(70, "bc"), 13),
            Some(13)
        );
    }
}
