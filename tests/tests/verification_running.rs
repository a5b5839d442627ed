//! A verification of a task that runs: copies that are not noted yet are no strangers, and strangers behind the last copy,
//! or beside all of them, are found.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use sluice_engine::{DifferenceKind, VerificationResult, VerifyOptions};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::{Delivery, ExistingData, LaneChoice};
use sluice_tests::{Bench, eventually, stop};

const DELIVERIES: [Delivery; 3] = [Delivery::ExactlyOnce, Delivery::AtLeastOnce, Delivery::Mirror];

fn records(from: usize, count: usize) -> Vec<FakeRecord> {
    (from..from + count)
        .map(|n| FakeRecord::new(format!("k{n}"), format!("v{n}")).at(1_700_000_000_000 + n as i64))
        .collect()
}

fn running() -> VerifyOptions {
    VerifyOptions {
        running: true,
        ..VerifyOptions::default()
    }
}

struct Scene {
    source: FakeCluster,
    target: FakeCluster,
    bench: Bench,
}

impl Scene {
    fn new(delivery: Delivery, partitions: i32) -> Result<Self> {
        let (source, target) = (FakeCluster::builder().start()?, FakeCluster::builder().start()?);
        source.create_topic("t", partitions, &[])?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
        bench.task.delivery = delivery;
        bench.task.lane = LaneChoice::Wire;
        Ok(Self {
            source,
            target,
            bench,
        })
    }

    /// Waits until `count` records are copied and noted.
    fn copied(&self, count: u64) -> Result<()> {
        eventually("everything is copied", || {
            let report = self.bench.verify_with(running())?;
            Ok(report.source_records == count && report.not_copied.partitions == 0)
        })
    }
}

#[test]
fn a_strangers_record_behind_the_last_copy_is_found_while_the_task_runs() -> Result<()> {
    for delivery in DELIVERIES {
        let scene = Scene::new(delivery, 2)?;
        scene.source.append("t", 0, records(0, 50))?;
        let copy = scene.bench.start(false)?;
        scene.copied(50)?;
        scene.target.append("t", 0, records(900, 2))?;
        // A partition of which nothing was copied.
        scene.target.append("t", 1, records(950, 1))?;
        let report = scene.bench.verify_with(running())?;
        assert_eq!(
            (report.result, &report.differences),
            (
                VerificationResult::Different,
                &BTreeMap::from([(DifferenceKind::Extra, 3)])
            ),
            "{delivery:?}: {report:#?}"
        );
        let example = &report.first_differences[0];
        assert!(example.detail.contains("v900"), "{delivery:?}: {example:?}");
        stop(copy)?;
    }
    Ok(())
}

#[test]
fn what_is_copied_while_it_is_verified_is_never_called_foreign_or_missing() -> Result<()> {
    for delivery in DELIVERIES {
        let scene = Scene::new(delivery, 2)?;
        let copy = scene.bench.start(false)?;
        let written = AtomicBool::new(false);
        let seen = std::thread::scope(|scope| -> Result<u64> {
            let writer = scope.spawn(|| -> Result<()> {
                for n in (0..).step_by(10).take_while(|_| !written.load(Ordering::Relaxed)) {
                    for partition in 0..2 {
                        scene.source.append("t", partition, records(n, 10))?;
                    }
                    // As a source is written to: neither side is at its end for long.
                    std::thread::sleep(Duration::from_millis(2));
                }
                Ok(())
            });
            let seen = verified_again_and_again(&scene, delivery);
            written.store(true, Ordering::Relaxed);
            writer.join().map_err(|_| anyhow!("the writer panicked"))??;
            seen
        })?;
        ensure!(seen > 0, "{delivery:?}: nothing was compared");
        stop(copy)?;
        let report = scene.bench.verify()?;
        assert_eq!(report.differences, BTreeMap::new(), "{delivery:?}: {report:#?}");
    }
    Ok(())
}

/// Returns the most records that one of the verifications compared.
fn verified_again_and_again(scene: &Scene, delivery: Delivery) -> Result<u64> {
    let mut seen = 0;
    for round in 0..25 {
        let report = scene.bench.verify_with(running())?;
        ensure!(
            report.result == VerificationResult::Equal && report.not_compared.partitions == 0,
            "{delivery:?}, round {round}: {report:#?}"
        );
        seen = seen.max(report.source_records);
    }
    Ok(seen)
}

#[test]
fn records_in_partitions_that_only_the_target_has_are_foreign() -> Result<()> {
    for knows in [true, false] {
        let scene = Scene::new(Delivery::AtLeastOnce, 1)?;
        scene.source.append("t", 0, records(0, 10))?;
        scene.bench.copy()?;
        scene.target.add_partitions("t", 3)?;
        let verify = || {
            if knows {
                scene.bench.verify()
            } else {
                Bench::new(&scene.source.bootstrap(), &scene.target.bootstrap(), &["t"])?.verify()
            }
        };
        assert_eq!(
            verify()?.result,
            VerificationResult::Equal,
            "empty ones are nothing"
        );
        scene.target.append("t", 2, records(900, 7))?;
        let report = verify()?;
        assert_eq!(
            (report.result, &report.differences),
            (
                VerificationResult::Different,
                &BTreeMap::from([(DifferenceKind::Extra, 7)])
            ),
            "state known: {knows}: {report:#?}"
        );
        assert_eq!(
            report
                .partitions
                .iter()
                .map(|row| (row.partition, row.target_records))
                .collect::<Vec<_>>(),
            [(0, 10), (2, 7)]
        );
    }
    Ok(())
}

#[test]
fn a_task_that_adds_to_topics_with_data_says_which_partitions_it_cannot_judge() -> Result<()> {
    let mut scene = Scene::new(Delivery::AtLeastOnce, 1)?;
    scene.bench.task.existing = ExistingData::Append;
    scene.source.append("t", 0, records(0, 10))?;
    scene.target.create_topic("t", 2, &[])?;
    scene.target.append("t", 1, records(900, 7))?;
    scene.bench.copy()?;
    let report = scene.bench.verify()?;
    assert_eq!(
        (report.result, report.unread_partitions),
        (VerificationResult::Equal, 1),
        "{report:#?}"
    );
    assert!(
        report.sentence.ends_with(
            "1 partitions that only the target has hold records, which may be older than the task"
        ),
        "{}",
        report.sentence
    );
    Ok(())
}
