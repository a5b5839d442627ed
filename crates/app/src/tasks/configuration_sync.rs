//! Keeps the configuration of target topics like the source's, of the tasks that run and are set so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use sluice_engine::parity::{
    Applied, Cancel, ParityChange, ParityError, ParityRules, Parts, apply_to, changes, compare_clusters,
};
use sluice_model::{ConfigurationSync, PrincipalRules, TaskSettings, TaskState};
use sluice_store::{TaskFilter, TaskRow};

use crate::core::{self, Core};
use crate::{AppError, ErrorCode, Result};

/// How often it is looked for tasks that are due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the clusters of one task are compared: configuration is changed by people.
const COMPARE_EVERY: Duration = Duration::from_secs(10);

/// The thread that compares and changes. Dropping it ends what is under way.
pub(crate) struct ConfigurationSyncing {
    stop: Option<Sender<()>>,
    cancel: Cancel,
    thread: Option<JoinHandle<()>>,
}

impl ConfigurationSyncing {
    pub(crate) fn start(core: Arc<Core>) -> Result<Self> {
        let (stop, stopped) = bounded(0);
        let cancel = Cancel::new();
        let cancelled = cancel.clone();
        let thread = std::thread::Builder::new()
            .name("sluice-configuration".into())
            .spawn(move || {
                Syncer {
                    core,
                    stopped,
                    cancelled,
                    tasks: BTreeMap::new(),
                }
                .run();
            })
            .map_err(|error| {
                AppError::new(
                    ErrorCode::Internal,
                    format!("no thread for the configuration of topics: {error}"),
                )
            })?;
        Ok(Self {
            stop: Some(stop),
            cancel,
            thread: Some(thread),
        })
    }
}

impl Drop for ConfigurationSyncing {
    fn drop(&mut self) {
        self.stop.take();
        self.cancel.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that keeps the configuration of topics panicked");
        }
    }
}

/// What became of a task so far.
struct Synced {
    at: Instant,
    settings: ConfigurationSync,
    /// What went wrong the last time: said once.
    trouble: Option<String>,
}

struct Syncer {
    core: Arc<Core>,
    /// Closed when it is to end.
    stopped: Receiver<()>,
    /// Ends a question that is under way.
    cancelled: Cancel,
    tasks: BTreeMap<String, Synced>,
}

impl Syncer {
    fn run(mut self) {
        while let Err(RecvTimeoutError::Timeout) = self.stopped.recv_timeout(LOOK_EVERY) {
            if let Err(error) = self.look() {
                tracing::error!(%error, "tasks could not be looked at for the configuration of their topics");
            }
        }
    }

    fn look(&mut self) -> Result<()> {
        let (rows, _) = self.core.store.tasks(&TaskFilter {
            states: vec![TaskState::Running.word().to_owned()],
            ..TaskFilter::default()
        })?;
        self.tasks.retain(|id, _| rows.iter().any(|row| row.id == *id));
        for row in rows {
            if self.stopped.try_recv() == Err(TryRecvError::Disconnected) {
                break;
            }
            let settings = core::settings(&row)?;
            if settings.configuration_sync.on {
                self.sync(&row, &settings)?;
            } else {
                self.tasks.remove(&row.id);
            }
        }
        Ok(())
    }

    fn sync(&mut self, row: &TaskRow, settings: &TaskSettings) -> Result<()> {
        let wanted = &settings.configuration_sync;
        let known = self.tasks.get(&row.id);
        if known.is_some_and(|known| known.settings == *wanted && known.at.elapsed() < COMPARE_EVERY) {
            return Ok(());
        }
        let before = known.and_then(|known| known.trouble.clone());
        let id = core::task_id(row)?;
        let (done, trouble) = match synchronise(&self.core, settings, &self.cancelled) {
            Ok(applied) => {
                let failed = applied.iter().find_map(|one| one.error.clone());
                (applied, failed)
            }
            Err(error) => (Vec::new(), Some(error.message)),
        };
        if self.cancelled.is_cancelled() {
            return Ok(());
        }
        for change in done.iter().filter(|one| one.error.is_none()) {
            if let Some(sentence) = sentence(&change.change) {
                self.core.log(&id, "info", sentence);
            }
        }
        if let Some(why) = trouble.as_ref().filter(|_| trouble != before) {
            self.core.log(
                &id,
                "warning",
                format!("the configuration of target topics is not kept like the source's: {why}"),
            );
        }
        self.tasks.insert(
            row.id.clone(),
            Synced {
                at: Instant::now(),
                settings: wanted.clone(),
                trouble,
            },
        );
        Ok(())
    }
}

/// Compares the topics of a task and changes the target's configuration.
fn synchronise(core: &Core, settings: &TaskSettings, cancelled: &Cancel) -> Result<Vec<Applied>> {
    let source = core.cluster(&core.source(settings.source.as_str())?)?;
    let target = core.writable_cluster(&core.source(settings.target.as_str())?)?;
    let unreachable = |error: ParityError| AppError::new(ErrorCode::ClusterUnreachable, error.to_string());
    let compared =
        compare_clusters(&source, &target, TOPICS, &rules(settings), cancelled).map_err(unreachable)?;
    if let Some(unknown) = compared.unknown.first() {
        return Err(AppError::new(ErrorCode::Refused, unknown.to_string()));
    }
    let wanted: Vec<ParityChange> = changes(&compared)
        .into_iter()
        .filter(|change| settings.configuration_sync.remove || !change.is_removal())
        .collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    apply_to(&target, &wanted, cancelled).map_err(unreachable)
}

const TOPICS: Parts = Parts {
    topics: true,
    ..Parts::NONE
};

fn rules(settings: &TaskSettings) -> ParityRules {
    ParityRules {
        objects: Some(settings.objects.clone()),
        rename: settings.rename.clone(),
        principals: PrincipalRules::default(),
        asked_for: settings.configuration_sync.with.clone(),
        every_setting: false,
    }
}

fn sentence(change: &ParityChange) -> Option<String> {
    let before = |was: &Option<String>| was.clone().unwrap_or_else(|| "nothing".to_owned());
    match change {
        ParityChange::SetValue {
            topic,
            key,
            value,
            was,
        } => Some(format!(
            "'{key}' of the target topic '{topic}' is now '{value}', as at the source (it was '{}')",
            before(was)
        )),
        ParityChange::RemoveValue {
            topic,
            key,
            inherited,
            was,
        } => Some(format!(
            "'{key}' of the target topic '{topic}' is no longer set, as at the source (it was '{}', and is '{inherited}' now)",
            before(was)
        )),
        ParityChange::CreateAcl { .. }
        | ParityChange::RemoveAcl { .. }
        | ParityChange::SetQuota { .. }
        | ParityChange::RemoveQuota { .. } => None,
    }
}
