//! What is saved does not depend on whether records are reported one by one or in spans.

use proptest::prelude::*;

use crate::lane::{HoleKind, Passed, Report, Span};
use crate::partition::Track;
use crate::position::{OffsetRun, PartitionKey, PartitionState};

/// What a lane hands over, in the order of the source.
#[derive(Debug, Clone)]
enum Happening {
    Record {
        hole: i64,
        /// Offsets left out on the target before it; `None` where the acknowledgement had no offset.
        target_hole: Option<i64>,
        epoch: Option<i32>,
        timestamp: i64,
        bytes: u64,
        hash: u64,
    },
    Skipped {
        hole: i64,
    },
    End {
        hole: i64,
    },
    /// The step is over: what it reported is absorbed.
    StepOver,
    Committed,
    GivenUp,
}

fn happening() -> impl Strategy<Value = Happening> {
    let hole = prop_oneof![6 => Just(0i64), 1 => 1..4i64];
    let target_hole =
        prop_oneof![8 => Just(Some(0i64)), 1 => Just(Some(1)), 1 => Just(Some(3)), 1 => Just(None)];
    let epoch = prop_oneof![8 => Just(Some(4)), 1 => Just(Some(5)), 1 => Just(None)];
    let record = (
        hole.clone(),
        target_hole,
        epoch,
        -1..2_000i64,
        0..500u64,
        any::<u64>(),
    )
        .prop_map(
            |(hole, target_hole, epoch, timestamp, bytes, hash)| Happening::Record {
                hole,
                target_hole,
                epoch,
                timestamp,
                bytes,
                hash,
            },
        );
    prop_oneof![
        24 => record,
        1 => hole.clone().prop_map(|hole| Happening::Skipped { hole }),
        1 => hole.prop_map(|hole| Happening::End { hole }),
        3 => Just(Happening::StepOver),
        1 => Just(Happening::Committed),
        1 => Just(Happening::GivenUp),
    ]
}

fn track(hashes: bool) -> Track {
    let key = PartitionKey {
        topic: "t".into(),
        partition: 0,
    };
    let state = PartitionState {
        key,
        target_topic: "t".into(),
        source_topic_id: None,
        target_topic_id: None,
        start: 0,
        target_start: 0,
        backlog_end: 0,
        until: None,
        position: 10,
        leader_epoch: None,
        target_next: 0,
        anchor: None,
        records: 0,
        bytes: 0,
        incarnation: 0,
    };
    Track::new(state, None, Some(0), hashes)
}

/// One partition, with the same reported in two ways.
struct Both {
    by_record: Track,
    by_span: Track,
    report: Report,
    /// Whether the lane reports holes: it must not matter.
    holes: bool,
    source: i64,
    target: i64,
    spans: usize,
    records: usize,
}

impl Both {
    fn new(hashes: bool, holes: bool) -> Self {
        Self {
            by_record: track(hashes),
            by_span: track(hashes),
            report: Report::default(),
            holes,
            source: 10,
            target: 0,
            spans: 0,
            records: 0,
        }
    }

    fn happen(&mut self, hole: i64, one: impl Fn(i64) -> Passed) {
        if self.holes && hole > 0 {
            let (from, to) = (self.source, self.source + hole);
            let kind = HoleKind::Unseen;
            self.report.pass(0, Passed::Hole { from, to, kind });
        }
        self.source += hole;
        let passed = one(self.source);
        self.by_record.absorb(&passed);
        self.report.pass(0, passed);
    }

    fn end_step(&mut self) {
        for (_, passed) in std::mem::take(&mut self.report).passed {
            if let Passed::Span(span) = &passed {
                self.spans += 1;
                self.records += usize::try_from(span.records).unwrap();
            }
            self.by_span.absorb(&passed);
        }
    }

    fn saved(track: &mut Track) -> (String, Vec<OffsetRun>) {
        let runs = track.promote();
        (serde_json::to_string(&track.state).unwrap(), runs)
    }
}

proptest! {
    #[test]
    fn spans_leave_the_checkpoints_and_the_offset_map_of_single_records(
        happenings in prop::collection::vec(happening(), 1..300),
        hashes in any::<bool>(),
        holes in any::<bool>(),
    ) {
        let mut both = Both::new(hashes, holes);
        for happening in happenings {
            match happening {
                Happening::Record { hole, target_hole, epoch, timestamp, bytes, hash } => {
                    both.target += target_hole.unwrap_or(0);
                    let target = target_hole.map(|_| both.target);
                    both.happen(hole, |source| Passed::Span(Span {
                        source,
                        records: 1,
                        target,
                        bytes,
                        leader_epoch: epoch,
                        greatest_timestamp: timestamp,
                        anchor: hashes.then_some(hash),
                    }));
                    both.source += 1;
                    both.target += 1;
                }
                Happening::Skipped { hole } => {
                    both.happen(hole, |source| Passed::Skipped { source });
                    both.source += 1;
                }
                Happening::End { hole } => both.happen(hole, |offset| Passed::End { offset }),
                Happening::StepOver => {
                    both.end_step();
                    prop_assert_eq!(&both.by_span.ahead, &both.by_record.ahead);
                    prop_assert_eq!(both.by_span.at_end, both.by_record.at_end);
                    let now = 1_000_000;
                    let ended = both.by_record.was_at_end;
                    prop_assert!(ended || both.by_span.behind_ms(now) == both.by_record.behind_ms(now));
                }
                Happening::Committed => {
                    both.end_step();
                    prop_assert_eq!(Both::saved(&mut both.by_span), Both::saved(&mut both.by_record));
                }
                Happening::GivenUp => {
                    both.end_step();
                    both.by_span.roll_back();
                    both.by_record.roll_back();
                    both.source = both.by_record.state.position;
                }
            }
        }
        both.end_step();
        prop_assert_eq!(Both::saved(&mut both.by_span), Both::saved(&mut both.by_record));
        prop_assert!(both.spans <= both.records);
    }
}

#[test]
fn a_stretch_of_records_is_one_span_and_a_hole_parts_it() {
    let mut both = Both::new(true, true);
    for (n, hole) in [0, 0, 0, 2, 0].into_iter().enumerate() {
        let target = Some(i64::try_from(n).unwrap());
        both.happen(hole, |source| {
            Passed::Span(Span {
                source,
                records: 1,
                target,
                bytes: 7,
                leader_epoch: Some(1),
                greatest_timestamp: source * 10,
                anchor: Some(100 + n as u64),
            })
        });
        both.source += 1;
    }
    let span = |source, records, target, timestamp, anchor| {
        Passed::Span(Span {
            source,
            records,
            target: Some(target),
            bytes: 7 * records as u64,
            leader_epoch: Some(1),
            greatest_timestamp: timestamp,
            anchor: Some(anchor),
        })
    };
    let hole = Passed::Hole {
        from: 13,
        to: 15,
        kind: HoleKind::Unseen,
    };
    let told: Vec<Passed> = both.report.passed.into_iter().map(|(_, passed)| passed).collect();
    assert_eq!(told, [span(10, 3, 0, 120, 102), hole, span(15, 2, 3, 160, 104)]);
}
