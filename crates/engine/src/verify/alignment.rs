//! Finds where two logs agree again.

use std::collections::HashMap;

use crate::verify::comparison::Comparison;
use crate::verify::failure::Result;
use crate::verify::report::{DifferenceKind, LogSide};
use crate::verify::stream::Stream;

/// Records looked at on each side: first few, then more.
pub(crate) const WINDOWS: [usize; 3] = [2_000, 20_000, 200_000];
/// Bytes of a side's window, whatever its records' size.
pub(crate) const WINDOW_BYTES: usize = 16 * 1024 * 1024;
/// How often a partition is searched with the bigger windows in vain: logs that have nothing in common end in time.
const DEEP_SEARCHES: u32 = 8;

impl Comparison<'_, '_> {
    /// Finds where the two logs agree again. `noted`: the map says that the front records are copies of each other.
    pub(crate) fn align(&mut self, noted: bool) -> Result<()> {
        if self.swapped()? {
            return Ok(());
        }
        let mut complete = false;
        for (round, size) in WINDOWS.into_iter().enumerate() {
            if round == 1 {
                // A long stretch that was written twice is known by what was read a while ago.
                if let Some(hash) = self.target.peek(0)?.map(|record| record.hash)
                    && self.remembers(hash)
                {
                    if noted {
                        self.map = None;
                    }
                    self.extra()?;
                    return Ok(());
                }
                if self.deep_searches >= DEEP_SEARCHES {
                    break;
                }
            }
            let source = window(&mut self.source, size, i64::MAX)?;
            let target = window(&mut self.target, size, self.rules.target_end)?;
            complete = source.len() < size
                && target.len() < size
                && self.source.held() < WINDOW_BYTES
                && self.target.held() < WINDOW_BYTES;
            // Of a pair, where cleaners and kills leave few neighbours, a record stands for itself.
            let by_itself = self.is_paired() && !noted;
            if let Some((i, j)) = meeting_by(&source, &target, by_itself) {
                if by_itself {
                    for _ in 0..i {
                        self.missing();
                    }
                    for _ in 0..j {
                        self.extra()?;
                    }
                    return Ok(());
                }
                if noted && i != j {
                    // The log is not what the copy wrote: its offsets say nothing any more.
                    self.map = None;
                }
                for _ in 0..i.min(j) {
                    self.pair_or_split(noted && i == j)?;
                }
                for _ in j..i {
                    self.missing();
                }
                for _ in i..j {
                    self.extra()?;
                }
                return Ok(());
            }
            if complete {
                break;
            }
            if round + 1 == WINDOWS.len() {
                self.deep_searches += 1;
            }
        }
        if !self.rules.is_compacted() || noted || complete {
            return self.pair_or_split(noted);
        }
        // Cleaners may have removed any stretch between two records that both sides have.
        self.alone(LogSide::Source)?;
        self.alone(LogSide::Target)
    }

    /// Two records that stand where copies of each other would: on a compacted topic each may also be what the other
    /// side's cleaner removed, which their keys show. Of a pair it is found out of each record by itself, also where two have the same key.
    fn pair_or_split(&mut self, certain: bool) -> Result<()> {
        let is_paired = self.is_paired();
        let may_be_one = match (self.source.peek(0)?, self.target.peek(0)?) {
            (Some(source), Some(target)) => {
                source.hash == target.hash || !is_paired && source.key() == target.key()
            }
            _ => true,
        };
        if self.rules.is_compacted() && !certain && !may_be_one {
            self.missing();
            self.extra()?;
        } else {
            self.pair();
        }
        Ok(())
    }

    /// Takes the front record of one side as one that the other lacks, or as the late copy of one taken so before.
    fn alone(&mut self, side: LogSide) -> Result<()> {
        let (stream, awaited) = match side {
            LogSide::Source => (&mut self.source, &self.awaited_at_source),
            LogSide::Target => (&mut self.target, &self.awaited_on_target),
        };
        let late = stream.peek(0)?.is_some_and(|record| awaited.is_late(record));
        match side {
            _ if !late && side == LogSide::Source => self.missing(),
            _ if !late => self.extra()?,
            LogSide::Source => {
                if let Some(record) = self.source.pop() {
                    self.awaited_at_source.came_late(&record);
                    self.awaited_at_source.saw(&record);
                    self.saw_source(&record);
                    self.give_back();
                    self.report.equal_records += 1;
                }
            }
            LogSide::Target => {
                if let Some(record) = self.target.pop() {
                    self.awaited_on_target.came_late(&record);
                    self.awaited_on_target.saw(&record);
                    self.saw_target(&record);
                    self.give_back();
                    self.report.equal_records += 1;
                }
            }
        }
        Ok(())
    }

    /// Whether the next two records stand in the other order; if so, they are taken.
    fn swapped(&mut self) -> Result<bool> {
        let (source_end, target_end) = (self.rules.source_end, self.rules.target_end);
        let first_two = |stream: &mut Stream<'_>, end: i64| -> Result<Option<(u64, u64, i64)>> {
            let Some(first) = stream.peek(0)?.map(|record| record.hash) else {
                return Ok(None);
            };
            Ok(stream
                .peek(1)?
                .filter(|record| record.offset() < end)
                .map(|record| (first, record.hash, record.offset())))
        };
        let (Some(source), Some(target)) = (
            first_two(&mut self.source, source_end)?,
            first_two(&mut self.target, target_end)?,
        ) else {
            return Ok(false);
        };
        if source.0 != target.1 || source.1 != target.0 {
            return Ok(false);
        }
        for first in [true, false] {
            let (Some(a), Some(b)) = (self.source.pop(), self.target.pop()) else {
                break;
            };
            self.saw_source(&a);
            self.saw_target(&b);
            if first {
                let detail = format!(
                    "the records at source offsets {} and {} stand in the other order",
                    a.offset(),
                    source.2
                );
                self.note(DifferenceKind::Order, Some(a.offset()), Some(b.offset()), detail);
            }
        }
        Ok(true)
    }
}

/// Hashes of the next records of a stream: at most `size`, and not many bytes of them.
pub(crate) fn window(stream: &mut Stream<'_>, size: usize, end: i64) -> Result<Vec<u64>> {
    let mut hashes = Vec::new();
    while hashes.len() < size && (hashes.len() < 2 || stream.held() < WINDOW_BYTES) {
        match stream.peek(hashes.len())? {
            Some(record) if record.offset() < end => hashes.push(record.hash),
            _ => break,
        }
    }
    Ok(hashes)
}

/// The nearest places where a record, and its follower if there is one, agree.
pub(crate) fn meeting(source: &[u64], target: &[u64]) -> Option<(usize, usize)> {
    meeting_by(source, target, false)
}

/// The nearest places where a record agrees: `by_itself`, or else with its follower if there is one.
fn meeting_by(source: &[u64], target: &[u64], by_itself: bool) -> Option<(usize, usize)> {
    let mut places: HashMap<u64, Vec<usize>> = HashMap::with_capacity(target.len());
    for (index, hash) in target.iter().enumerate() {
        places.entry(*hash).or_default().push(index);
    }
    let mut best: Option<(usize, usize)> = None;
    for (i, hash) in source.iter().enumerate() {
        if best.is_some_and(|(a, b)| i >= a + b) {
            break;
        }
        for &j in places.get(hash).into_iter().flatten() {
            if best.is_some_and(|(a, b)| i + j >= a + b) {
                break;
            }
            if by_itself
                || source
                    .get(i + 1)
                    .zip(target.get(j + 1))
                    .is_none_or(|(a, b)| a == b)
            {
                best = Some((i, j));
            }
        }
    }
    best
}
