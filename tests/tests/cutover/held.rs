//! What holds a cut-over of real clusters, and what is refused.

use anyhow::{Result, ensure};
use sluice_tests::skipped;

use super::ground::{Scene, TASK};

fn held_by(scene: &Scene, arguments: &[&str]) -> Result<String> {
    let output = scene.run(&[arguments, &["--json"]].concat())?;
    ensure!(
        output.status.code() == Some(1),
        "{arguments:?} is held: {:?} {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let view: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    Ok(view["cutover"]["held"]["question"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

#[test]
fn a_group_with_unread_records_and_one_that_still_reads_hold_it_until_they_are_accepted_or_stopped()
-> Result<()> {
    if skipped() {
        return Ok(());
    }
    let mut scene = Scene::new()?;
    scene.read_old(3)?;
    scene.ok(&["cutover", "plan", TASK, "--silence", "1"])?;
    let second = scene.run(&["cutover", "plan", TASK])?;
    ensure!(second.status.code() == Some(2), "one at a time: {second:?}");
    scene.next(&[])?;
    scene.next(&[])?;
    scene.next(&[])?;
    ensure!(scene.step()? == "drain");
    // What is accepted by name is in the report; another name is refused and changes nothing.
    ensure!(held_by(&scene, &["cutover", "next", TASK])? == "groups_drained");
    let wrong = scene.run(&["cutover", "next", TASK, "--overrule", "group_lag"])?;
    ensure!(wrong.status.code() == Some(2), "{wrong:?}");
    ensure!(scene.step()? == "drain");
    scene.next(&["groups_drained"])?;
    let overruled = scene.cutover()?["overruled"][0].clone();
    ensure!(
        overruled["question"] == "groups_drained" && overruled["counts"] == true,
        "{overruled:#}"
    );
    // Settled instead of overruled: nothing holds it.
    scene.next(&[])?;
    ensure!(scene.step()? == "move_groups");
    scene.read_old(usize::MAX)?;
    scene.next(&[])?;
    // A producer that has not stopped holds the switch, and what it wrote is not left behind.
    scene.write_old(2)?;
    let question = held_by(&scene, &["cutover", "next", TASK])?;
    ensure!(
        [
            "lag_zero",
            "source_silent",
            "source_producers",
            "verification_current"
        ]
        .contains(&question.as_str()),
        "{question}"
    );
    ensure!(scene.step()? == "prove_silence");
    scene.caught_up(TASK)?;
    while scene.step()? != "window" {
        let step = scene.step()?;
        let overrule: &[&str] = if step == "drain" { &["groups_drained"] } else { &[] };
        scene.next(overrule)?;
    }
    scene.read_new(usize::MAX)?;
    scene.everything_was_read_once()
}

#[test]
fn giving_up_before_the_switch_lets_the_copy_go_on() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let mut scene = Scene::new()?;
    scene.read_old(usize::MAX)?;
    scene.ok(&["cutover", "plan", TASK, "--silence", "1"])?;
    for _ in 0..5 {
        scene.next(&[])?;
    }
    let needed = scene.run(&["task", "rm", TASK])?;
    ensure!(needed.status.code() == Some(2), "{needed:?}");
    // With another topic the task would not be what was planned and asked about.
    let modify = ["task", "modify", TASK, "--add", "another"];
    let planned = scene.run(&modify)?;
    let why = String::from_utf8_lossy(&planned.stderr).into_owned();
    ensure!(
        planned.status.code() == Some(2) && why.contains("is under way at step 7"),
        "{planned:?}"
    );
    scene.ok(&["cutover", "back", TASK])?;
    ensure!(scene.cutover()?["state"] == "abandoned");
    scene.create_old("another")?;
    scene.ok(&modify)?;
    scene.write_old(3)?;
    scene.caught_up(TASK)?;
    scene.both_sides_hold_everything_once()
}

#[test]
fn a_cluster_without_an_authorizer_holds_a_fence_from_the_rehearsal_on() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let scene = Scene::new()?;
    scene.ok(&["cutover", "plan", TASK, "--fence", "acl", "--silence", "1"])?;
    ensure!(held_by(&scene, &["cutover", "rehearse", TASK])? == "fence");
    let evidence = scene.cutover()?["held"]["answers"][0]["evidence"].clone();
    ensure!(
        evidence
            .as_str()
            .is_some_and(|text| text.contains("has no authorizer")),
        "{evidence}"
    );
    ensure!(scene.step()? == "rehearse");
    // Producers are stopped by a person then, and the report keeps who said so.
    scene.next(&["fence"])?;
    scene.next(&["fence"])?;
    ensure!(scene.step()? == "prove_silence");
    ensure!(
        scene.cutover()?["overruled"]
            .as_array()
            .is_some_and(|all| all.len() == 2)
    );
    Ok(())
}
