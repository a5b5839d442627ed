//! Asks sources how long they still keep what was not copied, of the tasks that an alert rule watches. A task
//! that is paused or has failed has no run that would notice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use sluice_alerts::{Condition, Rule};
use sluice_engine::{CheckpointStore, PartitionState, source_retention_left};
use sluice_model::{TaskName, TaskState};
use sluice_store::{TaskFilter, TaskRow};

use super::alarm::Alarm;
use crate::clock::now_ms;
use crate::core::{self, Core};
use crate::tasks::Supervisor;
use crate::{AppError, ErrorCode, Result};

/// How often it is looked for tasks that are due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often a source is asked for one task: a broker looks for what it may delete every five minutes.
const ASK_EVERY: Duration = Duration::from_secs(2 * 60);

/// When a task's source was asked, and what the task did then.
struct Asked {
    at: Instant,
    state: String,
}

/// The thread that asks. Dropping it waits for the end of the question that is under way, a few seconds at most.
pub(crate) struct RetentionWatch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RetentionWatch {
    pub(crate) fn start(core: Arc<Core>, supervisor: Arc<Supervisor>, alarm: Arc<Alarm>) -> Result<Self> {
        let (stop, stopped) = bounded(0);
        let thread = std::thread::Builder::new()
            .name("sluice-retention".into())
            .spawn(move || {
                Watcher {
                    core,
                    supervisor,
                    alarm,
                    stopped,
                    asked: BTreeMap::new(),
                }
                .run();
            })
            .map_err(|error| {
                AppError::new(
                    ErrorCode::Internal,
                    format!("no thread for the sources' retention: {error}"),
                )
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for RetentionWatch {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that asks for the sources' retention panicked");
        }
    }
}

struct Watcher {
    core: Arc<Core>,
    supervisor: Arc<Supervisor>,
    alarm: Arc<Alarm>,
    /// Closed when it is to end.
    stopped: Receiver<()>,
    asked: BTreeMap<String, Asked>,
}

impl Watcher {
    fn is_stopped(&self) -> bool {
        self.stopped.try_recv() == Err(TryRecvError::Disconnected)
    }

    fn run(mut self) {
        while let Err(RecvTimeoutError::Timeout) = self.stopped.recv_timeout(LOOK_EVERY) {
            if let Err(error) = self.look() {
                tracing::error!(%error, "tasks could not be looked at for their sources' retention");
            }
        }
    }

    fn look(&mut self) -> Result<()> {
        let rules: Vec<Rule> = self
            .alarm
            .rules()?
            .into_iter()
            .filter(|rule| rule.enabled && matches!(rule.condition, Condition::RetentionRisk { .. }))
            .collect();
        let rows = if rules.is_empty() {
            Vec::new()
        } else {
            self.core.store.tasks(&TaskFilter::default())?.0
        };
        let watched: Vec<TaskRow> = rows
            .into_iter()
            .filter(|row| {
                rules
                    .iter()
                    .any(|rule| rule.task_id.as_deref().is_none_or(|id| id == row.id))
            })
            .collect();
        self.asked.retain(|id, _| watched.iter().any(|row| row.id == *id));
        for row in watched {
            if self.is_stopped() {
                break;
            }
            if let Err(error) = self.ask(&row) {
                // A run reports that its source is away; what was known of a task without one is still so.
                tracing::debug!(task = %row.id, %error, "the source does not report how long it keeps what waits");
            }
        }
        self.core
            .retention_ends
            .keep_only(|id| self.asked.contains_key(id));
        Ok(())
    }

    fn ask(&mut self, row: &TaskRow) -> Result<()> {
        let stands = matches!(core::state(row)?, TaskState::Paused | TaskState::Failed);
        let live = self.supervisor.live(&core::task_id(row)?);
        let lags = live
            .and_then(|live| live.progress?.lag_records)
            .is_some_and(|lag| lag > 0);
        if !stands && !lags {
            self.asked.remove(&row.id);
            return Ok(());
        }
        let due = self
            .asked
            .get(&row.id)
            .is_none_or(|asked| asked.state != row.state || asked.at.elapsed() >= ASK_EVERY);
        if !due {
            return Ok(());
        }
        self.asked.insert(
            row.id.clone(),
            Asked {
                at: Instant::now(),
                state: row.state.clone(),
            },
        );
        let mut partitions = self.core.store.partitions(&TaskName::new(&row.id)?)?;
        partitions.retain(PartitionState::is_pinned);
        if partitions.is_empty() {
            return Ok(());
        }
        let source = self.core.cluster(&self.core.source(&row.source_id)?)?;
        let now = now_ms();
        let left = source_retention_left(&source, &partitions, now, &|| self.is_stopped())?;
        self.core.retention_ends.put(
            &row.id,
            left.map(|left| now.saturating_add(i64::try_from(left.as_millis()).unwrap_or(i64::MAX))),
        );
        Ok(())
    }
}
