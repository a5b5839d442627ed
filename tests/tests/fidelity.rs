//! A copy keeps every field of every record, on real brokers.

use anyhow::Result;
use sluice_engine::VerificationResult;
use sluice_model::Delivery;
use sluice_testground::KafkaVersion;
use sluice_tests::{Bench, Filler, cluster, odd_records, read_all, skipped};

#[test]
fn every_odd_record_arrives_as_it_is_and_an_independent_reader_agrees() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = (cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?);
    let filler = Filler::new(&source.bootstrap())?;
    for delivery in [Delivery::ExactlyOnce, Delivery::AtLeastOnce] {
        let topic = format!("odd-{delivery:?}");
        filler.create(
            &topic,
            3,
            &[
                ("retention.ms", "-1"),
                ("max.message.bytes", "10000000"),
                ("message.timestamp.after.max.ms", "9223372036854775807"),
            ],
        )?;
        for partition in 0..3 {
            filler.produce(&topic, partition, &odd_records())?;
        }
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&topic])?;
        bench.task.delivery = delivery;
        let outcome = bench.copy()?;
        assert_eq!(outcome.progress.written_records, 36, "{outcome:#?}");
        let report = bench.verify()?;
        assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
        for partition in 0..3 {
            let original = read_all(&source.bootstrap(), &topic, partition)?;
            let copy = read_all(&target.bootstrap(), &topic, partition)?;
            assert_eq!(original.len(), 12);
            for (a, b) in original.iter().zip(&copy) {
                assert!(a.content() == b.content(), "{a:?}\n{b:?}");
            }
            assert_eq!(copy.len(), 12);
        }
    }
    Ok(())
}
