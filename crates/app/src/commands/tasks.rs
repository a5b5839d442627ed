use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_model::{Naming, Objects, Rename, TaskAction, TaskId, TaskSettings, TaskState, name_topics};
use sluice_store::{TaskFilter, TaskOrder, TaskRow};
use ts_rs::TS;

use super::command::Command;
use super::source_probe::admin;
use super::task_pair::{self, made_alone};
use crate::clock::now_ms;
use crate::core::{self, Core, Operation, require_version, to_value};
use crate::schema::{AppEvent, LogEvent, PartnerView, TaskRowView, TaskView};
use crate::tasks::{is_carried, shown_state, snapshot};
use crate::{App, AppError, Result};

/// How many tasks may not be terminated if the settings say nothing.
const TASK_LIMIT: usize = 10;
/// Setting with another number.
pub(crate) const TASK_LIMIT_SETTING: &str = "max_tasks";
/// Tasks of one page if the caller says nothing.
const PAGE: usize = 500;

/// Makes a task; it does nothing yet.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskCreate {
    /// What was decided.
    pub settings: TaskSettings,
}

/// Describes a task again that was never started. Its pre-check is void.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskEdit {
    /// Name or id.
    pub task: String,
    /// What was decided.
    pub settings: TaskSettings,
    /// The version of the settings that were looked at before: refused if another command has changed them since.
    #[serde(default)]
    #[ts(type = "number", optional)]
    pub version: Option<i64>,
}

/// Lists tasks.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct TaskList {
    /// Only those in one of these states; empty for any.
    pub states: Vec<TaskState>,
    /// Only those whose name or id contains this.
    pub text: Option<String>,
    /// Only those with this tag.
    pub tag: Option<String>,
    /// Only those that read this data source (name or id).
    pub source: Option<String>,
    /// Only those that write this data source (name or id).
    pub target: Option<String>,
    /// `newest`, `name` or `state`.
    pub order: Option<String>,
    /// How many to leave out at the beginning.
    #[ts(type = "number")]
    pub offset: usize,
    /// How many at most; 500 if not said.
    #[ts(type = "number | null")]
    pub limit: Option<usize>,
}

/// A page of tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TaskPage {
    /// The tasks.
    pub tasks: Vec<TaskRowView>,
    /// How many there are on all pages.
    #[ts(type = "number")]
    pub total: usize,
    /// How many tasks are not terminated.
    #[ts(type = "number")]
    pub not_terminated: usize,
    /// How many may be.
    #[ts(type = "number")]
    pub limit: usize,
}

/// Shows everything about a task.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskShow {
    /// Name or id.
    pub task: String,
    /// Without a row per partition: a summary of them instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub brief: Option<bool>,
}

/// Says which topics settings choose now, and what they are called on the target; saves nothing.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskRoutes {
    /// What was decided.
    pub settings: TaskSettings,
}

/// Says which of some topics are chosen, what they are called on the target, and what is wrong with patterns and names; asks
/// no cluster and saves nothing. A form asks it at each letter.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TopicNaming {
    /// Which topics.
    pub objects: Objects,
    /// Their names on the target.
    pub rename: Rename,
    /// Names of the topics that there are.
    pub topics: Vec<String>,
    /// Whether source and target are one data source.
    #[serde(default)]
    pub same_cluster: bool,
}

impl Command for TopicNaming {
    const NAME: &'static str = "topic_naming";
    type Answer = Naming;

    fn run(self, _: &App) -> Result<Naming> {
        Ok(name_topics(
            &self.objects,
            &self.rename,
            &self.topics,
            self.same_cluster,
        ))
    }
}

impl Command for TaskCreate {
    const NAME: &'static str = "task_create";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        create(app, Self::NAME, self.settings)
    }
}

/// Makes a task out of `settings`, as the command `action`.
pub(super) fn create(app: &App, action: &'static str, settings: TaskSettings) -> Result<TaskView> {
    let core = &app.core;
    let id = TaskId::generate();
    Operation::new(action, "task", id.as_str(), settings.name.as_str())
        .after(to_value(&settings)?)
        .run(&core.store, || {
            made_alone(&settings)?;
            checked_to_write(core, &settings)?;
            core.store
                .insert_task(&new_row(&id, &settings)?, task_limit(core)?)?;
            core.bus.publish(&AppEvent::TasksChanged);
            show(app, &core.task(id.as_str())?)
        })
}

/// A draft with `settings`.
pub(super) fn new_row(id: &TaskId, settings: &TaskSettings) -> Result<TaskRow> {
    let now = now_ms();
    Ok(TaskRow {
        id: id.as_str().to_owned(),
        name: settings.name.as_str().to_owned(),
        source_id: settings.source.as_str().to_owned(),
        target_id: settings.target.as_str().to_owned(),
        settings: to_value(settings)?,
        settings_version: 1,
        state: TaskState::Draft.word().to_owned(),
        desired_running: false,
        reason: None,
        pre_check: None,
        muted_until_ms: None,
        created_ms: now,
        started_ms: None,
        ended_ms: None,
        updated_ms: now,
        since_ms: Some(now),
        rest_lag: None,
    })
}

impl Command for TaskEdit {
    const NAME: &'static str = "task_edit";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        change_settings(app, Self::NAME, &row, &self.settings, |id| {
            checked_to_write(core, &self.settings)?;
            task_pair::edit_partner(core, &row, &self.settings)?;
            {
                let turn = core.turn(id);
                let state = turn.allows(TaskAction::Edit)?;
                let row = turn.row()?;
                require_version(&row, self.version)?;
                turn.describe_again(&row, state, &self.settings)?;
            }
            core.bus.publish(&AppEvent::TasksChanged);
            Ok(())
        })
    }
}

impl Command for TaskList {
    const NAME: &'static str = "task_list";
    type Answer = TaskPage;

    fn run(self, app: &App) -> Result<TaskPage> {
        let core = &app.core;
        let id_of = |name: Option<String>| -> Result<Option<String>> {
            name.map(|name| core.source(&name).map(|row| row.id)).transpose()
        };
        let order = match self.order.as_deref() {
            None | Some("newest") => TaskOrder::Newest,
            Some("name") => TaskOrder::Name,
            Some("state") => TaskOrder::State,
            Some(other) => {
                return Err(AppError::field(
                    "order",
                    format!("tasks are not listed by '{other}'; choose newest, name or state"),
                ));
            }
        };
        let (rows, total) = core.store.tasks(&TaskFilter {
            states: self.states.iter().map(|state| state.word().to_owned()).collect(),
            text: self.text,
            tag: self.tag,
            source_id: id_of(self.source)?,
            target_id: id_of(self.target)?,
            order,
            offset: self.offset,
            limit: Some(self.limit.unwrap_or(PAGE)),
        })?;
        let names = source_names(core)?;
        let name = |id: &str| names.get(id).cloned().unwrap_or_else(|| id.to_owned());
        let tasks = rows
            .into_iter()
            .map(|row| {
                let id = core::task_id(&row)?;
                let settings = core::settings(&row)?;
                let live = app.supervisor.live(&id);
                let progress = live.as_ref().and_then(|live| live.progress.as_deref());
                let persist_error = live.as_ref().and_then(|live| live.persist_error.clone());
                let state = shown_state(core::state(&row)?, persist_error.as_deref());
                Ok(TaskRowView {
                    allowed: core::allowed(state, &settings),
                    source_name: name(&row.source_id),
                    target_name: name(&row.target_id),
                    source: settings.source,
                    target: settings.target,
                    name: row.name,
                    partner: partner(core, settings.both_ways)?,
                    tags: settings.tags,
                    state,
                    reason: persist_error.or(row.reason),
                    created_ms: row.created_ms,
                    delay_ms: progress.and_then(|progress| progress.delay_ms),
                    lag_records: progress.and_then(|progress| progress.lag_records),
                    write_rate: progress.map_or(0.0, |progress| progress.write_rate),
                    full_percent: progress.map_or(0.0, |progress| progress.full_percent),
                    partitions: progress.map_or(0, |progress| progress.partitions.len()),
                    id,
                })
            })
            .collect::<Result<_>>()?;
        Ok(TaskPage {
            tasks,
            total,
            not_terminated: core.store.count_tasks_not_terminated()?,
            limit: task_limit(core)?,
        })
    }
}

impl Command for TaskShow {
    const NAME: &'static str = "task_show";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let mut view = show(app, &app.core.task(&self.task)?)?;
        if self.brief == Some(true) {
            view.snapshot = view.snapshot.brief();
        }
        Ok(view)
    }
}

impl Command for TaskRoutes {
    const NAME: &'static str = "task_routes";
    type Answer = Vec<(String, String)>;

    fn run(self, app: &App) -> Result<Vec<(String, String)>> {
        let core = &app.core;
        let source = core.source(self.settings.source.as_str())?;
        let (_, metadata) = admin(core, &source)?;
        Ok(self.settings.routes(metadata.topics.keys().map(String::as_str))?)
    }
}

/// Carries out the change of a task's settings to `after` as the operation `command`, and shows the task as it is then.
///
/// # Errors
/// Those of `change`; they are recorded with the operation.
pub(super) fn change_settings(
    app: &App,
    command: &'static str,
    row: &TaskRow,
    after: &TaskSettings,
    change: impl FnOnce(&TaskId) -> Result<()>,
) -> Result<TaskView> {
    let core = &app.core;
    Operation::new(command, "task", &row.id, &row.name)
        .before(row.settings.clone())
        .after(to_value(after)?)
        .run(&core.store, || {
            let id = core::task_id(row)?;
            change(&id)?;
            let now = core.task(&row.id)?;
            log_settings(core, &id, row, &now)?;
            show(app, &now)
        })
}

/// Settings that have lines of their own in the log when they change, or that change nothing of the copy.
const TOLD_ELSEWHERE: [&str; 6] = [
    "objects",
    "rename",
    "start",
    "start_overrides",
    "end_overrides",
    "tags",
];

/// Tells the log of a launched task which of its settings were changed.
fn log_settings(core: &Core, id: &TaskId, before: &TaskRow, now: &TaskRow) -> Result<()> {
    // As this version writes them: an older one may have written fewer.
    let was = to_value(&core::settings(before)?)?;
    let is = to_value(&core::settings(now)?)?;
    let changed: Vec<&str> = is
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(field, value)| was.get(field.as_str()) != Some(*value))
        .map(|(field, _)| field.as_str())
        .filter(|field| !TOLD_ELSEWHERE.contains(field))
        .collect();
    if now.started_ms.is_some() && !changed.is_empty() {
        let line = format!("settings changed: {}", changed.join(", "));
        core.log_event(id, LogEvent::Settings, "info", line);
    }
    Ok(())
}

/// When a part of a task's settings may be changed.
pub(super) enum MayChange {
    /// Whatever the task does.
    Always,
    /// While the task may be tuned, and its settings are of this version, if one is given.
    Tuning(Option<i64>),
}

/// Changes one part of a task's settings with `change`, as they are in its turn: another command's change of another part
/// stays.
///
/// # Errors
/// `check` refuses, its state does not allow it, it has other settings now, or the state cannot be written.
pub(super) fn change_part(
    app: &App,
    command: &'static str,
    task: &str,
    may_change: MayChange,
    check: impl FnOnce() -> Result<()>,
    change: impl Fn(TaskSettings) -> TaskSettings,
) -> Result<TaskView> {
    let core = &app.core;
    let row = core.task(task)?;
    let after = change(core::settings(&row)?);
    change_settings(app, command, &row, &after, |id| {
        check()?;
        let turn = core.turn(id);
        let row = turn.row()?;
        if let MayChange::Tuning(version) = may_change {
            turn.allows(TaskAction::Tune)?;
            require_version(&row, version)?;
        }
        turn.change_settings(&row, &change(core::settings(&row)?))?;
        Ok(())
    })
}

/// Everything about the task of `row`.
pub(super) fn show(app: &App, row: &TaskRow) -> Result<TaskView> {
    let core = &app.core;
    let id = core::task_id(row)?;
    let names = source_names(core)?;
    let name = |id: &str| names.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let live = app.supervisor.live(&id);
    let snapshot = snapshot(core, row, live.as_ref())?;
    let settings = core::settings(row)?;
    Ok(TaskView {
        name: row.name.clone(),
        partner: partner(core, settings.both_ways.clone())?,
        allowed: core::allowed(snapshot.state, &settings),
        settings,
        settings_version: row.settings_version,
        source_name: name(&row.source_id),
        target_name: name(&row.target_id),
        reason: live
            .and_then(|live| live.persist_error)
            .or_else(|| row.reason.clone()),
        created_ms: row.created_ms,
        started_ms: row.started_ms,
        ended_ms: row.ended_ms,
        muted_until_ms: row.muted_until_ms,
        pre_check: row.pre_check.clone(),
        snapshot,
        id,
    })
}

/// The other task of a pair, as far as it is still there.
fn partner(core: &Core, id: Option<TaskId>) -> Result<Option<PartnerView>> {
    let Some(id) = id else { return Ok(None) };
    let row = core.store.task(id.as_str())?;
    Ok(Some(PartnerView {
        name: row.as_ref().map(|row| row.name.clone()),
        state: row.as_ref().map(core::state).transpose()?,
        id,
    }))
}

/// Refuses settings that can be known to be wrong without asking a cluster.
pub(super) fn checked(core: &Core, settings: &TaskSettings) -> Result<()> {
    let errors = settings.check();
    if !errors.is_empty() {
        return Err(AppError::fields(errors));
    }
    for (field, id) in [("source", &settings.source), ("target", &settings.target)] {
        if core.store.source(id.as_str())?.is_none() {
            return Err(AppError::field(
                field,
                format!("there is no data source {id}; choose another"),
            ));
        }
        is_kafka(core, field, id.as_str())?;
    }
    is_carried(core, settings)
}

/// Refuses a data source that has no records.
fn is_kafka(core: &Core, field: &str, id: &str) -> Result<()> {
    let row = core.source(id)?;
    if !core::form(&row)?.is_connect() {
        return Ok(());
    }
    Err(AppError::field(
        field,
        format!(
            "'{}' is a Connect cluster, on which tasks run; choose a Kafka cluster",
            row.name
        ),
    ))
}

/// [`checked`], for a task that is made or described again: its target must be one that may be written to.
pub(super) fn checked_to_write(core: &Core, settings: &TaskSettings) -> Result<()> {
    checked(core, settings)?;
    core.may_write(settings.target.as_str())
        .map_err(|error| AppError::field("target", error.message))
}

pub(super) fn task_limit(core: &Core) -> Result<usize> {
    Ok(core
        .store
        .setting(TASK_LIMIT_SETTING)?
        .and_then(|value| value.as_u64())
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(TASK_LIMIT))
}

fn source_names(core: &Core) -> Result<BTreeMap<String, String>> {
    Ok(core
        .store
        .sources()?
        .into_iter()
        .map(|source| (source.id, source.name))
        .collect())
}
