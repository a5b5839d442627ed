//! The verification finds what is wrong with a copy, names it rightly, and is silent about what is not wrong.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use sluice_engine::{Accepted, DifferenceKind, VerificationReport, VerificationResult};
use sluice_fakekafka::{FakeCluster, FakeHeader, FakeRecord, Isolation, Outcome};
use sluice_model::{Delivery, OffsetRange};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Bench, Filler, OddRecord, eventually, read_all, skipped};

const COUNT: usize = 20;

/// Records that differ from each other in every field, some with a null where an empty might stand.
fn records(count: usize) -> Vec<FakeRecord> {
    (0..count)
        .map(|n| {
            let mut record = FakeRecord::new(format!("k{n}"), format!("v{n}"))
                .at(1_700_000_000_000 + n as i64)
                .header("h", Some(format!("h{n}").as_bytes()));
            match n % COUNT {
                3 => record.key = None,
                4 => record.value = None,
                5 => record.headers[0].value = None,
                _ => {}
            }
            record
        })
        .collect()
}

fn append(cluster: &FakeCluster, topic: &str, partition: i32, records: &[FakeRecord]) -> Result<()> {
    for batch in records.chunks(250) {
        cluster.append(topic, partition, batch.to_vec())?;
    }
    Ok(())
}

fn pair() -> Result<(FakeCluster, FakeCluster)> {
    Ok((FakeCluster::builder().start()?, FakeCluster::builder().start()?))
}

fn bench(source: &FakeCluster, target: &FakeCluster, topic: &str) -> Result<Bench> {
    Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])
}

/// Whether the verification has the state of the copy, or only the description of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Knows {
    State,
    Description,
}

const BOTH: [Knows; 2] = [Knows::State, Knows::Description];

/// Copies `topic` from source to target, and replaces partition 1 of the copy by `tampered`.
fn tampered(
    source: &FakeCluster,
    target: &FakeCluster,
    topic: &str,
    knows: Knows,
    tampered: &[FakeRecord],
) -> Result<VerificationReport> {
    let mut bench = bench(source, target, topic)?;
    // Without transactions, so that the offsets on the target have no markers between them.
    bench.task.delivery = Delivery::AtLeastOnce;
    bench.copy()?;
    target.truncate(topic, 1, 0)?;
    append(target, topic, 1, tampered)?;
    verify(&bench, knows, source, target, topic)
}

fn verify(
    bench: &Bench,
    knows: Knows,
    source: &FakeCluster,
    target: &FakeCluster,
    topic: &str,
) -> Result<VerificationReport> {
    match knows {
        Knows::State => bench.verify(),
        Knows::Description => self::bench(source, target, topic)?.verify(),
    }
}

type Tamper = fn(&mut Vec<FakeRecord>);
/// Name, what is done to the target, the kind that must be found, and its source and target offset.
type Case = (&'static str, Tamper, DifferenceKind, Option<i64>, Option<i64>);

#[test]
fn every_kind_of_difference_is_found_and_named_with_its_place() -> Result<()> {
    let (source, target) = pair()?;
    let cases: [Case; 20] = [
        (
            "first-missing",
            |r| drop(r.remove(0)),
            DifferenceKind::Missing,
            Some(0),
            None,
        ),
        (
            "missing",
            |r| drop(r.remove(7)),
            DifferenceKind::Missing,
            Some(7),
            None,
        ),
        (
            "last-missing",
            |r| drop(r.remove(19)),
            DifferenceKind::Missing,
            Some(19),
            None,
        ),
        (
            "extra-first",
            |r| r.insert(0, FakeRecord::new("x", "x")),
            DifferenceKind::Extra,
            None,
            Some(0),
        ),
        (
            "extra",
            |r| r.insert(7, FakeRecord::new("x", "x")),
            DifferenceKind::Extra,
            None,
            Some(7),
        ),
        (
            "extra-last",
            |r| r.push(FakeRecord::new("x", "x")),
            DifferenceKind::Extra,
            None,
            Some(20),
        ),
        (
            "duplicate",
            |r| r.insert(8, r[7].clone()),
            DifferenceKind::Duplicate,
            None,
            Some(8),
        ),
        (
            "duplicate-later",
            |r| r.push(r[7].clone()),
            DifferenceKind::Duplicate,
            None,
            Some(20),
        ),
        (
            "key",
            |r| r[7].key = Some("K7".into()),
            DifferenceKind::Key,
            Some(7),
            Some(7),
        ),
        (
            "value",
            |r| r[7].value = Some("V7".into()),
            DifferenceKind::Value,
            Some(7),
            Some(7),
        ),
        (
            "first-value",
            |r| r[0].value = Some("V0".into()),
            DifferenceKind::Value,
            Some(0),
            Some(0),
        ),
        (
            "last-value",
            |r| r[19].value = Some("V19".into()),
            DifferenceKind::Value,
            Some(19),
            Some(19),
        ),
        (
            "header-value",
            |r| r[7].headers[0].value = Some("H7".into()),
            DifferenceKind::Headers,
            Some(7),
            Some(7),
        ),
        (
            "header-name",
            |r| r[7].headers[0].key = "H".into(),
            DifferenceKind::Headers,
            Some(7),
            Some(7),
        ),
        (
            "header-lost",
            |r| r[7].headers.clear(),
            DifferenceKind::Headers,
            Some(7),
            Some(7),
        ),
        (
            "timestamp",
            |r| r[7].timestamp += 1,
            DifferenceKind::Timestamp,
            Some(7),
            Some(7),
        ),
        (
            "swapped",
            |r| r.swap(7, 8),
            DifferenceKind::Order,
            Some(7),
            Some(7),
        ),
        (
            "empty-key",
            |r| r[3].key = Some(Bytes::new()),
            DifferenceKind::NullEmpty,
            Some(3),
            Some(3),
        ),
        (
            "empty-value",
            |r| r[4].value = Some(Bytes::new()),
            DifferenceKind::NullEmpty,
            Some(4),
            Some(4),
        ),
        (
            "empty-header",
            |r| r[5].headers[0].value = Some(Bytes::new()),
            DifferenceKind::NullEmpty,
            Some(5),
            Some(5),
        ),
    ];
    for (name, tamper, kind, at_source, on_target) in cases {
        for knows in BOTH {
            let topic = format!("{name}-{knows:?}");
            source.create_topic(&topic, 2, &[])?;
            append(&source, &topic, 0, &records(COUNT))?;
            append(&source, &topic, 1, &records(COUNT))?;
            let mut changed = records(COUNT);
            tamper(&mut changed);
            let report = tampered(&source, &target, &topic, knows, &changed)?;

            assert_eq!(
                (report.result, report.equal),
                (VerificationResult::Different, false),
                "{topic}: {report:#?}"
            );
            assert_eq!(
                report.differences,
                BTreeMap::from([(kind, 1)]),
                "{topic}: {report:#?}"
            );
            let [found] = report.first_differences.as_slice() else {
                bail!("{topic}: {report:#?}")
            };
            assert_eq!(
                (found.kind, found.topic.as_str(), found.partition),
                (kind, topic.as_str(), 1),
                "{topic}"
            );
            assert_eq!(
                (found.source_offset, found.target_offset),
                (at_source, on_target),
                "{topic}: {report:#?}"
            );
            assert!(!found.detail.is_empty(), "{topic}");
            let [whole, broken] = report.partitions.as_slice() else {
                bail!("{topic}: {report:#?}")
            };
            assert!(
                whole.differences.is_empty()
                    && whole.equal_records == COUNT as u64
                    && whole.source_digest == whole.target_digest,
                "{topic}: {whole:#?}"
            );
            let paired = if kind == DifferenceKind::Order {
                2
            } else {
                u64::from(at_source.is_some())
            };
            assert_eq!(
                broken.equal_records,
                COUNT as u64 - paired,
                "{topic}: {broken:#?}"
            );
            assert_ne!(broken.source_digest, broken.target_digest, "{topic}");
            assert!(
                report.sentence.starts_with("Different: 1 of 2 partitions differ"),
                "{}",
                report.sentence
            );
        }
    }
    Ok(())
}

#[test]
fn the_detail_shows_both_sides() -> Result<()> {
    let (source, target) = pair()?;
    source.create_topic("shown", 2, &[])?;
    append(&source, "shown", 1, &records(COUNT))?;
    let mut changed = records(COUNT);
    changed[7].value = Some("other".into());
    changed[5].headers[0].value = Some(Bytes::new());
    let report = tampered(&source, &target, "shown", Knows::State, &changed)?;
    let detail = |kind| {
        report
            .first_differences
            .iter()
            .find(|found| found.kind == kind)
            .map(|found| found.detail.as_str())
            .context("not found")
    };
    assert_eq!(
        detail(DifferenceKind::Value)?,
        "source value \"v7\" at offset 7; target value \"other\" at offset 7"
    );
    assert!(
        detail(DifferenceKind::NullEmpty)?.contains("headers [h=null] at offset 5; target"),
        "{report:#?}"
    );
    assert!(
        detail(DifferenceKind::NullEmpty)?.contains("headers [h=\"\"] at offset 5"),
        "{report:#?}"
    );
    let json = serde_json::to_value(&report)?;
    assert_eq!(
        json["differences"],
        serde_json::json!({ "null_empty": 1, "value": 1 })
    );
    Ok(())
}

#[test]
fn several_differences_of_a_partition_are_all_counted() -> Result<()> {
    let (source, target) = pair()?;
    for knows in BOTH {
        let topic = format!("several-{knows:?}");
        source.create_topic(&topic, 2, &[])?;
        append(&source, &topic, 1, &records(200))?;
        let mut changed = records(200);
        changed[150].value = Some("changed".into());
        changed.swap(120, 121);
        changed.remove(90);
        changed.insert(40, FakeRecord::new("x", "x"));
        changed[10].timestamp = 7;
        let report = tampered(&source, &target, &topic, knows, &changed)?;
        let expected = [
            DifferenceKind::Missing,
            DifferenceKind::Extra,
            DifferenceKind::Order,
            DifferenceKind::Value,
            DifferenceKind::Timestamp,
        ];
        assert_eq!(
            report.differences,
            expected.into_iter().map(|kind| (kind, 1)).collect(),
            "{report:#?}"
        );
        let places: BTreeMap<_, _> = report
            .first_differences
            .iter()
            .map(|found| (found.kind, (found.source_offset, found.target_offset)))
            .collect();
        assert_eq!(places[&DifferenceKind::Missing], (Some(90), None));
        assert_eq!(places[&DifferenceKind::Extra], (None, Some(40)));
        assert_eq!(places[&DifferenceKind::Value], (Some(150), Some(150)));
        assert_eq!(places[&DifferenceKind::Timestamp], (Some(10), Some(10)));
    }
    Ok(())
}

#[test]
fn long_stretches_that_are_missing_foreign_or_doubled_are_counted_record_by_record() -> Result<()> {
    let (source, target) = pair()?;
    let all = records(12_000);
    let foreign: Vec<FakeRecord> = (0..5_000)
        .map(|n| FakeRecord::new("foreign", format!("{n}")))
        .collect();
    let cases = [
        (
            "missing",
            [&all[..3_000], &all[8_000..]].concat(),
            DifferenceKind::Missing,
        ),
        (
            "foreign",
            [&all[..3_000], &foreign[..], &all[3_000..]].concat(),
            DifferenceKind::Extra,
        ),
        (
            "doubled",
            [&all[..7_000], &all[2_000..]].concat(),
            DifferenceKind::Duplicate,
        ),
    ];
    for (name, copy, kind) in cases {
        for knows in BOTH {
            let topic = format!("{name}-{knows:?}");
            source.create_topic(&topic, 2, &[])?;
            append(&source, &topic, 1, &all)?;
            let report = tampered(&source, &target, &topic, knows, &copy)?;
            assert_eq!(
                report.differences,
                BTreeMap::from([(kind, 5_000)]),
                "{topic}: {:#?}",
                report.first_differences
            );
        }
    }
    Ok(())
}

#[test]
fn what_a_target_lacks_or_holds_as_a_whole_is_named() -> Result<()> {
    let (source, target) = pair()?;
    source.create_topic("t", 1, &[])?;
    append(&source, "t", 0, &records(COUNT))?;
    let bench = bench(&source, &target, "t")?;
    let report = bench.verify()?;
    assert_eq!(report.result, VerificationResult::Incomplete, "{report:#?}");
    assert_eq!(
        report.partitions[0].problem.as_deref(),
        Some("the target has no such partition")
    );

    target.create_topic("t", 1, &[])?;
    let report = bench.verify()?;
    assert_eq!(
        report.differences,
        BTreeMap::from([(DifferenceKind::Missing, COUNT as u64)])
    );

    append(
        &target,
        "t",
        0,
        &(0..COUNT)
            .map(|n| FakeRecord::new("other", format!("{n}")))
            .collect::<Vec<_>>(),
    )?;
    assert_eq!(bench.verify()?.result, VerificationResult::Different);
    Ok(())
}

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

/// `keys` keys, each written `times` times.
fn upserts(keys: usize, times: usize) -> Vec<FakeRecord> {
    (0..keys * times)
        .map(|n| FakeRecord::new(format!("k{}", n % keys), format!("v{n}")).at(1_700_000_000_000 + n as i64))
        .collect()
}

#[test]
fn compaction_on_either_side_raises_no_false_alarm() -> Result<()> {
    let (source, target) = pair()?;
    for (keys, times) in [(5, 8), (3_000, 4)] {
        let upserts = upserts(keys, times);
        for (name, before, at_source, on_target) in [
            ("before", true, false, false),
            ("source", false, true, false),
            ("target", false, false, true),
            ("both", false, true, true),
            ("all", true, true, true),
        ] {
            let topic = format!("compacted-{name}-{keys}");
            source.create_topic(&topic, 1, &[("cleanup.policy", "compact")])?;
            append(&source, &topic, 0, &upserts[..upserts.len() / 2 + 1])?;
            if before {
                source.compact(&topic, 0)?;
            }
            append(&source, &topic, 0, &upserts[upserts.len() / 2 + 1..])?;
            let mut bench = bench(&source, &target, &topic)?;
            bench.task.delivery = if before {
                Delivery::ExactlyOnce
            } else {
                Delivery::AtLeastOnce
            };
            bench.copy()?;
            // Behind the checkpoint, superseding everything before it.
            if at_source {
                append(
                    &source,
                    &topic,
                    0,
                    &self::upserts(keys, times + 1)[keys * times..],
                )?;
                source.compact(&topic, 0)?;
            }
            if on_target {
                target.compact(&topic, 0)?;
            }
            let report = bench.verify()?;
            let expected = if at_source {
                VerificationResult::Behind
            } else {
                VerificationResult::Equal
            };
            assert_eq!(report.result, expected, "{topic}: {report:#?}");
            assert_eq!(
                report.accepted.contains_key(&Accepted::Compacted),
                at_source || on_target,
                "{topic}: {report:#?}"
            );
            bench.copy()?;
            if on_target {
                target.compact(&topic, 0)?;
            }
            for knows in BOTH {
                let report = verify(&bench, knows, &source, &target, &topic)?;
                assert_eq!(
                    report.result,
                    VerificationResult::Equal,
                    "{topic} {knows:?}: {report:#?}"
                );
                assert!(
                    !report.accepted.keys().any(|kind| *kind != Accepted::Compacted),
                    "{topic}: {report:#?}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn compaction_hides_neither_a_lost_nor_a_changed_last_record() -> Result<()> {
    let (source, target) = pair()?;
    let all = upserts(5, 8);
    let cases: [(&str, Tamper, &[DifferenceKind]); 4] = [
        ("lost", |r| drop(r.remove(38)), &[DifferenceKind::Missing]),
        (
            "very-last-lost",
            |r| drop(r.remove(39)),
            &[DifferenceKind::Missing],
        ),
        (
            "changed",
            |r| r[37].value = Some("changed".into()),
            &[DifferenceKind::Value],
        ),
        (
            "foreign",
            |r| r.push(FakeRecord::new("stranger", "x")),
            &[DifferenceKind::Extra],
        ),
    ];
    for (name, tamper, kinds) in cases {
        for knows in BOTH {
            for compacted in [false, true] {
                let topic = format!("{name}-{knows:?}-{compacted}");
                source.create_topic(&topic, 2, &[("cleanup.policy", "compact")])?;
                append(&source, &topic, 1, &all)?;
                let mut changed = all.clone();
                tamper(&mut changed);
                let mut bench = bench(&source, &target, &topic)?;
                bench.task.delivery = Delivery::AtLeastOnce;
                bench.copy()?;
                target.truncate(&topic, 1, 0)?;
                append(&target, &topic, 1, &changed)?;
                if compacted {
                    source.compact(&topic, 1)?;
                    target.compact(&topic, 1)?;
                }
                let report = verify(&bench, knows, &source, &target, &topic)?;
                assert_eq!(
                    report.result,
                    VerificationResult::Different,
                    "{topic}: {report:#?}"
                );
                assert_eq!(
                    report.differences.keys().copied().collect::<Vec<_>>(),
                    kinds,
                    "{topic}: {report:#?}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn removed_tombstones_are_no_difference() -> Result<()> {
    let (source, target) = pair()?;
    let with = [
        upserts(4, 2),
        vec![FakeRecord::tombstone("k1").at(1_700_000_001_000)],
        vec![FakeRecord::new("k9", "last").at(1_700_000_002_000)],
    ]
    .concat();
    let without: Vec<FakeRecord> = with
        .iter()
        .filter(|record| record.key.as_deref() != Some(b"k1"))
        .cloned()
        .collect();
    for (name, at_source, on_target) in [("target", &with, &without), ("source", &without, &with)] {
        for cluster in [&source, &target] {
            cluster.create_topic(name, 1, &[("cleanup.policy", "compact")])?;
        }
        append(&source, name, 0, at_source)?;
        append(&target, name, 0, on_target)?;
        let report = bench(&source, &target, name)?.verify()?;
        assert_eq!(report.result, VerificationResult::Equal, "{name}: {report:#?}");
    }
    Ok(())
}

#[test]
fn what_retention_took_on_either_side_is_listed_as_not_checked() -> Result<()> {
    let (source, target) = pair()?;
    for (name, at_source, on_target, ranges) in [
        ("source", 8, 0, vec![OffsetRange { from: 0, to: 8 }]),
        ("target", 0, 8, vec![OffsetRange { from: 0, to: 8 }]),
        (
            "both",
            5,
            8,
            vec![OffsetRange { from: 0, to: 5 }, OffsetRange { from: 5, to: 8 }],
        ),
        (
            "all-at-source",
            COUNT as i64,
            0,
            vec![OffsetRange {
                from: 0,
                to: COUNT as i64,
            }],
        ),
    ] {
        source.create_topic(name, 1, &[])?;
        append(&source, name, 0, &records(COUNT))?;
        let mut bench = bench(&source, &target, name)?;
        bench.task.delivery = Delivery::AtLeastOnce;
        bench.copy()?;
        source.delete_records(name, 0, at_source)?;
        target.delete_records(name, 0, on_target)?;
        let report = bench.verify()?;
        // With nothing left to compare nothing is proved, and what the target alone has lost is missing there.
        let expected = if at_source == COUNT as i64 || on_target > at_source {
            VerificationResult::Incomplete
        } else {
            VerificationResult::Equal
        };
        assert_eq!(report.result, expected, "{name}: {report:#?}");
        assert_eq!(
            report.partitions[0]
                .not_checked
                .iter()
                .map(|(range, _)| *range)
                .collect::<Vec<_>>(),
            ranges,
            "{report:#?}"
        );
        assert_eq!(
            report.partitions[0].equal_records,
            COUNT as u64 - at_source.max(on_target) as u64,
            "{report:#?}"
        );
        assert!(
            report.sentence.contains("offsets are no longer there to compare"),
            "{}",
            report.sentence
        );

        let report = verify(&bench, Knows::Description, &source, &target, name)?;
        let expected = if on_target > at_source {
            VerificationResult::Incomplete
        } else {
            VerificationResult::Equal
        };
        assert_eq!(
            report.result, expected,
            "{name} from its description: {report:#?}"
        );
        assert!(!report.partitions[0].not_checked.is_empty(), "{report:#?}");
    }
    Ok(())
}

#[test]
fn differences_behind_what_retention_took_are_still_found() -> Result<()> {
    let (source, target) = pair()?;
    for (name, at_source, on_target) in [("source", 8, 0), ("target", 0, 8)] {
        for knows in BOTH {
            let topic = format!("cut-{name}-{knows:?}");
            source.create_topic(&topic, 2, &[])?;
            append(&source, &topic, 1, &records(200))?;
            let mut bench = bench(&source, &target, &topic)?;
            bench.task.delivery = Delivery::AtLeastOnce;
            bench.copy()?;
            let mut changed = records(200);
            changed[9].value = Some("changed".into());
            changed.remove(150);
            target.truncate(&topic, 1, 0)?;
            append(&target, &topic, 1, &changed)?;
            source.delete_records(&topic, 1, at_source)?;
            target.delete_records(&topic, 1, on_target)?;
            let report = verify(&bench, knows, &source, &target, &topic)?;
            assert_eq!(
                report.differences,
                BTreeMap::from([(DifferenceKind::Missing, 1), (DifferenceKind::Value, 1)]),
                "{topic}: {report:#?}"
            );
        }
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

/// Resident memory of this process in MiB: the peak since the last call, and now.
fn memory() -> Result<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let of = |name: &str| -> Result<u64> {
        let line = status
            .lines()
            .find(|line| line.starts_with(name))
            .context("no such line")?;
        Ok(line
            .split_whitespace()
            .nth(1)
            .context("no number")?
            .parse::<u64>()?
            / 1024)
    };
    let found = (of("VmHWM:")?, of("VmRSS:")?);
    std::fs::write("/proc/self/clear_refs", "5")?;
    Ok(found)
}

#[test]
#[cfg(target_os = "linux")]
fn memory_stays_bounded_whatever_the_partitions_hold() -> Result<()> {
    const RECORDS: usize = 150;
    let (source, target) = pair()?;
    for cluster in [&source, &target] {
        cluster.create_topic("big", 2, &[("max.message.bytes", "2000000")])?;
    }
    for n in 0..RECORDS {
        let value = Bytes::from(format!("{n:08}").repeat(131_072));
        for partition in 0..2 {
            source.append(
                "big",
                partition,
                vec![FakeRecord::new("k", value.clone()).at(n as i64 + 1)],
            )?;
            // Partition 1 has nothing in common with its source: the search for common records must be bounded as well.
            let other = if partition == 0 {
                value.clone()
            } else {
                Bytes::from(format!("{n:07}x").repeat(131_072))
            };
            target.append(
                "big",
                partition,
                vec![FakeRecord::new("k", other).at(n as i64 + 1)],
            )?;
        }
    }
    let bench = bench(&source, &target, "big")?;
    let (_, before) = memory()?;
    let report = bench.verify()?;
    let (peak, _) = memory()?;
    assert_eq!(
        report
            .partitions
            .iter()
            .map(|partition| partition.equal_records)
            .collect::<Vec<_>>(),
        [RECORDS as u64, 0],
        "{report:#?}"
    );
    assert_eq!(
        report.differences,
        BTreeMap::from([(DifferenceKind::Value, RECORDS as u64)]),
        "{:#?}",
        report.first_differences
    );
    // 600 MiB were compared; both readers, the windows and the fake brokers' own buffers take part of the rest.
    assert!(
        peak - before < 250,
        "{} MiB more than the {before} MiB before",
        peak - before
    );
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
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["open"])?;
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

#[test]
fn the_fake_brokers_hold_what_the_cases_think_they_hold() -> Result<()> {
    let (source, target) = pair()?;
    source.create_topic("held", 2, &[])?;
    append(&source, "held", 1, &records(COUNT))?;
    tampered(&source, &target, "held", Knows::State, &records(COUNT)[..5])?;
    let held: Vec<FakeRecord> = target
        .records("held", 1, Isolation::Committed)?
        .into_iter()
        .map(|stored| stored.record)
        .collect();
    assert_eq!(held, records(COUNT)[..5]);
    assert_eq!(
        held[0].headers,
        [FakeHeader {
            key: "h".into(),
            value: Some("h0".into())
        }]
    );
    Ok(())
}
