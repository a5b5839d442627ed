//! Brokers that go, lose answers or are slow, and leaders that move.

use std::time::Duration;

use anyhow::{Context, Result};
use sluice_fakekafka::ApiKey;
use sluice_model::Delivery;
use sluice_tests::{EVERY_WAY, eventually, fake_clusters as clusters, stop};

use crate::ground::{append, assert_exact, bench, caught_up};

#[test]
fn lost_answers_neither_double_nor_lose_a_record() -> Result<()> {
    let exactly_once = [
        ApiKey::Produce,
        ApiKey::AddPartitionsToTxn,
        ApiKey::AddOffsetsToTxn,
        ApiKey::TxnOffsetCommit,
        ApiKey::EndTxn,
        ApiKey::InitProducerId,
    ];
    for way in EVERY_WAY {
        let apis = match way.1 {
            Delivery::ExactlyOnce => &exactly_once[..],
            // Idempotence recognises a batch that is sent again.
            Delivery::AtLeastOnce | Delivery::Mirror => &exactly_once[..1],
        };
        let (source, target) = clusters()?;
        source.create_topic("t", 3, &[])?;
        let bench = bench(&source, &target, &["t"], way)?;
        let running = bench.start(false)?;
        let mut written = 0;
        for &api in apis {
            for times in [1, 3] {
                target.drop_before_response(api, times);
                for partition in 0..3 {
                    append(&source, "t", partition, written, 200)?;
                }
                written += 200;
                for partition in 0..3 {
                    caught_up(&running, &target, "t", partition, written)
                        .with_context(|| format!("{way:?}, {times} lost answers to {api:?}"))?;
                }
            }
        }
        stop(running)?;
        assert_exact(&bench, &source, &target, "t", 3)?;
    }
    Ok(())
}

#[test]
fn leaders_that_move_and_brokers_that_stop_interrupt_nothing() -> Result<()> {
    for way in EVERY_WAY {
        let (source, target) = clusters()?;
        source.create_topic("t", 2, &[])?;
        let bench = bench(&source, &target, &["t"], way)?;
        let running = bench.start(false)?;
        let mut written = 0;
        for broker in [1, 2] {
            for cluster in [&source, &target] {
                append(&source, "t", 0, written, 100)?;
                cluster.move_leader("t", 0, broker)?;
                append(&source, "t", 1, written, 100)?;
                cluster.drop_connections(broker)?;
                append(&source, "t", 0, written + 100, 100)?;
                append(&source, "t", 1, written + 100, 100)?;
                written += 200;
                for partition in 0..2 {
                    caught_up(&running, &target, "t", partition, written).with_context(|| {
                        format!("{way:?}, broker {broker} of the {}", cluster.cluster_id())
                    })?;
                }
            }
        }
        for cluster in [&target, &source] {
            for broker in [1, 2] {
                cluster.stop_broker(broker)?;
            }
            if cluster.cluster_id() == "target" {
                append(&source, "t", 0, written, 100)?;
            }
            eventually("the outage is told", || Ok(running.progress().error.is_some()))
                .with_context(|| format!("{way:?} {} {:#?}", cluster.cluster_id(), running.progress()))?;
            for broker in [1, 2] {
                cluster.start_broker(broker)?;
            }
            caught_up(&running, &target, "t", 0, written + 100)?;
            eventually("the error is over", || Ok(running.progress().error.is_none()))?;
        }
        stop(running)?;
        assert_exact(&bench, &source, &target, "t", 2)?;
    }
    Ok(())
}

#[test]
fn a_slow_target_ends_late_and_not_wrong() -> Result<()> {
    for way in EVERY_WAY {
        let (source, target) = clusters()?;
        source.create_topic("t", 2, &[])?;
        append(&source, "t", 0, 0, 500)?;
        append(&source, "t", 1, 0, 500)?;
        target.delay(ApiKey::Produce, Duration::from_millis(150));
        target.delay(ApiKey::EndTxn, Duration::from_millis(150));
        let bench = bench(&source, &target, &["t"], way)?;
        bench.copy()?;
        assert_exact(&bench, &source, &target, "t", 2)?;
    }
    Ok(())
}
