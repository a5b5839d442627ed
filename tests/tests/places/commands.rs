use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_store::Owner;
use sluice_tests::{append_numbered, eventually, has_exactly_numbered, spawn_sluice};

use crate::scene::{Scene, said};

const SECRET: &str = "correct-horse-battery";

#[test]
fn a_daemon_on_another_computer_is_driven_like_one_of_this() -> Result<()> {
    let Some(mut scene) = Scene::start()? else {
        return Ok(());
    };
    append_numbered(&scene.source, 0, 50)?;
    scene.start_daemon()?;
    scene.prepare()?;
    scene.ok(&["task", "start", "o"])?;
    eventually("everything is copied", || {
        Ok(scene.json(&["task", "show", "o"])?["written_records"] == 50)
    })?;
    has_exactly_numbered(&scene.target, 50)?;
    let proof = scene.json(&["task", "verify", "o"])?;
    ensure!(proof["result"] == "equal", "{proof:#}");
    scene.ok(&["task", "pause", "o"])?;
    let listed = scene.json(&["task", "list"])?;
    ensure!(listed["tasks"][0]["state"] == "paused", "{listed:#}");
    let log = scene.json(&["log"])?;
    ensure!(log.to_string().contains("task_pause"), "{log:#}");
    ensure!(scene.json(&["alerts", "rules"])?.is_array());
    let missing = scene.run(&["task", "show", "nowhere"])?;
    ensure!(missing.status.code() == Some(2) && said(&missing).contains("'nowhere'"));
    Ok(())
}

#[test]
fn secrets_travel_through_ssh_and_stay_on_the_server() -> Result<()> {
    let Some(mut scene) = Scene::start()? else {
        return Ok(());
    };
    scene.start_daemon()?;
    let file = scene.server.dir().join("client.properties");
    fs::write(
        &file,
        format!(
            "bootstrap.servers=127.0.0.1:1\nsecurity.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n\
             sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"{SECRET}\";\n"
        ),
    )?;
    let file = file.to_str().context("a path in UTF-8")?;
    scene.ok(&["source", "add", "secret", "--config", file])?;
    let shown = scene.json(&["source", "show", "secret"])?;
    ensure!(shown["secret_fields"] == json!(["password"]), "{shown:#}");
    ensure!(!shown.to_string().contains(SECRET), "{shown:#}");
    // Neither in an argument nor in a folder of this computer.
    ensure!(!scene.server.arguments().contains(SECRET));
    let local = scene.server.dir().join("local");
    ensure!(!local.exists(), "something is kept here: {}", local.display());
    Ok(())
}

#[test]
fn without_a_daemon_a_command_has_the_folder_for_itself_and_leaves_it() -> Result<()> {
    let Some(mut scene) = Scene::start()? else {
        return Ok(());
    };
    append_numbered(&scene.source, 0, 5)?;
    scene.prepare()?;
    let started = scene.ok(&["task", "start", "o"])?;
    ensure!(
        said(&started).contains("nothing runs tasks on this data folder yet"),
        "{}",
        said(&started)
    );
    ensure!(
        Owner::read(&scene.folder())?.is_none(),
        "the folder is free again"
    );
    scene.start_daemon()?;
    eventually("the task runs as soon as a daemon does", || {
        Ok(scene.json(&["task", "show", "o"])?["written_records"] == 5)
    })
}

#[test]
fn what_stands_on_standard_input_is_the_protocol_of_the_socket() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().to_str().context("a path in UTF-8")?;
    let two = [
        json!({"command": "source_list", "request": {}}),
        json!({"command": "no_such_command", "request": {}}),
    ];
    let answers = exchange(data, &two)?;
    ensure!(answers[0] == json!({"ok": []}), "{answers:?}");
    ensure!(answers[1]["error"]["code"] == "invalid_input", "{answers:?}");
    // Requests with a number are answered with it, each when it is done.
    let numbered: Vec<Value> = (0..40)
        .map(|id| json!({"id": id, "command": "source_list", "request": {}}))
        .collect();
    let mut ids: Vec<u64> = exchange(data, &numbered)?
        .iter()
        .filter_map(|answer| answer["id"].as_u64())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..40).collect::<Vec<_>>());
    ensure!(
        Owner::read(Path::new(data))?.is_none(),
        "the folder is free again"
    );
    // The same in the daemon that has the folder.
    let mut daemon = spawn_sluice(&["daemon", "--data", data])?;
    eventually("the daemon takes commands", || {
        Ok(Owner::read(Path::new(data))?.is_some_and(|owner| owner.endpoint.is_some()))
    })?;
    let joined = exchange(data, &[json!({"command": "app_info", "request": {}})])?;
    ensure!(joined[0]["ok"]["runs_tasks"] == true, "{joined:?}");
    daemon.kill()?;
    daemon.wait()?;
    Ok(())
}

/// What `sluice control --stdio` answers to some lines.
fn exchange(data: &str, lines: &[Value]) -> Result<Vec<Value>> {
    use std::io::Write;
    use std::process::{Command, Stdio};

    let mut child = Command::new(sluice_tests::companion()?)
        .args(["control", "--stdio", "--data", data])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    child.stdin.take().context("stdin")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{:?}", output.status);
    String::from_utf8(output.stdout)?
        .lines()
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect()
}
