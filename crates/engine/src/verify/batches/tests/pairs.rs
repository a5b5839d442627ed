//! What of a pair's logs counts.

use proptest::prelude::*;

use super::ground::{MemoryLog, Plain};
use crate::position::WriterNotes;
use crate::position::testing::{MemoryNotes, there};
use crate::verify::feed::{Fed, Feed};
use crate::verify::pair_feed::{PairFeed, Share};
use crate::verify::report::LogSide;
use crate::verify::wire_feed::WireFeed;

/// Offsets of the records that count, from `from` on.
fn read(log: &MemoryLog, share: &Share<'_>, side: LogSide, from: i64) -> Vec<i64> {
    let records = WireFeed::open(Box::new(log.clone()), 0);
    let mut feed = PairFeed::new(Box::new(records), (Box::new(log.clone()), 0), share, side);
    feed.go_to(from);
    let (mut offsets, mut ended) = (Vec::new(), false);
    for _ in 0..10_000 {
        feed.read(&mut |fed| match fed {
            Fed::Record(content) => offsets.push(content.offset()),
            Fed::Beside(_) => panic!("it was not asked for"),
            Fed::End => ended = true,
            Fed::Fault(error) => panic!("{error}"),
        })
        .unwrap();
        if ended {
            return offsets;
        }
    }
    panic!("no end came");
}

proptest! {
    #[test]
    fn a_side_counts_what_the_task_copies_from_it_or_has_written_there(
        batches in prop::collection::vec((-1..6_i64, 1..4_usize), 1..25),
        own in prop::collection::vec(0..6_i64, 0..3),
        partners in prop::collection::vec(0..6_i64, 0..3),
        per_answer in 1..4_usize,
        from in 0..20_i64,
    ) {
        let notes = MemoryNotes::default();
        for id in &own {
            notes.note_writer(&there(), *id).unwrap();
        }
        for id in &partners {
            notes.note_writer(&there().reversed(), *id).unwrap();
        }
        let mut log = MemoryLog::default();
        log.per_answer = per_answer;
        let mut writers = Vec::new();
        for (producer, count) in &batches {
            let records: Vec<Plain> = (0..*count).map(|n| Plain::new("k", &n.to_string(), 1)).collect();
            log.batch_with(&records, 0, *producer);
            writers.extend(std::iter::repeat_n(*producer, *count));
        }
        let share = Share::new(&notes, there());
        let counted = |counts: &dyn Fn(i64) -> bool| -> Vec<i64> {
            writers.iter().zip(0..).filter(|(writer, offset)| *offset >= from && counts(**writer)).map(|(_, offset)| offset).collect()
        };
        prop_assert_eq!(
            read(&log, &share, LogSide::Source, from),
            counted(&|writer| !partners.contains(&writer)),
            "all at the source but what the partner wrote"
        );
        prop_assert_eq!(
            read(&log, &share, LogSide::Target, from),
            counted(&|writer| own.contains(&writer)),
            "on the target what the task wrote"
        );
    }
}
