//! `sluice task readiness` as scripts use it (hermetic: in-process clusters, the real program).

use std::process::{Child, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_fakekafka::FakeCluster;
use sluice_tests::{append_numbered, eventually, fake_clusters, sluice, spawn_sluice};

struct Scene {
    source: FakeCluster,
    target: FakeCluster,
    dir: tempfile::TempDir,
}

impl Scene {
    /// A task `o` that runs and has copied what there is, and its daemon.
    fn running() -> Result<(Self, Child)> {
        let (source, target) = fake_clusters()?;
        source.create_topic("t", 1, &[])?;
        append_numbered(&source, 0, 20)?;
        let scene = Self {
            dir: tempfile::tempdir()?,
            source,
            target,
        };
        scene.ok(&["source", "add", "from", "--bootstrap", &scene.source.bootstrap()])?;
        scene.ok(&["source", "add", "to", "--bootstrap", &scene.target.bootstrap()])?;
        scene.ok(&[
            "task", "create", "o", "--from", "from", "--to", "to", "--topic", "t",
        ])?;
        scene.ok(&["task", "check", "o"])?;
        let data = scene.dir.path().to_str().context("a path in UTF-8")?;
        let daemon = spawn_sluice(&["daemon", "--data", data])?;
        scene.ok(&["task", "start", "o"])?;
        eventually("it has caught up", || {
            let output = scene.ok(&["task", "show", "o", "--json"])?;
            let view: Value = serde_json::from_slice(&output.stdout)?;
            Ok(view["state"] == "running" && view["written_records"] == 20 && view["lag_records"] == 0)
        })?;
        Ok((scene, daemon))
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        let data = self.dir.path().to_str().context("a path in UTF-8")?;
        sluice(&[arguments, &["--data", data]].concat())
    }

    fn ok(&self, arguments: &[&str]) -> Result<Output> {
        let output = self.run(arguments)?;
        ensure!(output.status.success(), "{arguments:?}: {output:#?}");
        Ok(output)
    }

    /// The report and the exit code.
    fn readiness(&self, more: &[&str]) -> Result<(Value, Option<i32>)> {
        let output = self.run(&[&["task", "readiness", "o", "--window", "1", "--json"], more].concat())?;
        let report = serde_json::from_slice(&output.stdout).with_context(|| format!("{output:#?}"))?;
        Ok((report, output.status.code()))
    }
}

fn item<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|item| item["id"] == id)
        .unwrap_or(&Value::Null)
}

#[test]
fn a_script_learns_from_the_exit_code_whether_a_task_is_ready_and_from_the_items_why_not() -> Result<()> {
    let (scene, mut daemon) = Scene::running()?;
    let (report, code) = scene.readiness(&[])?;
    assert_eq!(
        (&report["ready"], code),
        (&Value::Bool(false), Some(1)),
        "{report:#}"
    );
    assert_eq!(report["items"].as_array().map(Vec::len), Some(19));
    let verified = item(&report, "verification_current");
    assert_eq!(verified["result"], "failed", "{verified:#}");
    for field in ["id", "result", "cause", "remedy"] {
        assert!(verified[field].is_string(), "{field} in {verified:#}");
    }
    assert!(
        verified["evidence"].is_array() && verified["age_s"].is_number(),
        "{verified:#}"
    );
    assert_eq!(item(&report, "lag_zero")["result"], "success", "{report:#}");
    // These clusters do not know the request, as brokers before 2.8.
    let producers = item(&report, "source_producers");
    assert_eq!(producers["result"], "unknown", "{producers:#}");
    assert!(
        producers["cause"].as_str().unwrap_or_default().contains("2.8"),
        "{producers:#}"
    );

    scene.ok(&["task", "verify", "o"])?;
    let (report, code) = scene.readiness(&[])?;
    assert_eq!(
        (&report["ready"], code),
        (&Value::Bool(true), Some(0)),
        "{report:#}"
    );

    // One question again: the others keep their answers, and their ages grow.
    let (report, code) = scene.readiness(&["--only", "lag_zero,no_gaps"])?;
    assert_eq!(
        (report["items"].as_array().map(Vec::len), code),
        (Some(19), Some(0)),
        "{report:#}"
    );
    let wrong = scene.run(&["task", "readiness", "o", "--only", "lag"])?;
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&wrong.stderr).contains("lag_zero"),
        "{wrong:#?}"
    );

    daemon.kill()?;
    daemon.wait()?;
    // Without a daemon it is asked here, and streamed to stderr.
    eventually("the folder is free", || {
        Ok(scene.run(&["task", "show", "o"])?.status.success())
    })?;
    let table = scene.run(&["task", "readiness", "o", "--window", "1", "--only", "no_gaps"])?;
    let (out, err) = (
        String::from_utf8_lossy(&table.stdout),
        String::from_utf8_lossy(&table.stderr),
    );
    assert_eq!(table.status.code(), Some(1), "{table:#?}");
    assert!(
        out.contains("no gaps") && out.contains("the source lost nothing"),
        "{out}"
    );
    assert!(
        err.contains("no gaps: ok") && err.contains("not all questions were asked"),
        "{err}"
    );
    Ok(())
}
