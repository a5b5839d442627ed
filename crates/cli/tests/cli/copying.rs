//! Copies, and what is said of them.

use serde_json::{Value, json};
use sluice_fakekafka::{FakeCluster, FakeRecord, Isolation};

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

#[test]
fn a_copy_with_an_end_ends_there_by_itself_and_is_proved_up_to_there() {
    // Record n of a partition has the offset n, and its time is n ms behind this one.
    let cases: [(&[&str], i64, i64); 6] = [
        (&["--end", "offset:25"], 0, 25),
        (&["--end", "offset:0=25,1=25"], 0, 25),
        (&["--start", "offset:10", "--end", "records:33"], 10, 43),
        (&["--end", "time:2023-11-14T22:13:20.040Z"], 0, 40),
        (&["--end", "launch"], 0, 100),
        (&["--start", "last:7", "--end", "launch"], 93, 100),
    ];
    for lane in ["wire", "record"] {
        for (end, from, to) in cases {
            let ground = Ground::new();
            ground.fill("a", 2, 100);
            let arguments = [&["--topic", "a", "--lane", lane], end].concat();
            let (code, report) = ground.json("copy", &arguments);
            assert_eq!(
                (code, &report["ended"]),
                (0, &json!("caught_up")),
                "{lane} {end:?}: {report}"
            );
            assert_eq!(
                report["totals"]["records"],
                json!(2 * (to - from)),
                "{lane} {end:?}"
            );
            let copied = || -> Vec<Vec<u8>> {
                let records = ground.target.records("a", 1, Isolation::Committed).unwrap();
                records
                    .into_iter()
                    .filter_map(|one| one.record.value.map(|value| value.to_vec()))
                    .collect()
            };
            let wanted: Vec<Vec<u8>> = (from..to).map(|n| format!("value {n}").into_bytes()).collect();
            assert_eq!(copied(), wanted, "{lane} {end:?}");

            ground.append("a", 2, 100, 20);
            let (code, again) = ground.json("copy", &arguments);
            assert_eq!(
                (code, &again["totals"]["written_records"]),
                (0, &json!(0)),
                "what came later is behind the end: {lane} {end:?}"
            );
            assert_eq!(copied(), wanted, "{lane} {end:?}");
            let (code, proof) = ground.json("verify", &arguments);
            assert_eq!(
                (code, &proof["result"]),
                (0, &json!("equal")),
                "{lane} {end:?}: {proof}"
            );
            for partition in proof["partitions"].as_array().unwrap() {
                assert_eq!(
                    partition["not_copied"],
                    json!(null),
                    "{lane} {end:?}: {partition}"
                );
            }
        }
    }
}

#[test]
fn an_end_that_the_source_has_not_reached_is_waited_for() {
    let ground = Ground::new();
    ground.fill("a", 1, 10);
    let mut command = ground.command("copy");
    command.args(["--json", "--topic", "a", "--end", "offset:15"]);
    let running = std::thread::spawn(move || ran(command.assert()));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let copied = || {
        let there = ground.target.topics().iter().any(|topic| topic == "a");
        if there {
            ground.target.records("a", 0, Isolation::Committed).unwrap().len()
        } else {
            0
        }
    };
    while copied() < 10 {
        assert!(
            std::time::Instant::now() < until,
            "the first records are not copied"
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(!running.is_finished(), "five records are still to come");
    ground.append("a", 1, 10, 10);
    let ended = running.join().unwrap();
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(copied(), 15);
}

#[test]
fn a_mirror_has_no_end_and_other_mistakes_are_explained() {
    let ground = Ground::new();
    ground.fill("a", 1, 10);
    for (arguments, words) in [
        (
            &["--topic", "a", "--delivery", "mirror", "--end", "launch"][..],
            "has no end",
        ),
        (&["--topic", "a", "--end", "tomorrow"], "records:N"),
        (&["--topic", "a", "--start", "last:0"], "from 1 on"),
    ] {
        let ran = ground.run("copy", arguments);
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains(words), "{arguments:?}: {}", ran.err);
    }
}
