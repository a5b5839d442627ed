//! Forward and back, without and with kills at each step.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_testground::KafkaVersion;
use sluice_tests::{cluster, skipped};

use super::ground::{GROUP, Scene, TASK};

const NEW: (KafkaVersion, KafkaVersion) = (KafkaVersion::V4_3_1, KafkaVersion::V4_3_1);

/// Groups have unread records when they move: known and accepted.
const ACCEPTED: &[(&str, &str)] = &[("drain", "groups_drained")];

/// Carries the present cut-over on to its window.
fn to_the_window(scene: &mut Scene, kills: Option<Duration>) -> Result<()> {
    while scene.step()? != "window" {
        let step = scene.step()?;
        let overrule: Vec<&str> = ACCEPTED
            .iter()
            .filter(|(held, _)| *held == step)
            .map(|(_, question)| *question)
            .collect();
        match kills {
            Some(later) => scene.next_with_kills(&overrule, later)?,
            None => scene.try_next(&overrule).map(drop)?,
        }
        if scene.step()? == step {
            let unknown = what_comes_of_old_clusters(scene)?;
            let all: Vec<&str> = overrule
                .into_iter()
                .chain(unknown.iter().map(String::as_str))
                .collect();
            scene.next(&all)?;
        }
        ensure!(
            scene.step()? != step,
            "step {step} is not done: {:#}",
            scene.cutover()?
        );
    }
    Ok(())
}

/// The questions that hold the present step because the cluster is too old to answer, or takes smaller records than the new
/// one by its defaults; none may hold it for another reason.
fn what_comes_of_old_clusters(scene: &Scene) -> Result<Vec<String>> {
    let held = scene.cutover()?["held"]["answers"].clone();
    let answers = held.as_array().context("what holds it")?;
    let is_smaller = |answer: &Value| {
        answer["question"] == "topic_parity"
            && answer["evidence"].as_str().is_some_and(|found| {
                found.contains("setting max.message.bytes, source 1048588, target 1000012")
            })
    };
    ensure!(
        answers
            .iter()
            .all(|answer| answer["result"] == "unknown" || is_smaller(answer)),
        "{answers:#?}"
    );
    Ok(answers
        .iter()
        .filter_map(|answer| answer["question"].as_str().map(str::to_owned))
        .collect())
}

/// Applications move to the new side and back, with records written on both sides. `kills`: how long after the first note
/// of a step the program is killed a second time.
fn there_and_back(versions: (KafkaVersion, KafkaVersion), kills: Option<Duration>) -> Result<()> {
    if skipped() {
        return Ok(());
    }
    go_there_and_back(
        Scene::between(cluster(versions.0)?, cluster(versions.1)?)?,
        kills,
        |_| Ok(()),
    )
}

/// The same; `in_the_window` is asked once applications are on the new side for the first time.
pub fn go_there_and_back(
    mut scene: Scene,
    kills: Option<Duration>,
    in_the_window: impl Fn(&Scene) -> Result<()>,
) -> Result<()> {
    scene.read_old(7)?;
    scene.write_old(5)?;
    scene.caught_up(TASK)?;
    scene.ok(&["cutover", "plan", TASK, "--silence", "1"])?;
    let planned = scene.cutover()?;
    ensure!(planned["groups"] == serde_json::json!([GROUP]), "{planned:#}");
    to_the_window(&mut scene, kills)?;
    in_the_window(&scene)?;
    // On the new side: the consumer goes on, producers write.
    scene.read_new(6)?;
    scene.write_new(8)?;
    let held = scene.run(&["cutover", "next", TASK])?;
    ensure!(held.status.code() == Some(1), "the window stays open: {held:?}");
    let reverse = scene.cutover()?["reverse"]["id"]
        .as_str()
        .context("a task")?
        .to_owned();
    scene.caught_up(&reverse)?;
    scene.both_sides_hold_everything_once()?;
    // The group stands before the beginning of the way back: the first record that came back is no place for it.
    let synced = scene.json(&["task", "groups", &reverse, "--sync", "--all"])?;
    ensure!(
        synced["committed"] == 0 && synced["groups"][0]["group"] == GROUP,
        "{synced:#}"
    );
    let modified = scene.run(&["task", "modify", &reverse, "--add", "another"])?;
    ensure!(
        modified.status.code() == Some(2)
            && String::from_utf8_lossy(&modified.stderr).contains("is the way back of the cut-over"),
        "{modified:?}"
    );
    let planned = scene.run(&["cutover", "plan", &reverse])?;
    ensure!(
        planned.status.code() == Some(2),
        "one goes back instead: {planned:?}"
    );
    scene.read_new(9)?;
    scene.write_new(3)?;

    let first = scene.cutover()?["id"].clone();
    scene.ok(&["cutover", "back", TASK, "--silence", "1"])?;
    ensure!(
        scene.cutover()?["goes_back_on"] == first,
        "{:#}",
        scene.cutover()?
    );
    to_the_window(&mut scene, kills)?;
    // On the old side again.
    scene.read_old(2)?;
    scene.write_old(4)?;
    scene.read_old(usize::MAX)?;
    scene.everything_was_read_once()?;
    judge_the_end(&scene, first.as_str().context("an id")?)?;
    // The task forward again is pinned, and brings the new side up to date.
    let held = scene.run(&["cutover", "next", TASK])?;
    ensure!(held.status.code() == Some(1), "{held:?}");
    let forward = scene.cutover()?["reverse"]["id"]
        .as_str()
        .context("a task")?
        .to_owned();
    scene.caught_up(&forward)?;
    scene.both_sides_hold_everything_once()
}

/// Three tasks, of which only the last may run; reports of both cut-overs.
fn judge_the_end(scene: &Scene, first: &str) -> Result<()> {
    let tasks = scene.json(&["task", "list"])?;
    let tasks = tasks["tasks"]
        .as_array()
        .or(tasks.as_array())
        .context("tasks")?
        .clone();
    let states: Vec<&Value> = tasks.iter().map(|task| &task["state"]).collect();
    ensure!(
        tasks.len() == 3 && states.iter().filter(|state| **state == "terminated").count() == 2,
        "{states:?}"
    );
    let status = scene.json(&["cutover", "status", first])?;
    ensure!(status["cutover"]["state"] == "went_back", "{status:#}");
    let folder = tempfile::tempdir()?;
    for (file, part) in [
        ("report.html", "What applications see"),
        ("report.json", "\"version\": 1"),
    ] {
        let out = folder.path().join(file);
        scene.ok(&[
            "cutover",
            "report",
            first,
            "--out",
            out.to_str().context("UTF-8")?,
        ])?;
        let text = std::fs::read_to_string(&out)?;
        ensure!(text.contains(part) && text.contains(GROUP), "{text}");
    }
    Ok(())
}

#[test]
fn a_consumer_goes_on_exactly_where_it_stood_there_and_back() -> Result<()> {
    there_and_back(NEW, None)
}

#[test]
fn the_same_with_the_program_killed_in_the_middle_of_each_step() -> Result<()> {
    there_and_back(NEW, Some(Duration::from_millis(120)))
}

#[test]
fn the_same_with_the_program_killed_later_in_each_step() -> Result<()> {
    there_and_back(NEW, Some(Duration::from_millis(900)))
}

#[test]
fn applications_leave_brokers_of_2_0_and_come_back_with_kills() -> Result<()> {
    there_and_back(
        (KafkaVersion::V2_0_1, KafkaVersion::V4_3_1),
        Some(Duration::from_millis(300)),
    )
}

#[test]
fn applications_leave_brokers_of_0_10_and_come_back_with_kills() -> Result<()> {
    there_and_back(
        (KafkaVersion::V0_10_2_2, KafkaVersion::V3_9_1),
        Some(Duration::from_millis(300)),
    )
}
