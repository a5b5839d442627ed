//! Logs that were compacted on one side or on both.

use anyhow::Result;
use sluice_engine::{Accepted, DifferenceKind, VerificationResult};
use sluice_fakekafka::FakeRecord;
use sluice_model::Delivery;

use crate::ground::{BOTH, Tamper, append, bench, pair, upserts, verify};

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
fn a_tombstone_that_is_not_there_while_its_key_lives_on_is_a_difference() -> Result<()> {
    let (source, target) = pair()?;
    let alive = upserts(4, 2);
    let tombstone = FakeRecord::tombstone("k1").at(1_700_000_001_000);
    let last = FakeRecord::new("k9", "last").at(1_700_000_002_000);
    // In a batch with the values or in one of its own, with something behind it or not, and by a policy that forbids it as well.
    for (policy, alone, behind) in [
        ("compact", false, false),
        ("compact", false, true),
        ("compact", true, false),
        ("compact", true, true),
        ("delete", true, true),
    ] {
        for (side, kind) in [
            ("target", DifferenceKind::Missing),
            ("source", DifferenceKind::Extra),
        ] {
            let topic = format!("{policy}-{side}-{alone}-{behind}");
            for (cluster, lacks) in [(&source, side == "source"), (&target, side == "target")] {
                let policy = if lacks { policy } else { "compact" };
                cluster.create_topic(&topic, 1, &[("cleanup.policy", policy)])?;
                let mut records = alive.clone();
                if !lacks && !alone {
                    records.push(tombstone.clone());
                }
                append(cluster, &topic, 0, &records)?;
                if !lacks && alone {
                    append(cluster, &topic, 0, std::slice::from_ref(&tombstone))?;
                }
                if behind {
                    append(cluster, &topic, 0, std::slice::from_ref(&last))?;
                }
            }
            let report = bench(&source, &target, &topic)?.verify()?;
            assert_eq!(
                report.result,
                VerificationResult::Different,
                "{topic}: {report:#?}"
            );
            let kinds: Vec<DifferenceKind> = report.differences.keys().copied().collect();
            assert_eq!(kinds, [kind], "{topic}: {report:#?}");
        }
    }
    Ok(())
}

#[test]
fn nothing_is_removed_by_compaction_from_a_log_that_is_not_compacted() -> Result<()> {
    let (source, target) = pair()?;
    let all = upserts(5, 8);
    for lost in [0, 3, 12, 34] {
        let mut fewer = all.clone();
        drop(fewer.remove(lost));
        for (side, kind) in [
            ("target", DifferenceKind::Missing),
            ("source", DifferenceKind::Extra),
        ] {
            let topic = format!("{side}-{lost}");
            let policy = |of: &str| if side == of { "delete" } else { "compact" };
            source.create_topic(&topic, 1, &[("cleanup.policy", policy("source"))])?;
            target.create_topic(&topic, 1, &[("cleanup.policy", policy("target"))])?;
            append(&source, &topic, 0, if side == "source" { &fewer } else { &all })?;
            append(&target, &topic, 0, if side == "target" { &fewer } else { &all })?;
            let report = bench(&source, &target, &topic)?.verify()?;
            assert_eq!(
                report.result,
                VerificationResult::Different,
                "{topic}: {report:#?}"
            );
            assert_eq!(report.differences.get(&kind), Some(&1), "{topic}: {report:#?}");
            assert_eq!(report.differences.len(), 1, "{topic}: {report:#?}");
        }
    }
    Ok(())
}
