//! What is wrong with a copy is found, counted and named with its place.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use sluice_engine::{DifferenceKind, VerificationReport, VerificationResult};
use sluice_fakekafka::{FakeCluster, FakeHeader, FakeRecord, Isolation};
use sluice_model::Delivery;

use crate::ground::{BOTH, COUNT, Knows, Tamper, append, bench, pair, records, verify};

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
