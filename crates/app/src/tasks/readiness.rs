//! Readiness of tasks: asked one at a time for a task, streamed, cancellable, the last report remembered with its times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sluice_connect::ConnectorKind;
use sluice_engine::{GroupStore, Question, ReadinessContext, ReadinessReport, VerificationReport, readiness};
use sluice_model::TaskId;

use crate::core::Core;
use crate::schema::AppEvent;
use crate::{AppError, ErrorCode, Result};

/// What readiness is asked with.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadinessWanted {
    /// Only these questions; `None` for all.
    pub(crate) only: Option<Vec<Question>>,
    /// The groups that are to move; `None` for all that read the task's topics.
    pub(crate) groups: Option<BTreeSet<String>>,
    /// Groups whose lag at the source is accepted.
    pub(crate) accepted_lag: BTreeSet<String>,
    /// How far apart the two looks at the logs are; `None` for the engine's own.
    pub(crate) window: Option<Duration>,
}

#[derive(Default)]
struct OfTask {
    /// Ends the questions under way.
    running: Option<Arc<AtomicBool>>,
    last: Option<ReadinessReport>,
}

/// Questions under way, and the last answers. These are worth nothing a minute later, so they are not stored.
#[derive(Default)]
pub(crate) struct Readinesses(Mutex<BTreeMap<TaskId, OfTask>>);

impl Readinesses {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<TaskId, OfTask>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, and waits for the report. Where only some questions are asked, it has the last answers of the others.
    ///
    /// # Errors
    /// They are being asked already, the task was never launched, or it is cancelled.
    pub(crate) fn run(&self, core: &Core, id: &TaskId, wanted: &ReadinessWanted) -> Result<ReadinessReport> {
        let row = core.task(id.as_str())?;
        let task = core.engine_task(&row)?;
        let verification = last_verification(core, id)?;
        let cancelled = Arc::new(AtomicBool::new(false));
        let _under_way = self.begin(id, &cancelled)?;
        let mut context = ReadinessContext {
            only: wanted.only.as_deref(),
            groups: wanted.groups.clone(),
            accepted_lag: wanted.accepted_lag.clone(),
            also_ours: Some(ConnectorKind::Source.name_of(id.as_str())),
            verification: verification.as_ref(),
            ..ReadinessContext::default()
        };
        if let Some(window) = wanted.window {
            context.item_deadline = context.item_deadline.saturating_sub(context.window) + window;
            context.window = window;
        }
        let store: &dyn GroupStore = core.store.as_ref();
        let report = readiness(&task, store, &context, &cancelled, &|item| {
            core.bus.publish(&AppEvent::ReadinessItem {
                task_id: id.clone(),
                item: Box::new(item.clone()),
            });
        })?;
        if cancelled.load(Ordering::Relaxed) {
            return Err(AppError::new(
                ErrorCode::Cancelled,
                "the questions were cancelled",
            ));
        }
        let mut all = self.locked();
        let of_task = all.entry(id.clone()).or_default();
        let report = match of_task.last.take() {
            Some(last) if wanted.only.is_some() => last.updated_by(report),
            _ => report,
        };
        of_task.last = Some(report.clone());
        Ok(report.aged(crate::clock::now_ms()))
    }

    fn begin<'a>(&'a self, id: &TaskId, cancelled: &Arc<AtomicBool>) -> Result<UnderWay<'a>> {
        let mut all = self.locked();
        let of_task = all.entry(id.clone()).or_default();
        if of_task.running.is_some() {
            return Err(AppError::new(
                ErrorCode::StateForbids,
                "the readiness of this task is being asked; wait for it or cancel it",
            ));
        }
        of_task.running = Some(Arc::clone(cancelled));
        Ok(UnderWay {
            all: self,
            id: id.clone(),
        })
    }

    /// The last answers of a task with their ages, and whether it is being asked now.
    pub(crate) fn last(&self, id: &TaskId) -> (Option<ReadinessReport>, bool) {
        let all = self.locked();
        let Some(of_task) = all.get(id) else {
            return (None, false);
        };
        let last = of_task.last.clone().map(|last| last.aged(crate::clock::now_ms()));
        (last, of_task.running.is_some())
    }

    /// Ends the questions under way. Returns whether there were any.
    pub(crate) fn cancel(&self, id: &TaskId) -> bool {
        let running = self.locked().get(id).and_then(|of_task| of_task.running.clone());
        running
            .map(|cancelled| cancelled.store(true, Ordering::Relaxed))
            .is_some()
    }

    pub(crate) fn cancel_all(&self) {
        self.locked()
            .values()
            .filter_map(|of_task| of_task.running.as_ref())
            .for_each(|cancelled| cancelled.store(true, Ordering::Relaxed));
    }
}

/// Questions under way: however they end, a panic included, they are not under way any more.
struct UnderWay<'a> {
    all: &'a Readinesses,
    id: TaskId,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(of_task) = self.all.locked().get_mut(&self.id) {
            of_task.running = None;
        }
    }
}

/// The task's last verification. One that cannot be read is as if there were none: it is made again.
fn last_verification(core: &Core, id: &TaskId) -> Result<Option<VerificationReport>> {
    Ok(core
        .store
        .last_verification(id.as_str())?
        .and_then(|(_, report)| {
            serde_json::from_value(report)
                .inspect_err(
                    |error| tracing::warn!(%error, "the kept report of a verification cannot be read"),
                )
                .ok()
        }))
}
