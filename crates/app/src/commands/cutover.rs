use serde::{Deserialize, Serialize};
use sluice_store::TaskRow;
use ts_rs::TS;

use super::command::Command;
use crate::clock::now_ms;
use crate::core::{self, Core, Operation, actor};
use crate::cutover::{
    Busy, Cutover, CutoverReport, CutoverState, CutoverStep, Doing, FenceKind, Journal, Procedure, StepWords,
    StoreJournal, Wish, meant, new_id, none_before_its_switch, plan, sides, silence_ms,
};
use crate::schema::AppEvent;
use crate::{App, AppError, ErrorCode, Result};

/// Plans the cut-over of applications from a task's source to its target. Nothing changes but that it is kept.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CutoverPlan {
    /// Name or id of the task.
    pub task: String,
    /// Groups that move, with the topics that they read; empty for all.
    #[serde(default)]
    pub groups: Vec<String>,
    /// How producers are stopped.
    #[serde(default)]
    pub fence: FenceKind,
    /// How long the silence of the source is watched; 15 s if not said.
    #[serde(default)]
    #[ts(optional)]
    pub silence_seconds: Option<u32>,
    /// Whether the old side follows after the switch; it does if not said.
    #[serde(default)]
    #[ts(optional)]
    pub follow: Option<bool>,
}

/// Asks every question of a cut-over, and tries the translation of its groups. Writes nothing to a cluster.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CutoverRehearse {
    /// Name or id of the task, or the id of the cut-over.
    pub task: String,
}

/// Carries a cut-over on by one step.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CutoverNext {
    /// Name or id of the task, or the id of the cut-over.
    pub task: String,
    /// Questions that are not to hold this step.
    #[serde(default)]
    pub overrule: Vec<String>,
}

/// Shows a cut-over.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CutoverStatus {
    /// Name or id of the task, or the id of the cut-over.
    pub task: String,
}

/// Lists the cut-overs of a task, the newest first, with those that go back on them.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CutoverList {
    /// Name or id of the task.
    pub task: String,
}

/// Gives a cut-over up before its switch, or begins the way back behind it.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CutoverBack {
    /// Name or id of the task, or the id of the cut-over.
    pub task: String,
    /// How producers of the present side are stopped on the way back.
    #[serde(default)]
    pub fence: FenceKind,
    /// How long their silence is watched; 15 s if not said.
    #[serde(default)]
    #[ts(optional)]
    pub silence_seconds: Option<u32>,
}

/// The report of a cut-over as text.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CutoverExport {
    /// Name or id of the task, or the id of the cut-over.
    pub task: String,
    /// As what.
    pub format: ReportFormat,
}

/// A form of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// A page that stands alone.
    Html,
    /// A document for programs.
    Json,
}

/// A step as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StepRow {
    /// Which.
    pub step: CutoverStep,
    /// Its number, from 1.
    #[ts(type = "number")]
    pub number: usize,
    /// Its name.
    pub title: String,
    /// What Sluice does.
    pub sluice: String,
    /// What applications see.
    pub applications: String,
    /// Whether it is done.
    pub done: bool,
}

/// A cut-over as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CutoverView {
    /// The data source where applications were.
    pub from: String,
    /// The data source where they go.
    pub to: String,
    /// Whether a step is being carried out now.
    pub busy: bool,
    /// The steps, with what they are to whom.
    pub steps: Vec<StepRow>,
    /// Everything that is kept of it.
    pub cutover: Cutover,
}

impl Command for CutoverPlan {
    const NAME: &'static str = "cutover_plan";
    type Answer = CutoverView;

    fn run(self, app: &App) -> Result<CutoverView> {
        let row = app.core.task(&self.task)?;
        let wish = Wish {
            groups: self.groups,
            fence: self.fence,
            silence_seconds: self.silence_seconds,
            follow: self.follow.unwrap_or(true),
        };
        Operation::new(Self::NAME, "task", &row.id, &row.name).run(&app.core.store, || {
            let id = core::task_id(&row)?;
            let busy = app.cutovers.claim(id.as_str(), Doing::Step)?;
            none_before_its_switch(&app.core, id.as_str())?;
            may_move(&app.core, &row, &wish)?;
            let mut cutover = plan(&app.clusters(), &id, &actor(), &wish)?;
            StoreJournal(&app.core.store).save(&mut cutover)?;
            changed(app, busy, &cutover);
            view(app, cutover)
        })
    }
}

impl Command for CutoverRehearse {
    const NAME: &'static str = "cutover_rehearse";
    type Answer = CutoverView;

    fn run(self, app: &App) -> Result<CutoverView> {
        carry_on(app, Self::NAME, &self.task, |procedure| {
            procedure.rehearse_again()
        })
    }
}

impl Command for CutoverNext {
    const NAME: &'static str = "cutover_next";
    type Answer = CutoverView;

    fn run(self, app: &App) -> Result<CutoverView> {
        carry_on(app, Self::NAME, &self.task, |procedure| {
            procedure.next(&self.overrule)
        })
    }
}

impl Command for CutoverStatus {
    const NAME: &'static str = "cutover_status";
    type Answer = CutoverView;

    fn run(self, app: &App) -> Result<CutoverView> {
        view(app, meant(&app.core, &self.task)?)
    }
}

impl Command for CutoverList {
    const NAME: &'static str = "cutover_list";
    type Answer = Vec<CutoverView>;

    fn run(self, app: &App) -> Result<Vec<CutoverView>> {
        let journal = StoreJournal(&app.core.store);
        let mut views = Vec::new();
        for cutover in journal.of_task(&app.core.task(&self.task)?.id)? {
            let mut next = Some(cutover);
            while let Some(cutover) = next {
                next = cutover
                    .back
                    .as_deref()
                    .map(|back| journal.load(back))
                    .transpose()?
                    .flatten();
                views.push(view(app, cutover)?);
            }
        }
        Ok(views)
    }
}

impl Command for CutoverBack {
    const NAME: &'static str = "cutover_back";
    type Answer = CutoverView;

    fn run(self, app: &App) -> Result<CutoverView> {
        let silence = silence_ms(self.silence_seconds)?;
        let found = meant(&app.core, &self.task)?;
        operation(Self::NAME, &found).run(&app.core.store, || {
            let busy = app.cutovers.claim(root(&found), Doing::Step)?;
            let (clusters, journal, by) = (app.clusters(), StoreJournal(&app.core.store), actor());
            let found = reread(&journal, found)?;
            let from = app.core.task(found.task.as_str())?.source_id;
            let before = found.clone();
            let mut procedure = Procedure::new(&clusters, &journal, &by, found);
            let outcome = if procedure.is_switched() {
                app.core.may_write(&from)?;
                procedure.go_back(new_id(), self.fence, silence)
            } else {
                procedure.abandon().map(|()| procedure.into_cutover())
            };
            changed(app, busy, outcome.as_ref().unwrap_or(&before));
            view(app, outcome?)
        })
    }
}

impl Command for CutoverExport {
    const NAME: &'static str = "cutover_export";
    type Answer = String;

    fn run(self, app: &App) -> Result<String> {
        let cutover = meant(&app.core, &self.task)?;
        let (from, to) = sides(&app.core, &cutover)?;
        let report = CutoverReport {
            version: CutoverReport::VERSION,
            from,
            to,
            exported_ms: now_ms(),
            exported_by: actor(),
            cutover,
        };
        match self.format {
            ReportFormat::Html => Ok(report.to_html()),
            ReportFormat::Json => serde_json::to_string_pretty(&report)
                .map_err(|error| AppError::new(ErrorCode::Internal, error.to_string())),
        }
    }
}

/// Refuses a cut-over that would write to a data source that is marked read-only: positions of groups to the target, and
/// rules of a fence or what comes back to the source.
fn may_move(core: &Core, task: &TaskRow, wish: &Wish) -> Result<()> {
    Core::one_way(
        task,
        "there is nothing to cut over, as applications may write on both sides at any time; move its consumer groups instead",
    )?;
    core.may_write_target(task)?;
    let source = core.source(&task.source_id)?;
    if (wish.fence == FenceKind::Acl || wish.follow) && core::form(&source)?.read_only {
        return Err(AppError::new(
            ErrorCode::Refused,
            format!(
                "the data source '{}' is marked read-only: no rules can stop its producers, and it cannot follow after the switch; plan the cut-over without both, or take the mark away",
                source.name
            ),
        ));
    }
    Ok(())
}

/// Carries a cut-over on by `work`, and notes who did.
fn carry_on(
    app: &App,
    action: &'static str,
    name: &str,
    work: impl FnOnce(&mut Procedure<'_>) -> Result<()>,
) -> Result<CutoverView> {
    let found = meant(&app.core, name)?;
    operation(action, &found).run(&app.core.store, || {
        let busy = app.cutovers.claim(root(&found), Doing::Step)?;
        let (clusters, journal, by) = (app.clusters(), StoreJournal(&app.core.store), actor());
        let found = reread(&journal, found)?;
        let mut procedure = Procedure::new(&clusters, &journal, &by, found);
        let done = work(&mut procedure);
        let cutover = procedure.into_cutover();
        changed(app, busy, &cutover);
        done?;
        view(app, cutover)
    })
}

/// A cut-over as it is kept now, asked for when no other caller can change it any more.
fn reread(journal: &StoreJournal<'_>, found: Cutover) -> Result<Cutover> {
    Ok(journal.load(&found.id)?.unwrap_or(found))
}

/// The task under which cut-overs that belong together are carried on one at a time.
fn root(cutover: &Cutover) -> &str {
    cutover
        .through
        .first()
        .map_or(cutover.task.as_str(), sluice_model::TaskId::as_str)
}

fn operation(action: &'static str, cutover: &Cutover) -> Operation {
    Operation::new(action, "task", cutover.task.as_str(), &cutover.task_name)
}

/// Tells of a step that was carried out. It is over by then: a page that asks because of this is not told that it goes on, which
/// nothing would correct later.
fn changed(app: &App, busy: Busy<'_>, cutover: &Cutover) {
    drop(busy);
    app.core.bus.publish(&AppEvent::CutoverChanged {
        task_id: cutover.task.clone(),
        cutover_id: cutover.id.clone(),
    });
}

fn view(app: &App, cutover: Cutover) -> Result<CutoverView> {
    let core: &Core = &app.core;
    let (from, to) = sides(core, &cutover)?;
    let steps = CutoverStep::ALL
        .into_iter()
        .map(|step| {
            let StepWords {
                title,
                sluice,
                applications,
            } = step.words(cutover.fence == FenceKind::Acl);
            StepRow {
                step,
                number: step.number(),
                title: title.to_owned(),
                sluice: sluice.to_owned(),
                applications: applications.to_owned(),
                done: step < cutover.step || cutover.state == CutoverState::Closed,
            }
        })
        .collect();
    Ok(CutoverView {
        from,
        to,
        busy: app.cutovers.is_busy(root(&cutover)),
        steps,
        cutover,
    })
}
