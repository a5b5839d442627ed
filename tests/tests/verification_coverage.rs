//! A verification says equal only of what lacks nothing that the task had to copy by now: what is not copied, what is no
//! longer there and what cannot be compared are three numbers of their own.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use sluice_engine::{
    Accepted, DifferenceKind, GoneReason, LogSide, PartitionKey, ReadBy, VerificationReport,
    VerificationResult, VerifyOptions,
};
use sluice_fakekafka::{Access, FakeCluster, FakeHeader, FakeRecord, Outcome};
use sluice_model::{Delivery, Objects, OffsetRange, OutOfRange};
use sluice_tests::Bench;

fn records(from: usize, count: usize) -> Vec<FakeRecord> {
    (from..from + count)
        .map(|n| FakeRecord::new(format!("k{n}"), format!("v{n}")).at(1_700_000_000_000 + n as i64))
        .collect()
}

fn clusters() -> Result<(FakeCluster, FakeCluster)> {
    Ok((FakeCluster::builder().start()?, FakeCluster::builder().start()?))
}

fn bench(source: &FakeCluster, target: &FakeCluster, topics: &[&str]) -> Result<Bench> {
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), topics)?;
    // Without transactions, so that the offsets on the target have no markers between them.
    bench.task.delivery = Delivery::AtLeastOnce;
    Ok(bench)
}

fn running() -> VerifyOptions {
    VerifyOptions {
        running: true,
        ..VerifyOptions::default()
    }
}

fn assert_says(report: &VerificationReport, words: &str) {
    assert!(report.sentence.contains(words), "{words}: {}", report.sentence);
}

#[test]
fn records_that_are_not_copied_make_a_task_behind_and_are_on_their_way_only_while_it_runs() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[])?;
    let bench = bench(&source, &target, &["t"])?;
    bench.copy()?;
    source.append("t", 0, records(0, 200))?;
    let report = bench.verify()?;
    assert_eq!(
        (report.result, report.equal, report.not_copied.records),
        (VerificationResult::Behind, false, Some(200)),
        "{report:#?}"
    );
    assert_says(&report, "200 records are not copied yet");

    let report = bench.verify_with(running())?;
    assert_eq!(
        (
            report.result,
            report.not_copied.records,
            report.not_copied.on_the_way
        ),
        (VerificationResult::Equal, Some(200), true),
        "{report:#?}"
    );
    assert_says(&report, "Equal up to the task's positions");
    assert_says(&report, "200 newer records are on their way");

    let stopped = VerifyOptions {
        waiting: BTreeSet::from([PartitionKey {
            topic: "t".into(),
            partition: 0,
        }]),
        ..running()
    };
    let report = bench.verify_with(stopped)?;
    assert_eq!(
        report.result,
        VerificationResult::Behind,
        "nothing of a stopped partition is on its way: {report:#?}"
    );
    bench.copy()?;
    let report = bench.verify()?;
    assert_eq!(
        (report.result, report.not_copied.partitions),
        (VerificationResult::Equal, 0),
        "{report:#?}"
    );
    Ok(())
}

#[test]
fn a_position_before_nothing_but_aborted_records_is_not_behind() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, records(0, 10))?;
    let bench = bench(&source, &target, &["t"])?;
    bench.copy()?;
    source.append_transaction("t", 0, records(10, 30), Outcome::Aborted)?;
    let report = bench.verify()?;
    assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
    Ok(())
}

#[test]
fn a_partition_that_the_task_has_not_begun_is_not_copied() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, records(0, 10))?;
    let bench = bench(&source, &target, &["t"])?;
    bench.copy()?;
    source.add_partitions("t", 2)?;
    source.append("t", 1, records(10, 7))?;
    let report = bench.verify()?;
    assert_eq!(
        (report.result, report.not_copied.records, report.partitions.len()),
        (VerificationResult::Behind, Some(7), 2),
        "{report:#?}"
    );
    Ok(())
}

#[test]
fn copies_that_the_target_has_deleted_are_missing_there() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, records(0, 1_001))?;
    let bench = bench(&source, &target, &["t"])?;
    bench.copy()?;
    target.delete_records("t", 0, 1_000)?;
    let report = bench.verify()?;
    assert_eq!(
        (report.result, report.equal, report.no_longer_there.target_offsets),
        (VerificationResult::Incomplete, false, 1_000),
        "{report:#?}"
    );
    let gone = report.partitions[0].gone[0];
    assert_eq!(
        (gone.side, gone.range),
        (LogSide::Target, OffsetRange { from: 0, to: 1_000 })
    );
    assert_says(
        &report,
        "1000 offsets are no longer there to compare on the target, and are still at the source",
    );

    source.delete_records("t", 0, 1_000)?;
    let report = bench.verify()?;
    assert_eq!(
        (report.result, report.no_longer_there.source_offsets),
        (VerificationResult::Equal, 1_000),
        "what neither side has is missing nowhere: {report:#?}"
    );
    Ok(())
}

#[test]
fn what_was_deleted_before_it_was_copied_makes_a_copy_incomplete() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, records(0, 10))?;
    let mut bench = bench(&source, &target, &["t"])?;
    bench.task.out_of_range = OutOfRange::Nearest;
    bench.copy()?;
    source.append("t", 0, records(10, 20))?;
    source.delete_records("t", 0, 25)?;
    bench.copy()?;
    let report = bench.verify()?;
    assert_eq!(
        (
            report.result,
            report.no_longer_there.source_offsets,
            report.no_longer_there.never_copied_offsets
        ),
        (VerificationResult::Incomplete, 10, 15),
        "{report:#?}"
    );
    assert!(
        report.partitions[0]
            .gone
            .iter()
            .any(|gone| gone.reason == GoneReason::NeverCopied
                && gone.range == OffsetRange { from: 10, to: 25 }),
        "{report:#?}"
    );
    assert_says(&report, "15 offsets were never copied (see the gap ledger)");
    Ok(())
}

#[test]
fn partitions_that_cannot_be_read_are_not_counted_among_those_that_differ() -> Result<()> {
    let (source, target) = clusters()?;
    for topic in ["differs", "denied"] {
        source.create_topic(topic, 1, &[])?;
        source.append(topic, 0, records(0, 10))?;
    }
    let bench = bench(&source, &target, &["differs", "denied"])?;
    bench.copy()?;
    target.append("differs", 0, records(99, 1))?;
    source.deny("denied", Access::Read);
    let report = bench.verify()?;
    assert_eq!(report.differences, BTreeMap::from([(DifferenceKind::Extra, 1)]));
    assert_eq!(
        (report.not_compared.partitions, report.not_compared.offsets),
        (1, 10),
        "{report:#?}"
    );
    assert_says(&report, "Different: 1 of 2 partitions differ");
    assert_says(&report, "about 10 offsets could not be compared");

    target.truncate("differs", 0, 10)?;
    let report = bench.verify()?;
    assert_eq!(report.result, VerificationResult::Incomplete, "{report:#?}");
    assert_says(&report, "Incomplete: 1 of 2 partitions");
    assert!(
        report.partitions[0]
            .problem
            .as_deref()
            .is_some_and(|problem| problem.starts_with("the source could not be read: ")),
        "{report:#?}"
    );
    Ok(())
}

#[test]
fn a_record_with_more_headers_than_librdkafka_reads_is_compared_by_the_wire_client() -> Result<()> {
    let (source, target) = clusters()?;
    let mut all = records(0, 10);
    // One more than librdkafka reads.
    all[7].headers = (0..100_001)
        .map(|_| FakeHeader {
            key: "h".into(),
            value: None,
        })
        .collect();
    for (topic, last) in [("same", "h"), ("changed", "i")] {
        for cluster in [&source, &target] {
            cluster.create_topic(topic, 1, &[("max.message.bytes", "20000000")])?;
        }
        source.append(topic, 0, all.clone())?;
        let mut copies = all.clone();
        if let Some(header) = copies[7].headers.last_mut() {
            header.key = last.into();
        }
        target.append(topic, 0, copies)?;
        let report = bench(&source, &target, &[topic])?.verify()?;
        assert_eq!(
            (report.source_read_by, report.target_read_by),
            (ReadBy::Wire, ReadBy::Wire)
        );
        let (result, equal) = if topic == "same" {
            (VerificationResult::Equal, 10)
        } else {
            (VerificationResult::Different, 9)
        };
        assert_eq!(
            (report.result, report.partitions[0].equal_records),
            (result, equal),
            "{topic}: {report:#?}"
        );
        assert_eq!(
            report.differences.contains_key(&DifferenceKind::Headers),
            topic == "changed"
        );
    }
    Ok(())
}

#[test]
fn topics_that_are_no_longer_in_the_task_are_named_and_not_verified() -> Result<()> {
    let (source, target) = clusters()?;
    for topic in ["kept", "left"] {
        source.create_topic(topic, 1, &[])?;
        source.append(topic, 0, records(0, 10))?;
    }
    let mut bench = bench(&source, &target, &["kept", "left"])?;
    bench.copy()?;
    bench.task.objects = Objects::Topics(vec!["kept".into()]);
    source.append("left", 0, records(10, 10))?;
    let report = bench.verify()?;
    assert_eq!(
        (
            report.result,
            report.partitions.len(),
            report.left_out_topics.as_slice()
        ),
        (VerificationResult::Equal, 1, ["left".to_owned()].as_slice()),
        "{report:#?}"
    );
    assert_says(
        &report,
        "1 topics that are no longer in the task were not verified",
    );
    Ok(())
}

#[test]
fn a_time_where_the_source_has_none_is_an_accepted_difference_and_hides_no_other() -> Result<()> {
    let (source, target) = clusters()?;
    for cluster in [&source, &target] {
        cluster.create_topic("t", 1, &[])?;
    }
    let untimed: Vec<FakeRecord> = records(0, 20).into_iter().map(|record| record.at(-1)).collect();
    source.append("t", 0, untimed)?;
    source.append("t", 0, records(20, 20))?;
    let mut copies = records(0, 40);
    target.append("t", 0, copies.clone())?;
    let report = bench(&source, &target, &["t"])?.verify()?;
    assert_eq!(
        report.result,
        VerificationResult::AcceptedDifferences,
        "{report:#?}"
    );
    assert_eq!(
        report.accepted,
        BTreeMap::from([(Accepted::NoTimestampAtSource, 20)])
    );

    copies[30].timestamp += 1;
    copies.remove(5);
    target.truncate("t", 0, 0)?;
    target.append("t", 0, copies)?;
    let report = bench(&source, &target, &["t"])?.verify()?;
    assert_eq!(
        report.differences,
        BTreeMap::from([(DifferenceKind::Missing, 1), (DifferenceKind::Timestamp, 1)]),
        "{report:#?}"
    );
    Ok(())
}
