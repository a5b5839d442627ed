//! A full disk and a locked database: what runs waits, says so, loses nothing and goes on by itself; what is asked for is
//! refused with a sentence (the real program; hermetic clusters).

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, TransactionBehavior};
use serde_json::Value;
use sluice_fakekafka::FakeCluster;
use sluice_tests::{append_numbered, companion, eventually, fake_clusters, has_exactly_numbered};

#[cfg(target_os = "linux")]
use sluice_tests::FullDisk;

/// A task `o` that has copied a hundred records and runs in a daemon.
struct Scene {
    source: FakeCluster,
    target: FakeCluster,
    daemon: Option<Child>,
    dir: tempfile::TempDir,
}

impl Scene {
    fn running(prepare: impl Fn(&mut Command)) -> Result<Self> {
        let (source, target) = fake_clusters()?;
        source.create_topic("t", 1, &[])?;
        let mut scene = Self {
            source,
            target,
            daemon: None,
            dir: tempfile::tempdir()?,
        };
        scene.append(0, 100)?;
        scene.ok(&["source", "add", "from", "--bootstrap", &scene.source.bootstrap()])?;
        scene.ok(&["source", "add", "to", "--bootstrap", &scene.target.bootstrap()])?;
        scene.ok(&[
            "task", "create", "o", "--from", "from", "--to", "to", "--topic", "t",
        ])?;
        scene.ok(&["task", "check", "o"])?;
        scene.start(prepare)?;
        scene.ok(&["task", "start", "o"])?;
        scene.exactly(100)?;
        scene.is("running")?;
        Ok(scene)
    }

    fn data(&self) -> &Path {
        self.dir.path()
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(companion()?);
        command
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::null());
        Ok(command)
    }

    fn start(&mut self, prepare: impl Fn(&mut Command)) -> Result<()> {
        let mut command = self.command(&["daemon"])?;
        prepare(&mut command);
        let daemon = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        self.daemon = Some(daemon);
        Ok(())
    }

    fn kill(&mut self) -> Result<()> {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill()?;
            daemon.wait()?;
        }
        Ok(())
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        Ok(self.command(arguments)?.output()?)
    }

    fn ok(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.run(&[arguments, &["--json"]].concat())?;
        ensure!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    }

    /// A command that is refused; its sentence.
    fn refused(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments)?;
        ensure!(output.status.code() == Some(2), "{arguments:?}: {output:?}");
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn is(&self, state: &str) -> Result<()> {
        eventually(&format!("the task is {state}"), || {
            Ok(self.ok(&["task", "show", "o"])?["state"] == state)
        })
    }

    /// The task waits, and says why, in the list as well.
    fn waits(&self, why: &str) -> Result<()> {
        eventually(&format!("it waits: {why}"), || {
            let view = self.ok(&["task", "show", "o"])?;
            Ok(view["state"] == "abnormal"
                && view["last_error"].as_str().is_some_and(|text| text.contains(why)))
        })
        .with_context(|| format!("{:#?}", self.ok(&["task", "show", "o"])))?;
        let list = self.ok(&["task", "list"])?;
        let row = &list["tasks"][0];
        ensure!(
            row["state"] == "abnormal" && row["reason"].as_str().is_some_and(|text| text.contains(why)),
            "{row:#}"
        );
        Ok(())
    }

    fn append(&self, from: usize, count: usize) -> Result<()> {
        append_numbered(&self.source, from, count)
    }

    fn exactly(&self, count: usize) -> Result<()> {
        has_exactly_numbered(&self.target, count)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("the daemon was not ended: {error}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_a_task_waits_and_goes_on_by_itself_when_there_is_room() -> Result<()> {
    let place = tempfile::tempdir()?;
    let disk = FullDisk::new(place.path())?;
    let mut scene = Scene::running(|command| disk.under(command))?;
    disk.fill()?;
    scene.append(100, 50)?;
    scene.waits("is full. Free some space")?;
    for arguments in [
        &["source", "add", "more", "--bootstrap", "h:1"][..],
        &["task", "pause", "o"],
        &["task", "set", "o", "--spec", "small"],
    ] {
        let sentence = scene.refused(arguments)?;
        ensure!(
            sentence.contains("the disk that holds") && sentence.contains("is full"),
            "{arguments:?}: {sentence}"
        );
    }
    disk.free()?;
    scene.is("running")?;
    scene.exactly(150)?;
    let log = scene.ok(&["task", "log", "o"])?;
    ensure!(
        log.to_string().contains("is full"),
        "it is told afterwards what happened: {log:#}"
    );

    // Killed while the disk is full, and started on one that still is.
    disk.fill()?;
    scene.append(150, 50)?;
    scene.waits("is full")?;
    scene.kill()?;
    scene.start(|command| disk.under(command))?;
    disk.free()?;
    if scene
        .daemon
        .as_mut()
        .is_some_and(|daemon| daemon.try_wait().is_ok_and(|ended| ended.is_some()))
    {
        scene.start(|command| disk.under(command))?;
    }
    scene.exactly(200)?;
    scene.is("running")?;
    // It can be stopped as ever.
    scene.ok(&["task", "pause", "o"])?;
    scene.is("paused")
}

#[test]
fn while_another_program_has_the_database_locked_a_task_waits_and_commands_say_so() -> Result<()> {
    let scene = Scene::running(|_| ())?;
    let mut other = Connection::open(scene.data().join("sluice.db"))?;
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate)?;
    scene.append(100, 50)?;
    let sentence = scene.refused(&["source", "add", "more", "--bootstrap", "h:1"])?;
    ensure!(
        sentence.contains("locked by another process for too long") && sentence.contains("a backup"),
        "{sentence}"
    );
    scene.waits("locked by another process")?;
    lock.commit()?;
    scene.is("running")?;
    scene.exactly(150)
}

#[test]
fn a_database_that_nobody_else_may_even_read_is_named_when_it_is_opened() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().to_str().context("a path in UTF-8")?;
    let list = || sluice_tests::sluice(&["source", "list", "--data", data]);
    ensure!(list()?.status.success(), "it is made");
    let other = Connection::open(dir.path().join("sluice.db"))?;
    other.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    other.execute_batch("BEGIN EXCLUSIVE; DELETE FROM launches; COMMIT")?;
    let output = list()?;
    let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{sentence}");
    ensure!(
        sentence.contains("sluice.db") && sentence.contains("locked by another process"),
        "{sentence}"
    );
    drop(other);
    ensure!(list()?.status.success(), "it is free again");
    Ok(())
}
