//! Topics of both sides, their names, partitions and replicas.

use anyhow::{Context, Result};
use sluice_engine::ItemResult;
use sluice_fakekafka::{ApiKey, FakeCluster, ResponseError};
use sluice_model::{Cluster, Objects};
use sluice_tests::fake_clusters as clusters;

use crate::ground::{bench, check, expect, filled};

use ItemResult::{Failed, Success, Warning};

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
