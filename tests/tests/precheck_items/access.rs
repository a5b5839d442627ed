//! Connections, logins and rights.

use anyhow::{Context, Result};
use sluice_engine::ItemResult;
use sluice_fakekafka::{Access, ApiKey, CommittedOffset, FakeCluster, ResponseError};
use sluice_model::Cluster;
use sluice_tests::fake_clusters as clusters;

use crate::ground::{bench, check, expect, filled, records};

use ItemResult::{Failed, Success, Warning};

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
fn a_target_that_cannot_acknowledge_writes_is_told_from_one_that_barely_can() -> Result<()> {
    let (_source, target, bench) = filled()?;
    target.create_topic("t", 2, &[("min.insync.replicas", "3")])?;
    expect(
        &check(&bench),
        "min_isr",
        Warning,
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
