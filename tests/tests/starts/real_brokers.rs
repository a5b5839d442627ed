//! The same on real Apache Kafka.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use sluice_engine::VerificationResult;
use sluice_model::{ExistingData, Start, TaskName};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Bench, Filler, Shared, cluster, eventually, read_all, skipped};

use crate::ground::{BEGIN, jiff_from, refusal};

static GROUND: Shared<(Cluster, Cluster)> = Shared::new();

fn ground() -> Result<Arc<(Cluster, Cluster)>> {
    GROUND.get(|| Ok((cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?)))
}

#[test]
fn starts_are_the_same_on_real_brokers() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let (source, target) = (&ground.0, &ground.1);
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("starts", 2, &[])?;
    filler.numbered("starts", 2, 0, 100, 60)?;
    filler.delete_records("starts", 1, 30)?;
    let group = sluice_kafka::Reader::with_group(
        &sluice_model::Cluster::new(&source.bootstrap())?,
        sluice_kafka::ReaderTuning::default(),
        "readers",
    )?;
    group.commit(&[
        sluice_kafka::PartitionOffset::new("starts".to_owned(), 0, 41),
        sluice_kafka::PartitionOffset::new("starts".to_owned(), 1, 42),
    ])?;
    for (name, start, first) in [
        ("earliest", Start::Earliest, [0, 30]),
        ("latest", Start::Latest, [100, 100]),
        ("offset", Start::Offset(50), [50, 50]),
        ("offsets", Start::Offsets(BTreeMap::from([(0, 60)])), [60, 30]),
        ("time", Start::Time(jiff_from(BEGIN + 70)?), [70, 70]),
        ("group", Start::Group("readers".to_owned()), [41, 42]),
    ] {
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["starts"])?;
        bench.task.name = TaskName::new(name)?;
        bench.task.start = start;
        bench.task.rename.suffix = format!(".{name}");
        bench.copy()?;
        for (partition, first) in [0, 1].into_iter().zip(first) {
            let copy = read_all(&target.bootstrap(), &format!("starts.{name}"), partition)?;
            assert_eq!(copy.len(), 100 - first, "{name}");
            assert_eq!(
                copy.first().and_then(|record| record.key.clone()),
                (first < 100).then(|| format!("k{first}").into_bytes()),
                "{name}"
            );
        }
        assert_eq!(bench.verify()?.result, VerificationResult::Equal, "{name}");
    }
    let mut outside = Bench::new(&source.bootstrap(), &target.bootstrap(), &["starts"])?;
    outside.task.start = Start::Offset(10);
    outside.task.rename.suffix = ".outside".to_owned();
    let sentence = refusal(&outside)?;
    assert!(
        sentence.contains("starts-1: 10 is outside of the log [30, 100]"),
        "{sentence}"
    );
    Ok(())
}

#[test]
fn real_topics_are_created_rewritten_and_refused_like_that() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let (source, target) = (&ground.0, &ground.1);
    let filler = Filler::new(&source.bootstrap())?;
    filler.create(
        "made",
        2,
        &[
            ("cleanup.policy", "compact"),
            ("retention.ms", "-1"),
            ("message.timestamp.type", "LogAppendTime"),
        ],
    )?;
    filler.numbered("made", 2, 0, 50, 60)?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["made"])?;
    bench.copy()?;
    let admin = sluice_kafka::Admin::new(&sluice_model::Cluster::new(&target.bootstrap())?)?;
    let config = admin.topic_config("made")?;
    let value = |key: &str| config.get(key).and_then(|entry| entry.value.clone());
    assert_eq!(value("cleanup.policy").as_deref(), Some("compact"));
    assert_eq!(value("retention.ms").as_deref(), Some("-1"));
    assert_eq!(value("message.timestamp.type").as_deref(), Some("CreateTime"));
    assert_eq!(
        bench.verify()?.result,
        VerificationResult::Equal,
        "the append times of the source are kept"
    );

    bench.task.name = TaskName::new("anew")?;
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("1 target topics hold data: 'made'"),
        "{sentence}"
    );
    bench.task.existing = ExistingData::Rewrite;
    bench.copy()?;
    filler.numbered("made", 2, 50, 10, 60)?;
    bench.copy()?;
    for partition in 0..2 {
        assert_eq!(read_all(&target.bootstrap(), "made", partition)?.len(), 60);
    }
    assert_eq!(bench.verify()?.result, VerificationResult::Equal);

    let own = Bench::new(
        &source.bootstrap(),
        &source.bootstrap().replace("127.0.0.1", "localhost"),
        &["made"],
    )?;
    let sentence = refusal(&own)?;
    assert!(sentence.contains("would be copied onto itself"), "{sentence}");
    eventually("the source is as it was", || {
        Ok(read_all(&source.bootstrap(), "made", 0)?.len() == 60)
    })
}
