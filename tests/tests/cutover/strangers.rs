//! What others do to a cut-over while it is under way: it is noticed, and no record is lost by it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::Value;
use sluice_testground::KafkaVersion;
use sluice_testground::tools::JavaTool;
use sluice_tests::{Filler, eventually, skipped};

use super::ground::{GROUP, NEW_TOPIC, PARTITIONS, Scene, TASK, TOPIC, read_and_commit};

/// The answers that hold the present step, by their question.
fn held(scene: &Scene) -> Result<Vec<(String, String)>> {
    let held = scene.cutover()?["held"]["answers"].clone();
    Ok(held
        .as_array()
        .context("what holds it")?
        .iter()
        .map(|answer| {
            let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
            (text("question"), text("evidence"))
        })
        .collect())
}

fn named<'a>(held: &'a [(String, String)], question: &str) -> Result<&'a str> {
    held.iter()
        .find(|(name, _)| name == question)
        .map(|(_, evidence)| evidence.as_str())
        .with_context(|| format!("{question} is not among {held:?}"))
}

fn to(scene: &Scene, step: &str) -> Result<()> {
    while scene.step()? != step {
        let now = scene.step()?;
        let overrule: &[&str] = if now == "drain" { &["groups_drained"] } else { &[] };
        ensure!(scene.try_next(overrule)?, "{now}: {:?}", held(scene)?);
    }
    Ok(())
}

#[test]
fn a_producer_that_still_writes_to_the_old_side_holds_the_window_and_the_way_back() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let mut scene = Scene::new()?;
    scene.read_old(7)?;
    scene.ok(&["cutover", "plan", TASK, "--silence", "1"])?;
    // What the cut-over needs is not ended behind its back.
    let refused = scene.run(&["task", "terminate", TASK])?;
    ensure!(refused.status.code() == Some(2), "{refused:?}");
    to(&scene, "window")?;
    scene.try_next(&[])?;
    ensure!(
        held(&scene)?.iter().all(|(question, _)| question == "way_back"),
        "{:?}",
        held(&scene)?
    );
    let reverse = scene.cutover()?["reverse"]["id"]
        .as_str()
        .context("a task")?
        .to_owned();
    let refused = scene.run(&["task", "terminate", &reverse])?;
    ensure!(refused.status.code() == Some(2), "{refused:?}");
    // A producer that was forgotten.
    Filler::new(&scene.old.bootstrap())?.numbered(TOPIC, 1, 90_000, 2, 40)?;
    ensure!(!scene.try_next(&["way_back"])?, "it does not close");
    let found = held(&scene)?;
    let evidence = named(&found, "old_side_silent")?;
    ensure!(evidence.contains(&format!("{TOPIC}-0")), "{evidence}");
    // Nor do applications go back over it without a word.
    scene.write_new(3)?;
    scene.ok(&["cutover", "back", TASK, "--silence", "1"])?;
    to(&scene, "verify")?;
    ensure!(!scene.try_next(&[])?);
    let found = held(&scene)?;
    let evidence = named(&found, "verification_current")?;
    ensure!(evidence.contains("2 extra"), "{evidence}");
    Ok(())
}

#[test]
fn a_group_whose_positions_are_gone_and_a_target_that_was_created_again_hold_it() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let mut scene = Scene::new()?;
    scene.read_old(7)?;
    scene.ok(&["cutover", "plan", TASK, "--silence", "1"])?;
    to(&scene, "move_groups")?;
    // Somebody removes the group at the source: where it stood is not known any more.
    JavaTool::new(
        KafkaVersion::V4_3_1,
        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    )
    .args([
        "--bootstrap-server",
        &scene.old.direct_bootstrap(),
        "--delete",
        "--group",
        GROUP,
    ])
    .run()?
    .successful()?;
    let output = scene.run(&["cutover", "next", TASK])?;
    ensure!(!output.status.success(), "{output:?}");
    scene.ok(&["cutover", "back", TASK])?;
    let report = scene.json(&["cutover", "status", TASK])?;
    ensure!(report["cutover"]["state"] == "abandoned", "{report:#}");

    // Only producers move now, and somebody makes the target's topic anew before the switch.
    scene.ok(&["cutover", "plan", TASK, "--silence", "1"])?;
    to(&scene, "open")?;
    let target = Filler::new(&scene.new.bootstrap())?;
    target.delete(NEW_TOPIC)?;
    eventually("it is there again", || {
        Ok(target.create(NEW_TOPIC, PARTITIONS, &[]).is_ok())
    })?;
    ensure!(!scene.try_next(&[])?, "{:#}", scene.cutover()?);
    ensure!(scene.step()? != "window");
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("report.json");
    scene.ok(&["cutover", "report", TASK, "--out", out.to_str().context("UTF-8")?])?;
    let report: Value = serde_json::from_slice(&std::fs::read(&out)?)?;
    ensure!(report["cutover"]["held"].is_object(), "{report:#}");
    Ok(())
}

/// A consumer that runs and never commits.
fn lurking(bootstrap: &str, group: &str) -> Result<BaseConsumer> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[TOPIC])?;
    eventually("it has partitions", || {
        consumer.poll(Duration::from_millis(100));
        Ok(consumer.assignment()?.count() > 0)
    })?;
    Ok(consumer)
}

#[test]
fn a_consumer_that_commits_nothing_holds_it_and_one_of_a_group_that_stays_does_not() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let mut scene = Scene::new()?;
    scene.read_old(7)?;
    let old = scene.old.bootstrap();
    read_and_commit(&old, TOPIC, "stays", 4)?;
    scene.ok(&["cutover", "plan", TASK, "--group", GROUP, "--silence", "1"])?;
    to(&scene, "move_groups")?;
    let staying = lurking(&old, "stays")?;
    let stranger = lurking(&old, "audit")?;
    ensure!(!scene.try_next(&[])?, "it moves");
    let found = held(&scene)?;
    let evidence = named(&found, "no_members")?;
    ensure!(
        evidence.contains("'audit'") && !evidence.contains("'stays'"),
        "{evidence}"
    );
    drop(stranger);
    eventually("the groups move", || scene.try_next(&[]))?;
    drop(staying);
    ensure!(scene.step()? == "open", "{}", scene.step()?);
    Ok(())
}
