//! Groups whose committed offsets are not all that they are, on real brokers: what they are called, and that they stay.

use anyhow::{Context, Result, ensure};
use sluice_engine::{GroupKind, GroupReport, GroupState};
use sluice_testground::KafkaVersion;
use sluice_testground::tools::JavaTool;
use sluice_tests::{Bench, Filler, OddRecord, cluster, commit_group, eventually, group_client, skipped};

use super::ground::{all, group, inventory, sync};
use super::streams_group::streams_group;

fn record(number: usize) -> OddRecord {
    OddRecord {
        key: None,
        value: Some(format!("v{number}").into_bytes()),
        headers: Vec::new(),
        timestamp: 1_700_000_000_000,
    }
}

/// Why a group stays; nothing of it may be on the target.
fn stays(report: &GroupReport, kind: GroupKind) -> Result<&str> {
    ensure!(
        report.kind == kind && report.state == GroupState::NotMoved && report.partitions.is_empty(),
        "{report:#?}"
    );
    report.reason.as_deref().context("a reason")
}

#[test]
fn share_groups_and_streams_applications_are_named_and_stay_and_a_sink_connectors_group_moves() -> Result<()>
{
    if skipped() {
        return Ok(());
    }
    let (source, target) = (cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?);
    let from = source.bootstrap();
    let filler = Filler::new(&from)?;
    for topic in [
        "orders",
        "elsewhere",
        "totals-KSTREAM-AGGREGATE-0000000003-changelog",
    ] {
        filler.create(topic, 1, &[])?;
    }
    filler.produce("orders", 0, &(0..20).map(record).collect::<Vec<_>>())?;
    // A share group of Kafka's own consumer for each topic, a Streams application of each protocol, and one that only has
    // a name like it.
    for (name, topic) in [("shared", "orders"), ("shared-elsewhere", "elsewhere")] {
        JavaTool::new(
            KafkaVersion::V4_3_1,
            "org.apache.kafka.tools.consumer.ConsoleShareConsumer",
        )
        .args(["--bootstrap-server", &from, "--topic", topic, "--group", name])
        .args(["--timeout-ms", "6000"])
        .run()?;
    }
    streams_group(&from, "counts", "orders")?;
    for name in ["counts", "totals", "totals-v2", "connect-warehouse"] {
        commit_group(&from, name, &[("orders", 0, 7)], "")?;
    }
    let bench = Bench::new(&from, &target.bootstrap(), &["orders"])?.named("kinds")?;
    bench.copy()?;

    let report = sync(&bench, &all())?;
    ensure!(report.committed == 2, "{report:#?}");
    let why = stays(group(&report, "shared")?, GroupKind::Share)?;
    ensure!(why.contains("share group"), "{why}");
    ensure!(
        group(&report, "shared")?.topics_inside == ["orders"]
            && group(&report, "shared")?.members_source == Some(0),
        "{report:#?}"
    );
    ensure!(
        report.group("shared-elsewhere").is_none(),
        "it reads nothing of the task"
    );
    let why = stays(group(&report, "counts")?, GroupKind::Streams)?;
    ensure!(why.contains("Streams"), "{why}");
    ensure!(
        group(&report, "counts")?.topics_inside == ["orders"],
        "{report:#?}"
    );
    let why = stays(group(&report, "totals")?, GroupKind::Streams)?;
    ensure!(
        why.contains("'totals-KSTREAM-AGGREGATE-0000000003-changelog'"),
        "{why}"
    );
    for name in ["totals-v2", "connect-warehouse"] {
        let moved = group(&report, name)?;
        ensure!(
            moved.kind == GroupKind::Classic && moved.state == GroupState::Synced,
            "{moved:#?}"
        );
    }
    ensure!(
        report.notes.iter().any(|note| note.contains("'warehouse'")),
        "{:?}",
        report.notes
    );
    let there = group_client(&target.bootstrap())?.list_groups()?;
    let mut names: Vec<String> = there
        .found
        .into_iter()
        .map(|group| group.group)
        .filter(|name| !name.starts_with("sluice."))
        .collect();
    names.sort_unstable();
    ensure!(names == ["connect-warehouse", "totals-v2"], "{names:?}");
    Ok(())
}

#[test]
fn a_group_of_another_kind_with_the_same_name_on_the_target_is_not_touched() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = (cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?);
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("orders", 1, &[])?;
    filler.produce("orders", 0, &(0..20).map(record).collect::<Vec<_>>())?;
    commit_group(&source.bootstrap(), "billing", &[("orders", 0, 7)], "")?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["orders"])?.named("other-kind")?;
    bench.copy()?;
    streams_group(&target.bootstrap(), "billing", "orders")?;
    eventually("it is there", || {
        Ok(inventory(&bench)?.group("billing").map(|group| group.state) == Some(GroupState::Unknown))
    })?;
    let report = sync(&bench, &all())?;
    let left = group(&report, "billing")?;
    ensure!(
        report.committed == 0 && left.state == GroupState::Unknown,
        "{left:#?}"
    );
    ensure!(
        left.reason
            .as_deref()
            .is_some_and(|why| why.contains("not one of consumers")),
        "{left:#?}"
    );
    let there = group_client(&target.bootstrap())?.offset_fetch("billing", None, false)?;
    ensure!(there.is_empty(), "{there:?}");
    Ok(())
}
