//! Every state of a task and everything a person may want of it (the matrix of the product's specification): allowed and
//! done, or refused with the state it is in and what would be allowed; the same from a terminal, with exit code 2.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sluice_app::{
    App, AppError, ControlServer, ErrorCode, Opening, SourceAdd, TaskCheck, TaskCopy, TaskCreate, TaskDelete,
    TaskEdit, TaskModify, TaskPause, TaskResume, TaskRetry, TaskShow, TaskStart, TaskTerminate, TaskTune,
    TaskVerify,
};
use sluice_fakekafka::FakeCluster;
use sluice_model::{Objects, SourceForm, Spec, TaskName, TaskSettings, TaskState};
use sluice_store::{SecretPreference, SqliteStore, StateChange};
use sluice_tests::{Ground, TASK, eventually, fake_clusters, sluice};

/// What may be done in each state. Not taken from the program: this is what it is measured by.
const MATRIX: [(TaskState, &[&str]); 13] = [
    (TaskState::Draft, &["edit", "check", "set", "delete", "copy"]),
    (TaskState::PreChecking, &["copy"]),
    (
        TaskState::PreCheckFailed,
        &["edit", "check", "set", "delete", "copy"],
    ),
    (
        TaskState::PreCheckPassed,
        &["edit", "check", "start", "set", "terminate", "delete", "copy"],
    ),
    (TaskState::Starting, &["set", "terminate", "copy"]),
    (
        TaskState::Running,
        &["pause", "set", "terminate", "delete", "copy", "modify"],
    ),
    (TaskState::Pausing, &["copy"]),
    (
        TaskState::Paused,
        &["resume", "set", "terminate", "delete", "copy", "modify"],
    ),
    (
        TaskState::Abnormal,
        &["pause", "retry", "set", "terminate", "copy", "modify"],
    ),
    (
        TaskState::Failed,
        &["check", "retry", "set", "terminate", "delete", "copy", "modify"],
    ),
    (TaskState::Completed, &["delete", "copy"]),
    (TaskState::Terminating, &["copy"]),
    (TaskState::Terminated, &["delete", "copy"]),
];

const ACTIONS: [&str; 11] = [
    "edit",
    "check",
    "start",
    "pause",
    "resume",
    "retry",
    "terminate",
    "delete",
    "copy",
    "modify",
    "set",
];

/// An application with a data source on each side and nothing to copy. Fields drop in their order.
struct Scene {
    _server: ControlServer,
    app: Arc<App>,
    store: SqliteStore,
    template: TaskSettings,
    _source: FakeCluster,
    _target: FakeCluster,
    dir: tempfile::TempDir,
}

impl Scene {
    fn new() -> Result<Self> {
        let (source, target) = fake_clusters()?;
        source.create_topic("t", 1, &[])?;
        let dir = tempfile::tempdir()?;
        let app = Arc::new(App::open(Opening {
            dir: dir.path().to_owned(),
            program: "a test".to_owned(),
            secrets: SecretPreference::Session,
            runs_tasks: true,
            desktop: None,
            demo: None,
        })?);
        let add = |name: &str, cluster: &FakeCluster| {
            app.call(SourceAdd {
                form: SourceForm {
                    name: name.to_owned(),
                    bootstrap: cluster.bootstrap(),
                    ..SourceForm::default()
                },
                secrets: std::collections::BTreeMap::new(),
            })
        };
        let (from, to) = (add("from", &source)?.id, add("to", &target)?.id);
        let store = SqliteStore::open(dir.path())?;
        store.set_setting("max_tasks", &10_000.into())?;
        let template = TaskSettings::new(
            TaskName::new("template")?,
            from,
            to,
            Objects::Topics(vec!["t".to_owned()]),
        );
        Ok(Self {
            _server: ControlServer::start(Arc::clone(&app))?,
            app,
            store,
            template,
            _source: source,
            _target: target,
            dir,
        })
    }

    fn settings(&self, name: &str) -> Result<TaskSettings> {
        let mut settings = self.template.clone();
        settings.name = TaskName::new(name)?;
        Ok(settings)
    }

    /// A task that was put into `state` and runs nowhere.
    fn task(&self, state: TaskState, name: &str) -> Result<String> {
        let settings = self.settings(name)?;
        let id = self.app.call(TaskCreate { settings })?.id.to_string();
        let moved = state == TaskState::Draft
            || self.store.change_task_state(
                &id,
                &StateChange {
                    from: &["draft"],
                    to: state.word(),
                    desired_running: false,
                    reason: None,
                    pre_check: None,
                    rest_lag: None,
                    now_ms: 1,
                },
            )?;
        ensure!(moved, "{name}");
        Ok(id)
    }

    fn state(&self, task: &str) -> Result<TaskState> {
        let shown = self.app.call(TaskShow {
            task: task.to_owned(),
            brief: None,
        })?;
        Ok(shown.snapshot.state)
    }

    fn does(&self, action: &str, task: &str) -> std::result::Result<(), AppError> {
        let task = task.to_owned();
        let named = |name: &str| {
            let mut settings = self.template.clone();
            settings.name = TaskName::new(name)?;
            Ok::<TaskSettings, AppError>(settings)
        };
        match action {
            "edit" => self
                .app
                .call(TaskEdit {
                    version: None,
                    settings: named("edited")?,
                    task,
                })
                .map(drop),
            "check" => self.app.call(TaskCheck { task }).map(drop),
            "start" => self.app.call(TaskStart { task, confirm: None }).map(drop),
            "pause" => self.app.call(TaskPause { task }).map(drop),
            "resume" => self.app.call(TaskResume { task }).map(drop),
            "retry" => self.app.call(TaskRetry { task }).map(drop),
            "terminate" => self.app.call(TaskTerminate { task }).map(drop),
            "delete" => self.app.call(TaskDelete {
                task,
                ..TaskDelete::default()
            }),
            "copy" => self
                .app
                .call(TaskCopy {
                    task,
                    name: "a copy".into(),
                })
                .map(drop),
            "modify" => {
                let settings = self
                    .app
                    .call(TaskShow {
                        task: task.clone(),
                        brief: None,
                    })?
                    .settings;
                self.app
                    .call(TaskModify {
                        version: None,
                        copy_again: std::collections::BTreeSet::new(),
                        task,
                        settings,
                    })
                    .map(drop)
            }
            _ => self
                .app
                .call(TaskTune {
                    version: None,
                    task,
                    spec: Some(Spec::Small),
                    rate: None,
                })
                .map(drop),
        }
    }

    /// How a terminal says it.
    fn in_a_terminal(&self, action: &str, task: &str) -> Result<Option<std::process::Output>> {
        let data = self.dir.path().to_str().context("a path in UTF-8")?;
        let arguments: &[&str] = match action {
            // A draft is recreated there.
            "edit" => return Ok(None),
            "delete" => &["task", "rm", task],
            "copy" => &["task", "copy", task, "another"],
            "modify" => &["task", "modify", task, "--add", "u"],
            "set" => &["task", "set", task, "--spec", "small"],
            action => &["task", action, task],
        };
        Ok(Some(sluice(&[arguments, &["--data", data]].concat())?))
    }
}

/// The words behind "allowed are: ".
fn offered(sentence: &str) -> BTreeSet<&str> {
    sentence
        .rsplit_once(": ")
        .map(|(_, list)| list.trim().split(", ").collect())
        .unwrap_or_default()
}

#[test]
fn what_a_state_does_not_allow_is_refused_with_the_state_and_what_it_does_allow() -> Result<()> {
    let scene = Scene::new()?;
    for (state, allowed) in MATRIX {
        let task = scene.task(state, state.word())?;
        for action in ACTIONS.into_iter().filter(|action| !allowed.contains(action)) {
            let error = scene
                .does(action, &task)
                .err()
                .with_context(|| format!("'{action}' of a task that is {state}"))?;
            assert_eq!(error.code, ErrorCode::StateForbids, "{state} {action}: {error}");
            let begin = format!("the task is {state}, and '{action}' is not allowed then; allowed");
            ensure!(
                error.message.starts_with(&begin),
                "{state} {action}: {}",
                error.message
            );
            let expected: BTreeSet<&str> = allowed.iter().copied().collect();
            assert_eq!(offered(&error.message), expected, "{state} {action}");
            assert_eq!(scene.state(&task)?, state, "{action} has changed nothing");

            let Some(output) = scene.in_a_terminal(action, &task)? else {
                continue;
            };
            assert_eq!(output.status.code(), Some(2), "{state} {action}");
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            ensure!(stderr.contains(&begin), "{state} {action}: {stderr}");
            ensure!(output.stdout.is_empty(), "{state} {action}");
            assert_eq!(scene.state(&task)?, state, "{action} has changed nothing");
        }
    }
    Ok(())
}

#[test]
fn what_a_state_allows_is_done() -> Result<()> {
    let scene = Scene::new()?;
    for (state, allowed) in MATRIX {
        for action in allowed.iter().copied() {
            let what = format!("{action} of {state}");
            let task = scene.task(state, &what)?;
            scene.does(action, &task).context(what.clone())?;
            let becomes: &[TaskState] = match action {
                "edit" => &[TaskState::Draft],
                // A failed one stays failed until it is tried again.
                "check" if state == TaskState::Failed => &[TaskState::Failed],
                "check" => &[TaskState::PreCheckPassed],
                "start" | "resume" | "retry" => &[TaskState::Running],
                "pause" => &[TaskState::Paused],
                "terminate" => &[TaskState::Terminated],
                "delete" => {
                    let gone = scene
                        .app
                        .call(TaskShow { task, brief: None })
                        .err()
                        .map(|error| error.code);
                    assert_eq!(gone, Some(ErrorCode::NotFound), "{what}");
                    continue;
                }
                _ => &[state],
            };
            eventually(&format!("{what}: {becomes:?}"), || {
                Ok(becomes.contains(&scene.state(&task)?))
            })?;
            if action == "set" {
                let settings = scene
                    .app
                    .call(TaskShow {
                        task: task.clone(),
                        brief: None,
                    })?
                    .settings;
                assert_eq!(settings.spec, Spec::Small, "{what}");
            }
            if becomes == [TaskState::Running] {
                scene.does("terminate", &task)?;
                eventually("it ends", || Ok(scene.state(&task)? == TaskState::Terminated))?;
            }
        }
        // Comparing both sides changes nothing and is never a matter of the state.
        let task = scene.task(state, "verified")?;
        let verified = scene.app.call(TaskVerify {
            task: task.clone(),
            ..TaskVerify::default()
        });
        ensure!(
            verified
                .as_ref()
                .err()
                .is_none_or(|error| error.code != ErrorCode::StateForbids),
            "{state}: {verified:?}"
        );
        assert_eq!(scene.state(&task)?, state);
    }
    Ok(())
}

#[test]
fn a_task_that_is_resumed_or_paused_the_moment_it_may_be_goes_on_or_rests() -> Result<()> {
    let ground = Ground::new()?;
    ground.append(0, 10)?;
    ground.launch(ground.settings()?)?;
    let at_once = |what: &str, mut command: Box<dyn FnMut() -> bool + '_>| {
        // Without a pause between two tries: what is found is what stands between a state and what follows it.
        let until = Instant::now() + Duration::from_secs(60);
        while !command() {
            ensure!(Instant::now() < until, "{what} was refused for a minute");
        }
        Ok(())
    };
    let app = ground.app()?;
    for _ in 0..8 {
        at_once(
            "pause",
            Box::new(|| app.call(TaskPause { task: TASK.into() }).is_ok()),
        )?;
        at_once(
            "resume",
            Box::new(|| app.call(TaskResume { task: TASK.into() }).is_ok()),
        )?;
    }
    ground.reaches(TaskState::Running)?;
    ground.append(10, 10)?;
    ground.has_exactly(20)?;
    ground.pause()
}
