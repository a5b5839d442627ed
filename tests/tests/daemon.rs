//! `sluice source`, `task` and `daemon` as scripts use them (hermetic: in-process clusters, the real program).

use std::io::{Read, Write};
use std::process::{Child, Output};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use serde_json::Value;
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_store::Owner;
use sluice_tests::{
    append_numbered, eventually, fake_clusters, has_exactly_numbered, numbered, sluice, spawn_sluice,
};

struct Scene {
    source: FakeCluster,
    target: FakeCluster,
    dir: tempfile::TempDir,
}

impl Scene {
    fn new() -> Result<Self> {
        let (source, target) = fake_clusters()?;
        source.create_topic("t", 1, &[])?;
        Ok(Self {
            source,
            target,
            dir: tempfile::tempdir()?,
        })
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        let data = self.dir.path().to_str().context("a path in UTF-8")?;
        sluice(&[arguments, &["--data", data]].concat())
    }

    /// Runs a command that is to succeed.
    fn ok(&self, arguments: &[&str]) -> Result<Output> {
        let output = self.run(arguments)?;
        ensure!(
            output.status.success(),
            "{arguments:?}: {:?}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(output)
    }

    fn json(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.ok(&[arguments, &["--json"]].concat())?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn daemon(&self) -> Result<Child> {
        let data = self.dir.path().to_str().context("a path in UTF-8")?;
        spawn_sluice(&["daemon", "--data", data])
    }

    fn append(&self, from: usize, count: usize) -> Result<()> {
        append_numbered(&self.source, from, count)
    }

    fn copied(&self) -> Result<Vec<String>> {
        numbered(&self.target)
    }

    fn exactly(&self, count: usize) -> Result<()> {
        has_exactly_numbered(&self.target, count)
    }

    fn state(&self) -> Result<String> {
        let view = self.json(&["task", "show", "o"])?;
        Ok(view["state"].as_str().unwrap_or_default().to_owned())
    }

    fn is(&self, state: &str) -> Result<()> {
        eventually(&format!("the task is {state}"), || Ok(self.state()? == state))
    }

    /// Adds both clusters and a checked task `o`, which deletes what its target holds.
    fn prepared(&self) -> Result<()> {
        self.prepared_with(&[])
    }

    /// As [`Scene::prepared`], with further arguments of `task create`.
    fn prepared_with(&self, more: &[&str]) -> Result<()> {
        self.ok(&["source", "add", "from", "--bootstrap", &self.source.bootstrap()])?;
        self.ok(&["source", "add", "to", "--bootstrap", &self.target.bootstrap()])?;
        let create = [
            "task", "create", "o", "--from", "from", "--to", "to", "--topic", "t",
        ];
        let rewrite = ["--existing", "rewrite"];
        self.ok(&[create.as_slice(), &rewrite, more].concat())?;
        let report = self.json(&["task", "check", "o"])?;
        ensure!(report["may_start"] == true, "{report:#}");
        let item = &report["items"][0];
        for field in ["id", "result", "cause", "effect", "remedy"] {
            ensure!(item[field].is_string(), "{field} in {item:#}");
        }
        Ok(())
    }
}

#[test]
fn a_task_with_an_end_is_completed_there_and_proved_up_to_there() -> Result<()> {
    let scene = Scene::new()?;
    scene.append(0, 50)?;
    scene.prepared_with(&["--end", "offset:30"])?;
    let mut daemon = scene.daemon()?;
    scene.ok(&["task", "start", "o"])?;
    scene.is("completed")?;
    scene.exactly(30)?;
    let view = scene.json(&["task", "show", "o"])?;
    ensure!(view["settings"]["end"] == "offset:30", "{view:#}");
    let proof = scene.json(&["task", "verify", "o"])?;
    ensure!(proof["result"] == "equal", "{proof:#}");
    ensure!(
        proof["not_copied"]["offsets"].as_u64().unwrap_or(0) == 0,
        "{proof:#}"
    );
    let exported = String::from_utf8(scene.ok(&["task", "export", "o"])?.stdout)?;
    ensure!(exported.contains("end = \"offset:30\""), "{exported}");
    daemon.kill()?;
    daemon.wait()?;
    Ok(())
}

#[test]
fn the_daemon_serves_metrics_where_it_is_told() -> Result<()> {
    let scene = Scene::new()?;
    scene.append(0, 20)?;
    scene.prepared()?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let data = scene.dir.path().to_str().context("a path in UTF-8")?;
    let mut daemon = spawn_sluice(&["daemon", "--data", data, "--metrics", &port.to_string()])?;
    scene.ok(&["task", "start", "o"])?;
    scene.exactly(20)?;
    eventually("a scrape has the records", || {
        let Ok(mut connection) = std::net::TcpStream::connect(("127.0.0.1", port)) else {
            return Ok(false);
        };
        connection.set_read_timeout(Some(Duration::from_secs(10)))?;
        connection.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        connection.read_to_string(&mut text)?;
        Ok(text.lines().any(|line| {
            line.starts_with("sluice_task_written_records_total{task=\"o\"") && line.ends_with("} 20")
        }))
    })?;
    daemon.kill()?;
    daemon.wait()?;
    Ok(())
}

#[test]
fn a_script_can_do_everything_from_the_data_source_to_the_end() -> Result<()> {
    let scene = Scene::new()?;
    scene.append(0, 50)?;
    scene.prepared()?;
    let test = scene.json(&["source", "test", "from"])?;
    let steps: Vec<&str> = test["steps"]
        .as_array()
        .context("steps")?
        .iter()
        .filter_map(|step| step["id"].as_str())
        .collect();
    assert_eq!(steps[..2], ["dns", "tcp"]);
    let mut daemon = scene.daemon()?;
    scene.ok(&["task", "start", "o"])?;
    scene.exactly(50)?;
    eventually("it has caught up", || {
        let view = scene.json(&["task", "show", "o"])?;
        Ok(view["state"] == "running" && view["delay_ms"] == 0 && view["lag_records"] == 0)
    })?;
    let view = scene.json(&["task", "show", "o"])?;
    for field in [
        "id",
        "name",
        "state",
        "stages",
        "delay_ms",
        "lag_records",
        "read_records",
        "written_records",
        "read_rate",
        "write_rate",
        "gaps",
        "quarantined",
        "last_error",
    ] {
        assert!(view.get(field).is_some(), "{field}");
    }
    assert_eq!(view["stages"][2]["name"], "incremental");
    let refused = scene.run(&["task", "resume", "o"])?;
    let sentence = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        sentence.contains("running") && sentence.contains("pause"),
        "{sentence}"
    );
    let used = scene.run(&["source", "rm", "to"])?;
    assert_eq!(used.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&used.stderr).contains("'o'"));
    assert_eq!(scene.ok(&["task", "verify", "o"])?.status.code(), Some(0));
    scene.ok(&["task", "terminate", "o"])?;
    assert_eq!(scene.state()?, "terminated");
    scene.ok(&["task", "rm", "o"])?;
    scene.ok(&["source", "rm", "to"])?;
    let log = scene.json(&["log"])?;
    let last = log.as_array().and_then(|rows| rows.last()).context("rows")?;
    assert_eq!(
        (&last["action"], &last["outcome"]),
        (&"source_remove".into(), &"ok".into())
    );
    daemon.kill()?;
    daemon.wait()?;
    Ok(())
}

#[test]
fn a_daemon_that_is_killed_in_any_state_leaves_one_from_which_the_next_goes_on_exactly() -> Result<()> {
    let scene = Scene::new()?;
    // Data that is deleted at the first launch, and only then.
    scene.target.create_topic("t", 1, &[])?;
    scene.target.append("t", 0, vec![FakeRecord::new("old", "old")])?;
    scene.append(0, 100)?;
    scene.prepared()?;
    // Starting, in no program yet.
    scene.ok(&["task", "start", "o"])?;
    assert_eq!(scene.state()?, "starting");
    let kill = |mut daemon: Child| -> Result<()> {
        daemon.kill()?;
        daemon.wait()?;
        Ok(())
    };
    // Killed at once, maybe while it launches.
    let daemon = scene.daemon()?;
    eventually("it has begun", || {
        Ok(scene.copied()?.first().is_some_and(|first| first == "v0"))
    })?;
    kill(daemon)?;
    // Running.
    let daemon = scene.daemon()?;
    scene.exactly(100)?;
    kill(daemon)?;
    scene.append(100, 50)?;
    assert_eq!(
        scene.state()?,
        "running",
        "it is to run, as soon as something runs tasks"
    );
    let daemon = scene.daemon()?;
    scene.exactly(150)?;
    scene.is("running")?;
    // Paused.
    scene.ok(&["task", "pause", "o"])?;
    kill(daemon)?;
    scene.append(150, 50)?;
    let daemon = scene.daemon()?;
    scene.is("paused")?;
    assert_eq!(scene.copied()?.len(), 150, "a paused task copies nothing");
    scene.ok(&["task", "resume", "o"])?;
    scene.exactly(200)?;
    kill(daemon)?;
    // Without a daemon, a running task is paused and terminated all the same.
    scene.ok(&["task", "pause", "o"])?;
    assert_eq!(scene.state()?, "paused");
    scene.ok(&["task", "terminate", "o"])?;
    let daemon = scene.daemon()?;
    scene.is("terminated")?;
    kill(daemon)?;
    scene.exactly(200)
}

#[cfg(unix)]
#[test]
fn the_operation_log_names_the_account_where_the_environment_names_nobody() -> Result<()> {
    let scene = Scene::new()?;
    let data = scene.dir.path().to_str().context("a path in UTF-8")?;
    let added = std::process::Command::new(sluice_tests::companion()?)
        .args(["source", "add", "from", "--bootstrap", "h:1", "--data", data])
        .env_remove("USER")
        .env_remove("USERNAME")
        .env_remove("LOGNAME")
        .output()?;
    ensure!(added.status.success(), "{added:?}");
    let account = std::process::Command::new("id").arg("-un").output()?;
    let account = String::from_utf8(account.stdout)?;
    let log = scene.json(&["log"])?;
    assert_eq!(log[0]["actor"], account.trim(), "{log:#}");
    Ok(())
}

/// So long that what it holds up does not end by itself while a test runs.
const HELD: Duration = Duration::from_secs(600);

impl Scene {
    /// Kills the daemon as it is, and starts the next. It takes commands when this returns: one that came before would be
    /// carried out by the process that gives it.
    fn killed(&self, mut daemon: Child) -> Result<Child> {
        daemon.kill()?;
        daemon.wait()?;
        let next = self.daemon()?;
        eventually("the next daemon takes commands", || {
            let owner = Owner::read(self.dir.path())?;
            Ok(owner.is_some_and(|owner| owner.pid == next.id() && owner.endpoint.is_some()))
        })?;
        Ok(next)
    }

    /// Gives a command that does not return in time, to the daemon.
    fn begin(&self, arguments: &[&str]) -> Result<Child> {
        let data = self.dir.path().to_str().context("a path in UTF-8")?;
        spawn_sluice(&[arguments, &["--data", data]].concat())
    }

    fn logged(&self, words: &str) -> Result<usize> {
        let log = self.json(&["task", "log", "o"])?;
        let lines = log.as_array().context("lines")?;
        Ok(lines
            .iter()
            .filter(|line| line["message"].as_str().unwrap_or_default().contains(words))
            .count())
    }
}

/// One that is killed while it is asked for something leaves its asker without an answer, who says so.
fn has_failed(mut asker: Child) -> Result<()> {
    ensure!(!asker.wait()?.success(), "its daemon was killed");
    Ok(())
}

#[test]
fn a_daemon_that_is_killed_before_the_first_start_leaves_what_was_found_out() -> Result<()> {
    let scene = Scene::new()?;
    scene.append(0, 10)?;
    let daemon = scene.daemon()?;
    scene.ok(&["source", "add", "from", "--bootstrap", &scene.source.bootstrap()])?;
    scene.ok(&["source", "add", "to", "--bootstrap", &scene.target.bootstrap()])?;
    scene.ok(&[
        "task", "create", "o", "--from", "from", "--to", "to", "--topic", "nowhere",
    ])?;
    // Draft.
    let daemon = scene.killed(daemon)?;
    scene.is("draft")?;
    // Being checked.
    scene.source.delay(ApiKey::Metadata, HELD);
    let asker = scene.begin(&["task", "check", "o"])?;
    scene.is("pre_checking")?;
    let daemon = scene.killed(daemon)?;
    has_failed(asker)?;
    scene.source.clear_faults();
    scene.is("draft")?;
    let view = scene.json(&["task", "show", "o"])?;
    ensure!(
        view["reason"]
            .as_str()
            .unwrap_or_default()
            .contains("interrupted"),
        "{view:#}"
    );
    // Checked, and found wanting.
    assert_eq!(scene.run(&["task", "check", "o"])?.status.code(), Some(1));
    scene.is("pre_check_failed")?;
    let report = scene.json(&["task", "show", "o"])?["pre_check"].clone();
    ensure!(report.is_object(), "{report:#}");
    let daemon = scene.killed(daemon)?;
    scene.is("pre_check_failed")?;
    assert_eq!(scene.json(&["task", "show", "o"])?["pre_check"], report);
    // Checked, and well.
    scene.source.create_topic("nowhere", 1, &[])?;
    scene.ok(&["task", "check", "o"])?;
    let daemon = scene.killed(daemon)?;
    scene.is("pre_check_passed")?;
    scene.ok(&["task", "start", "o"])?;
    scene.is("running")?;
    let mut last = daemon;
    last.kill()?;
    last.wait()?;
    Ok(())
}

#[test]
fn a_daemon_that_is_killed_in_a_passing_state_or_in_trouble_loses_and_repeats_nothing() -> Result<()> {
    let scene = Scene::new()?;
    // Deleted at the first launch, and only then.
    scene.target.create_topic("t", 1, &[])?;
    scene.target.append("t", 0, vec![FakeRecord::new("old", "old")])?;
    scene.append(0, 100)?;
    scene.prepared()?;
    let daemon = scene.daemon()?;
    scene.ok(&["task", "start", "o"])?;
    scene.exactly(100)?;
    // Abnormal.
    for id in scene.target.broker_ids() {
        scene.target.stop_broker(id)?;
    }
    scene.append(100, 50)?;
    scene.is("abnormal")?;
    let daemon = scene.killed(daemon)?;
    scene.is("abnormal")?;
    for id in scene.target.broker_ids() {
        scene.target.start_broker(id)?;
    }
    scene.exactly(150)?;
    scene.is("running")?;
    // Pausing: the transaction that is to be ended is not.
    scene.target.delay(ApiKey::EndTxn, HELD);
    scene.append(150, 50)?;
    let asker = scene.begin(&["task", "pause", "o"])?;
    scene.is("pausing")?;
    let daemon = scene.killed(daemon)?;
    has_failed(asker)?;
    scene.target.clear_faults();
    scene.is("paused")?;
    assert_eq!(scene.logged("the program ended while the task was pausing")?, 1);
    scene.ok(&["task", "resume", "o"])?;
    scene.exactly(200)?;
    scene.is("running")?;
    // Failed.
    scene.ok(&["task", "pause", "o"])?;
    let refusal = ResponseError::TransactionalIdAuthorizationFailed;
    scene.target.fail_next(ApiKey::InitProducerId, refusal, u32::MAX);
    scene.append(200, 50)?;
    scene.ok(&["task", "resume", "o"])?;
    scene.is("failed")?;
    let reason = scene.json(&["task", "show", "o"])?["reason"].clone();
    let daemon = scene.killed(daemon)?;
    scene.is("failed")?;
    assert_eq!(scene.json(&["task", "show", "o"])?["reason"], reason);
    assert_eq!(scene.logged("failed: ")?, 1, "it has failed once");
    scene.target.clear_faults();
    scene.ok(&["task", "retry", "o"])?;
    scene.exactly(250)?;
    scene.is("running")?;
    // Terminating.
    scene.target.delay(ApiKey::EndTxn, HELD);
    scene.append(250, 50)?;
    let asker = scene.begin(&["task", "terminate", "o"])?;
    scene.is("terminating")?;
    let mut daemon = scene.killed(daemon)?;
    has_failed(asker)?;
    scene.target.clear_faults();
    scene.is("terminated")?;
    let copied = scene.copied()?;
    let expected: Vec<String> = (0..300).map(|number| format!("v{number}")).collect();
    ensure!(
        copied.len() >= 250 && expected.starts_with(&copied),
        "a whole beginning, each record once: {}",
        copied.len()
    );
    let started = scene.json(&["log", "--action", "task_start"])?;
    assert_eq!(started.as_array().map(Vec::len), Some(1), "{started:#}");
    daemon.kill()?;
    daemon.wait()?;
    Ok(())
}

#[test]
fn a_bounded_task_that_is_completed_stays_so_when_the_daemon_is_killed() -> Result<()> {
    let scene = Scene::new()?;
    scene.target.create_topic("t", 1, &[])?;
    scene.target.append("t", 0, vec![FakeRecord::new("old", "old")])?;
    scene.append(0, 100)?;
    scene.prepared_with(&["--until-caught-up"])?;
    let daemon = scene.daemon()?;
    scene.ok(&["task", "start", "o"])?;
    scene.is("completed")?;
    scene.exactly(100)?;
    let before = scene.json(&["task", "show", "o"])?;
    let mut daemon = scene.killed(daemon)?;
    scene.append(100, 10)?;
    scene.is("completed")?;
    let after = scene.json(&["task", "show", "o"])?;
    for field in ["written_records", "started_ms", "ended_ms"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    scene.exactly(100)?;
    daemon.kill()?;
    daemon.wait()?;
    Ok(())
}
