//! What the end of a copy says: "caught up" only when nothing that was asked for is missing, otherwise which ranges and
//! why, in the engine's ending, the companion's exit code and the task's state.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use sluice_app::TaskRetry;
use sluice_engine::{Ending, Incomplete, IncompleteReason, PartitionCondition};
use sluice_fakekafka::{Access, FakeCluster, FakeRecord, Outcome};
use sluice_model::{Delivery, End, OffsetRange, TaskState};
use sluice_tests::{BOTH, Bench, Ground, TASK, companion, eventually, fake_clusters, sluice, stop, values};

fn missing(bench: &Bench) -> Result<Vec<Incomplete>> {
    match bench.copy()?.ending {
        Ending::CaughtUp { incomplete } => Ok(incomplete),
        other => bail!("{other:?}"),
    }
}

fn bench(source: &FakeCluster, target: &FakeCluster, topics: &[&str], delivery: Delivery) -> Result<Bench> {
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), topics)?;
    bench.task.delivery = delivery;
    bench.wait_for_transactions = Some(Duration::from_millis(500));
    Ok(bench)
}

fn records(values: &[&str]) -> Vec<FakeRecord> {
    values
        .iter()
        .map(|value| FakeRecord::new("k", (*value).to_owned()))
        .collect()
}

fn append(cluster: &FakeCluster, topic: &str, partition: i32, count: usize) -> Result<()> {
    let records = (0..count)
        .map(|n| FakeRecord::new("k", n.to_string()).at(1_700_000_000_000))
        .collect();
    cluster.append(topic, partition, records)?;
    Ok(())
}

#[test]
fn a_topic_with_an_end_of_its_own_stays_there_while_the_others_follow_the_source() -> Result<()> {
    let (source, target) = fake_clusters()?;
    for topic in ["ends", "goes"] {
        source.create_topic(topic, 1, &[])?;
        append(&source, topic, 0, 40)?;
    }
    let mut bench = bench(&source, &target, &["ends", "goes"], Delivery::ExactlyOnce)?;
    bench.task.end_overrides.insert("ends".into(), End::Records(10));
    let running = bench.start(false)?;
    let copied = |topic: &str| values(&target, topic).map_or(0, |values| values.len());
    eventually("both are copied as far as they go", || {
        Ok(copied("ends") == 10 && copied("goes") == 40)
    })?;
    for topic in ["ends", "goes"] {
        append(&source, topic, 0, 5)?;
    }
    eventually("the one follows", || Ok(copied("goes") == 45))?;
    assert_eq!(copied("ends"), 10);
    stop(running)?;
    Ok(())
}

#[test]
fn a_task_whose_topics_all_have_ends_of_their_own_is_completed_there() -> Result<()> {
    let ground = Ground::new()?;
    ground.append(0, 30)?;
    let mut settings = ground.settings()?;
    settings.end_overrides.insert("t".into(), End::Records(20));
    ground.desk()?.launch(settings)?;
    ground.reaches(TaskState::Completed)?;
    ground.has_exactly(20)
}

#[test]
fn another_start_or_end_than_that_of_the_first_launch_is_refused_and_copies_nothing() -> Result<()> {
    let (source, target) = fake_clusters()?;
    source.create_topic("one", 1, &[])?;
    append(&source, "one", 0, 40)?;
    let (from, to) = (source.bootstrap(), target.bootstrap());
    let dir = tempfile::tempdir()?;
    let state = dir.path().display().to_string();
    let run = |command: &str, name: &str, extra: &[&str]| -> Result<(i32, String)> {
        let prefix = format!("{name}.");
        let mut args = vec![
            command, "--state", &state, "--from", &from, "--to", &to, "--topic", "one",
        ];
        args.extend(["--name", name, "--prefix", &prefix]);
        if command == "copy" {
            args.push("--until-caught-up");
        }
        args.extend(extra);
        let output = sluice(&args)?;
        let code = output.status.code().context("an exit code")?;
        Ok((code, String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    let copied = |topic: &str| values(&target, topic).map_or(0, |values| values.len());

    assert_eq!(run("copy", "end", &["--end", "offset:10"])?.0, 0);
    for (command, extra) in [
        ("copy", &[][..]),
        ("copy", &["--end", "offset:20"]),
        ("copy", &["--end-topic", "one=offset:20"]),
        ("check", &[]),
        ("verify", &["--end", "offset:20"]),
    ] {
        let (code, said) = run(command, "end", extra)?;
        assert!(
            code == 2 && said.contains("was launched with the end offset:10"),
            "{command} {extra:?}: {code} {said}"
        );
    }
    assert_eq!(copied("end.one"), 10);
    let (code, said) = run("verify", "end", &[])?;
    assert!(
        code == 0 && said.contains("the end is that of the first launch: offset:10"),
        "{code} {said}"
    );
    assert_eq!(
        run("copy", "end", &["--end-topic", "one=offset:10"])?.0,
        0,
        "it is the same"
    );

    assert_eq!(run("copy", "start", &["--start", "last:5"])?.0, 0);
    for _ in 0..2 {
        let (code, said) = run("copy", "start", &[])?;
        assert!(
            code == 0 && said.contains("the start is that of the first launch: last:5"),
            "{code} {said}"
        );
    }
    for command in ["copy", "verify"] {
        let (code, said) = run(command, "start", &["--start", "earliest"])?;
        assert!(
            code == 2 && said.contains("was launched with the start last:5"),
            "{code} {said}"
        );
    }
    assert_eq!(copied("start.one"), 5);

    assert_eq!(run("copy", "follows", &[])?.0, 0);
    let (code, said) = run("copy", "follows", &["--end", "records:50"])?;
    assert!(
        code == 2 && said.contains("was launched with the end none"),
        "{code} {said}"
    );
    Ok(())
}

/// A full disk behind a log of stderr must not end a copy.
#[cfg(target_os = "linux")]
#[test]
fn a_copy_whose_messages_cannot_be_written_copies_all_the_same() -> Result<()> {
    let (source, target) = fake_clusters()?;
    source.create_topic("one", 1, &[])?;
    append(&source, "one", 0, 40)?;
    let dir = tempfile::tempdir()?;
    let status = std::process::Command::new(companion()?)
        .args([
            "copy",
            "--topic",
            "one",
            "--until-caught-up",
            "--from",
            &source.bootstrap(),
        ])
        .args(["--to", &target.bootstrap(), "--state"])
        .arg(dir.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::fs::File::options().write(true).open("/dev/full")?)
        .status()?;
    assert_eq!(status.code(), Some(0));
    assert_eq!(values(&target, "one")?.len(), 40);
    Ok(())
}

#[test]
fn a_topic_that_may_no_longer_be_read_makes_a_bounded_copy_incomplete() -> Result<()> {
    let (source, target) = fake_clusters()?;
    for topic in ["free", "closed"] {
        source.create_topic(topic, 1, &[])?;
        append(&source, topic, 0, 40)?;
    }
    let bench = bench(&source, &target, &["free", "closed"], Delivery::ExactlyOnce)?;
    assert_eq!(missing(&bench)?, []);
    for topic in ["free", "closed"] {
        append(&source, topic, 0, 60)?;
    }
    source.deny("closed", Access::Read);
    let incomplete = missing(&bench)?;
    assert_eq!(values(&target, "free")?.len(), 100);
    let [only] = incomplete.as_slice() else {
        bail!("{incomplete:?}")
    };
    assert_eq!(
        (only.key.topic.as_str(), only.range),
        ("closed", OffsetRange { from: 40, to: 100 })
    );
    let IncompleteReason::Fault { sentence } = &only.reason else {
        bail!("{only:?}")
    };
    assert!(sentence.contains("give it READ"), "{sentence}");

    // What was incomplete is copied by the next run, once it can be.
    source.allow("closed", Access::Read);
    assert_eq!(missing(&bench)?, []);
    assert_eq!(values(&target, "closed")?.len(), 100);
    Ok(())
}

#[test]
fn the_companion_exits_with_1_and_lists_what_an_open_transaction_holds_back() -> Result<()> {
    let (source, target) = fake_clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, records(&["a", "b"]))?;
    source.append_transaction("t", 0, records(&["held"]), Outcome::Open)?;
    source.append("t", 0, records(&["behind"]))?;
    let state = tempfile::tempdir()?;
    let copy = |json: bool| -> Result<std::process::Output> {
        let mut command = std::process::Command::new(companion()?);
        command
            .args([
                "copy",
                "--from",
                &source.bootstrap(),
                "--to",
                &target.bootstrap(),
                "--topic",
                "t",
            ])
            .args([
                "--until-caught-up",
                "--wait-for-transactions",
                "500ms",
                "--quiet",
                "--state",
            ])
            .arg(state.path());
        if json {
            command.arg("--json");
        }
        Ok(command.output()?)
    };
    let told = copy(true)?;
    let report: Value = serde_json::from_slice(&told.stdout).context("the report")?;
    assert_eq!(told.status.code(), Some(1), "{report:#}");
    assert_eq!(report["ended"], "incomplete");
    assert_eq!(
        report["incomplete"][0]["range"],
        serde_json::json!({"from": 2, "to": 4})
    );
    assert_eq!(report["incomplete"][0]["reason"]["kind"], "open_transaction");
    assert_eq!(values(&target, "t")?, ["a", "b"]);

    source.end_open_transactions("t", 0, true)?;
    let whole = copy(false)?;
    assert_eq!(
        whole.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&whole.stderr)
    );
    assert_eq!(values(&target, "t")?, ["a", "b", "held", "behind"]);
    Ok(())
}

#[test]
fn a_transaction_that_ends_in_time_is_waited_for() -> Result<()> {
    for delivery in BOTH {
        let (source, target) = fake_clusters()?;
        source.create_topic("t", 1, &[])?;
        source.append_transaction("t", 0, records(&["held"]), Outcome::Open)?;
        source.append("t", 0, records(&["behind"]))?;
        let mut bench = bench(&source, &target, &["t"], delivery)?;
        bench.wait_for_transactions = Some(Duration::from_secs(60));
        let running = bench.start(true)?;
        eventually("the copy has read to the open transaction", || {
            let progress = running.progress();
            Ok(progress.partitions.iter().any(|row| row.held_by_transaction == 2))
        })?;
        assert!(!running.is_finished());
        source.end_open_transactions("t", 0, false)?;
        match running.wait().ending {
            Ending::CaughtUp { incomplete } => assert_eq!(incomplete, []),
            other => bail!("{other:?}"),
        }
        assert_eq!(
            values(&target, "t")?,
            ["behind"],
            "the aborted record is not copied"
        );
    }
    Ok(())
}

#[test]
fn stopped_partitions_count_in_lag_and_delay() -> Result<()> {
    let (source, target) = fake_clusters()?;
    source.create_topic("t", 2, &[])?;
    append(&source, "t", 0, 50)?;
    append(&source, "t", 1, 50)?;
    let bench = bench(&source, &target, &["t"], Delivery::ExactlyOnce)?;
    assert_eq!(missing(&bench)?, []);
    append(&source, "t", 1, 40)?;
    source.delete_records("t", 1, 60)?;
    let running = bench.start(false)?;
    eventually("the partition stands and its backlog is shown", || {
        let progress = running.progress();
        Ok(progress.stopped_partitions == 1
            && progress.lag_records == Some(40)
            && progress.delay_ms.is_some_and(|delay| delay > 0)
            && !progress.caught_up)
    })
    .with_context(|| format!("{:#?}", running.progress()))?;
    let row = &running.progress().partitions[1];
    assert_eq!((row.condition, row.lag), (PartitionCondition::Stopped, Some(40)));
    stop(running)
}

#[test]
fn a_bounded_task_with_anything_missing_is_failed_and_can_be_resumed() -> Result<()> {
    let ground = Ground::new()?;
    ground.append(0, 30)?;
    ground
        .source
        .append_transaction("t", 0, records(&["held"]), Outcome::Open)?;
    let mut settings = ground.settings()?;
    settings.bounded = true;
    ground.launch(settings)?;
    ground.has_exactly(30)?;
    // The transaction is waited for as long as a state is, so that two of those waits are enough.
    if ground.reaches(TaskState::Failed).is_err() {
        ground.reaches(TaskState::Failed)?;
    }
    let reason = ground.task()?.reason.unwrap_or_default();
    assert!(
        reason.contains("not copied") && reason.contains("transaction"),
        "{reason}"
    );
    ground.source.end_open_transactions("t", 0, true)?;
    ground.app()?.call(TaskRetry { task: TASK.into() })?;
    ground.reaches(TaskState::Completed)?;
    assert_eq!(ground.arrived()?.last().map(String::as_str), Some("held"));
    Ok(())
}
