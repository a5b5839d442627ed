use super::ground::{APPEND_TIME, Ground, MemoryLog, Plain, TRANSACTIONAL, key};
use crate::position::OffsetRun;
use crate::verify::batches::Pace;
use crate::verify::report::{Accepted, DifferenceKind, PartitionReport};
use crate::verify::rules::Cut;

/// `count` records, numbered from `from` on.
fn records(from: usize, count: usize) -> Vec<Plain> {
    (from..from + count)
        .map(|n| Plain::new(&format!("k{n}"), &format!("v{n}"), 1_000 + n as i64))
        .collect()
}

/// `batches` batches of ten records each.
fn log(batches: usize) -> MemoryLog {
    let mut log = MemoryLog::default();
    for batch in 0..batches {
        log.batch(&records(batch * 10, 10));
    }
    log
}

fn whole(ground: &Ground) -> PartitionReport {
    ground.compare(Some(Pace::eager())).0
}

/// The report, which is the same record by record but for how it came about.
#[track_caller]
fn same(ground: &Ground) -> PartitionReport {
    let (fast, found) = ground.compare(Some(Pace::eager()));
    let (slow, found_slowly) = ground.compare(None);
    assert_eq!(found, found_slowly);
    assert_eq!(slow.records_as_batches, 0);
    let comparable = PartitionReport {
        records_as_batches: 0,
        source_digest: slow.source_digest.clone(),
        target_digest: slow.target_digest.clone(),
        ..fast.clone()
    };
    assert_eq!(comparable, slow);
    fast
}

#[test]
fn identical_logs_are_compared_without_reading_a_record() {
    let report = same(&Ground::new(log(20), log(20)));
    assert_eq!((report.records_as_batches, report.equal_records), (200, 200));
    assert_eq!(report.source_digest, report.target_digest);
    assert!(report.is_whole());
}

#[test]
fn a_changed_record_is_found_and_the_batches_behind_it_are_compared_whole_again() {
    let mut target = log(5);
    let mut changed = records(50, 10);
    changed[3].value = Some("another".into());
    target.batch(&changed);
    for batch in 6..20 {
        target.batch(&records(batch * 10, 10));
    }
    let report = same(&Ground::new(log(20), target));
    assert_eq!(report.differences, [(DifferenceKind::Value, 1)].into());
    assert_eq!((report.records_as_batches, report.equal_records), (190, 199));
    assert_ne!(report.source_digest, report.target_digest);
}

#[test]
fn framing_counts_as_well_as_bytes() {
    let later: Vec<Plain> = records(0, 10)
        .into_iter()
        .map(|record| Plain {
            time: record.time + 1,
            ..record
        })
        .collect();
    let mut target = MemoryLog::default();
    target.batch(&later);
    let report = same(&Ground::new(log(1), target));
    assert_eq!(
        report.differences,
        [(DifferenceKind::Timestamp, 10)].into(),
        "the bytes are the same"
    );
    let mut stamped = MemoryLog::default();
    stamped.batch_with(&records(0, 10), APPEND_TIME, -1);
    let report = same(&Ground::new(log(1), stamped));
    assert_eq!(report.records_as_batches, 0);
    assert_eq!(report.accepted, [(Accepted::TimestampByTarget, 9)].into());
}

#[test]
fn another_framing_of_the_same_records_is_compared_record_by_record() {
    let mut target = MemoryLog::default();
    target.batch(&records(0, 15));
    target.batch(&records(15, 5));
    for batch in 2..9 {
        target.batch(&records(batch * 10, 10));
    }
    let report = same(&Ground::new(log(9), target));
    assert_eq!((report.records_as_batches, report.equal_records), (70, 90));
    assert!(report.is_whole());
}

#[test]
fn whether_a_batch_is_of_a_transaction_and_whose_it_is_makes_no_difference() {
    let (mut source, mut target) = (log(3), MemoryLog::default());
    source.aborted(&records(500, 10), 9);
    source.batch(&records(30, 10));
    for batch in 0..4 {
        target.batch_with(&records(batch * 10, 10), TRANSACTIONAL, 77);
        target.marker(77, true);
    }
    target.aborted(&records(600, 3), 78);
    let report = same(&Ground::new(source, target));
    assert_eq!((report.records_as_batches, report.equal_records), (40, 40));
    assert!(report.is_whole());
}

#[test]
fn an_aborted_transaction_on_one_side_is_no_copy() {
    let (mut source, mut target) = (log(2), log(2));
    source.batch(&records(20, 10));
    target.aborted(&records(20, 10), 5);
    let report = same(&Ground::new(source, target));
    assert_eq!(report.differences, [(DifferenceKind::Missing, 10)].into());
}

#[test]
fn damage_on_either_side_is_told_as_record_by_record() {
    for damaged in [0, 1] {
        let (mut source, mut target) = (log(5), log(5));
        [&mut source, &mut target][damaged].damage();
        for log in [&mut source, &mut target] {
            log.batch(&records(50, 10));
        }
        let report = same(&Ground::new(source, target));
        assert_eq!(report.records_as_batches, 40, "side {damaged}");
        assert!(report.problem.is_some() && !report.is_whole(), "side {damaged}");
    }
}

#[test]
fn batches_that_compaction_has_thinned_out_are_compared_record_by_record() {
    let keep = [0, 3, 9];
    let thinned: Vec<(i32, Plain)> = keep.map(|n| (n as i32, records(10, 10)[n].clone())).into();
    let mut logs = [log(1), log(1)];
    for log in &mut logs {
        log.sparse(&thinned, 10, 0, -1);
        log.batch(&records(20, 10));
    }
    let [source, target] = logs;
    let mut ground = Ground::new(source, target);
    ground.rules.compacted = (true, true);
    let report = same(&ground);
    assert_eq!((report.records_as_batches, report.equal_records), (20, 23));
}

#[test]
fn while_a_removed_record_waits_for_its_successor_records_are_read() {
    // k5 is gone on the target, and comes again in the last batch.
    let mut source = log(4);
    let mut target = MemoryLog::default();
    let kept: Vec<(i32, Plain)> = (0..).zip(records(0, 10)).filter(|(n, _)| *n != 5).collect();
    target.sparse(&kept, 10, 0, -1);
    for batch in 1..4 {
        target.batch(&records(batch * 10, 10));
    }
    for log in [&mut source, &mut target] {
        log.batch(&[Plain::new("k5", "new", 9_000)]);
        log.batch(&records(50, 10));
    }
    let mut ground = Ground::new(source, target);
    ground.rules.compacted = (true, true);
    let report = same(&ground);
    assert!(report.is_whole());
    assert_eq!(report.accepted, [(Accepted::Compacted, 1)].into());
    assert_eq!(report.records_as_batches, 10, "those behind the successor");
}

#[test]
fn batches_that_stand_elsewhere_than_the_copy_noted_are_not_taken_for_copies() {
    let copied = |source, target| OffsetRun::contiguous(key(), source, target, 10);
    // The same batch twice at the source; the target lacks the copy of the first one.
    let (mut source, mut target) = (log(2), log(1));
    source.batch(&records(10, 10));
    target.skip(10);
    target.batch(&records(10, 10));
    let mut ground = Ground::new(source, target);
    ground.rules.mapped = true;
    ground.runs = Some(vec![copied(0, 0), copied(10, 10), copied(20, 20)]);
    let (report, found) = ground.compare(Some(Pace::eager()));
    assert_eq!(report.differences, [(DifferenceKind::Missing, 10)].into());
    assert_eq!(found[0].source_offset, Some(10));
    assert_eq!(same(&ground).records_as_batches, 20);
}

#[test]
fn repeated_records_are_told_from_foreign_ones_though_their_first_copies_were_never_read() {
    let mut target = log(5);
    target.batch(&records(20, 5));
    target.batch(&records(900, 3));
    let report = same(&Ground::new(log(5), target));
    assert_eq!(
        report.differences,
        [(DifferenceKind::Duplicate, 5), (DifferenceKind::Extra, 3)].into()
    );
    assert_eq!(report.records_as_batches, 50);
}

#[test]
fn bounds_inside_a_batch_are_kept() {
    let mut ground = Ground::new(log(5), log(5));
    ground.rules.source_end = 43;
    ground.rules.target_end = 43;
    (ground.source_from, ground.target_from) = (7, 7);
    let report = same(&ground);
    assert_eq!(
        (
            report.source_records,
            report.target_records,
            report.records_as_batches
        ),
        (36, 36, 30)
    );
    assert_eq!(report.not_copied.and_then(|rest| rest.records), Some(7));
}

#[test]
fn what_retention_took_is_passed_over_before_batches_are_compared() {
    let mut source = MemoryLog::default();
    source.skip(20);
    for batch in 2..10 {
        source.batch(&records(batch * 10, 10));
    }
    let mut ground = Ground::new(source, log(10)).cut(Cut::Source);
    ground.source_from = 20;
    let report = same(&ground);
    assert_eq!(report.gone[0].records, Some(20));
    assert!(report.records_as_batches >= 70, "{}", report.records_as_batches);
}

#[test]
fn a_log_that_gives_no_batches_is_read_record_by_record() {
    let (mut source, target) = (log(3), log(3));
    source.fails = true;
    let report = same(&Ground::new(source, target));
    assert_eq!((report.records_as_batches, report.equal_records), (0, 30));
}

#[test]
fn small_differences_do_not_send_the_readers_back_and_forth() {
    let (mut source, mut target) = (MemoryLog::default(), MemoryLog::default());
    for batch in 0..40 {
        source.batch(&records(batch * 10, 10));
        if batch % 2 == 0 {
            target.batch(&records(batch * 10, 10));
        } else {
            target.batch(&records(batch * 10, 4));
            target.batch(&records(batch * 10 + 4, 6));
        }
    }
    let ground = Ground::new(source, target);
    assert_eq!(whole(&ground).records_as_batches, 200, "an eager one does");
    let (report, _) = ground.compare(Some(Pace::new()));
    assert_eq!((report.records_as_batches, report.equal_records), (20, 400));
}
