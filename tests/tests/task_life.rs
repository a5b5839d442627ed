//! The life of a task as the application's commands make it (hermetic: in-process clusters).

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use sluice_app::{
    AlertHistoryQuery, ErrorCode, OperationQuery, SettingSet, TaskChanges, TaskCheck, TaskCopy, TaskCreate,
    TaskDelete, TaskEdit, TaskExport, TaskGaps, TaskImport, TaskLogQuery, TaskModify, TaskPause,
    TaskQuarantine, TaskQuarantineDiscard, TaskQuarantineReplay, TaskResume, TaskStart, TaskTerminate,
    TaskTune, TaskVerification, TaskVerify,
};
use sluice_engine::{Accepted, DifferenceKind, VerificationResult};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::{ExistingData, Objects, OutOfRange, RateLimits, Start, TaskName, TaskState};
use sluice_tests::{Desk, eventually, fake_clusters, values};

fn append(cluster: &FakeCluster, topic: &str, from: usize, count: usize) -> Result<()> {
    let records = (from..from + count)
        .map(|number| {
            FakeRecord::new(format!("k{number}"), format!("v{number}")).at(1_700_000_000_000 + number as i64)
        })
        .collect();
    cluster.append(topic, 0, records)?;
    Ok(())
}

fn expected(ranges: &[(usize, usize)]) -> Vec<String> {
    ranges
        .iter()
        .flat_map(|&(from, to)| from..to)
        .map(|number| format!("v{number}"))
        .collect()
}

struct Scene {
    source: FakeCluster,
    target: FakeCluster,
    dir: tempfile::TempDir,
}

impl Scene {
    fn new(topics: &[&str]) -> Result<Self> {
        let (source, target) = fake_clusters()?;
        for topic in topics {
            source.create_topic(topic, 1, &[])?;
            append(&source, topic, 0, 100)?;
        }
        Ok(Self {
            source,
            target,
            dir: tempfile::tempdir()?,
        })
    }

    /// The application with both clusters as data sources.
    fn desk(&self) -> Result<(Desk, sluice_model::SourceId, sluice_model::SourceId)> {
        let desk = Desk::open(self.dir.path())?;
        let source = desk.source("from", &self.source.bootstrap())?;
        let target = desk.source("to", &self.target.bootstrap())?;
        Ok((desk, source, target))
    }
}

fn code<T>(result: sluice_app::Result<T>) -> Option<ErrorCode> {
    result.err().map(|error| error.code)
}

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
    let report = app.call(TaskVerify { task: task.clone() })?;
    let kept = app.call(TaskVerification { task: task.clone() })?;
    assert_eq!(
        (kept.report.as_ref(), kept.percent),
        (Some(&report), None),
        "the last report is kept"
    );
    assert_eq!(report.result, VerificationResult::Equal);

    app.call(TaskTerminate { task: task.clone() })?;
    desk.reaches(&task, TaskState::Terminated)?;
    for forbidden in [
        code(app.call(start())),
        code(app.call(TaskResume { task: task.clone() })),
        code(app.call(TaskCheck { task: task.clone() })),
    ] {
        assert_eq!(forbidden, Some(ErrorCode::StateForbids));
    }
    app.call(TaskDelete { task: task.clone() })?;
    assert_eq!(
        code(app.call(TaskDelete { task: task.clone() })),
        Some(ErrorCode::NotFound)
    );
    assert_eq!(values(&scene.target, "a")?.len(), 150, "topics stay");
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
        desk.app.call(TaskVerify { task: task.clone() })?.result,
        VerificationResult::Equal
    );

    // A change that cannot be made leaves everything as it was, and running.
    let mut impossible = changed.clone();
    impossible.objects = Objects::Topics(vec!["stays".into(), "nowhere".into()]);
    impossible.rename.map.clear();
    impossible.start_overrides.clear();
    let refused = desk.app.call(TaskModify {
        version: None,
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
        Some("added comes; removed goes; renamed moves to moved")
    );
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
fn what_retention_took_and_what_the_target_refused_is_listed_with_its_offsets() -> Result<()> {
    let scene = Scene::new(&["a"])?;
    scene
        .target
        .create_topic("a", 1, &[("message.timestamp.before.max.ms", "1000000000000")])?;
    let (desk, source, target) = scene.desk()?;
    let mut settings = desk.settings("g", &source, &target, &["a"])?;
    settings.existing = ExistingData::Append;
    settings.out_of_range = OutOfRange::Nearest;
    let task = desk.launch(settings)?;
    desk.copies(&task, 100)?;
    desk.app.call(TaskPause { task: task.clone() })?;
    desk.reaches(&task, TaskState::Paused)?;
    append(&scene.source, "a", 100, 20)?;
    scene.source.delete_records("a", 0, 110)?;
    scene
        .source
        .append("a", 0, vec![FakeRecord::new("old", "refused").at(1)])?;
    append(&scene.source, "a", 121, 4)?;
    desk.app.call(TaskResume { task: task.clone() })?;
    eventually(
        "the rest arrives",
        || Ok(values(&scene.target, "a")?.len() == 114),
    )?;
    let gaps = desk.app.call(TaskGaps { task: task.clone() })?;
    assert_eq!(
        gaps.iter().map(|gap| (gap.from, gap.to)).collect::<Vec<_>>(),
        [(100, 110)]
    );
    let refused = desk.app.call(TaskQuarantine {
        task: task.clone(),
        after_id: 0,
        limit: None,
    })?;
    assert_eq!(refused.iter().map(|row| row.offset).collect::<Vec<_>>(), [120]);
    eventually("the numbers say so too", || {
        let snapshot = desk.show(&task)?.snapshot;
        Ok((snapshot.gaps, snapshot.quarantined) == (1, 1))
    })?;
    Ok(())
}

#[test]
fn a_refused_record_is_replayed_when_the_target_takes_it_or_discarded_and_a_verification_knows() -> Result<()>
{
    let scene = Scene::new(&["a"])?;
    scene
        .target
        .create_topic("a", 1, &[("message.timestamp.before.max.ms", "1000000000000")])?;
    let (desk, source, target) = scene.desk()?;
    let app = &desk.app;
    let mut settings = desk.settings("g", &source, &target, &["a"])?;
    settings.existing = ExistingData::Append;
    let task = desk.launch(settings)?;
    desk.copies(&task, 100)?;
    let old = |value: &'static str| FakeRecord::new("old", value).at(1);
    scene.source.append("a", 0, vec![old("wanted")])?;
    append(&scene.source, "a", 101, 4)?;
    scene.source.append("a", 0, vec![old("unwanted")])?;
    append(&scene.source, "a", 106, 4)?;
    let refused = || {
        app.call(TaskQuarantine {
            task: task.clone(),
            after_id: 0,
            limit: None,
        })
    };
    let offsets = || -> Result<Vec<i64>> { Ok(refused()?.iter().map(|row| row.offset).collect()) };
    eventually("both are refused", || Ok(offsets()? == [100, 105]))?;
    eventually(
        "the rest arrives",
        || Ok(values(&scene.target, "a")?.len() == 108),
    )?;
    let replay = |offset| {
        app.call(TaskQuarantineReplay {
            task: task.clone(),
            topic: "a".into(),
            partition: 0,
            offset,
        })
    };
    let verified = || app.call(TaskVerify { task: task.clone() });
    assert_eq!(verified()?.result, VerificationResult::Different);

    let still = replay(100).err().map(|error| error.message).unwrap_or_default();
    assert!(
        still.contains("a-0 offset 100") && still.contains("timestamp"),
        "{still}"
    );
    assert_eq!(offsets()?, [100, 105], "what was refused again stays");

    scene
        .target
        .set_topic_config("a", "message.timestamp.before.max.ms", None)?;
    let replayed = scene.target.end_offset("a", 0)?;
    assert_eq!(replay(100)?.target_offset, Some(replayed));
    assert_eq!(
        values(&scene.target, "a")?.last().map(String::as_str),
        Some("wanted")
    );
    assert_eq!(code(replay(100)), Some(ErrorCode::Refused), "once is enough");
    let discard = |offset| {
        app.call(TaskQuarantineDiscard {
            task: task.clone(),
            topic: "a".into(),
            partition: 0,
            offset,
        })
    };
    discard(105)?;
    assert_eq!(code(discard(105)), Some(ErrorCode::NotFound));
    assert_eq!(offsets()?, [0_i64; 0]);
    eventually("the numbers say so too", || {
        Ok(desk.show(&task)?.snapshot.quarantined == 0)
    })?;
    append(&scene.source, "a", 110, 5)?;
    eventually("the copy goes on behind it", || {
        Ok(values(&scene.target, "a")?.len() == 114)
    })?;
    eventually("a verification accepts what a person decided", || {
        let report = verified()?;
        Ok(report.result == VerificationResult::AcceptedDifferences
            && report.accepted == BTreeMap::from([(Accepted::Replayed, 1), (Accepted::Discarded, 1)]))
    })?;
    app.call(TaskPause { task: task.clone() })?;
    desk.reaches(&task, TaskState::Paused)?;
    scene.target.truncate("a", 0, replayed)?;
    let report = verified()?;
    assert_eq!(
        report.differences,
        BTreeMap::from([(DifferenceKind::Missing, 6)]),
        "the replayed record is missing like the five behind it"
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
    let text = app.call(TaskExport { task: "first".into() })?;
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
    desk.app.call(TaskDelete { task: endless })?;
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
