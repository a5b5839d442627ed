//! What cannot start says why in a sentence, with exit code 2 and nothing on stdout.

use std::time::{Duration, Instant};

use sluice_fakekafka::FakeCluster;

use crate::ground::{Ground, Ran, is_empty, ran, sluice};

/// Nothing listens there.
const NOBODY: &str = "127.0.0.1:1";

fn refused(arguments: &[&str]) -> String {
    let state = tempfile::tempdir().unwrap();
    let ran = ran(sluice().args(arguments).arg("--state").arg(state.path()).assert());
    refusal(&ran)
}

fn refusal(ran: &Ran) -> String {
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    ran.err.clone()
}

#[test]
fn bad_arguments_are_named() {
    for (arguments, words) in [
        (&["copy"][..], "no source cluster: give its brokers with --from"),
        (&["copy", "--from", "a:1"], "no target cluster"),
        (&["copy", "--from", "a:1", "--to", "b:1"], "no topics chosen"),
        (
            &["copy", "--from", "a", "--to", "b:1", "--topic", "t"],
            "write host:port",
        ),
        (
            &[
                "copy", "--from", "a:1", "--to", "b:1", "--topic", "t", "--start", "noon",
            ],
            "earliest, latest",
        ),
        (
            &["verify", "--from", "a:1", "--to", "b:1", "--include", "*"],
            "not a valid regular expression",
        ),
        (
            &[
                "check",
                "--from",
                "a:1",
                "--to",
                "b:1",
                "--topic",
                "t",
                "--rate-bytes",
                "0",
            ],
            "greater than 0",
        ),
        (&["copy", "--frm", "a:1"], "unexpected argument '--frm'"),
        (&["copi"], "unrecognized subcommand"),
        (&["run"], "TASK.toml"),
        (
            &["run", "/nowhere/task.toml"],
            "'/nowhere/task.toml' cannot be read",
        ),
    ] {
        let error = refused(arguments);
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
}

#[test]
fn a_mistake_in_a_task_file_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("task.toml");
    std::fs::write(
        &path,
        "topics = [\"a\"]\n[source]\nbootstrap = \"a:1\"\nboostrap = \"hunter2\"\n",
    )
    .unwrap();
    let error = refused(&["run", path.to_str().unwrap()]);
    assert!(
        error.contains("task.toml', line 4 (boostrap): unknown field"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn a_missing_variable_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let task = dir.path().join("task.toml");
    let config = dir.path().join("c.properties");
    std::fs::write(
        &config,
        "bootstrap.servers=a:1\nsasl.password=${env:SLUICE_TEST_UNSET}\n",
    )
    .unwrap();
    std::fs::write(
        &task,
        "topics = [\"a\"]\ntarget.bootstrap = \"b:1\"\nsource.config = \"c.properties\"\n",
    )
    .unwrap();
    let error = refused(&["check", task.to_str().unwrap()]);
    assert!(
        error.contains("c.properties")
            && error.contains("'SLUICE_TEST_UNSET'")
            && error.contains("sasl.password"),
        "{error}"
    );
}

#[test]
fn a_cluster_that_does_not_answer_is_named_in_time() {
    for name in [&["--name", "n"][..], &[]] {
        let begun = Instant::now();
        let arguments = [&["copy", "--from", NOBODY, "--to", NOBODY, "--topic", "t"], name].concat();
        let error = refused(&arguments);
        assert!(
            error.contains("source cluster") && error.contains(NOBODY) && error.contains("Check"),
            "{error}"
        );
        assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    }
}

#[test]
fn a_state_directory_that_cannot_be_used_is_named_before_any_cluster_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let state = file.join("state");
    let begun = Instant::now();
    let ran = ran(sluice()
        .args([
            "copy", "--from", NOBODY, "--to", NOBODY, "--topic", "t", "--state",
        ])
        .arg(&state)
        .assert());
    let error = refusal(&ran);
    assert!(
        error.contains("state directory") && error.contains(&state.display().to_string()),
        "{error}"
    );
    // A cluster that is not there is given 12 s.
    assert!(begun.elapsed() < Duration::from_secs(11), "{:?}", begun.elapsed());
}

#[test]
fn a_damaged_state_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("sluice.db"), "no database".repeat(1000)).unwrap();
    let ran = ran(sluice().args(["status", "--state"]).arg(dir.path()).assert());
    assert!(refusal(&ran).contains("is damaged"), "{}", ran.err);
}

#[test]
fn an_empty_state_directory_has_no_tasks_and_stays_empty() {
    let dir = tempfile::tempdir().unwrap();
    let plain = ran(sluice().args(["status", "--state"]).arg(dir.path()).assert());
    assert_eq!(plain.code, 0);
    assert!(plain.out.starts_with("no tasks in"), "{}", plain.out);
    let json = ran(sluice()
        .args(["status", "--json", "--state"])
        .arg(dir.path())
        .assert());
    let value: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(value["tasks"], serde_json::json!([]));
    assert!(is_empty(dir.path()));
}

#[test]
fn an_unknown_topic_is_named_and_nothing_is_made() {
    let ground = Ground::new();
    let error = refusal(&ground.run("copy", &["--topic", "nothing"]));
    assert!(error.contains("no topic 'nothing'"), "{error}");
    assert!(ground.target.topics().is_empty());
}

#[test]
fn data_on_the_target_is_not_mixed_unasked() {
    let ground = Ground::new();
    ground.fill("a", 1, 5);
    ground.run("copy", &["--topic", "a", "--until-caught-up", "--name", "first"]);
    let error = refusal(&ground.run("copy", &["--topic", "a", "--until-caught-up", "--name", "second"]));
    assert!(error.contains("--existing append"), "{error}");
}

#[test]
fn a_wrong_password_is_told_but_not_shown() {
    let ground = Ground::new();
    let source = FakeCluster::builder()
        .sasl_plain_user("alice", "right")
        .start()
        .unwrap();
    let config = ground.file(
        "from.properties",
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=alice\nsasl.password=hunter2\n",
    );
    let ran = ran(sluice()
        .args([
            "copy",
            "--from",
            &source.bootstrap(),
            "--from-config",
            &config,
            "--to",
            &ground.target.bootstrap(),
            "--topic",
            "a",
            "--state",
        ])
        .arg(ground.dir.path())
        .env("SLUICE_LOG", "trace")
        .assert());
    let error = refusal(&ran);
    assert!(
        error.contains("source cluster") && error.contains("password"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}
