//! The states that a task goes through.

use anyhow::Result;
use sluice_app::{
    AlertHistoryQuery, ErrorCode, OperationQuery, SettingSet, TaskCheck, TaskCreate, TaskDelete, TaskEdit,
    TaskLogQuery, TaskPause, TaskResume, TaskStart, TaskTerminate, TaskVerification, TaskVerify,
};
use sluice_engine::VerificationResult;
use sluice_model::{ExistingData, Objects, TaskState};
use sluice_tests::{Desk, eventually, values};

use crate::ground::{Scene, append, code, expected};

#[test]
fn a_task_goes_from_draft_to_terminated_and_leaves_only_the_operation_log() -> Result<()> {
    let scene = Scene::new(&["a", "b"])?;
    let (desk, source, target) = scene.desk()?;
    let app = &desk.app;
    let settings = desk.settings("orders", &source, &target, &["a"])?;
    let task = app.call(TaskCreate { settings })?.id.to_string();
    let start = || TaskStart {
        task: task.clone(),
        confirm: None,
    };
    let refused = app
        .call(start())
        .err()
        .map(|error| error.message)
        .unwrap_or_default();
    assert!(
        refused.contains("draft") && refused.contains("check"),
        "{refused}"
    );
    assert!(app.call(TaskCheck { task: task.clone() })?.may_start);
    app.call(start())?;
    let view = desk.copies(&task, 100)?;
    let stages: Vec<(&str, f64)> = view
        .snapshot
        .stages
        .iter()
        .map(|stage| (stage.name.as_str(), stage.percent))
        .collect();
    assert_eq!(
        stages,
        [("structure", 100.0), ("full", 100.0), ("incremental", 100.0)]
    );

    app.call(TaskPause { task: task.clone() })?;
    desk.reaches(&task, TaskState::Paused)?;
    append(&scene.source, "a", 100, 50)?;
    assert_eq!(
        code(app.call(TaskPause { task: task.clone() })),
        Some(ErrorCode::StateForbids)
    );
    assert_eq!(values(&scene.target, "a")?, expected(&[(0, 100)]));
    app.call(TaskResume { task: task.clone() })?;
    desk.copies(&task, 150)?;
    assert_eq!(values(&scene.target, "a")?, expected(&[(0, 150)]));
    let report = app.call(TaskVerify {
        task: task.clone(),
        ..TaskVerify::default()
    })?;
    let kept = app.call(TaskVerification { task: task.clone() })?;
    assert_eq!(
        (kept.report.as_ref(), kept.percent),
        (Some(&report), None),
        "the last report is kept"
    );
    assert_eq!(report.result, VerificationResult::Equal);
    assert_eq!(
        report.proofs().len(),
        report.partitions.len(),
        "a later one can begin behind it"
    );
    append(&scene.source, "a", 150, 7)?;
    desk.copies(&task, 157)?;
    let newer = TaskVerify {
        task: task.clone(),
        continues: true,
        ..TaskVerify::default()
    };
    let report = app.call(newer)?;
    assert_eq!(
        (report.result, report.source_records),
        (VerificationResult::Equal, 7),
        "{report:#?}"
    );

    app.call(TaskTerminate { task: task.clone() })?;
    desk.reaches(&task, TaskState::Terminated)?;
    for forbidden in [
        code(app.call(start())),
        code(app.call(TaskResume { task: task.clone() })),
        code(app.call(TaskCheck { task: task.clone() })),
    ] {
        assert_eq!(forbidden, Some(ErrorCode::StateForbids));
    }
    app.call(TaskDelete {
        task: task.clone(),
        ..TaskDelete::default()
    })?;
    assert_eq!(
        code(app.call(TaskDelete {
            task: task.clone(),
            ..TaskDelete::default()
        })),
        Some(ErrorCode::NotFound)
    );
    assert_eq!(values(&scene.target, "a")?.len(), 157, "topics stay");
    let mut actions: Vec<(String, String)> = app
        .call(OperationQuery {
            object_id: Some(task),
            ..OperationQuery::default()
        })?
        .into_iter()
        .map(|row| (row.action, row.outcome))
        .collect();
    actions.reverse();
    let expected: Vec<(String, String)> = [
        ("task_create", "ok"),
        ("task_start", "refused"),
        ("task_check", "ok"),
        ("task_start", "ok"),
        ("task_pause", "ok"),
        ("task_pause", "refused"),
        ("task_resume", "ok"),
        ("task_verify", "ok"),
        ("task_verify", "ok"),
        ("task_terminate", "ok"),
        ("task_start", "refused"),
        ("task_resume", "refused"),
        ("task_check", "refused"),
        ("task_delete", "ok"),
    ]
    .map(|(action, outcome)| (action.to_owned(), outcome.to_owned()))
    .to_vec();
    assert_eq!(actions, expected);
    Ok(())
}

#[test]
fn what_ran_runs_again_when_the_application_is_opened_again_and_nothing_is_deleted_twice() -> Result<()> {
    let scene = Scene::new(&["a"])?;
    scene.target.create_topic("a", 1, &[])?;
    append(&scene.target, "a", 900, 7)?;
    let task = {
        let (desk, source, target) = scene.desk()?;
        let mut settings = desk.settings("r", &source, &target, &["a"])?;
        let refused = {
            let task = desk.app.call(TaskCreate {
                settings: settings.clone(),
            })?;
            desk.app.call(TaskCheck {
                task: task.id.to_string(),
            })?
        };
        assert!(!refused.may_start, "there is data, and it is to be left alone");
        settings.existing = ExistingData::Rewrite;
        let task = desk.launch(settings)?;
        desk.copies(&task, 100)?;
        task
    };
    append(&scene.source, "a", 100, 20)?;
    let desk = Desk::open(scene.dir.path())?;
    desk.copies(&task, 120)?;
    assert_eq!(values(&scene.target, "a")?, expected(&[(0, 120)]));
    desk.app.call(SettingSet {
        key: "resume_after_restart".into(),
        value: false.into(),
    })?;
    drop(desk);
    let desk = Desk::open(scene.dir.path())?;
    let view = desk.show(&task)?;
    assert_eq!(view.snapshot.state, TaskState::Paused);
    assert!(view.reason.is_some_and(|reason| reason.contains("interrupted")));
    Ok(())
}

#[test]
fn an_outage_is_abnormal_and_overcome_and_a_failure_is_told_once() -> Result<()> {
    let scene = Scene::new(&["a"])?;
    let (desk, source, target) = scene.desk()?;
    let task = desk.launch(desk.settings("o", &source, &target, &["a"])?)?;
    desk.copies(&task, 100)?;
    for id in scene.target.broker_ids() {
        scene.target.stop_broker(id)?;
    }
    append(&scene.source, "a", 100, 10)?;
    let view = desk.reaches(&task, TaskState::Abnormal)?;
    assert!(view.reason.is_some(), "{view:#?}");
    for id in scene.target.broker_ids() {
        scene.target.start_broker(id)?;
    }
    desk.copies(&task, 110)?;
    assert_eq!(values(&scene.target, "a")?, expected(&[(0, 110)]));
    assert_eq!(desk.desktop.titles(), Vec::<String>::new(), "it helped itself");

    // The target topic is gone: nothing but a person can help.
    desk.app.call(TaskPause { task: task.clone() })?;
    desk.reaches(&task, TaskState::Paused)?;
    scene.target.delete_topic("a")?;
    desk.app.call(TaskResume { task: task.clone() })?;
    let view = desk.reaches(&task, TaskState::Failed)?;
    assert!(view.reason.is_some_and(|reason| reason.contains("deleted")));
    eventually("somebody is told", || Ok(desk.desktop.titles().len() == 1))?;
    let history = desk.app.call(AlertHistoryQuery::default())?;
    assert_eq!(history.len(), 1);
    assert_eq!(
        (history[0].state.as_str(), history[0].task_name.as_str()),
        ("sent", "o")
    );
    drop(desk);
    let desk = Desk::open(scene.dir.path())?;
    append(&scene.source, "a", 110, 1)?;
    let log = desk.app.call(TaskLogQuery {
        task,
        min_level: Some("error".into()),
        ..TaskLogQuery::default()
    })?;
    assert!(log.iter().any(|line| line.message.contains("failed")), "{log:#?}");
    eventually("alerts were looked at again", || {
        Ok(desk.app.call(AlertHistoryQuery::default())?.len() == 1)
    })?;
    assert_eq!(desk.desktop.titles(), Vec::<String>::new(), "not told again");
    Ok(())
}

#[test]
fn an_edit_voids_the_check_and_data_that_came_since_stops_the_launch() -> Result<()> {
    let scene = Scene::new(&["a", "b"])?;
    let (desk, source, target) = scene.desk()?;
    let app = &desk.app;
    let mut settings = desk.settings("e", &source, &target, &["a"])?;
    let task = app
        .call(TaskCreate {
            settings: settings.clone(),
        })?
        .id
        .to_string();
    app.call(TaskCheck { task: task.clone() })?;
    settings.objects = Objects::Topics(vec!["b".into()]);
    let edited = app.call(TaskEdit {
        version: None,
        task: task.clone(),
        settings,
    })?;
    assert_eq!(
        (edited.snapshot.state, edited.pre_check),
        (TaskState::Draft, None)
    );
    assert!(app.call(TaskCheck { task: task.clone() })?.may_start);
    scene.target.create_topic("b", 1, &[])?;
    append(&scene.target, "b", 0, 3)?;
    let refused = app.call(TaskStart {
        task: task.clone(),
        confirm: None,
    });
    assert!(
        refused
            .as_ref()
            .is_err_and(|error| error.code == ErrorCode::Refused && error.message.contains("'b'")),
        "{refused:?}"
    );
    assert_eq!(desk.show(&task)?.snapshot.state, TaskState::PreCheckFailed);
    assert_eq!(values(&scene.target, "b")?, expected(&[(0, 3)]));
    Ok(())
}

#[test]
fn a_running_task_that_is_deleted_is_ended_first_and_a_bounded_one_completes() -> Result<()> {
    let scene = Scene::new(&["a", "b"])?;
    let (desk, source, target) = scene.desk()?;
    let endless = desk.launch(desk.settings("endless", &source, &target, &["a"])?)?;
    desk.copies(&endless, 100)?;
    desk.app.call(TaskDelete {
        task: endless,
        ..TaskDelete::default()
    })?;
    append(&scene.source, "a", 100, 5)?;
    let mut settings = desk.settings("bounded", &source, &target, &["b"])?;
    settings.bounded = true;
    let bounded = desk.launch(settings)?;
    let view = desk.reaches(&bounded, TaskState::Completed)?;
    assert_eq!(view.snapshot.written_records, 100);
    assert_eq!(
        values(&scene.target, "a")?.len(),
        100,
        "the deleted one copies no longer"
    );
    Ok(())
}
