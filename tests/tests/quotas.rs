//! Quotas of real brokers: a slow cluster is waited for, and no recovery gives up what was already done.

use anyhow::Result;
use rdkafka::consumer::{BaseConsumer, Consumer};
use sluice_engine::{Ending, VerificationResult};
use sluice_model::{Codec, Delivery};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Bench, Filler, OddRecord, skipped};

fn noise(count: usize, size: usize) -> Vec<OddRecord> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut byte = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..count)
        .map(|n| OddRecord {
            key: Some(format!("k{n}").into_bytes()),
            value: Some((0..size).map(|_| byte()).collect()),
            headers: Vec::new(),
            timestamp: 1_700_000_000_000 + n as i64,
        })
        .collect()
}

fn limited(quota: &str, bytes_per_second: u32) -> Result<Cluster> {
    Ok(Cluster::builder(KafkaVersion::V2_0_1)
        .property(quota, bytes_per_second.to_string())
        .start()?)
}

/// Offsets that the target's partition has taken, aborted records and markers included.
fn offsets(cluster: &Cluster, topic: &str) -> Result<i64> {
    let consumer: BaseConsumer = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap())
        .create()?;
    let (low, high) = consumer.fetch_watermarks(topic, 0, std::time::Duration::from_secs(10))?;
    Ok(high - low)
}

#[test]
fn a_target_that_limits_its_writers_gets_each_record_once_and_no_transaction_is_given_up() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = Cluster::builder(KafkaVersion::V2_0_1).start()?;
    let target = limited("quota.producer.default", 400_000)?;
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("t", 1, &[])?;
    filler.produce("t", 0, &noise(6_000, 1_000))?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.task.delivery = Delivery::ExactlyOnce;
    bench.task.compression = Codec::None;
    let outcome = bench.copy()?;
    assert!(
        matches!(&outcome.ending, Ending::CaughtUp { incomplete } if incomplete.is_empty()),
        "{:?}",
        outcome.ending
    );
    assert_eq!(bench.verify()?.result, VerificationResult::Equal);
    // Each transaction takes one offset for its marker; what was aborted would have taken those of its records.
    let taken = offsets(&target, "t")?;
    assert!(
        (6_001..7_000).contains(&taken),
        "{taken} offsets for 6 000 records"
    );
    Ok(())
}

#[test]
fn aborted_transactions_are_read_through_under_a_quota_although_no_record_comes_of_them() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = limited("quota.consumer.default", 1_000_000)?;
    let target = Cluster::builder(KafkaVersion::V2_0_1).start()?;
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("t", 1, &[])?;
    let writer = filler.transactional("aborter")?;
    for _ in 0..2 {
        writer.write("t", 0, &noise(9_000, 1_000), false)?;
    }
    filler.numbered("t", 1, 0, 100, 100)?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    let outcome = bench.copy()?;
    assert_eq!(outcome.progress.written_records, 100);
    assert!(
        matches!(&outcome.ending, Ending::CaughtUp { incomplete } if incomplete.is_empty()),
        "{:?}",
        outcome.ending
    );
    Ok(())
}
