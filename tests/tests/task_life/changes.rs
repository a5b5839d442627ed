//! Changes of a task: its topics, its limits, its name.

use anyhow::{Result, ensure};
use sluice_app::{
    ErrorCode, TaskChanges, TaskCheck, TaskCopy, TaskCreate, TaskDelete, TaskExport, TaskImport, TaskModify,
    TaskTerminate, TaskTune, TaskVerify,
};
use sluice_engine::VerificationResult;
use sluice_model::{Objects, RateLimits, Start, TaskName, TaskState};
use sluice_tests::{eventually, values};

use crate::ground::{Scene, append, code, expected};

#[test]
fn topics_are_added_removed_and_renamed_while_the_others_neither_lose_nor_repeat() -> Result<()> {
    let scene = Scene::new(&["stays", "goes", "moves", "comes"])?;
    let (desk, source, target) = scene.desk()?;
    let settings = desk.settings("m", &source, &target, &["stays", "goes", "moves"])?;
    let task = desk.launch(settings.clone())?;
    desk.copies(&task, 300)?;
    let mut changed = settings;
    changed.objects = Objects::Topics(vec!["stays".into(), "moves".into(), "comes".into()]);
    changed.rename.map.insert("moves".into(), "moved".into());
    changed.start_overrides.insert("comes".into(), Start::Offset(90));
    desk.app.call(TaskModify {
        version: None,
        copy_again: std::collections::BTreeSet::new(),
        task: task.clone(),
        settings: changed.clone(),
    })?;
    for topic in ["stays", "goes", "moves", "comes"] {
        append(&scene.source, topic, 100, 10)?;
    }
    eventually("what was chosen arrives", || {
        let there = scene.target.topics();
        Ok(there.iter().any(|topic| topic == "moved")
            && there.iter().any(|topic| topic == "comes")
            && values(&scene.target, "stays")?.len() == 110
            && values(&scene.target, "moved")?.len() == 10
            && values(&scene.target, "comes")?.len() == 20)
    })?;
    assert_eq!(values(&scene.target, "stays")?, expected(&[(0, 110)]));
    assert_eq!(
        values(&scene.target, "goes")?,
        expected(&[(0, 100)]),
        "no longer copied"
    );
    assert_eq!(
        values(&scene.target, "moves")?,
        expected(&[(0, 100)]),
        "copied elsewhere from here on"
    );
    assert_eq!(values(&scene.target, "moved")?, expected(&[(100, 110)]));
    assert_eq!(values(&scene.target, "comes")?, expected(&[(90, 110)]));
    assert_eq!(
        desk.app
            .call(TaskVerify {
                task: task.clone(),
                ..TaskVerify::default()
            })?
            .result,
        VerificationResult::Equal
    );

    // A change that cannot be made leaves everything as it was, and running.
    let mut impossible = changed.clone();
    impossible.objects = Objects::Topics(vec!["stays".into(), "nowhere".into()]);
    impossible.rename.map.clear();
    impossible.start_overrides.clear();
    let refused = desk.app.call(TaskModify {
        version: None,
        copy_again: std::collections::BTreeSet::new(),
        task: task.clone(),
        settings: impossible,
    });
    ensure!(
        refused
            .as_ref()
            .is_err_and(|error| error.message.contains("nowhere")),
        "{refused:?}"
    );
    assert_eq!(desk.show(&task)?.settings, changed);
    append(&scene.source, "stays", 110, 5)?;
    eventually("it goes on", || Ok(values(&scene.target, "stays")?.len() == 115))?;

    // Taken back, a topic goes on where it was left.
    let mut back = changed;
    back.objects = Objects::Topics(vec!["stays".into(), "goes".into()]);
    back.rename.map.clear();
    back.start_overrides.clear();
    desk.app.call(TaskModify {
        version: None,
        copy_again: std::collections::BTreeSet::new(),
        task: task.clone(),
        settings: back,
    })?;
    eventually("the topic is taken up again", || {
        Ok(values(&scene.target, "goes")?.len() == 110)
    })?;
    assert_eq!(values(&scene.target, "goes")?, expected(&[(0, 110)]));
    let statuses: Vec<(String, Option<String>)> = desk
        .app
        .call(TaskChanges { task })?
        .into_iter()
        .map(|change| (change.status, change.detail))
        .collect();
    assert_eq!(
        statuses
            .iter()
            .map(|(status, _)| status.as_str())
            .collect::<Vec<_>>(),
        ["done", "failed", "done"]
    );
    assert_eq!(
        statuses[2].1.as_deref(),
        Some("added comes; removed goes; renamed moves to moved, from here on")
    );
    Ok(())
}

#[test]
fn a_ceiling_holds_and_is_lifted_while_the_task_runs() -> Result<()> {
    let scene = Scene::new(&["a"])?;
    append(&scene.source, "a", 100, 2_000)?;
    let (desk, source, target) = scene.desk()?;
    let mut settings = desk.settings("slow", &source, &target, &["a"])?;
    settings.rate = RateLimits {
        records_per_second: Some(20),
        bytes_per_second: None,
    };
    let task = desk.launch(settings)?;
    eventually("something is copied", || {
        Ok(desk.show(&task)?.snapshot.written_records > 0)
    })?;
    assert!(desk.show(&task)?.snapshot.written_records < 1_000);
    desk.app.call(TaskTune {
        version: None,
        task: task.clone(),
        spec: None,
        rate: Some(RateLimits::default()),
    })?;
    desk.copies(&task, 2_100)?;
    assert_eq!(values(&scene.target, "a")?, expected(&[(0, 2_100)]));
    Ok(())
}

#[test]
fn names_limits_copies_and_exports() -> Result<()> {
    let scene = Scene::new(&["a"])?;
    let (desk, source, target) = scene.desk()?;
    let app = &desk.app;
    assert!(TaskName::new(&"中".repeat(64)).is_ok() && TaskName::new(&"中".repeat(65)).is_err());
    let mut settings = desk.settings("first", &source, &target, &["a"])?;
    settings.rename.map.insert("a".into(), "a.copy".into());
    settings.start = Start::Offset(5);
    let first = app.call(TaskCreate {
        settings: settings.clone(),
    })?;
    for number in 2..=10 {
        app.call(TaskCopy {
            task: first.id.to_string(),
            name: format!("task {number}"),
        })?;
    }
    let eleventh = || TaskCopy {
        task: "first".into(),
        name: "task 11".into(),
    };
    assert_eq!(code(app.call(eleventh())), Some(ErrorCode::TaskLimit));
    assert!(
        app.call(TaskCheck {
            task: "task 2".into()
        })?
        .may_start
    );
    app.call(TaskTerminate {
        task: "task 2".into(),
    })?;
    let copy = app.call(eleventh())?;
    assert_eq!(copy.snapshot.state, TaskState::Draft);
    assert_eq!(copy.settings.rename, settings.rename);
    let text = app.call(TaskExport {
        task: "first".into(),
        format: sluice_app::ExportFormat::Toml,
    })?;
    assert!(
        text.contains("source = \"from\"") && !text.contains(source.as_str()),
        "{text}"
    );
    app.call(TaskTerminate {
        task: "task 3".into(),
    })
    .err();
    app.call(TaskDelete {
        task: "task 3".into(),
        ..TaskDelete::default()
    })?;
    let imported = app.call(TaskImport {
        text,
        name: Some("again".into()),
    })?;
    settings.name = TaskName::new("again")?;
    assert_eq!(imported.settings, settings);
    let wrong = app.call(TaskImport {
        text: "name = \"x\"\nsource = \"nobody\"\ntarget = \"to\"".into(),
        name: None,
    });
    assert!(wrong.is_err_and(|error| error.message.contains("nobody")));
    Ok(())
}
