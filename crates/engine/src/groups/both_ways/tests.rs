//! Places against a model that knows every record of both logs, who wrote it, and who has read it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::error::{Side, StoreError};
use crate::groups::both_ways::log::{Log, Notes};
use crate::groups::both_ways::place::{Partition, Placed};
use crate::groups::both_ways::stored::{Seen, Stored, Writer};
use crate::partition::OffsetRuns;
use crate::position::{Map, OffsetRun, PartitionKey, PartitionState, Runs};
use crate::verify::ReadError;

/// What stands at an offset of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// A record of an application, or a copy of one of the other side.
    Own(usize),
    Copy(usize),
    Aborted(Writer),
    Marker,
    /// Compaction took it.
    Gone(usize),
}

impl Slot {
    /// The record that stands there, or did.
    fn was(self) -> Option<usize> {
        match self {
            Self::Gone(id) => Some(id),
            other => other.record(),
        }
    }

    fn record(self) -> Option<usize> {
        match self {
            Self::Own(id) | Self::Copy(id) => Some(id),
            Self::Aborted(_) | Self::Marker | Self::Gone(_) => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    Once,
    Least,
}

/// What happens, to the log or the task of a side: 0 is A and the task from A to B.
#[derive(Debug, Clone, Copy)]
enum Step {
    Write {
        side: usize,
        records: usize,
    },
    Transaction {
        side: usize,
        records: usize,
        aborts: bool,
    },
    /// So many records are copied, if there are so many; the answer for one may be lost, or it is refused.
    Copy {
        task: usize,
        records: usize,
        odd: Odd,
    },
    Save {
        task: usize,
    },
    /// What was not saved is forgotten. Where positions stand on the target, the task goes on there.
    Crash {
        task: usize,
    },
    Compact {
        side: usize,
        at: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Odd {
    Nothing,
    AnswerIsLost,
    Quarantine,
    Aborts,
}

#[derive(Debug)]
struct CopyTask {
    delivery: Delivery,
    saved: PartitionState,
    /// Where the target says that it is, or where it is in memory.
    ahead: (i64, i64),
    runs: OffsetRuns,
    map: BTreeMap<i64, OffsetRun>,
    set_aside: BTreeSet<i64>,
}

impl CopyTask {
    fn new(delivery: Delivery, start: i64, target_start: i64) -> Self {
        Self {
            delivery,
            saved: state(start, target_start),
            ahead: (start, target_start),
            runs: OffsetRuns::new(key(), None),
            map: BTreeMap::new(),
            set_aside: BTreeSet::new(),
        }
    }

    fn copy(&mut self, from: &[Slot], to: &mut Vec<Slot>, records: usize, odd: Odd) {
        let (mut position, mut left) = (usize::try_from(self.ahead.0).unwrap(), records);
        if odd == Odd::Aborts {
            if self.delivery == Delivery::Once {
                to.extend(std::iter::repeat_n(Slot::Aborted(Writer::Copy), records));
                to.push(Slot::Marker);
            }
            return;
        }
        let before = to.len();
        while position < from.len() && left > 0 {
            let source = i64::try_from(position).unwrap();
            if let Slot::Own(id) = from[position] {
                left -= 1;
                if left == 0 && odd == Odd::Quarantine && self.delivery == Delivery::Once {
                    self.set_aside.insert(source);
                } else {
                    let target = i64::try_from(to.len()).unwrap();
                    let is_lost = left == 0 && odd == Odd::AnswerIsLost;
                    self.runs.place(source, (!is_lost).then_some(target), 1);
                    if !is_lost {
                        self.ahead.1 = target + 1;
                    }
                    to.push(Slot::Copy(id));
                }
            }
            position += 1;
        }
        // What follows and is never copied is passed over with it.
        while position < from.len() && !matches!(from[position], Slot::Own(_)) {
            position += 1;
        }
        self.ahead.0 = i64::try_from(position).unwrap();
        if self.delivery == Delivery::Once && to.len() > before {
            to.push(Slot::Marker);
        }
    }

    fn save(&mut self) {
        (self.saved.position, self.saved.target_next) = self.ahead;
        for run in self.runs.commit() {
            self.map.insert(run.source, run);
        }
    }

    fn crash(&mut self) {
        let last = self.map.values().next_back().cloned();
        self.runs = OffsetRuns::new(key(), last);
        match self.delivery {
            Delivery::Once => (self.saved.position, self.saved.target_next) = self.ahead,
            Delivery::Least => self.ahead = (self.saved.position, self.saved.target_next),
        }
    }
}

struct World {
    logs: [Vec<Slot>; 2],
    tasks: [CopyTask; 2],
    written: usize,
}

impl World {
    /// Both tasks begin where the logs end, behind what is there.
    fn new(delivery: Delivery, there: [usize; 2]) -> Self {
        let mut written = 0;
        let logs = there.map(|count| {
            let log: Vec<Slot> = (written..written + count).map(Slot::Own).collect();
            written += count;
            log
        });
        let ends = [0, 1].map(|side| i64::try_from(there[side]).unwrap());
        Self {
            logs,
            tasks: [
                CopyTask::new(delivery, ends[0], ends[1]),
                CopyTask::new(delivery, ends[1], ends[0]),
            ],
            written,
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Write { side, records } => {
                for _ in 0..records {
                    self.logs[side].push(Slot::Own(self.written));
                    self.written += 1;
                }
            }
            Step::Transaction {
                side,
                records,
                aborts: true,
            } => {
                self.logs[side].extend(std::iter::repeat_n(Slot::Aborted(Writer::Others), records));
                self.logs[side].push(Slot::Marker);
            }
            Step::Transaction { side, records, .. } => {
                self.step(Step::Write { side, records });
                self.logs[side].push(Slot::Marker);
            }
            Step::Copy { task, records, odd } => {
                let [a, b] = &mut self.logs;
                let (from, to) = if task == 0 { (a, b) } else { (b, a) };
                self.tasks[task].copy(from, to, records, odd);
            }
            Step::Save { task } => self.tasks[task].save(),
            Step::Crash { task } => self.tasks[task].crash(),
            // A copy whose record is set aside or gone when it is copied again has none to be compared with.
            Step::Compact { .. } if self.tasks[0].delivery == Delivery::Least => {}
            Step::Compact { side, at } => {
                let log = &mut self.logs[side];
                if !log.is_empty() {
                    let at = at % log.len();
                    if let Some(id) = log[at].record().filter(|_| at + 1 < log.len()) {
                        log[at] = Slot::Gone(id);
                    }
                }
            }
        }
    }

    /// Where a group that has read A up to `p` reads on; `looks`: how often it may be looked at a log.
    fn place(&self, p: i64, b_low: i64, looks: usize) -> Placed {
        let [forward, back] = &self.tasks;
        let runs = [forward, back].map(|task| MemoryRuns(&task.map));
        let maps = [Map::new(&runs[0]), Map::new(&runs[1])];
        let mut stored = [0, 1].map(|side| MemoryLog {
            slots: &self.logs[side],
            left: looks,
        });
        let [a, b] = &mut stored;
        let notes = |task: usize, side| Notes {
            map: &maps[task],
            side,
        };
        let end = |side: usize| i64::try_from(self.logs[side].len()).unwrap();
        let mut partition = Partition {
            forward: &forward.saved,
            back: &back.saved,
            forward_map: &maps[0],
            back_map: &maps[1],
            a: Log {
                forward: notes(0, Side::Source),
                back: notes(1, Side::Target),
                stored: a,
                set_aside: &forward.set_aside,
            },
            b: Log {
                forward: notes(0, Side::Target),
                back: notes(1, Side::Source),
                stored: b,
                set_aside: &back.set_aside,
            },
            a_end: end(0),
            a_is_settled: true,
            b_end: end(1),
            b_low,
            once: [forward, back].map(|task| task.delivery == Delivery::Once),
        };
        partition.place(p).unwrap()
    }

    /// What a group has read that stands at `p`: also what compaction has taken since.
    fn read_before(&self, p: i64) -> BTreeSet<usize> {
        let before = self.logs[0].iter().take(usize::try_from(p).unwrap());
        before.filter_map(|slot| slot.was()).collect()
    }

    /// Records on B that are the pair's, that a group has not read and that are not set aside, with their offsets. What the task
    /// copies again after a crash in at least once stands behind the end of B, too.
    fn unread_on_b(&self, read: &BTreeSet<usize>) -> BTreeMap<usize, Vec<i64>> {
        let [forward, back] = &self.tasks;
        let from_position = self.logs[0]
            .iter()
            .skip(usize::try_from(forward.ahead.0).unwrap());
        let comes: BTreeSet<usize> = from_position.filter_map(|slot| slot.record()).collect();
        let mut unread: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
        for (offset, slot) in (0i64..).zip(&self.logs[1]) {
            let counts = match slot {
                Slot::Own(_) => offset >= back.saved.start && !back.set_aside.contains(&offset),
                Slot::Copy(id) => !comes.contains(id),
                Slot::Aborted(_) | Slot::Marker | Slot::Gone(_) => false,
            };
            if let Some(id) = slot.record().filter(|id| counts && !read.contains(id)) {
                unread.entry(id).or_default().push(offset);
            }
        }
        unread
    }

    /// How many records on B from `q` on a group has read. What the other task has copied twice, or will after a crash in at least
    /// once, comes to the group twice on either side.
    fn read_again(&self, p: i64, q: i64, read: &BTreeSet<usize>) -> i64 {
        let from_p = self.logs[0].iter().skip(usize::try_from(p).unwrap());
        let comes: BTreeSet<usize> = from_p
            .filter_map(|slot| match slot {
                Slot::Copy(id) => Some(*id),
                Slot::Own(_) | Slot::Aborted(_) | Slot::Marker | Slot::Gone(_) => None,
            })
            .collect();
        let back = &self.tasks[1];
        let comes_twice = |offset: i64, id: usize| {
            back.delivery == Delivery::Least && (offset >= back.saved.position || comes.contains(&id))
        };
        let again = (q..).zip(self.logs[1].iter().skip(usize::try_from(q).unwrap()));
        let again = again.filter(|(offset, slot)| match slot {
            Slot::Own(id) => read.contains(id) && !comes_twice(*offset, *id),
            Slot::Copy(id) => read.contains(id),
            Slot::Aborted(_) | Slot::Marker | Slot::Gone(_) => false,
        });
        i64::try_from(again.count()).unwrap()
    }

    /// Every position loses nothing, and reads no more again than is said. Where nothing went wrong, it reads exactly as much
    /// again, and as little as can be.
    fn check(&self, is_clean: bool, looks: usize) -> Result<(), TestCaseError> {
        for p in 0..=self.tasks[0].saved.position {
            let placed = self.place(p, 0, looks);
            let read = self.read_before(p);
            let unread = self.unread_on_b(&read);
            for (id, offsets) in &unread {
                prop_assert!(
                    offsets.iter().any(|offset| *offset >= placed.offset),
                    "{p} became {placed:?}, and record {id} at {offsets:?} is skipped\n{self:?}"
                );
            }
            let again = self.read_again(p, placed.offset, &read);
            prop_assert!(
                again <= placed.read_again,
                "{p} became {placed:?}, which reads {again} again\n{self:?}"
            );
            if is_clean {
                let first = unread.values().flatten().min().copied();
                let end = i64::try_from(self.logs[1].len()).unwrap();
                prop_assert_eq!(
                    (placed.offset, placed.read_again),
                    (first.unwrap_or(end), again),
                    "of {}\n{:?}",
                    p,
                    self
                );
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, log) in ["A", "B"].into_iter().zip(&self.logs) {
            let words: Vec<String> = log
                .iter()
                .enumerate()
                .map(|(offset, slot)| match slot {
                    Slot::Own(id) => format!("{offset}:{id}"),
                    Slot::Copy(id) => format!("{offset}:{id}'"),
                    other => format!("{offset}:{other:?}"),
                })
                .collect();
            writeln!(f, "{name}: {}", words.join(" "))?;
        }
        for task in &self.tasks {
            let noted: Vec<(i64, i64)> = task
                .map
                .values()
                .flat_map(|run| (0..run.length).map(|index| run.pair(index)))
                .collect();
            let saved = &task.saved;
            writeln!(
                f,
                "from {} at {}, target {} from {}: {noted:?}, without {:?}",
                saved.start, saved.position, saved.target_next, saved.target_start, task.set_aside
            )?;
        }
        Ok(())
    }
}

struct MemoryRuns<'a>(&'a BTreeMap<i64, OffsetRun>);

impl Runs for MemoryRuns<'_> {
    fn at(&self, side: Side, offset: i64) -> Result<Option<OffsetRun>, StoreError> {
        let last = |run: &OffsetRun| match side {
            Side::Source => run.last().0,
            Side::Target => run.last().1,
        };
        Ok(self.0.values().find(|run| last(run) >= offset).cloned())
    }

    fn before(&self, source: i64) -> Result<Option<OffsetRun>, StoreError> {
        Ok(self.0.range(..source).next_back().map(|(_, run)| run.clone()))
    }
}

struct MemoryLog<'a> {
    slots: &'a [Slot],
    left: usize,
}

impl MemoryLog<'_> {
    /// Who wrote it, and whether it is gone.
    fn kind(slot: Slot) -> (Option<Writer>, bool) {
        match slot {
            Slot::Own(_) => (Some(Writer::Others), false),
            Slot::Copy(_) => (Some(Writer::Copy), false),
            Slot::Aborted(_) | Slot::Marker => (None, false),
            Slot::Gone(_) => (None, true),
        }
    }
}

impl Stored for MemoryLog<'_> {
    fn look(&mut self, offset: i64) -> Result<Option<Seen>, ReadError> {
        let at = usize::try_from(offset).unwrap();
        let Some(slot) = self.slots.get(at) else {
            return Ok(Some(Seen::End));
        };
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let kind = Self::kind(*slot);
        let same = self.slots[at..]
            .iter()
            .take_while(|slot| Self::kind(**slot) == kind);
        let to = offset + i64::try_from(same.count()).unwrap();
        Ok(Some(match kind {
            (Some(by), _) => Seen::Records { by, to },
            (None, true) => Seen::Hole { to },
            (None, false) => Seen::Nothing { to },
        }))
    }
}

fn key() -> PartitionKey {
    PartitionKey {
        topic: "t".into(),
        partition: 0,
    }
}

fn state(start: i64, target_start: i64) -> PartitionState {
    PartitionState {
        key: key(),
        target_topic: "t".into(),
        source_topic_id: None,
        target_topic_id: None,
        start,
        target_start,
        backlog_end: 0,
        until: None,
        position: start,
        leader_epoch: None,
        target_next: target_start,
        anchor: None,
        records: 0,
        bytes: 0,
        incarnation: 0,
    }
}

/// Steps in which nothing goes wrong: what is copied is saved.
fn clean_steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..2usize, 1..4usize).prop_map(|(side, records)| vec![Step::Write { side, records }]),
        2 => (0..2usize, 1..4usize, any::<bool>())
            .prop_map(|(side, records, aborts)| vec![Step::Transaction { side, records, aborts }]),
        4 => (0..2usize, 1..8usize).prop_map(|(task, records)| {
            vec![Step::Copy { task, records, odd: Odd::Nothing }, Step::Save { task }]
        }),
    ];
    prop::collection::vec(step, 0..40).prop_map(|steps| steps.concat())
}

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let odd = prop_oneof![
        8 => Just(Odd::Nothing),
        1 => Just(Odd::AnswerIsLost),
        1 => Just(Odd::Quarantine),
        1 => Just(Odd::Aborts),
    ];
    let step = prop_oneof![
        3 => (0..2usize, 1..4usize).prop_map(|(side, records)| Step::Write { side, records }),
        2 => (0..2usize, 1..4usize, any::<bool>())
            .prop_map(|(side, records, aborts)| Step::Transaction { side, records, aborts }),
        5 => (0..2usize, 1..8usize, odd).prop_map(|(task, records, odd)| Step::Copy { task, records, odd }),
        3 => (0..2usize).prop_map(|task| Step::Save { task }),
        1 => (0..2usize).prop_map(|task| Step::Crash { task }),
        1 => (0..2usize, 0..200usize).prop_map(|(side, at)| Step::Compact { side, at }),
    ];
    prop::collection::vec(step, 0..60)
}

fn deliveries() -> impl Strategy<Value = Delivery> {
    prop_oneof![Just(Delivery::Once), Just(Delivery::Least)]
}

const FOREVER: usize = usize::MAX;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn a_group_reads_on_at_the_first_record_that_it_has_not_read_and_what_it_reads_again_is_counted(
        steps in clean_steps(), delivery in deliveries(), a in 0..4usize, b in 0..4usize
    ) {
        let mut world = World::new(delivery, [a, b]);
        steps.into_iter().for_each(|step| world.step(step));
        world.check(true, FOREVER)?;
    }

    #[test]
    fn whatever_is_lost_repeated_refused_or_compacted_nothing_is_skipped_and_no_more_is_read_again_than_is_said(
        steps in any_steps(), delivery in deliveries(), a in 0..4usize, b in 0..4usize
    ) {
        let mut world = World::new(delivery, [a, b]);
        steps.into_iter().for_each(|step| world.step(step));
        world.check(false, FOREVER)?;
    }

    #[test]
    fn where_no_more_of_the_logs_is_read_the_maps_alone_skip_nothing(
        steps in any_steps(), delivery in deliveries(), looks in 0..6usize
    ) {
        let mut world = World::new(delivery, [0, 0]);
        steps.into_iter().for_each(|step| world.step(step));
        world.check(false, looks)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn what_the_target_has_deleted_unread_is_said_to_be_lost_and_the_rest_is_read(
        steps in clean_steps(), delivery in deliveries(), low in 0..20usize
    ) {
        let mut world = World::new(delivery, [0, 0]);
        steps.into_iter().for_each(|step| world.step(step));
        let low = i64::try_from(low.min(world.logs[1].len())).unwrap();
        for p in 0..=world.tasks[0].saved.position {
            let placed = world.place(p, low, FOREVER);
            let unread = world.unread_on_b(&world.read_before(p));
            let offsets: Vec<i64> = unread.into_values().flatten().collect();
            prop_assert!(placed.offset >= low, "{placed:?}");
            prop_assert!(
                offsets.iter().all(|offset| *offset < low || *offset >= placed.offset),
                "{p} became {placed:?}\n{world:?}"
            );
            // What neither task has noted cannot be known any more once it is gone.
            let back = &world.tasks[1].saved;
            let noted = offsets.iter().filter(|offset| {
                matches!(world.logs[1][usize::try_from(**offset).unwrap()], Slot::Copy(_)) || **offset < back.position
            });
            let first = noted.min().copied().unwrap_or(low);
            prop_assert_eq!(placed.lost > 0, first < low, "{}: {:?}\n{:?}", p, placed, world);
        }
    }
}
