//! A verification that continues an earlier one compares what is newer, and compares whole whatever was not proved, or is
//! no longer what was.

use anyhow::Result;
use sluice_engine::{DifferenceKind, VerificationReport, VerificationResult, VerifyOptions, VerifyScope};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::{Delivery, OffsetRange};
use sluice_tests::{BOTH, Bench};

fn records(from: usize, count: usize) -> Vec<FakeRecord> {
    (from..from + count)
        .map(|n| FakeRecord::new(format!("k{n}"), format!("v{n}")).at(1_700_000_000_000 + n as i64))
        .collect()
}

struct Scene {
    source: FakeCluster,
    target: FakeCluster,
    bench: Bench,
}

impl Scene {
    /// Topic `t` of two partitions with 100 records each, copied.
    fn new(delivery: Delivery) -> Result<Self> {
        let (source, target) = (FakeCluster::builder().start()?, FakeCluster::builder().start()?);
        source.create_topic("t", 2, &[])?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
        bench.task.delivery = delivery;
        let scene = Self {
            source,
            target,
            bench,
        };
        scene.copy_more(0, 100)?;
        Ok(scene)
    }

    fn copy_more(&self, from: usize, count: usize) -> Result<()> {
        for partition in 0..2 {
            self.source.append("t", partition, records(from, count))?;
        }
        self.bench.copy()?;
        Ok(())
    }

    fn after(&self, earlier: &VerificationReport, continues: bool) -> Result<VerificationReport> {
        self.bench.verify_with(VerifyOptions {
            earlier: earlier.proofs(),
            continues,
            ..VerifyOptions::default()
        })
    }
}

#[test]
fn only_what_is_newer_than_an_equal_verification_is_compared() -> Result<()> {
    for delivery in BOTH {
        let scene = Scene::new(delivery)?;
        let first = scene.bench.verify()?;
        assert_eq!(
            (first.result, first.proofs().len()),
            (VerificationResult::Equal, 2)
        );
        scene.copy_more(100, 30)?;
        let second = scene.after(&first, true)?;
        assert_eq!(
            (
                second.result,
                second.equal,
                second.source_records,
                second.target_records
            ),
            (VerificationResult::Equal, true, 60, 60),
            "{second:#?}"
        );
        assert_eq!(
            second.partitions[0].source_range.map(|range| range.from),
            Some(100)
        );
        assert_eq!(
            second.continues_ms,
            first.proofs().values().map(|proof| proof.at_ms).max()
        );
        assert!(
            second.sentence.contains("this continues the verification of ")
                && second.sentence.contains(" in 2 of 2 partitions"),
            "{}",
            second.sentence
        );
        let third = scene.after(&second, true)?;
        assert_eq!(
            (third.result, third.source_records),
            (VerificationResult::Equal, 0),
            "{third:#?}"
        );
        let whole = scene.after(&third, false)?;
        assert_eq!((whole.continues_ms, whole.source_records), (None, 260));
    }
    Ok(())
}

#[test]
fn what_is_wrong_in_the_newer_part_is_found_and_the_partition_is_compared_whole_from_then_on() -> Result<()> {
    let scene = Scene::new(Delivery::AtLeastOnce)?;
    let first = scene.bench.verify()?;
    scene.target.append("t", 1, records(900, 1))?;
    scene.copy_more(100, 10)?;
    let second = scene.after(&first, true)?;
    assert_eq!(
        (second.result, &second.differences),
        (
            VerificationResult::Different,
            &[(DifferenceKind::Extra, 1)].into()
        ),
        "{second:#?}"
    );
    assert_eq!(second.proofs().len(), 1);
    let third = scene.after(&second, true)?;
    assert_eq!(third.partitions[0].source_records, 0, "{third:#?}");
    assert_eq!(third.partitions[1].source_records, 110, "{third:#?}");
    assert!(
        third.sentence.contains(" in 1 of 2 partitions"),
        "{}",
        third.sentence
    );
    Ok(())
}

#[test]
fn a_partition_whose_proof_ends_where_nothing_is_left_is_compared_whole() -> Result<()> {
    let scene = Scene::new(Delivery::AtLeastOnce)?;
    let first = scene.bench.verify()?;
    scene.copy_more(100, 30)?;
    // Retention takes what was proved, and ten records more, of partition 0.
    scene.source.delete_records("t", 0, 110)?;
    let second = scene.after(&first, true)?;
    assert_eq!(
        second.partitions[0].gone[0].range,
        OffsetRange { from: 0, to: 110 },
        "{second:#?}"
    );
    assert_eq!(second.partitions[1].source_records, 30);
    assert_eq!(second.proofs().len(), 1, "a hole proves nothing");
    Ok(())
}

#[test]
fn another_target_topic_of_the_same_name_is_compared_whole() -> Result<()> {
    let scene = Scene::new(Delivery::AtLeastOnce)?;
    let first = scene.bench.verify()?;
    scene.target.delete_topic("t")?;
    scene.target.create_topic("t", 2, &[])?;
    for partition in 0..2 {
        scene.target.append("t", partition, records(0, 100))?;
    }
    let second = scene.after(&first, true)?;
    assert_eq!(
        (second.continues_ms, second.source_records),
        (None, 200),
        "{second:#?}"
    );
    assert_eq!(second.proofs().len(), 0, "the copy does not know this topic");
    Ok(())
}

#[test]
fn a_verification_of_a_part_keeps_what_was_proved_before() -> Result<()> {
    let scene = Scene::new(Delivery::AtLeastOnce)?;
    let first = scene.bench.verify()?;
    let part = scene.bench.verify_with(VerifyOptions {
        scope: VerifyScope {
            since: Some("offset:0=90".parse()?),
            ..VerifyScope::default()
        },
        earlier: first.proofs(),
        ..VerifyOptions::default()
    })?;
    assert_eq!(
        (part.result, part.source_records),
        (VerificationResult::Equal, 110),
        "{part:#?}"
    );
    assert_eq!(part.partitions[0].proof, None, "only its end was compared");
    assert_eq!(part.proofs().len(), 2);
    scene.copy_more(100, 5)?;
    assert_eq!(scene.after(&part, true)?.source_records, 10);
    Ok(())
}
