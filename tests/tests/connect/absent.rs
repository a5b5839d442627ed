//! Workers that are not there, or not yet, when something is asked of them.

use anyhow::{Context, Result};
use sluice_app::{App, Opening, TaskDelete, TaskPause, TaskResume, TaskTerminate, TaskVerify};
use sluice_connect::{ConnectorKind, ConnectorState};
use sluice_model::TaskState;
use sluice_store::SecretPreference;
use sluice_tests::{Filler, eventually, skipped};

use crate::gate::Gate;
use crate::scene::{Scene, ground, somebody};

#[test]
fn a_worker_that_starts_is_not_taken_for_one_without_connectors() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let gate = Gate::before(&ground.worker.url(), None)?;
    let scene = Scene::new(&ground.source, &ground.target, &[gate.url()])?;
    let (desk, client) = (&scene.desk, somebody(&ground.worker)?);
    let filler = Filler::new(&ground.source.bootstrap())?;
    let task = scene.copied(&filler, "starting", 100)?;
    let name = ConnectorKind::Source.name_of(&task);

    gate.answers_as_while_starting(true);
    filler.numbered("starting", 1, 100, 40, 50)?;
    eventually("the lag grows though the worker says nothing", || {
        let now = desk.show(&task)?.snapshot;
        Ok(now.lag_records == Some(40) && now.delay_ms > Some(0))
    })?;
    desk.app.call(TaskPause { task: task.clone() })?;
    eventually("the task says what is in the way", || {
        let now = desk.show(&task)?.snapshot;
        let error = now.last_error.unwrap_or_default();
        Ok(now.state == TaskState::Pausing && error.contains("a worker that is starting"))
    })?;
    gate.answers_as_while_starting(false);
    desk.reaches(&task, TaskState::Paused)?;
    let status = client.status(&name)?.context("a status")?;
    assert_eq!(status.state, ConnectorState::Stopped, "it is paused indeed");
    scene.is_equal(&task, 140)?;

    gate.answers_as_while_starting(true);
    desk.app.call(TaskResume { task: task.clone() })?;
    eventually("it is tried again", || {
        let view = desk.show(&task)?;
        Ok(view.snapshot.state == TaskState::Abnormal && view.snapshot.trouble.is_some())
    })?;
    gate.answers_as_while_starting(false);
    desk.reaches(&task, TaskState::Running)?;

    // Also of a task that runs: what it has made does not stay behind.
    gate.answers_as_while_starting(true);
    let delete = || {
        desk.app.call(TaskDelete {
            task: task.clone(),
            connectors: true,
            ..TaskDelete::default()
        })
    };
    desk.app.call(TaskPause { task: task.clone() })?;
    gate.answers_as_while_starting(false);
    desk.reaches(&task, TaskState::Paused)?;
    gate.answers_as_while_starting(true);
    assert!(delete().is_err(), "whether they are there is not known");
    assert!(desk.show(&task).is_ok(), "and the task stays");
    gate.answers_as_while_starting(false);
    desk.app.call(TaskResume { task: task.clone() })?;
    desk.reaches(&task, TaskState::Running)?;
    delete()?;
    for kind in ConnectorKind::ALL {
        assert_eq!(client.config(&kind.name_of(&task))?, None);
    }
    Ok(())
}

#[test]
fn a_task_whose_connect_cluster_is_gone_is_at_rest_only_in_words_and_is_removed_if_a_person_says_so()
-> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let gate = Gate::before(&ground.worker.url(), None)?;
    let scene = Scene::new(&ground.source, &ground.target, &[gate.url()])?;
    let client = somebody(&ground.worker)?;
    let filler = Filler::new(&ground.source.bootstrap())?;
    let task = scene.copied(&filler, "gone", 100)?;
    let Scene { desk, dir, .. } = scene;
    let name = ConnectorKind::Source.name_of(&task);

    gate.answers_as_while_starting(true);
    desk.app.call(TaskPause { task: task.clone() })?;
    desk.reaches(&task, TaskState::Pausing)?;
    // The program ends all the same, and knows afterwards what it has left behind.
    desk.app.close();
    let desk = sluice_tests::Desk::open(dir.path())?;
    let reason = desk.show(&task)?.reason.unwrap_or_default();
    assert!(reason.contains("may still run"), "{reason}");
    let delete = |leave_connectors| {
        desk.app.call(TaskDelete {
            task: task.clone(),
            leave_connectors,
            ..TaskDelete::default()
        })
    };
    assert!(delete(false).is_err(), "they may still run");
    desk.app.call(TaskResume { task: task.clone() })?;
    desk.reaches(&task, TaskState::Abnormal)?;
    desk.app.call(TaskTerminate { task: task.clone() })?;
    desk.reaches(&task, TaskState::Terminating)?;
    delete(true)?;
    assert!(desk.show(&task).is_err(), "the task is gone");
    let status = client.status(&name)?.context("its connector")?;
    assert_eq!(status.state, ConnectorState::Running, "it was left");
    for kind in ConnectorKind::ALL {
        client.delete(&kind.name_of(&task))?;
    }
    Ok(())
}

#[test]
fn a_task_that_no_program_runs_comes_to_rest_with_its_connectors() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let client = somebody(&ground.worker)?;
    let filler = Filler::new(&ground.source.bootstrap())?;
    let task = scene.copied(&filler, "alone", 100)?;
    let Scene { desk, dir, .. } = scene;
    let name = ConnectorKind::Source.name_of(&task);
    let state = || -> Result<ConnectorState> { Ok(client.status(&name)?.context("a connector")?.state) };
    desk.app.close();

    assert_eq!(state()?, ConnectorState::Running, "it goes on without a program");
    let app = without_runs(dir.path())?;
    app.call(TaskPause { task: task.clone() })?;
    assert_eq!(state()?, ConnectorState::Stopped, "it is paused indeed");
    app.close();

    let desk = sluice_tests::Desk::open(dir.path())?;
    desk.app.call(TaskResume { task: task.clone() })?;
    desk.reaches(&task, TaskState::Running)?;
    desk.app.close();
    let app = without_runs(dir.path())?;
    app.call(TaskDelete {
        task: task.clone(),
        ..TaskDelete::default()
    })?;
    assert_eq!(state()?, ConnectorState::Stopped, "a deleted task copies nothing");
    for kind in ConnectorKind::ALL {
        client.delete(&kind.name_of(&task))?;
    }
    Ok(())
}

/// A program that has the data folder, and runs no tasks: a command without a daemon.
fn without_runs(dir: &std::path::Path) -> Result<App> {
    Ok(App::open(Opening {
        dir: dir.to_owned(),
        program: "a command".to_owned(),
        secrets: SecretPreference::Session,
        runs_tasks: false,
        desktop: None,
        demo: None,
    })?)
}

#[test]
fn a_topic_that_is_made_again_while_connect_copies_is_noticed_on_either_side() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let desk = &scene.desk;
    let (source, target) = (
        Filler::new(&ground.source.bootstrap())?,
        Filler::new(&ground.target.bootstrap())?,
    );
    for (topic, side) in [("again-source", &source), ("again-target", &target)] {
        let task = scene.copied(&source, topic, 60)?;
        side.delete(topic)?;
        eventually("the topic is made again", || {
            Ok(side.create(topic, 1, &[]).is_ok())
        })?;
        eventually("the task says so", || {
            let view = desk.show(&task)?;
            let reason = view.reason.unwrap_or_default();
            Ok(view.snapshot.state == TaskState::Abnormal && reason.contains(&format!("topic '{topic}'")))
        })?;
        let verified = desk.app.call(TaskVerify {
            task: task.clone(),
            ..TaskVerify::default()
        });
        assert!(
            !verified.is_ok_and(|report| report.result == sluice_engine::VerificationResult::Equal),
            "it is not equal"
        );
        scene.remove(task)?;
    }
    Ok(())
}
