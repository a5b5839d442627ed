//! The record at which a copy begins.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use sluice_engine::{CheckpointStore, GapReason, VerificationResult, inspect};
use sluice_fakekafka::{CommittedOffset, FakeCluster, Outcome};
use sluice_model::{OffsetRange, OutOfRange, Start};
use sluice_tests::{Bench, stop};

use crate::ground::{BEGIN, bench, jiff_from, numbers, pair, records, refusal};

/// A topic of two partitions with the records 0 to 19 in each, of which the first five are deleted in partition 1.
fn source_topic(source: &FakeCluster, topic: &str) -> Result<()> {
    source.create_topic(topic, 2, &[])?;
    for partition in 0..2 {
        for n in 0..4 {
            source.append(topic, partition, records(n * 5, n * 5 + 5))?;
        }
    }
    source.delete_records(topic, 1, 5)?;
    Ok(())
}

#[test]
fn every_start_begins_at_the_right_record() -> Result<()> {
    let (source, target) = pair()?;
    let commit = |topic: &str, partition, offset| {
        source.commit(
            "readers",
            topic,
            partition,
            CommittedOffset {
                offset,
                leader_epoch: -1,
                metadata: String::new(),
            },
        )
    };
    let time = |n: i64| -> Result<Start> { Ok(Start::Time(jiff_from(BEGIN + n)?)) };
    let cases: Vec<(&str, Start, std::ops::Range<usize>, std::ops::Range<usize>)> = vec![
        ("earliest", Start::Earliest, 0..20, 5..20),
        ("latest", Start::Latest, 20..20, 20..20),
        ("offset", Start::Offset(7), 7..20, 7..20),
        ("offset-end", Start::Offset(20), 20..20, 20..20),
        (
            "offsets",
            Start::Offsets(BTreeMap::from([(0, 13)])),
            13..20,
            5..20,
        ),
        (
            "all-offsets",
            Start::Offsets(BTreeMap::from([(0, 3), (1, 18)])),
            3..20,
            18..20,
        ),
        ("time-of-a-record", time(9_000)?, 9..20, 9..20),
        ("time-between-records", time(8_001)?, 9..20, 9..20),
        ("time-before-all", time(-1)?, 0..20, 5..20),
        ("time-after-all", time(1_000_000)?, 20..20, 20..20),
        ("group", Start::Group("readers".to_owned()), 12..20, 17..20),
        ("half-group", Start::Group("readers".to_owned()), 12..20, 5..20),
    ];
    for (topic, start, first, second) in cases {
        source_topic(&source, topic)?;
        commit(topic, 0, 12);
        if topic != "half-group" {
            commit(topic, 1, 17);
        }
        let mut bench = bench(&source, &target, topic)?;
        bench.task.start = start;
        let begins = inspect(&bench.task, bench.store.as_ref())?
            .routes
            .pop()
            .context("a route")?
            .start;
        assert_eq!(
            begins,
            BTreeMap::from([(0, first.start as i64), (1, second.start as i64)]),
            "{topic}"
        );
        bench.copy()?;
        assert_eq!(
            numbers(&target, topic, 0)?,
            first.clone().collect::<Vec<_>>(),
            "{topic}"
        );
        assert_eq!(
            numbers(&target, topic, 1)?,
            second.clone().collect::<Vec<_>>(),
            "{topic}"
        );
        let report = bench.verify()?;
        assert_eq!(
            (report.result, report.source_records),
            (VerificationResult::Equal, (first.len() + second.len()) as u64),
            "{topic}: {report:#?}"
        );
        // Only the first launch resolves a start; what comes later follows on, wherever the start would be now.
        for partition in 0..2 {
            source.append(topic, partition, records(20, 23))?;
        }
        bench.copy()?;
        assert_eq!(
            numbers(&target, topic, 0)?,
            (first.start..23).collect::<Vec<_>>(),
            "{topic}"
        );
        assert_eq!(
            numbers(&target, topic, 1)?,
            (second.start..23).collect::<Vec<_>>(),
            "{topic}"
        );
    }
    Ok(())
}

#[test]
fn topics_may_start_at_places_of_their_own() -> Result<()> {
    let (source, target) = pair()?;
    source_topic(&source, "a")?;
    source_topic(&source, "b")?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["a", "b"])?;
    bench.task.start = Start::Offset(15);
    bench
        .task
        .start_overrides
        .insert("b".to_owned(), Start::Offset(19));
    bench.copy()?;
    assert_eq!(numbers(&target, "a", 0)?, [15, 16, 17, 18, 19]);
    assert_eq!(numbers(&target, "b", 0)?, [19]);
    Ok(())
}

#[test]
fn a_start_outside_of_the_log_is_refused_or_becomes_a_gap() -> Result<()> {
    let (source, target) = pair()?;
    source_topic(&source, "below")?;
    let mut bench = bench(&source, &target, "below")?;
    bench.task.start = Start::Offset(2);
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("below-1: 2 is outside of the log [5, 20]"),
        "{sentence}"
    );
    assert!(sentence.contains("--out-of-range nearest"), "{sentence}");
    assert_eq!(
        target.topics(),
        Vec::<String>::new(),
        "a refused start creates nothing"
    );
    assert!(bench.store.launch(&bench.task.name)?.is_none());

    bench.task.out_of_range = OutOfRange::Nearest;
    bench.copy()?;
    assert_eq!(numbers(&target, "below", 0)?, (2..20).collect::<Vec<_>>());
    assert_eq!(numbers(&target, "below", 1)?, (5..20).collect::<Vec<_>>());
    let gaps = bench.store.gaps(&bench.task.name)?;
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    assert_eq!(
        (gaps[0].key.partition, gaps[0].range, gaps[0].reason),
        (1, OffsetRange { from: 2, to: 5 }, GapReason::StartOutsideLog)
    );
    bench.copy()?;
    assert_eq!(
        bench.store.gaps(&bench.task.name)?.len(),
        1,
        "a resume finds no gap again"
    );

    source_topic(&source, "above")?;
    let mut bench = self::bench(&source, &target, "above")?;
    bench.task.start = Start::Offsets(BTreeMap::from([(0, 30)]));
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("above-0: 30 is outside of the log [0, 20]"),
        "{sentence}"
    );
    bench.task.out_of_range = OutOfRange::Nearest;
    bench.copy()?;
    source.append("above", 0, records(20, 22))?;
    bench.copy()?;
    assert_eq!(numbers(&target, "above", 0)?, [20, 21]);
    assert_eq!(
        bench.store.gaps(&bench.task.name)?,
        [],
        "nothing that ever existed is missing"
    );
    Ok(())
}

#[test]
fn starts_that_name_what_is_not_there_are_refused() -> Result<()> {
    let (source, target) = pair()?;
    source_topic(&source, "t")?;
    let mut bench = bench(&source, &target, "t")?;
    for (start, words) in [
        (
            Start::Offsets(BTreeMap::from([(2, 1)])),
            "the start names partition 2, but topic 't' has 2 partitions",
        ),
        (
            Start::Group("nobody".to_owned()),
            "group 'nobody' has committed no offset for topic 't'",
        ),
    ] {
        bench.task.start = start;
        let sentence = refusal(&bench)?;
        assert!(sentence.contains(words), "{sentence}");
    }
    let bench = self::bench(&source, &target, "unknown")?;
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("the source has no topic 'unknown'"),
        "{sentence}"
    );
    assert_eq!(target.topics(), Vec::<String>::new());
    Ok(())
}

#[test]
fn latest_is_pinned_before_the_first_record_is_read() -> Result<()> {
    let (source, target) = pair()?;
    source.create_topic("pinned", 1, &[])?;
    source.append("pinned", 0, records(0, 5))?;
    let mut bench = bench(&source, &target, "pinned")?;
    bench.task.start = Start::Latest;
    // The source answers no fetch: the run ends before it could read anything.
    source.fail_next_at(
        sluice_fakekafka::ApiKey::Fetch,
        "pinned",
        None,
        sluice_fakekafka::ResponseError::NotLeaderOrFollower,
        u32::MAX,
    );
    let running = bench.start(false)?;
    stop(running)?;
    source.append("pinned", 0, records(5, 10))?;
    source.clear_faults();
    bench.copy()?;
    assert_eq!(numbers(&target, "pinned", 0)?, [5, 6, 7, 8, 9]);
    Ok(())
}

#[test]
fn latest_begins_behind_a_transaction_that_is_open_at_launch_only_where_it_ended() -> Result<()> {
    let (source, target) = pair()?;
    source.create_topic("open", 1, &[])?;
    source.append_transaction("open", 0, records(0, 5), Outcome::Open)?;
    source.append("open", 0, records(5, 8))?;
    let mut bench = bench(&source, &target, "open")?;
    bench.task.start = Start::Latest;
    bench.start(false)?.stop();
    source.append("open", 0, records(8, 10))?;
    source.end_open_transactions("open", 0, true)?;
    bench.copy()?;
    assert_eq!(numbers(&target, "open", 0)?, [8, 9]);
    Ok(())
}
