//! Verifications that were asked for: one at a time for a task, cancellable, the last report kept.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sluice_engine::{CheckpointStore, VerificationReport, VerifyOptions, verify};
use sluice_model::TaskId;

use crate::core::Core;
use crate::event::AppEvent;
use crate::{AppError, ErrorCode, Result};

/// Verifications under way.
#[derive(Default)]
pub(crate) struct Verifications(Mutex<BTreeMap<TaskId, Arc<AtomicBool>>>);

impl Verifications {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<TaskId, Arc<AtomicBool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares both sides of a task up to its checkpoint, and waits for the report.
    pub(crate) fn run(&self, core: &Core, id: &TaskId) -> Result<VerificationReport> {
        let row = core.task(id.as_str())?;
        let task = core.engine_task(&row)?;
        let cancelled = Arc::new(AtomicBool::new(false));
        {
            let mut running = self.locked();
            if running.contains_key(id) {
                return Err(AppError::new(
                    ErrorCode::StateForbids,
                    "a verification of this task is under way; wait for it or cancel it",
                ));
            }
            running.insert(id.clone(), Arc::clone(&cancelled));
        }
        let store: &dyn CheckpointStore = core.store.as_ref();
        let report = verify(
            &task,
            store,
            VerifyOptions::default(),
            &|progress| {
                let percent = if progress.total == 0 {
                    100.0
                } else {
                    100.0 * progress.records as f64 / progress.total as f64
                };
                core.bus.publish(&AppEvent::VerificationProgress {
                    task_id: id.clone(),
                    percent: percent.min(100.0),
                });
            },
            &cancelled,
        );
        self.locked().remove(id);
        if cancelled.load(Ordering::Relaxed) {
            return Err(AppError::new(
                ErrorCode::Cancelled,
                "the verification was cancelled",
            ));
        }
        Ok(report?)
    }

    /// Ends a task's verification. Returns whether there was one.
    pub(crate) fn cancel(&self, id: &TaskId) -> bool {
        self.locked()
            .get(id)
            .map(|cancelled| cancelled.store(true, Ordering::Relaxed))
            .is_some()
    }

    pub(crate) fn cancel_all(&self) {
        self.locked()
            .values()
            .for_each(|cancelled| cancelled.store(true, Ordering::Relaxed));
    }
}
