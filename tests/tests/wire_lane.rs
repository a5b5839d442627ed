//! The wire lane between real brokers: batches arrive as they are stored, in both deliveries, through kills of the copy
//! and changes of lanes, and what Java's consumer and librdkafka read there is what the source holds.

use anyhow::{Context, Result, ensure};
use sluice_engine::{CheckpointStore, Ending, LaneKind, ReadBy, VerificationResult};
use sluice_model::{Delivery, LaneChoice};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{BOTH, Bench, Filler, OddRecord, PlainRecord, odd_records, read_all, skipped};
use sluice_wire::format::{BatchView, Codec, Entry, RecordSet};
use sluice_wire::{Client, Isolation};

fn contents(cluster: &Cluster, topic: &str, partitions: i32) -> Result<Vec<Vec<PlainRecord>>> {
    (0..partitions)
        .map(|partition| read_all(&cluster.bootstrap(), topic, partition))
        .collect()
}

/// Key, value and timestamp.
type Fields = (Option<Vec<u8>>, Option<Vec<u8>>, Option<i64>);

/// Everything of a record but where it stands.
fn fields(records: &[PlainRecord]) -> Vec<Fields> {
    records
        .iter()
        .map(|record| (record.key.clone(), record.value.clone(), record.timestamp))
        .collect()
}

/// The codecs of a partition's batches, as they are stored.
fn codecs(cluster: &Cluster, topic: &str) -> Result<Vec<Codec>> {
    let source = sluice_model::Cluster::new(&cluster.bootstrap())?;
    let client = Client::new(&source)?;
    let fetched = client.fetch_raw(topic, 0, 0, 8 << 20, Isolation::Committed)?;
    let mut codecs = Vec::new();
    for entry in RecordSet::new(&fetched.records) {
        if let Entry::Batch(batch) = entry? {
            let view: BatchView<'_> = batch;
            if !view.header().attributes.is_control() {
                codecs.push(view.header().codec);
            }
        }
    }
    codecs.dedup();
    Ok(codecs)
}

fn copies_between(source: KafkaVersion, target: KafkaVersion) -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = (
        Cluster::builder(source).start()?,
        Cluster::builder(target).start()?,
    );
    for delivery in BOTH {
        let topic = format!("batches-{delivery:?}");
        for codec in ["none", "gzip", "snappy", "lz4"] {
            let filler = Filler::with_codec(&source.bootstrap(), codec)?;
            let of_codec = format!("{topic}-{codec}");
            filler.create(&of_codec, 2, &[])?;
            filler.numbered(&of_codec, 2, 0, 3_000, 200)?;
        }
        let filler = Filler::new(&source.bootstrap())?;
        let odd: Vec<OddRecord> = odd_records();
        // Brokers from 3.6 on take no times of the far future unless they are told to.
        let any_time: &[(&str, &str)] = if source.version() >= KafkaVersion::V3_9_1 {
            &[("message.timestamp.after.max.ms", "9223372036854775807")]
        } else {
            &[]
        };
        filler.create(&format!("{topic}-odd"), 1, any_time)?;
        filler.produce(&format!("{topic}-odd"), 0, &odd)?;
        let names: Vec<String> = ["none", "gzip", "snappy", "lz4", "odd"]
            .iter()
            .map(|codec| format!("{topic}-{codec}"))
            .collect();
        let mut bench = Bench::new(
            &source.bootstrap(),
            &target.bootstrap(),
            &names.iter().map(String::as_str).collect::<Vec<_>>(),
        )?;
        bench.task.delivery = delivery;
        bench.task.lane = LaneChoice::Wire;
        let outcome = bench.copy()?;
        ensure!(
            matches!(&outcome.ending, Ending::CaughtUp { incomplete } if incomplete.is_empty()),
            "{:?}",
            outcome.ending
        );
        let report = bench.verify()?;
        assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
        assert_eq!(
            report.target_read_by,
            ReadBy::Librdkafka,
            "another client judges the copy"
        );
        for name in &names {
            let partitions = if name.ends_with("odd") { 1 } else { 2 };
            let (there, here) = (
                contents(&source, name, partitions)?,
                contents(&target, name, partitions)?,
            );
            for (source, target) in there.iter().zip(&here) {
                assert_eq!(fields(source), fields(target), "{name}");
            }
            if partitions == 2 {
                assert_eq!(
                    codecs(&target, name)?,
                    codecs(&source, name)?,
                    "{name} keeps its codec"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn kafka_4_3_1_to_4_3_1() -> Result<()> {
    copies_between(KafkaVersion::V4_3_1, KafkaVersion::V4_3_1)
}

#[test]
fn kafka_2_0_1_to_3_9_1() -> Result<()> {
    copies_between(KafkaVersion::V2_0_1, KafkaVersion::V3_9_1)
}

#[test]
fn the_message_formats_of_0_10_2_become_batches_of_the_current_one() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = Cluster::builder(KafkaVersion::V0_10_2_2).start()?;
    let target = Cluster::builder(KafkaVersion::V4_3_1).start()?;
    for codec in ["none", "gzip", "snappy", "lz4"] {
        let filler = Filler::with_codec(&source.bootstrap(), codec)?;
        filler.create(codec, 1, &[])?;
        let records: Vec<OddRecord> = (0..200)
            .map(|n| OddRecord {
                key: (n % 3 > 0).then(|| format!("k{n}").into_bytes()),
                value: (n % 5 > 0).then(|| format!("v{n}").into_bytes()),
                headers: Vec::new(),
                timestamp: 1_700_000_000_000 + n,
            })
            .collect();
        filler.produce(codec, 0, &records)?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[codec])?;
        bench.task.lane = LaneChoice::Wire;
        bench.copy()?;
        let copied = read_all(&target.bootstrap(), codec, 0)?;
        let wanted: Vec<_> = records
            .iter()
            .map(|record| (record.key.clone(), record.value.clone(), Some(record.timestamp)))
            .collect();
        assert_eq!(fields(&copied), wanted, "{codec}");
    }
    Ok(())
}

#[test]
fn lanes_alternate_from_run_to_run_and_nothing_is_twice_or_missing() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = Cluster::builder(KafkaVersion::V4_3_1).start()?;
    let target = Cluster::builder(KafkaVersion::V4_3_1).start()?;
    let filler = Filler::new(&source.bootstrap())?;
    for delivery in BOTH {
        let topic = format!("alternating-{delivery:?}");
        filler.create(&topic, 2, &[])?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&topic])?;
        bench.task.delivery = delivery;
        for round in 0..6 {
            filler.numbered(&topic, 2, round * 500, 500, 100)?;
            bench.task.lane = if round % 2 == 0 {
                LaneChoice::Wire
            } else {
                LaneChoice::Record
            };
            bench.copy()?;
        }
        for partition in 0..2 {
            let there = read_all(&source.bootstrap(), &topic, partition)?;
            let here = read_all(&target.bootstrap(), &topic, partition)?;
            assert_eq!(
                fields(&there),
                fields(&here),
                "{delivery:?} partition {partition}"
            );
        }
        assert_eq!(bench.verify()?.result, VerificationResult::Equal);
    }
    Ok(())
}

#[test]
fn a_cluster_that_the_wire_client_cannot_talk_to_is_copied_record_by_record_with_the_reason() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = Cluster::builder(KafkaVersion::V4_3_1).ssl().start()?;
    let target = Cluster::builder(KafkaVersion::V4_3_1).start()?;
    Filler::new(&source.bootstrap())?.create("by-lane", 1, &[])?;
    Filler::new(&source.bootstrap())?.numbered("by-lane", 1, 0, 500, 100)?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["by-lane"])?;
    let mut way_in = sluice_model::Cluster::new(&source.ssl_bootstrap()?)?;
    way_in.set("security.protocol", "ssl");
    way_in.set("ssl.ca.location", source.ca_file()?.display().to_string());
    bench.task.source = way_in.clone();
    let lanes = |bench: &Bench| -> Result<Vec<LaneKind>> {
        let launch = bench.store.launch(&bench.task.name)?.context("it is launched")?;
        Ok(launch.lanes.into_iter().collect())
    };

    way_in.set(
        "ssl.cipher.suites",
        "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384",
    );
    let plain = std::mem::replace(&mut bench.task.source, way_in);
    bench.copy()?;
    assert_eq!(lanes(&bench)?, [LaneKind::Record]);
    let report = bench.verify()?;
    assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
    assert_eq!(report.target_read_by, ReadBy::Wire, "librdkafka has copied");

    bench.task.source = plain;
    Filler::new(&source.bootstrap())?.numbered("by-lane", 1, 500, 500, 100)?;
    bench.copy()?;
    assert_eq!(lanes(&bench)?, [LaneKind::Record, LaneKind::Wire]);
    let report = bench.verify()?;
    assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
    assert_eq!(report.partitions[0].equal_records, 1_000);
    Ok(())
}

#[test]
fn a_target_before_0_11_is_refused_with_the_way_out() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = Cluster::builder(KafkaVersion::V2_0_1).start()?;
    let target = Cluster::builder(KafkaVersion::V0_10_2_2).start()?;
    Filler::new(&source.bootstrap())?.create("old", 1, &[])?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["old"])?;
    bench.task.delivery = Delivery::AtLeastOnce;
    bench.task.lane = LaneChoice::Wire;
    let refused = bench.start(true).err().context("it was started")?;
    assert!(refused.to_string().contains("--lane record"), "{refused}");
    Ok(())
}
