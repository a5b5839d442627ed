use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{Desk, eventually, fake_clusters, has_exactly_numbered, values};
use anyhow::{Context, Result};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use sluice_alerts::{Condition, Message, Rule};
use sluice_app::{
    AlertHistoryQuery, AlertView, App, LogView, RulePut, SourceShow, TaskLogQuery, TaskPause, TaskResume,
    TaskView,
};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::{SourceId, TaskSettings, TaskState};
use sluice_store::SqliteStore;

/// The task of every [`Ground`].
pub const TASK: &str = "orders to archive";

/// An application that runs one task between two clusters. Fields drop in their order: the clusters outlive the task.
pub struct Ground {
    desk: Option<Desk>,
    /// Where records come from.
    pub source: FakeCluster,
    /// Where they go.
    pub target: FakeCluster,
    dir: tempfile::TempDir,
}

impl Ground {
    /// Two plaintext clusters with a topic `t` of one partition in the source, and no task yet.
    ///
    /// # Errors
    /// Something could not be made.
    pub fn new() -> Result<Self> {
        let (source, target) = fake_clusters()?;
        let ground = Self::between(source, target)?;
        ground.desk()?.source("west", &ground.source.bootstrap())?;
        ground.desk()?.source("east", &ground.target.bootstrap())?;
        Ok(ground)
    }

    /// As [`Ground::new`], but with clusters of one's own and no data sources.
    ///
    /// # Errors
    /// Something could not be made.
    pub fn between(source: FakeCluster, target: FakeCluster) -> Result<Self> {
        source.create_topic("t", 1, &[])?;
        let mut ground = Self {
            desk: None,
            source,
            target,
            dir: tempfile::tempdir()?,
        };
        ground.reopen()?;
        Ok(ground)
    }

    /// The application with its desktop.
    ///
    /// # Errors
    /// It is closed.
    pub fn desk(&self) -> Result<&Desk> {
        self.desk.as_ref().context("the application is closed")
    }

    /// The application.
    ///
    /// # Errors
    /// It is closed.
    pub fn app(&self) -> Result<&App> {
        Ok(&self.desk()?.app)
    }

    /// What its desktop has shown since it was opened.
    ///
    /// # Errors
    /// It is closed.
    pub fn shown(&self) -> Result<Vec<Message>> {
        Ok(self.desk()?.desktop.messages())
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its store, opened a second time.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn store(&self) -> Result<SqliteStore> {
        Ok(SqliteStore::open(self.dir())?)
    }

    /// Ends the application and opens it again, as after a restart of the program.
    ///
    /// # Errors
    /// It does not open.
    pub fn reopen(&mut self) -> Result<()> {
        self.close();
        self.desk = Some(Desk::open(self.dir.path())?);
        Ok(())
    }

    /// Ends the application.
    pub fn close(&mut self) {
        if let Some(desk) = self.desk.take() {
            desk.app.close();
        }
    }

    /// Settings of a task that copies `t` from the data source `west` to `east`.
    ///
    /// # Errors
    /// There are no such data sources.
    pub fn settings(&self) -> Result<TaskSettings> {
        let id = |name: &str| -> Result<SourceId> {
            let row = self.app()?.call(SourceShow {
                source: name.to_owned(),
            })?;
            Ok(row.source.id)
        };
        self.desk()?.settings(TASK, &id("west")?, &id("east")?, &["t"])
    }

    /// Makes a task, checks it and starts it; it runs when this returns.
    ///
    /// # Errors
    /// It does not run.
    pub fn launch(&self, settings: TaskSettings) -> Result<()> {
        self.desk()?.launch(settings)?;
        self.reaches(TaskState::Running)
    }

    /// Everything about the task.
    ///
    /// # Errors
    /// There is none.
    pub fn task(&self) -> Result<TaskView> {
        self.desk()?.show(TASK)
    }

    /// Polls until the task is in `state`.
    ///
    /// # Errors
    /// It is not in time.
    pub fn reaches(&self, state: TaskState) -> Result<()> {
        eventually(&format!("the task is {state}"), || {
            Ok(self.task()?.snapshot.state == state)
        })
        .with_context(|| format!("{:#?}\n{:#?}", self.task(), self.log(TaskLogQuery::default())))
    }

    /// Pauses the task; it is paused when this returns.
    ///
    /// # Errors
    /// It is not in time.
    pub fn pause(&self) -> Result<()> {
        self.app()?.call(TaskPause { task: TASK.into() })?;
        self.reaches(TaskState::Paused)
    }

    /// Resumes the task.
    ///
    /// # Errors
    /// Its state forbids it.
    pub fn resume(&self) -> Result<()> {
        self.app()?.call(TaskResume { task: TASK.into() })?;
        Ok(())
    }

    /// Appends `count` numbered records of now to the source, in batches of ten: a copy may stop between any two.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn append(&self, from: usize, count: usize) -> Result<()> {
        for begin in (from..from + count).step_by(10) {
            let records = (begin..(begin + 10).min(from + count))
                .map(|n| FakeRecord::new(format!("k{n}"), format!("v{n}")).at(now_ms()))
                .collect();
            self.source.append("t", 0, records)?;
        }
        Ok(())
    }

    /// Values of the records on the target.
    ///
    /// # Errors
    /// There is no such topic.
    pub fn arrived(&self) -> Result<Vec<String>> {
        values(&self.target, "t")
    }

    /// Polls until the target has the numbered records before `count`, each once and in order, and no other.
    ///
    /// # Errors
    /// It has not in time.
    pub fn has_exactly(&self, count: usize) -> Result<()> {
        has_exactly_numbered(&self.target, count).with_context(|| format!("{:#?}", self.task()))
    }

    /// Stops every broker of the target.
    ///
    /// # Errors
    /// One does not stop.
    pub fn target_goes(&self) -> Result<()> {
        for id in self.target.broker_ids() {
            self.target.stop_broker(id)?;
        }
        Ok(())
    }

    /// Starts them again.
    ///
    /// # Errors
    /// One does not start.
    pub fn target_returns(&self) -> Result<()> {
        for id in self.target.broker_ids() {
            self.target.start_broker(id)?;
        }
        Ok(())
    }

    /// Lines of the task's log.
    ///
    /// # Errors
    /// The query is wrong.
    pub fn log(&self, query: TaskLogQuery) -> Result<Vec<LogView>> {
        Ok(self.app()?.call(TaskLogQuery {
            task: TASK.into(),
            ..query
        })?)
    }

    /// A task that has copied ten records and runs.
    ///
    /// # Errors
    /// It does not.
    pub fn running() -> Result<Self> {
        let ground = Self::new()?;
        ground.append(0, 10)?;
        ground.launch(ground.settings()?)?;
        ground.has_exactly(10)?;
        Ok(ground)
    }

    /// Lets the next trouble of the task be its failure. The least a person can set is a minute: the same rule, sooner.
    ///
    /// # Errors
    /// The setting cannot be kept.
    pub fn gives_up_at_once(&self) -> Result<()> {
        Ok(self.store()?.set_setting("give_up_after_minutes", &0.into())?)
    }

    /// Lets the target refuse the task from its next start on, or take it again.
    pub fn target_refuses(&self, refuses: bool) {
        if refuses {
            let error = ResponseError::TransactionalIdAuthorizationFailed;
            self.target.fail_next(ApiKey::InitProducerId, error, u32::MAX);
        } else {
            self.target.clear_faults();
        }
    }

    /// Lets the task fail: it is resumed on a target that refuses it.
    ///
    /// # Errors
    /// It does not fail in time.
    pub fn fail(&self) -> Result<()> {
        self.pause()?;
        self.target_refuses(true);
        self.resume()?;
        self.reaches(TaskState::Failed)
    }

    /// Makes a rule for `condition` that tells the desktop, and `change`s it before.
    ///
    /// # Errors
    /// It is refused.
    pub fn rule(&self, name: &str, condition: Condition, change: impl FnOnce(&mut Rule)) -> Result<Rule> {
        let mut rule = Rule {
            id: String::new(),
            name: name.to_owned(),
            condition,
            builtin: false,
            ..Rule::on_failure()
        };
        change(&mut rule);
        Ok(self.app()?.call(RulePut { rule })?)
    }

    /// The history of one rule, the newest first.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn told_by(&self, rule: &str) -> Result<Vec<AlertView>> {
        let mut rows = self.history()?;
        rows.retain(|row| row.rule_name == rule);
        Ok(rows)
    }

    /// Polls until a rule has reported the beginning of something, and returns the report.
    ///
    /// # Errors
    /// It has not in time.
    pub fn raised_by(&self, rule: &str) -> Result<AlertView> {
        self.first_told(rule, "raised")
    }

    /// Polls until a rule has reported the end of something, and returns the report.
    ///
    /// # Errors
    /// It has not in time.
    pub fn recovered_by(&self, rule: &str) -> Result<AlertView> {
        self.first_told(rule, "recovered")
    }

    fn first_told(&self, rule: &str, kind: &str) -> Result<AlertView> {
        let mut found = None;
        eventually(&format!("'{rule}' has {kind}"), || {
            found = self.told_by(rule)?.into_iter().rfind(|row| row.kind == kind);
            Ok(found.is_some())
        })
        .with_context(|| format!("{:#?}", self.history()))?;
        found.context("it was found")
    }

    /// Polls until a rule that was just made is in force: what happens from now on is news.
    ///
    /// # Errors
    /// It is not in time.
    pub fn in_force(&self, rule: &Rule) -> Result<()> {
        eventually("the rule is in force", || {
            let state = self.store()?.alert_state()?.unwrap_or_default();
            Ok(state["rules"][&rule.id]["tasks"]
                .as_object()
                .is_some_and(|tasks| !tasks.is_empty()))
        })
        .context("what a rule begins with is kept")
    }

    /// The history of messages, the newest first.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn history(&self) -> Result<Vec<AlertView>> {
        Ok(self.app()?.call(AlertHistoryQuery::default())?)
    }
}

/// Now, in ms since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Kind, state and channel of each message of a history.
pub fn ends(history: &[AlertView]) -> Vec<(&str, &str, &str)> {
    history
        .iter()
        .map(|row| (row.kind.as_str(), row.state.as_str(), row.channel_name.as_str()))
        .collect()
}
