//! The offset map of what another program has copied: nothing noted it record by record, so it is found by reading both
//! sides in step.
//!
//! The copy keeps the order of each partition. Between two places that are known to belong together, the records of both
//! sides are therefore the same ones in the same order: each pair is compared field by field, and only pairs that are equal
//! become part of the map. Where two differ (a worker that died wrote some twice, somebody else wrote there, compaction took
//! one), nothing behind them is taken from this side; the other end of the stretch is tried.

mod side;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use sluice_model::{OffsetRange, Task};
use sluice_wire::Cancel;

use crate::cancellable::cancellable;
use crate::error::Result;
use crate::groups::clusters::GroupClusters;
use crate::groups::facts::Facts;
use crate::groups::next_record::Fingerprint;
use crate::groups::proof::keeps_headers;
use crate::groups::translate::{Hole, PartitionLogs, Place, StoredMap, translate};
use crate::lock::lock;
use crate::partition::OffsetRuns;
use crate::position::{Checkpoint, CheckpointStore, LaneKind, OffsetRun, PartitionKey, PartitionState};
use crate::verify::{ReadError, Readers, Reading};
use side::open;
pub(crate) use side::read_all;

/// How long one call may read. What it has found by then is kept, and the next call goes on from there.
const PATIENCE: Duration = Duration::from_secs(45);
/// Offsets that are read at once where a stretch is read from its end.
const STRETCH: i64 = 20_000;
/// Offsets around a place that are read with it: markers stand between records.
const AROUND: i64 = 64;
/// Pairs that are saved at once.
const SAVED_AT_ONCE: usize = 50_000;

/// One at a time: what two find of the same stretch may be cut differently.
static PAIRING: Mutex<()> = Mutex::new(());

/// A place of one side whose place on the other side is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// The first copied record whose source offset is not before this one.
    Source(i64),
    /// The first copied record whose target offset is not before this one.
    Target(i64),
}

/// A goal in a source partition.
pub type Sought = (PartitionKey, Goal);

/// Why the place of a goal is not known, by the goals that have none.
pub(crate) type Unpaired = BTreeMap<Sought, String>;

/// Whether another program has copied for the task, so that its map has stretches that nothing noted.
///
/// # Errors
/// The state cannot be read.
pub(crate) fn is_paired(store: &dyn CheckpointStore, task: &Task) -> Result<bool> {
    let launch = store.launch(&task.name)?;
    Ok(launch.is_some_and(|launch| launch.lanes.contains(&LaneKind::Connect)))
}

/// Completes the offset map of a task that another program has copied, around places that are wanted, by reading both
/// sides. Returns why the place of a goal is not known, for those of which that is so. Does nothing for other tasks.
///
/// # Errors
/// A cluster does not answer, or the state cannot be read or written. What concerns one goal is in the answer.
pub fn pair_up(
    task: &Task,
    store: &dyn CheckpointStore,
    sought: &BTreeSet<Sought>,
    cancelled: &AtomicBool,
) -> Result<BTreeMap<Sought, String>> {
    if sought.is_empty() || !is_paired(store, task)? {
        return Ok(BTreeMap::new());
    }
    cancellable(cancelled, |cancel| {
        let clusters = GroupClusters::new(task, cancel)?;
        let keys: BTreeSet<PartitionKey> = sought.iter().map(|(key, _)| key.clone()).collect();
        let facts = Facts::read(task, store, &clusters, &keys)?;
        let headers = keeps_headers(&clusters.target);
        pair(task, store, sought, &facts, headers, cancel)
    })
}

/// As [`pair_up`], for a task of which [`is_paired`] is so, with what is known already.
///
/// # Errors
/// As [`pair_up`].
pub(crate) fn pair(
    task: &Task,
    store: &dyn CheckpointStore,
    sought: &BTreeSet<Sought>,
    facts: &Facts<'_>,
    headers: bool,
    cancel: &Cancel,
) -> Result<Unpaired> {
    let _alone = lock(&PAIRING);
    let mut pairing = Pairing {
        task,
        store,
        facts,
        headers,
        cancel,
        until: Instant::now() + PATIENCE,
        readers: None,
    };
    let mut unpaired = Unpaired::new();
    for (key, goal) in sought {
        if let Err(why) = pairing.seek(key, *goal)? {
            unpaired.insert((key.clone(), *goal), why);
        }
    }
    Ok(unpaired)
}

/// What came of one stretch.
#[derive(Debug, PartialEq, Eq)]
enum Walked {
    /// The goal's record is found, or there is none in the stretch.
    There,
    /// The records differ here.
    Differs(String),
    /// It cannot be begun from this end: the records there are gone.
    Gone(&'static str),
    /// The time is over.
    Late,
    /// A side cannot be read.
    Unread(String),
}

/// The offsets of a record on both sides.
type Pair = (i64, i64);

struct Pairing<'a> {
    task: &'a Task,
    store: &'a dyn CheckpointStore,
    facts: &'a Facts<'a>,
    headers: bool,
    cancel: &'a Cancel,
    until: Instant,
    readers: Option<Readers>,
}

impl Pairing<'_> {
    /// Reads the stretch in which a goal lies until its place is known.
    fn seek(&mut self, key: &PartitionKey, goal: Goal) -> Result<std::result::Result<(), String>> {
        let facts = self.facts;
        if let Some(why) = facts.replaced(key) {
            return Ok(Err(why.to_owned()));
        }
        let Some(state) = facts.state(key).filter(|state| state.is_pinned()) else {
            return Ok(Ok(()));
        };
        let goal = goal.within(state, facts.logs(state));
        let Some(hole) = self.hole(state, goal)? else {
            return Ok(Ok(()));
        };
        if let (Goal::Source(wanted), Some(low)) = (goal, facts.logs(state).source_low)
            && low > wanted
        {
            return Ok(Err(
                "the source has deleted the records from there on, so that they cannot be compared"
                    .to_owned(),
            ));
        }
        let from_the_start = hole.distance(goal) <= hole.rest(goal);
        let mut reasons = Vec::new();
        for forward in [from_the_start, !from_the_start] {
            // What was found from the other end has made it smaller.
            let Some(hole) = self.hole(state, goal)? else {
                return Ok(Ok(()));
            };
            let walked = if forward {
                self.forward(state, hole, goal)?
            } else {
                self.backward(state, hole, goal)?
            };
            match walked {
                Walked::There => return Ok(Ok(())),
                Walked::Differs(why) => reasons.push(why),
                Walked::Gone(why) => reasons.push(why.to_owned()),
                Walked::Unread(why) => return Ok(Err(why)),
                Walked::Late => return Ok(Err(self.late(state, goal)?)),
            }
        }
        Ok(Err(format!(
            "the records of both sides around it cannot be paired: {}",
            reasons.join("; ")
        )))
    }

    fn late(&self, state: &PartitionState, goal: Goal) -> Result<String> {
        let left = self
            .hole(state, goal)?
            .map_or(0, |hole| hole.distance(goal).min(hole.rest(goal)));
        Ok(format!(
            "Connect notes no offsets of single records, so both sides are compared up to there: {left} offsets are left after {} s; ask again to go on",
            PATIENCE.as_secs()
        ))
    }

    /// The stretch of the map in which the goal lies, where it has no record of the goal.
    fn hole(&self, state: &PartitionState, goal: Goal) -> Result<Option<Hole>> {
        let map = StoredMap {
            store: self.store,
            task: &self.task.name,
            key: &state.key,
        };
        let at = match goal {
            Goal::Source(offset) => offset,
            Goal::Target(offset) => {
                let from = offset.max(state.target_start);
                let next = self
                    .store
                    .run_at_target(&self.task.name, &state.key, from)?
                    .and_then(|run| run.at_or_after_target(from));
                match next {
                    Some((_, target)) if target == from => return Ok(None),
                    // The last source offset of the stretch is in it whatever stands there.
                    Some((source, _)) => source - 1,
                    None => state.position - 1,
                }
            }
        };
        let translation = translate(at.max(state.start), state, self.facts.logs(state), &map)?;
        let open = translation.place.and_then(|place| match place {
            Place::Open(hole) => Some(hole),
            Place::At(_) => None,
        });
        Ok(open.filter(|hole| !hole.source.is_empty() && !hole.target.is_empty()))
    }

    /// From the beginning of a stretch on.
    fn forward(&mut self, state: &PartitionState, hole: Hole, goal: Goal) -> Result<Walked> {
        let logs = self.facts.logs(state);
        if logs.source_low.is_some_and(|low| low > hole.source.from) {
            return Ok(Walked::Gone("the source has deleted the records before it"));
        }
        let last = self
            .store
            .run_before(&self.task.name, &state.key, hole.source.from)?;
        let begins = last
            .as_ref()
            .and_then(|run| run.clone().before(hole.source.from))
            .map_or(state.target_start, |run| run.last().1 + 1);
        if hole.target.from > begins {
            return Ok(Walked::Gone("the target has deleted the records before it"));
        }
        let (headers, until, cancel) = (self.headers, self.until, self.cancel.clone());
        let grows = last.filter(|run| run.last() == (hole.source.from - 1, begins - 1));
        let mut runs = OffsetRuns::new(state.key.clone(), grows);
        let readers = readers(&mut self.readers, self.task, self.store, &cancel)?;
        let (mut source, mut target) = match open(readers, state, hole.source, hole.target, &cancel) {
            Ok(both) => both,
            Err(error) => return Ok(unread(&error)),
        };
        let mut waiting = 0;
        let walked = loop {
            if Instant::now() >= until || cancel.is_cancelled() {
                break Walked::Late;
            }
            let (here, there) = match (source.next(), target.next()) {
                (Ok(here), Ok(there)) => (here, there),
                (Err(error), _) | (_, Err(error)) => break unread(&error),
            };
            match (here, there) {
                (Some(here), Some(there)) if here.is_copied_as(&there, headers) => {
                    runs.place(here.offset, Some(there.offset), 1);
                    waiting += 1;
                    if waiting >= SAVED_AT_ONCE {
                        save(self.store, self.task, runs.commit())?;
                        waiting = 0;
                    }
                    if goal.is_reached_by(here.offset, there.offset) {
                        break Walked::There;
                    }
                }
                // No more of the source is in the stretch: what comes next stands behind it.
                (None, _) => break Walked::There,
                (Some(here), there) => break differs(&here, there.as_ref(), headers),
            }
        };
        save(self.store, self.task, runs.commit())?;
        Ok(walked)
    }

    /// From the end of a stretch back.
    fn backward(&mut self, state: &PartitionState, hole: Hole, goal: Goal) -> Result<Walked> {
        let logs = self.facts.logs(state);
        let low_source = hole.source.from.max(logs.source_low.unwrap_or(0));
        let low_target = hole.target.from.max(logs.target_low.unwrap_or(0));
        let (mut source_to, mut target_to) = (hole.source.to, hole.target.to);
        let mut size = (hole.rest(goal) + AROUND).clamp(AROUND, STRETCH);
        loop {
            if Instant::now() >= self.until || self.cancel.is_cancelled() {
                return Ok(Walked::Late);
            }
            let at_source = OffsetRange {
                from: (source_to - size).max(low_source),
                to: source_to,
            };
            let on_target = OffsetRange {
                from: (target_to - size).max(low_target),
                to: target_to,
            };
            if at_source.is_empty() || on_target.is_empty() {
                return Ok(self.ends_at(hole, at_source, on_target, goal));
            }
            let cancel = self.cancel.clone();
            let readers = readers(&mut self.readers, self.task, self.store, &cancel)?;
            let (here, there) = match read_all(readers, state, at_source, on_target, &cancel) {
                Ok(both) => both,
                Err(error) => return Ok(unread(&error)),
            };
            let (pairs, differs) = suffix(&here, &there, self.headers);
            self.keep(&state.key, &pairs)?;
            if let Some(why) = differs {
                let is_found = pairs
                    .first()
                    .is_some_and(|(source, target)| goal.is_behind(*source, *target));
                return Ok(if is_found { Walked::There } else { why });
            }
            // Nothing of the side that has run out stands between the last pair and the beginning of what was read.
            let first = pairs.first().copied();
            if first.is_some_and(|(source, target)| goal.is_behind(source, target)) {
                return Ok(Walked::There);
            }
            let (source, target) = first.unwrap_or((source_to, target_to));
            source_to = if pairs.len() == here.len() {
                at_source.from
            } else {
                source
            };
            target_to = if pairs.len() == there.len() {
                on_target.from
            } else {
                target
            };
            size = STRETCH;
        }
    }

    /// What it means that one side has nothing more before what was read.
    fn ends_at(&self, hole: Hole, source: OffsetRange, target: OffsetRange, goal: Goal) -> Walked {
        match goal {
            Goal::Source(_) if source.is_empty() && source.to > hole.source.from => {
                Walked::Gone("the source has deleted the records from there on")
            }
            Goal::Target(_) if target.is_empty() && target.to > hole.target.from => {
                Walked::Gone("the target has deleted the records from there on")
            }
            Goal::Source(_) if !source.is_empty() => {
                Walked::Gone("the target has deleted the records from there on")
            }
            Goal::Target(_) if !target.is_empty() => {
                Walked::Gone("the source has deleted the records from there on")
            }
            Goal::Source(_) | Goal::Target(_) => Walked::There,
        }
    }

    fn keep(&self, key: &PartitionKey, pairs: &[Pair]) -> Result<()> {
        let mut runs = OffsetRuns::new(key.clone(), None);
        for (source, target) in pairs {
            runs.place(*source, Some(*target), 1);
        }
        save(self.store, self.task, runs.commit())
    }
}

impl Goal {
    /// The first place that can be meant: nothing was copied before the start, and nothing can be read on the target before
    /// its log begins.
    fn within(self, state: &PartitionState, logs: PartitionLogs) -> Self {
        match self {
            Self::Source(offset) => Self::Source(offset.max(state.start)),
            Self::Target(offset) => Self::Target(
                offset
                    .max(state.target_start)
                    .max(logs.target_low.unwrap_or(offset)),
            ),
        }
    }

    fn is_reached_by(self, source: i64, target: i64) -> bool {
        match self {
            Self::Source(wanted) => source >= wanted,
            Self::Target(wanted) => target >= wanted,
        }
    }

    /// Whether a pair is the goal's, or stands before it.
    fn is_behind(self, source: i64, target: i64) -> bool {
        match self {
            Self::Source(wanted) => source <= wanted,
            Self::Target(wanted) => target <= wanted,
        }
    }
}

impl Hole {
    /// Offsets from its beginning to a goal.
    fn distance(&self, goal: Goal) -> i64 {
        match goal {
            Goal::Source(offset) => (offset - self.source.from).max(0),
            Goal::Target(offset) => (offset - self.target.from).max(0),
        }
    }

    /// Offsets from a goal to its end.
    fn rest(&self, goal: Goal) -> i64 {
        match goal {
            Goal::Source(offset) => (self.source.to - offset).max(0),
            Goal::Target(offset) => (self.target.to - offset).max(0),
        }
    }
}

/// The readers of both sides; opened with the first question.
fn readers<'r>(
    known: &'r mut Option<Readers>,
    task: &Task,
    store: &dyn CheckpointStore,
    cancel: &Cancel,
) -> Result<&'r mut Readers> {
    match known {
        Some(readers) => Ok(readers),
        none => {
            let lanes = store
                .launch(&task.name)?
                .map(|launch| launch.lanes)
                .unwrap_or_default();
            Ok(none.insert(Reading::of(task, &lanes)?.readers(task, cancel)?))
        }
    }
}

fn save(store: &dyn CheckpointStore, task: &Task, runs: Vec<OffsetRun>) -> Result<()> {
    let checkpoint = Checkpoint {
        runs,
        ..Checkpoint::default()
    };
    if checkpoint.is_empty() {
        return Ok(());
    }
    Ok(store.save(&task.name, &checkpoint)?)
}

fn differs(source: &Fingerprint, target: Option<&Fingerprint>, headers: bool) -> Walked {
    Walked::Differs(match target {
        Some(target) => format!(
            "the records at source offset {} and at target offset {} differ in {}",
            source.offset,
            target.offset,
            source.differences(target, headers).join(", ")
        ),
        None => format!(
            "the target has none for the record at source offset {}",
            source.offset
        ),
    })
}

fn unread(error: &ReadError) -> Walked {
    Walked::Unread(format!("the records around it cannot be read: {error}"))
}

/// The pairs at the end of both, in their order; and what is wrong with the ones before, where both sides have some.
fn suffix(source: &[Fingerprint], target: &[Fingerprint], headers: bool) -> (Vec<Pair>, Option<Walked>) {
    let mut pairs = Vec::new();
    let mut wrong = None;
    for (here, there) in source.iter().rev().zip(target.iter().rev()) {
        if !here.is_copied_as(there, headers) {
            wrong = Some(differs(here, Some(there), headers));
            break;
        }
        pairs.push((here.offset, there.offset));
    }
    pairs.reverse();
    (pairs, wrong)
}
