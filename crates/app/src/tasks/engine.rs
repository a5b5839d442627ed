//! What runs a task. Behind a trait, so that the states of tasks can be tested without clusters.

use std::sync::Arc;

use sluice_engine::{AcceptedGap, Observer, Outcome, Progress, RunOptions, Running};
use sluice_model::{RateLimits, Task, TaskSettings};

use super::connect::start_on_connect;
use super::trouble::Trouble;
use crate::core::{self, Core};
use sluice_store::TaskRow;

/// Starts runs.
pub(crate) trait Engine: Send + Sync {
    /// Starts or resumes the task of `row`. Gives up soon after `cancelled` says so.
    fn start(
        &self,
        core: &Arc<Core>,
        row: &TaskRow,
        settings: &TaskSettings,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Box<dyn Run>, Trouble>;
}

/// A run of a task. Dropping it stops it and waits for its clean end.
pub(crate) trait Run {
    /// The latest numbers.
    fn progress(&self) -> Progress;
    /// Whether it has ended.
    fn is_finished(&self) -> bool;
    /// Changes its speed.
    fn set_rate(&self, rate: RateLimits);
    /// Lets stopped partitions go on behind these gaps.
    fn accept_gaps(&self, gaps: Vec<AcceptedGap>);
    /// Asks for a clean stop.
    fn stop(&self);
    /// The program ends, the task is to go on: what copies elsewhere need not stop for it.
    fn leave(&self) {
        self.stop();
    }
    /// Waits for the end.
    fn wait(self: Box<Self>) -> Outcome;
}

/// The engine that copies between clusters, here or on a Connect cluster.
pub(crate) struct Copying;

impl Engine for Copying {
    fn start(
        &self,
        core: &Arc<Core>,
        row: &TaskRow,
        settings: &TaskSettings,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Box<dyn Run>, Trouble> {
        if let Some(on) = &settings.run_on {
            return start_on_connect(core, row, settings, on, cancelled);
        }
        let task: Task = core.writing_task(row)?;
        let options = RunOptions {
            until_caught_up: settings.bounded,
            memory_bytes: Some(settings.spec.profile().memory_bytes),
            ..RunOptions::default()
        };
        let observer: Observer = core.observer(&core::task_id(row)?);
        let running = sluice_engine::start_unless(task, core.store.clone(), observer, options, cancelled)?;
        Ok(Box::new(running))
    }
}

impl Run for Running {
    fn progress(&self) -> Progress {
        Running::progress(self)
    }

    fn is_finished(&self) -> bool {
        Running::is_finished(self)
    }

    fn set_rate(&self, rate: RateLimits) {
        Running::set_rate(self, rate);
    }

    fn accept_gaps(&self, gaps: Vec<AcceptedGap>) {
        Running::accept_gaps(self, gaps);
    }

    fn stop(&self) {
        Running::stop(self);
    }

    fn wait(self: Box<Self>) -> Outcome {
        Running::wait(*self)
    }
}
