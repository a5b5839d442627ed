//! Records without a key towards a compacted topic: old brokers answer with an error that librdkafka retries for ever, so
//! they go to quarantine before they are sent, on every version.

use std::collections::BTreeMap;

use anyhow::Result;
use sluice_engine::{CheckpointStore, Ending};
use sluice_model::Objects;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{BOTH, Bench, Filler, OddRecord, eventually, read_all, skipped};
use sluice_wire::{Client, Isolation, OffsetSpec, TopicPartition};

fn record(key: Option<&str>, value: &str, timestamp: i64) -> OddRecord {
    OddRecord {
        key: key.map(|key| key.as_bytes().to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: Vec::new(),
        timestamp,
    }
}

fn keyless_go_to_quarantine(version: KafkaVersion) -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = Cluster::builder(version).start()?;
    let target = Cluster::builder(version).start()?;
    let now = sluice_tests::now_ms();
    for delivery in BOTH {
        let topic = format!("compacted-{delivery:?}");
        let (there, here) = (
            Filler::new(&source.bootstrap())?,
            Filler::new(&target.bootstrap())?,
        );
        there.create(&topic, 1, &[])?;
        here.create(&topic, 1, &[("cleanup.policy", "compact")])?;
        let records = [
            record(Some("a"), "0", now),
            record(None, "1", now),
            record(Some("b"), "2", now),
            record(None, "3", now),
            record(Some("c"), "4", now),
        ];
        there.produce(&topic, 0, &records)?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&topic])?;
        bench.task.delivery = delivery;
        let outcome = bench.copy()?;
        assert!(
            matches!(&outcome.ending, Ending::CaughtUp { incomplete } if incomplete.is_empty()),
            "{:?}",
            outcome.ending
        );
        let copied: Vec<Option<Vec<u8>>> = read_all(&target.bootstrap(), &topic, 0)?
            .into_iter()
            .map(|record| record.value)
            .collect();
        let wanted: Vec<Option<Vec<u8>>> = ["0", "2", "4"].map(|value| Some(value.into())).into();
        assert_eq!(copied, wanted, "{delivery:?}");
        let rows = bench.store.quarantined(&bench.task.name, 10)?;
        let noted: Vec<(i64, Option<Vec<u8>>)> =
            rows.iter().map(|row| (row.offset, row.value.clone())).collect();
        assert_eq!(noted, [(1, Some(b"1".to_vec())), (3, Some(b"3".to_vec()))]);
        assert!(rows.iter().all(|row| row.reason.contains("no key")), "{rows:?}");
    }
    Ok(())
}

#[test]
fn kafka_0_10_2() -> Result<()> {
    keyless_go_to_quarantine(KafkaVersion::V0_10_2_2)
}

#[test]
fn kafka_2_0_1() -> Result<()> {
    keyless_go_to_quarantine(KafkaVersion::V2_0_1)
}

#[test]
fn kafka_4_3_1() -> Result<()> {
    keyless_go_to_quarantine(KafkaVersion::V4_3_1)
}

#[test]
fn brokers_that_tell_no_policy_are_asked_without_writing_anything() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    for version in [
        KafkaVersion::V0_10_2_2,
        KafkaVersion::V1_0_2,
        KafkaVersion::V2_0_1,
    ] {
        let cluster = Cluster::builder(version).start()?;
        let filler = Filler::new(&cluster.bootstrap())?;
        let mut expected = BTreeMap::new();
        for (policy, refuses) in [("delete", false), ("compact", true), ("compact,delete", true)] {
            for format in ["0.9.0.1", "0.10.2", "own"] {
                for time in ["CreateTime", "LogAppendTime"] {
                    let topic = format!("{}-{format}-{time}", policy.replace(',', "-"));
                    let mut config = vec![("cleanup.policy", policy), ("message.timestamp.type", time)];
                    if format != "own" {
                        config.push(("message.format.version", format));
                    }
                    filler.create(&topic, 1, &config)?;
                    expected.insert(TopicPartition::new(&topic, 0), refuses);
                }
            }
        }
        let client = Client::new(&sluice_model::Cluster::new(&cluster.bootstrap())?)?;
        let places: Vec<TopicPartition> = expected.keys().cloned().collect();
        let answers = client.refuses_keyless(&places, sluice_tests::now_ms())?;
        let answers = answers
            .into_iter()
            .map(|(place, answer)| Ok((place, answer?)))
            .collect::<Result<BTreeMap<_, _>>>()?;
        let wanted = expected
            .iter()
            .map(|(place, refuses)| (place.clone(), Some(*refuses)));
        assert_eq!(answers, wanted.collect(), "{version}");
        for (place, end) in client.list_offsets(&places, OffsetSpec::Latest, Isolation::Uncommitted)? {
            assert_eq!(end?.offset, Some(0), "{place} of {version}");
        }
    }
    Ok(())
}

#[test]
fn brokers_that_name_the_refused_record_are_not_asked() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1).start()?;
    Filler::new(&cluster.bootstrap())?.create("t", 1, &[("cleanup.policy", "compact")])?;
    let client = Client::new(&sluice_model::Cluster::new(&cluster.bootstrap())?)?;
    let place = TopicPartition::new("t", 0);
    let mut answers = client.refuses_keyless(std::slice::from_ref(&place), sluice_tests::now_ms())?;
    assert_eq!(answers.remove(&place).transpose()?, Some(None));
    Ok(())
}

#[test]
fn a_topic_that_comes_while_the_task_runs_is_copied_with_its_targets_policy() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = Cluster::builder(KafkaVersion::V2_0_1).start()?;
    let target = Cluster::builder(KafkaVersion::V2_0_1).start()?;
    let (there, here) = (
        Filler::new(&source.bootstrap())?,
        Filler::new(&target.bootstrap())?,
    );
    there.create("early", 1, &[])?;
    here.create("late", 1, &[("cleanup.policy", "compact")])?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[])?;
    bench.task.objects = Objects::all();
    let running = bench.start(false)?;
    there.create("late", 1, &[])?;
    let now = sluice_tests::now_ms();
    let records = [
        record(Some("a"), "0", now),
        record(None, "1", now),
        record(Some("b"), "2", now),
    ];
    there.produce("late", 0, &records)?;
    eventually("what has a key is there", || {
        Ok(read_all(&target.bootstrap(), "late", 0)?.len() == 2)
    })?;
    eventually("what has none is in quarantine", || {
        let rows = bench.store.quarantined(&bench.task.name, 10)?;
        Ok(rows.iter().map(|row| row.offset).eq([1]))
    })?;
    sluice_tests::stop(running)
}
