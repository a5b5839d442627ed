use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use sluice_alerts::{DesktopNotifier, Message};
use sluice_app::{App, Opening, SourceAdd, TaskCheck, TaskCreate, TaskPause, TaskShow, TaskStart, TaskView};
use sluice_model::{Objects, SourceForm, SourceId, TaskName, TaskSettings, TaskState};
use sluice_store::SecretPreference;

use crate::eventually;

/// Keeps what a desktop would have shown.
#[derive(Debug, Default)]
pub struct RecordedDesktop(Mutex<Vec<Message>>);

impl RecordedDesktop {
    /// Titles of all notifications so far.
    pub fn titles(&self) -> Vec<String> {
        self.messages().into_iter().map(|message| message.title).collect()
    }

    /// All notifications so far.
    pub fn messages(&self) -> Vec<Message> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl DesktopNotifier for RecordedDesktop {
    fn notify(&self, message: &Message) -> sluice_alerts::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message.clone());
        Ok(())
    }
}

/// The application on a data folder, with its desktop.
pub struct Desk {
    /// The application.
    pub app: App,
    /// What it showed.
    pub desktop: Arc<RecordedDesktop>,
}

impl Desk {
    /// Opens `dir` and runs its tasks.
    ///
    /// # Errors
    /// The application refused.
    pub fn open(dir: &Path) -> Result<Self> {
        let desktop = Arc::new(RecordedDesktop::default());
        let app = App::open(Opening {
            dir: dir.to_owned(),
            program: "a test".to_owned(),
            secrets: SecretPreference::Session,
            runs_tasks: true,
            desktop: Some(desktop.clone()),
            demo: None,
        })?;
        Ok(Self { app, desktop })
    }

    /// Adds a plaintext cluster.
    ///
    /// # Errors
    /// The application refused.
    pub fn source(&self, name: &str, bootstrap: &str) -> Result<SourceId> {
        let form = SourceForm {
            name: name.to_owned(),
            bootstrap: bootstrap.to_owned(),
            ..SourceForm::default()
        };
        Ok(self
            .app
            .call(SourceAdd {
                form,
                secrets: BTreeMap::new(),
            })?
            .id)
    }

    /// Settings of a copy of `topics` with every choice at its default.
    ///
    /// # Errors
    /// The name is no task's.
    pub fn settings(
        &self,
        name: &str,
        source: &SourceId,
        target: &SourceId,
        topics: &[&str],
    ) -> Result<TaskSettings> {
        Ok(TaskSettings::new(
            TaskName::new(name)?,
            source.clone(),
            target.clone(),
            Objects::Topics(topics.iter().map(|topic| (*topic).to_owned()).collect()),
        ))
    }

    /// Makes, checks and starts a task; returns its id.
    ///
    /// # Errors
    /// The application refused, or the check failed.
    pub fn launch(&self, settings: TaskSettings) -> Result<String> {
        let task = self.app.call(TaskCreate { settings })?.id.to_string();
        let report = self.app.call(TaskCheck { task: task.clone() })?;
        anyhow::ensure!(report.may_start, "{report:#?}");
        self.app.call(TaskStart {
            task: task.clone(),
            confirm: None,
        })?;
        Ok(task)
    }

    /// Everything about a task.
    ///
    /// # Errors
    /// There is none.
    pub fn show(&self, task: &str) -> Result<TaskView> {
        Ok(self.app.call(TaskShow {
            task: task.to_owned(),
            brief: None,
        })?)
    }

    /// Waits until a task is in `state`.
    ///
    /// # Errors
    /// It is not in time.
    pub fn reaches(&self, task: &str, state: TaskState) -> Result<TaskView> {
        eventually(&format!("the task is {state}"), || {
            Ok(self.show(task)?.snapshot.state == state)
        })?;
        self.show(task)
    }

    /// Pauses a task and waits until it is.
    ///
    /// # Errors
    /// It is refused, or does not come to rest in time.
    pub fn pauses(&self, task: &str) -> Result<TaskView> {
        self.app.call(TaskPause {
            task: task.to_owned(),
        })?;
        self.reaches(task, TaskState::Paused)
    }

    /// Waits until a task has copied `records` in all and has nothing more to copy.
    ///
    /// # Errors
    /// It has not in time.
    pub fn copies(&self, task: &str, records: u64) -> Result<TaskView> {
        eventually(&format!("{records} records are copied"), || {
            let now = self.show(task)?.snapshot;
            Ok(now.state == TaskState::Running
                && now.written_records == records
                && now.lag_records == Some(0)
                && now.delay_ms == Some(0))
        })
        .map_err(|error| error.context(format!("{:#?}", self.show(task).map(|view| view.snapshot))))?;
        self.show(task)
    }
}
