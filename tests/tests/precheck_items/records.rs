//! Records that the target cannot store, would refuse, or would delete.

use anyhow::Result;
use sluice_engine::{ItemResult, PreCheckReport};
use sluice_fakekafka::{ApiKey, FakeCluster, FakeRecord, ResponseError};
use sluice_model::{Cluster, Codec, Delivery, LaneChoice};
use sluice_tests::{Bench, fake_clusters as clusters};

use crate::ground::{HOUR, bench, check, expect, filled, now, records};

use ItemResult::{Failed, Success, Warning};

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
        "every batch keeps the codec in which it is stored at the source",
    );
    bench.task.lane = LaneChoice::Record;
    expect(
        &bench,
        "compression none for 't', as the newest records at the source have it",
    );
    source.create_topic("empty", 1, &[])?;
    let mut empty = self::bench(&source, &target, &["empty"])?;
    empty.task.lane = LaneChoice::Record;
    expect(
        &empty,
        "compression lz4 for 'empty': the source holds no records to go by",
    );
    target.create_topic("t", 2, &[("compression.type", "gzip")])?;
    expect(
        &bench,
        "compression gzip for 't', as the target topic is set to it",
    );
    bench.task.lane = LaneChoice::Auto;
    expect(
        &bench,
        "the target's brokers compress 't' with gzip, as the topic is set to it",
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
