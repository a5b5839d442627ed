//! Where a copy begins, what it does to what it finds, and what it refuses.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use sluice_engine::{CheckpointStore, Event, GapReason, Verdict, VerificationResult, inspect};
use sluice_fakekafka::{CommittedOffset, FakeCluster, FakeRecord, Isolation, Outcome};
use sluice_model::{ExistingData, Objects, OffsetRange, OutOfRange, RegexRename, Start, TaskName};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Bench, Filler, Shared, cluster, eventually, read_all, skipped, stop};

const BEGIN: i64 = 1_700_000_000_000;

fn records(from: usize, to: usize) -> Vec<FakeRecord> {
    (from..to)
        .map(|n| FakeRecord::new(format!("k{n}"), format!("{n}")).at(BEGIN + n as i64 * 1_000))
        .collect()
}

fn pair() -> Result<(FakeCluster, FakeCluster)> {
    Ok((FakeCluster::builder().start()?, FakeCluster::builder().start()?))
}

fn bench(source: &FakeCluster, target: &FakeCluster, topic: &str) -> Result<Bench> {
    Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])
}

/// The values of a partition as numbers, which is what the records of this file hold.
fn numbers(cluster: &FakeCluster, topic: &str, partition: i32) -> Result<Vec<usize>> {
    cluster
        .records(topic, partition, Isolation::Committed)?
        .iter()
        .map(|stored| {
            Ok(std::str::from_utf8(stored.record.value.as_deref().context("a tombstone")?)?.parse()?)
        })
        .collect()
}

fn refusal(bench: &Bench) -> Result<String> {
    match bench.start(true) {
        Ok(_) => bail!("it started"),
        Err(error) => Ok(error.to_string()),
    }
}

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

fn jiff_from(milliseconds: i64) -> Result<jiff::Timestamp> {
    Ok(jiff::Timestamp::from_millisecond(milliseconds)?)
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

#[test]
fn records_already_on_the_target_stop_the_start_stay_or_are_deleted_as_told() -> Result<()> {
    let (source, target) = pair()?;
    for name in ["stop", "append", "rewrite", "compacted"] {
        source.create_topic(name, 1, &[])?;
        source.append(name, 0, records(0, 5))?;
        let policy: &[(&str, &str)] = if name == "compacted" {
            &[("cleanup.policy", "compact")]
        } else {
            &[]
        };
        target.create_topic(name, 1, policy)?;
        target.append(name, 0, records(100, 103))?;
    }
    let bench = |topic: &str, existing| -> Result<Bench> {
        let mut bench = self::bench(&source, &target, topic)?;
        bench.task.existing = existing;
        Ok(bench)
    };

    let sentence = refusal(&bench("stop", ExistingData::Stop)?)?;
    assert!(
        sentence.contains("1 target topics hold data: 'stop' (3 offsets)")
            && sentence.contains("--existing append"),
        "{sentence}"
    );
    assert_eq!(numbers(&target, "stop", 0)?, [100, 101, 102]);

    let append = bench("append", ExistingData::Append)?;
    append.copy()?;
    assert_eq!(numbers(&target, "append", 0)?, [100, 101, 102, 0, 1, 2, 3, 4]);
    assert_eq!(
        append.verify()?.result,
        VerificationResult::Equal,
        "what stood there before is none of its business"
    );

    for name in ["rewrite", "compacted"] {
        let rewrite = bench(name, ExistingData::Rewrite)?;
        rewrite.copy()?;
        assert_eq!(numbers(&target, name, 0)?, [0, 1, 2, 3, 4], "{name}");
        let deleted = rewrite
            .events()
            .iter()
            .filter(|event| matches!(event, Event::Info(text) if text.contains("deleted everything in target topic") && text.contains("(3 offsets)")))
            .count();
        assert_eq!(deleted, 1, "{name}: {:#?}", rewrite.events());
        source.append(name, 0, records(5, 8))?;
        rewrite.copy()?;
        assert_eq!(
            numbers(&target, name, 0)?,
            [0, 1, 2, 3, 4, 5, 6, 7],
            "a resume deletes nothing"
        );
        assert_eq!(rewrite.verify()?.result, VerificationResult::Equal, "{name}");
    }
    assert!(
        target
            .topic_configs("compacted")
            .context("the topic")?
            .contains(&("cleanup.policy".to_owned(), "compact".to_owned())),
        "created again as it was"
    );
    Ok(())
}

#[test]
fn a_topic_that_is_also_a_source_is_never_rewritten() -> Result<()> {
    let (source, target) = pair()?;
    for name in ["a", "b"] {
        source.create_topic(name, 1, &[])?;
        source.append(name, 0, records(0, 5))?;
    }
    // Of this task.
    let mut bench = Bench::new(&source.bootstrap(), &source.bootstrap(), &["a", "b"])?;
    bench.task.existing = ExistingData::Rewrite;
    bench.task.rename.map =
        BTreeMap::from([("a".to_owned(), "b".to_owned()), ("b".to_owned(), "c".to_owned())]);
    let sentence = refusal(&bench)?;
    assert!(sentence.contains("'b' is also a source of a task"), "{sentence}");

    // Of another task in the same state.
    let mut other = self::bench(&source, &target, "b")?;
    other.copy()?;
    other.task.name = TaskName::new("second")?;
    other.task.source = other.task.target.clone();
    other.task.target = sluice_model::Cluster::new(&source.bootstrap())?;
    other.task.rename.map = BTreeMap::from([("b".to_owned(), "b".to_owned())]);
    other.task.existing = ExistingData::Rewrite;
    let sentence = refusal(&other)?;
    assert!(
        sentence.contains("'b' is also a source of a task") || sentence.contains("without end"),
        "{sentence}"
    );
    assert_eq!(numbers(&source, "b", 0)?, [0, 1, 2, 3, 4]);

    target.create_topic("else", 1, &[])?;
    target.append("else", 0, records(0, 3))?;
    other.task.objects = Objects::Topics(vec!["else".to_owned()]);
    other.task.rename.map = BTreeMap::from([("else".to_owned(), "b".to_owned())]);
    let sentence = refusal(&other)?;
    assert!(sentence.contains("'b' is also a source of a task"), "{sentence}");
    assert_eq!(numbers(&source, "b", 0)?, [0, 1, 2, 3, 4]);
    Ok(())
}

#[test]
fn a_cluster_is_never_copied_onto_itself_whatever_its_address() -> Result<()> {
    let cluster = FakeCluster::builder().brokers(2).start()?;
    cluster.create_topic("t", 1, &[])?;
    cluster.append("t", 0, records(0, 5))?;
    let other_address = cluster
        .bootstrap()
        .split(',')
        .next_back()
        .context("an address")?
        .replace("127.0.0.1", "localhost");
    let mut bench = Bench::new(&cluster.bootstrap(), &other_address, &["t"])?;
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("source and target are the same cluster, and 't' would be copied onto itself"),
        "{sentence}"
    );

    bench.task.objects = Objects::all();
    bench.task.rename.prefix = "copy.".to_owned();
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("a target topic is also a source of this task"),
        "{sentence}"
    );

    bench.task.objects = Objects::Matching {
        include: ".*".to_owned(),
        exclude: Some("copy\\..*".to_owned()),
    };
    bench.copy()?;
    assert_eq!(numbers(&cluster, "copy.t", 0)?, [0, 1, 2, 3, 4]);
    Ok(())
}

#[test]
fn two_tasks_that_would_send_records_in_a_circle_are_refused() -> Result<()> {
    let (a, b) = pair()?;
    a.create_topic("t", 1, &[])?;
    a.append("t", 0, records(0, 5))?;
    let mut bench = bench(&a, &b, "t")?;
    bench.copy()?;
    std::mem::swap(&mut bench.task.source, &mut bench.task.target);
    bench.task.name = TaskName::new("back")?;
    bench.task.existing = ExistingData::Append;
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("task 'test' copies 't' in the other direction"),
        "{sentence}"
    );
    bench.task.rename.suffix = ".back".to_owned();
    bench.copy()?;
    assert_eq!(numbers(&a, "t.back", 0)?, [0, 1, 2, 3, 4]);
    Ok(())
}

#[test]
fn topics_are_chosen_by_patterns_and_renamed_on_the_way() -> Result<()> {
    let (source, target) = pair()?;
    for name in [
        "orders.1",
        "orders.2",
        "orders.tmp",
        "my.orders",
        "prod.users",
        "__internal",
    ] {
        source.create_topic(name, 1, &[])?;
        source.append(name, 0, records(0, 3))?;
    }
    let mut bench = bench(&source, &target, "orders.1")?;
    bench.task.objects = Objects::Matching {
        include: "orders\\..*|prod\\..*".to_owned(),
        exclude: Some(".*\\.tmp".to_owned()),
    };
    bench
        .task
        .rename
        .map
        .insert("orders.2".to_owned(), "second".to_owned());
    bench.task.rename.regex.push(RegexRename {
        pattern: "^prod\\.(.*)$".to_owned(),
        replacement: "$1".to_owned(),
    });
    bench.task.rename.prefix = "eu.".to_owned();
    bench.task.rename.suffix = ".copy".to_owned();
    bench.copy()?;
    let copied: Vec<String> = target
        .topics()
        .into_iter()
        .filter(|name| !name.starts_with("__"))
        .collect();
    assert_eq!(copied, ["eu.orders.1.copy", "eu.users.copy", "second"]);
    for name in copied {
        assert_eq!(numbers(&target, &name, 0)?, [0, 1, 2], "{name}");
    }
    let report = bench.verify()?;
    assert_eq!(
        (report.result, report.partitions.len()),
        (VerificationResult::Equal, 3),
        "{report:#?}"
    );

    let mut all = self::bench(&source, &target, "orders.1")?;
    all.task.name = TaskName::new("all")?;
    all.task.objects = Objects::all();
    all.task.rename.prefix = "all.".to_owned();
    all.copy()?;
    let copied: Vec<String> = target
        .topics()
        .into_iter()
        .filter(|name| name.starts_with("all."))
        .collect();
    assert_eq!(
        copied,
        [
            "all.my.orders",
            "all.orders.1",
            "all.orders.2",
            "all.orders.tmp",
            "all.prod.users"
        ],
        "internal topics never"
    );
    Ok(())
}

#[test]
fn two_topics_are_never_merged_into_one() -> Result<()> {
    let (source, target) = pair()?;
    for name in ["a", "b"] {
        source.create_topic(name, 1, &[])?;
    }
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["a", "b"])?;
    bench.task.rename.map.insert("a".to_owned(), "b".to_owned());
    let sentence = refusal(&bench)?;
    assert!(sentence.contains("'a'") && sentence.contains("'b'"), "{sentence}");
    assert_eq!(target.topics(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_target_topic_with_too_few_partitions_is_refused_and_with_more_is_warned_of() -> Result<()> {
    let (source, target) = pair()?;
    for (name, there) in [("fewer", 1), ("more", 3)] {
        source.create_topic(name, 2, &[])?;
        source.append(name, 1, records(0, 3))?;
        target.create_topic(name, there, &[])?;
    }
    let sentence = refusal(&bench(&source, &target, "fewer")?)?;
    assert!(
        sentence.contains("the target topic 'fewer' has 1 partitions, its source 'fewer' has 2"),
        "{sentence}"
    );
    let more = bench(&source, &target, "more")?;
    let inspection = inspect(&more.task, more.store.as_ref())?;
    assert!(
        inspection
            .findings
            .iter()
            .any(|finding| finding.id == "target_topics" && finding.result == Verdict::Warning),
        "{inspection:#?}"
    );
    more.copy()?;
    assert_eq!(numbers(&target, "more", 1)?, [0, 1, 2]);
    Ok(())
}

#[test]
fn a_created_topic_carries_its_configuration_and_what_it_cannot_carry_is_listed() -> Result<()> {
    let source = FakeCluster::builder().brokers(3).start()?;
    let target = FakeCluster::builder().start()?;
    let carried = [
        ("cleanup.policy", "compact,delete"),
        ("retention.ms", "123456789"),
        ("max.message.bytes", "2000000"),
    ];
    let left_behind = [
        ("message.timestamp.type", "LogAppendTime"),
        ("min.insync.replicas", "2"),
    ];
    source.create_topic("configured", 3, &[&carried[..], &left_behind[..]].concat())?;
    source.append("configured", 2, records(0, 3))?;
    let bench = bench(&source, &target, "configured")?;
    let inspection = inspect(&bench.task, bench.store.as_ref())?;
    let listed = inspection
        .findings
        .iter()
        .find(|finding| finding.id == "topic_configuration")
        .context("the list")?;
    assert_eq!(listed.result, Verdict::Warning);
    for words in [
        "'message.timestamp.type=LogAppendTime' of 'configured' is not carried over: the target keeps the times that the records carry",
        "min.insync.replicas=2 of 'configured' becomes 1 on the target",
        "gets 1 replicas instead of 3: the target has 1 brokers",
    ] {
        assert!(listed.cause.contains(words), "{}", listed.cause);
    }
    assert!(target.topics().is_empty(), "an inspection changes nothing");
    bench.copy()?;
    let configs: BTreeMap<String, String> = target
        .topic_configs("configured")
        .context("the topic")?
        .into_iter()
        .collect();
    for (key, value) in carried {
        assert_eq!(configs.get(key).map(String::as_str), Some(value), "{configs:#?}");
    }
    assert_eq!(configs.get("message.timestamp.type"), None);
    assert_eq!(target.partitions("configured"), Some(3));
    assert_eq!(bench.verify()?.result, VerificationResult::Equal);
    Ok(())
}

#[test]
fn a_task_is_not_resumed_between_other_clusters() -> Result<()> {
    let (source, target) = pair()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, records(0, 3))?;
    let mut bench = bench(&source, &target, "t")?;
    bench.copy()?;
    let other = FakeCluster::builder()
        .cluster_id("another-cluster-000000")
        .start()?;
    bench.task.target = sluice_model::Cluster::new(&other.bootstrap())?;
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("was launched with the target cluster")
            && sentence.contains("another-cluster-000000"),
        "{sentence}"
    );
    assert!(other.topics().is_empty());
    Ok(())
}

static GROUND: Shared<(Cluster, Cluster)> = Shared::new();

fn ground() -> Result<Arc<(Cluster, Cluster)>> {
    GROUND.get(|| Ok((cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?)))
}

#[test]
fn starts_are_the_same_on_real_brokers() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let (source, target) = (&ground.0, &ground.1);
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("starts", 2, &[])?;
    filler.numbered("starts", 2, 0, 100, 60)?;
    filler.delete_records("starts", 1, 30)?;
    let group = sluice_kafka::Reader::with_group(
        &sluice_model::Cluster::new(&source.bootstrap())?,
        sluice_kafka::ReaderTuning::default(),
        "readers",
    )?;
    group.commit(&[
        sluice_kafka::PartitionOffset::new("starts".to_owned(), 0, 41),
        sluice_kafka::PartitionOffset::new("starts".to_owned(), 1, 42),
    ])?;
    for (name, start, first) in [
        ("earliest", Start::Earliest, [0, 30]),
        ("latest", Start::Latest, [100, 100]),
        ("offset", Start::Offset(50), [50, 50]),
        ("offsets", Start::Offsets(BTreeMap::from([(0, 60)])), [60, 30]),
        ("time", Start::Time(jiff_from(BEGIN + 70)?), [70, 70]),
        ("group", Start::Group("readers".to_owned()), [41, 42]),
    ] {
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["starts"])?;
        bench.task.name = TaskName::new(name)?;
        bench.task.start = start;
        bench.task.rename.suffix = format!(".{name}");
        bench.copy()?;
        for (partition, first) in [0, 1].into_iter().zip(first) {
            let copy = read_all(&target.bootstrap(), &format!("starts.{name}"), partition)?;
            assert_eq!(copy.len(), 100 - first, "{name}");
            assert_eq!(
                copy.first().and_then(|record| record.key.clone()),
                (first < 100).then(|| format!("k{first}").into_bytes()),
                "{name}"
            );
        }
        assert_eq!(bench.verify()?.result, VerificationResult::Equal, "{name}");
    }
    let mut outside = Bench::new(&source.bootstrap(), &target.bootstrap(), &["starts"])?;
    outside.task.start = Start::Offset(10);
    outside.task.rename.suffix = ".outside".to_owned();
    let sentence = refusal(&outside)?;
    assert!(
        sentence.contains("starts-1: 10 is outside of the log [30, 100]"),
        "{sentence}"
    );
    Ok(())
}

#[test]
fn real_topics_are_created_rewritten_and_refused_like_that() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let (source, target) = (&ground.0, &ground.1);
    let filler = Filler::new(&source.bootstrap())?;
    filler.create(
        "made",
        2,
        &[
            ("cleanup.policy", "compact"),
            ("retention.ms", "-1"),
            ("message.timestamp.type", "LogAppendTime"),
        ],
    )?;
    filler.numbered("made", 2, 0, 50, 60)?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["made"])?;
    bench.copy()?;
    let admin = sluice_kafka::Admin::new(&sluice_model::Cluster::new(&target.bootstrap())?)?;
    let config = admin.topic_config("made")?;
    let value = |key: &str| config.get(key).and_then(|entry| entry.value.clone());
    assert_eq!(value("cleanup.policy").as_deref(), Some("compact"));
    assert_eq!(value("retention.ms").as_deref(), Some("-1"));
    assert_eq!(value("message.timestamp.type").as_deref(), Some("CreateTime"));
    assert_eq!(
        bench.verify()?.result,
        VerificationResult::Equal,
        "the append times of the source are kept"
    );

    bench.task.name = TaskName::new("anew")?;
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("1 target topics hold data: 'made'"),
        "{sentence}"
    );
    bench.task.existing = ExistingData::Rewrite;
    bench.copy()?;
    filler.numbered("made", 2, 50, 10, 60)?;
    bench.copy()?;
    for partition in 0..2 {
        assert_eq!(read_all(&target.bootstrap(), "made", partition)?.len(), 60);
    }
    assert_eq!(bench.verify()?.result, VerificationResult::Equal);

    let own = Bench::new(
        &source.bootstrap(),
        &source.bootstrap().replace("127.0.0.1", "localhost"),
        &["made"],
    )?;
    let sentence = refusal(&own)?;
    assert!(sentence.contains("would be copied onto itself"), "{sentence}");
    eventually("the source is as it was", || {
        Ok(read_all(&source.bootstrap(), "made", 0)?.len() == 60)
    })
}
