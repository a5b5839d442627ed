//! What a running copy tells of its speed, its latency, and of partitions that do not move (hermetic).

use anyhow::{Context, Result, ensure};
use sluice_fakekafka::{FakeRecord, Outcome};
use sluice_model::LaneChoice;
use sluice_tests::{Bench, EVERY_WAY, eventually, fake_clusters as clusters, stop};

const BEGIN: i64 = 1_700_000_000_000;

fn records(count: usize) -> Vec<FakeRecord> {
    (0..count)
        .map(|n| FakeRecord::new("0123456789", "abcdefghij").at(BEGIN + n as i64))
        .collect()
}

#[test]
fn latency_is_measured_in_at_least_one_record_of_a_batch_and_in_order() -> Result<()> {
    for (lane, delivery) in EVERY_WAY {
        let (source, target) = clusters()?;
        source.create_topic("t", 1, &[])?;
        for _ in 0..10 {
            source.append("t", 0, records(500))?;
        }
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
        bench.task.lane = lane;
        bench.task.delivery = delivery;
        let outcome = bench.copy()?;
        let told = outcome.progress.latency.context("no latency was told")?;
        // The wire lane measures each batch that it sends, which small ones may be joined in; the record lane at least one
        // record of 256.
        let least = match lane {
            LaneChoice::Record => 5_000 / 256,
            LaneChoice::Auto | LaneChoice::Wire => 1,
        };
        ensure!((least..=5_000).contains(&told.samples), "{lane:?} {told:?}");
        ensure!(
            0.0 < told.p50_ms && told.p50_ms <= told.p95_ms && told.p95_ms <= told.p99_ms,
            "{told:?}"
        );
        ensure!(told.p99_ms <= told.p999_ms && told.p999_ms < 60_000.0, "{told:?}");
        ensure!(
            outcome.progress.lag_bytes_estimate == Some(0),
            "{:?}",
            outcome.progress
        );
        ensure!(outcome.progress.retention_left_seconds.is_none());
    }
    Ok(())
}

#[test]
fn a_lag_is_told_in_bytes_and_records_held_by_a_transaction_are_not_stuck() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, records(100))?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    let running = bench.start(false)?;
    eventually("it has caught up", || Ok(running.progress().caught_up))?;
    source.append_transaction("t", 0, records(50), Outcome::Open)?;
    eventually("the open transaction is seen", || {
        Ok(running.progress().partitions[0].held_by_transaction == 50)
    })?;
    let progress = running.progress();
    let row = &progress.partitions[0];
    ensure!(!row.stuck, "{row:?}");
    ensure!(row.still_since_ms.is_some_and(|since| since > BEGIN), "{row:?}");
    // Each record has 20 bytes of key and value; the wire lane counts them as they are stored, with their lengths and times.
    let estimate = progress.lag_bytes_estimate.context("no estimate")?;
    ensure!((50 * 20..50 * 40).contains(&estimate), "{progress:?}");
    stop(running)
}
