//! Batches that the wire lane passed through are compared as they are stored, and whatever is not identical is still
//! compared record by record with the other client.

use anyhow::{Context, Result, ensure};
use sluice_engine::{
    DifferenceKind, ReadBy, VerificationReport, VerificationResult, VerifyOptions, VerifyScope,
};
use sluice_model::LaneChoice;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{BOTH, Bench, Filler, OddRecord, eventually, read_all, skipped};

fn clusters() -> Result<(Cluster, Cluster)> {
    Ok((
        Cluster::builder(KafkaVersion::V4_3_1).start()?,
        Cluster::builder(KafkaVersion::V4_3_1).start()?,
    ))
}

fn wire_bench(source: &Cluster, target: &Cluster, topic: &str) -> Result<Bench> {
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])?;
    bench.task.lane = LaneChoice::Wire;
    Ok(bench)
}

/// 300 bytes that compress little, so that a few hundred records are a batch that passes through.
fn value(n: i64) -> Vec<u8> {
    (1..20)
        .map(|part| {
            format!(
                "{:016x}",
                (n * 31 + part).wrapping_mul(-7_046_029_254_386_353_131)
            )
        })
        .collect::<String>()
        .into_bytes()
}

fn records(from: i64, count: i64) -> Vec<OddRecord> {
    (from..from + count)
        .map(|n| OddRecord {
            key: Some(format!("k{n}").into_bytes()),
            value: Some(value(n)),
            headers: vec![("h".into(), Some(format!("{n}").into_bytes()))],
            timestamp: 1_700_000_000_000 + n,
        })
        .collect()
}

fn assert_equal(report: &VerificationReport, records: u64) {
    assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
    assert_eq!(
        (report.source_records, report.target_records),
        (records, records),
        "{report:#?}"
    );
}

#[test]
fn what_was_passed_through_is_compared_as_whole_batches_with_transactions_and_without() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = clusters()?;
    for codec in ["none", "lz4", "zstd"] {
        for delivery in BOTH {
            let topic = format!("passed-{codec}-{delivery:?}");
            let filler = Filler::with_codec(&source.bootstrap(), codec)?;
            filler.create(&topic, 1, &[])?;
            filler.produce(&topic, 0, &records(0, 2_000))?;
            let writer = filler.transactional(&topic)?;
            writer.write(&topic, 0, &records(2_000, 1_000), true)?;
            writer.write(&topic, 0, &records(9_000, 1_000), false)?;
            filler.produce(&topic, 0, &records(3_000, 1_000))?;
            let mut bench = wire_bench(&source, &target, &topic)?;
            bench.task.delivery = delivery;
            bench.copy()?;
            let report = bench.verify()?;
            assert_equal(&report, 4_000);
            // The last batch of a producer may be so small that it was framed again with the next one.
            ensure!(
                report.records_as_batches >= 3_500,
                "{topic}: {} as batches",
                report.records_as_batches
            );
            // Without the offset runs, and for the record lane's other reader, it is the same.
            let mut described = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&topic])?;
            described.task.lane = LaneChoice::Record;
            let report = described.verify()?;
            assert_equal(&report, 4_000);
            assert!(report.records_as_batches >= 3_500, "{report:#?}");
        }
    }
    Ok(())
}

#[test]
fn other_records_at_the_same_place_are_seen_and_named_by_the_other_client() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = clusters()?;
    let (here, there) = (
        Filler::with_codec(&source.bootstrap(), "lz4")?,
        Filler::with_codec(&target.bootstrap(), "lz4")?,
    );
    here.create("places", 1, &[])?;
    here.produce("places", 0, &records(0, 1_000))?;
    let bench = wire_bench(&source, &target, "places")?;
    bench.copy()?;
    // Both logs go on with batches of the same shape; one value of the target's is another.
    let mut changed = records(1_000, 1_000);
    here.produce("places", 0, &changed)?;
    changed[400].value = Some(value(7));
    there.produce("places", 0, &changed)?;
    let later = records(2_000, 1_000);
    here.produce("places", 0, &later)?;
    there.produce("places", 0, &later)?;
    let described = wire_bench(&source, &target, "places")?;
    let report = described.verify()?;
    assert_eq!(
        (report.result, &report.differences),
        (
            VerificationResult::Different,
            &[(DifferenceKind::Value, 1)].into()
        ),
        "{report:#?}"
    );
    let first = &report.first_differences[0];
    assert_eq!(
        (first.source_offset, first.target_offset.is_some()),
        (Some(1_400), true)
    );
    assert_eq!(report.source_read_by, ReadBy::Librdkafka);
    assert_eq!(report.partitions[0].equal_records, 2_999);
    assert!(
        (500..2_999).contains(&report.records_as_batches),
        "{} as batches",
        report.records_as_batches
    );

    // The copy goes on behind the foreign records, which are taken for the copies where they are the same: the real ones
    // are there a second time.
    bench.copy()?;
    let report = bench.verify()?;
    assert_eq!(
        report.differences,
        [(DifferenceKind::Duplicate, 2_000), (DifferenceKind::Value, 1)].into(),
        "{report:#?}"
    );
    assert_eq!(report.partitions[0].equal_records, 2_999, "{report:#?}");
    Ok(())
}

#[test]
fn a_log_that_a_cleaner_has_thinned_out_is_compared_by_both_ways_in_turn() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cleaning = || {
        Cluster::builder(KafkaVersion::V4_3_1)
            .property("log.cleaner.backoff.ms", "200")
            .start()
    };
    let (source, target) = (cleaning()?, cleaning()?);
    let filler = Filler::with_codec(&source.bootstrap(), "lz4")?;
    filler.create(
        "thinned",
        1,
        &[
            ("cleanup.policy", "compact"),
            ("segment.ms", "200"),
            ("min.cleanable.dirty.ratio", "0.0"),
        ],
    )?;
    // Keys k0 to k999 come again, each second of them.
    filler.produce("thinned", 0, &records(0, 1_000))?;
    let bench = wire_bench(&source, &target, "thinned")?;
    bench.copy()?;
    let again: Vec<OddRecord> = records(0, 1_000).into_iter().step_by(2).collect();
    filler.produce("thinned", 0, &again)?;
    // New records close segments, which alone are cleaned.
    let mut next = 5_000;
    for cluster in [&source, &target] {
        eventually("the cleaner has removed half of the first records", || {
            filler.produce("thinned", 0, &records(next, 300))?;
            next += 300;
            bench.copy()?;
            let report = bench.verify()?;
            ensure!(report.result == VerificationResult::Equal, "{report:#?}");
            let left = read_all(&cluster.bootstrap(), "thinned", 0)?;
            let first = left.iter().filter(|record| record.offset < 1_000).count();
            Ok(first == 500)
        })?;
    }
    let report = bench.verify()?;
    assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
    let partition = report.partitions.first().context("no partition")?;
    assert!(
        partition.records_as_batches > 0 && partition.records_as_batches < partition.equal_records,
        "{partition:#?}"
    );
    Ok(())
}

#[test]
fn parts_and_what_is_newer_are_verified_between_real_brokers() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = clusters()?;
    let filler = Filler::with_codec(&source.bootstrap(), "lz4")?;
    filler.create("newer", 1, &[])?;
    filler.produce("newer", 0, &records(0, 1_000))?;
    let bench = wire_bench(&source, &target, "newer")?;
    bench.copy()?;
    let first = bench.verify()?;
    assert_equal(&first, 1_000);
    filler.produce("newer", 0, &records(1_000, 300))?;
    bench.copy()?;
    let newer = bench.verify_with(VerifyOptions {
        earlier: first.proofs(),
        continues: true,
        ..VerifyOptions::default()
    })?;
    assert_equal(&newer, 300);
    let since = VerifyOptions {
        scope: VerifyScope {
            since: Some("time:2023-11-14T22:13:20.900Z".parse()?),
            ..VerifyScope::default()
        },
        ..VerifyOptions::default()
    };
    assert_equal(&bench.verify_with(since.clone())?, 400);
    let described = wire_bench(&source, &target, "newer")?;
    assert_equal(&described.verify_with(since)?, 400);
    Ok(())
}
