//! Commands that two people, or two scripts, give at the same time (hermetic: in-process clusters, the real program).

use std::collections::BTreeSet;
use std::process::{Child, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_fakekafka::FakeCluster;
use sluice_tests::{append_numbered, eventually, fake_clusters, has_exactly_numbered, sluice, spawn_sluice};

/// A daemon with a task `o` that runs. It is killed with the scene.
struct Scene {
    daemon: Child,
    source: FakeCluster,
    target: FakeCluster,
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
    fn new(topics: &[&str]) -> Result<Self> {
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

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        sluice(&[arguments, &["--data", &self.data]].concat())
    }

    /// Runs both commands at the same time, each in a program of its own.
    fn at_once(&self, one: &[&str], other: &[&str]) -> Result<[Output; 2]> {
        let outputs = std::thread::scope(|scope| {
            [one, other]
                .map(|arguments| scope.spawn(|| self.run(arguments)))
                .map(std::thread::ScopedJoinHandle::join)
        });
        let [one, other] = outputs.map(|output| output.map_err(|_| anyhow::anyhow!("a thread panicked")));
        Ok([one??, other??])
    }

    fn shown(&self) -> Result<Value> {
        let output = self.run(&["task", "show", "o", "--json"])?;
        succeeded(&output)?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn is(&self, state: &str) -> Result<()> {
        eventually(&format!("the task is {state}"), || {
            Ok(self.shown()?["state"] == state)
        })
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn succeeded(output: &Output) -> Result<()> {
    ensure!(output.status.success(), "{:?}: {}", output.status, words(output));
    Ok(())
}

#[test]
fn of_two_resumes_at_once_one_is_accepted_one_says_why_not_and_the_task_runs() -> Result<()> {
    let scene = Scene::new(&["t"])?;
    for round in 0..5_usize {
        succeeded(&scene.run(&["task", "pause", "o"])?)?;
        let resume = ["task", "resume", "o"];
        let outputs = scene.at_once(&resume, &resume)?;
        let (accepted, refused): (Vec<&Output>, Vec<&Output>) =
            outputs.iter().partition(|output| output.status.success());
        ensure!(!accepted.is_empty(), "{}", words(&outputs[0]));
        for output in refused {
            assert_eq!(output.status.code(), Some(2));
            ensure!(
                words(output).contains("'resume' is not allowed then"),
                "{}",
                words(output)
            );
        }
        scene.is("running")?;
        append_numbered(&scene.source, round * 10, 10)?;
        has_exactly_numbered(&scene.target, (round + 1) * 10)?;
    }
    Ok(())
}

#[test]
fn of_a_speed_and_a_topic_that_are_set_at_once_neither_is_lost_while_both_succeed() -> Result<()> {
    let topics = ["t", "u0", "u1", "u2", "u3"];
    let scene = Scene::new(&topics)?;
    let mut expected = BTreeSet::from(["t".to_owned()]);
    let mut rate = Value::Null;
    for (round, topic) in topics[1..].iter().enumerate() {
        let speed = format!("{}", 1_000 + round);
        let set = ["task", "set", "o", "--rate-records", &speed];
        let [set, modified] = scene.at_once(&set, &["task", "modify", "o", "--add", topic])?;
        if set.status.success() {
            rate = Value::from(1_000 + round);
        }
        if modified.status.success() {
            expected.insert((*topic).to_owned());
        }
        ensure!(
            set.status.success() || modified.status.success(),
            "one of them is the first: {} {}",
            words(&set),
            words(&modified)
        );
        for refused in [&set, &modified] {
            if !refused.status.success() {
                assert_eq!(refused.status.code(), Some(2));
                ensure!(
                    words(refused).contains("superseded by a later command")
                        || words(refused).contains("is not allowed then"),
                    "{}",
                    words(refused)
                );
            }
        }
        let settings = scene.shown()?["settings"].clone();
        let copied: BTreeSet<String> = serde_json::from_value(settings["objects"]["topics"].clone())
            .with_context(|| format!("{settings:#}"))?;
        assert_eq!(copied, expected, "{settings:#}");
        assert_eq!(settings["rate"]["records_per_second"], rate, "{settings:#}");
        scene.is("running")?;
    }
    Ok(())
}
