//! Ctrl-C, and two processes of one task.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::ground::Ground;

/// A copy in the background that has begun.
struct Background {
    child: Child,
    err: BufReader<std::process::ChildStderr>,
}

fn background(ground: &Ground, arguments: &[&str]) -> Background {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("sluice"))
        .args([
            "copy",
            "--json",
            "--from",
            &ground.source.bootstrap(),
            "--to",
            &ground.target.bootstrap(),
            "--state",
        ])
        .arg(ground.dir.path())
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("task '") {
        line.clear();
        assert_ne!(err.read_line(&mut line).unwrap(), 0, "it ended before it began");
    }
    Background { child, err }
}

impl Background {
    #[expect(unsafe_code, reason = "the standard library cannot send signals")]
    fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).unwrap();
        // SAFETY: plain system call; the child has not been waited for, so the id is still its own.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    /// Exit code, stdout, the rest of stderr.
    fn end(mut self) -> (Option<i32>, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        self.err.read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code(), out, err)
    }
}

#[test]
fn an_interrupted_copy_is_saved_reported_and_resumed() {
    let ground = Ground::new();
    ground.fill("a", 2, 5000);
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let copy = background(
            &ground,
            &["--topic", "a", "--name", "n", "--rate-records", "1000"],
        );
        std::thread::sleep(std::time::Duration::from_millis(1500));
        copy.signal(signal);
        let (code, out, err) = copy.end();
        assert_eq!(code, Some(130), "{err}");
        assert!(err.contains("stopping"), "{err}");
        let report: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            (&report["ended"], &report["exit_code"]),
            (&json!("stopped"), &json!(130))
        );
        let written = report["totals"]["written_records"].as_u64().unwrap();
        assert!((1..9000).contains(&written), "{written}");
    }
    let arguments = ["--topic", "a", "--name", "n", "--until-caught-up"];
    let (code, report) = ground.json("copy", &arguments);
    assert_eq!((code, &report["totals"]["records"]), (0, &json!(10_000)));
    assert_eq!(ground.json("verify", &arguments).1["result"], json!("equal"));
}

#[test]
fn a_second_process_of_a_task_is_refused_with_the_first_ones_id() {
    let ground = Ground::new();
    ground.fill("a", 1, 5);
    let first = background(&ground, &["--topic", "a", "--name", "n"]);
    let second = ground.run("copy", &["--topic", "a", "--name", "n"]);
    assert_eq!(second.code, 2);
    assert!(
        second
            .err
            .contains(&format!("already running in process {}", first.child.id())),
        "{}",
        second.err
    );
    let check = ground.run("check", &["--topic", "a", "--name", "n"]);
    assert_eq!(check.code, 2);
    assert!(check.out.contains("running in another process"), "{}", check.out);

    let other = ground.run(
        "copy",
        &[
            "--topic",
            "a",
            "--name",
            "m",
            "--prefix",
            "x.",
            "--until-caught-up",
        ],
    );
    assert_eq!(other.code, 0, "another task shares the state: {}", other.err);
    first.signal(libc::SIGINT);
    assert_eq!(first.end().0, Some(130));
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let ground = Ground::new();
    ground.fill("a", 1, 5);
    let copy = background(&ground, &["--topic", "a", "--name", "n"]);
    // A target that answers nothing keeps the clean stop waiting.
    ground.append("a", 1, 5, 5000);
    ground.target.delay(
        sluice_fakekafka::ApiKey::Produce,
        std::time::Duration::from_secs(30),
    );
    std::thread::sleep(std::time::Duration::from_millis(500));
    copy.signal(libc::SIGINT);
    std::thread::sleep(std::time::Duration::from_millis(700));
    let begun = std::time::Instant::now();
    copy.signal(libc::SIGINT);
    assert_eq!(copy.end().0, Some(130));
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}
