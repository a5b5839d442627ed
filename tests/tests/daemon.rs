//! `sluice source`, `task` and `daemon` as scripts use them (hermetic: in-process clusters, the real program).

use std::process::{Child, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_fakekafka::{FakeCluster, FakeRecord, Isolation};
use sluice_tests::{eventually, fake_clusters, sluice, spawn_sluice};

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
        let records = (from..from + count)
            .map(|number| FakeRecord::new(format!("k{number}"), format!("v{number}")).at(1_700_000_000_000))
            .collect();
        self.source.append("t", 0, records)?;
        Ok(())
    }

    fn copied(&self) -> Result<Vec<String>> {
        if !self.target.topics().iter().any(|topic| topic == "t") {
            return Ok(Vec::new());
        }
        let records = self.target.records("t", 0, Isolation::Committed)?;
        Ok(records
            .into_iter()
            .map(|stored| String::from_utf8_lossy(&stored.record.value.unwrap_or_default()).into_owned())
            .collect())
    }

    fn exactly(&self, count: usize) -> Result<()> {
        eventually("everything is copied", || Ok(self.copied()?.len() >= count))?;
        let expected: Vec<String> = (0..count).map(|number| format!("v{number}")).collect();
        ensure!(self.copied()? == expected, "each record once, in order");
        Ok(())
    }

    fn state(&self) -> Result<String> {
        let view = self.json(&["task", "show", "o"])?;
        Ok(view["state"].as_str().unwrap_or_default().to_owned())
    }

    fn is(&self, state: &str) -> Result<()> {
        eventually(&format!("the task is {state}"), || Ok(self.state()? == state))
    }

    /// Adds both clusters and a checked task `o`.
    fn prepared(&self) -> Result<()> {
        self.ok(&["source", "add", "from", "--bootstrap", &self.source.bootstrap()])?;
        self.ok(&["source", "add", "to", "--bootstrap", &self.target.bootstrap()])?;
        self.ok(&[
            "task",
            "create",
            "o",
            "--from",
            "from",
            "--to",
            "to",
            "--topic",
            "t",
            "--existing",
            "rewrite",
        ])?;
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
