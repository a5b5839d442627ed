//! Data sources that are marked read-only.

use anyhow::{Result, ensure};
use sluice_fakekafka::ApiKey;
use sluice_tests::{append_numbered, has_exactly_numbered};

use super::scene::{Scene, succeeded, words};

/// A command that is refused with exit code 2 and these words.
fn refused(scene: &Scene, arguments: &[&str], says: &str) -> Result<()> {
    let output = scene.run(arguments)?;
    ensure!(
        output.status.code() == Some(2) && words(&output).contains(says),
        "{arguments:?}: {says}: {:?} {}",
        output.status,
        words(&output)
    );
    Ok(())
}

/// Requests to the target that change something there.
fn writes(scene: &Scene) -> u64 {
    [
        ApiKey::Produce,
        ApiKey::CreateTopics,
        ApiKey::CreatePartitions,
        ApiKey::IncrementalAlterConfigs,
        ApiKey::InitProducerId,
        ApiKey::OffsetCommit,
        ApiKey::TxnOffsetCommit,
    ]
    .into_iter()
    .map(|api| scene.target.request_count(api))
    .sum()
}

const MARKED: &str = "'to' is marked read-only";

#[test]
fn nothing_is_written_to_a_data_source_that_is_marked_read_only() -> Result<()> {
    let scene = Scene::new(&["t"])?;
    append_numbered(&scene.source, 0, 20)?;
    has_exactly_numbered(&scene.target, 20)?;
    let mark = ["source", "edit", "to", "--read-only", "yes"];
    refused(&scene, &mark, "the task 'o' writes to this data source; pause it")?;
    succeeded(&scene.run(&["task", "pause", "o"])?)?;
    succeeded(&scene.run(&mark)?)?;
    append_numbered(&scene.source, 20, 20)?;

    let before = writes(&scene);
    refused(&scene, &["task", "resume", "o"], MARKED)?;
    refused(&scene, &["task", "groups", "o", "--sync", "--all"], MARKED)?;
    refused(
        &scene,
        &["task", "modify", "o", "--remove", "t", "--add", "u"],
        MARKED,
    )?;
    refused(&scene, &["cutover", "plan", "o"], MARKED)?;
    let create = |name| {
        [
            "task", "create", name, "--from", "from", "--to", "to", "--topic", "t",
        ]
    };
    refused(&scene, &create("p"), MARKED)?;
    scene.is("paused")?;
    assert_eq!(writes(&scene), before, "something was written to it");

    // It can be looked at, and copied from.
    succeeded(&scene.run(&["source", "topics", "to"])?)?;
    succeeded(&scene.run(&["task", "groups", "o"])?)?;
    succeeded(&scene.run(&[
        "task", "create", "q", "--from", "to", "--to", "from", "--topic", "t", "--prefix", "back.",
    ])?)?;

    succeeded(&scene.run(&["source", "edit", "to", "--read-only", "no"])?)?;
    succeeded(&scene.run(&["task", "resume", "o"])?)?;
    has_exactly_numbered(&scene.target, 40)
}

#[test]
fn a_task_that_was_made_before_the_mark_neither_starts_nor_is_started_by_the_next_program() -> Result<()> {
    let scene = Scene::new(&["t"])?;
    succeeded(&scene.run(&[
        "task", "create", "p", "--from", "from", "--to", "to", "--topic", "t", "--prefix", "p.",
    ])?)?;
    succeeded(&scene.run(&["task", "check", "p"])?)?;
    succeeded(&scene.run(&["task", "pause", "o"])?)?;
    succeeded(&scene.run(&["source", "edit", "to", "--read-only", "yes"])?)?;
    refused(&scene, &["task", "check", "p"], MARKED)?;
    refused(&scene, &["task", "start", "p"], MARKED)?;
    let listed = scene.run(&["source", "list"])?;
    ensure!(String::from_utf8_lossy(&listed.stdout).contains("Development, read-only"));
    // Applications may leave it for good, but nothing comes back to it.
    succeeded(&scene.run(&["source", "edit", "to", "--read-only", "no"])?)?;
    succeeded(&scene.run(&["task", "resume", "o"])?)?;
    scene.is("running")?;
    succeeded(&scene.run(&["source", "edit", "from", "--read-only", "yes"])?)?;
    refused(
        &scene,
        &["cutover", "plan", "o", "--fence", "acl"],
        "plan the cut-over without both",
    )?;
    // What is planned may write to both sides: neither is marked before it has ended.
    succeeded(&scene.run(&["cutover", "plan", "o", "--no-follow"])?)?;
    succeeded(&scene.run(&["task", "pause", "o"])?)?;
    refused(
        &scene,
        &["source", "edit", "to", "--read-only", "yes"],
        "may write to this data source; close it or go back first",
    )
}
