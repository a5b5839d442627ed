//! Gaps at which a task has stopped, decided about without a window.

use std::process::Output;

use anyhow::{Result, ensure};
use serde_json::Value;
use sluice_fakekafka::FakeRecord;
use sluice_tests::{eventually, values};

use super::scene::{Scene, succeeded, words};

fn append(scene: &Scene, numbers: std::ops::Range<usize>) -> Result<()> {
    let records = numbers
        .map(|number| FakeRecord::new("k", format!("{number}")))
        .collect();
    scene.source.append("t", 0, records)?;
    Ok(())
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn copied(scene: &Scene) -> Result<usize> {
    if !scene.target.topics().iter().any(|topic| topic == "t") {
        return Ok(0);
    }
    Ok(values(&scene.target, "t")?.len())
}

#[test]
fn a_task_that_stopped_at_a_gap_goes_on_when_a_command_accepts_it_as_it_is_listed() -> Result<()> {
    let scene = Scene::new(&["t"])?;
    append(&scene, 0..10)?;
    eventually("ten are copied", || Ok(copied(&scene)? == 10))?;
    succeeded(&scene.run(&["task", "pause", "o"])?)?;
    append(&scene, 10..20)?;
    scene.source.delete_records("t", 0, 15)?;
    succeeded(&scene.run(&["task", "resume", "o"])?)?;
    scene.is("abnormal")?;
    let shown = scene.run(&["task", "show", "o"])?;
    ensure!(
        printed(&shown).contains("sluice task gaps o"),
        "{}",
        printed(&shown)
    );
    let listed = scene.run(&["task", "gaps", "o"])?;
    ensure!(
        printed(&listed).contains("--accept t-0@10..15 goes on behind it"),
        "{}",
        printed(&listed)
    );

    let other = scene.run(&["task", "gaps", "o", "--accept", "t-0@10..12"])?;
    ensure!(
        !other.status.success() && words(&other).contains("no partition has stopped at the gap t-0@10..12"),
        "{}",
        words(&other)
    );
    succeeded(&scene.run(&["task", "gaps", "o", "--accept", "t-0@10..15"])?)?;
    scene.is("running")?;
    eventually("the rest is copied", || Ok(copied(&scene)? == 15))?;
    let kept = scene.run(&["task", "gaps", "o", "--json"])?;
    succeeded(&kept)?;
    let kept: Value = serde_json::from_slice(&kept.stdout)?;
    assert_eq!(
        (&kept[0]["from"], &kept[0]["to"]),
        (&10.into(), &15.into()),
        "{kept:#}"
    );
    Ok(())
}
