use sluice_wire::WireError;

use crate::verify::batches::log::{BatchLog, Front};
use crate::verify::batches::meeting::meeting;
use crate::verify::batches::pace::Pace;
use crate::verify::batches::reread;
use crate::verify::comparison::Comparison;
use crate::verify::failure::Result;
use crate::verify::rules::Rules;
use crate::verify::stored_log::{FETCH, StoredLog};

/// Bytes asked for to see whether batches are identical again.
const LOOK: i32 = 512 * 1024;

/// Both sides of a partition as stored batches.
pub(crate) struct Batches<'a> {
    source: BatchLog<'a>,
    target: BatchLog<'a>,
    pace: Pace,
    /// Where identical batches begin, at the source and on the target, if records lead there.
    meeting: Option<(i64, i64)>,
    /// A cluster could not be asked: the rest of the partition is read record by record.
    is_given_up: bool,
}

/// How a run of identical batches ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunEnd {
    /// Nothing is left to compare on either side.
    Over,
    /// What follows has to be compared record by record.
    Records,
}

impl<'a> Batches<'a> {
    /// From the first offsets of a comparison on. `None` where no batch could be compared whole: a target without
    /// headers has an older format.
    pub(crate) fn new(
        source: (Box<dyn StoredLog + 'a>, i64),
        target: (Box<dyn StoredLog + 'a>, i64),
        rules: &Rules,
        pace: Pace,
    ) -> Option<Self> {
        rules.headers.then(|| Self {
            source: BatchLog::new(source.0, source.1, rules.source_end),
            target: BatchLog::new(target.0, target.1, rules.target_end),
            pace,
            meeting: None,
            is_given_up: false,
        })
    }

    /// A record of `bytes` bytes was compared by itself.
    pub(crate) fn read(&mut self, bytes: usize) {
        self.pace.read(bytes);
    }

    fn give_up(&mut self, error: &WireError) {
        tracing::info!(%error, "comparing record by record: stored batches cannot be read");
        self.is_given_up = true;
        self.meeting = None;
    }

    /// The next pair of batches, if both sides have one.
    fn fronts(&mut self) -> std::result::Result<(Front<'_>, Front<'_>), WireError> {
        Ok((self.source.front(FETCH)?, self.target.front(FETCH)?))
    }

    /// Looks for identical batches later; those at hand were of no use.
    fn miss(&mut self) {
        self.meeting = None;
        self.pace.missed();
        self.source.clear();
        self.target.clear();
    }

    /// Notes where identical batches begin among those at hand. Returns whether there are such.
    fn look_at_hand(&mut self) -> bool {
        self.meeting = meeting(self.source.candidates(), self.target.candidates());
        self.meeting.is_some()
    }

    /// Whether a run of batches begins where both sides stand. Asks for more where nothing is known.
    fn may_begin(&mut self, source: i64, target: i64) -> bool {
        if source >= self.source.bound() || target >= self.target.bound() {
            return false;
        }
        // Past it on one side, the two batches were no copies of each other.
        if self
            .meeting
            .is_some_and(|(at_source, on_target)| source > at_source || target > on_target)
        {
            self.miss();
        }
        if self.meeting.is_none() {
            if !self.pace.is_due() {
                return false;
            }
            self.source.go_to(source);
            self.target.go_to(target);
            if let Err(error) = self.source.ask(LOOK).and_then(|()| self.target.ask(LOOK)) {
                self.give_up(&error);
                return false;
            }
            if !self.look_at_hand() {
                self.miss();
                return false;
            }
        }
        if self.meeting != Some((source, target)) {
            return false;
        }
        self.meeting = None;
        self.source.advance_to(source) && self.target.advance_to(target)
    }
}

impl Comparison<'_, '_> {
    /// Compares whole batches from the first offsets on, before a record is read. Returns how that ended; `None` where
    /// nothing could be compared so.
    pub(crate) fn begin_with_batches(&mut self) -> Result<Option<RunEnd>> {
        // Which of the oldest records of a side are those of the other is told by content.
        if self.rules.cut.is_some() {
            return Ok(None);
        }
        let before = self.report.records_as_batches;
        let end = self.run_of_batches()?;
        let any = end == RunEnd::Over || self.report.records_as_batches > before;
        Ok(any.then_some(end))
    }

    /// Compares whole batches if a run of them may begin where the next records of both sides stand.
    pub(crate) fn try_batches(&mut self, source: i64, target: i64) -> Result<Option<RunEnd>> {
        // Each later record may be the one that explains why an earlier one was removed.
        if !self.awaited_at_source.is_empty() || !self.awaited_on_target.is_empty() {
            return Ok(None);
        }
        let Some(batches) = &mut self.batches else {
            return Ok(None);
        };
        if batches.is_given_up || !batches.may_begin(source, target) {
            return Ok(None);
        }
        if !self.next_are_the_same()? {
            // The copy noted that they are copies of others.
            self.batches.as_mut().into_iter().for_each(Batches::miss);
            return Ok(None);
        }
        self.source.rest();
        self.target.rest();
        self.run_of_batches().map(Some)
    }

    /// Takes pairs of identical batches, and has the records go on behind them.
    fn run_of_batches(&mut self) -> Result<RunEnd> {
        let mut bytes = 0;
        let end = loop {
            self.source.check_cancelled()?;
            if !self.next_are_the_same()? {
                break self.end_of_run();
            }
            bytes += self.take_pair();
        };
        if let Some(batches) = &mut self.batches {
            self.source.go_to(batches.source.position());
            self.target.go_to(batches.target.position());
            batches.pace.ran(bytes);
            if !batches.pace.is_due() {
                batches.source.clear();
                batches.target.clear();
            } else if !batches.look_at_hand() {
                batches.miss();
            }
        }
        Ok(end)
    }

    /// Whether the next batches of both sides are the same, and where the copy noted that they are.
    fn next_are_the_same(&mut self) -> Result<bool> {
        let Some(batches) = self.batches.as_mut().filter(|batches| !batches.is_given_up) else {
            return Ok(false);
        };
        let (source, target) = match batches.fronts() {
            Ok((Front::Batch(source), Front::Batch(target))) => (source, target),
            Ok(_) => return Ok(false),
            Err(error) => {
                batches.give_up(&error);
                return Ok(false);
            }
        };
        if !source.is_plain() || !source.is_same_as(target) {
            return Ok(false);
        }
        let (from, to) = (source.header.base_offset, target.header.base_offset);
        if self.rules.equal_offsets && from != to {
            return Ok(false);
        }
        match &mut self.map {
            Some(map) => Ok(map.agrees(from, to, source.count())?),
            None => Ok(true),
        }
    }

    /// Why no further pair of batches was taken.
    fn end_of_run(&mut self) -> RunEnd {
        let usable = self.batches.as_mut().filter(|batches| !batches.is_given_up);
        match usable.map(Batches::fronts) {
            Some(Ok((Front::End, Front::End))) => RunEnd::Over,
            _ => RunEnd::Records,
        }
    }

    /// Takes the next pair of batches as equal. Returns their bytes at the source.
    fn take_pair(&mut self) -> u64 {
        let Some(batches) = &mut self.batches else {
            return 0;
        };
        let (Some(source), Some(_)) = (batches.source.take(), batches.target.take()) else {
            return 0;
        };
        let (from, to) = (source.header.base_offset, source.header.next_offset());
        let count = u64::try_from(source.count()).unwrap_or(0);
        self.took_batch(from, to, count, source.digest());
        source.payload.len() as u64
    }

    /// Whether a record with this content was seen at the source a while ago.
    pub(crate) fn remembers(&mut self, hash: u64) -> bool {
        let fields = self.source.fields();
        let (topic, partition) = (&self.report.topic, self.report.partition);
        let batches = &mut self.batches;
        self.recent.has(hash, &mut |from, to| {
            let Some(batches) = batches.as_mut() else {
                return Vec::new();
            };
            reread::hashes(batches.source.stored(), from, to, fields).unwrap_or_else(|error| {
                // What is doubled is called foreign then: it is a difference all the same.
                tracing::warn!(topic, partition, from, to, %error, "records cannot be read again");
                Vec::new()
            })
        })
    }
}
