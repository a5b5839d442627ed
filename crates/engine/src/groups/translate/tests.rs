//! Translations against a model that knows every record.

use proptest::prelude::*;

use crate::error::StoreError;
use crate::groups::translate::{OffsetLookup, PartitionLogs, Translation, translate};
use crate::groups::{Hole, Translated};
use crate::partition::OffsetRuns;
use crate::position::{OffsetRun, PartitionKey, PartitionState};

fn key() -> PartitionKey {
    PartitionKey {
        topic: "t".into(),
        partition: 0,
    }
}

/// Runs in memory, asked as a store is.
struct Runs(Vec<OffsetRun>);

impl OffsetLookup for Runs {
    fn at_or_after(&self, source: i64) -> Result<Option<(i64, i64)>, StoreError> {
        let run = self.0.iter().find(|run| run.last().0 >= source);
        Ok(run.and_then(|run| run.at_or_after_source(source)))
    }

    fn before(&self, source: i64) -> Result<Option<(i64, i64)>, StoreError> {
        let run = self.0.iter().rfind(|run| run.source < source).cloned();
        Ok(run.and_then(|run| run.before(source)).map(|run| run.last()))
    }
}

/// What one source offset is, from the copy's start on.
#[derive(Debug, Clone, Copy)]
enum Offset {
    /// A record that was copied, behind so many markers on the target.
    Copied { markers: i64, noted: bool },
    /// No record, or one that was not copied.
    Hole,
}

/// A copied partition: what the map says of it, and all that is true of it.
struct Copy {
    state: PartitionState,
    map: Runs,
    /// Source and target offset of every copied record.
    copied: Vec<(i64, i64)>,
}

const START: i64 = 10;
const TARGET_START: i64 = 100;

impl Copy {
    fn of(offsets: &[Offset], markers_at_end: i64) -> Self {
        let mut runs = OffsetRuns::new(key(), None);
        let (mut map, mut copied) = (Vec::new(), Vec::new());
        let (mut source, mut target) = (START, TARGET_START);
        for offset in offsets {
            if let Offset::Copied { markers, noted } = offset {
                target += markers;
                copied.push((source, target));
                if *noted {
                    runs.place(source, Some(target), 1);
                }
                target += 1;
            }
            source += 1;
        }
        for run in runs.commit() {
            map.retain(|known: &OffsetRun| known.source != run.source);
            map.push(run);
        }
        Self {
            state: state(START, source, target + markers_at_end),
            map: Runs(map),
            copied,
        }
    }

    fn translate(&self, committed: i64, logs: PartitionLogs) -> Translation {
        translate(committed, &self.state, logs, &self.map).unwrap()
    }

    /// The target offset of the first copied record whose source offset is not before `committed`, or the end.
    fn expected(&self, committed: i64) -> Expected {
        match self.copied.iter().find(|(source, _)| *source >= committed) {
            Some((_, target)) => Expected::Record(*target),
            None => Expected::End,
        }
    }

    /// What reading the target shows: its first copied record in a hole whose source offset is not before what is wanted,
    /// or else the end of the hole.
    fn read(&self, hole: Hole) -> i64 {
        self.copied
            .iter()
            .filter(|(source, _)| *source >= hole.wanted)
            .map(|(_, target)| *target)
            .find(|target| hole.target.from <= *target && *target < hole.target.to)
            .unwrap_or(hole.target.to)
    }

    /// Whether a consumer that begins at a target offset gets exactly the copied records from `committed` on.
    fn reads_exactly(&self, target: i64, committed: i64) -> bool {
        let wanted: Vec<i64> = self
            .copied
            .iter()
            .filter(|(source, _)| *source >= committed)
            .map(|(_, target)| *target)
            .collect();
        let read: Vec<i64> = self
            .copied
            .iter()
            .map(|(_, target)| *target)
            .filter(|offset| *offset >= target)
            .collect();
        wanted == read
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Record(i64),
    End,
}

fn state(start: i64, position: i64, target_next: i64) -> PartitionState {
    PartitionState {
        key: key(),
        target_topic: "t".into(),
        source_topic_id: None,
        target_topic_id: None,
        start,
        target_start: TARGET_START,
        backlog_end: 0,
        until: None,
        position,
        leader_epoch: None,
        target_next,
        anchor: None,
        records: 0,
        bytes: 0,
        incarnation: 0,
    }
}

fn offsets() -> impl Strategy<Value = Vec<Offset>> {
    let offset = prop_oneof![
        6 => (prop_oneof![5 => Just(0i64), 2 => Just(1), 1 => 2..4i64], prop::bool::weighted(0.85))
            .prop_map(|(markers, noted)| Offset::Copied { markers, noted }),
        2 => Just(Offset::Hole),
    ];
    prop::collection::vec(offset, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn a_consumer_that_begins_at_the_translation_reads_exactly_what_the_group_has_not_read(
        offsets in offsets(), markers in 0..3i64
    ) {
        let copy = Copy::of(&offsets, markers);
        for committed in START..=copy.state.position {
            let translation = copy.translate(committed, PartitionLogs::default());
            prop_assert_eq!(translation.result, Translated::Exact);
            let target = match (translation.target(), translation.open()) {
                (Some(target), None) => target,
                (None, Some(hole)) => {
                    prop_assert!(hole.source.from <= committed && committed <= hole.source.to, "{:?}", hole);
                    copy.read(hole)
                }
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            };
            prop_assert!(copy.reads_exactly(target, committed), "{committed} became {target}");
            if let Expected::Record(expected) = copy.expected(committed) {
                prop_assert_eq!(target, expected, "of {}", committed);
            }
        }
        let behind = copy.translate(copy.state.position + 1, PartitionLogs::default());
        prop_assert_eq!((behind.result, behind.target(), behind.open()), (Translated::Pending, None, None));
        let before = copy.translate(START - 3, PartitionLogs::default());
        prop_assert_eq!((before.result, before.missing), (Translated::BeforeStart, Some(3)));
        let first = copy.translate(START, PartitionLogs::default());
        prop_assert_eq!((before.target(), before.open()), (first.target(), first.open()));
    }

    #[test]
    fn a_map_that_notes_every_record_is_read_on_the_target_only_where_markers_lie_on_both_sides(
        offsets in offsets()
    ) {
        let noted: Vec<Offset> = offsets
            .iter()
            .map(|offset| match offset {
                Offset::Copied { markers, .. } => Offset::Copied { markers: *markers, noted: true },
                Offset::Hole => Offset::Hole,
            })
            .collect();
        let copy = Copy::of(&noted, 0);
        for committed in START..=copy.state.position {
            let translation = copy.translate(committed, PartitionLogs::default());
            if let Some(hole) = translation.open() {
                prop_assert_eq!(copy.read(hole), hole.target.to, "there is nothing in it");
                prop_assert!(hole.source.from < hole.source.to && hole.target.from < hole.target.to);
            }
        }
    }
}

fn copied(count: usize) -> Vec<Offset> {
    vec![
        Offset::Copied {
            markers: 0,
            noted: true
        };
        count
    ]
}

#[test]
fn an_offset_before_the_start_counts_what_is_not_on_the_target() {
    let copy = Copy::of(&copied(5), 0);
    let at = |committed, source_low| {
        let logs = PartitionLogs {
            source_low: Some(source_low),
            target_low: Some(0),
        };
        let translation = copy.translate(committed, logs);
        (translation.result, translation.missing, translation.target())
    };
    assert_eq!(at(4, 0), (Translated::BeforeStart, Some(6), Some(TARGET_START)));
    assert_eq!(
        at(4, 8),
        (Translated::BeforeStart, Some(6), Some(TARGET_START)),
        "some of it is still at the source"
    );
    assert_eq!(at(4, START), (Translated::Expired, Some(6), Some(TARGET_START)));
    assert_eq!(at(START, 12), (Translated::Exact, None, Some(TARGET_START)));
}

#[test]
fn nothing_is_said_of_a_partition_that_is_not_pinned() {
    let mut copy = Copy::of(&copied(5), 0);
    copy.state.start = crate::position::UNPINNED;
    copy.state.position = crate::position::UNPINNED;
    let translation = copy.translate(0, PartitionLogs::default());
    assert_eq!(
        (translation.result, translation.target()),
        (Translated::Pending, None)
    );
}

#[test]
fn runs_that_were_pruned_below_the_targets_log_leave_nothing_open() {
    let mut copy = Copy::of(&copied(20), 0);
    let pruned: Vec<OffsetRun> = copy
        .map
        .0
        .iter()
        .map(|run| OffsetRun::contiguous(key(), run.source + 8, run.target + 8, run.length - 8))
        .collect();
    copy.map = Runs(pruned);
    let logs = PartitionLogs {
        source_low: Some(START + 8),
        target_low: Some(TARGET_START + 8),
    };
    assert_eq!(copy.translate(START + 3, logs).target(), Some(TARGET_START + 8));
    let unknown = copy.translate(START + 3, PartitionLogs::default());
    assert!(
        unknown.open().is_some(),
        "without the target's beginning it is left open"
    );
}
