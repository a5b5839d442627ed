//! Tasks that move between this computer and Connect.

use anyhow::{Context, Result};
use sluice_app::{ErrorCode, TaskMove, TaskReadiness, TaskResume, TaskTerminate};
use sluice_connect::ConnectorKind;
use sluice_engine::{Question, ReadinessResult};
use sluice_model::TaskState;
use sluice_tests::{Filler, skipped};

use crate::scene::{Scene, ground, somebody};

#[test]
fn a_task_that_moves_to_connect_and_back_keeps_its_positions() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let filler = Filler::new(&ground.source.bootstrap())?;
    filler.create("moves", 2, &[])?;
    filler.numbered("moves", 2, 0, 200, 50)?;
    let mut settings = scene.settings("moves", &["moves"])?;
    settings.run_on = None;
    let desk = &scene.desk;
    let task = desk.launch(settings)?;
    desk.copies(&task, 400)?;
    let moved = |run_on: Option<&str>| {
        desk.app.call(TaskMove {
            task: task.clone(),
            run_on: run_on.map(str::to_owned),
        })
    };
    assert_eq!(
        moved(Some("there")).map_err(|error| error.code).err(),
        Some(ErrorCode::StateForbids),
        "it runs"
    );
    let rest = || desk.pauses(&task);
    let go_on = || desk.app.call(TaskResume { task: task.clone() });
    for round in 1..=2 {
        rest()?;
        filler.numbered("moves", 2, round * 400 - 200, 200, 50)?;
        assert_eq!(moved(Some("there"))?.settings.run_on, Some(scene.on.clone()));
        go_on()?;
        let copied = u64::try_from(round * 800)?;
        desk.copies(&task, copied)?;
        rest()?;
        scene.is_equal(&task, copied)?;
        filler.numbered("moves", 2, round * 400, 200, 50)?;
        moved(None)?;
        let client = somebody(&ground.worker)?;
        assert_eq!(
            client.config(&ConnectorKind::Source.name_of(&task))?,
            None,
            "no connector is left that somebody could resume beside this computer"
        );
        go_on()?;
        desk.copies(&task, copied + 400)?;
        scene.is_equal(&task, copied + 400)?;
    }
    // What it wrote on Connect is not taken for somebody else's.
    let question = Question::of_id("target_only_ours").context("a question")?;
    let report = desk.app.call(TaskReadiness {
        task: task.clone(),
        only: Some(vec![question]),
        window_s: Some(1),
        ..TaskReadiness::default()
    })?;
    let answer = report.items.first().context("an answer")?;
    assert_ne!(answer.result, ReadinessResult::Failed, "{report:#?}");
    desk.app.call(TaskTerminate { task: task.clone() })?;
    desk.reaches(&task, TaskState::Terminated)?;
    Ok(())
}
