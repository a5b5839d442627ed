//! Copies, and what is said of them.

use serde_json::{Value, json};
use sluice_fakekafka::{FakeCluster, FakeRecord};

use crate::ground::{Ground, ran, sluice};

fn sum(report: &Value, field: &str) -> i64 {
    report["partitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[field].as_i64().unwrap())
        .sum()
}

#[test]
fn a_copy_is_reported_resumed_listed_and_proved() {
    let ground = Ground::new();
    ground.fill("a", 3, 100);
    ground.fill("b", 1, 10);
    let arguments = [
        "--topic",
        "b",
        "--topic",
        "a",
        "--prefix",
        "eu.",
        "--until-caught-up",
    ];

    let (code, first) = ground.json("copy", &arguments);
    assert_eq!(
        (code, &first["ended"], &first["exit_code"]),
        (0, &json!("caught_up"), &json!(0))
    );
    assert_eq!(first["totals"]["written_records"], json!(310));
    assert_eq!(sum(&first, "records"), 310);
    assert_eq!((&first["gaps"], &first["quarantined"]), (&json!([]), &json!([])));
    assert!(
        first["delivery"].as_str().unwrap().starts_with("exactly-once"),
        "{first}"
    );
    assert!(first["name"].as_str().unwrap().starts_with("a+1-"), "{first}");

    ground.append("a", 3, 100, 5);
    let (code, second) = ground.json(
        "copy",
        &[
            "--topic",
            "a",
            "--topic",
            "b",
            "--prefix",
            "eu.",
            "--until-caught-up",
        ],
    );
    assert_eq!(
        (code, &second["name"]),
        (0, &first["name"]),
        "the same topics are the same task"
    );
    assert_eq!(second["totals"]["written_records"], json!(15), "only what is new");
    assert_eq!(second["totals"]["records"], json!(325));

    let listed = ran(sluice()
        .args(["status", "--json", "--state"])
        .arg(ground.dir.path())
        .assert());
    let status: Value = serde_json::from_str(&listed.out).unwrap();
    let task = &status["tasks"][0];
    assert_eq!(
        (&task["name"], &task["running"], &task["state"]),
        (&first["name"], &json!(false), &json!("caught_up"))
    );
    assert_eq!(
        (&task["records"], &task["source_cluster_id"]),
        (&json!(325), &json!("the-source"))
    );
    assert_eq!(sum(task, "position"), 325);
    let table = ran(sluice()
        .args(["status", "--state"])
        .arg(ground.dir.path())
        .assert())
    .out;
    assert!(table.contains("caught up") && table.contains("325"), "{table}");

    let (code, proof) = ground.json("verify", &arguments);
    assert_eq!(
        (code, &proof["result"], &proof["source_records"]),
        (0, &json!("equal"), &json!(325))
    );
    let text = ground.run("verify", &arguments);
    assert!(
        text.out.contains("a-2") && text.out.contains("Equal: 4 of 4 partitions"),
        "{}",
        text.out
    );

    ground
        .source
        .append("a", 1, vec![FakeRecord::new("k", "not copied")])
        .unwrap();
    let (code, behind) = ground.json("verify", &arguments);
    assert_eq!(
        (code, &behind["result"], &behind["not_copied"]["records"]),
        (1, &json!("behind"), &json!(1)),
        "{behind}"
    );
    let text = ground.run("verify", &arguments);
    assert!(
        text.out
            .contains("BEHIND: equal so far, not copied yet: 1 record")
            && text.out.contains("; 1 records are not copied yet"),
        "{}",
        text.out
    );

    ground
        .target
        .append("eu.a", 1, vec![FakeRecord::new("k", "foreign")])
        .unwrap();
    let text = ground.run("verify", &arguments);
    assert_eq!(text.code, 1, "{}{}", text.out, text.err);
    assert!(text.out.contains("DIFFERENT: 1 extra"), "{}", text.out);
}

#[test]
fn a_check_tells_and_changes_nothing() {
    let ground = Ground::new();
    ground.fill("a", 2, 7);
    let (code, report) = ground.json("check", &["--topic", "a"]);
    assert_eq!(
        (code, &report["may_start"], &report["resumes"]),
        (0, &json!(true), &json!(false))
    );
    assert_eq!(
        (
            &report["routes"][0]["backlog"],
            &report["routes"][0]["target_partitions"]
        ),
        (&json!(14), &Value::Null)
    );
    assert!(ground.target.topics().is_empty());

    let text = ground.run("check", &["--topic", "a", "--topic", "missing"]);
    assert_eq!(text.code, 2);
    assert!(
        text.out.contains("FAILED") && text.out.contains("missing") && text.out.contains("would not start"),
        "{}",
        text.out
    );
}

#[test]
fn a_task_file_with_a_secret_from_the_environment_runs() {
    let ground = Ground::new();
    let source = FakeCluster::builder()
        .sasl_plain_user("alice", "hunter2")
        .start()
        .unwrap();
    source.create_topic("a", 1, &[]).unwrap();
    source.append("a", 0, vec![FakeRecord::new("k", "v")]).unwrap();
    let task = ground.file(
        "task.toml",
        &format!(
            r#"
            name = "from a file"
            topics = ["a"]
            rename.map = {{ a = "z" }}
            source.bootstrap = "{}"
            target.bootstrap = "{}"
            [source.properties]
            "security.protocol" = "SASL_PLAINTEXT"
            "sasl.mechanism" = "PLAIN"
            "sasl.username" = "alice"
            "sasl.password" = "${{env:SLUICE_TEST_PASSWORD}}"
            "#,
            source.bootstrap(),
            ground.target.bootstrap()
        ),
    );
    let with = |command: &str, more: &[&str]| {
        let mut sluice = sluice();
        sluice
            .args([command, &task])
            .args(more)
            .arg("--state")
            .arg(ground.dir.path().join("state"));
        ran(sluice
            .env("SLUICE_TEST_PASSWORD", "hunter2")
            .env("SLUICE_LOG", "trace")
            .assert())
    };
    let copied = with("run", &["--until-caught-up"]);
    assert_eq!(copied.code, 0, "{}", copied.err);
    assert!(
        copied.out.contains("task 'from a file' caught up: 1 records"),
        "{}",
        copied.out
    );
    assert_eq!(
        ground.target.end_offset("z", 0).unwrap(),
        2,
        "a record and the marker of its transaction"
    );
    assert!(!copied.err.contains("hunter2"), "a secret is in the log");
    assert_eq!(with("verify", &[]).code, 0);
    for file in walk(&ground.dir.path().join("state")) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(
            !bytes.windows(7).any(|window| window == b"hunter2"),
            "a secret is in {}",
            file.display()
        );
    }
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .collect()
}

#[test]
fn a_refused_record_makes_exit_code_1_and_is_listed() {
    refused_record("at-least-once");
}

#[test]
fn a_refused_record_in_a_transaction_makes_exit_code_1_and_is_listed() {
    refused_record("exactly-once");
}

/// What no codec makes smaller than the target's limit.
fn noise(size: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let letters = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(33 + (state >> 58) as u8)
    });
    letters.take(size).collect()
}

fn refused_record(delivery: &str) {
    let ground = Ground::new();
    ground.fill("a", 1, 3);
    ground
        .source
        .append("a", 0, vec![FakeRecord::new("big", noise(50_000))])
        .unwrap();
    ground.append("a", 1, 10, 3);
    ground
        .target
        .create_topic("a", 1, &[("max.message.bytes", "20000")])
        .unwrap();
    let (code, report) = ground.json(
        "copy",
        &[
            "--topic",
            "a",
            "--until-caught-up",
            "--compression",
            "none",
            "--delivery",
            delivery,
        ],
    );
    assert_eq!(code, 1, "{report}");
    assert_eq!(report["quarantined"][0]["offset"], json!(3));
    assert_eq!(report["totals"]["quarantined"], json!(1));
    assert_eq!(
        report["totals"]["written_records"],
        json!(6),
        "the others are copied"
    );
}

#[test]
fn the_demo_copies_and_proves_itself() {
    let demo = ran(sluice().args(["demo", "--seconds", "1"]).assert());
    assert_eq!(demo.code, 0, "{}", demo.err);
    assert!(demo.out.contains("Equal: 18 of 18 partitions"), "{}", demo.out);
}

#[test]
fn the_version_is_told() {
    let version = ran(sluice().arg("--version").assert());
    assert_eq!((version.code, version.out.starts_with("sluice ")), (0, true));
}
