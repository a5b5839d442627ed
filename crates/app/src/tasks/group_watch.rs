//! Keeps groups in step while their tasks run, where the tasks say so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use sluice_model::{GroupSync, TaskId, TaskState};
use sluice_store::TaskFilter;

use super::group_sync::{GroupSyncs, setting};
use super::supervisor::Supervisor;
use crate::core::{self, Core};
use crate::{AppError, ErrorCode, Result};

/// How often it is looked for tasks that are due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Tasks that are synced at the same time: one whose cluster is away keeps the others waiting no longer than this many of them
/// can be.
const AT_ONCE: usize = 4;

/// The thread that looks. Dropping it ends what is under way and waits for it.
pub(crate) struct GroupWatch {
    syncs: Arc<GroupSyncs>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl GroupWatch {
    pub(crate) fn start(
        core: Arc<Core>,
        supervisor: Arc<Supervisor>,
        syncs: Arc<GroupSyncs>,
    ) -> Result<Self> {
        let (stop, stopped) = bounded(0);
        let watcher = Watcher {
            core,
            supervisor,
            syncs: Arc::clone(&syncs),
            tasks: BTreeMap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("sluice-groups".into())
            .spawn(move || watcher.run(&stopped))
            .map_err(|error| {
                AppError::new(
                    ErrorCode::Internal,
                    format!("no thread for the consumer groups: {error}"),
                )
            })?;
        Ok(Self {
            syncs,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for GroupWatch {
    fn drop(&mut self) {
        self.syncs.close();
        self.stop.take();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that syncs consumer groups panicked");
        }
    }
}

/// When a task is synced next, and the sync that is under way.
#[derive(Default)]
struct Turn {
    due: Option<Instant>,
    thread: Option<JoinHandle<()>>,
}

impl Turn {
    /// Whether nothing is under way any more.
    fn is_idle(&mut self) -> bool {
        if let Some(thread) = self.thread.take_if(|thread| thread.is_finished())
            && thread.join().is_err()
        {
            tracing::error!("a sync of consumer groups panicked");
        }
        self.thread.is_none()
    }
}

struct Watcher {
    core: Arc<Core>,
    supervisor: Arc<Supervisor>,
    syncs: Arc<GroupSyncs>,
    tasks: BTreeMap<TaskId, Turn>,
}

impl Watcher {
    fn run(mut self, stopped: &Receiver<()>) {
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK_EVERY) {
            if let Err(error) = self.look() {
                tracing::error!(%error, "tasks could not be looked at for their consumer groups");
            }
        }
        for turn in self.tasks.into_values() {
            if let Some(thread) = turn.thread
                && thread.join().is_err()
            {
                tracing::error!("a sync of consumer groups panicked");
            }
        }
    }

    fn look(&mut self) -> Result<()> {
        let wanted = self.wanted()?;
        for turn in self.tasks.values_mut() {
            turn.is_idle();
        }
        self.tasks
            .retain(|id, turn| turn.thread.is_some() || wanted.contains_key(id));
        self.syncs.keep_only(|id| wanted.contains_key(id));
        for (id, sync) in wanted {
            let running = self.tasks.values().filter(|turn| turn.thread.is_some()).count();
            if running >= AT_ONCE {
                break;
            }
            let turn = self.tasks.entry(id.clone()).or_default();
            let now = Instant::now();
            if turn.thread.is_some() || turn.due.is_some_and(|due| now < due) {
                continue;
            }
            turn.due = Some(now + Duration::from_secs(sync.interval_seconds.into()));
            turn.thread = Some(spawn(&self.core, &self.syncs, id, sync)?);
        }
        Ok(())
    }

    /// The tasks that run now and keep groups in step.
    fn wanted(&self) -> Result<BTreeMap<TaskId, GroupSync>> {
        let (rows, _) = self.core.store.tasks(&TaskFilter {
            states: [TaskState::Running, TaskState::Abnormal]
                .iter()
                .map(|state| state.word().to_owned())
                .collect(),
            ..TaskFilter::default()
        })?;
        let mut wanted = BTreeMap::new();
        for row in rows {
            let id = core::task_id(&row)?;
            if let Some(sync) = setting(&row)?
                && self.supervisor.live(&id).is_some()
            {
                wanted.insert(id, sync);
            }
        }
        Ok(wanted)
    }
}

fn spawn(core: &Arc<Core>, syncs: &Arc<GroupSyncs>, id: TaskId, sync: GroupSync) -> Result<JoinHandle<()>> {
    let (core, syncs) = (Arc::clone(core), Arc::clone(syncs));
    std::thread::Builder::new()
        .name("sluice-group-sync".into())
        .spawn(move || syncs.run_continuously(&core, &id, &sync))
        .map_err(|error| {
            AppError::new(
                ErrorCode::Internal,
                format!("no thread for the consumer groups: {error}"),
            )
        })
}
