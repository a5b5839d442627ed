//! Compares two streams of records of one partition.

use std::collections::{HashMap, HashSet};

use sluice_model::OffsetRange;
use xxhash_rust::xxh3::Xxh3;

use crate::position::QuarantineFate;
use crate::verify::batches::{Batches, RunEnd};
use crate::verify::detail::describe;
use crate::verify::failure::Result;
use crate::verify::fields::differing;
use crate::verify::offset_map::OffsetMap;
use crate::verify::paired::Paired;
use crate::verify::recent::Recent;
use crate::verify::record::Record;
use crate::verify::report::{Accepted, Difference, DifferenceKind, LogSide, PartitionReport};
use crate::verify::rules::Rules;
use crate::verify::stream::Stream;
use crate::verify::superseded::{Awaited, Lacking, PENDING_LIMIT, Superseded};
use crate::verify::uncopied;
use crate::verify::unnoted::Notes;

pub(crate) struct Comparison<'a, 'r> {
    pub(crate) source: Stream<'a>,
    pub(crate) target: Stream<'a>,
    pub(crate) rules: Rules,
    /// The map, as long as the logs are what it says.
    pub(crate) map: Option<OffsetMap<'r>>,
    /// What a running task notes meanwhile.
    pub(crate) notes: Option<Notes<'r>>,
    /// Of a compacted partition of a pair that copies both ways: what both tasks have copied.
    paired: Option<Paired<'r>>,
    /// What was noted last may not be readable yet.
    pub(crate) awaits_tail: bool,
    pub(crate) report: PartitionReport,
    found: Vec<Difference>,
    digests: (Xxh3, Xxh3),
    pub(crate) recent: Recent,
    /// Both sides as stored batches, where they can be read so.
    pub(crate) batches: Option<Batches<'a>>,
    pub(crate) awaited_at_source: Superseded,
    pub(crate) awaited_on_target: Superseded,
    /// Hashes of records that were replayed and whose copy was not seen yet, with their source offsets.
    awaited_replays: HashMap<u64, Vec<i64>>,
    pub(crate) deep_searches: u32,
    /// Source offset behind the last record that was taken.
    next_source: Option<i64>,
    /// Records that were taken from the range that is not copied yet.
    pub(crate) uncopied: u64,
    on_records: &'r mut dyn FnMut(u64),
}

impl<'a, 'r> Comparison<'a, 'r> {
    pub(crate) fn new(
        source: Stream<'a>,
        target: Stream<'a>,
        rules: Rules,
        map: Option<OffsetMap<'r>>,
        report: PartitionReport,
        on_records: &'r mut dyn FnMut(u64),
    ) -> Self {
        Self {
            source,
            target,
            rules,
            map,
            notes: None,
            paired: None,
            awaits_tail: false,
            report,
            found: Vec::new(),
            digests: (Xxh3::new(), Xxh3::new()),
            recent: Recent::default(),
            batches: None,
            awaited_at_source: Superseded::default(),
            awaited_on_target: Superseded::default(),
            awaited_replays: HashMap::new(),
            deep_searches: 0,
            next_source: None,
            uncopied: 0,
            on_records,
        }
    }

    /// Compares whole batches where both sides have the same.
    pub(crate) fn with_batches(mut self, batches: Option<Batches<'a>>) -> Self {
        self.batches = batches;
        self
    }

    /// Goes on with what a running task had not noted when the verification began.
    pub(crate) fn with_notes(mut self, notes: Option<Notes<'r>>) -> Self {
        self.awaits_tail = notes.is_some();
        self.notes = notes;
        self
    }

    /// Where the records of the other task, too, explain what compaction has removed.
    pub(crate) fn with_pair(mut self, paired: Option<Paired<'r>>) -> Self {
        self.paired = paired;
        self
    }

    /// Whether records of another task explain what compaction has removed.
    pub(crate) fn is_paired(&self) -> bool {
        self.paired.is_some()
    }

    pub(crate) fn run(mut self) -> (PartitionReport, Vec<Difference>) {
        let compared = self.compare().and_then(|()| self.compare_unnoted());
        let outcome = compared.and_then(|()| match self.paired.take() {
            Some(paired) => {
                self.note_what_never_came();
                self.count_uncopied()?;
                self.explain_by_pair(&paired)
            }
            None => self.explain_alone(),
        });
        if let Err(error) = outcome {
            self.report.problem = Some(error.to_string());
            let rest = OffsetRange {
                from: self
                    .next_source
                    .or(self.report.source_range.map(|range| range.from))
                    .unwrap_or(self.rules.source_end),
                to: self.rules.source_end,
            };
            self.report.not_compared = Some(rest).filter(|rest| !rest.is_empty());
        }
        self.report.accepted.retain(|_, count| *count > 0);
        self.report.source_digest = format!("{:032x}", self.digests.0.digest128());
        self.report.target_digest = format!("{:032x}", self.digests.1.digest128());
        (self.report, self.found)
    }

    fn compare(&mut self) -> Result<()> {
        match self.begin_with_batches()? {
            Some(RunEnd::Over) => return Ok(()),
            // Their times are those of their producers, and they begin at the first records of both logs.
            Some(RunEnd::Records) => {}
            None => self.prepare()?,
        }
        self.walk()
    }

    pub(crate) fn walk(&mut self) -> Result<()> {
        loop {
            if self.passed_batches()? == Some(RunEnd::Over) {
                return Ok(());
            }
            self.ignore_missing_time()?;
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
                (Some(_), None) if self.tail_has_come()? => {}
                (Some(_), None) => self.missing(),
                (None, Some(_)) => self.extra()?,
                (Some((s, source_hash)), Some((t, target_hash))) => {
                    let noted = match &mut self.map {
                        Some(map) => map.source_of(t)?,
                        None => None,
                    };
                    let behind = s >= self.rules.source_end;
                    match noted {
                        // Offsets before content: on compacted topics the same record may stand in a log twice.
                        Some(wanted) if s < wanted => self.missing(),
                        Some(wanted) if s > wanted => self.extra()?,
                        _ if source_hash == target_hash => self.pair(),
                        // Not copied yet: whatever the target has here is not its copy.
                        None if behind => self.extra()?,
                        _ => self.align(noted.is_some())?,
                    }
                }
            }
        }
    }

    /// Compares whole batches, if the next records of both sides are the first of such.
    fn passed_batches(&mut self) -> Result<Option<RunEnd>> {
        if self.batches.is_none() {
            return Ok(None);
        }
        match (self.source.peek(0)?, self.target.peek(0)?) {
            (Some(source), Some(target)) => {
                let (source, target) = (source.offset(), target.offset());
                self.try_batches(source, target)
            }
            _ => Ok(None),
        }
    }

    /// Where the source's records have no timestamp, the target's say nothing about them.
    pub(crate) fn ignore_missing_time(&mut self) -> Result<()> {
        if self.source.has_time() && self.source.lacks_time()? {
            self.source.ignore_time();
            self.target.ignore_time();
        }
        Ok(())
    }

    /// What compaction removed is explained by records of what is compared.
    fn explain_alone(&mut self) -> Result<()> {
        self.read_on()?;
        for lacking in [LogSide::Source, LogSide::Target] {
            for value in self.awaited(lacking).take_values() {
                self.note_lacking(lacking, &value, Lacking::Value);
            }
        }
        self.note_what_never_came();
        self.count_uncopied()?;
        self.note_what_lives_on(LogSide::Source)?;
        self.note_what_lives_on(LogSide::Target)
    }

    /// Behind the compared range only records that explain a compacted one are of interest.
    fn read_on(&mut self) -> Result<()> {
        while !self.awaited_at_source.is_empty() && self.source.peek(0)?.is_some() {
            if let Some(record) = self.source.pop() {
                self.awaited_at_source.saw(&record);
                self.count_if_uncopied(&record);
            }
        }
        while !self.awaited_on_target.is_empty() && self.target.peek(0)?.is_some() {
            if let Some(record) = self.target.pop() {
                self.awaited_on_target.saw(&record);
            }
        }
        Ok(())
    }

    /// Takes both front records as copies of each other and notes what differs.
    pub(crate) fn pair(&mut self) {
        let (Some(source), Some(target)) = (self.source.pop(), self.target.pop()) else {
            return;
        };
        self.saw_source(&source);
        self.saw_target(&target);
        if self.is_paired() {
            // What is passed between two of these may stand anywhere between; what was passed before stands before.
            self.awaited_at_source.saw(&source);
            self.awaited_on_target.saw(&target);
        }
        let (kinds, accepted) = differing(&source, &target, self.rules.headers);
        for kind in accepted {
            *self.report.accepted.entry(kind).or_default() += 1;
        }
        let displaced = self.rules.equal_offsets && source.offset() != target.offset();
        if kinds.is_empty() && !displaced {
            self.report.equal_records += 1;
        }
        if displaced {
            let (at_source, on_target) = (source.offset(), target.offset());
            let detail = format!("source offset {at_source}; target offset {on_target}");
            self.note(DifferenceKind::Offset, Some(at_source), Some(on_target), detail);
        }
        for kind in kinds {
            let detail = format!(
                "source {}; target {}",
                describe(&source, kind),
                describe(&target, kind)
            );
            self.note(kind, Some(source.offset()), Some(target.offset()), detail);
        }
    }

    pub(crate) fn missing(&mut self) {
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
        if self.rules.is_compacted() && !quarantined && source.key().is_some() {
            self.await_successor(&source, kind, LogSide::Target);
        } else {
            let detail = format!("source {}", describe(&source, DifferenceKind::Missing));
            self.note(kind, Some(source.offset()), None, detail);
        }
    }

    pub(crate) fn extra(&mut self) -> Result<()> {
        let Some(target) = self.target.pop() else {
            return Ok(());
        };
        self.saw_target(&target);
        if let Some(offsets) = self.awaited_replays.get_mut(&target.hash) {
            offsets.pop();
            if offsets.is_empty() {
                self.awaited_replays.remove(&target.hash);
            }
            return Ok(());
        }
        let kind = if self.remembers(target.hash) {
            DifferenceKind::Duplicate
        } else {
            DifferenceKind::Extra
        };
        let copied = match &mut self.map {
            // That a task of a pair wrote it is known without the map.
            Some(map) if self.paired.is_none() => map.source_of(target.offset())?.is_some(),
            _ => true,
        };
        if self.rules.is_compacted() && copied && kind == DifferenceKind::Extra && target.key().is_some() {
            self.await_successor(&target, kind, LogSide::Source);
        } else {
            let detail = format!("target {}", describe(&target, kind));
            self.note(kind, None, Some(target.offset()), detail);
        }
        Ok(())
    }

    /// A record that one side lacks is fine if that side is compacted and has a later one of the same key, or if it is a
    /// tombstone and nothing of its key is left there.
    fn await_successor(&mut self, record: &Record, kind: DifferenceKind, lacking: LogSide) {
        *self.report.accepted.entry(Accepted::Compacted).or_default() += 1;
        let (awaited, is_compacted) = match lacking {
            LogSide::Source => (&mut self.awaited_at_source, self.rules.compacted.0),
            LogSide::Target => (&mut self.awaited_on_target, self.rules.compacted.1),
        };
        if !awaited.wait(record, kind, is_compacted) {
            self.report.problem.get_or_insert_with(|| {
                format!("more than {PENDING_LIMIT} keys are without their last record on one side")
            });
        }
    }

    /// One record fewer was removed by compaction than it looked like.
    pub(crate) fn give_back(&mut self) {
        let count = self.report.accepted.entry(Accepted::Compacted).or_default();
        *count = count.saturating_sub(1);
    }

    /// Both logs were read: records that no cleaner can have removed, and replayed ones that somebody removed, are missing.
    fn note_what_never_came(&mut self) {
        for lacking in [LogSide::Source, LogSide::Target] {
            for copy in self.awaited(lacking).take_copies() {
                self.note_lacking(lacking, &copy, Lacking::Copy);
            }
        }
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
            self.note(DifferenceKind::Missing, Some(offset), None, detail);
        }
    }

    /// Tombstones that a side lacks although what they delete is still there: no cleaner removes them before that. The log is
    /// read once more for their keys.
    fn note_what_lives_on(&mut self, lacking: LogSide) -> Result<()> {
        if !self.awaited(lacking).has_tombstones() {
            return Ok(());
        }
        let (stream, awaited, from) = match lacking {
            LogSide::Source => (&mut self.source, &self.awaited_at_source, self.rules.log_starts.0),
            LogSide::Target => (&mut self.target, &self.awaited_on_target, self.rules.log_starts.1),
        };
        let end = stream.next();
        let mut alive = HashSet::new();
        stream.go_to(from);
        while stream.peek(0)?.is_some_and(|record| record.offset() < end) {
            let Some(record) = stream.pop() else { break };
            match awaited.lacks_tombstone_of(&record) {
                Some(key) if record.value().is_some() => alive.insert(key),
                Some(key) => alive.remove(&key),
                None => false,
            };
        }
        let awaited = self.awaited(lacking);
        for tombstone in awaited.take_tombstones(|key| alive.contains(&key)) {
            self.note_lacking(lacking, &tombstone, Lacking::Tombstone);
        }
        Ok(())
    }

    pub(crate) fn awaited(&mut self, lacking: LogSide) -> &mut Superseded {
        match lacking {
            LogSide::Source => &mut self.awaited_at_source,
            LogSide::Target => &mut self.awaited_on_target,
        }
    }

    /// What was taken for removed by compaction was not.
    pub(crate) fn note_lacking(&mut self, lacking: LogSide, awaited: &Awaited, what: Lacking) {
        self.give_back();
        let detail = what.detail(lacking, &awaited.key, awaited.offset);
        let (source, target) = match lacking {
            LogSide::Source => (None, Some(awaited.offset)),
            LogSide::Target => (Some(awaited.offset), None),
        };
        self.note(awaited.kind, source, target, detail);
    }

    /// How many records the range holds that is not copied yet.
    fn count_uncopied(&mut self) -> Result<()> {
        if let Some(rest) = self.report.not_copied {
            self.report.not_copied = uncopied::counted(&mut self.source, rest, self.uncopied)?;
        }
        Ok(())
    }

    fn count_if_uncopied(&mut self, record: &Record) {
        self.uncopied += u64::from(
            self.report
                .not_copied
                .is_some_and(|rest| uncopied::readable(&rest).contains(&record.offset())),
        );
    }

    pub(crate) fn saw_source(&mut self, record: &Record) {
        self.next_source = Some(record.offset() + 1);
        if record.offset() < self.rules.source_end {
            self.report.source_records += 1;
            self.digests.0.update(&record.hash.to_le_bytes());
            (self.on_records)(1);
        } else {
            self.count_if_uncopied(record);
        }
        if !self.is_paired() {
            self.awaited_at_source.saw(record);
        }
        self.recent.saw(record.hash);
        if let Some(batches) = &mut self.batches {
            batches.read(record.len());
        }
    }

    pub(crate) fn saw_target(&mut self, record: &Record) {
        self.report.target_records += 1;
        self.digests.1.update(&record.hash.to_le_bytes());
        if !self.is_paired() {
            self.awaited_on_target.saw(record);
        }
    }

    /// `count` records at the source offsets `from..to` and their copies were compared as one batch of this `digest`.
    pub(crate) fn took_batch(&mut self, from: i64, to: i64, count: u64, digest: u64) {
        self.next_source = Some(to);
        self.report.source_records += count;
        self.report.target_records += count;
        self.report.equal_records += count;
        self.report.records_as_batches += count;
        self.digests.0.update(&digest.to_le_bytes());
        self.digests.1.update(&digest.to_le_bytes());
        self.recent.saw_batch(from, to);
        (self.on_records)(count);
    }

    pub(crate) fn note(
        &mut self,
        kind: DifferenceKind,
        source_offset: Option<i64>,
        target_offset: Option<i64>,
        detail: String,
    ) {
        let first = self
            .report
            .note_difference(kind, source_offset, target_offset, detail);
        self.found.extend(first);
    }
}
