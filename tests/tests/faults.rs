//! Outages of real brokers under load: killed, restarted, cut off, held up by a transaction.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use sluice_engine::{Ending, PartitionCondition, PartitionProgress, Running, VerificationResult};
use sluice_model::Delivery;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{BOTH, Bench, Filler, Shared, eventually, odd_records, read_all, skipped, stop};

const PARTITIONS: i32 = 4;

struct Ground {
    source: Cluster,
    target: Cluster,
    filler: Filler,
    /// An outage is for the test that makes it.
    turn: Mutex<()>,
}

static GROUND: Shared<Ground> = Shared::new();

impl Ground {
    fn get() -> Result<Arc<Self>> {
        GROUND.get(|| {
            let source = Cluster::builder(KafkaVersion::V4_3_1)
                .brokers(3)
                .behind_link()
                .start()?;
            let target = Cluster::builder(KafkaVersion::V4_3_1)
                .brokers(3)
                .behind_link()
                .start()?;
            let filler = Filler::new(&source.direct_bootstrap())?;
            Ok(Self {
                source,
                target,
                filler,
                turn: Mutex::new(()),
            })
        })
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bench(&self, topic: &str, delivery: Delivery) -> Result<Bench> {
        let mut bench = Bench::new(&self.source.bootstrap(), &self.target.bootstrap(), &[topic])?;
        bench.task.delivery = delivery;
        bench.task.replication_factor = Some(3);
        Ok(bench)
    }

    /// Copies one topic in each delivery while `outage` happens and records keep coming; both sides end equal.
    fn copy_through(&self, name: &str, outage: impl FnOnce(&[Running]) -> Result<()>) -> Result<()> {
        let mut topics = Vec::new();
        let mut benches = Vec::new();
        let mut runs = Vec::new();
        for delivery in BOTH {
            let topic = format!("{name}-{delivery:?}");
            self.filler.create_replicated(&topic, PARTITIONS, 3, &[])?;
            self.filler.numbered(&topic, PARTITIONS, 0, 1_000, 200)?;
            let bench = self.bench(&topic, delivery)?;
            runs.push(bench.start(false)?);
            benches.push(bench);
            topics.push(topic);
        }
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| -> Result<()> {
            let writer = scope.spawn(|| -> Result<usize> {
                let mut next = 1_000;
                while !done.load(Ordering::Relaxed) {
                    for topic in &topics {
                        self.filler.numbered(topic, PARTITIONS, next, 50, 200)?;
                    }
                    next += 50;
                    std::thread::sleep(Duration::from_millis(100));
                }
                Ok(next)
            });
            let outcome = flows(&runs)
                .and_then(|()| outage(&runs))
                .and_then(|()| flows(&runs));
            done.store(true, Ordering::Relaxed);
            let written = writer.join().map_err(|_| anyhow!("the writer panicked"))?;
            outcome.with_context(|| format!("{written:?} written"))?;
            written.map(drop)
        })?;
        for ((running, bench), topic) in runs.into_iter().zip(benches).zip(topics) {
            eventually("it catches up", || {
                ensure!(!running.is_finished(), "the run has ended");
                Ok(running.progress().caught_up)
            })
            .with_context(|| format!("{:#?}", running.progress()))?;
            stop(running)?;
            // The last records may have come after the run was seen at its end.
            bench.copy()?;
            let report = bench.verify()?;
            assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
            for partition in 0..PARTITIONS {
                let original = read_all(&self.source.direct_bootstrap(), &topic, partition)?;
                let copy = read_all(&self.target.direct_bootstrap(), &topic, partition)?;
                assert!(original.len() > 1_000);
                assert_eq!(original.len(), copy.len(), "{topic}-{partition}");
                for (a, b) in original.iter().zip(&copy) {
                    assert!(a.content() == b.content(), "{a:?}\n{b:?}");
                }
            }
        }
        Ok(())
    }
}

/// Waits until records of every partition arrive that were not there yet.
fn flows(runs: &[Running]) -> Result<()> {
    for running in runs {
        let before: Vec<i64> = positions(running);
        eventually("every partition moves on", || {
            ensure!(!running.is_finished(), "the run has ended");
            Ok(positions(running)
                .iter()
                .zip(&before)
                .all(|(now, before)| now > before))
        })
        .with_context(|| format!("{:#?}", running.progress()))?;
    }
    Ok(())
}

fn positions(running: &Running) -> Vec<i64> {
    running
        .progress()
        .partitions
        .iter()
        .map(|row| row.position)
        .collect()
}

fn row(running: &Running, partition: usize) -> PartitionProgress {
    running
        .progress()
        .partitions
        .get(partition)
        .cloned()
        .unwrap_or_default()
}

/// Kills and starts again one broker after the other; the ones that are left take over.
fn roll(cluster: &Cluster, runs: &[Running]) -> Result<()> {
    for broker in cluster.brokers() {
        broker.kill()?;
        flows(runs)?;
        broker.start()?;
        flows(runs)?;
    }
    Ok(())
}

#[test]
fn target_brokers_killed_and_started_again_under_load_cost_no_record_and_double_none() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let _turn = ground.turn();
    ground.copy_through("target-kill", |runs| roll(&ground.target, runs))
}

#[test]
fn source_brokers_killed_and_started_again_under_load_cost_no_record_and_double_none() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let _turn = ground.turn();
    ground.copy_through("source-kill", |runs| roll(&ground.source, runs))
}

#[test]
fn a_network_cut_is_told_and_overcome_without_help() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let _turn = ground.turn();
    // The target's cut is longer than a transaction may stay open (60 s, looked at every 10 s): the target gives it up
    // and fences its producer, which is not another instance's doing.
    for (cluster, length) in [(&ground.source, 20), (&ground.target, 75)] {
        ground.copy_through(&format!("cut-{length}"), |runs| {
            cluster.cut();
            let told = runs.iter().try_for_each(|running| {
                eventually("the outage is told", || Ok(running.progress().error.is_some()))
                    .with_context(|| format!("{:#?}", running.progress()))
            });
            // How long the outage lasts, which is the case itself.
            std::thread::sleep(Duration::from_secs(length));
            cluster.restore();
            told?;
            flows(runs)?;
            runs.iter().try_for_each(|running| {
                eventually("the error is over", || Ok(running.progress().error.is_none()))
            })
        })?;
    }
    Ok(())
}

#[test]
fn a_transaction_left_open_at_the_source_is_named_as_what_holds_the_copy() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let _turn = ground.turn();
    for delivery in BOTH {
        let topic = format!("hanging-{delivery:?}");
        ground.filler.create(
            &topic,
            1,
            &[
                ("retention.ms", "-1"),
                ("message.timestamp.after.max.ms", "9223372036854775807"),
            ],
        )?;
        let records = odd_records();
        let count = records.len() as i64;
        ground.filler.produce(&topic, 0, &records)?;
        let hanging = ground.filler.transactional(&topic)?;
        hanging.open(&topic, 0, &records)?;
        ground.filler.produce(&topic, 0, &records)?;
        let mut bench = ground.bench(&topic, delivery)?;
        // The broker gives the transaction up after a minute.
        bench.wait_for_transactions = Some(Duration::from_millis(500));
        let outcome = bench.copy()?;
        assert_eq!(outcome.progress.written_records, records.len() as u64);
        let Ending::CaughtUp { incomplete } = &outcome.ending else {
            bail!("{:?}", outcome.ending)
        };
        assert_eq!(incomplete.len(), 1, "{incomplete:?}");
        assert_eq!(incomplete[0].range.len(), 2 * count);
        let running = bench.start(false)?;
        eventually("what holds it is named", || {
            let row = row(&running, 0);
            Ok((row.held_by_transaction, row.lag, row.condition)
                == (2 * count, Some(2 * count), PartitionCondition::CaughtUp)
                && row
                    .held_by
                    .is_some_and(|sentence| sentence.contains(&format!("transactional id '{topic}'"))))
        })
        .with_context(|| format!("{:#?}", running.progress()))?;
        hanging.commit()?;
        eventually("nothing is behind", || {
            let progress = running.progress();
            Ok(progress.caught_up
                && row(&running, 0).records == 3 * records.len() as u64
                && row(&running, 0).held_by_transaction == 0
                && (progress.lag_records, progress.delay_ms) == (Some(0), Some(0)))
        })
        .with_context(|| format!("{:#?}", running.progress()))?;
        stop(running)?;
        let report = bench.verify()?;
        assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
        let copy = read_all(&ground.target.direct_bootstrap(), &topic, 0)?;
        assert_eq!(copy.len(), 3 * records.len());
    }
    Ok(())
}
