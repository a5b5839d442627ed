//! Pairs of clusters between which nothing is copied.

use anyhow::{Context, Result};
use sluice_fakekafka::FakeCluster;
use sluice_model::{ExistingData, Objects, TaskName};
use sluice_tests::Bench;

use crate::ground::{bench, numbers, pair, records, refusal};

#[test]
fn a_cluster_is_never_copied_onto_itself_whatever_its_address() -> Result<()> {
    let cluster = FakeCluster::builder().brokers(2).start()?;
    cluster.create_topic("t", 1, &[])?;
    cluster.append("t", 0, records(0, 5))?;
    let other_address = cluster
        .bootstrap()
        .split(',')
        .next_back()
        .context("an address")?
        .replace("127.0.0.1", "localhost");
    let mut bench = Bench::new(&cluster.bootstrap(), &other_address, &["t"])?;
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("source and target are the same cluster, and 't' would be copied onto itself"),
        "{sentence}"
    );

    bench.task.objects = Objects::all();
    bench.task.rename.prefix = "copy.".to_owned();
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("a target topic is also a source of this task"),
        "{sentence}"
    );

    bench.task.objects = Objects::Matching {
        include: ".*".to_owned(),
        exclude: Some("copy\\..*".to_owned()),
    };
    bench.copy()?;
    assert_eq!(numbers(&cluster, "copy.t", 0)?, [0, 1, 2, 3, 4]);
    Ok(())
}

#[test]
fn two_tasks_that_would_send_records_in_a_circle_are_refused() -> Result<()> {
    let (a, b) = pair()?;
    a.create_topic("t", 1, &[])?;
    a.append("t", 0, records(0, 5))?;
    let mut bench = bench(&a, &b, "t")?;
    bench.copy()?;
    std::mem::swap(&mut bench.task.source, &mut bench.task.target);
    bench.task.name = TaskName::new("back")?;
    bench.task.existing = ExistingData::Append;
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("task 'test' copies 't' in the other direction"),
        "{sentence}"
    );
    bench.task.rename.suffix = ".back".to_owned();
    bench.copy()?;
    assert_eq!(numbers(&a, "t.back", 0)?, [0, 1, 2, 3, 4]);
    Ok(())
}

#[test]
fn a_task_is_not_resumed_between_other_clusters() -> Result<()> {
    let (source, target) = pair()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, records(0, 3))?;
    let mut bench = bench(&source, &target, "t")?;
    bench.copy()?;
    let other = FakeCluster::builder()
        .cluster_id("another-cluster-000000")
        .start()?;
    bench.task.target = sluice_model::Cluster::new(&other.bootstrap())?;
    let sentence = refusal(&bench)?;
    assert!(
        sentence.contains("was launched with the target cluster")
            && sentence.contains("another-cluster-000000"),
        "{sentence}"
    );
    assert!(other.topics().is_empty());
    Ok(())
}
