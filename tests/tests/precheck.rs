//! The pre-check on real brokers: rights, old versions, limits, listeners and names that only those have.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use sluice_engine::{ItemResult, PreCheckContext, PreCheckItem, PreCheckReport, precheck};
use sluice_model::{Cluster as DataSource, LaneChoice};
use sluice_testground::{Cluster, KafkaVersion, tools::acls};
use sluice_tests::{Bench, Filler, Shared, cluster, odd_records, skipped};

use ItemResult::{Failed, Success, Warning};

static NEW: Shared<Cluster> = Shared::new();
static SECURED: Shared<Cluster> = Shared::new();

fn new() -> Result<Arc<Cluster>> {
    NEW.get(|| cluster(KafkaVersion::V4_3_1))
}

fn secured() -> Result<Arc<Cluster>> {
    SECURED.get(|| Ok(Cluster::builder(KafkaVersion::V4_3_1).secured().acls().start()?))
}

fn check(bench: &Bench) -> PreCheckReport {
    precheck(
        &bench.task,
        bench.store.as_ref(),
        &PreCheckContext::default(),
        &AtomicBool::new(false),
        &|_| {},
    )
}

fn expect<'a>(report: &'a PreCheckReport, id: &str, result: ItemResult, words: &[&str]) -> &'a PreCheckItem {
    let item = report
        .items
        .iter()
        .find(|item| item.id == id)
        .unwrap_or_else(|| panic!("no item {id}"));
    assert_eq!(item.result, result, "{item:#?}");
    for word in words {
        let told = format!("{} | {} | {}", item.cause, item.effect, item.remedy);
        assert!(told.contains(word), "no '{word}' in {item:#?}");
    }
    item
}

/// Alice's way in.
fn as_alice(cluster: &Cluster) -> Result<DataSource> {
    let mut source = DataSource::new(&cluster.secured_bootstrap()?)?;
    source.set("security.protocol", "sasl_ssl");
    source.set("sasl.mechanism", "SCRAM-SHA-512");
    source.set("sasl.username", "alice");
    source.set("sasl.password", "alice-secret");
    source.set("ssl.ca.location", cluster.ca_file()?.display().to_string());
    Ok(source)
}

/// A way in that the wire client refuses, as it has a property that it does not follow.
fn only_for_librdkafka(cluster: &Cluster) -> Result<DataSource> {
    let mut source = DataSource::new(&cluster.ssl_bootstrap()?)?;
    source.set("security.protocol", "ssl");
    source.set("ssl.ca.location", cluster.ca_file()?.display().to_string());
    source.set(
        "ssl.cipher.suites",
        "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384",
    );
    Ok(source)
}

fn grant(cluster: &Cluster, rest: &[&str]) -> Result<()> {
    let arguments = [&["--add", "--allow-principal", "User:alice"], rest].concat();
    acls(cluster, arguments)?;
    Ok(())
}

#[test]
fn rights_are_told_as_they_are_granted_one_by_one() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (secured, new) = (secured()?, new()?);
    let filler = Filler::new(&secured.bootstrap())?;
    for topic in ["rights-in", "rights-out"] {
        filler.create(topic, 1, &[])?;
    }
    filler.numbered("rights-in", 1, 0, 10, 50)?;

    let mut reading = Bench::new(&secured.bootstrap(), &new.bootstrap(), &["rights-in"])?;
    reading.task.source = as_alice(&secured)?;
    grant(&secured, &["--operation", "Describe", "--topic", "rights-in"])?;
    expect(&check(&reading), "source_permission", Failed, &["'rights-in'"]);
    grant(&secured, &["--operation", "Read", "--topic", "rights-in"])?;
    expect(
        &check(&reading),
        "source_permission",
        Success,
        &["proved by reading"],
    );

    Filler::new(&new.bootstrap())?.create("rights-out", 1, &[])?;
    let mut writing = Bench::new(&new.bootstrap(), &secured.bootstrap(), &["rights-out"])?;
    writing.task.target = as_alice(&secured)?;
    grant(&secured, &["--operation", "Describe", "--topic", "rights-out"])?;
    let report = check(&writing);
    expect(&report, "target_permission", Failed, &["'rights-out'"]);
    expect(&report, "delivery", Failed, &["may not use the group"]);
    grant(&secured, &["--operation", "Write", "--topic", "rights-out"])?;
    grant(
        &secured,
        &[
            "--operation",
            "Read",
            "--group",
            "sluice.",
            "--resource-pattern-type",
            "prefixed",
        ],
    )?;
    let report = check(&writing);
    expect(&report, "target_permission", Success, &["as the brokers say"]);
    expect(
        &report,
        "delivery",
        Warning,
        &["transactional id", "--transactional-id sluice."],
    );
    Ok(())
}

#[test]
fn the_lane_is_that_which_both_clusters_allow() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let new = new()?;
    let filler = Filler::new(&new.bootstrap())?;
    filler.create("by-lane", 1, &[])?;
    filler.numbered("by-lane", 1, 0, 10, 50)?;
    let target = Cluster::builder(KafkaVersion::V4_3_1).ssl().start()?;
    let mut bench = Bench::new(&new.bootstrap(), &target.bootstrap(), &["by-lane"])?;
    expect(&check(&bench), "lane", Success, &["the wire lane copies"]);
    bench.task.lane = LaneChoice::Record;
    expect(&check(&bench), "lane", Success, &["as the task says"]);
    bench.task.target = only_for_librdkafka(&target)?;
    bench.task.lane = LaneChoice::Auto;
    let why = ["the record lane copies", "the target", "ssl.cipher.suites"];
    expect(&check(&bench), "lane", Success, &why);
    bench.task.lane = LaneChoice::Wire;
    let report = check(&bench);
    expect(&report, "lane", Failed, &["ssl.cipher.suites", "the record lane"]);
    assert!(!report.may_start, "{report:#?}");
    Ok(())
}

#[test]
fn old_brokers_are_checked_as_far_as_they_answer() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let new = new()?;
    let filler = Filler::new(&new.bootstrap())?;
    filler.create(
        "to-old",
        1,
        &[("message.timestamp.after.max.ms", "9223372036854775807")],
    )?;
    filler.produce("to-old", 0, &odd_records())?;
    for version in [KafkaVersion::V0_10_2_2, KafkaVersion::V2_0_1] {
        let old = cluster(version)?;
        let report = check(&Bench::new(&new.bootstrap(), &old.bootstrap(), &["to-old"])?);
        expect(&report, "target_connection", Success, &[]);
        expect(&report, "target_permission", Warning, &["'to-old'"]);
        if version.has_transactions() {
            expect(&report, "versions", Warning, &["older than 2.1"]);
            expect(&report, "delivery", Success, &["target transactions"]);
            expect(&report, "lane", Success, &["the wire lane copies"]);
        } else {
            expect(
                &report,
                "versions",
                Warning,
                &["older than 0.11", "'to-old' have headers"],
            );
            expect(&report, "delivery", Warning, &["reconciliation"]);
            expect(
                &report,
                "lane",
                Success,
                &["the record lane copies", "older than 0.11"],
            );
        }
        assert!(report.may_start, "{version}: {report:#?}");

        let filler = Filler::new(&old.bootstrap())?;
        filler.create("from-old", 1, &[])?;
        filler.numbered("from-old", 1, 0, 10, 50)?;
        let report = check(&Bench::new(&old.bootstrap(), &new.bootstrap(), &["from-old"])?);
        expect(&report, "source_permission", Success, &["1 proved by reading"]);
        expect(
            &report,
            "compression",
            Success,
            &["every batch keeps the codec in which it is stored at the source"],
        );
        assert!(report.may_start, "{version}: {report:#?}");
    }
    Ok(())
}

#[test]
fn limits_of_real_topics_are_compared() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = (new()?, cluster(KafkaVersion::V3_9_1)?);
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("limits", 1, &[("max.message.bytes", "2000000")])?;
    filler.numbered("limits", 1, 0, 10, 50)?;
    Filler::new(&target.bootstrap())?.create("limits", 1, &[("min.insync.replicas", "2")])?;
    let report = check(&Bench::new(
        &source.bootstrap(),
        &target.bootstrap(),
        &["limits"],
    )?);
    expect(
        &report,
        "message_size",
        Warning,
        &["up to 2000000 bytes", "max.message.bytes=2000000"],
    );
    // This target asks for the one replica that there is, and the copy is whole.
    expect(&report, "min_isr", Warning, &["wants 2 replicas", "has 1", "3.7"]);
    assert!(report.may_start, "{report:#?}");
    Ok(())
}

#[test]
fn one_cluster_under_two_names_is_one_cluster() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let new = new()?;
    Filler::new(&new.bootstrap())?.create("round", 1, &[])?;
    let elsewhere = new.bootstrap().replace("127.0.0.1", "localhost");
    let mut bench = Bench::new(&new.bootstrap(), &elsewhere, &["round"])?;
    expect(
        &check(&bench),
        "cyclic_replication",
        Failed,
        &["same cluster", "'round'"],
    );
    bench.task.rename.prefix = "copy.".into();
    expect(&check(&bench), "cyclic_replication", Success, &["no loop"]);
    Ok(())
}

#[test]
fn an_advertised_listener_that_cannot_be_reached_is_named() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = Cluster::builder(KafkaVersion::V4_3_1)
        .brokers(2)
        .behind_link()
        .start()?;
    let target = new()?;
    Filler::new(&source.bootstrap())?.create("behind", 1, &[])?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["behind"])?;
    expect(
        &check(&bench),
        "source_connection",
        Success,
        &["2 brokers answer"],
    );
    let addresses = source.bootstrap();
    let second = addresses.split(',').nth(1).unwrap_or_default();
    if let Some(link) = source.broker(2).link() {
        link.cut();
    }
    expect(
        &check(&bench),
        "source_connection",
        Warning,
        &["broker 2", second],
    );
    Ok(())
}

#[test]
fn a_cluster_that_can_never_have_a_transaction_is_told_before_the_start() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = new()?;
    Filler::new(&source.bootstrap())?.create("once", 1, &[])?;
    let target = Cluster::builder(KafkaVersion::V4_3_1)
        .property("transaction.state.log.replication.factor", "3")
        .start()?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["once"])?;
    expect(
        &check(&bench),
        "delivery",
        Failed,
        &["transaction.state.log.replication.factor=3 and 1 brokers"],
    );
    Ok(())
}
