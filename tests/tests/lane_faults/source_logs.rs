//! Logs of the source that lose records, are replaced, or hold open transactions.

use std::time::Duration;

use anyhow::{Context, Result};
use sluice_engine::{CheckpointStore, Event, GapReason, PartitionCondition};
use sluice_fakekafka::{Access, ApiKey, Outcome, ResponseError};
use sluice_model::{Delivery, OffsetRange, OutOfRange};
use sluice_tests::{EVERY_WAY, eventually, fake_clusters as clusters, stop};

use crate::ground::{
    append, assert_exact, assert_same, bench, caught_up, content, length, numbered, numbers, row,
};

#[test]
fn records_deleted_before_a_running_copy_has_them_are_reported_with_their_exact_range() -> Result<()> {
    for way in EVERY_WAY {
        for policy in [OutOfRange::Stop, OutOfRange::Nearest] {
            let (source, target) = clusters()?;
            source.create_topic("t", 2, &[])?;
            append(&source, "t", 0, 0, 100)?;
            let mut bench = bench(&source, &target, &["t"], way)?;
            bench.task.out_of_range = policy;
            let running = bench.start(false)?;
            caught_up(&running, &target, "t", 0, 100)?;
            // Behind for a while, and retention does not wait.
            source.deny("t", Access::Read);
            append(&source, "t", 0, 100, 100)?;
            eventually("it cannot read", || {
                Ok(row(&running, "t", 0).condition == PartitionCondition::Retrying)
            })?;
            source.delete_records("t", 0, 150)?;
            source.allow("t", Access::Read);
            append(&source, "t", 1, 0, 100)?;
            let missing = OffsetRange { from: 100, to: 150 };
            eventually("the other partition goes on", || {
                Ok(length(&target, "t", 1)? == 100)
            })?;
            if policy == OutOfRange::Stop {
                eventually("the partition stops", || {
                    Ok(row(&running, "t", 0).condition == PartitionCondition::Stopped)
                })?;
                assert_same(&numbered(&[(0, 100)]), &content(&target, "t", 0)?);
                let told = bench.events().into_iter().find_map(|event| match event {
                    Event::PartitionStopped { key, range, .. } => Some((key.partition, range)),
                    _ => None,
                });
                assert_eq!(told, Some((0, Some(missing))));
                assert!(bench.store.gaps(&bench.task.name)?.is_empty());
            } else {
                caught_up(&running, &target, "t", 0, 150)?;
                assert_same(&numbered(&[(0, 100), (150, 200)]), &content(&target, "t", 0)?);
                let gaps = bench.store.gaps(&bench.task.name)?;
                assert_eq!(gaps.len(), 1, "{gaps:?}");
                assert_eq!((gaps[0].range, gaps[0].reason), (missing, GapReason::Deleted));
                assert_eq!(running.progress().gaps, 1);
            }
            stop(running)?;
        }
    }
    Ok(())
}

#[test]
fn records_that_the_source_lost_again_are_reported_with_their_exact_range() -> Result<()> {
    for way in EVERY_WAY {
        // What the source holds after it lost what lay behind 60: less than we copied, and more.
        for (later, running_on) in [(20, false), (200, false), (20, true), (200, true)] {
            let (source, target) = clusters()?;
            source.create_topic("t", 1, &[])?;
            append(&source, "t", 0, 0, 100)?;
            let mut bench = bench(&source, &target, &["t"], way)?;
            let running = bench.start(false)?;
            caught_up(&running, &target, "t", 0, 100)?;
            let running = if running_on {
                Some(running)
            } else {
                stop(running)?;
                None
            };
            let what = format!("{way:?}, {later} new ones, {running_on}");
            assert_eq!(source.truncate("t", 0, 60)?, 60);
            append(&source, "t", 0, 1_000, later)?;
            let running = match running {
                Some(running) => running,
                None => bench.start(false)?,
            };
            eventually("the partition stops", || {
                Ok(row(&running, "t", 0).condition == PartitionCondition::Stopped)
            })
            .with_context(|| format!("{what} {:#?}", running.progress()))?;
            stop(running)?;
            let told = bench.events().into_iter().find_map(|event| match event {
                Event::PartitionStopped { range, .. } => Some(range),
                _ => None,
            });
            let lost = OffsetRange { from: 60, to: 100 };
            assert_eq!(told, Some(Some(lost)), "{what}");
            assert_same(&numbered(&[(0, 100)]), &content(&target, "t", 0)?);

            bench.task.out_of_range = OutOfRange::Nearest;
            bench.copy()?;
            assert_same(
                &numbered(&[(0, 100), (1_000, 1_000 + later)]),
                &content(&target, "t", 0)?,
            );
            let gaps = bench.store.gaps(&bench.task.name)?;
            assert_eq!(gaps.len(), 1, "{gaps:?}");
            assert_eq!(
                (gaps[0].range, gaps[0].reason),
                (lost, GapReason::Truncated),
                "{what}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_topic_created_again_under_a_running_copy_is_never_mixed_with_the_old_one() -> Result<()> {
    for way @ (_, delivery) in EVERY_WAY {
        for (policy, again) in [
            (OutOfRange::Stop, 10),
            (OutOfRange::Stop, 300),
            (OutOfRange::Nearest, 10),
            (OutOfRange::Nearest, 300),
        ] {
            if delivery == Delivery::AtLeastOnce && again > 100 {
                // What the client reads at its old offset is written before anybody can know that the topic is new.
                continue;
            }
            let (source, target) = clusters()?;
            source.create_topic("t", 1, &[])?;
            source.create_topic("other", 1, &[])?;
            append(&source, "t", 0, 0, 100)?;
            let mut bench = bench(&source, &target, &["t", "other"], way)?;
            bench.task.out_of_range = policy;
            let running = bench.start(false)?;
            caught_up(&running, &target, "t", 0, 100)?;
            source.delete_topic("t")?;
            source.create_topic("t", 1, &[])?;
            append(&source, "t", 0, 1_000, again)?;
            append(&source, "other", 0, 0, 10)?;
            let what = format!("{way:?} {policy:?} {again}");
            if policy == OutOfRange::Stop {
                eventually("the partition stops", || {
                    let row = row(&running, "t", 0);
                    Ok(row.condition == PartitionCondition::Stopped
                        && row.error.is_some_and(|error| error.contains("created again")))
                })
                .with_context(|| format!("{what} {:#?}", running.progress()))?;
                assert_same(&numbered(&[(0, 100)]), &content(&target, "t", 0)?);
            } else {
                caught_up(&running, &target, "t", 0, 100 + again).context(what)?;
                assert_same(
                    &numbered(&[(0, 100), (1_000, 1_000 + again)]),
                    &content(&target, "t", 0)?,
                );
                let gaps = bench.store.gaps(&bench.task.name)?;
                assert_eq!(gaps.len(), 1, "{gaps:?}");
                assert_eq!(gaps[0].reason, GapReason::Recreated);
            }
            eventually("the other topic goes on", || {
                Ok(length(&target, "other", 0)? == 10)
            })?;
            stop(running)?;
        }
    }
    Ok(())
}

#[test]
fn source_offsets_are_mapped_exactly_across_markers_gaps_and_given_up_transactions() -> Result<()> {
    for way @ (_, delivery) in EVERY_WAY {
        let (source, target) = clusters()?;
        source.create_topic("t", 1, &[("cleanup.policy", "compact")])?;
        let bench = bench(&source, &target, &["t"], way)?;
        let running = bench.start(false)?;
        let mut written = 0;
        for (round, outcome) in [Outcome::Committed, Outcome::Aborted, Outcome::Committed]
            .into_iter()
            .cycle()
            .take(9)
            .enumerate()
        {
            append(&source, "t", 0, written, 30)?;
            source.append_transaction("t", 0, numbers(written + 30, 20), outcome)?;
            written += 50;
            if round % 2 == 0 && delivery == Delivery::ExactlyOnce {
                // The first attempt leaves its records and a marker behind on the target.
                target.fail_next(ApiKey::TxnOffsetCommit, ResponseError::UnknownServerError, 1);
            }
            let records = length(&source, "t", 0)?;
            caught_up(&running, &target, "t", 0, records)?;
        }
        stop(running)?;
        assert_exact(&bench, &source, &target, "t", 1)?;
    }
    Ok(())
}

#[test]
fn an_open_transaction_at_the_source_holds_the_copy_and_says_so() -> Result<()> {
    for way in EVERY_WAY {
        let (source, target) = clusters()?;
        source.create_topic("t", 1, &[])?;
        append(&source, "t", 0, 0, 50)?;
        source.append_transaction("t", 0, numbers(50, 20), Outcome::Open)?;
        append(&source, "t", 0, 70, 30)?;
        let mut bench = bench(&source, &target, &["t"], way)?;
        bench.wait_for_transactions = Some(Duration::from_millis(500));
        bench.copy()?;
        assert_same(&numbered(&[(0, 50)]), &content(&target, "t", 0)?);
        let running = bench.start(false)?;
        eventually("it says what holds it", || {
            let row = row(&running, "t", 0);
            Ok((row.held_by_transaction, row.lag, row.condition)
                == (50, Some(50), PartitionCondition::CaughtUp))
        })
        .with_context(|| format!("{:#?}", running.progress()))?;
        source.end_open_transactions("t", 0, true)?;
        caught_up(&running, &target, "t", 0, 100)?;
        eventually("nothing is behind", || {
            let (progress, row) = (running.progress(), row(&running, "t", 0));
            Ok(row.held_by_transaction == 0
                && row.lag == Some(0)
                && row.delay_ms == Some(0)
                && (progress.lag_records, progress.delay_ms) == (Some(0), Some(0)))
        })
        .with_context(|| format!("{:#?}", running.progress()))?;
        stop(running)?;
        assert_exact(&bench, &source, &target, "t", 1)?;
    }
    Ok(())
}
