//! Topics with other settings, and rights that are missing.

use anyhow::Result;
use sluice_engine::Question;
use sluice_engine::ReadinessResult::{Failed, Success, Unknown, Warning};
use sluice_model::{Cluster as Address, Delivery};
use sluice_testground::tools::acls;
use sluice_testground::{Cluster, KafkaVersion, Mechanism};
use sluice_tests::{Filler, eventually, skipped};

use crate::ground::{Ground, expect, idempotent, number, while_writing, write};

#[test]
fn a_topic_with_another_configuration_or_fewer_partitions_is_named_with_the_setting() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    for (version, ground) in [("new", Ground::new()?), ("old", Ground::old()?)] {
        let topic = format!("parity-{version}");
        let moved = ground.copied(&topic, Delivery::ExactlyOnce)?;
        let target = Filler::new(&ground.target.bootstrap())?;
        target.configure(&topic, &[("retention.ms", "315360000000")])?;
        let other = moved.one(Question::TopicParity)?;
        expect(&other, Warning, &[&topic, "retention.ms", "315360000000"]);
        target.configure(&topic, &[("retention.ms", "-1"), ("max.message.bytes", "1000")])?;
        expect(
            &moved.one(Question::TopicParity)?,
            Failed,
            &[&topic, "max.message.bytes", "1000"],
        );
        ground.filler.grow(&topic, 4)?;
        let fewer = moved.one(Question::TopicParity)?;
        expect(&fewer, Failed, &["fewer partitions"]);
        assert_eq!(number(&fewer, &topic, "source_partitions"), Some(4), "{fewer:#?}");
        // Partitions that the task has not taken in are not copied.
        expect(
            &moved.one(Question::LagZero)?,
            Failed,
            &["came after the task last looked"],
        );
    }
    Ok(())
}

/// As the README's table of rights has it.
fn grant(cluster: &Cluster, user: &str, operations: &[&str], on: &[&str]) -> Result<()> {
    let user = format!("User:{user}");
    let mut args = vec!["--add", "--allow-principal", &user];
    for operation in operations {
        args.extend(["--operation", operation]);
    }
    args.extend(on);
    acls(cluster, args)?;
    Ok(())
}

#[test]
fn a_missing_right_on_the_target_is_named_with_its_principal_and_one_of_our_own_makes_answers_unknown()
-> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = Cluster::builder(KafkaVersion::V4_3_1).secured().acls().start()?;
    let target = Cluster::builder(KafkaVersion::V4_3_1).secured().acls().start()?;
    let filler = Filler::new(&source.bootstrap())?;
    let ground = Ground {
        source,
        target,
        filler,
    };
    let mut moved = ground.copied("rights", Delivery::ExactlyOnce)?;
    for cluster in [&ground.source, &ground.target] {
        grant(cluster, "shop", &["Read"], &["--topic", "rights"])?;
    }
    let alike = moved.one(Question::AclParity)?;
    expect(&alike, Success, &[]);
    grant(&ground.source, "shop", &["Write"], &["--topic", "rights"])?;
    eventually("the brokers know the rule", || {
        Ok(moved.one(Question::AclParity)?.result == Failed)
    })?;
    let found = moved.one(Question::AclParity)?;
    expect(&found, Failed, &["User:shop", "WRITE", "'rights'"]);
    // Whoever may write is shown beside a producer of unknown name.
    let producer = idempotent(&ground.source)?;
    write(&producer, "rights")?;
    let writing = while_writing(&producer, "rights", || moved.one(Question::SourceProducers))?;
    expect(&writing, Failed, &["may_write", "User:shop"]);

    // The rights of the README's table, without DESCRIBE on the cluster.
    grant(
        &ground.source,
        "alice",
        &["Read", "Describe", "DescribeConfigs"],
        &["--topic", "*"],
    )?;
    let mut alice = Address::new(&ground.source.secured_bootstrap()?)?;
    alice.set("security.protocol", "SASL_SSL");
    alice.set("sasl.mechanism", Mechanism::ScramSha512.name());
    alice.set("sasl.username", "alice");
    alice.set("sasl.password", "alice-secret");
    alice.set("ssl.ca.location", ground.source.ca_file()?.display().to_string());
    moved.bench.task.source = alice;
    let unknown = moved.one(Question::AclParity)?;
    expect(&unknown, Unknown, &["DESCRIBE on the cluster", "source"]);
    assert!(!unknown.blocks);
    acls(
        &ground.source,
        [
            "--add",
            "--deny-principal",
            "User:alice",
            "--operation",
            "Describe",
            "--topic",
            "rights",
        ],
    )?;
    acls(
        &ground.source,
        [
            "--add",
            "--deny-principal",
            "User:alice",
            "--operation",
            "Read",
            "--topic",
            "rights",
        ],
    )?;
    eventually("the right is gone", || {
        Ok(moved.one(Question::SourceProducers)?.result == Unknown)
    })?;
    let unknown = moved.one(Question::SourceProducers)?;
    expect(
        &unknown,
        Unknown,
        &["DESCRIBE on the topic", "TOPIC_AUTHORIZATION_FAILED"],
    );
    let silence = moved.one(Question::SourceSilent)?;
    expect(&silence, Unknown, &["DESCRIBE on the topic"]);
    assert!(silence.blocks);
    Ok(())
}
