//! The demonstration as the window offers it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_app::{
    App, DemoStart, DemoStarted, DemoStop, ErrorCode, Opening, SourceList, TaskCheck, TaskList, TaskShow,
    TaskStart, TaskVerify, TaskView,
};
use sluice_demo::EmbeddedDemo;
use sluice_engine::VerificationResult;
use sluice_model::TaskState;
use sluice_store::SecretPreference;

fn open(dir: &Path) -> App {
    App::open(Opening {
        dir: dir.to_owned(),
        program: "a test".to_owned(),
        secrets: SecretPreference::Session,
        runs_tasks: true,
        desktop: None,
        demo: Some(Arc::new(EmbeddedDemo::default())),
    })
    .unwrap()
}

fn show(app: &App, demo: &DemoStarted) -> TaskView {
    app.call(TaskShow {
        task: demo.task_id.as_str().to_owned(),
        brief: None,
    })
    .unwrap()
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < until, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_demo_is_checked_started_caught_up_and_verified_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path());
    let demo = app.call(DemoStart {}).unwrap();
    let task = demo.task_id.as_str().to_owned();
    assert_eq!(show(&app, &demo).snapshot.state, TaskState::Draft);

    let report = app.call(TaskCheck { task: task.clone() }).unwrap();
    assert!(report.may_start, "{report:?}");
    app.call(TaskStart {
        task: task.clone(),
        confirm: None,
    })
    .unwrap();
    // Records keep coming: some are always on their way.
    wait("incremental, and not a second behind", || {
        let snapshot = show(&app, &demo).snapshot;
        snapshot.delay_ms.is_some_and(|delay| delay < 1_000) && snapshot.stages[1].percent >= 100.0
    });
    let verified = app
        .call(TaskVerify {
            task: task.clone(),
            ..TaskVerify::default()
        })
        .unwrap();
    assert_eq!(verified.result, VerificationResult::Equal, "{verified:?}");

    // Started again while it runs: the earlier one goes, and there is never more than one.
    let again = app.call(DemoStart {}).unwrap();
    assert_ne!(again.task_id, demo.task_id);
    let error = app.call(TaskShow { task, brief: None }).unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    assert_eq!(app.call(SourceList {}).unwrap().len(), 2);
    app.call(TaskCheck {
        task: again.task_id.as_str().to_owned(),
    })
    .unwrap();
    app.call(TaskStart {
        task: again.task_id.as_str().to_owned(),
        confirm: None,
    })
    .unwrap();
    app.close();

    // The next program has no such clusters.
    let app = open(dir.path());
    assert!(app.call(SourceList {}).unwrap().is_empty());
    assert_eq!(app.call(TaskList::default()).unwrap().total, 0);

    app.call(DemoStart {}).unwrap();
    app.call(DemoStop {}).unwrap();
    assert!(app.call(SourceList {}).unwrap().is_empty());
    assert_eq!(app.call(TaskList::default()).unwrap().total, 0);
}
