//! Readiness of a task that runs on Connect.

use anyhow::{Context, Result, ensure};
use sluice_app::{TaskGroupsSync, TaskReadiness, TaskTerminate};
use sluice_engine::{Question, ReadinessReport, ReadinessResult};
use sluice_model::TaskState;
use sluice_tests::{Filler, commit_group, eventually, odd_records, skipped};

use crate::scene::{Scene, ground};

fn asked(scene: &Scene, task: &str) -> Result<ReadinessReport> {
    Ok(scene.desk.app.call(TaskReadiness {
        task: task.to_owned(),
        window_s: Some(1),
        ..TaskReadiness::default()
    })?)
}

fn result(report: &ReadinessReport, id: &str) -> Result<ReadinessResult> {
    let question = Question::of_id(id).with_context(|| format!("no question {id}"))?;
    let item = report.items.iter().find(|item| item.id == question);
    Ok(item.with_context(|| format!("{id} was not asked"))?.result)
}

#[test]
fn the_questions_are_answered_for_a_task_on_connect_as_for_one_here() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let filler = Filler::new(&ground.source.bootstrap())?;
    filler.create("ready", 2, &[])?;
    filler.numbered("ready", 2, 0, 50, 50)?;
    // A marker at the end of one log.
    filler
        .transactional("connect-readiness")?
        .write("ready", 0, &odd_records()[..1], true)?;
    commit_group(
        &ground.source.bootstrap(),
        "readers",
        &[("ready", 0, 52), ("ready", 1, 50)],
        "",
    )?;
    let task = scene.desk.launch(scene.settings("ready", &["ready"])?)?;
    eventually("everything is copied", || {
        Ok(scene.desk.show(&task)?.snapshot.lag_records == Some(0))
    })?;
    let report = asked(&scene, &task)?;
    ensure!(
        result(&report, "verification_current")? == ReadinessResult::Failed,
        "{report:#?}"
    );
    scene.is_equal(&task, 101)?;
    let moved = scene.desk.app.call(TaskGroupsSync {
        task: task.clone(),
        groups: vec!["readers".to_owned()],
        all: false,
        rewind: false,
        exact_only: true,
        dry_run: false,
    })?;
    ensure!(moved.committed == 2, "{moved:#?}");
    let report = asked(&scene, &task)?;
    for id in [
        "lag_zero",
        "source_silent",
        "open_transactions",
        "group_inventory",
        "groups_drained",
        "offsets_translate",
        "positions_proved",
        "target_groups_not_ahead",
        "target_only_ours",
        "verification_current",
        "retention_keeps",
    ] {
        ensure!(
            result(&report, id)? == ReadinessResult::Success,
            "{id}: {report:#?}"
        );
    }
    // Somebody else writes to the target.
    Filler::new(&ground.target.bootstrap())?.numbered("ready", 2, 900, 1, 50)?;
    let report = asked(&scene, &task)?;
    ensure!(
        result(&report, "target_only_ours")? != ReadinessResult::Success,
        "{report:#?}"
    );
    scene.desk.app.call(TaskTerminate { task: task.clone() })?;
    scene.desk.reaches(&task, TaskState::Terminated)?;
    Ok(())
}
