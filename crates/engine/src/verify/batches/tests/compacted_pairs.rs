//! Compacted logs of a pair against a model that knows of each record who wrote it, where it was copied to, and what a cleaner took.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use sluice_model::OffsetRange;

use super::ground::{Ground, MemoryLog, Plain, key};
use crate::error::{Side, StoreError};
use crate::partition::OffsetRuns;
use crate::position::testing::{MemoryNotes, there};
use crate::position::{OffsetRun, Runs, WriterNotes};
use crate::record_hash::Fields;
use crate::verify::comparison::Comparison;
use crate::verify::offset_map::OffsetMap;
use crate::verify::pair_feed::Share;
use crate::verify::paired::{Half, Paired};
use crate::verify::report::{Accepted, DifferenceKind, LogSide, PartitionReport};
use crate::verify::stream::Stream;
use crate::verify::wire_feed::WireFeed;

/// Under which ids the tasks write: the one from A on B, and the one from B on A.
const WRITERS: [i64; 2] = [100, 200];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stored {
    id: usize,
    key: u8,
    is_alive: bool,
    /// The task of the other side copied it.
    is_copy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Odd {
    /// Copied and noted.
    No,
    /// The process was killed between the commit and its notes: the position on the target wins.
    Unnoted,
    /// It was killed before the commit of its position: it is copied once more.
    Twice,
    /// A fault: it is passed and not written.
    Skipped,
}

#[derive(Debug, Clone)]
enum Step {
    /// An application of a side, 0 is A, writes a value or a tombstone.
    Write { side: usize, key: u8, is_alive: bool },
    /// The task that reads a side copies.
    Copy { side: usize, offsets: usize, odd: Odd },
    /// The cleaner of a side, up to some part of its log in eighths.
    Clean { side: usize, eighths: usize },
}

/// One side's log, and the task that reads it.
struct OneSide {
    log: Vec<Option<Stored>>,
    /// Tombstones that a cleaner has seen once: the next one takes them.
    seen_tombstones: BTreeSet<usize>,
    position: usize,
    runs: OffsetRuns,
    saved: Vec<OffsetRun>,
    target_next: usize,
}

impl OneSide {
    fn copied(&self) -> Half<'_> {
        Half {
            runs: Box::new(Saved(&self.saved)),
            source: OffsetRange {
                from: 0,
                to: self.position as i64,
            },
            target_next: self.target_next as i64,
        }
    }
}

struct Model {
    sides: [OneSide; 2],
    next_id: usize,
    odd: bool,
    twice: bool,
    /// The record that was passed and not written: which, and where it would stand on B.
    skipped: Option<(Stored, usize)>,
    /// Keys of B by the offsets at which they were written.
    written_on_b: Vec<u8>,
}

struct Saved<'a>(&'a [OffsetRun]);

impl Runs for Saved<'_> {
    fn at(&self, side: Side, offset: i64) -> Result<Option<OffsetRun>, StoreError> {
        let last = |run: &OffsetRun| match side {
            Side::Source => run.last().0,
            Side::Target => run.last().1,
        };
        Ok(self.0.iter().find(|run| last(run) >= offset).cloned())
    }

    fn before(&self, source: i64) -> Result<Option<OffsetRun>, StoreError> {
        Ok(self.0.iter().rev().find(|run| run.source < source).cloned())
    }
}

impl Model {
    fn new() -> Self {
        let side = || OneSide {
            log: Vec::new(),
            seen_tombstones: BTreeSet::new(),
            position: 0,
            runs: OffsetRuns::new(key(), None),
            saved: Vec::new(),
            target_next: 0,
        };
        Self {
            sides: [side(), side()],
            next_id: 0,
            odd: false,
            twice: false,
            skipped: None,
            written_on_b: Vec::new(),
        }
    }

    fn append(&mut self, side: usize, stored: Stored) -> usize {
        if side == 1 {
            self.written_on_b.push(stored.key);
        }
        self.sides[side].log.push(Some(stored));
        self.sides[side].log.len() - 1
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Write { side, key, is_alive } => {
                let id = self.next_id;
                self.next_id += 1;
                self.append(
                    side,
                    Stored {
                        id,
                        key,
                        is_alive,
                        is_copy: false,
                    },
                );
            }
            Step::Copy { side, offsets, odd } => {
                for _ in 0..offsets {
                    self.copy_one(side, odd);
                }
            }
            Step::Clean { side, eighths } => self.clean(side, eighths),
        }
    }

    fn copy_one(&mut self, side: usize, odd: Odd) {
        let at = self.sides[side].position;
        let Some(slot) = self.sides[side].log.get(at).copied() else {
            return;
        };
        self.sides[side].position += 1;
        let Some(stored) = slot.filter(|stored| !stored.is_copy) else {
            return;
        };
        let copy = Stored {
            is_copy: true,
            ..stored
        };
        if odd == Odd::Skipped && side == 0 && self.skipped.is_none() {
            self.skipped = Some((stored, self.sides[1].log.len()));
            return;
        }
        let target = self.append(1 - side, copy);
        match odd {
            Odd::Unnoted => self.odd = true,
            Odd::Twice => {
                (self.odd, self.twice) = (true, true);
                self.sides[side].position = at;
            }
            Odd::No | Odd::Skipped => {
                let half = &mut self.sides[side];
                half.runs.place(at as i64, Some(target as i64), 1);
                for run in half.runs.commit() {
                    half.saved.retain(|known| known.source != run.source);
                    half.saved.push(run);
                }
                half.target_next = target + 1;
            }
        }
    }

    /// As Kafka's: the last record of each key stays; a tombstone until the cleaner has seen it once, and its own task has copied it.
    fn clean(&mut self, side: usize, eighths: usize) {
        let half = &mut self.sides[side];
        let end = half.log.len() * eighths / 8;
        let mut last: BTreeMap<u8, usize> = BTreeMap::new();
        for (at, slot) in half.log[..end].iter().enumerate() {
            if let Some(stored) = slot {
                last.insert(stored.key, at);
            }
        }
        for at in 0..end {
            let Some(stored) = half.log[at] else {
                continue;
            };
            let is_over = !stored.is_alive
                && (stored.is_copy || at < half.position)
                && !half.seen_tombstones.insert(at);
            if last.get(&stored.key) != Some(&at) || is_over {
                half.log[at] = None;
            }
        }
    }

    fn last(&self, side: usize, key: u8) -> Option<(usize, &Stored)> {
        let slots = self.sides[side].log.iter().enumerate();
        slots
            .filter_map(|(at, slot)| slot.as_ref().map(|stored| (at, stored)))
            .rfind(|(_, stored)| stored.key == key)
    }

    fn has(&self, side: usize, id: usize) -> bool {
        self.sides[side]
            .log
            .iter()
            .flatten()
            .any(|stored| stored.id == id)
    }

    fn keys(&self) -> BTreeSet<u8> {
        let both = self.sides.iter().flat_map(|half| half.log.iter().flatten());
        both.map(|stored| stored.key).collect()
    }

    /// Keys of which the source of a way has nothing left, and its target ends with a copy: a deletion crossed with it.
    fn has_crossed_deletion(&self, way: usize) -> bool {
        self.keys().into_iter().any(|key| {
            self.last(way, key).is_none()
                && self
                    .last(1 - way, key)
                    .is_some_and(|(_, stored)| stored.is_copy && stored.is_alive)
        })
    }

    /// Keys that end with different records.
    fn conflicts(&self) -> u64 {
        let differ = |key: &u8| match (self.last(0, *key), self.last(1, *key)) {
            (Some((_, a)), Some((_, b))) => a.id != b.id && (a.is_alive || b.is_alive),
            _ => false,
        };
        self.keys().iter().filter(|key| differ(key)).count() as u64
    }

    fn log(&self, side: usize) -> MemoryLog {
        let mut log = MemoryLog::default();
        for slot in &self.sides[side].log {
            match slot {
                Some(stored) => {
                    let mut plain = Plain::new(
                        &format!("k{}", stored.key),
                        &format!("v{}", stored.id),
                        1_000 + stored.id as i64,
                    );
                    if !stored.is_alive {
                        plain.value = None;
                    }
                    let writer = if stored.is_copy { WRITERS[1 - side] } else { -1 };
                    log.batch_with(&[plain], 0, writer);
                }
                None => log.skip(1),
            }
        }
        log.close();
        log
    }

    /// The verification of the task that reads a side.
    fn verify(&self, way: usize) -> PartitionReport {
        let (own, partner) = (&self.sides[way], &self.sides[1 - way]);
        let (source, target) = (self.log(way), self.log(1 - way));
        let notes = MemoryNotes::default();
        notes.note_writer(&there(), WRITERS[0]).unwrap();
        notes.note_writer(&there().reversed(), WRITERS[1]).unwrap();
        let share = Share::new(&notes, if way == 0 { there() } else { there().reversed() });
        let cancel = AtomicBool::new(false);
        let mut rules = Ground::new(source.clone(), target.clone()).rules;
        rules.compacted = (true, true);
        rules.mapped = true;
        rules.source_end = own.position as i64;
        let (at_source, on_target) = share.of_feeds(
            Box::new(WireFeed::open(Box::new(source.clone()), 0)),
            Box::new(WireFeed::open(Box::new(target.clone()), 0)),
            Some(((Box::new(source), 0), (Box::new(target), 0))),
        );
        let fields = Fields {
            headers: true,
            time: true,
        };
        let saved = own.saved.clone();
        let map = OffsetMap::of(
            Box::new(move |from, limit| {
                let rest = saved.iter().filter(|run| run.last().0 >= from);
                Ok(rest.take(limit).cloned().collect())
            }),
            0,
        );
        let paired = Paired {
            own: Some(own.copied()),
            partner: Some(partner.copied()),
        };
        Comparison::new(
            Stream::new(LogSide::Source, at_source, fields, &cancel),
            Stream::new(LogSide::Target, on_target, fields, &cancel),
            rules,
            Some(map),
            PartitionReport::default(),
            &mut |_| {},
        )
        .with_pair(Some(paired))
        .run()
        .0
    }
}

/// Differences that are no duplicates of a copy that was made twice.
fn faults(report: &PartitionReport, twice: bool) -> Vec<DifferenceKind> {
    let kinds = report.differences.keys().copied();
    kinds
        .filter(|kind| !(twice && *kind == DifferenceKind::Duplicate))
        .collect()
}

fn steps(odd: impl Strategy<Value = Odd> + Clone + 'static) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (0..2_usize, 0..4_u8, prop::bool::weighted(0.8))
            .prop_map(|(side, key, is_alive)| Step::Write { side, key, is_alive }),
        4 => (0..2_usize, 1..4_usize, odd).prop_map(|(side, offsets, odd)| Step::Copy { side, offsets, odd }),
        1 => (0..2_usize, 2..9_usize).prop_map(|(side, eighths)| Step::Clean { side, eighths }),
    ];
    prop::collection::vec(step, 1..50)
}

fn played(steps: &[Step], to_the_end: bool) -> Model {
    let mut model = Model::new();
    for step in steps {
        model.step(step);
    }
    if to_the_end {
        for side in [0, 1, 0, 1] {
            let offsets = model.sides[side].log.len() - model.sides[side].position;
            model.step(&Step::Copy {
                side,
                offsets,
                odd: Odd::No,
            });
        }
    }
    model
}

const KILLS: [Odd; 5] = [Odd::No, Odd::No, Odd::No, Odd::Unnoted, Odd::Twice];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn what_was_superseded_on_either_side_is_no_loss_and_conflicts_are_counted(
        steps in steps(Just(Odd::No)),
        to_the_end in any::<bool>(),
        cleaned in prop::collection::vec((0..2_usize, 2..9_usize), 0..4),
    ) {
        let mut model = played(&steps, to_the_end);
        for (side, eighths) in cleaned {
            model.step(&Step::Clean { side, eighths });
        }
        for way in [0, 1] {
            let report = model.verify(way);
            prop_assert!(report.differences.is_empty(), "{way}: {report:?}");
            prop_assert!(report.problem.is_none() || model.has_crossed_deletion(way), "{way}: {report:?}");
            if to_the_end {
                let counted = report.accepted.get(&Accepted::ConflictingKeys).copied().unwrap_or(0);
                prop_assert_eq!(counted, model.conflicts(), "{}: {:?}", way, report);
            }
        }
    }

    #[test]
    fn kills_make_no_loss_of_what_was_superseded(
        steps in steps(prop::sample::select(KILLS.to_vec())),
        to_the_end in any::<bool>(),
    ) {
        let model = played(&steps, to_the_end);
        for way in [0, 1] {
            let report = model.verify(way);
            prop_assert!(faults(&report, model.twice).is_empty(), "{way}: {report:?}");
            let may_be_unknown = model.odd || model.has_crossed_deletion(way);
            prop_assert!(report.problem.is_none() || may_be_unknown, "{way}: {report:?}");
        }
    }

    #[test]
    fn a_copy_that_is_lost_is_found_if_and_only_if_nothing_later_of_its_key_stood_there(
        steps in steps(prop::sample::select(KILLS.to_vec())),
        chosen in any::<prop::sample::Index>(),
        cleaned in prop::option::of(2..9_usize),
    ) {
        let mut model = played(&steps, true);
        let lost: Vec<(usize, Stored)> = model.sides[1]
            .log
            .iter()
            .enumerate()
            .filter_map(|(at, slot)| slot.map(|stored| (at, stored)))
            .filter(|(_, stored)| stored.is_copy && model.has(0, stored.id))
            .collect();
        prop_assume!(!lost.is_empty());
        let (at, lost) = *chosen.get(&lost);
        model.sides[1].log[at] = None;
        let is_twice = model.has(1, lost.id);
        let before = model.last(1, lost.key).map(|(at, stored)| (at, stored.is_alive));
        if let Some(eighths) = cleaned {
            // What is older than the loss may go; the lost record has removed nothing.
            model.step(&Step::Clean { side: 1, eighths });
        }
        prop_assume!(!is_twice);
        let report = model.verify(0);
        let found = !faults(&report, model.twice).is_empty();
        let is_later = before.is_some_and(|(other, _)| other > at);
        let lives_on = before.is_some_and(|(_, is_alive)| is_alive);
        if is_later || !lost.is_alive && !lives_on {
            prop_assert!(!found, "superseded: {lost:?} {report:?}");
        } else if model.odd {
            prop_assert!(found || report.problem.is_some(), "{lost:?} {report:?}");
        } else {
            prop_assert_eq!(report.differences.get(&DifferenceKind::Missing), Some(&1), "{:?} {:?}", lost, report);
        }
    }

    #[test]
    fn a_record_that_was_passed_and_never_written_is_found_if_nothing_later_of_its_key_came(
        steps in steps(prop::sample::select(vec![Odd::No, Odd::No, Odd::Skipped])),
    ) {
        let model = played(&steps, true);
        let Some((skipped, place)) = model.skipped else { return Ok(()) };
        prop_assume!(model.has(0, skipped.id));
        let report = model.verify(0);
        let came_later = model.written_on_b[place..].contains(&skipped.key);
        let lives_on = model.last(1, skipped.key).is_some_and(|(_, stored)| stored.is_alive);
        if came_later {
            prop_assert!(report.differences.is_empty(), "{skipped:?} {report:?}");
        } else if skipped.is_alive || lives_on {
            prop_assert!(!report.differences.is_empty() || report.problem.is_some(), "{skipped:?} {report:?}");
        }
    }
}
