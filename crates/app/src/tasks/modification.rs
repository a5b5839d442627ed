//! A change of a task's topics: a run is stopped cleanly, the positions are changed, and the run goes on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};
use serde_json::Value;
use sluice_engine::{CheckpointStore, Foreseen, Modification, WantedObjects, foresee, modify};
use sluice_model::{TaskAction, TaskId, TaskSettings, TaskState};

use super::orders::Work;
use super::supervisor::Supervisor;
use crate::clock::now_ms;
use crate::core::{self, Core, just_changed, require_version, superseded};
use crate::{AppError, ErrorCode, Result};

/// How long the copy may take to come to a clean stop and the change to be carried out.
const PATIENCE: Duration = Duration::from_secs(180);

impl Supervisor {
    /// Gives a launched task the topics, names and start positions of `new`. `version` is that of the settings the caller
    /// has looked at, if it has; renamed topics of `copy_again` are copied to their new target from the start. Returns what
    /// changed, in words.
    ///
    /// # Errors
    /// Its state does not allow it, it has other settings now, `new` differs in more, or a cluster refuses.
    pub(crate) fn modify(
        &self,
        core: &Arc<Core>,
        id: &TaskId,
        new: &TaskSettings,
        version: Option<i64>,
        copy_again: &BTreeSet<String>,
    ) -> Result<String> {
        let _claim = core.claim(id, "the task's topics are being changed")?;
        let (state, before) = {
            let turn = core.turn(id);
            let state = turn.allows(TaskAction::ModifyObjects)?;
            let row = turn.row()?;
            require_version(&row, version)?;
            core.may_write_target(&row)?;
            Core::one_way(
                &row,
                "their topics are chosen when they are made; make another pair for further topics, or delete both tasks and make one with other topics",
            )?;
            let old = core::settings(&row)?;
            if with_objects_of(new, &old) != *new {
                return Err(AppError::field(
                    "settings",
                    "a launched task can have other topics, names and start positions, nothing else; copy the task to change more",
                ));
            }
            (state, row.settings)
        };
        let after = core::to_value(new)?;
        self.noted(core, id, &before, &after, || {
            self.carry_out(core, id, state, new, copy_again)
        })
    }

    /// Does `work` with a row in the task's history of changes.
    fn noted(
        &self,
        core: &Core,
        id: &TaskId,
        before: &Value,
        after: &Value,
        work: impl FnOnce() -> Result<Modification>,
    ) -> Result<String> {
        let modification = core
            .store
            .begin_modification(id.as_str(), before, after, now_ms())?;
        let done = work().map(|change| describe(&change));
        let (status, detail) = match &done {
            Ok(detail) => ("done", detail.clone()),
            Err(error) => ("failed", error.message.clone()),
        };
        core.store
            .end_modification(modification, status, Some(&detail), now_ms())?;
        done
    }

    fn carry_out(
        &self,
        core: &Arc<Core>,
        id: &TaskId,
        state: TaskState,
        new: &TaskSettings,
        copy_again: &BTreeSet<String>,
    ) -> Result<Modification> {
        let (report, reported) = bounded(1);
        let work: Box<dyn FnOnce() -> Result<()> + Send> = Box::new({
            let (core, id, new) = (Arc::clone(core), id.clone(), new.clone());
            let copy_again = copy_again.clone();
            move || {
                let change = change_objects(&core, &id, &new, &copy_again)?;
                if report.send(change).is_err() {
                    tracing::debug!("the command that ordered the change no longer waits for it");
                }
                Ok(())
            }
        });
        let (answer, answered) = bounded(1);
        self.between_runs(id, state, Work::new(work, answer))?;
        match answered.recv_timeout(PATIENCE) {
            Ok(done) => done?,
            Err(RecvTimeoutError::Disconnected) => return Err(superseded()),
            Err(RecvTimeoutError::Timeout) => {
                return Err(AppError::new(
                    ErrorCode::Internal,
                    format!(
                        "the change was not done within {} s; look at the task's log",
                        PATIENCE.as_secs()
                    ),
                ));
            }
        }
        reported.try_recv().map_err(|_| {
            AppError::new(
                ErrorCode::Internal,
                "the change is done, but what it came to is not known",
            )
        })
    }
}

impl Supervisor {
    /// Has `work` done between two runs; where nothing runs, at once.
    pub(super) fn between_runs(&self, id: &TaskId, state: TaskState, work: Work) -> Result<()> {
        let mut work = Some(work);
        if state.is_live() {
            let mut given = Ok(());
            self.order(id, |orders| {
                given = match work.take().map(|work| orders.run_while_paused(work)) {
                    Some(Ok(false)) => Err(just_changed()),
                    Some(Err(error)) => Err(error),
                    Some(Ok(true)) | None => Ok(()),
                };
                true
            });
            given?;
        }
        if let Some(work) = work {
            work.run();
        }
        Ok(())
    }
}

/// Changes the positions, then the settings: what else was set meanwhile stays.
fn change_objects(
    core: &Arc<Core>,
    id: &TaskId,
    new: &TaskSettings,
    copy_again: &BTreeSet<String>,
) -> Result<Modification> {
    let change = with_wanted(core, id, new, copy_again, |wanted, store| {
        modify(wanted, store, &core.observer(id))
    })?;
    let turn = core.turn(id);
    let row = turn.row()?;
    let present = core::settings(&row)?;
    turn.change_settings(&row, &with_objects_of(new, &present))?;
    Ok(change)
}

/// What giving a task the topics, names and start positions of `new` would do to each topic.
///
/// # Errors
/// A cluster cannot be reached, or the state cannot be read.
pub(crate) fn foresee_objects(
    core: &Core,
    id: &TaskId,
    new: &TaskSettings,
    copy_again: &BTreeSet<String>,
) -> Result<Foreseen> {
    with_wanted(core, id, new, copy_again, foresee)
}

/// Hands the task as it would be with the topics, names and start positions of `new` to the engine.
fn with_wanted<T>(
    core: &Core,
    id: &TaskId,
    new: &TaskSettings,
    copy_again: &BTreeSet<String>,
    hand: impl FnOnce(WantedObjects<'_>, &dyn CheckpointStore) -> sluice_engine::Result<T>,
) -> Result<T> {
    let present = core::settings(&core.task(id.as_str())?)?;
    let task = core.described(id, &with_objects_of(new, &present))?;
    let wanted = WantedObjects {
        task: &task,
        before: &present.objects,
        copy_again,
    };
    Ok(hand(wanted, core.store.as_ref())?)
}

/// `present` with the topics, names and start positions of `new`.
fn with_objects_of(new: &TaskSettings, present: &TaskSettings) -> TaskSettings {
    TaskSettings {
        objects: new.objects.clone(),
        rename: new.rename.clone(),
        start: new.start.clone(),
        start_overrides: new.start_overrides.clone(),
        end_overrides: new.end_overrides.clone(),
        existing: new.existing,
        ..present.clone()
    }
}

fn describe(change: &Modification) -> String {
    let names = |topics: &[String]| topics.join(", ");
    let renamed = |is_copied_again: bool| {
        let of = change
            .renamed
            .iter()
            .filter(|(source, _)| change.copied_again.contains(source) == is_copied_again);
        let shown: Vec<String> = of
            .map(|(source, target)| format!("{source} to {target}"))
            .collect();
        names(&shown)
    };
    let parts: Vec<String> = [
        ("added", names(&change.added), ""),
        (
            "added again",
            names(&change.resumed),
            ", from where each had stopped",
        ),
        ("removed", names(&change.removed), ""),
        ("renamed", renamed(false), ", from here on"),
        ("renamed", renamed(true), ", copied again from the start"),
    ]
    .into_iter()
    .filter(|(_, topics, _)| !topics.is_empty())
    .map(|(what, topics, how)| format!("{what} {topics}{how}"))
    .collect();
    if parts.is_empty() {
        "nothing changed".to_owned()
    } else {
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_of_a_change_says_for_each_topic_what_happens_to_it() {
        assert_eq!(describe(&Modification::default()), "nothing changed");
        let change = Modification {
            added: vec!["a".into()],
            resumed: vec!["b".into()],
            removed: vec!["c".into()],
            renamed: vec![("d".into(), "dd".into()), ("e".into(), "ee".into())],
            copied_again: vec!["e".into()],
        };
        assert_eq!(
            describe(&change),
            "added a; added again b, from where each had stopped; removed c; renamed d to dd, from here on; renamed e to ee, copied again from the start"
        );
    }
}
