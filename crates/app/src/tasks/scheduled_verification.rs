//! Verifies tasks by themselves at the times that their schedules name, one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use jiff::tz::TimeZone;
use sluice_engine::{VerificationReport, VerifyScope};
use sluice_model::{TaskId, TaskState, VerificationSchedule};
use sluice_store::TaskFilter;

use super::supervisor::Supervisor;
use super::verification::{Verifications, Wanted};
use crate::clock::now_ms;
use crate::core::{self, Core};
use crate::{AppError, ErrorCode, Result};

/// How often it is looked for tasks that are due. Schedules are written in minutes.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long after a verification that could not be made it is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(600);
/// States of tasks that are verified: they copy, or will go on. What a task that has ended copied, the target may delete.
const STATES: [TaskState; 4] = [
    TaskState::Running,
    TaskState::Abnormal,
    TaskState::Paused,
    TaskState::Failed,
];

/// The thread that verifies. Dropping it ends what is under way and waits for it.
pub(crate) struct ScheduledVerifying {
    verifications: Arc<Verifications>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ScheduledVerifying {
    pub(crate) fn start(
        core: Arc<Core>,
        supervisor: Arc<Supervisor>,
        verifications: Arc<Verifications>,
    ) -> Result<Self> {
        let (stop, stopped) = bounded(0);
        let verifier = Verifier {
            core,
            supervisor,
            verifications: Arc::clone(&verifications),
            stopped,
            failed: BTreeMap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("sluice-verify".into())
            .spawn(move || verifier.run())
            .map_err(|error| {
                AppError::new(
                    ErrorCode::Internal,
                    format!("no thread for verifications: {error}"),
                )
            })?;
        Ok(Self {
            verifications,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for ScheduledVerifying {
    fn drop(&mut self) {
        self.stop.take();
        self.verifications.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of scheduled verifications panicked");
        }
    }
}

/// A verification that could not be made.
struct Failed {
    /// When it was due, in ms since 1970.
    due_ms: i64,
    at: Instant,
    /// A person gave it up: it is not tried again.
    given_up: bool,
    why: String,
}

struct Verifier {
    core: Arc<Core>,
    supervisor: Arc<Supervisor>,
    verifications: Arc<Verifications>,
    /// Closed when it is to end.
    stopped: Receiver<()>,
    failed: BTreeMap<TaskId, Failed>,
}

impl Verifier {
    fn run(mut self) {
        while let Err(RecvTimeoutError::Timeout) = self.stopped.recv_timeout(LOOK_EVERY) {
            if let Err(error) = self.look() {
                tracing::error!(%error, "tasks could not be looked at for verifications that are due");
            }
        }
    }

    fn look(&mut self) -> Result<()> {
        let (rows, _) = self.core.store.tasks(&TaskFilter {
            states: STATES.iter().map(|state| state.word().to_owned()).collect(),
            ..TaskFilter::default()
        })?;
        self.failed
            .retain(|id, _| rows.iter().any(|row| row.id == id.as_str()));
        for row in rows {
            if self.stopped.try_recv() == Err(TryRecvError::Disconnected) {
                break;
            }
            let Some(schedule) = core::settings(&row)?.verification else {
                continue;
            };
            let id = core::task_id(&row)?;
            let verified = self.core.store.last_verified_ms(&row.id)?;
            if let Some(due_ms) = schedule.due(verified, now_ms(), &TimeZone::system())
                && self.may_try(&id, due_ms)
            {
                self.verify(&id, &schedule, due_ms);
            }
        }
        Ok(())
    }

    fn may_try(&self, id: &TaskId, due_ms: i64) -> bool {
        self.failed.get(id).is_none_or(|failed| {
            failed.due_ms != due_ms || (!failed.given_up && failed.at.elapsed() >= AGAIN_AFTER)
        })
    }

    fn verify(&mut self, id: &TaskId, schedule: &VerificationSchedule, due_ms: i64) {
        match self.compare(id, schedule) {
            Ok(_) => {
                self.failed.remove(id);
            }
            Err(error) => {
                let before = self.failed.remove(id);
                let said =
                    before.is_some_and(|before| before.due_ms == due_ms && before.why == error.message);
                if !said {
                    let line = format!(
                        "the verification that was due could not be made: {}",
                        error.message
                    );
                    self.core.log(id, "warning", line);
                }
                let failed = Failed {
                    due_ms,
                    at: Instant::now(),
                    given_up: error.code == ErrorCode::Cancelled,
                    why: error.message,
                };
                self.failed.insert(id.clone(), failed);
            }
        }
    }

    fn compare(&self, id: &TaskId, schedule: &VerificationSchedule) -> Result<VerificationReport> {
        let continues = !schedule.everything && self.verifications.can_continue(&self.core, id)?;
        let wanted = Wanted {
            scope: VerifyScope::default(),
            continues,
            scheduled: true,
        };
        let live = self.supervisor.live(id);
        self.verifications.run(&self.core, id, live.as_ref(), wanted)
    }
}
