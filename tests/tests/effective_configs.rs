//! Created topics get what their sources have in effect, also where that is a default of the source's brokers.

use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use sluice_engine::{ItemResult, PreCheckContext, precheck};
use sluice_kafka::{Admin, Config, ConfigOrigin};
use sluice_model::Cluster as DataSource;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Bench, Filler, skipped};

fn config(cluster: &Cluster, topic: &str) -> Result<Config> {
    let admin = Admin::new(&DataSource::new(&cluster.bootstrap())?)?;
    Ok(admin.topic_config(topic)?)
}

fn value<'a>(config: &'a Config, key: &str) -> Option<&'a str> {
    config.get(key)?.value.as_deref()
}

#[test]
fn defaults_of_the_sources_brokers_are_set_on_created_topics_where_the_targets_differ_and_are_listed_before()
-> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = Cluster::builder(KafkaVersion::V2_0_1)
        .property("log.cleanup.policy", "compact")
        .property("message.max.bytes", "10485760")
        .start()?;
    let target = Cluster::builder(KafkaVersion::V4_3_1)
        .property("log.retention.ms", "604800000")
        .start()?;
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("plain", 1, &[])?;
    filler.create(
        "own",
        1,
        &[("cleanup.policy", "delete"), ("retention.ms", "5000000000000")],
    )?;
    for topic in ["plain", "own"] {
        filler.numbered(topic, 1, 0, 10, 50)?;
    }
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["plain", "own"])?;
    let report = precheck(
        &bench.task,
        bench.store.as_ref(),
        &PreCheckContext::default(),
        &AtomicBool::new(false),
        &|_| {},
    );
    let item = report
        .items
        .iter()
        .find(|item| item.id == "topic_configuration")
        .context("no item about the configuration")?;
    assert_ne!(item.result, ItemResult::Failed);
    for said in [
        "'cleanup.policy=compact' is set on 'plain', as at the source: the target's default is delete",
        "'retention.ms=-1' is set on 'plain', as at the source: the target's default is 604800000",
        "'max.message.bytes=10485760' is set on",
    ] {
        assert!(item.cause.contains(said), "{said}: {item:#?}");
    }
    bench.copy()?;

    let plain = config(&target, "plain")?;
    assert_eq!(value(&plain, "cleanup.policy"), Some("compact"));
    assert_eq!(value(&plain, "retention.ms"), Some("-1"));
    assert_eq!(value(&plain, "max.message.bytes"), Some("10485760"));
    assert_ne!(
        plain.get("delete.retention.ms").map(|entry| entry.origin),
        Some(ConfigOrigin::Topic),
        "what both sides have alike is not set"
    );
    let own = config(&target, "own")?;
    assert_eq!(value(&own, "cleanup.policy"), Some("delete"));
    assert_eq!(value(&own, "retention.ms"), Some("5000000000000"));
    assert_eq!(value(&own, "max.message.bytes"), Some("10485760"));
    Ok(())
}
