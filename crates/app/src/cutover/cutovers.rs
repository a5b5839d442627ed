//! Cut-overs of an application: which is meant, one call at a time, and the end of the program.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::journal::{Journal, StoreJournal};
use super::record::{Cutover, CutoverState};
use super::step::CutoverStep;
use crate::core::{self, Core};
use crate::{AppError, ErrorCode, Result};

/// What keeps the cut-overs of a task from being planned and carried on until it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// One of them is planned or carried on.
    Step,
    /// The task is given other topics.
    Topics,
    /// The task is ended for good.
    End,
}

impl Doing {
    fn refusal(self) -> &'static str {
        match self {
            Self::Step => "a step of this cut-over is being carried out; wait for it, and look with status",
            Self::Topics => "the task's topics are being changed; wait until that is done",
            Self::End => "the task is being ended; nothing can be moved with it any more",
        }
    }
}

/// Calls that are under way on cut-overs, or on what they rest upon.
#[derive(Default)]
pub(crate) struct Cutovers {
    busy: Mutex<BTreeMap<String, Doing>>,
    /// The program ends: what waits gives up.
    cancelled: AtomicBool,
}

/// The right to carry cut-overs of a task on, until it is dropped.
pub(crate) struct Busy<'a> {
    cutovers: &'a Cutovers,
    task: String,
}

impl Cutovers {
    /// Reserves the cut-overs that belong together with `id`: those of one task and of its way back.
    ///
    /// # Errors
    /// Something is being done that keeps them as they are.
    pub(crate) fn claim(&self, id: &str, doing: Doing) -> Result<Busy<'_>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = busy.get(id) {
            return Err(AppError::new(ErrorCode::StateForbids, other.refusal()));
        }
        busy.insert(id.to_owned(), doing);
        Ok(Busy {
            cutovers: self,
            task: id.to_owned(),
        })
    }

    /// Whether a cut-over of `id` is being carried on.
    pub(crate) fn is_busy(&self, id: &str) -> bool {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.get(id) == Some(&Doing::Step)
    }

    /// Lets everything that waits give up, because the program ends. It goes on from there with the next call.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// What says that the program ends.
    pub(crate) fn cancelled(&self) -> &AtomicBool {
        &self.cancelled
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.cutovers
            .busy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.task);
    }
}

/// The cut-over that `name` means: its own id, or the one of a task that goes on; of one that is going back, the way back.
///
/// # Errors
/// There is none.
pub(crate) fn meant(core: &Core, name: &str) -> Result<Cutover> {
    let journal = StoreJournal(&core.store);
    if let Some(cutover) = journal.load(name)? {
        return Ok(cutover);
    }
    let task = core.task(name)?;
    let all = journal.of_task(&task.id)?;
    let first = all
        .iter()
        // One before its switch comes before stages that are in their window.
        .find(|cutover| cutover.is_open() && cutover.step < CutoverStep::Window)
        .or_else(|| all.iter().find(|cutover| cutover.is_open()))
        .or_else(|| all.first());
    let Some(mut cutover) = first.cloned() else {
        return Err(AppError::new(
            ErrorCode::NotFound,
            format!("the task '{}' has no cut-over; plan one", task.name),
        ));
    };
    while let Some(back) = cutover.back.clone() {
        match journal.load(&back)? {
            Some(next) => cutover = next,
            None => break,
        }
    }
    Ok(cutover)
}

/// Refuses while a cut-over needs a task: one that goes on, over it or over a task that its map is needed for.
///
/// # Errors
/// One does.
pub(crate) fn not_needed(core: &Core, task: &str) -> Result<()> {
    for cutover in StoreJournal(&core.store).open()? {
        let needed = cutover.task.as_str() == task
            || cutover.through.iter().any(|earlier| earlier.as_str() == task)
            || cutover
                .reverse
                .as_ref()
                .is_some_and(|reverse| reverse.id.as_str() == task);
        if needed {
            return Err(AppError::new(
                ErrorCode::StateForbids,
                format!(
                    "the cut-over {} needs this task; close it or go back first",
                    cutover.id
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses while a cut-over needs a task as it is: one before its switch its own task, one behind it the task of the way
/// back. Ended, the task would never copy what is left; with other topics, it would not be what was planned and asked about.
/// A caller that changes the task claims its cut-overs before this check, so that none is planned meanwhile.
///
/// # Errors
/// One does.
pub(crate) fn not_under_way(core: &Core, task: &str) -> Result<()> {
    for cutover in StoreJournal(&core.store).open()? {
        let is_own = cutover.task.as_str() == task && !cutover.is_switched();
        let is_way_back = cutover
            .reverse
            .as_ref()
            .is_some_and(|reverse| reverse.id.as_str() == task);
        if is_own {
            return Err(AppError::new(
                ErrorCode::StateForbids,
                format!(
                    "the cut-over {} of this task is under way at step {}; carry it on with next, or give it up with back",
                    cutover.id,
                    cutover.step.number()
                ),
            ));
        }
        if is_way_back {
            return Err(AppError::new(
                ErrorCode::StateForbids,
                format!(
                    "this task is the way back of the cut-over {}; close that one first, or go back with it",
                    cutover.id
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses while a cut-over moves applications between a data source and another: it may write to both.
///
/// # Errors
/// One does.
pub(crate) fn none_moves(core: &Core, source: &str) -> Result<()> {
    for cutover in StoreJournal(&core.store).open()? {
        let row = core.task(cutover.task.as_str())?;
        if row.source_id == source || row.target_id == source {
            return Err(AppError::new(
                ErrorCode::StateForbids,
                format!(
                    "the cut-over {} of the task '{}' may write to this data source; close it or go back first",
                    cutover.id, row.name
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses a second cut-over of a task whose switch is not made, and one of a task that is a way back.
///
/// # Errors
/// There is one.
pub(crate) fn none_before_its_switch(core: &Core, task: &str) -> Result<()> {
    let journal = StoreJournal(&core.store);
    let led_away = journal.open()?.into_iter().find(|cutover| {
        cutover
            .reverse
            .as_ref()
            .is_some_and(|reverse| reverse.id.as_str() == task)
    });
    if let Some(led_away) = led_away {
        return Err(AppError::new(
            ErrorCode::StateForbids,
            format!(
                "this task is the way back of the cut-over {}; go back with that one instead of planning another",
                led_away.id
            ),
        ));
    }
    let open = journal.of_task(task)?.into_iter().find(|cutover| {
        cutover.is_open() && (!cutover.is_switched() || cutover.state == CutoverState::Abandoning)
    });
    match open {
        Some(open) => Err(AppError::new(
            ErrorCode::StateForbids,
            format!(
                "the cut-over {} of this task is under way at step {}; carry it on with next, or give it up with back",
                open.id,
                open.step.number()
            ),
        )),
        None => Ok(()),
    }
}

/// The name under which a data source is shown; its id where it is gone.
pub(crate) fn source_name(core: &Core, id: &str) -> String {
    core.source(id).map_or_else(|_| id.to_owned(), |row| row.name)
}

/// Both sides of a cut-over's task, by name.
///
/// # Errors
/// The task is gone.
pub(crate) fn sides(core: &Core, cutover: &Cutover) -> Result<(String, String)> {
    let settings = core::settings(&core.task(cutover.task.as_str())?)?;
    Ok((
        source_name(core, settings.source.as_str()),
        source_name(core, settings.target.as_str()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cutover_is_planned_while_the_topics_change_and_no_topics_change_while_one_is_planned() {
        let cutovers = Cutovers::default();
        let topics = cutovers.claim("task", Doing::Topics).unwrap();
        let refused = cutovers.claim("task", Doing::Step).err().unwrap();
        assert_eq!(refused.code, ErrorCode::StateForbids);
        assert!(
            refused.message.contains("topics are being changed"),
            "{refused:?}"
        );
        assert!(!cutovers.is_busy("task"), "no step is being carried out");
        let other = cutovers.claim("other task", Doing::Step).unwrap();
        assert!(cutovers.is_busy("other task"));
        drop((topics, other));
        let step = cutovers.claim("task", Doing::Step).unwrap();
        let refused = cutovers.claim("task", Doing::End).err().unwrap();
        assert!(refused.message.contains("a step of this cut-over"), "{refused:?}");
        drop(step);
        assert!(cutovers.claim("task", Doing::End).is_ok());
    }
}
