//! A source topic that gets more partitions while its task runs (real Kafka, through the application's commands).

use anyhow::{Result, ensure};
use sluice_app::{TaskLogQuery, TaskVerify};
use sluice_engine::VerificationResult;
use sluice_testground::KafkaVersion;
use sluice_tests::{Desk, Filler, cluster, eventually, read_all, skipped};

#[test]
fn partitions_that_a_topic_gets_while_it_is_copied_are_copied_from_their_first_record() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = (cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?);
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("orders", 3, &[])?;
    filler.numbered("orders", 3, 0, 200, 100)?;
    let dir = tempfile::tempdir()?;
    let desk = Desk::open(dir.path())?;
    let from = desk.source("from", &source.bootstrap())?;
    let to = desk.source("to", &target.bootstrap())?;
    let task = desk.launch(desk.settings("grows", &from, &to, &["orders"])?)?;
    desk.copies(&task, 600)?;

    filler.grow("orders", 5)?;
    // One that knows of them at once, as a producer that is started now.
    Filler::new(&source.bootstrap())?.numbered("orders", 5, 200, 100, 100)?;
    desk.copies(&task, 600 + 500)?;
    let view = desk.show(&task)?;
    let partitions: Vec<i32> = view
        .snapshot
        .partitions
        .iter()
        .map(|partition| partition.partition)
        .collect();
    assert_eq!(partitions.len(), 5, "{partitions:?}");
    for partition in 0..5 {
        let expected = if partition < 3 { 300 } else { 100 };
        let records = read_all(&target.bootstrap(), "orders", partition)?;
        assert_eq!(records.len(), expected, "partition {partition}");
    }
    let report = desk.app.call(TaskVerify {
        task: task.clone(),
        ..TaskVerify::default()
    })?;
    assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
    eventually("the task's log tells of them", || {
        let log = desk.app.call(TaskLogQuery {
            task: task.clone(),
            ..TaskLogQuery::default()
        })?;
        Ok(log
            .iter()
            .any(|line| line.message.contains("partition") && line.message.contains('5')))
    })?;
    let gaps = desk.show(&task)?.snapshot.gaps;
    ensure!(gaps == 0, "{gaps} gaps");
    Ok(())
}
