//! What a mirror needs of its target, and what the source's holes cost it.

use anyhow::Result;
use sluice_engine::ItemResult;
use sluice_fakekafka::{ApiKey, FakeCluster, Outcome};
use sluice_model::{Cluster, Delivery, LaneChoice};
use sluice_tests::Bench;

use crate::ground::{check, expect, filled, records};

use ItemResult::{Failed, Success, Warning};

fn filled_mirror() -> Result<(FakeCluster, FakeCluster, Bench)> {
    let (source, target, mut bench) = filled()?;
    bench.task.delivery = Delivery::Mirror;
    Ok((source, target, bench))
}

#[test]
fn a_mirror_into_topics_that_are_made_may_start() -> Result<()> {
    let (_source, _target, bench) = filled_mirror()?;
    let report = check(&bench);
    expect(
        &report,
        "delivery",
        Success,
        &["mirror (every record at its source's offset)"],
    );
    expect(&report, "lane", Success, &["the wire lane copies"]);
    assert!(report.may_start, "{report:#?}");
    Ok(())
}

#[test]
fn a_target_topic_that_was_used_is_refused_even_if_it_is_empty_now() -> Result<()> {
    let (_source, target, bench) = filled_mirror()?;
    target.create_topic("t", 2, &[])?;
    expect(&check(&bench), "delivery", Success, &["mirror"]);
    target.append("t", 1, records(7, 0))?;
    target.delete_records("t", 1, 7)?;
    expect(
        &check(&bench),
        "delivery",
        Failed,
        &["target topics are not new", "'t' (partition 1 ends at offset 7)"],
    );
    Ok(())
}

#[test]
fn another_number_of_partitions_is_refused() -> Result<()> {
    let (_source, target, bench) = filled_mirror()?;
    target.create_topic("t", 3, &[])?;
    expect(
        &check(&bench),
        "delivery",
        Failed,
        &["'t' has 3 partitions, its source 't' has 2"],
    );
    Ok(())
}

#[test]
fn a_target_without_transactions_and_the_record_lane_are_refused() -> Result<()> {
    let (_source, _target, mut bench) = filled_mirror()?;
    bench.task.lane = LaneChoice::Record;
    let refused = bench.start(false).map(drop).unwrap_err().to_string();
    assert!(refused.contains("needs the wire lane"), "{refused}");
    bench.task.lane = LaneChoice::Auto;
    let old = FakeCluster::builder().max_version(ApiKey::Metadata, 3).start()?;
    bench.task.target = Cluster::new(&old.bootstrap())?;
    expect(&check(&bench), "delivery", Failed, &["older than 0.11"]);
    Ok(())
}

#[test]
fn a_compacted_source_and_many_small_transactions_are_called_the_wrong_mode() -> Result<()> {
    let (source, _target, bench) = filled_mirror()?;
    source.set_topic_config("t", "cleanup.policy", Some("compact"))?;
    expect(
        &check(&bench),
        "delivery",
        Warning,
        &["'t' is compacted at the source", "about 15 ms", "exactly-once"],
    );
    source.set_topic_config("t", "cleanup.policy", None)?;
    for _ in 0..65_000 {
        source.append_transaction("t", 0, records(1, 0), Outcome::Committed)?;
    }
    expect(
        &check(&bench),
        "delivery",
        Warning,
        &["'t' has about 6", "wrong mode", "many small transactions"],
    );
    Ok(())
}

#[test]
fn a_late_beginning_on_a_compacted_target_is_said() -> Result<()> {
    let (source, target, bench) = filled_mirror()?;
    source.delete_records("t", 0, 5)?;
    target.create_topic("t", 2, &[("cleanup.policy", "compact")])?;
    expect(
        &check(&bench),
        "delivery",
        Warning,
        &["'t' begins behind offset 0", "stays until the cleaner takes it"],
    );
    Ok(())
}
