//! Drives a lane, and checks after every step what holds of any lane at any time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sluice_engine::{
    CommitPosition, Displaced, Lane, LaneError, LanePartition, Passed, Refusal, Report, Slot, SourceIncident,
    Span, StepLimit,
};
use sluice_fakekafka::{FakeCluster, FakeRecord, Isolation};

use crate::ground::{Ground, Open, Wanted};

/// How long something may take that has to happen.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A step without limits worth speaking of.
pub const STEP: StepLimit = StepLimit {
    records: 10_000,
    bytes: u64::MAX,
    wait: Duration::from_millis(20),
};

/// A lane on its way.
pub struct Course<'g> {
    ground: &'g Ground,
    open: Open,
    wanted: Wanted,
    pub lane: Box<dyn Lane>,
    /// What was reported, in order.
    pub reported: Vec<(Slot, Passed)>,
    pub refused: Vec<Refusal>,
    pub passed_over: Vec<Refusal>,
    pub incidents: Vec<(Slot, SourceIncident)>,
    pub displaced: Vec<(Slot, Displaced)>,
    /// Records and bytes read.
    pub read: (u64, u64),
    partitions: BTreeMap<Slot, LanePartition>,
    /// The source offset that the next report of a partition has to begin with.
    next: BTreeMap<Slot, i64>,
}

impl<'g> Course<'g> {
    /// A lane that copies all partitions of the topic, from their first records on.
    pub fn of_all(open: Open, ground: &'g Ground, wanted: impl Into<Wanted>) -> Result<Self> {
        Self::new(open, ground, wanted, &ground.partitions())
    }

    /// A lane that copies these partitions.
    pub fn new(
        open: Open,
        ground: &'g Ground,
        wanted: impl Into<Wanted>,
        partitions: &[LanePartition],
    ) -> Result<Self> {
        let wanted = wanted.into();
        let mut course = Self {
            ground,
            open,
            lane: open(ground, &wanted)?,
            wanted,
            reported: Vec::new(),
            refused: Vec::new(),
            passed_over: Vec::new(),
            incidents: Vec::new(),
            displaced: Vec::new(),
            read: (0, 0),
            partitions: BTreeMap::new(),
            next: BTreeMap::new(),
        };
        course.add(partitions)?;
        Ok(course)
    }

    /// Takes partitions in. What was reported of them before is forgotten.
    pub fn add(&mut self, partitions: &[LanePartition]) -> Result<()> {
        for partition in partitions {
            self.reported.retain(|(slot, _)| *slot != partition.slot);
            self.partitions.insert(partition.slot, partition.clone());
            self.next.insert(partition.slot, partition.position);
        }
        Ok(self.lane.add(partitions)?)
    }

    /// Goes on with another lane, opened again.
    pub fn reopen(&mut self, partitions: &[LanePartition]) -> Result<()> {
        self.lane = (self.open)(self.ground, &self.wanted)?;
        self.partitions.clear();
        self.add(partitions)
    }

    /// One step; what it reports is checked even if it fails.
    pub fn step(&mut self, limit: StepLimit) -> Result<std::result::Result<(), LaneError>> {
        let mut report = Report::default();
        let outcome = self.lane.step(limit, &mut report);
        self.take(report)?;
        Ok(outcome)
    }

    /// Waits a moment for what is in flight, without reading or sending more.
    pub fn settle(&mut self) -> Result<std::result::Result<(), LaneError>> {
        let mut report = Report::default();
        let outcome = self.lane.settle(STEP.wait, &mut report);
        self.take(report)?;
        Ok(outcome)
    }

    pub fn recover(&mut self) -> Result<()> {
        let until = Instant::now() + DEADLINE;
        loop {
            let mut report = Report::default();
            let outcome = self.lane.recover(&mut report);
            self.take(report)?;
            match outcome {
                Ok(()) => break,
                Err(LaneError::Retry(_)) if Instant::now() < until => {}
                Err(error) => return Err(error.into()),
            }
        }
        ensure!(
            self.lane.in_flight() == 0,
            "a lane that recovered has nothing in flight"
        );
        self.partitions.clear();
        Ok(())
    }

    /// Steps until `done`; no step may fail.
    pub fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Result<()> {
        let limited = Instant::now() + DEADLINE;
        while !done(self) {
            ensure!(
                Instant::now() < limited,
                "not within a minute: {what}; {:?}",
                self.reported
            );
            self.step(STEP)?
                .with_context(|| format!("on the way to: {what}"))?;
        }
        Ok(())
    }

    /// Steps until the lane fails or refuses a record; the error, where there is one.
    pub fn until_failure(&mut self) -> Result<Option<LaneError>> {
        let limited = Instant::now() + DEADLINE;
        while Instant::now() < limited {
            match self.step(STEP)? {
                Err(LaneError::Retry(_)) => {}
                Err(error) => return Ok(Some(error)),
                Ok(()) if !self.refused.is_empty() => return Ok(None),
                Ok(()) => {}
            }
        }
        bail!("nothing went wrong within a minute: {:?}", self.reported)
    }

    /// Steps until every partition is at its end and nothing is in flight.
    pub fn reach_the_end(&mut self) -> Result<()> {
        self.until("every partition is at its end", |course| {
            let at_end = |slot: &Slot| course.end_of(*slot).is_some();
            course.partitions.keys().all(at_end) && course.lane.in_flight() == 0
        })
    }

    /// The end that was reported of a partition, if that is the last thing that was.
    pub fn end_of(&self, slot: Slot) -> Option<i64> {
        match self.reported_of(slot).last() {
            Some(Passed::End { offset }) => Some(*offset),
            _ => None,
        }
    }

    pub fn reported_of(&self, slot: Slot) -> impl Iterator<Item = &Passed> {
        self.reported
            .iter()
            .filter(move |(of, _)| *of == slot)
            .map(|(_, passed)| passed)
    }

    pub fn spans(&self, slot: Slot) -> Vec<Span> {
        self.reported_of(slot)
            .filter_map(|passed| match passed {
                Passed::Span(span) => Some(*span),
                _ => None,
            })
            .collect()
    }

    /// Source offsets whose records were reported as copied.
    pub fn copied(&self, slot: Slot) -> Vec<i64> {
        let spans = self.spans(slot).into_iter();
        spans.flat_map(|span| span.source..span.end()).collect()
    }

    /// Source offsets that were reported as holes.
    pub fn holes(&self, slot: Slot) -> Vec<i64> {
        self.reported_of(slot)
            .filter_map(|passed| match *passed {
                Passed::Hole { from, to, .. } => Some(from..to),
                _ => None,
            })
            .flatten()
            .collect()
    }

    /// Fails if anything else went wrong at the source than this with this partition.
    pub fn assert_only_incident(&self, slot: Slot, incident: &SourceIncident) {
        assert!(
            self.incidents
                .iter()
                .all(|(of, found)| (*of, found) == (slot, incident)),
            "{:?}",
            self.incidents
        );
    }

    /// Where a partition goes on.
    pub fn position(&self, slot: Slot) -> i64 {
        self.next.get(&slot).copied().unwrap_or_default()
    }

    /// The positions of all partitions, as a commit takes them.
    pub fn positions(&self, note: &str) -> Vec<CommitPosition> {
        self.partitions
            .values()
            .map(|partition| CommitPosition {
                target_topic: partition.target_topic.clone(),
                partition: partition.partition,
                position: self.position(partition.slot),
                note: note.to_owned(),
            })
            .collect()
    }

    /// Commits what was sent with the positions. Only when nothing is in flight.
    pub fn commit(&mut self, note: &str) -> Result<std::result::Result<(), LaneError>> {
        ensure!(
            self.lane.in_flight() == 0,
            "only what is acknowledged may be committed"
        );
        let positions = self.positions(note);
        let until = Instant::now() + DEADLINE;
        loop {
            match self.lane.commit(&positions) {
                Err(LaneError::Retry(_)) if Instant::now() < until => {}
                outcome => return Ok(outcome),
            }
        }
    }

    fn take(&mut self, report: Report) -> Result<()> {
        self.read.0 += report.read;
        self.read.1 += report.read_bytes;
        let last_of: BTreeMap<Slot, usize> = report
            .passed
            .iter()
            .enumerate()
            .map(|(index, (slot, _))| (*slot, index))
            .collect();
        for (index, (slot, passed)) in report.passed.iter().enumerate() {
            let next = self.next.entry(*slot).or_default();
            match *passed {
                Passed::Span(span) => {
                    ensure!(span.records > 0, "an empty span: {span:?}");
                    ensure!(
                        span.source == *next,
                        "slot {slot} goes on at {next}, not with {span:?}"
                    );
                    *next = span.end();
                }
                Passed::Hole { from, to, .. } => {
                    ensure!(
                        from == *next && to > from,
                        "slot {slot} goes on at {next}, not with {passed:?}"
                    );
                    ensure!(last_of[slot] > index, "nothing follows {passed:?} in its report");
                    *next = to;
                }
                Passed::Skipped { source } => {
                    ensure!(
                        source == *next,
                        "slot {slot} goes on at {next}, not with {passed:?}"
                    );
                    *next = source + 1;
                }
                Passed::End { offset } => {
                    ensure!(
                        offset == *next,
                        "slot {slot} is at {next}, not at the end {offset}"
                    );
                }
            }
        }
        self.check_target(&report)?;
        self.reported.extend(report.passed);
        self.refused.extend(report.refused);
        self.passed_over.extend(report.passed_over);
        self.incidents.extend(report.incidents);
        self.displaced.extend(report.displaced);
        Ok(())
    }

    /// Every record that is reported stands on the target, where the report says, and is the source's.
    fn check_target(&self, report: &Report) -> Result<()> {
        let mut logs = BTreeMap::new();
        for (slot, passed) in &report.passed {
            let (Passed::Span(span), Some(partition)) = (passed, self.partitions.get(slot)) else {
                continue;
            };
            if !logs.contains_key(slot) {
                let read = |cluster: &FakeCluster, topic: &str| -> Result<BTreeMap<i64, FakeRecord>> {
                    let records = cluster.records(topic, partition.partition, Isolation::Uncommitted)?;
                    Ok(records
                        .into_iter()
                        .map(|stored| (stored.offset, stored.record))
                        .collect())
                };
                let source = read(&self.ground.source, &partition.source_topic)?;
                let target = read(&self.ground.target, &partition.target_topic)?;
                logs.insert(*slot, (source, target));
            }
            let (source, target) = &logs[slot];
            let on_target = span
                .target
                .context("this target reports the offsets of its records")?;
            for n in 0..span.records {
                let original = source
                    .get(&(span.source + n))
                    .context("the source has no such record")?;
                let copy = target
                    .get(&(on_target + n))
                    .with_context(|| format!("record {n} of {span:?} is reported and not on the target"))?;
                ensure!(original == copy, "{copy:?} is the copy of {original:?}");
            }
        }
        Ok(())
    }
}
