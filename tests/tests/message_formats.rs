//! Message formats: topics that keep records as brokers before 0.11 did, on either side.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use sluice_engine::{
    CheckpointStore, Ending, ItemResult, PartitionCondition, PreCheckContext, PreCheckItem, PreCheckReport,
    ReadBy, VerificationResult, precheck,
};
use sluice_kafka::Admin;
use sluice_model::{Cluster as DataSource, Delivery, LaneChoice, Start};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{BOTH, Bench, Filler, OddRecord, Shared, cluster, eventually, read_all, skipped};
use sluice_wire::format::RecordSet;
use sluice_wire::{Client, Isolation};

static NEW: Shared<Cluster> = Shared::new();
static TWO: Shared<Cluster> = Shared::new();

fn new() -> Result<Arc<Cluster>> {
    NEW.get(|| cluster(KafkaVersion::V4_3_1))
}

/// Brokers that know record batches and keep the format of 0.10.2 by default.
fn two() -> Result<Arc<Cluster>> {
    TWO.get(|| {
        Ok(Cluster::builder(KafkaVersion::V2_0_1)
            .property("log.message.format.version", "0.10.2")
            .start()?)
    })
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

fn format_item(report: &PreCheckReport) -> Result<&PreCheckItem> {
    report
        .items
        .iter()
        .find(|item| item.id == "message_format")
        .context("no item about message formats")
}

/// Records as every format can hold them.
fn plain_records(count: usize) -> Vec<OddRecord> {
    (0..count)
        .map(|n| OddRecord {
            key: Some(format!("k{n}").into_bytes()),
            value: Some(format!("v{n}").into_bytes()),
            headers: Vec::new(),
            timestamp: 1_700_000_000_000 + n as i64,
        })
        .collect()
}

#[test]
fn a_target_topic_in_the_old_format_is_refused_before_anything_is_written() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = (new()?, two()?);
    let (at_source, at_target) = (
        Filler::new(&source.bootstrap())?,
        Filler::new(&target.bootstrap())?,
    );
    // One topic has the setting itself, one inherits it, and one is created with the brokers' default.
    for topic in ["own", "inherited", "created"] {
        at_source.create(topic, 1, &[])?;
        at_source.numbered(topic, 1, 0, 20, 50)?;
    }
    at_target.create("own", 1, &[("message.format.version", "0.9.0")])?;
    at_target.create("inherited", 1, &[])?;
    for topic in ["own", "inherited", "created"] {
        for delivery in BOTH {
            let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])?;
            bench.task.delivery = delivery;
            let report = check(&bench);
            let item = format_item(&report)?;
            assert_eq!(item.result, ItemResult::Failed, "{topic}: {item:#?}");
            assert!(!report.may_start);
            assert!(
                item.cause
                    .contains(&format!("'{topic}' has message.format.version=0."))
                    && item.remedy.contains("message.format.version=0.11.0 or later"),
                "{item:#?}"
            );
            let Err(refused) = bench.start(true) else {
                panic!("{topic} was started with {delivery:?}");
            };
            assert!(
                refused.to_string().contains("message.format.version"),
                "{refused}"
            );
        }
    }
    for topic in ["own", "inherited"] {
        assert!(read_all(&target.bootstrap(), topic, 0)?.is_empty(), "{topic}");
    }
    at_target.create("newer", 1, &[("message.format.version", "1.0")])?;
    at_source.create("newer", 1, &[])?;
    at_source.numbered("newer", 1, 0, 20, 50)?;
    // The brokers' own topics are in the old format as well, and those carry positions and transactions.
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["newer"])?;
    let report = check(&bench);
    let item = format_item(&report)?;
    assert_eq!(item.result, ItemResult::Failed, "{item:#?}");
    assert!(item.remedy.contains("--delivery at-least-once"), "{item:#?}");
    bench.task.delivery = Delivery::AtLeastOnce;
    assert_eq!(format_item(&check(&bench))?.result, ItemResult::Success);
    bench.copy()?;
    assert_eq!(read_all(&target.bootstrap(), "newer", 0)?.len(), 20);
    Ok(())
}

#[test]
fn a_target_topic_that_is_turned_to_the_old_format_waits_with_its_error_and_nothing_is_quarantined()
-> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = (new()?, cluster(KafkaVersion::V2_0_1)?);
    let (at_source, at_target) = (
        Filler::new(&source.bootstrap())?,
        Filler::new(&target.bootstrap())?,
    );
    for (number, delivery) in BOTH.into_iter().enumerate() {
        let topic = format!("turned-{number}");
        at_source.create(&topic, 1, &[])?;
        at_target.create(&topic, 1, &[("message.format.version", "2.0")])?;
        at_source.numbered(&topic, 1, 0, 20, 50)?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&topic])?;
        bench.task.delivery = delivery;
        let running = bench.start(false)?;
        eventually("the first records are there", || {
            Ok(read_all(&target.bootstrap(), &topic, 0)?.len() == 20)
        })?;
        at_target.configure(&topic, &[("message.format.version", "0.10.2")])?;
        let mut written = 20;
        eventually("the partition waits with its error", || {
            // The broker takes the setting over when it hears of it.
            at_source.numbered(&topic, 1, written, 1, 50)?;
            written += 1;
            let progress = running.progress();
            Ok(progress.partitions.first().is_some_and(|partition| {
                partition.condition == PartitionCondition::Retrying && partition.error.is_some()
            }))
        })?;
        assert_eq!(bench.store.quarantined_count(&bench.task.name)?, 0);
        at_target.configure(&topic, &[("message.format.version", "2.0")])?;
        eventually("the others follow", || {
            Ok(read_all(&target.bootstrap(), &topic, 0)?.len() == written)
        })?;
        sluice_tests::stop(running)?;
        assert_eq!(bench.store.quarantined_count(&bench.task.name)?, 0);
    }
    Ok(())
}

#[test]
fn old_formats_are_copied_whole_from_brokers_that_are_read_in_them() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let target = new()?;
    let ten = cluster(KafkaVersion::V0_10_2_2)?;
    let two = two()?;
    for (number, source) in [&ten, two.as_ref()].into_iter().enumerate() {
        let topic = format!("kept-old-{number}");
        let filler = Filler::new(&source.bootstrap())?;
        filler.create(&topic, 1, &[("message.format.version", "0.10.2")])?;
        filler.produce(&topic, 0, &plain_records(50))?;
        let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&topic])?;
        let report = check(&bench);
        assert_eq!(format_item(&report)?.result, ItemResult::Success, "{report:#?}");
        bench.copy()?;
        let copied = read_all(&target.bootstrap(), &topic, 0)?;
        let wanted = plain_records(50);
        assert_eq!(copied.len(), wanted.len());
        for (copy, record) in copied.iter().zip(&wanted) {
            assert_eq!(
                (&copy.key, &copy.value, copy.timestamp),
                (&record.key, &record.value, Some(record.timestamp))
            );
        }
        assert_eq!(bench.verify()?.result, VerificationResult::Equal);
    }
    Ok(())
}

#[test]
fn an_old_format_that_would_be_read_as_empty_records_forbids_the_start() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let target = new()?;
    let source = Cluster::builder(KafkaVersion::V3_9_1)
        .zookeeper()
        .property("inter.broker.protocol.version", "2.8")
        .property("log.message.format.version", "0.10.2")
        .start()?;
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("old", 1, &[])?;
    filler.create("current", 1, &[("message.format.version", "2.8")])?;
    for topic in ["old", "current"] {
        filler.produce(topic, 0, &plain_records(10))?;
    }
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["old"])?;
    bench.task.lane = LaneChoice::Record;
    let report = check(&bench);
    let item = format_item(&report)?;
    assert_eq!(item.result, ItemResult::Failed, "{item:#?}");
    assert!(
        item.cause.contains("'old' has message.format.version=0.10.2")
            && item.effect.contains("without key and value"),
        "{item:#?}"
    );
    let Err(refused) = bench.start(true) else {
        panic!("the copy was started");
    };
    assert!(refused.to_string().contains("without key and value"), "{refused}");
    let admin = Admin::new(&DataSource::new(&target.bootstrap())?)?;
    assert!(
        !admin.metadata()?.topics.contains_key("old"),
        "nothing was created"
    );

    // The wire lane reads them.
    bench.task.lane = LaneChoice::Auto;
    assert_eq!(format_item(&check(&bench))?.result, ItemResult::Success);
    bench.copy()?;
    let copied = read_all(&target.bootstrap(), "old", 0)?;
    let fields: Vec<_> = copied.iter().map(|record| (&record.key, &record.value)).collect();
    let wanted = plain_records(10);
    let expected: Vec<_> = wanted.iter().map(|record| (&record.key, &record.value)).collect();
    assert_eq!(fields, expected);
    let report = bench.verify()?;
    assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
    assert_eq!(
        (report.target_read_by, report.partitions[0].source_read_by_copier),
        (ReadBy::Librdkafka, true),
        "librdkafka would see empty records at the source"
    );

    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["current"])?;
    assert_eq!(format_item(&check(&bench))?.result, ItemResult::Success);
    bench.copy()?;
    assert_eq!(bench.verify()?.result, VerificationResult::Equal);
    assert_eq!(read_all(&target.bootstrap(), "current", 0)?.len(), 10);
    Ok(())
}

/// Topics whose setting is current and whose first records are not, by what librdkafka makes of those.
const CHANGED: [&str; 3] = ["keyed", "keyless", "compressed"];

/// Makes them; each with the offset of its first record in the current format, behind which are ten more.
fn changed_topics(source: &Cluster) -> Result<Vec<(&'static str, i64)>> {
    let plain = Filler::new(&source.bootstrap())?;
    let packed = Filler::with_codec(&source.bootstrap(), "gzip")?;
    let mut keyless = plain_records(10);
    keyless.iter_mut().for_each(|record| record.key = None);
    for topic in CHANGED {
        plain.create(topic, 1, &[("message.format.version", "0.10.2")])?;
    }
    plain.produce("keyed", 0, &plain_records(10))?;
    plain.produce("keyless", 0, &keyless)?;
    packed.produce("compressed", 0, &plain_records(10))?;
    let client = Client::new(&DataSource::new(&source.bootstrap())?)?;
    let mut firsts = Vec::new();
    for topic in CHANGED {
        plain.configure(topic, &[("message.format.version", "2.8")])?;
        let mut first = 10;
        // Brokers heed the setting a moment later.
        eventually("a record is stored in the current format", || {
            plain.produce(topic, 0, &plain_records(1))?;
            let stored = client.fetch_raw(topic, 0, first, 1, Isolation::Uncommitted)?;
            let entry = RecordSet::new(&stored.records).next().context("a record")??;
            let is_current = entry.magic() == Some(2);
            first += i64::from(!is_current);
            Ok(is_current)
        })?;
        plain.produce(topic, 0, &plain_records(10))?;
        firsts.push((topic, first));
    }
    Ok(firsts)
}

#[test]
fn records_older_than_a_topics_setting_are_found_before_the_start_and_never_passed_over_by_a_copy()
-> Result<()> {
    if skipped() {
        return Ok(());
    }
    let target = new()?;
    let source = Cluster::builder(KafkaVersion::V3_9_1)
        .zookeeper()
        .property("inter.broker.protocol.version", "2.8")
        .start()?;
    for (topic, first) in changed_topics(&source)? {
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])?;
        bench.task.lane = LaneChoice::Record;
        let item = format_item(&check(&bench))?.clone();
        assert_eq!(item.result, ItemResult::Failed, "{topic}: {item:#?}");
        assert!(
            item.cause.contains(&format!(
                "{topic}-0 holds records in the format from before 0.11 at offset 0"
            )),
            "{item:#?}"
        );
        // A start reads no record beforehand: the copy meets them.
        let outcome = bench.start(true)?.wait();
        let Ending::CaughtUp { incomplete } = &outcome.ending else {
            panic!("{topic}: {:?}", outcome.ending);
        };
        assert_eq!(incomplete.len(), 1, "{topic}: {incomplete:?}");
        assert!(read_all(&target.bootstrap(), topic, 0)?.is_empty(), "{topic}");

        // Behind them it can be copied, as the remedy says.
        let behind = format!("{topic}-behind");
        bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])?;
        bench.task.lane = LaneChoice::Record;
        bench.task.start = Start::Offset(first);
        bench.task.rename.map.insert(topic.into(), behind.clone());
        assert_eq!(
            format_item(&check(&bench))?.result,
            ItemResult::Success,
            "{topic}"
        );
        bench.copy()?;
        assert_eq!(read_all(&target.bootstrap(), &behind, 0)?.len(), 11, "{topic}");

        // The wire lane copies all of it.
        let whole = format!("{topic}-whole");
        bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])?;
        bench.task.rename.map.insert(topic.into(), whole.clone());
        assert_eq!(
            format_item(&check(&bench))?.result,
            ItemResult::Success,
            "{topic}"
        );
        bench.copy()?;
        let copied = read_all(&target.bootstrap(), &whole, 0)?;
        assert_eq!(copied.len() as i64, first + 11, "{topic}");
        for (number, record) in copied.iter().enumerate().take(10) {
            let written = &plain_records(10)[number];
            assert_eq!(record.value, written.value, "{topic}");
            assert_eq!(record.key.is_some(), topic != "keyless", "{topic}");
        }
        let report = bench.verify()?;
        assert_eq!(report.result, VerificationResult::Equal, "{topic}: {report:#?}");
    }
    Ok(())
}

#[test]
fn records_without_a_timestamp_get_the_time_that_the_task_says_and_stay_on_the_target() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = cluster(KafkaVersion::V0_10_2_2)?;
    // A target that deletes by time, and looks often.
    let target = Cluster::builder(KafkaVersion::V4_3_1)
        .property("log.retention.ms", "86400000")
        .property("log.retention.check.interval.ms", "500")
        .start()?;
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("untimed", 1, &[("message.format.version", "0.9.0")])?;
    filler.produce("untimed", 0, &plain_records(20))?;
    let begun = sluice_tests::now_ms();
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["untimed"])?;
    let report = check(&bench);
    let item = report
        .items
        .iter()
        .find(|item| item.id == "timestamp_window")
        .context("no item about timestamps")?;
    assert_eq!(item.result, ItemResult::Warning, "{item:#?}");
    assert!(
        item.cause.contains("'untimed' have no timestamp") && item.effect.contains("the time of the copy"),
        "{item:#?}"
    );
    bench.copy()?;
    let copied = read_all(&target.bootstrap(), "untimed", 0)?;
    assert_eq!(copied.len(), 20);
    for record in &copied {
        let at = record.timestamp.context("a time")?;
        assert!((begun..=sluice_tests::now_ms()).contains(&at), "{at}");
    }
    let verified = bench.verify()?;
    assert_eq!(
        verified.result,
        VerificationResult::AcceptedDifferences,
        "{verified:#?}"
    );
    assert_eq!(verified.target_records, 20, "the target has deleted none");
    Ok(())
}
