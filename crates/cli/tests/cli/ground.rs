//! Clusters, a state directory and the program.

use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use serde_json::Value;
use sluice_fakekafka::{FakeCluster, FakeRecord};
use tempfile::TempDir;

/// Two clusters and a state directory.
pub struct Ground {
    pub source: FakeCluster,
    pub target: FakeCluster,
    pub dir: TempDir,
}

/// What a run of the program left.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ground {
    pub fn new() -> Self {
        Self {
            source: FakeCluster::builder().cluster_id("the-source").start().unwrap(),
            target: FakeCluster::builder().cluster_id("the-target").start().unwrap(),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A source topic with `count` records in each of its partitions.
    pub fn fill(&self, topic: &str, partitions: i32, count: i64) {
        self.source.create_topic(topic, partitions, &[]).unwrap();
        self.append(topic, partitions, 0, count);
    }

    pub fn append(&self, topic: &str, partitions: i32, from: i64, count: i64) {
        for partition in 0..partitions {
            let records = (from..from + count)
                .map(|n| FakeRecord::new(format!("k{n}"), format!("value {n}")).at(1_700_000_000_000 + n))
                .collect();
            self.source.append(topic, partition, records).unwrap();
        }
    }

    /// A command between the two clusters.
    pub fn command(&self, command: &str) -> Command {
        let mut sluice = sluice();
        sluice
            .arg(command)
            .args([
                "--from",
                &self.source.bootstrap(),
                "--to",
                &self.target.bootstrap(),
                "--state",
            ])
            .arg(self.dir.path());
        sluice
    }

    pub fn run(&self, command: &str, arguments: &[&str]) -> Ran {
        ran(self.command(command).args(arguments).assert())
    }

    /// As `run`, with `--json`; the object on stdout.
    pub fn json(&self, command: &str, arguments: &[&str]) -> (i32, Value) {
        let ran = ran(self.command(command).arg("--json").args(arguments).assert());
        let value = serde_json::from_str(&ran.out)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.out, ran.err));
        (ran.code, value)
    }

    /// Writes a file into the state directory's neighbourhood and returns its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// The program, with nothing of this environment that it would read.
pub fn sluice() -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("sluice");
    command
        .env_remove("SLUICE_STATE")
        .env_remove("SLUICE_LOG")
        .timeout(std::time::Duration::from_secs(60));
    command
}

pub fn ran(assert: Assert) -> Ran {
    let output = assert.get_output();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ran {
        code: output
            .status
            .code()
            .unwrap_or_else(|| panic!("killed: {}", text(&output.stderr))),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

pub fn is_empty(dir: &Path) -> bool {
    std::fs::read_dir(dir).unwrap().next().is_none()
}
