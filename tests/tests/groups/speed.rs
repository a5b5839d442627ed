//! How long a sync of 10 000 positions takes. Measured, not asserted in time: `--ignored` prints it.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use sluice_engine::SyncOptions;
use sluice_model::{Cluster as Source, LaneChoice};
use sluice_testground::KafkaVersion;
use sluice_tests::{Bench, Filler, cluster, skipped};
use sluice_wire::{Client, GroupOffset, TopicPartition};

use crate::ground::{all, sync};

const PARTITIONS: i32 = 100;
const RECORDS: usize = 500;

fn commit_all(bootstrap: &str, topic: &str, groups: usize, partitions: i32) -> Result<()> {
    let client = Client::new(&Source::new(bootstrap)?)?;
    for group in 0..groups {
        let offsets: BTreeMap<TopicPartition, GroupOffset> = (0..partitions)
            .map(|partition| {
                let number = group * 31 + usize::try_from(partition).unwrap_or(0) * 17;
                let offset = GroupOffset {
                    offset: i64::try_from(number % (RECORDS + 1)).unwrap_or(0),
                    leader_epoch: None,
                    metadata: String::new(),
                };
                (TopicPartition::new(topic, partition), offset)
            })
            .collect();
        let outcome = client.offset_commit(&format!("g-{group:05}"), &offsets)?;
        ensure!(outcome.values().all(Result::is_ok), "{outcome:?}");
    }
    Ok(())
}

#[test]
#[ignore = "measures: cargo test --release -p sluice-tests --test groups -- --ignored --nocapture speed"]
fn ten_thousand_positions_of_100_and_of_1000_groups() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = (cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?);
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("wide", PARTITIONS, &[])?;
    filler.numbered("wide", PARTITIONS, 0, RECORDS, 200)?;
    filler.create("narrow", 10, &[])?;
    filler.numbered("narrow", 10, 0, RECORDS, 200)?;
    for (topic, groups, partitions, lane) in [
        ("wide", 100, PARTITIONS, LaneChoice::Record),
        ("narrow", 1_000, 10, LaneChoice::Record),
        // Proved by librdkafka.
        ("wide", 100, PARTITIONS, LaneChoice::Wire),
    ] {
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])?;
        bench.task.lane = lane;
        bench.task.rename.prefix = format!("{lane:?}.").to_lowercase();
        bench.copy()?;
        commit_all(&source.bootstrap(), topic, groups, partitions)?;
        for (what, options) in [
            (
                "dry run",
                SyncOptions {
                    dry_run: true,
                    ..SyncOptions::default()
                },
            ),
            ("without proofs", SyncOptions::default()),
            ("with proofs", all()),
            (
                "again, continuous",
                SyncOptions {
                    continuous: true,
                    ..all()
                },
            ),
        ] {
            let report = sync(&bench, &options)?;
            ensure!(report.failed == 0, "{:?}", report.groups.first());
            let positions: usize = report.groups.iter().map(|group| group.partitions.len()).sum();
            eprintln!(
                "{topic}, {lane:?} lane: {} groups, {positions} positions, {what}: {} committed in {} ms",
                report.groups.len(),
                report.committed,
                report.took_ms
            );
        }
    }
    Ok(())
}
