//! Tasks that are verified by themselves.

use anyhow::{Context, Result, ensure};
use jiff::{ToSpan, Zoned};
use serde_json::Value;
use sluice_fakekafka::FakeRecord;
use sluice_tests::eventually;

use super::scene::{Scene, succeeded, words};

fn json(scene: &Scene, arguments: &[&str]) -> Result<Value> {
    let output = scene.run(&[arguments, &["--json"]].concat())?;
    succeeded(&output)?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn log_has(scene: &Scene, task: &str, words: &str) -> Result<bool> {
    let log = json(scene, &["task", "log", task])?;
    let lines = log.as_array().context("lines")?;
    Ok(lines
        .iter()
        .any(|line| line["message"].as_str().is_some_and(|text| text.contains(words))))
}

#[test]
fn a_task_is_verified_when_that_is_due_and_a_difference_raises_an_alert_until_there_is_none() -> Result<()> {
    let scene = Scene::new(&["t", "u"])?;
    scene.source.append("u", 0, vec![FakeRecord::new("k", "v")])?;
    let files = tempfile::tempdir()?;
    let rule = files.path().join("rule.json");
    std::fs::write(
        &rule,
        r#"{"name": "Not equal", "condition": {"kind": "not_equal"}, "channels": ["desktop"], "notify_recovery": true}"#,
    )?;
    succeeded(&scene.run(&["alerts", "rules", "--put", &rule.to_string_lossy()])?)?;

    // A task that was to be verified a minute ago.
    let output = scene.run(&["task", "export", "o"])?;
    succeeded(&output)?;
    let exported = String::from_utf8(output.stdout)?;
    let minute_ago = Zoned::now()
        .checked_sub(1.minute())?
        .strftime("%H:%M")
        .to_string();
    let file = files.path().join("task.toml");
    let wanted = format!(
        "{}\n[verification]\nat = \"{minute_ago}\"\neverything = true\n",
        exported.replace("\"t\"", "\"u\"")
    );
    std::fs::write(&file, wanted)?;
    succeeded(&scene.run(&["task", "import", &file.to_string_lossy(), "--name", "v"])?)?;
    for command in ["check", "start"] {
        succeeded(&scene.run(&["task", command, "v"])?)?;
    }
    eventually("it is verified by itself", || {
        log_has(&scene, "v", "verified on schedule: ")
    })?;
    let shown = json(&scene, &["task", "show", "v"])?;
    assert_eq!(shown["settings"]["verification"]["at"], minute_ago, "{shown:#}");

    // Another program writes to the target.
    eventually(
        "the record is copied",
        || Ok(scene.target.end_offset("u", 0)? > 0),
    )?;
    scene
        .target
        .append("u", 0, vec![FakeRecord::new("k", "foreign")])?;
    scene.source.append("u", 0, vec![FakeRecord::new("k", "w")])?;
    eventually("a verification finds the foreign record", || {
        Ok(scene.run(&["task", "verify", "v"])?.status.code() == Some(1))
    })?;
    let alerts = |kind: &str| -> Result<bool> {
        let history = json(&scene, &["alerts", "history", "--task", "v"])?;
        let rows = history.as_array().context("rows")?;
        Ok(rows
            .iter()
            .any(|row| row["rule_name"] == "Not equal" && row["kind"] == kind))
    };
    eventually("the difference raises an alert", || alerts("raised"))?;
    ensure!(!alerts("recovered")?, "nothing was verified since");
    Ok(())
}

#[test]
fn a_schedule_is_set_and_taken_away_and_what_was_due_before_is_not_made_up_for() -> Result<()> {
    let scene = Scene::new(&["t"])?;
    let minute_ago = Zoned::now()
        .checked_sub(1.minute())?
        .strftime("%H:%M")
        .to_string();
    let set = [
        "task",
        "set",
        "o",
        "--verify-at",
        &minute_ago,
        "--verify-on",
        "sunday",
    ];
    succeeded(&scene.run(&set)?)?;
    let schedule = scene.shown()?["settings"]["verification"].clone();
    assert_eq!(
        (&schedule["at"], &schedule["day"], &schedule["everything"]),
        (
            &Value::from(minute_ago),
            &Value::from("sunday"),
            &Value::from(false)
        )
    );
    ensure!(schedule["since_ms"].as_i64() > Some(0), "{schedule}");

    for (arguments, says) in [
        (["--verify-at", "25:00"], "write HH:MM"),
        (["--verify-on", "sunday"], "--verify-at"),
    ] {
        let output = scene.run(&[&["task", "set", "o"][..], &arguments].concat())?;
        assert_eq!(output.status.code(), Some(2));
        ensure!(words(&output).contains(says), "{}", words(&output));
    }
    assert_eq!(
        scene.shown()?["settings"]["verification"],
        schedule,
        "nothing was changed"
    );
    succeeded(&scene.run(&["task", "set", "o", "--verify-at", "off"])?)?;
    ensure!(scene.shown()?["settings"]["verification"].is_null(), "it is off");
    Ok(())
}
