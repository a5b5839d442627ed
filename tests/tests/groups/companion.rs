//! Groups by the terminal companion, as scripts drive it.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_tests::{Ground, TASK, sluice};

use crate::ground::commit_fake;

fn run(ground: &Ground, args: &[&str]) -> Result<(i32, String, String)> {
    let dir = ground.dir().to_string_lossy().into_owned();
    let output = sluice(&[args, &["--data", &dir]].concat())?;
    Ok((
        output.status.code().context("it was killed")?,
        String::from_utf8(output.stdout)?,
        String::from_utf8(output.stderr)?,
    ))
}

fn json(ground: &Ground, args: &[&str], code: i32) -> Result<Value> {
    let (ended, out, err) = run(ground, &[args, &["--json"]].concat())?;
    ensure!(ended == code, "{args:?} ended with {ended}: {out}{err}");
    serde_json::from_str(&out).with_context(|| format!("{args:?}: {out}{err}"))
}

fn group<'v>(view: &'v Value, name: &str) -> Result<&'v Value> {
    let groups = view["groups"].as_array().context("no groups")?;
    let found = groups.iter().find(|group| group["group"] == name);
    found.with_context(|| format!("no group {name} in {view}"))
}

#[test]
fn groups_are_listed_previewed_and_synced_from_a_terminal() -> Result<()> {
    let mut ground = Ground::running()?;
    ground.pause()?;
    commit_fake(&ground.source, "billing", "t", 4, "note");
    commit_fake(&ground.source, "audit", "t", 9, "");
    commit_fake(&ground.target, "audit", "t", 100, "");
    ground.close();

    let view = json(&ground, &["task", "groups", TASK], 0)?;
    let billing = group(&view, "billing")?;
    ensure!(
        billing["kind"] == "classic" && billing["state"] == "behind",
        "{billing}"
    );
    ensure!(
        billing["members_source"] == 0 && billing["members_target"] == 0,
        "{billing}"
    );
    ensure!(
        billing["lag_source"] == 6 && billing["lag_target"].is_null(),
        "{billing}"
    );
    let position = &billing["partitions"][0];
    ensure!(
        position["topic"] == "t" && position["partition"] == 0,
        "{position}"
    );
    ensure!(
        position["source_offset"] == 4 && position["target_topic"] == "t",
        "{position}"
    );
    ensure!(
        position["target_offset"].is_i64() && position["result"] == "exact",
        "{position}"
    );
    ensure!(
        position["proved"].is_null() && position["reason"].is_null(),
        "{position}"
    );

    let (code, _, err) = run(&ground, &["task", "groups", TASK, "--sync"])?;
    ensure!(code == 2 && err.contains("choose the groups to sync"), "{err}");
    let dry = json(
        &ground,
        &[
            "task",
            "groups",
            TASK,
            "--sync",
            "--group",
            "billing",
            "--dry-run",
        ],
        0,
    )?;
    ensure!(dry["committed"] == 1 && dry["synced"] == false, "{dry}");
    ensure!(
        ground.target.committed("billing", "t", 0).is_none(),
        "a dry run changes nothing"
    );

    let report = json(&ground, &["task", "groups", TASK, "--sync", "--all"], 1)?;
    let moved = group(&report, "billing")?;
    ensure!(
        moved["state"] == "synced" && moved["partitions"][0]["proved"] == true,
        "{moved}"
    );
    ensure!(moved["partitions"][0]["committed"] == true, "{moved}");
    ensure!(group(&report, "audit")?["state"] == "ahead", "{report}");
    let committed = ground
        .target
        .committed("billing", "t", 0)
        .context("it was moved")?;
    ensure!(committed.metadata == "note", "{committed:?}");
    let report = json(
        &ground,
        &["task", "groups", TASK, "--sync", "--group", "audit", "--rewind"],
        0,
    )?;
    ensure!(group(&report, "audit")?["state"] == "synced", "{report}");

    let (code, out, err) = run(&ground, &["task", "groups", TASK])?;
    ensure!(
        code == 0 && out.contains("billing") && out.contains("synced"),
        "{out}{err}"
    );
    Ok(())
}

#[test]
fn the_groups_that_are_kept_in_step_are_set_and_switched_off_from_a_terminal() -> Result<()> {
    let mut ground = Ground::running()?;
    ground.pause()?;
    ground.close();
    let set = |args: &[&str], code| json(&ground, &[&["task", "set", TASK], args].concat(), code);
    let view = set(&["--sync-groups", "bill.*", "--sync-interval", "3"], 0)?;
    let expected = serde_json::json!({"groups": "bill.*", "interval_seconds": 3});
    ensure!(view["settings"]["sync_groups"] == expected, "{view}");
    let view = set(&["--sync-groups", "bill.*", "--spec", "small"], 0)?;
    ensure!(
        view["settings"]["sync_groups"]["interval_seconds"] == 10,
        "{view}"
    );
    ensure!(view["settings"]["spec"] == "small", "{view}");
    let (code, _, err) = run(&ground, &["task", "set", TASK, "--sync-groups", "("])?;
    ensure!(
        code == 2 && err.contains("not a valid regular expression"),
        "{err}"
    );
    let view = set(&["--sync-groups", "off"], 0)?;
    ensure!(view["settings"]["sync_groups"].is_null(), "{view}");
    Ok(())
}
