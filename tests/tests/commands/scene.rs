use std::process::{Child, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_fakekafka::FakeCluster;
use sluice_tests::{eventually, fake_clusters, sluice, spawn_sluice};

/// A daemon with a task `o` that runs. It is killed with the scene.
pub struct Scene {
    daemon: Child,
    pub source: FakeCluster,
    pub target: FakeCluster,
    data: String,
    _dir: tempfile::TempDir,
}

impl Drop for Scene {
    fn drop(&mut self) {
        drop(self.daemon.kill());
        drop(self.daemon.wait());
    }
}

impl Scene {
    pub fn new(topics: &[&str]) -> Result<Self> {
        let (source, target) = fake_clusters()?;
        for topic in topics {
            source.create_topic(topic, 1, &[])?;
        }
        let dir = tempfile::tempdir()?;
        let data = dir.path().to_str().context("a path in UTF-8")?.to_owned();
        let from = source.bootstrap();
        let to = target.bootstrap();
        for arguments in [
            &["source", "add", "from", "--bootstrap", &from][..],
            &["source", "add", "to", "--bootstrap", &to],
            &[
                "task", "create", "o", "--from", "from", "--to", "to", "--topic", "t",
            ],
            &["task", "check", "o"],
        ] {
            succeeded(&sluice(&[arguments, &["--data", &data]].concat())?)?;
        }
        let daemon = spawn_sluice(&["daemon", "--data", &data])?;
        let scene = Self {
            daemon,
            source,
            target,
            data,
            _dir: dir,
        };
        succeeded(&scene.run(&["task", "start", "o"])?)?;
        scene.is("running")?;
        Ok(scene)
    }

    pub fn run(&self, arguments: &[&str]) -> Result<Output> {
        sluice(&[arguments, &["--data", &self.data]].concat())
    }

    /// Runs both commands at the same time, each in a program of its own.
    pub fn at_once(&self, one: &[&str], other: &[&str]) -> Result<[Output; 2]> {
        let outputs = std::thread::scope(|scope| {
            [one, other]
                .map(|arguments| scope.spawn(|| self.run(arguments)))
                .map(std::thread::ScopedJoinHandle::join)
        });
        let [one, other] = outputs.map(|output| output.map_err(|_| anyhow::anyhow!("a thread panicked")));
        Ok([one??, other??])
    }

    pub fn shown(&self) -> Result<Value> {
        let output = self.run(&["task", "show", "o", "--json"])?;
        succeeded(&output)?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    pub fn is(&self, state: &str) -> Result<()> {
        eventually(&format!("the task is {state}"), || {
            Ok(self.shown()?["state"] == state)
        })
    }
}

pub fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn succeeded(output: &Output) -> Result<()> {
    ensure!(output.status.success(), "{:?}: {}", output.status, words(output));
    Ok(())
}
