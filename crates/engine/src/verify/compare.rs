//! Compares two streams of records of one partition.

use std::collections::{HashMap, HashSet, VecDeque};

use sluice_kafka::{Message, TimestampKind};
use sluice_model::OffsetRange;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::position::QuarantineFate;
use crate::verify::offset_map::OffsetMap;
use crate::verify::report::{Accepted, Difference, DifferenceKind, PartitionReport};
use crate::verify::stream::{Record, Stream};

/// Records looked at on each side to find where two logs agree again: first few, then more.
const WINDOWS: [usize; 3] = [2_000, 20_000, 200_000];
/// Bytes of a side's window, whatever its records' size.
const WINDOW_BYTES: usize = 16 * 1024 * 1024;
/// How often a partition is searched with the bigger windows in vain: logs that have nothing in common end in time.
const DEEP_SEARCHES: u32 = 8;
/// Recent records remembered to tell a repeated record from a foreign one.
const MEMORY: usize = 200_000;
/// Superseded records remembered until their successor is seen.
const PENDING_LIMIT: usize = 1_000_000;

/// What is known before the comparison.
pub(crate) struct Rules {
    /// The target stores headers.
    pub(crate) headers: bool,
    /// Either side may have removed superseded records.
    pub(crate) compacted: bool,
    /// Source offset behind the last one that must be on the target.
    pub(crate) source_end: i64,
    /// Target offset behind the last one to compare.
    pub(crate) target_end: i64,
    /// The end of the target's log, which may lie behind what is compared.
    pub(crate) target_high: i64,
    /// Where each record went, as the copy noted it.
    pub(crate) map: Option<OffsetMap>,
    /// Source offsets in quarantine.
    pub(crate) quarantined: HashSet<i64>,
    /// Source offsets that were in quarantine until a person decided about them.
    pub(crate) settled: HashMap<i64, QuarantineFate>,
    /// Without a map: a side whose oldest records are gone, so that the other side begins with records it cannot have.
    pub(crate) cut: Option<Cut>,
}

/// See [`Rules::cut`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The source's log begins behind its first offset.
    Source,
    /// The target's log begins behind its first offset.
    Target,
    /// Both do.
    Both,
}

pub(crate) struct Comparison<'a, 'r> {
    source: Stream<'a>,
    target: Stream<'a>,
    rules: &'r Rules,
    /// The map, as long as the logs are what it says.
    map: Option<&'r OffsetMap>,
    report: PartitionReport,
    found: Vec<Difference>,
    digests: (Xxh3, Xxh3),
    memory: (HashSet<u64>, VecDeque<u64>),
    /// Keys whose superseded record is gone on a side, until a later record of that key is seen there.
    awaited_at_source: HashMap<u64, Awaited>,
    awaited_on_target: HashMap<u64, Awaited>,
    /// Hashes of records that were replayed and whose copy was not seen yet, with their source offsets.
    awaited_replays: HashMap<u64, Vec<i64>>,
    deep_searches: u32,
    on_records: &'r mut dyn FnMut(u64),
}

/// Small, because there may be many.
struct Awaited {
    kind: DifferenceKind,
    offset: i64,
    key: Box<str>,
    /// The record itself: on logs that agree nowhere near, its copy may come later than expected.
    hash: u64,
}

/// Which record of which side is alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alone {
    AtSource,
    OnTarget,
}

impl<'a, 'r> Comparison<'a, 'r> {
    pub(crate) fn new(
        source: Stream<'a>,
        target: Stream<'a>,
        rules: &'r Rules,
        report: PartitionReport,
        on_records: &'r mut dyn FnMut(u64),
    ) -> Self {
        Self {
            source,
            target,
            rules,
            map: rules.map.as_ref(),
            report,
            found: Vec::new(),
            digests: (Xxh3::new(), Xxh3::new()),
            memory: (HashSet::new(), VecDeque::new()),
            awaited_at_source: HashMap::new(),
            awaited_on_target: HashMap::new(),
            awaited_replays: HashMap::new(),
            deep_searches: 0,
            on_records,
        }
    }

    pub(crate) fn run(mut self) -> (PartitionReport, Vec<Difference>) {
        if let Err(error) = self
            .prepare()
            .and_then(|()| self.walk())
            .and_then(|()| self.read_on())
        {
            self.report.problem = Some(error.to_string());
        }
        for (alone, awaited) in [
            (Alone::OnTarget, std::mem::take(&mut self.awaited_at_source)),
            (Alone::AtSource, std::mem::take(&mut self.awaited_on_target)),
        ] {
            let mut awaited: Vec<Awaited> = awaited.into_values().collect();
            awaited.sort_unstable_by_key(|awaited| awaited.offset);
            for Awaited {
                kind, offset, key, ..
            } in awaited
            {
                self.give_back();
                let (at_source, on_target, side) = match alone {
                    Alone::AtSource => (Some(offset), None, "source"),
                    Alone::OnTarget => (None, Some(offset), "target"),
                };
                let detail = format!(
                    "{side} key {key} at offset {offset}, and no later record of this key on the other side"
                );
                self.note(self.difference(kind, at_source, on_target, detail));
            }
        }
        self.note_replays_that_are_gone();
        self.report.accepted.retain(|_, count| *count > 0);
        self.report.source_digest = format!("{:032x}", self.digests.0.digest128());
        self.report.target_digest = format!("{:032x}", self.digests.1.digest128());
        (self.report, self.found)
    }

    fn prepare(&mut self) -> sluice_kafka::Result<()> {
        // A time that the target stamped says nothing about the record.
        if self.target.is_stamped()? {
            self.source.ignore_time();
            self.target.ignore_time();
        }
        match self.rules.cut {
            Some(Cut::Source) => self.pass_over_older(),
            Some(Cut::Target) => self.pass_over_gone(),
            Some(Cut::Both) => self.pass_over_either(),
            None => Ok(()),
        }
    }

    /// Both logs begin somewhere: at the first records that both have.
    fn pass_over_either(&mut self) -> sluice_kafka::Result<()> {
        for size in WINDOWS {
            let source = window(&mut self.source, size, self.rules.source_end)?;
            let target = window(&mut self.target, size, self.rules.target_end)?;
            match meeting(&source, &target) {
                Some((0, 0)) => return Ok(()),
                Some((_, 0)) => return self.pass_over_gone(),
                Some((0, _)) => return self.pass_over_older(),
                Some(_) => return Ok(()),
                None => {}
            }
        }
        Ok(())
    }

    /// The target's records from before the source's first one: their originals are gone.
    fn pass_over_older(&mut self) -> sluice_kafka::Result<()> {
        let first: HashMap<u64, usize> = window(&mut self.source, WINDOWS[0], i64::MAX)?
            .into_iter()
            .enumerate()
            .rev()
            .map(|(index, hash)| (hash, index))
            .collect();
        let older = leading(&mut self.target, &first, self.rules.target_end)?.dropped;
        if older > 0 {
            let low = self.report.source_range.map_or(0, |range| range.from);
            self.report.not_checked.push((OffsetRange { from: 0, to: low }, format!("no longer at the source (retention, DeleteRecords or compaction); {older} older records on the target were passed over")));
        }
        Ok(())
    }

    /// The source's records from before the target's first one: their copies are gone.
    fn pass_over_gone(&mut self) -> sluice_kafka::Result<()> {
        let Some(from) = self.source.peek(0)?.map(Record::offset) else {
            return Ok(());
        };
        let first: HashMap<u64, usize> = window(&mut self.target, WINDOWS[0], self.rules.target_end)?
            .into_iter()
            .enumerate()
            .rev()
            .map(|(index, hash)| (hash, index))
            .collect();
        let gone = leading(&mut self.source, &first, self.rules.source_end)?;
        if gone.dropped > 0 {
            let to = self.source.peek(0)?.map_or(self.rules.source_end, Record::offset);
            self.report.not_checked.push((
                OffsetRange { from, to },
                "no longer on the target (retention or DeleteRecords)".to_owned(),
            ));
        }
        if !gone.found {
            self.report.problem = Some(
                "the oldest records of the target are gone, and none of those that are left is at the source"
                    .to_owned(),
            );
        }
        Ok(())
    }

    fn walk(&mut self) -> sluice_kafka::Result<()> {
        loop {
            let end = self.rules.target_end;
            let target = self
                .target
                .peek(0)?
                .map(|record| (record.offset(), record.hash))
                .filter(|(offset, _)| *offset < end);
            let source = self.source.peek(0)?.map(|record| (record.offset(), record.hash));
            match (source, target) {
                (None, None) => return Ok(()),
                (Some((offset, _)), None) if offset >= self.rules.source_end => return Ok(()),
                (Some(_), None) => self.missing(),
                (None, Some(_)) => self.extra(),
                (Some((s, source_hash)), Some((t, target_hash))) => {
                    let noted = self.map.and_then(|map| map.source_of(t));
                    let behind = s >= self.rules.source_end;
                    match noted {
                        // Offsets before content: on compacted topics the same record may stand in a log twice.
                        Some(wanted) if s < wanted => self.missing(),
                        Some(wanted) if s > wanted => self.extra(),
                        _ if source_hash == target_hash => self.pair(),
                        // Not copied yet: whatever the target has here is not its copy.
                        None if behind => self.extra(),
                        _ => self.align(noted.is_some())?,
                    }
                }
            }
        }
    }

    /// Behind the compared range only records that explain a compacted one are of interest.
    fn read_on(&mut self) -> sluice_kafka::Result<()> {
        while !self.awaited_at_source.is_empty() && self.source.peek(0)?.is_some() {
            if let Some(record) = self.source.pop() {
                self.awaited_at_source.remove(&key_hash(&record.message));
            }
        }
        while !self.awaited_on_target.is_empty() && self.target.peek(0)?.is_some() {
            if let Some(record) = self.target.pop() {
                self.awaited_on_target.remove(&key_hash(&record.message));
            }
        }
        Ok(())
    }

    /// Takes both front records as copies of each other and notes what differs.
    fn pair(&mut self) {
        let (Some(source), Some(target)) = (self.source.pop(), self.target.pop()) else {
            return;
        };
        self.saw_source(&source);
        self.saw_target(&target);
        let kinds = self.differing(&source.message, &target.message);
        if kinds.is_empty() {
            self.report.equal_records += 1;
        }
        for kind in kinds {
            let detail = format!(
                "source {}; target {}",
                describe(&source.message, kind),
                describe(&target.message, kind)
            );
            self.note(self.difference(kind, Some(source.offset()), Some(target.offset()), detail));
        }
    }

    /// Two records that stand where copies of each other would: on a compacted topic each may also be what the other
    /// side's cleaner removed, which their keys tell.
    fn pair_or_split(&mut self, certain: bool) -> sluice_kafka::Result<()> {
        let same_key = match (self.source.peek(0)?, self.target.peek(0)?) {
            (Some(source), Some(target)) => source.message.key() == target.message.key(),
            _ => true,
        };
        if self.rules.compacted && !certain && !same_key {
            self.missing();
            self.extra();
        } else {
            self.pair();
        }
        Ok(())
    }

    fn missing(&mut self) {
        let Some(source) = self.source.pop() else { return };
        self.saw_source(&source);
        if source.offset() >= self.rules.source_end {
            return;
        }
        match self.rules.settled.get(&source.offset()) {
            Some(QuarantineFate::Discarded) => {
                *self.report.accepted.entry(Accepted::Discarded).or_default() += 1;
                return;
            }
            Some(QuarantineFate::Replayed { target_offset }) => {
                *self.report.accepted.entry(Accepted::Replayed).or_default() += 1;
                // A copy that retention took, or that stands behind what is compared, is not met.
                let met = target_offset.is_none_or(|at| {
                    let behind = (self.rules.target_end..self.rules.target_high).contains(&at);
                    !behind && self.report.target_range.is_none_or(|range| at >= range.from)
                });
                if met {
                    self.awaited_replays
                        .entry(source.hash)
                        .or_default()
                        .push(source.offset());
                }
                return;
            }
            None => {}
        }
        let quarantined = self.rules.quarantined.contains(&source.offset());
        let kind = if quarantined {
            DifferenceKind::Quarantined
        } else {
            DifferenceKind::Missing
        };
        if self.rules.compacted && !quarantined && source.message.key().is_some() {
            self.await_successor(&source, kind, Alone::AtSource);
        } else {
            let detail = format!("source {}", describe(&source.message, DifferenceKind::Missing));
            self.note(self.difference(kind, Some(source.offset()), None, detail));
        }
    }

    fn extra(&mut self) {
        let Some(target) = self.target.pop() else { return };
        self.saw_target(&target);
        if let Some(offsets) = self.awaited_replays.get_mut(&target.hash) {
            offsets.pop();
            if offsets.is_empty() {
                self.awaited_replays.remove(&target.hash);
            }
            return;
        }
        let kind = if self.memory.0.contains(&target.hash) {
            DifferenceKind::Duplicate
        } else {
            DifferenceKind::Extra
        };
        let copied = self
            .map
            .is_none_or(|map| map.source_of(target.offset()).is_some());
        if self.rules.compacted && copied && kind == DifferenceKind::Extra && target.message.key().is_some() {
            self.await_successor(&target, kind, Alone::OnTarget);
        } else {
            let detail = format!("target {}", describe(&target.message, kind));
            self.note(self.difference(kind, None, Some(target.offset()), detail));
        }
    }

    /// Records that were replayed and are not on the target: somebody removed them there.
    fn note_replays_that_are_gone(&mut self) {
        let mut gone: Vec<i64> = std::mem::take(&mut self.awaited_replays)
            .into_values()
            .flatten()
            .collect();
        gone.sort_unstable();
        for offset in gone {
            if let Some(count) = self.report.accepted.get_mut(&Accepted::Replayed) {
                *count = count.saturating_sub(1);
            }
            let detail = format!(
                "the record at source offset {offset} was replayed from quarantine, and is not there"
            );
            self.note(self.difference(DifferenceKind::Missing, Some(offset), None, detail));
        }
    }

    /// A record that one side lacks is fine on compacted topics if that side has a later one of the same key, or if it
    /// is a tombstone, which cleaners remove for good.
    fn await_successor(&mut self, record: &Record, kind: DifferenceKind, alone: Alone) {
        *self.report.accepted.entry(Accepted::Compacted).or_default() += 1;
        let key = key_hash(&record.message);
        let awaited = if alone == Alone::OnTarget {
            &mut self.awaited_at_source
        } else {
            &mut self.awaited_on_target
        };
        if record.message.value().is_none() {
            // With it goes the reason to wait for what it deleted.
            awaited.remove(&key);
            return;
        }
        if awaited.len() >= PENDING_LIMIT && !awaited.contains_key(&key) {
            self.report.problem.get_or_insert_with(|| {
                format!("more than {PENDING_LIMIT} keys are without their last record on one side")
            });
            return;
        }
        // Two records of one key wait for the same successor; only the later is given back if it never comes.
        awaited.insert(
            key,
            Awaited {
                kind,
                offset: record.offset(),
                key: shorten(record.message.key()).into(),
                hash: record.hash,
            },
        );
    }

    /// One record fewer was removed by compaction than it looked like.
    fn give_back(&mut self) {
        let count = self.report.accepted.entry(Accepted::Compacted).or_default();
        *count = count.saturating_sub(1);
    }

    fn saw_source(&mut self, record: &Record) {
        if record.offset() < self.rules.source_end {
            self.report.source_records += 1;
            self.digests.0.update(&record.hash.to_le_bytes());
            (self.on_records)(1);
        }
        self.awaited_at_source.remove(&key_hash(&record.message));
        if self.memory.0.insert(record.hash) {
            self.memory.1.push_back(record.hash);
            if self.memory.1.len() > MEMORY
                && let Some(old) = self.memory.1.pop_front()
            {
                self.memory.0.remove(&old);
            }
        }
    }

    fn saw_target(&mut self, record: &Record) {
        self.report.target_records += 1;
        self.digests.1.update(&record.hash.to_le_bytes());
        self.awaited_on_target.remove(&key_hash(&record.message));
    }

    /// Whether the next two records stand in the other order; if so, they are taken.
    fn swapped(&mut self) -> sluice_kafka::Result<bool> {
        let (source_end, target_end) = (self.rules.source_end, self.rules.target_end);
        let first_two =
            |stream: &mut Stream<'_>, end: i64| -> sluice_kafka::Result<Option<(u64, u64, i64)>> {
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
                self.note(self.difference(DifferenceKind::Order, Some(a.offset()), Some(b.offset()), detail));
            }
        }
        Ok(true)
    }

    /// Finds where the two logs agree again. `noted`: the map says that the front records are copies of each other.
    fn align(&mut self, noted: bool) -> sluice_kafka::Result<()> {
        if self.swapped()? {
            return Ok(());
        }
        let mut complete = false;
        for (round, size) in WINDOWS.into_iter().enumerate() {
            if round == 1 {
                // A long stretch that was written twice is known by what was read a while ago.
                if let Some(hash) = self.target.peek(0)?.map(|record| record.hash)
                    && self.memory.0.contains(&hash)
                {
                    if noted {
                        self.map = None;
                    }
                    self.extra();
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
            if let Some((i, j)) = meeting(&source, &target) {
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
                    self.extra();
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
        if !self.rules.compacted || noted || complete {
            return self.pair_or_split(noted);
        }
        // Cleaners may have removed any stretch between two records that both sides have.
        self.alone(Alone::AtSource)?;
        self.alone(Alone::OnTarget)
    }

    /// Takes the front record of one side as one that the other lacks, or as the late copy of one taken so before.
    fn alone(&mut self, side: Alone) -> sluice_kafka::Result<()> {
        let (stream, awaited) = match side {
            Alone::AtSource => (&mut self.source, &self.awaited_at_source),
            Alone::OnTarget => (&mut self.target, &self.awaited_on_target),
        };
        let late = stream.peek(0)?.is_some_and(|record| {
            awaited
                .get(&key_hash(&record.message))
                .is_some_and(|awaited| awaited.hash == record.hash)
        });
        match side {
            _ if !late && side == Alone::AtSource => self.missing(),
            _ if !late => self.extra(),
            Alone::AtSource => {
                if let Some(record) = self.source.pop() {
                    self.saw_source(&record);
                    self.give_back();
                    self.report.equal_records += 1;
                }
            }
            Alone::OnTarget => {
                if let Some(record) = self.target.pop() {
                    self.saw_target(&record);
                    self.give_back();
                    self.report.equal_records += 1;
                }
            }
        }
        Ok(())
    }

    fn differing(&mut self, source: &Message, target: &Message) -> Vec<DifferenceKind> {
        let mut kinds = Vec::new();
        let mut field = |a: Option<&[u8]>, b: Option<&[u8]>, kind| {
            if a == b {
            } else if a.unwrap_or_default() == b.unwrap_or_default() {
                kinds.push(DifferenceKind::NullEmpty);
            } else {
                kinds.push(kind);
            }
        };
        field(source.key(), target.key(), DifferenceKind::Key);
        field(source.value(), target.value(), DifferenceKind::Value);
        if self.rules.headers {
            let (a, b): (Vec<_>, Vec<_>) = (source.headers().collect(), target.headers().collect());
            if a != b {
                let as_empty = |headers: &[(&[u8], Option<&[u8]>)]| {
                    headers
                        .iter()
                        .map(|(name, value)| (name.to_vec(), value.unwrap_or_default().to_vec()))
                        .collect::<Vec<_>>()
                };
                kinds.push(if as_empty(&a) == as_empty(&b) {
                    DifferenceKind::NullEmpty
                } else {
                    DifferenceKind::Headers
                });
            }
        } else if source.has_headers() {
            *self
                .report
                .accepted
                .entry(Accepted::HeadersNotCarried)
                .or_default() += 1;
        }
        let ((from, _), (to, kind)) = (source.timestamp(), target.timestamp());
        if from != to {
            if kind == TimestampKind::LogAppend {
                *self
                    .report
                    .accepted
                    .entry(Accepted::TimestampByTarget)
                    .or_default() += 1;
            } else {
                kinds.push(DifferenceKind::Timestamp);
            }
        }
        kinds
    }

    fn difference(
        &self,
        kind: DifferenceKind,
        source_offset: Option<i64>,
        target_offset: Option<i64>,
        detail: String,
    ) -> Difference {
        Difference {
            kind,
            topic: self.report.topic.clone(),
            partition: self.report.partition,
            source_offset,
            target_offset,
            detail,
        }
    }

    fn note(&mut self, difference: Difference) {
        let count = self.report.differences.entry(difference.kind).or_default();
        *count += 1;
        if *count == 1 {
            self.found.push(difference);
        }
    }
}

/// Hashes of the next records of a stream: at most `size`, and not many bytes of them.
fn window(stream: &mut Stream<'_>, size: usize, end: i64) -> sluice_kafka::Result<Vec<u64>> {
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
fn meeting(source: &[u64], target: &[u64]) -> Option<(usize, usize)> {
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
            if source
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

struct Leading {
    dropped: u64,
    found: bool,
}

/// Drops the records of a stream that stand before the first of `wanted`, which maps a hash to its place.
fn leading(stream: &mut Stream<'_>, wanted: &HashMap<u64, usize>, end: i64) -> sluice_kafka::Result<Leading> {
    let mut leading = Leading {
        dropped: 0,
        found: false,
    };
    let mut ahead = 0;
    while let Some(record) = stream.peek(ahead)? {
        if record.offset() >= end {
            break;
        }
        if let Some(&place) = wanted.get(&record.hash) {
            // What stands before it here is compared with what stands before it there.
            leading.found = true;
            while ahead > place {
                leading.dropped += u64::from(stream.pop().is_some());
                ahead -= 1;
            }
            return Ok(leading);
        }
        ahead += 1;
        if ahead > WINDOWS[0] || stream.held() > WINDOW_BYTES {
            leading.dropped += u64::from(stream.pop().is_some());
            ahead -= 1;
        }
    }
    for _ in 0..ahead {
        leading.dropped += u64::from(stream.pop().is_some());
    }
    Ok(leading)
}

fn key_hash(message: &Message) -> u64 {
    message.key().map_or(0, xxh3_64)
}

fn describe(message: &Message, kind: DifferenceKind) -> String {
    let at = message.offset();
    match kind {
        DifferenceKind::Key => format!("key {} at offset {at}", shorten(message.key())),
        DifferenceKind::Value => format!("value {} at offset {at}", shorten(message.value())),
        DifferenceKind::Timestamp => format!("timestamp {} at offset {at}", message.timestamp().0),
        DifferenceKind::Headers => format!("headers [{}] at offset {at}", in_words(message)),
        DifferenceKind::NullEmpty if message.has_headers() => {
            format!(
                "key {}, value {}, headers [{}] at offset {at}",
                shorten(message.key()),
                shorten(message.value()),
                in_words(message)
            )
        }
        _ => format!(
            "key {}, value {} at offset {at}",
            shorten(message.key()),
            shorten(message.value())
        ),
    }
}

fn in_words(message: &Message) -> String {
    message
        .headers()
        .take(8)
        .map(|(name, value)| format!("{}={}", String::from_utf8_lossy(name), shorten(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn shorten(bytes: Option<&[u8]>) -> String {
    const SHOWN: usize = 40;
    let Some(bytes) = bytes else {
        return "null".to_owned();
    };
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let rest = if bytes.len() > SHOWN {
        format!("… ({} bytes)", bytes.len())
    } else {
        String::new()
    };
    match std::str::from_utf8(shown) {
        Ok(text) if !text.chars().any(char::is_control) => format!("\"{text}\"{rest}"),
        _ => format!(
            "0x{}{rest}",
            shown.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        ),
    }
}
