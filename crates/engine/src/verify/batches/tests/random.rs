//! Whole batches and single records give the same answer, over random cuts, damage, holes and transactions.

use proptest::collection::vec;
use proptest::prelude::*;

use super::ground::{APPEND_TIME, Ground, MemoryLog, Plain, TRANSACTIONAL, key};
use crate::position::OffsetRun;
use crate::verify::batches::Pace;
use crate::verify::report::PartitionReport;

/// How the copy of a batch came to be, or what became of it.
#[derive(Debug, Clone, Copy)]
enum How {
    Passed,
    PassedInTransaction,
    Cut(usize),
    /// Framed together with the batch behind it.
    Joined,
    Changed(usize),
    OtherTime(usize),
    Stamped,
    Lacking(usize),
    Quarantined(usize),
    Gone,
    Doubled,
    Swapped,
    BehindForeign,
    BehindAborted,
    DamagedAtSource,
    DamagedOnTarget,
}

#[derive(Debug, Clone)]
struct Step {
    /// Records of the batch.
    count: usize,
    /// Keys are few, so that compacted logs have successors.
    key: u8,
    /// Values recur, so that the same batch may stand in a log twice.
    value: u8,
    how: How,
    /// What stands before it at the source.
    before: Before,
}

#[derive(Debug, Clone, Copy)]
enum Before {
    Nothing,
    Aborted,
    Marker,
    /// A batch that a cleaner has thinned out.
    Thinned,
    /// A batch that a cleaner has emptied.
    Emptied,
}

fn step() -> impl Strategy<Value = Step> {
    let how = prop_oneof![
        12 => Just(How::Passed),
        4 => Just(How::PassedInTransaction),
        2 => (1_usize..4).prop_map(How::Cut),
        1 => Just(How::Joined),
        1 => (0_usize..5).prop_map(How::Changed),
        1 => (0_usize..5).prop_map(How::OtherTime),
        1 => Just(How::Stamped),
        1 => (0_usize..5).prop_map(How::Lacking),
        1 => (0_usize..5).prop_map(How::Quarantined),
        1 => Just(How::Gone),
        1 => Just(How::Doubled),
        1 => Just(How::Swapped),
        1 => Just(How::BehindForeign),
        1 => Just(How::BehindAborted),
    ];
    let rarely = prop_oneof![
        60 => how,
        1 => Just(How::DamagedAtSource),
        1 => Just(How::DamagedOnTarget),
    ];
    let before = prop_oneof![
        8 => Just(Before::Nothing),
        1 => Just(Before::Aborted),
        1 => Just(Before::Marker),
        1 => Just(Before::Thinned),
        1 => Just(Before::Emptied),
    ];
    (1_usize..6, 0_u8..6, 0_u8..4, rarely, before).prop_map(|(count, key, value, how, before)| Step {
        count,
        key,
        value,
        how,
        before,
    })
}

/// Both logs while they are written, and what the copy notes.
#[derive(Default)]
struct Writing {
    source: MemoryLog,
    target: MemoryLog,
    runs: Vec<OffsetRun>,
    quarantined: Vec<i64>,
    /// Records that are to be framed with the next ones.
    held: Vec<(i64, Plain)>,
}

impl Writing {
    fn note(&mut self, source: i64, target: i64, count: usize) {
        self.runs
            .push(OffsetRun::contiguous(key(), source, target, count as i64));
    }

    /// Writes a copy of records as one batch, and notes it.
    fn copy(&mut self, first: i64, records: &[Plain], attributes: u16) {
        let at = self.target.batch_with(records, attributes, 50);
        self.note(first, at, records.len());
    }

    fn flush(&mut self) {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return;
        }
        let records: Vec<Plain> = held.iter().map(|(_, record)| record.clone()).collect();
        // Where the source has a hole between them, the runs have one as well.
        let at = self.target.batch(&records);
        let mut from = 0;
        for index in 1..=held.len() {
            if index == held.len() || held[index].0 != held[index - 1].0 + 1 {
                self.note(held[from].0, at + from as i64, index - from);
                from = index;
            }
        }
    }

    fn before(&mut self, before: Before) {
        match before {
            Before::Nothing => {}
            Before::Aborted => self
                .source
                .aborted(&[Plain::new("a", "aborted", 5), Plain::new("b", "aborted", 6)], 7),
            Before::Marker => self.source.marker(8, true),
            Before::Thinned => {
                let kept: Vec<(i32, Plain)> = [0, 2, 3]
                    .map(|delta| (delta, Plain::new(&format!("k{delta}"), "thinned", 70)))
                    .into();
                let base = self.source.sparse(&kept, 6, 0, -1);
                self.flush();
                let records: Vec<Plain> = kept.iter().map(|(_, record)| record.clone()).collect();
                let at = self.target.batch(&records);
                for (index, (delta, _)) in kept.iter().enumerate() {
                    self.note(base + i64::from(*delta), at + index as i64, 1);
                }
            }
            Before::Emptied => {
                self.source.sparse(&[], 3, 0, -1);
            }
        }
    }

    fn step(&mut self, step: &Step) {
        self.before(step.before);
        let records: Vec<Plain> = (0..step.count)
            .map(|n| Plain {
                key: (step.key > 0).then(|| format!("k{}", (usize::from(step.key) + n) % 6)),
                value: (step.value > 0 || n > 0).then(|| format!("v{}-{n}", step.value)),
                time: 100 + n as i64,
            })
            .collect();
        let first = self.source.batch(&records);
        if matches!(step.how, How::Joined) {
            self.held.extend((first..).zip(records));
            return;
        }
        self.flush();
        let index = |n: usize| n % records.len();
        match step.how {
            How::Passed | How::Joined => self.copy(first, &records, 0),
            How::PassedInTransaction => {
                self.copy(first, &records, TRANSACTIONAL);
                self.target.marker(50, true);
            }
            How::Cut(at) => {
                let (one, other) = records.split_at(at.min(records.len()));
                self.copy(first, one, 0);
                if !other.is_empty() {
                    self.copy(first + one.len() as i64, other, 0);
                }
            }
            How::Changed(n) => {
                let mut changed = records.clone();
                changed[index(n)].value = Some("changed".into());
                self.copy(first, &changed, 0);
            }
            How::OtherTime(n) => {
                let mut changed = records.clone();
                changed[index(n)].time += 1_000;
                self.copy(first, &changed, 0);
            }
            How::Stamped => self.copy(first, &records, APPEND_TIME),
            How::Lacking(n) | How::Quarantined(n) => {
                let kept: Vec<(i32, Plain)> = (0..)
                    .zip(records.iter().cloned())
                    .filter(|(delta, _)| *delta as usize != index(n))
                    .collect();
                let at = self.target.sparse(&kept, records.len() as i64, 0, 50);
                for (delta, _) in &kept {
                    self.note(first + i64::from(*delta), at + i64::from(*delta), 1);
                }
                if matches!(step.how, How::Quarantined(_)) {
                    self.quarantined.push(first + index(n) as i64);
                }
            }
            How::Gone => {
                self.note(first, self.target.end, records.len());
                self.target.skip(records.len() as i64);
            }
            How::Doubled => {
                self.copy(first, &records, 0);
                self.target.batch(&records);
            }
            How::Swapped => {
                let mut swapped = records.clone();
                swapped.reverse();
                self.copy(first, &swapped, 0);
            }
            How::BehindForeign => {
                self.target
                    .batch(&[Plain::new("f", "foreign", 3), Plain::new("k1", "foreign", 4)]);
                self.copy(first, &records, 0);
            }
            How::BehindAborted => {
                self.target.aborted(&records, 60);
                self.copy(first, &records, 0);
            }
            How::DamagedAtSource => {
                self.copy(first, &records, 0);
                self.source.damage();
            }
            How::DamagedOnTarget => {
                self.copy(first, &records, 0);
                self.target.damage();
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Case {
    steps: Vec<Step>,
    mapped: bool,
    compacted: bool,
    /// Batches of an answer.
    answers: (usize, usize),
    /// Records behind the task's position.
    newer: usize,
    /// Offsets that the comparison begins behind the logs' first.
    begins: i64,
    eager: bool,
}

fn case() -> impl Strategy<Value = Case> {
    (
        vec(step(), 0..40),
        any::<bool>(),
        any::<bool>(),
        (1_usize..5, 1_usize..5),
        0_usize..4,
        prop_oneof![3 => Just(0_i64), 1 => 1_i64..9],
        prop_oneof![4 => Just(true), 1 => Just(false)],
    )
        .prop_map(|(steps, mapped, compacted, answers, newer, begins, eager)| Case {
            steps,
            mapped,
            compacted,
            answers,
            newer,
            begins,
            eager,
        })
}

fn ground(case: &Case) -> Ground {
    let mut writing = Writing::default();
    for step in &case.steps {
        writing.step(step);
    }
    writing.flush();
    writing.target.close();
    let position = writing.source.end;
    if case.newer > 0 {
        let newer: Vec<Plain> = (0..case.newer)
            .map(|n| Plain::new(&format!("k{n}"), "newer", 500))
            .collect();
        writing.source.batch(&newer);
    }
    let Writing {
        mut source,
        mut target,
        runs,
        quarantined,
        ..
    } = writing;
    (source.per_answer, target.per_answer) = case.answers;
    let mut ground = Ground::new(source, target);
    ground.rules.source_end = position;
    ground.rules.compacted = (case.compacted, case.compacted);
    ground.rules.mapped = case.mapped;
    ground.rules.quarantined = quarantined.into_iter().collect();
    ground.runs = case.mapped.then_some(runs);
    ground.source_from = case.begins.min(position);
    ground.target_from = case.begins.min(ground.rules.target_end);
    ground
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whole_batches_and_single_records_give_the_same_answer(case in case()) {
        let ground = ground(&case);
        let pace = if case.eager { Pace::eager() } else { Pace::new() };
        let (fast, found) = ground.compare(Some(pace));
        let (slow, found_slowly) = ground.compare(None);
        prop_assert_eq!(found, found_slowly);
        prop_assert_eq!(
            fast.source_digest == fast.target_digest,
            slow.source_digest == slow.target_digest
        );
        let fast = PartitionReport {
            records_as_batches: 0,
            source_digest: slow.source_digest.clone(),
            target_digest: slow.target_digest.clone(),
            ..fast
        };
        prop_assert_eq!(fast, slow);
    }
}
