//! Syncs of consumer groups: one at a time for a task, cancellable, and what the last one of a running task came to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sluice_engine::{
    GroupChoice, GroupState, GroupStore, GroupsReport, SyncOptions, group_inventory, sync_groups,
};
use sluice_model::{GroupSync, TaskId};
use ts_rs::TS;

use crate::clock::now_ms;
use crate::core::{self, Core};
use crate::cutover::is_made_by_one;
use crate::{AppError, ErrorCode, Result};

/// How long a sync that a person has asked for waits for another one of the same task.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the last sync of a running task came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LastSync {
    /// When it ended, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// Positions that it committed.
    #[ts(type = "number")]
    pub committed: u64,
    /// Positions that it could not commit or prove.
    #[ts(type = "number")]
    pub failed: u64,
    /// Why it could not be made.
    pub error: Option<String>,
}

/// What is known of a task's syncs.
#[derive(Default)]
struct Of {
    /// Cancels the one that is under way.
    running: Option<Arc<AtomicBool>>,
    last: Option<LastSync>,
    /// Groups of which the log says already that they are left alone.
    said: BTreeSet<String>,
}

/// The syncs of all tasks.
#[derive(Default)]
pub(crate) struct GroupSyncs {
    tasks: Mutex<BTreeMap<TaskId, Of>>,
    ended: Condvar,
    is_closing: AtomicBool,
}

impl GroupSyncs {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<TaskId, Of>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The groups of a task; nothing is changed, and a sync may be under way.
    pub(crate) fn inventory(&self, core: &Core, id: &TaskId, choice: &GroupChoice) -> Result<GroupsReport> {
        let task = core.engine_task(&core.task(id.as_str())?)?;
        Ok(group_inventory(
            &task,
            core.store.as_ref(),
            choice,
            &self.is_closing,
        )?)
    }

    /// Syncs groups of a task, when no other sync of it is under way.
    pub(crate) fn run(&self, core: &Core, id: &TaskId, options: &SyncOptions) -> Result<GroupsReport> {
        let turn = turn(core, id)?;
        // Of a pair, the other task's sync may be under way: it does not take all turns.
        let patience = if options.continuous && turn.is_alone {
            Duration::ZERO
        } else {
            PATIENCE
        };
        let under_way = self.begin(&turn.of, patience)?;
        let report = core
            .task(id.as_str())
            .and_then(|row| {
                if options.dry_run {
                    core.engine_task(&row)
                } else {
                    core.writing_task(&row)
                }
            })
            .and_then(|task| {
                let store: &dyn GroupStore = core.store.as_ref();
                let mut options = options.clone();
                // What is before the start of a way back was copied the other way: the first record that comes back is no
                // place for a group that stands there. The cut-over back finds it by the maps of both.
                let launch = store.launch(&task.name)?;
                options.exact_only |= launch.is_some_and(|launch| is_made_by_one(&launch.launch_id));
                Ok(sync_groups(&task, store, &options, &under_way.cancelled)?)
            });
        drop(under_way);
        report
    }

    fn begin(&self, id: &TaskId, patience: Duration) -> Result<UnderWay<'_>> {
        let until = Instant::now() + patience;
        let mut tasks = self.locked();
        loop {
            if self.is_closing.load(Ordering::Relaxed) {
                return Err(AppError::new(ErrorCode::Cancelled, "the program is ending"));
            }
            let of = tasks.entry(id.clone()).or_default();
            if of.running.is_none() {
                let cancelled = Arc::new(AtomicBool::new(false));
                of.running = Some(Arc::clone(&cancelled));
                return Ok(UnderWay {
                    syncs: self,
                    id: id.clone(),
                    cancelled,
                });
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(AppError::new(
                    ErrorCode::StateForbids,
                    "a sync of this task's consumer groups is under way; wait for it",
                ));
            }
            tasks = self
                .ended
                .wait_timeout(tasks, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// One sync of a running task, and what it came to, in its log where that is news.
    pub(crate) fn run_continuously(&self, core: &Core, id: &TaskId, sync: &GroupSync) {
        let report = sync.pattern().map_err(AppError::from).and_then(|pattern| {
            let options = SyncOptions {
                choice: GroupChoice::Matching(pattern),
                prove: true,
                continuous: true,
                ..SyncOptions::default()
            };
            self.run(core, id, &options)
        });
        let (lines, last) = match report {
            Ok(report) => (
                self.news(id, &report),
                LastSync {
                    at_ms: now_ms(),
                    committed: report.committed,
                    failed: report.failed,
                    error: None,
                },
            ),
            Err(error) if matches!(error.code, ErrorCode::Cancelled | ErrorCode::StateForbids) => return,
            Err(error) => (
                Vec::new(),
                LastSync {
                    at_ms: now_ms(),
                    committed: 0,
                    failed: 0,
                    error: Some(error.message),
                },
            ),
        };
        for line in lines {
            core.log(id, "warning", line);
        }
        let before = self
            .locked()
            .entry(id.clone())
            .or_default()
            .last
            .replace(last.clone());
        match (before.and_then(|last| last.error), last.error) {
            (before, Some(now)) if before.as_ref() != Some(&now) => {
                core.log(
                    id,
                    "warning",
                    format!("consumer groups could not be synced: {now}"),
                );
            }
            (Some(_), None) => core.log(id, "info", "consumer groups are synced again"),
            _ => {}
        }
    }

    /// What a report has that the log does not say yet.
    fn news(&self, id: &TaskId, report: &GroupsReport) -> Vec<String> {
        let mut tasks = self.locked();
        let said = &mut tasks.entry(id.clone()).or_default().said;
        let mut lines = Vec::new();
        for group in &report.groups {
            let why = match group.state {
                GroupState::Live | GroupState::TakenOver | GroupState::Unknown => group.reason.clone(),
                GroupState::Ahead => {
                    Some("it is further on the target than at the source, and is not set back".to_owned())
                }
                GroupState::Synced | GroupState::Behind | GroupState::NotMoved => None,
            };
            match why {
                Some(why) if said.insert(group.group.clone()) => {
                    lines.push(format!("consumer group '{}' is not synced: {why}", group.group));
                }
                Some(_) => {}
                None => drop(said.remove(&group.group)),
            }
        }
        lines
    }

    /// What the last sync of a task while it ran came to.
    pub(crate) fn last(&self, id: &TaskId) -> Option<LastSync> {
        self.locked().get(id)?.last.clone()
    }

    /// Forgets tasks that are gone.
    pub(crate) fn keep_only(&self, is_kept: impl Fn(&TaskId) -> bool) {
        self.locked().retain(|id, of| of.running.is_some() || is_kept(id));
    }

    /// Ends what is under way, and lets nothing begin any more.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        for of in self.locked().values() {
            if let Some(cancelled) = &of.running {
                cancelled.store(true, Ordering::Relaxed);
            }
        }
        self.ended.notify_all();
    }
}

/// Whose turn a sync is.
struct Turn {
    /// Both tasks of a pair have one: what the one notes and commits is looked at by the other as a whole.
    of: TaskId,
    is_alone: bool,
}

fn turn(core: &Core, id: &TaskId) -> Result<Turn> {
    let partner = core::settings(&core.task(id.as_str())?)?.both_ways;
    Ok(Turn {
        is_alone: partner.is_none(),
        of: match partner {
            Some(partner) if partner < *id => partner,
            Some(_) | None => id.clone(),
        },
    })
}

/// The right to sync a task's groups, until it is dropped.
struct UnderWay<'a> {
    syncs: &'a GroupSyncs,
    id: TaskId,
    cancelled: Arc<AtomicBool>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(of) = self.syncs.locked().get_mut(&self.id) {
            of.running = None;
        }
        self.syncs.ended.notify_all();
    }
}

/// The task's setting, if its groups are to be kept in step.
pub(crate) fn setting(row: &sluice_store::TaskRow) -> Result<Option<GroupSync>> {
    Ok(core::settings(row)?.sync_groups)
}
