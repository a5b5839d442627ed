use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sluice_engine::parity::{
    Applied, Cancel, Comparison, ParityChange, ParityError, ParityRules, Parts, apply_to, changes,
    compare_clusters,
};
use sluice_model::{ConfigurationSync, Objects, PrincipalRules, Rename, TaskAction, TaskSettings};
use sluice_store::DataSourceRow;
use ts_rs::TS;

use super::command::Command;
use super::tasks::show;
use crate::core::{self, Operation, to_value};
use crate::schema::TaskView;
use crate::{App, AppError, ErrorCode, Result};

/// A part of two clusters that can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ParityKind {
    /// Topics, their partitions and configuration.
    Topics,
    /// Rules of access.
    Acls,
    /// Limits of clients.
    Quotas,
    /// Consumer groups.
    Groups,
}

/// Compares two data sources; changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ParityCompare {
    /// Name or id of the one that is the model; with a task, its source if none is named.
    #[serde(default)]
    pub source: Option<String>,
    /// Name or id of the one that is compared with it; with a task, its target if none is named.
    #[serde(default)]
    pub target: Option<String>,
    /// Name or id of a task, whose topics and names are taken.
    #[serde(default)]
    pub task: Option<String>,
    /// Which parts; all if none is named.
    #[serde(default)]
    pub kinds: Vec<ParityKind>,
    /// Only these topics of the source, and what is about them.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Names of topics on the target; not beside a task, which has its own.
    #[serde(default)]
    pub rename: Rename,
    /// Names of principals on the target.
    #[serde(default)]
    pub principals: PrincipalRules,
    /// Settings of topics that are changed as well although they are left alone otherwise, such as
    /// `min.insync.replicas`.
    #[serde(default)]
    pub with: Vec<String>,
    /// Whether settings that are the same on both sides are listed, too.
    #[serde(default)]
    pub every_setting: bool,
}

/// Two data sources side by side, with what would make the target like the source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ParityView {
    /// Name of the source.
    pub source_name: String,
    /// Name of the target.
    pub target_name: String,
    /// When they were read, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// What was found.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// What would make the target like the source.
    pub changes: Vec<ParityChange>,
}

/// Makes changes on the target that a comparison has shown. Refused as a whole if one of them is not what a comparison
/// shows now.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ParityApply {
    /// The comparison that has shown them.
    pub compared: ParityCompare,
    /// Those that are to be made.
    pub changes: Vec<ParityChange>,
    /// Whether those of them that take something away were confirmed.
    #[serde(default)]
    pub remove: bool,
}

/// Has the configuration of a task's target topics kept like the source's while the task runs, or no longer.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskSyncConfiguration {
    /// Name or id.
    pub task: String,
    /// What is to be from now on.
    pub sync: ConfigurationSync,
}

impl Command for TaskSyncConfiguration {
    const NAME: &'static str = "task_sync_configuration";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        let before = core::settings(&row)?.configuration_sync;
        Operation::new(Self::NAME, "task", &row.id, &row.name)
            .before(to_value(&before)?)
            .after(to_value(&self.sync)?)
            .run(&core.store, || {
                self.sync
                    .check()
                    .map_err(|error| AppError::field("sync", error.to_string()))?;
                {
                    let turn = core.turn(&core::task_id(&row)?);
                    turn.allows(TaskAction::Tune)?;
                    let row = turn.row()?;
                    let settings = TaskSettings {
                        configuration_sync: self.sync.clone(),
                        ..core::settings(&row)?
                    };
                    turn.change_settings(&row, &settings)?;
                }
                show(app, &core.task(&row.id)?)
            })
    }
}

impl Command for ParityCompare {
    const NAME: &'static str = "parity_compare";
    type Answer = ParityView;

    fn run(self, app: &App) -> Result<ParityView> {
        Pair::of(&self, app)?.compare(app)
    }
}

impl Command for ParityApply {
    const NAME: &'static str = "parity_apply";
    type Answer = Vec<Applied>;

    fn run(self, app: &App) -> Result<Vec<Applied>> {
        let core = &app.core;
        let pair = Pair::of(&self.compared, app)?;
        let target = pair.target.clone();
        Operation::new(Self::NAME, "source", &target.id, &target.name)
            .after(to_value(&self.changes)?)
            .run(&core.store, || {
                if self.changes.is_empty() {
                    return Err(AppError::field("changes", "choose at least one change"));
                }
                let removals = self.changes.iter().filter(|change| change.is_removal()).count();
                if removals > 0 && !self.remove {
                    return Err(AppError::new(
                        ErrorCode::ConfirmationNeeded,
                        format!(
                            "{removals} of these changes take something away from '{}'; confirm removals apart (--remove)",
                            target.name
                        ),
                    ));
                }
                let now = pair.compare(app)?;
                if let Some(stale) = self.changes.iter().find(|change| !now.changes.contains(change)) {
                    return Err(AppError::new(
                        ErrorCode::Refused,
                        format!(
                            "the clusters have changed since they were compared: {} is no longer what would make '{}' like '{}'. Nothing was changed; compare again",
                            named(stale),
                            now.target_name,
                            now.source_name
                        ),
                    ));
                }
                apply_to(&core.writable_cluster(&target)?, &self.changes, &Cancel::new())
                    .map_err(|error| failed(&error, &pair.source, &target))
            })
    }
}

/// What is compared.
struct Pair {
    source: DataSourceRow,
    target: DataSourceRow,
    parts: Parts,
    rules: ParityRules,
}

impl Pair {
    fn of(wanted: &ParityCompare, app: &App) -> Result<Self> {
        let core = &app.core;
        let task = wanted.task.as_deref().map(|name| core.task(name)).transpose()?;
        let settings = task.as_ref().map(core::settings).transpose()?;
        let side = |given: &Option<String>, field: &str, of_task: Option<&str>| -> Result<DataSourceRow> {
            match given.as_deref().or(of_task) {
                Some(name) => core.source(name),
                None => Err(AppError::field(field, "name two data sources, or a task")),
            }
        };
        let source = side(
            &wanted.source,
            "source",
            settings.as_ref().map(|settings| settings.source.as_str()),
        )?;
        let target = side(
            &wanted.target,
            "target",
            settings.as_ref().map(|settings| settings.target.as_str()),
        )?;
        if settings.is_some() && wanted.rename != Rename::default() {
            return Err(AppError::field(
                "rename",
                "the task has the names of the topics; leave out either the task or the other names",
            ));
        }
        let chosen = (!wanted.topics.is_empty()).then(|| Objects::Topics(wanted.topics.clone()));
        let (of_task, rename) = settings.map_or_else(
            || (None, wanted.rename.clone()),
            |settings| (Some(settings.objects), settings.rename),
        );
        Ok(Self {
            source,
            target,
            parts: parts(&wanted.kinds),
            rules: ParityRules {
                objects: chosen.or(of_task),
                rename,
                principals: wanted.principals.clone(),
                asked_for: wanted.with.iter().cloned().collect(),
                every_setting: wanted.every_setting,
            },
        })
    }

    fn compare(&self, app: &App) -> Result<ParityView> {
        let (source, target) = (app.core.cluster(&self.source)?, app.core.cluster(&self.target)?);
        let comparison = compare_clusters(&source, &target, self.parts, &self.rules, &Cancel::new())
            .map_err(|error| failed(&error, &self.source, &self.target))?;
        Ok(ParityView {
            source_name: self.source.name.clone(),
            target_name: self.target.name.clone(),
            at_ms: crate::clock::now_ms(),
            changes: changes(&comparison),
            comparison,
        })
    }
}

fn parts(kinds: &[ParityKind]) -> Parts {
    if kinds.is_empty() {
        return Parts::ALL;
    }
    let kinds: BTreeSet<&ParityKind> = kinds.iter().collect();
    Parts {
        topics: kinds.contains(&ParityKind::Topics),
        acls: kinds.contains(&ParityKind::Acls),
        quotas: kinds.contains(&ParityKind::Quotas),
        groups: kinds.contains(&ParityKind::Groups),
    }
}

/// A change in few words.
fn named(change: &ParityChange) -> String {
    match change {
        ParityChange::SetValue { topic, key, .. } | ParityChange::RemoveValue { topic, key, .. } => {
            format!("{key} of '{topic}'")
        }
        ParityChange::CreateAcl { rule } | ParityChange::RemoveAcl { rule } => {
            format!(
                "{} of {} on '{}'",
                rule.operation.word(),
                rule.principal,
                rule.name
            )
        }
        ParityChange::SetQuota { limit, .. } | ParityChange::RemoveQuota { limit, .. } => limit.clone(),
    }
}

fn failed(error: &ParityError, source: &DataSourceRow, target: &DataSourceRow) -> AppError {
    let code = match error {
        ParityError::Rules(_) => ErrorCode::InvalidInput,
        ParityError::Cluster { .. } if error.is_authentication() => ErrorCode::AuthenticationFailed,
        ParityError::Cluster { .. } => ErrorCode::ClusterUnreachable,
    };
    AppError::new(
        code,
        format!(
            "'{}' and '{}' cannot be compared: {error}",
            source.name, target.name
        ),
    )
}
