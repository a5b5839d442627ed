//! Each item of the pre-check, driven to each of its results (hermetic: in-process clusters).

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use sluice_engine::{
    ItemResult, OtherTask, PRE_CHECK_ITEMS, PreCheckContext, PreCheckItem, PreCheckReport, precheck,
};
use sluice_fakekafka::{Access, ApiKey, CommittedOffset, FakeCluster, FakeRecord, Outcome, ResponseError};
use sluice_model::{Cluster, Codec, Delivery, ExistingData, Objects, OutOfRange, RateLimits, Start};
use sluice_tests::{Bench, fake_clusters as clusters};

use ItemResult::{Failed, Success, Warning};

const HOUR: i64 = 3_600_000;

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}

/// Records of `age` ms ago.
fn records(count: usize, age: i64) -> Vec<FakeRecord> {
    (0..count)
        .map(|n| FakeRecord::new(format!("k{n}"), format!("value {n}")).at(now() - age))
        .collect()
}

fn bench(source: &FakeCluster, target: &FakeCluster, topics: &[&str]) -> Result<Bench> {
    Bench::new(&source.bootstrap(), &target.bootstrap(), topics)
}

/// Two clusters, and a topic `t` of two partitions with 40 fresh records.
fn filled() -> Result<(FakeCluster, FakeCluster, Bench)> {
    let (source, target) = clusters()?;
    source.create_topic("t", 2, &[])?;
    for partition in 0..2 {
        source.append("t", partition, records(20, 1_000))?;
    }
    let bench = bench(&source, &target, &["t"])?;
    Ok((source, target, bench))
}

fn quick() -> PreCheckContext<'static> {
    PreCheckContext {
        watch: Duration::from_millis(300),
        ..PreCheckContext::default()
    }
}

fn check_with(bench: &Bench, context: &PreCheckContext<'_>) -> PreCheckReport {
    let never = AtomicBool::new(false);
    precheck(&bench.task, bench.store.as_ref(), context, &never, &|_| {})
}

fn check(bench: &Bench) -> PreCheckReport {
    check_with(bench, &quick())
}

fn item<'a>(report: &'a PreCheckReport, id: &str) -> &'a PreCheckItem {
    report
        .items
        .iter()
        .find(|item| item.id == id)
        .unwrap_or_else(|| panic!("no item {id} in {report:#?}"))
}

/// The item came out so, says these words, and has effect and remedy where it must.
fn expect(report: &PreCheckReport, id: &str, result: ItemResult, words: &[&str]) {
    let item = item(report, id);
    assert_eq!(item.result, result, "{item:#?}");
    for word in words {
        let told = format!("{} | {} | {}", item.cause, item.effect, item.remedy);
        assert!(told.contains(word), "no '{word}' in {item:#?}");
    }
    assert!(!item.cause.is_empty(), "{item:#?}");
    assert_eq!(
        item.effect.is_empty() && item.remedy.is_empty(),
        result == Success,
        "{item:#?}"
    );
    if result == Failed {
        assert!(!report.may_start, "{id} failed, and the task may start");
    }
}

#[test]
fn a_plain_copy_passes_in_every_item_and_each_is_streamed_from_running_to_its_result() -> Result<()> {
    let (_source, target, bench) = filled()?;
    let seen: Mutex<BTreeMap<String, Vec<ItemResult>>> = Mutex::default();
    let report = precheck(
        &bench.task,
        bench.store.as_ref(),
        &quick(),
        &AtomicBool::new(false),
        &|item| {
            if let Ok(mut seen) = seen.lock() {
                seen.entry(item.id.clone()).or_default().push(item.result);
            }
        },
    );
    for item in &report.items {
        assert_eq!(item.result, Success, "{item:#?}");
    }
    assert!(report.may_start);
    let ids: Vec<&str> = report.items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, PRE_CHECK_ITEMS);
    let seen = seen.into_inner().unwrap_or_default();
    for id in PRE_CHECK_ITEMS {
        assert_eq!(seen.get(id), Some(&vec![ItemResult::Running, Success]), "{id}");
    }
    assert_eq!(report.source_cluster_id.as_deref(), Some("source"));
    assert_eq!(report.target_cluster_id.as_deref(), Some("target"));
    assert_eq!(report.routes[0].backlog, 40);
    assert!((report.at_ms - now()).abs() < 60_000);
    assert!(target.topics().is_empty(), "nothing is created");
    Ok(())
}

#[test]
fn a_pre_check_writes_nothing_and_takes_no_transactional_id() -> Result<()> {
    let (source, target, bench) = filled()?;
    target.create_topic("t", 2, &[])?;
    target.append("t", 0, records(3, 1_000))?;
    check(&bench);
    for cluster in [&source, &target] {
        for api in [
            ApiKey::Produce,
            ApiKey::InitProducerId,
            ApiKey::AddPartitionsToTxn,
            ApiKey::OffsetCommit,
            ApiKey::DeleteRecords,
            ApiKey::DeleteTopics,
            ApiKey::CreatePartitions,
            ApiKey::IncrementalAlterConfigs,
        ] {
            assert_eq!(cluster.request_count(api), 0, "{api:?}");
        }
    }
    assert_eq!(
        (source.topics(), target.topics()),
        (vec!["t".into()], vec!["t".into()])
    );
    assert_eq!(target.end_offset("t", 0)?, 3);
    Ok(())
}

#[test]
fn no_topic_at_all_is_a_warning_and_no_panic() -> Result<()> {
    let (source, target) = clusters()?;
    let mut bench = bench(&source, &target, &["t"])?;
    bench.task.objects = Objects::all();
    let report = check(&bench);
    expect(
        &report,
        "source_topics",
        Warning,
        &["no topic of the source matches", "patterns"],
    );
    assert!(report.may_start, "{report:#?}");
    assert_eq!(report.items.len(), PRE_CHECK_ITEMS.len());
    Ok(())
}

#[test]
fn a_broker_that_does_not_answer_is_named_and_a_cluster_that_does_not_fails() -> Result<()> {
    let (source, target, mut bench) = filled()?;
    let gone = source.bootstrap();
    let gone = gone.split(',').nth(1).context("the second broker")?;
    source.stop_broker(2)?;
    expect(
        &check(&bench),
        "source_connection",
        Warning,
        &[gone, "advertised.listeners"],
    );
    source.start_broker(2)?;

    bench.task.target = Cluster::new("127.0.0.1:1")?;
    let report = check(&bench);
    expect(&report, "source_connection", Success, &["2 brokers answer"]);
    expect(
        &report,
        "target_connection",
        Failed,
        &["target cluster at 127.0.0.1:1", "Check host and port"],
    );
    expect(
        &report,
        "target_data",
        Warning,
        &["not checked", "cannot be reached"],
    );
    drop(target);
    Ok(())
}

#[test]
fn a_wrong_password_is_told_from_an_unreachable_host() -> Result<()> {
    let (_source, target, mut bench) = filled()?;
    let source = FakeCluster::builder().sasl_plain_user("ada", "right").start()?;
    source.create_topic("t", 1, &[])?;
    let mut cluster = Cluster::new(&source.bootstrap())?;
    cluster.set("security.protocol", "sasl_plaintext");
    cluster.set("sasl.mechanism", "PLAIN");
    cluster.set("sasl.username", "ada");
    cluster.set("sasl.password", "hunter2");
    bench.task.source = cluster;
    let report = check(&bench);
    expect(&report, "source_connection", Failed, &["user name, the password"]);
    assert!(!format!("{report:?}").contains("hunter2"));
    drop(target);
    Ok(())
}

#[test]
fn reading_is_proved_by_the_brokers_word_or_by_reading_and_denied_topics_are_listed() -> Result<()> {
    let (source, _target, bench) = filled()?;
    source.deny("t", Access::Read);
    expect(
        &check(&bench),
        "source_permission",
        Failed,
        &["'t'", "--operation Read"],
    );

    // Before 2.3 brokers do not tell; records do.
    let old = FakeCluster::builder().max_version(ApiKey::Metadata, 7).start()?;
    let target = FakeCluster::builder().start()?;
    for topic in ["full", "empty"] {
        old.create_topic(topic, 1, &[])?;
    }
    old.append("full", 0, records(3, 1_000))?;
    let full = self::bench(&old, &target, &["full"])?;
    expect(
        &check(&full),
        "source_permission",
        Success,
        &["1 proved by reading"],
    );
    let empty = self::bench(&old, &target, &["empty"])?;
    expect(
        &check(&empty),
        "source_permission",
        Success,
        &["1 proved by reading"],
    );
    old.deny("full", Access::Read);
    expect(&check(&full), "source_permission", Failed, &["'full'"]);
    Ok(())
}

#[test]
fn writing_is_believed_where_brokers_tell_and_never_tried() -> Result<()> {
    let (_source, target, bench) = filled()?;
    target.create_topic("t", 2, &[])?;
    expect(
        &check(&bench),
        "target_permission",
        Success,
        &["as the brokers say"],
    );
    target.deny("t", Access::Write);
    expect(
        &check(&bench),
        "target_permission",
        Failed,
        &["'t'", "--operation Write"],
    );

    let old = FakeCluster::builder().max_version(ApiKey::Metadata, 7).start()?;
    old.create_topic("t", 2, &[])?;
    let mut bench = bench;
    bench.task.target = Cluster::new(&old.bootstrap())?;
    expect(
        &check(&bench),
        "target_permission",
        Warning,
        &["'t'", "without writing"],
    );
    Ok(())
}

#[test]
fn missing_internal_and_leaderless_source_topics_are_told_apart() -> Result<()> {
    let (source, target, mut bench) = filled()?;
    bench.task.objects = Objects::Topics(vec!["t".into(), "nowhere".into()]);
    expect(&check(&bench), "source_topics", Failed, &["'nowhere'"]);
    source.create_topic("__own", 1, &[])?;
    bench.task.objects = Objects::Topics(vec!["t".into(), "__own".into()]);
    expect(
        &check(&bench),
        "source_topics",
        Warning,
        &["'__own'", "Kafka itself"],
    );

    let single = FakeCluster::builder()
        .brokers(2)
        .broker_config("default.replication.factor", "1")
        .start()?;
    single.create_topic("t", 2, &[])?;
    let leader = single.leader("t", 1).context("a leader")?;
    single.stop_broker(leader)?;
    let bench = self::bench(&single, &target, &["t"])?;
    let report = check(&bench);
    expect(&report, "source_topics", Warning, &["t-1", "without a leader"]);
    Ok(())
}

#[test]
fn a_start_outside_of_the_log_fails_or_is_clamped_as_the_task_says() -> Result<()> {
    let (_source, _target, mut bench) = filled()?;
    bench.task.start = Start::Offset(1_000);
    expect(
        &check(&bench),
        "start_position",
        Failed,
        &["t-0: 1000 is outside of the log [0, 20]"],
    );
    bench.task.out_of_range = OutOfRange::Nearest;
    expect(
        &check(&bench),
        "start_position",
        Warning,
        &["nearest offset", "gap ledger"],
    );
    bench.task.start = Start::Group("nobody".into());
    expect(
        &check(&bench),
        "start_position",
        Failed,
        &["group 'nobody' has committed no offset"],
    );
    bench.task.start = Start::Latest;
    expect(&check(&bench), "start_position", Success, &["latest"]);
    Ok(())
}

#[test]
fn an_earlier_run_and_another_cluster_are_recognised() -> Result<()> {
    let (source, target, mut bench) = filled()?;
    bench.copy()?;
    let report = check(&bench);
    assert!(report.resumes && report.may_start, "{report:#?}");
    expect(&report, "same_clusters", Success, &["launched with"]);
    let again = self::bench(&source, &target, &["t"])?;
    expect(
        &check(&again),
        "earlier_run",
        Warning,
        &["earlier run of 'test'", "2 partitions"],
    );
    let other = FakeCluster::builder().cluster_id("other").start()?;
    other.create_topic("t", 2, &[])?;
    bench.task.source = Cluster::new(&other.bootstrap())?;
    expect(
        &check(&bench),
        "same_clusters",
        Failed,
        &["launched with the source cluster source, but other"],
    );
    Ok(())
}

#[test]
fn target_topics_must_exist_with_enough_partitions_or_be_possible() -> Result<()> {
    let (_source, target, mut bench) = filled()?;
    expect(
        &check(&bench),
        "target_topics",
        Success,
        &["'t' will be created with 2 partitions"],
    );
    bench.task.replication_factor = Some(3);
    let report = check(&bench);
    expect(&report, "target_topics", Failed, &["'t' cannot be created"]);
    expect(
        &report,
        "replication_factor",
        Failed,
        &["3 replicas", "2 brokers"],
    );
    bench.task.replication_factor = None;
    target.fail_next(ApiKey::CreateTopics, ResponseError::TopicAuthorizationFailed, 1);
    expect(
        &check(&bench),
        "target_topics",
        Failed,
        &["right to create topics"],
    );
    target.create_topic("t", 1, &[])?;
    expect(
        &check(&bench),
        "target_topics",
        Failed,
        &["has 1 partitions", "--partitions 2"],
    );
    target.add_partitions("t", 3)?;
    expect(
        &check(&bench),
        "target_topics",
        Warning,
        &["has 3 partitions", "stay empty"],
    );

    let unasked = FakeCluster::builder()
        .max_version(ApiKey::CreateTopics, -1)
        .start()?;
    bench.task.target = Cluster::new(&unasked.bootstrap())?;
    expect(
        &check(&bench),
        "target_topics",
        Warning,
        &["too old to say beforehand"],
    );
    Ok(())
}

#[test]
fn what_created_topics_lack_is_listed() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[("message.timestamp.type", "LogAppendTime")])?;
    let bench = bench(&source, &target, &["t"])?;
    expect(
        &check(&bench),
        "topic_configuration",
        Warning,
        &["message.timestamp.type=LogAppendTime"],
    );
    Ok(())
}

#[test]
fn data_on_the_target_is_counted_and_judged_by_the_policy() -> Result<()> {
    let (_source, target, mut bench) = filled()?;
    target.create_topic("t", 2, &[])?;
    expect(&check(&bench), "target_data", Success, &["empty"]);
    target.append("t", 0, records(3, 1_000))?;
    expect(
        &check(&bench),
        "target_data",
        Failed,
        &["'t' (3 offsets)", "--existing append"],
    );
    bench.task.existing = ExistingData::Append;
    expect(
        &check(&bench),
        "target_data",
        Warning,
        &["'t' (3 offsets)", "they stay"],
    );
    bench.task.existing = ExistingData::Rewrite;
    expect(
        &check(&bench),
        "target_data",
        Warning,
        &["'t' (3 offsets)", "DELETED"],
    );
    let context = PreCheckContext {
        other_tasks: vec![other("onward", "target", "elsewhere", true)],
        ..quick()
    };
    expect(
        &check_with(&bench, &context),
        "target_data",
        Failed,
        &["'t' is also a source of a task"],
    );
    Ok(())
}

fn other(name: &str, from: &str, to: &str, active: bool) -> OtherTask {
    OtherTask {
        name: name.into(),
        source_cluster_id: Some(from.into()),
        target_cluster_id: Some(to.into()),
        routes: vec![("t".into(), "t".into())],
        active,
    }
}

#[test]
fn loops_are_found_by_cluster_id_and_through_other_tasks() -> Result<()> {
    let (source, _target, mut bench) = filled()?;
    let with = |other_tasks| PreCheckContext {
        other_tasks,
        ..quick()
    };
    let back = || other("back", "target", "source", true);
    expect(
        &check_with(&bench, &with(vec![back()])),
        "cyclic_replication",
        Failed,
        &["task 'back' copies 't' in the other direction"],
    );
    expect(
        &check_with(&bench, &with(vec![other("back", "target", "source", false)])),
        "cyclic_replication",
        Warning,
        &["does not run now"],
    );
    expect(
        &check_with(&bench, &with(vec![other("onward", "target", "third", true)])),
        "cyclic_replication",
        Warning,
        &["task 'onward' reads 't'"],
    );
    expect(
        &check_with(
            &bench,
            &with(vec![
                other("onward", "target", "third", true),
                other("home", "third", "source", true),
            ]),
        ),
        "cyclic_replication",
        Failed,
        &["comes back through tasks 'onward', 'home'"],
    );
    expect(
        &check_with(&bench, &with(vec![other("apart", "third", "fourth", true)])),
        "cyclic_replication",
        Success,
        &["no loop"],
    );
    // The same brokers under another name.
    bench.task.target = Cluster::new(&source.bootstrap().replace("127.0.0.1", "localhost"))?;
    expect(
        &check(&bench),
        "cyclic_replication",
        Failed,
        &["same cluster", "'t'", "onto itself"],
    );
    Ok(())
}

#[test]
fn what_an_old_target_cannot_store_is_told() -> Result<()> {
    let (_source, _target, mut bench) = filled()?;
    let old = FakeCluster::builder()
        .max_version(ApiKey::Produce, 6)
        .max_version(ApiKey::Metadata, 6)
        .start()?;
    bench.task.target = Cluster::new(&old.bootstrap())?;
    expect(
        &check(&bench),
        "versions",
        Warning,
        &["older than 2.1", "another codec"],
    );
    bench.task.compression = Codec::Zstd;
    expect(
        &check(&bench),
        "versions",
        Warning,
        &["older than 2.1", "lz4 instead"],
    );
    Ok(())
}

#[test]
fn delivery_fails_where_the_target_lets_no_transaction_be() -> Result<()> {
    let (_source, _target, mut bench) = filled()?;
    // Brokers that do not tell rights are asked for the group.
    let untold = FakeCluster::builder().max_version(ApiKey::Metadata, 7).start()?;
    bench.task.target = Cluster::new(&untold.bootstrap())?;
    untold.fail_next(ApiKey::OffsetFetch, ResponseError::GroupAuthorizationFailed, 50);
    expect(
        &check(&bench),
        "delivery",
        Failed,
        &["may not use the group 'sluice.test.", "--group sluice."],
    );
    let short = FakeCluster::builder()
        .broker_config("transaction.max.timeout.ms", "1000")
        .start()?;
    bench.task.target = Cluster::new(&short.bootstrap())?;
    expect(
        &check(&bench),
        "delivery",
        Failed,
        &["transaction.max.timeout.ms=60000"],
    );
    bench.task.delivery = Delivery::AtLeastOnce;
    expect(&check(&bench), "delivery", Success, &["at-least-once"]);
    Ok(())
}

#[test]
fn the_compression_that_a_start_would_choose_is_told_with_its_reason() -> Result<()> {
    let (source, target, mut bench) = filled()?;
    let expect = |bench: &Bench, words: &str| {
        expect(&check(bench), "compression", Success, &[words]);
    };
    expect(
        &bench,
        "compression none for 't', as the newest records at the source have it",
    );
    source.create_topic("empty", 1, &[])?;
    let empty = self::bench(&source, &target, &["empty"])?;
    expect(
        &empty,
        "compression lz4 for 'empty': the source holds no records to go by",
    );
    target.create_topic("t", 2, &[("compression.type", "gzip")])?;
    expect(
        &bench,
        "compression gzip for 't', as the target topic is set to it",
    );
    bench.task.compression = Codec::Snappy;
    expect(&bench, "compression snappy for 't', as the task says");
    Ok(())
}

#[test]
fn a_target_that_takes_smaller_batches_is_warned_of_and_a_record_too_large_named() -> Result<()> {
    let (source, target, bench) = filled()?;
    target.create_topic("t", 2, &[("max.message.bytes", "1000")])?;
    expect(
        &check(&bench),
        "message_size",
        Warning,
        &["1048588 bytes", "max.message.bytes=1048588 on 't'"],
    );
    source.append("t", 0, vec![FakeRecord::new("k", vec![b'x'; 5_000]).at(now())])?;
    // The largest is seen where it is among the first records.
    source.delete_records("t", 0, 20)?;
    expect(
        &check(&bench),
        "message_size",
        Warning,
        &["a record of 5001 bytes"],
    );

    let silent = FakeCluster::builder()
        .max_version(ApiKey::DescribeConfigs, -1)
        .start()?;
    silent.create_topic("t", 2, &[])?;
    let blind = self::bench(&silent, &target, &["t"])?;
    expect(
        &check(&blind),
        "message_size",
        Warning,
        &["cannot be compared", "by hand"],
    );
    Ok(())
}

#[test]
fn records_outside_of_the_targets_timestamp_window_are_found_before_they_are_refused() -> Result<()> {
    let (source, target) = clusters()?;
    for topic in ["old", "mixed"] {
        source.create_topic(topic, 1, &[])?;
        source.append(topic, 0, records(5, 24 * HOUR))?;
        target.create_topic(topic, 1, &[("message.timestamp.before.max.ms", "3600000")])?;
    }
    source.append("mixed", 0, records(5, 1_000))?;
    expect(
        &check(&bench(&source, &target, &["old"])?),
        "timestamp_window",
        Failed,
        &[
            "none older than 1 h",
            "message.timestamp.before.max.ms=",
            "on 'old'",
        ],
    );
    expect(
        &check(&bench(&source, &target, &["mixed"])?),
        "timestamp_window",
        Warning,
        &["'mixed'", "quarantine"],
    );
    source.create_topic("ahead", 1, &[])?;
    source.append("ahead", 0, records(5, -24 * HOUR))?;
    target.create_topic("ahead", 1, &[])?;
    expect(
        &check(&bench(&source, &target, &["ahead"])?),
        "timestamp_window",
        Failed,
        &["ahead of its clock", "after.max.ms"],
    );
    source.create_topic("restamped", 1, &[])?;
    target.create_topic("restamped", 1, &[("message.timestamp.type", "LogAppendTime")])?;
    expect(
        &check(&bench(&source, &target, &["restamped"])?),
        "timestamp_window",
        Warning,
        &["LogAppendTime", "CreateTime"],
    );
    Ok(())
}

#[test]
fn a_target_that_would_delete_the_copy_at_once_is_warned_of() -> Result<()> {
    let (source, target) = clusters()?;
    for (topic, config) in [
        ("aged", ("retention.ms", "3600000")),
        ("shorter", ("retention.ms", "86400000")),
        ("small", ("retention.bytes", "10")),
    ] {
        source.create_topic(topic, 1, &[])?;
        source.append(topic, 0, records(5, 2 * HOUR))?;
        target.create_topic(topic, 1, &[config])?;
    }
    let told = |topic: &str| -> Result<PreCheckReport> { Ok(check(&bench(&source, &target, &[topic])?)) };
    expect(
        &told("aged")?,
        "target_retention",
        Warning,
        &["retention.ms=3600000", "next clean-up"],
    );
    expect(
        &told("shorter")?,
        "target_retention",
        Warning,
        &["86400000 ms", "raise retention.ms on 'shorter'"],
    );
    expect(
        &told("small")?,
        "target_retention",
        Warning,
        &["retention.bytes=10"],
    );

    // A topic that is created gets what its source has; one that is there inherits from its brokers.
    let strict = FakeCluster::builder()
        .broker_config("log.retention.ms", "3600000")
        .start()?;
    let created = check(&bench(&source, &strict, &["aged"])?);
    expect(&created, "target_retention", Success, &[]);
    expect(
        &created,
        "topic_configuration",
        Warning,
        &["is set on 'aged', as at the source: the target's default is 3600000"],
    );
    strict.create_topic("aged", 1, &[])?;
    expect(
        &check(&bench(&source, &strict, &["aged"])?),
        "target_retention",
        Warning,
        &["retention.ms=3600000"],
    );
    Ok(())
}

#[test]
fn a_source_that_deletes_before_the_copy_gets_there_is_warned_of() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("due", 1, &[("retention.ms", "3600000")])?;
    source.append("due", 0, records(5, 2 * HOUR))?;
    expect(
        &check(&bench(&source, &target, &["due"])?),
        "source_retention",
        Warning,
        &["'due'", "keeps them for 1 h", "gaps"],
    );
    source.create_topic("slow", 1, &[("retention.ms", "3600000")])?;
    for _ in 0..10 {
        source.append("slow", 0, records(1_000, 1_000))?;
    }
    let mut slow = bench(&source, &target, &["slow"])?;
    slow.task.rate = RateLimits {
        records_per_second: Some(2),
        bytes_per_second: None,
    };
    expect(
        &check(&slow),
        "source_retention",
        Warning,
        &["copying what is there takes about 83 min"],
    );
    slow.task.rate = RateLimits::default();
    expect(&check(&slow), "source_retention", Success, &[]);
    Ok(())
}

#[test]
fn records_without_keys_are_found_before_a_compacted_target_refuses_them() -> Result<()> {
    let (source, target) = clusters()?;
    let unkeyed = || vec![FakeRecord::unkeyed("no key").at(now())];
    for topic in ["none", "some", "all"] {
        source.create_topic(topic, 1, &[])?;
        target.create_topic(topic, 1, &[("cleanup.policy", "compact")])?;
    }
    source.append("none", 0, unkeyed())?;
    source.append("some", 0, unkeyed())?;
    source.append("some", 0, records(3, 1_000))?;
    source.append("all", 0, records(3, 1_000))?;
    let told = |topic: &str| -> Result<PreCheckReport> { Ok(check(&bench(&source, &target, &[topic])?)) };
    expect(
        &told("none")?,
        "compaction_keys",
        Failed,
        &["1 of 1", "cleanup.policy=delete"],
    );
    expect(
        &told("some")?,
        "compaction_keys",
        Warning,
        &["1 of 4", "quarantine"],
    );
    expect(
        &told("all")?,
        "compaction_keys",
        Warning,
        &["'all' is compacted on the target"],
    );
    Ok(())
}

#[test]
fn a_target_that_cannot_acknowledge_writes_is_told_from_one_that_barely_can() -> Result<()> {
    let (_source, target, bench) = filled()?;
    target.create_topic("t", 2, &[("min.insync.replicas", "3")])?;
    expect(
        &check(&bench),
        "min_isr",
        Failed,
        &["wants 3 replicas", "has 2", "every write"],
    );
    target.set_topic_config("t", "min.insync.replicas", Some("2"))?;
    expect(&check(&bench), "min_isr", Warning, &["all of its 2 replicas"]);
    target.stop_broker(2)?;
    expect(
        &check(&bench),
        "min_isr",
        Failed,
        &["only 1 of 2", "start the brokers"],
    );
    Ok(())
}

#[test]
fn fewer_replicas_than_the_source_has_are_told() -> Result<()> {
    let (_source, _target, mut bench) = filled()?;
    let one = FakeCluster::builder().start()?;
    bench.task.target = Cluster::new(&one.bootstrap())?;
    expect(
        &check(&bench),
        "replication_factor",
        Warning,
        &["'t' gets 1 replicas, 't' has 2"],
    );
    Ok(())
}

#[test]
fn estimates_say_what_they_rest_on_and_when_there_is_nothing_to_rest_on() -> Result<()> {
    let (source, _target, bench) = filled()?;
    let report = check(&bench);
    expect(
        &report,
        "disk_estimate",
        Success,
        &["40 offsets", "sampled records", "by hand"],
    );
    source.deny("t", Access::Read);
    let report = check(&bench);
    expect(&report, "disk_estimate", Warning, &["no record could be read"]);
    expect(&report, "time_estimate", Warning, &["no record could be read"]);
    Ok(())
}

/// Does `act` once the first look at the offsets is over, and before the second.
fn check_while(bench: &Bench, act: impl Fn() -> Result<()> + Sync) -> Result<PreCheckReport> {
    let failed: Mutex<Option<anyhow::Error>> = Mutex::default();
    let context = PreCheckContext {
        watch: Duration::from_secs(2),
        ..PreCheckContext::default()
    };
    let report = precheck(
        &bench.task,
        bench.store.as_ref(),
        &context,
        &AtomicBool::new(false),
        &|item| {
            if item.id == "start_position"
                && item.result != ItemResult::Running
                && let Err(error) = act()
                && let Ok(mut failed) = failed.lock()
            {
                *failed = Some(error);
            }
        },
    );
    match failed.into_inner().unwrap_or_default() {
        Some(error) => Err(error),
        None => Ok(report),
    }
}

#[test]
fn a_copy_slower_than_its_source_grows_never_catches_up() -> Result<()> {
    let (source, _target, mut bench) = filled()?;
    bench.task.rate = RateLimits {
        records_per_second: Some(1),
        bytes_per_second: None,
    };
    let report = check_while(&bench, || Ok(source.append("t", 0, records(500, 0)).map(drop)?))?;
    expect(
        &report,
        "time_estimate",
        Warning,
        &["allows 1 records/s", "never catches up"],
    );
    Ok(())
}

#[test]
fn somebody_who_writes_to_the_target_is_noticed() -> Result<()> {
    let (_source, target, mut bench) = filled()?;
    bench.task.existing = ExistingData::Append;
    target.create_topic("t", 2, &[])?;
    let report = check_while(&bench, || Ok(target.append("t", 1, records(7, 0)).map(drop)?))?;
    expect(&report, "other_writers", Warning, &["'t' gained 7 offsets"]);
    target.append_transaction("t", 0, records(1, 0), Outcome::Open)?;
    expect(
        &check(&bench),
        "other_writers",
        Warning,
        &["a transaction that is not over"],
    );
    Ok(())
}

#[test]
fn names_in_each_others_way_are_found() -> Result<()> {
    let (source, target) = clusters()?;
    for topic in ["a.b", "a_b"] {
        source.create_topic(topic, 1, &[])?;
    }
    let mut merged = bench(&source, &target, &["a.b", "a_b"])?;
    expect(
        &check(&merged),
        "name_collision",
        Failed,
        &["'a.b' and 'a_b'", "another target name"],
    );
    for topic in ["a.b", "a_b"] {
        target.create_topic(topic, 1, &[])?;
    }
    expect(&check(&merged), "name_collision", Warning, &["metrics"]);
    merged.task.rename.map.insert("a.b".into(), "a_b".into());
    expect(
        &check(&merged),
        "name_collision",
        Failed,
        &["would both be written to 'a_b'"],
    );
    Ok(())
}

#[test]
fn a_silent_cluster_costs_its_items_their_deadline_and_not_the_whole_check() -> Result<()> {
    let (source, _target, bench) = filled()?;
    source.delay(ApiKey::ListOffsets, Duration::from_secs(60));
    let context = PreCheckContext {
        item_deadline: Duration::from_secs(3),
        ..quick()
    };
    let begun = Instant::now();
    let report = check_with(&bench, &context);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    expect(&report, "source_connection", Success, &[]);
    expect(&report, "target_topics", Success, &[]);
    expect(&report, "target_data", Failed, &["no answer within 3 s"]);
    expect(&report, "disk_estimate", Warning, &["no answer within 3 s"]);
    Ok(())
}

#[test]
fn a_cancelled_check_ends_soon_and_lets_nothing_start() -> Result<()> {
    let (source, _target, bench) = filled()?;
    source.delay(ApiKey::ListOffsets, Duration::from_secs(60));
    let cancel = AtomicBool::new(false);
    let begun = Instant::now();
    let report = precheck(&bench.task, bench.store.as_ref(), &quick(), &cancel, &|item| {
        if item.id == "source_connection" && item.result == Success {
            cancel.store(true, Ordering::Relaxed);
        }
    });
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    ensure!(!report.may_start, "{report:#?}");
    expect(&report, "target_data", Failed, &["cancelled"]);
    Ok(())
}

#[test]
fn the_repeat_at_launch_asks_only_for_connections_and_data() -> Result<()> {
    let (source, target, bench) = filled()?;
    let context = PreCheckContext {
        only: Some(&["source_connection", "target_connection", "target_data"]),
        ..quick()
    };
    let report = check_with(&bench, &context);
    let ids: Vec<&str> = report.items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, ["source_connection", "target_connection", "target_data"]);
    assert!(report.may_start, "{report:#?}");
    for cluster in [&source, &target] {
        for api in [ApiKey::Fetch, ApiKey::DescribeConfigs, ApiKey::CreateTopics] {
            assert_eq!(cluster.request_count(api), 0, "{api:?}");
        }
    }
    Ok(())
}

#[test]
fn a_group_whose_coordinator_moves_is_asked_for_again_and_ends_no_process() -> Result<()> {
    let (source, _target) = clusters()?;
    let admin = sluice_kafka::Admin::new(&Cluster::new(&source.bootstrap())?)?;
    source.create_topic("t", 1, &[])?;
    source.commit(
        "g",
        "t",
        0,
        CommittedOffset {
            offset: 7,
            leader_epoch: -1,
            metadata: String::new(),
        },
    );
    source.fail_next(ApiKey::OffsetFetch, ResponseError::NotCoordinator, 2);
    let offsets = admin.group_offsets("g")?;
    assert_eq!(
        offsets.iter().map(|entry| entry.offset).collect::<Vec<_>>(),
        [Some(7)]
    );
    Ok(())
}
