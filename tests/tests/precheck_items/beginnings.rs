//! Where the copy begins: starts, earlier runs, data on the target, loops through other tasks.

use anyhow::Result;
use sluice_engine::{ItemResult, OtherTask, PreCheckContext};
use sluice_fakekafka::{FakeCluster, Outcome};
use sluice_model::{Cluster, ExistingData, OutOfRange, Start};

use crate::ground::{bench, check, check_while, check_with, expect, filled, quick, records};

use ItemResult::{Failed, Success, Warning};

#[test]
fn a_start_outside_of_the_log_fails_or_is_clamped_as_the_task_says() -> Result<()> {
    let (_source, _target, mut bench) = filled()?;
    bench.task.start = Start::Offset(1_000);
    expect(
        &check(&bench),
        "start_position",
        Failed,
        &["t-0: 1000 is outside of the log [0, 20]"],
    );
    bench.task.out_of_range = OutOfRange::Nearest;
    expect(
        &check(&bench),
        "start_position",
        Warning,
        &["nearest offset", "gap ledger"],
    );
    bench.task.start = Start::Group("nobody".into());
    expect(
        &check(&bench),
        "start_position",
        Failed,
        &["group 'nobody' has committed no offset"],
    );
    bench.task.start = Start::Latest;
    expect(&check(&bench), "start_position", Success, &["latest"]);
    Ok(())
}

#[test]
fn where_a_copy_ends_is_shown_and_an_end_that_cannot_come_soon_is_named() -> Result<()> {
    let (_source, _target, mut bench) = filled()?;
    expect(&check(&bench), "end_position", Success, &["no end of its own"]);
    for (end, result, words) in [
        ("launch", Success, &["t-0 before 20; t-1 before 20"][..]),
        ("offset:0=7,1=9", Success, &["t-0 before 7; t-1 before 9"]),
        ("records:5", Success, &["t-0 before 5; t-1 before 5"]),
        (
            "offset:0=7,1=30",
            Warning,
            &["t-1 before 30, where the log ends at 20 now", "waits"],
        ),
        ("offset:0", Warning, &["t-0 before 0", "completed at once"]),
        (
            "time:2999-01-01T00:00:00Z",
            Warning,
            &["2999-01-01T00:00:00Z is ahead"],
        ),
    ] {
        bench.task.end = Some(end.parse()?);
        expect(&check(&bench), "end_position", result, words);
    }
    Ok(())
}

#[test]
fn what_lies_behind_the_end_is_not_counted_as_work() -> Result<()> {
    let (_source, _target, mut bench) = filled()?;
    bench.task.end = Some("records:5".parse()?);
    let facts = check(&bench).routes;
    assert_eq!(facts[0].backlog, 10, "{facts:?}");
    Ok(())
}

#[test]
fn an_earlier_run_and_another_cluster_are_recognised() -> Result<()> {
    let (source, target, mut bench) = filled()?;
    bench.copy()?;
    let report = check(&bench);
    assert!(report.resumes && report.may_start, "{report:#?}");
    expect(&report, "same_clusters", Success, &["launched with"]);
    let again = self::bench(&source, &target, &["t"])?;
    expect(
        &check(&again),
        "earlier_run",
        Warning,
        &["earlier run of 'test'", "2 partitions"],
    );
    let other = FakeCluster::builder().cluster_id("other").start()?;
    other.create_topic("t", 2, &[])?;
    bench.task.source = Cluster::new(&other.bootstrap())?;
    expect(
        &check(&bench),
        "same_clusters",
        Failed,
        &["launched with the source cluster source, but other"],
    );
    Ok(())
}

#[test]
fn data_on_the_target_is_counted_and_judged_by_the_policy() -> Result<()> {
    let (_source, target, mut bench) = filled()?;
    target.create_topic("t", 2, &[])?;
    expect(&check(&bench), "target_data", Success, &["empty"]);
    target.append("t", 0, records(3, 1_000))?;
    expect(
        &check(&bench),
        "target_data",
        Failed,
        &["'t' (3 offsets)", "--existing append"],
    );
    bench.task.existing = ExistingData::Append;
    expect(
        &check(&bench),
        "target_data",
        Warning,
        &["'t' (3 offsets)", "they stay"],
    );
    bench.task.existing = ExistingData::Rewrite;
    expect(
        &check(&bench),
        "target_data",
        Warning,
        &["'t' (3 offsets)", "DELETED"],
    );
    let context = PreCheckContext {
        other_tasks: vec![other("onward", "target", "elsewhere", true)],
        ..quick()
    };
    expect(
        &check_with(&bench, &context),
        "target_data",
        Failed,
        &["'t' is also a source of a task"],
    );
    Ok(())
}

fn other(name: &str, from: &str, to: &str, active: bool) -> OtherTask {
    OtherTask {
        name: name.into(),
        source_cluster_id: Some(from.into()),
        target_cluster_id: Some(to.into()),
        routes: vec![("t".into(), "t".into())],
        active,
    }
}

#[test]
fn loops_are_found_by_cluster_id_and_through_other_tasks() -> Result<()> {
    let (source, _target, mut bench) = filled()?;
    let with = |other_tasks| PreCheckContext {
        other_tasks,
        ..quick()
    };
    let back = || other("back", "target", "source", true);
    expect(
        &check_with(&bench, &with(vec![back()])),
        "cyclic_replication",
        Failed,
        &["task 'back' copies 't' in the other direction"],
    );
    expect(
        &check_with(&bench, &with(vec![other("back", "target", "source", false)])),
        "cyclic_replication",
        Warning,
        &["does not run now"],
    );
    expect(
        &check_with(&bench, &with(vec![other("onward", "target", "third", true)])),
        "cyclic_replication",
        Warning,
        &["task 'onward' reads 't'"],
    );
    expect(
        &check_with(
            &bench,
            &with(vec![
                other("onward", "target", "third", true),
                other("home", "third", "source", true),
            ]),
        ),
        "cyclic_replication",
        Failed,
        &["comes back through tasks 'onward', 'home'"],
    );
    expect(
        &check_with(&bench, &with(vec![other("apart", "third", "fourth", true)])),
        "cyclic_replication",
        Success,
        &["no loop"],
    );
    // The same brokers under another name.
    bench.task.target = Cluster::new(&source.bootstrap().replace("127.0.0.1", "localhost"))?;
    expect(
        &check(&bench),
        "cyclic_replication",
        Failed,
        &["same cluster", "'t'", "onto itself"],
    );
    Ok(())
}

#[test]
fn somebody_who_writes_to_the_target_is_noticed() -> Result<()> {
    let (_source, target, mut bench) = filled()?;
    bench.task.existing = ExistingData::Append;
    target.create_topic("t", 2, &[])?;
    let report = check_while(&bench, || Ok(target.append("t", 1, records(7, 0)).map(drop)?))?;
    expect(&report, "other_writers", Warning, &["'t' gained 7 offsets"]);
    target.append_transaction("t", 0, records(1, 0), Outcome::Open)?;
    expect(
        &check(&bench),
        "other_writers",
        Warning,
        &["a transaction that is not over"],
    );
    Ok(())
}
