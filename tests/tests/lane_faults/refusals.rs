//! Records and topics that the target refuses.

use anyhow::{Context, Result};
use sluice_engine::{CheckpointStore, PartitionCondition, VerificationResult};
use sluice_fakekafka::{Access, ApiKey, FakeCluster, FakeRecord};
use sluice_model::{Delivery, ExistingData};
use sluice_tests::{EVERY_WAY, eventually, fake_clusters as clusters, stop};

use crate::ground::{
    append, assert_exact, assert_same, bench, caught_up, content, length, numbered, numbers, row,
};

#[test]
fn refused_records_are_found_among_innocent_ones_where_the_target_does_not_name_them() -> Result<()> {
    for way in EVERY_WAY {
        let source = FakeCluster::builder().brokers(2).cluster_id("source").start()?;
        // Before 2.4 a broker refuses a batch without saying for which of its records.
        let target = FakeCluster::builder()
            .brokers(2)
            .cluster_id("target")
            .max_version(ApiKey::Produce, 7)
            .start()?;
        source.create_topic("t", 2, &[])?;
        target.create_topic(
            "t",
            2,
            &[
                ("cleanup.policy", "compact"),
                ("message.timestamp.before.max.ms", "1000000000000"),
            ],
        )?;
        let mut records = numbers(0, 400);
        records[17] = FakeRecord::new("old", "refused").at(1);
        records[200] = FakeRecord::unkeyed("no key").at(1_700_000_000_000);
        records[201] = FakeRecord::new("old too", "refused").at(2);
        records[399] = FakeRecord::unkeyed("no key at the end").at(1_700_000_000_000);
        source.append("t", 0, records.clone())?;
        append(&source, "t", 1, 0, 400)?;
        let mut bench = bench(&source, &target, &["t"], way)?;
        bench.task.existing = ExistingData::Append;
        let outcome = bench.copy()?;
        assert_eq!(outcome.progress.quarantined, 4, "{:#?}", bench.events());
        let kept = bench.store.quarantined(&bench.task.name, 10)?;
        for (kept, offset) in kept.iter().zip([17, 200, 201, 399]) {
            let refused = &records[offset];
            assert_eq!(kept.offset, offset as i64);
            assert_eq!(kept.record_key.as_deref(), refused.key.as_deref());
            assert_eq!(kept.value.as_deref(), refused.value.as_deref());
            assert_eq!(kept.timestamp_ms, refused.timestamp);
        }
        assert_same(
            &numbered(&[(0, 17), (18, 200), (202, 399)]),
            &content(&target, "t", 0)?,
        );
        assert_same(&numbered(&[(0, 400)]), &content(&target, "t", 1)?);
        let report = bench.verify()?;
        assert_eq!(report.result, VerificationResult::Different);
        assert_eq!(report.differences.values().sum::<u64>(), 4, "{report:#?}");
        let again = bench.copy()?;
        assert_eq!(
            (again.progress.written_records, again.progress.quarantined),
            (0, 4),
            "nothing is tried twice"
        );
    }
    Ok(())
}

/// The search sends some records at once; behind a refused one nothing more is sent, and nothing more is to come.
#[test]
fn a_record_that_is_refused_at_the_end_of_a_log_is_found_without_waiting_for_another() -> Result<()> {
    for way in EVERY_WAY {
        for innocent in [0, 1, 3, 4, 7] {
            let (source, target) = clusters()?;
            source.create_topic("t", 1, &[])?;
            target.create_topic("t", 1, &[("max.message.bytes", "20000")])?;
            let mut records = numbers(0, innocent);
            let mut state = 0x9e37_79b9_7f4a_7c15_u64;
            // No codec makes it smaller.
            let noise = (0..40_000).map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            });
            let mut large = FakeRecord::new("large", "").at(1_700_000_000_000);
            large.value = Some(noise.collect::<Vec<u8>>().into());
            records.push(large);
            // In one batch, and each in its own: the answer to the last comes while more are waited for, or not.
            for batches in [
                vec![records.clone()],
                records.iter().cloned().map(|one| vec![one]).collect(),
            ] {
                for batch in batches {
                    source.append("t", 0, batch)?;
                }
            }
            let mut bench = bench(&source, &target, &["t"], way)?;
            bench.task.existing = ExistingData::Append;
            let outcome = bench.copy()?;
            assert_eq!(
                outcome.progress.quarantined,
                2,
                "{way:?} {innocent}: {:#?}",
                bench.events()
            );
            let kept: Vec<i64> = bench
                .store
                .quarantined(&bench.task.name, 10)?
                .iter()
                .map(|row| row.offset)
                .collect();
            assert_eq!(kept, [innocent as i64, 2 * innocent as i64 + 1], "{way:?}");
            assert_same(
                &numbered(&[(0, innocent), (0, innocent)]),
                &content(&target, "t", 0)?,
            );
        }
    }
    Ok(())
}

#[test]
fn a_topic_whose_positions_the_target_refuses_from_the_start_of_a_run_waits_alone() -> Result<()> {
    for (lane, delivery) in EVERY_WAY {
        if delivery != Delivery::ExactlyOnce {
            continue;
        }
        let (source, target) = clusters()?;
        for topic in ["denied", "free"] {
            source.create_topic(topic, 1, &[])?;
            append(&source, topic, 0, 0, 50)?;
        }
        let bench = bench(&source, &target, &["denied", "free"], (lane, delivery))?;
        bench.copy()?;
        for topic in ["denied", "free"] {
            append(&source, topic, 0, 50, 50)?;
        }
        target.deny("denied", Access::Read);
        let running = bench.start(false)?;
        eventually("the free topic is copied, the denied one says why not", || {
            let denied = row(&running, "denied", 0);
            Ok(length(&target, "free", 0)? == 100
                && denied.condition == PartitionCondition::Retrying
                && denied.error.is_some())
        })
        .with_context(|| format!("{lane:?} {:#?}", running.progress()))?;
        target.allow("denied", Access::Read);
        caught_up(&running, &target, "denied", 0, 100)?;
        stop(running)?;
        assert_exact(&bench, &source, &target, "denied", 1)?;
        assert_exact(&bench, &source, &target, "free", 1)?;
    }
    Ok(())
}

#[test]
fn a_denied_topic_waits_with_its_error_while_the_others_go_on() -> Result<()> {
    for way in EVERY_WAY {
        for side in [Access::Write, Access::Read] {
            let (source, target) = clusters()?;
            for topic in ["denied", "free"] {
                source.create_topic(topic, 2, &[])?;
                append(&source, topic, 0, 0, 50)?;
            }
            let bench = bench(&source, &target, &["denied", "free"], way)?;
            let running = bench.start(false)?;
            caught_up(&running, &target, "denied", 0, 50)?;
            let guarded = if side == Access::Write { &target } else { &source };
            guarded.deny("denied", side);
            for topic in ["denied", "free"] {
                append(&source, topic, 0, 50, 50)?;
                append(&source, topic, 1, 0, 50)?;
            }
            eventually("the free topic is copied, the denied one says why not", || {
                let denied = row(&running, "denied", 0);
                Ok(length(&target, "free", 0)? == 100
                    && length(&target, "free", 1)? == 50
                    && denied.condition == PartitionCondition::Retrying
                    && denied.error.is_some_and(|error| error.contains("give")))
            })
            .with_context(|| format!("{way:?} {side:?} {:#?}", running.progress()))?;
            assert_eq!(length(&target, "denied", 0)?, 50);
            assert!(!running.progress().caught_up);
            guarded.allow("denied", side);
            caught_up(&running, &target, "denied", 0, 100)?;
            caught_up(&running, &target, "denied", 1, 50)?;
            assert_eq!(row(&running, "denied", 0).error, None);
            assert_eq!(running.progress().error, None);
            stop(running)?;
            assert_exact(&bench, &source, &target, "denied", 2)?;
            assert_eq!(content(&target, "free", 0)?.len(), 100);
        }
    }
    Ok(())
}
