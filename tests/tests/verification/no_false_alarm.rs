//! Later records, transactions and the target's own timestamps are not reported as differences, and hide none.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sluice_engine::{Accepted, DifferenceKind, VerificationResult};
use sluice_fakekafka::{FakeRecord, Outcome};
use sluice_model::{Delivery, OffsetRange};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Bench, Filler, OddRecord, eventually, read_all, skipped};

use crate::ground::{BOTH, COUNT, append, bench, pair, records, verify};

#[test]
fn records_produced_after_the_copy_are_no_difference_and_foreign_ones_behind_it_are() -> Result<()> {
    let (source, target) = pair()?;
    source.create_topic("later", 1, &[])?;
    append(&source, "later", 0, &records(COUNT))?;
    let bench = bench(&source, &target, "later")?;
    bench.copy()?;
    append(&source, "later", 0, &records(COUNT + 5)[COUNT..])?;
    let report = bench.verify()?;
    assert_eq!(
        (report.result, report.source_records, report.not_copied.records),
        (VerificationResult::Behind, COUNT as u64, Some(5)),
        "{report:#?}"
    );

    let end = target.append("later", 0, vec![FakeRecord::new("x", "x")])?;
    let report = bench.verify()?;
    assert_eq!(
        report.differences,
        BTreeMap::from([(DifferenceKind::Extra, 1)]),
        "{report:#?}"
    );
    assert_eq!(report.first_differences[0].target_offset, Some(end));
    Ok(())
}

#[test]
fn transactions_at_the_source_raise_no_false_alarm() -> Result<()> {
    let (source, target) = pair()?;
    source.create_topic("tx", 1, &[])?;
    let all = records(60);
    let part = |n: usize| all[n * 10..(n + 1) * 10].to_vec();
    source.append_transaction("tx", 0, part(0), Outcome::Committed)?;
    source.append_transaction("tx", 0, part(1), Outcome::Aborted)?;
    append(&source, "tx", 0, &part(2))?;
    source.append_transaction("tx", 0, part(3), Outcome::Committed)?;
    source.append_transaction("tx", 0, part(1), Outcome::Aborted)?;
    source.append_transaction("tx", 0, part(4), Outcome::Open)?;
    append(&source, "tx", 0, &part(5))?;
    let bench = bench(&source, &target, "tx")?;
    bench.copy()?;
    for knows in BOTH {
        let report = verify(&bench, knows, &source, &target, "tx")?;
        assert_eq!(
            (report.result, report.source_records, report.target_records),
            (VerificationResult::Behind, 30, 30),
            "{knows:?}: {report:#?}"
        );
        assert_eq!(
            (report.not_copied.records, report.not_copied.held_back),
            (Some(0), 20),
            "{knows:?}: the open transaction and what stands behind it"
        );
        assert!(
            report
                .sentence
                .contains("about 20 offsets are held back by an open transaction at the source"),
            "{}",
            report.sentence
        );
    }
    source.end_open_transactions("tx", 0, true)?;
    let report = self::bench(&source, &target, "tx")?.verify()?;
    assert_eq!(
        report.differences,
        BTreeMap::from([(DifferenceKind::Missing, 20)]),
        "what is committed now is not copied yet"
    );
    let report = bench.verify()?;
    assert_eq!(
        (
            report.result,
            report.not_copied.records,
            report.not_copied.held_back
        ),
        (VerificationResult::Behind, Some(20), 0),
        "records are counted, and not the transaction's marker: {report:#?}"
    );
    bench.copy()?;
    for knows in BOTH {
        let report = verify(&bench, knows, &source, &target, "tx")?;
        assert_eq!(
            (report.result, report.source_records, report.target_records),
            (VerificationResult::Equal, 50, 50),
            "{knows:?}: {report:#?}"
        );
        assert!(report.accepted.is_empty());
    }
    Ok(())
}

#[test]
fn a_target_that_stamps_records_itself_is_an_accepted_difference_and_hides_no_other() -> Result<()> {
    let (source, target) = pair()?;
    for knows in BOTH {
        let topic = format!("stamped-{knows:?}");
        source.create_topic(&topic, 2, &[])?;
        target.create_topic(&topic, 2, &[("message.timestamp.type", "LogAppendTime")])?;
        append(&source, &topic, 1, &records(COUNT))?;
        let mut bench = bench(&source, &target, &topic)?;
        bench.task.delivery = Delivery::AtLeastOnce;
        bench.copy()?;
        let report = verify(&bench, knows, &source, &target, &topic)?;
        assert_eq!(
            report.result,
            VerificationResult::AcceptedDifferences,
            "{report:#?}"
        );
        assert_eq!(
            report.accepted,
            BTreeMap::from([(Accepted::TimestampByTarget, COUNT as u64)])
        );

        let mut changed = records(COUNT);
        changed.remove(7);
        target.truncate(&topic, 1, 0)?;
        append(&target, &topic, 1, &changed)?;
        let report = verify(&bench, knows, &source, &target, &topic)?;
        assert_eq!(
            report.differences,
            BTreeMap::from([(DifferenceKind::Missing, 1)]),
            "{report:#?}"
        );
        assert_eq!(report.first_differences[0].source_offset, Some(7));
    }
    Ok(())
}

fn keyed(key: &str, value: Option<&str>, n: i64) -> OddRecord {
    OddRecord {
        key: Some(key.into()),
        value: value.map(Into::into),
        headers: Vec::new(),
        timestamp: 1_700_000_000_000 + n,
    }
}

#[test]
fn a_real_cleaner_and_real_transactions_raise_no_false_alarm() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cleaning = || {
        Cluster::builder(KafkaVersion::V4_3_1)
            .property("log.cleaner.backoff.ms", "200")
            .start()
    };
    let (source, target) = (cleaning()?, cleaning()?);
    let filler = Filler::new(&source.bootstrap())?;
    let compacted = [
        ("cleanup.policy", "compact"),
        ("segment.bytes", "1048576"),
        ("segment.ms", "200"),
        ("min.cleanable.dirty.ratio", "0.0"),
        ("delete.retention.ms", "0"),
    ];
    filler.create("cleaned", 1, &compacted)?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["cleaned"])?;
    let writer = filler.transactional("upserts")?;
    let upserts = |from: i64| {
        (from..from + 50)
            .map(|n| keyed(&format!("k{}", n % 5), Some("v"), n))
            .collect::<Vec<_>>()
    };
    writer.write("cleaned", 0, &upserts(0), true)?;
    writer.write("cleaned", 0, &[keyed("dead", Some("aborted"), 60)], false)?;
    filler.produce(
        "cleaned",
        0,
        &[keyed("dead", Some("alive"), 61), keyed("dead", None, 62)],
    )?;
    bench.copy()?;
    assert_eq!(bench.verify()?.result, VerificationResult::Equal);

    // The cleaner works on closed segments only: new records close them, at the source and, copied, on the target.
    let mut next = 100;
    for bootstrap in [source.bootstrap(), target.bootstrap()] {
        let until = Instant::now() + Duration::from_secs(90);
        loop {
            writer.write("cleaned", 0, &upserts(next), true)?;
            next += 50;
            bench.copy()?;
            let report = bench.verify()?;
            ensure!(report.result == VerificationResult::Equal, "{report:#?}");
            let left = read_all(&bootstrap, "cleaned", 0)?;
            if !left.iter().any(|record| record.key.as_deref() == Some(b"dead")) && left[0].offset > 0 {
                break;
            }
            ensure!(
                Instant::now() < until,
                "the cleaner has not removed the tombstone in 90 s: {} records left",
                left.len()
            );
        }
    }
    let report = bench.verify()?;
    assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
    let described = Bench::new(&source.bootstrap(), &target.bootstrap(), &["cleaned"])?.verify()?;
    assert_eq!(described.result, VerificationResult::Equal, "{described:#?}");

    filler.create("open", 1, &[])?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["open"])?;
    // The broker gives the hanging transaction up after a minute.
    bench.wait_for_transactions = Some(Duration::from_millis(500));
    writer.write("open", 0, &upserts(0), true)?;
    writer.write("open", 0, &upserts(50), false)?;
    let hanging = filler.transactional("hanging")?;
    hanging.open("open", 0, &upserts(100))?;
    filler.produce("open", 0, &upserts(150))?;
    bench.copy()?;
    let report = bench.verify()?;
    assert_eq!(
        (report.result, report.source_records),
        (VerificationResult::Behind, 50),
        "{report:#?}"
    );
    assert!(report.not_copied.held_back >= 100, "{report:#?}");
    hanging.commit()?;
    bench.copy()?;
    let report = bench.verify()?;
    assert_eq!(
        (report.result, report.source_records),
        (VerificationResult::Equal, 150),
        "{report:#?}"
    );

    filler.delete_records("open", 0, 60)?;
    eventually("the first record is gone", || {
        Ok(read_all(&source.bootstrap(), "open", 0)?
            .first()
            .is_some_and(|record| record.offset >= 60))
    })?;
    let report = bench.verify()?;
    assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
    assert_eq!(
        report.partitions[0].not_checked[0].0,
        OffsetRange { from: 0, to: 60 }
    );
    Ok(())
}
