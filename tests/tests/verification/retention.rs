//! Logs whose oldest records were deleted on one side or on both.

use std::collections::BTreeMap;

use anyhow::Result;
use sluice_engine::{DifferenceKind, VerificationResult};
use sluice_model::{Delivery, OffsetRange};

use crate::ground::{BOTH, COUNT, Knows, append, bench, pair, records, verify};

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
