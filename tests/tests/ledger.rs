//! No crash leaves a record that is neither copied nor in the ledger: the copy is ended at each of its writes in turn, and
//! is exact after the next start.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use sluice_engine::{CheckpointStore, Ending, RunOptions, start};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::{Delivery, OutOfRange};
use sluice_tests::{BOTH, Bench, DyingStore, fake_clusters, values};

/// Records before, between and behind two that the target does not take.
const RECORDS: usize = 60;
const REFUSED: [usize; 2] = [20, 41];
/// Writes at which a copy is ended: more than one makes.
const WRITES: usize = 14;

/// What no codec makes smaller than the target's limit.
fn noise(size: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..size)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(33 + (state >> 58) as u8)
        })
        .collect()
}

fn fill(source: &FakeCluster) -> Result<()> {
    source.create_topic("t", 1, &[])?;
    for n in 0..RECORDS {
        let value = if REFUSED.contains(&n) {
            noise(200_000)
        } else {
            n.to_string()
        };
        source.append("t", 0, vec![FakeRecord::new("k", value).at(1_700_000_000_000)])?;
    }
    Ok(())
}

/// Runs the task with a store that dies after some writes. Returns whether it died.
fn dies(bench: &Bench, writes: usize) -> Result<bool> {
    let store = Arc::new(DyingStore::after(Arc::clone(&bench.store), writes));
    let options = RunOptions {
        until_caught_up: true,
        ..RunOptions::default()
    };
    let Ok(running) = start(bench.task.clone(), store, Arc::new(|_| {}), options) else {
        return Ok(true);
    };
    match running.wait().ending {
        Ending::Failed(_) => Ok(true),
        Ending::CaughtUp { incomplete } if incomplete.is_empty() => Ok(false),
        other => bail!("{other:?}"),
    }
}

fn is_exact(bench: &Bench, target: &FakeCluster, delivery: Delivery, ended_at: usize) -> Result<()> {
    let wanted: Vec<String> = (0..RECORDS)
        .filter(|n| !REFUSED.contains(n))
        .map(|n| n.to_string())
        .collect();
    let mut copied = values(target, "t")?;
    if delivery == Delivery::AtLeastOnce {
        // What was acknowledged and not saved is written once more, behind what is there.
        let mut seen = std::collections::BTreeSet::new();
        copied.retain(|value| seen.insert(value.clone()));
    }
    let sizes: Vec<usize> = copied.iter().map(String::len).collect();
    ensure!(
        copied == wanted,
        "ended at write {ended_at}: values of {sizes:?} bytes"
    );
    let offsets: Vec<usize> = bench
        .store
        .quarantined(&bench.task.name, 100)?
        .into_iter()
        .map(|row| row.offset as usize)
        .collect();
    ensure!(
        offsets == REFUSED,
        "ended at write {ended_at}: quarantine {offsets:?}"
    );
    ensure!(bench.store.quarantined_count(&bench.task.name)? == 2);
    Ok(())
}

#[test]
fn a_copy_that_is_ended_at_any_of_its_writes_is_exact_after_the_next_start() -> Result<()> {
    for delivery in BOTH {
        let mut died = 0;
        for writes in 0..WRITES {
            let (source, target) = fake_clusters()?;
            fill(&source)?;
            target.create_topic("t", 1, &[("max.message.bytes", "100000")])?;
            let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
            bench.task.delivery = delivery;
            bench.task.out_of_range = OutOfRange::Nearest;
            died += usize::from(dies(&bench, writes)?);
            bench.copy()?;
            is_exact(&bench, &target, delivery, writes)?;
        }
        assert!(died >= 3, "the copy made only {died} writes");
    }
    Ok(())
}
