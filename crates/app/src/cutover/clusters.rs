//! The world of a cut-over as it is: clusters, tasks, and the state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sluice_engine::{
    CheckpointStore, DifferenceKind, PartitionKey, VerificationReport, VerificationResult, VerifyScope,
    launch_pinned,
};
use sluice_kafka::{Admin, Isolation, KafkaError, OffsetQuery, Right};
use sluice_model::{Objects, SourceId, Task, TaskAction, TaskId, TaskName, TaskSettings, TaskState};
use sluice_store::TaskRow;
use sluice_wire::{Client, ErrorCode as WireCode, WireError};

use super::fence_rules::{fence_rules, may_concern, own_principal, rule};
use super::question::CutoverAnswer;
use super::record::{
    Cutover, EndsNoted, FenceEntry, GroupMove, MovedPosition, PartitionDigest, Proved, VerificationSummary,
};
use super::reverse::reverse_settings;
use super::routes::routes;
use super::stage::without_topics;
use super::world::{Lag, PlannedFence, TaskCondition, UnplannedGroups, World};
use crate::clock::now_ms;
use crate::core::{self, Core, to_value};
use crate::schema::AppEvent;
use crate::tasks::{Leaving, Supervisor, Verifications, Wanted, leave_connect, needs_rest};
use crate::{AppError, ErrorCode, Result};

/// How long a cluster may take to answer for the first time.
const CONNECT_DEADLINE: Duration = Duration::from_secs(12);
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Clusters and tasks of an application.
pub(crate) struct Clusters<'a> {
    pub(super) core: &'a Arc<Core>,
    pub(super) supervisor: &'a Supervisor,
    pub(super) verifications: &'a Verifications,
    /// The program ends.
    pub(super) cancelled: &'a AtomicBool,
    admins: Mutex<BTreeMap<SourceId, Arc<Admin>>>,
}

impl<'a> Clusters<'a> {
    /// Those of an application. Calls give up soon after `cancelled`.
    pub(crate) fn new(
        core: &'a Arc<Core>,
        supervisor: &'a Supervisor,
        verifications: &'a Verifications,
        cancelled: &'a AtomicBool,
    ) -> Self {
        Self {
            core,
            supervisor,
            verifications,
            cancelled,
            admins: Mutex::default(),
        }
    }

    /// The settings of a cut-over's task.
    pub(super) fn settings(&self, cutover: &Cutover) -> Result<TaskSettings> {
        core::settings(&self.core.task(cutover.task.as_str())?)
    }

    /// The task with the cut-over's topics alone, as the engine takes it.
    pub(super) fn engine_task(&self, cutover: &Cutover) -> Result<Task> {
        let settings = TaskSettings {
            objects: Objects::Topics(cutover.source_topics()),
            ..self.settings(cutover)?
        };
        self.core.described(&cutover.task, &settings)
    }

    /// A wire client of a data source.
    pub(super) fn client(&self, source: &SourceId) -> Result<Client> {
        let row = self.core.source(source.as_str())?;
        Client::new(&self.core.cluster(&row)?).map_err(|error| of_wire(&row.name, &error))
    }

    fn admin(&self, source: &SourceId) -> Result<Arc<Admin>> {
        let mut admins = self.admins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(admin) = admins.get(source) {
            return Ok(Arc::clone(admin));
        }
        let row = self.core.source(source.as_str())?;
        let fail = |error: KafkaError| of_kafka(&row.name, &error);
        let admin = Admin::new(&self.core.cluster(&row)?).map_err(fail)?;
        admin
            .connect_unless(CONNECT_DEADLINE, || self.cancelled.load(Ordering::Relaxed))
            .map_err(fail)?;
        let admin = Arc::new(admin);
        admins.insert(source.clone(), Arc::clone(&admin));
        Ok(admin)
    }

    /// The ends of all partitions of topics, open transactions included.
    fn log_ends(&self, source: &SourceId, topics: &[String]) -> Result<BTreeMap<(String, i32), i64>> {
        let name = self.core.source(source.as_str())?.name;
        let fail = |error: KafkaError| of_kafka(&name, &error);
        let admin = self.admin(source)?;
        let metadata = admin.metadata().map_err(fail)?;
        let mut places = Vec::new();
        for topic in topics {
            let Some(info) = metadata
                .topics
                .get(topic)
                .filter(|info| !info.partitions.is_empty())
            else {
                return Err(AppError::new(
                    ErrorCode::Refused,
                    format!("the data source '{name}' has no topic '{topic}', or this user may not see it"),
                ));
            };
            places.extend(
                info.partitions
                    .iter()
                    .map(|partition| (topic.clone(), partition.id)),
            );
        }
        let found = admin
            .offsets(&places, OffsetQuery::Latest, Isolation::Uncommitted)
            .map_err(fail)?;
        found
            .into_iter()
            .map(|entry| match entry.offset {
                Some(offset) if entry.error == sluice_kafka::ErrorCode::NONE => {
                    Ok(((entry.topic, entry.partition), offset))
                }
                _ => Err(AppError::new(
                    ErrorCode::ClusterUnreachable,
                    format!(
                        "the end of {}-{} on the data source '{name}' is not known: {}",
                        entry.topic,
                        entry.partition,
                        KafkaError::from_code(entry.error)
                    ),
                )),
            })
            .collect()
    }

    pub(super) fn state(&self, task: &TaskId) -> Result<TaskState> {
        core::state(&self.core.task(task.as_str())?)
    }

    fn verification_of(&self, cutover: &Cutover) -> Result<VerificationReport> {
        let id = &cutover.task;
        let live = self.supervisor.live(id);
        let wanted = |continues| Wanted {
            scope: VerifyScope {
                topics: if cutover.is_stage {
                    cutover.source_topics().into_iter().collect()
                } else {
                    Default::default()
                },
                since: None,
            },
            continues,
            scheduled: false,
        };
        let continues = self.verifications.can_continue(self.core, id)?;
        let row = self.core.task(id.as_str())?;
        if core::state(&row)?.is_live() && needs_rest(&row, live.as_ref())? {
            return self.verified_at_rest(id, wanted(continues));
        }
        self.verifications
            .run(self.core, id, live.as_ref(), wanted(continues))
    }

    fn store(&self) -> &dyn CheckpointStore {
        self.core.store.as_ref()
    }
}

impl World for Clusters<'_> {
    fn now_ms(&self) -> i64 {
        now_ms()
    }

    fn wait(&self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        loop {
            if self.cancelled.load(Ordering::Relaxed) {
                return Err(AppError::new(
                    ErrorCode::Cancelled,
                    "the program ends; the cut-over goes on from here with the next call",
                ));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(LOOK_EVERY));
        }
    }

    fn ask(&self, cutover: &Cutover, questions: &[&str]) -> Result<Vec<CutoverAnswer>> {
        super::readiness::ask(self, cutover, questions)
    }

    fn condition(&self, task: &TaskId) -> Result<TaskCondition> {
        let state = self
            .core
            .store
            .task(task.as_str())?
            .as_ref()
            .map(core::state)
            .transpose()?;
        Ok(TaskCondition {
            state,
            is_live: self.supervisor.live(task).is_some(),
        })
    }

    fn is_task_named(&self, name: &str) -> Result<bool> {
        Ok(!self.core.store.tasks_named(name)?.is_empty())
    }

    fn other_topics(&self, cutover: &Cutover) -> Result<Vec<String>> {
        let own = cutover.source_topics();
        let all = routes(self.core, &cutover.task)?;
        Ok(all
            .into_iter()
            .map(|pair| pair.source)
            .filter(|topic| !own.contains(topic))
            .collect())
    }

    fn unplanned_groups(&self, cutover: &Cutover) -> Result<UnplannedGroups> {
        super::readers::unplanned(self, cutover)
    }

    fn lag(&self, cutover: &Cutover) -> Result<Lag> {
        let name = TaskName::new(cutover.task.as_str())?;
        let topics = cutover.source_topics();
        let ends = self.log_ends(&self.settings(cutover)?.source, &topics)?;
        let positions: BTreeMap<(String, i32), i64> = self
            .store()
            .partitions(&name)?
            .into_iter()
            .map(|state| ((state.key.topic, state.key.partition), state.position))
            .collect();
        let mut lag = Lag::default();
        let mut most = 0;
        for (place, end) in ends {
            let position = positions.get(&place).copied().unwrap_or(0).max(0);
            let behind = (end - position).max(0);
            lag.offsets += behind;
            if behind > most {
                most = behind;
                lag.worst = Some(format!("{}-{} ({behind})", place.0, place.1));
            }
        }
        Ok(lag)
    }

    fn verify(&self, cutover: &Cutover) -> Result<VerificationSummary> {
        let report = self.verification_of(cutover)?;
        let accepted = report.result == VerificationResult::AcceptedDifferences;
        Ok(VerificationSummary {
            at_ms: now_ms(),
            passes: accepted || report.result == VerificationResult::Equal,
            accepted,
            partitions: report
                .partitions
                .into_iter()
                .map(|partition| PartitionDigest {
                    topic: partition.topic,
                    partition: partition.partition,
                    records: partition.source_records,
                    source_digest: partition.source_digest,
                    target_digest: partition.target_digest,
                })
                .collect(),
            sentence: report.sentence,
        })
    }

    fn foreign_records(&self, cutover: &Cutover) -> Result<Option<String>> {
        let report = self.verification_of(cutover)?;
        Ok(report
            .differences
            .contains_key(&DifferenceKind::Extra)
            .then_some(report.sentence))
    }

    fn group_positions(&self, cutover: &Cutover, group: &str) -> Result<Vec<MovedPosition>> {
        super::group_positions::read(self, cutover, group)
    }

    fn commit_group(&self, cutover: &Cutover, moved: &GroupMove) -> Result<()> {
        super::group_positions::commit(self, cutover, moved)
    }

    fn prove_group(&self, cutover: &Cutover, moved: &GroupMove) -> Result<Vec<Proved>> {
        super::group_positions::prove(self, cutover, moved)
    }

    fn ends(&self, cutover: &Cutover) -> Result<Vec<EndsNoted>> {
        let settings = self.settings(cutover)?;
        let targets: Vec<String> = cutover.topics.iter().map(|pair| pair.target.clone()).collect();
        let source = self.log_ends(&settings.source, &cutover.source_topics())?;
        let target = self.log_ends(&settings.target, &targets)?;
        Ok(target
            .into_iter()
            .filter_map(|((topic, partition), target_end)| {
                let pair = cutover.topics.iter().find(|pair| pair.target == topic)?;
                Some(EndsNoted {
                    topic: pair.source.clone(),
                    target_topic: topic,
                    partition,
                    source_end: source.get(&(pair.source.clone(), partition)).copied(),
                    target_end,
                })
            })
            .collect())
    }

    fn bring_to_rest(&self, task: &TaskId) -> Result<()> {
        self.stop_task(task)?;
        self.see_that_it_rests(task)
    }

    fn resume(&self, task: &TaskId) -> Result<()> {
        if self.state(task)? == TaskState::Paused {
            self.supervisor
                .set_going(self.core, task, TaskAction::Resume, None)?;
        }
        Ok(())
    }

    fn release(&self, cutover: &Cutover) -> Result<()> {
        if !cutover.is_stage {
            self.terminate(&cutover.task)?;
            // Connectors that stand still could be resumed by somebody, beside the copy in the other direction.
            return match self.core.store.task(cutover.task.as_str())? {
                Some(row) => leave_connect(self.core, &row, Leaving::Delete),
                None => Ok(()),
            };
        }
        let settings = self.settings(cutover)?;
        let topics = cutover.source_topics();
        if settings
            .objects
            .select(topics.iter().map(String::as_str))?
            .is_empty()
        {
            return Ok(());
        }
        let others = without_topics(&settings, &topics);
        self.supervisor
            .modify(self.core, &cutover.task, &others, None, &BTreeSet::new())
            .map(drop)
    }

    fn create_reverse(&self, cutover: &Cutover) -> Result<()> {
        let Some(reverse) = &cutover.reverse else {
            return Err(AppError::new(
                ErrorCode::Internal,
                "the task in the other direction has no id",
            ));
        };
        if self.core.store.task(reverse.id.as_str())?.is_some() {
            return Ok(());
        }
        let settings = reverse_settings(&self.settings(cutover)?, cutover)?;
        let task = self.core.described(&reverse.id, &settings)?;
        let positions: BTreeMap<PartitionKey, i64> = cutover
            .ends
            .iter()
            // What the old side lacks, the task makes there when it runs.
            .filter(|end| end.source_end.is_some())
            .map(|end| {
                let key = PartitionKey {
                    topic: end.target_topic.clone(),
                    partition: end.partition,
                };
                (key, end.target_end)
            })
            .collect();
        // Before the task: one that is there is launched.
        launch_pinned(&task, self.store(), &positions, cutover.id.as_str())?;
        let now = now_ms();
        let row = TaskRow {
            id: reverse.id.as_str().to_owned(),
            name: settings.name.as_str().to_owned(),
            source_id: settings.source.as_str().to_owned(),
            target_id: settings.target.as_str().to_owned(),
            settings: to_value(&settings)?,
            settings_version: 1,
            state: TaskState::Paused.word().to_owned(),
            desired_running: false,
            reason: Some(format!("pinned by the cut-over {}", cutover.id)),
            pre_check: None,
            muted_until_ms: None,
            created_ms: now,
            started_ms: Some(now),
            ended_ms: None,
            updated_ms: now,
            since_ms: Some(now),
            rest_lag: None,
        };
        // No limit on tasks may stop a switch half way; the other task ends in a moment.
        self.core.store.insert_task(&row, usize::MAX)?;
        self.core.bus.publish(&AppEvent::TasksChanged);
        Ok(())
    }

    fn remove_task(&self, task: &TaskId) -> Result<()> {
        if self.core.store.task(task.as_str())?.is_some() && self.state(task)?.is_to_run() {
            self.stop_task(task)?;
        }
        // Its launch as well, which is kept before the task is.
        self.core.store.delete_task(task.as_str())?;
        self.core.bus.publish(&AppEvent::TasksChanged);
        Ok(())
    }

    fn terminate(&self, task: &TaskId) -> Result<()> {
        let over = [TaskState::Terminated, TaskState::Completed];
        if self.core.store.task(task.as_str())?.is_none() {
            return Ok(());
        }
        if !over.contains(&self.state(task)?) {
            self.stop_task(task)?;
            if !over.contains(&self.state(task)?) {
                self.supervisor
                    .bring_to_rest(self.core, task, TaskAction::Terminate, false)?;
            }
        }
        self.reaches(task, &over)
    }

    fn plan_fence(&self, cutover: &Cutover) -> Result<PlannedFence> {
        let source = self.settings(cutover)?.source;
        let row = self.core.source(source.as_str())?;
        let cluster = self.core.cluster(&row)?;
        let known = match self.client(&source)?.describe_acls() {
            Ok(known) => known,
            Err(error) if error.code() == Some(WireCode::SECURITY_DISABLED) => {
                return Err(AppError::new(
                    ErrorCode::Refused,
                    format!(
                        "the data source '{}' has no authorizer: it knows no rules of access, and a fence would stop no producer",
                        row.name
                    ),
                ));
            }
            Err(error) => return Err(of_wire(&row.name, &error)),
        };
        let own = own_principal(&cluster);
        fence_rules(&known, &cutover.source_topics(), own.as_deref())
            .map_err(|why| AppError::new(ErrorCode::Refused, why))
    }

    fn standing(&self, cutover: &Cutover, entries: &[FenceEntry]) -> Result<Vec<bool>> {
        let source = self.settings(cutover)?.source;
        let name = self.core.source(source.as_str())?.name;
        let known = self
            .client(&source)?
            .describe_acls()
            .map_err(|error| of_wire(&name, &error))?;
        Ok(entries.iter().map(|entry| known.contains(&rule(entry))).collect())
    }

    fn deny(&self, cutover: &Cutover, entry: &FenceEntry) -> Result<()> {
        let source = self.settings(cutover)?.source;
        let name = self.core.source(source.as_str())?.name;
        each(&name, self.client(&source)?.create_acls(&[rule(entry)]))
    }

    fn allow(&self, cutover: &Cutover, entry: &FenceEntry) -> Result<()> {
        let source = self.settings(cutover)?.source;
        let name = self.core.source(source.as_str())?.name;
        let deleted = self.client(&source)?.delete_acls(&[rule(entry)]);
        each(
            &name,
            deleted.map(|outcomes| outcomes.into_iter().map(|one| one.map(drop)).collect()),
        )
    }

    fn denies_the_copy(&self, cutover: &Cutover, entry: &FenceEntry) -> bool {
        let own = self
            .settings(cutover)
            .and_then(|settings| self.core.source(settings.source.as_str()))
            .and_then(|row| self.core.cluster(&row));
        match own {
            Ok(cluster) => {
                may_concern(entry, own_principal(&cluster).as_deref())
                    && !self.may_write(cutover, &entry.topic).unwrap_or(false)
            }
            Err(_) => true,
        }
    }
}

impl Clusters<'_> {
    /// Whether the source cluster lets this client write a topic, as a super user may whatever the rules say; none where
    /// it does not say (before 2.3).
    fn may_write(&self, cutover: &Cutover, topic: &str) -> Option<bool> {
        let source = self.settings(cutover).ok()?.source;
        let rights = self.admin(&source).ok()?.topic_rights(&[topic]).ok()?;
        let known = rights.get(topic)?.rights?;
        Some(known.allow(Right::Write))
    }
}

/// The first failure of a request, or of one of its parts.
fn each(name: &str, outcomes: sluice_wire::Result<Vec<sluice_wire::Result<()>>>) -> Result<()> {
    outcomes
        .and_then(|outcomes| outcomes.into_iter().collect())
        .map_err(|error| of_wire(name, &error))
}

/// What a cluster answered, for a person.
pub(super) fn of_wire(name: &str, error: &WireError) -> AppError {
    let refused = error.code().is_some_and(|code| code.is_authorization())
        || matches!(error, WireError::Unsupported(_));
    AppError::new(
        if refused {
            ErrorCode::Refused
        } else {
            ErrorCode::ClusterUnreachable
        },
        format!("the data source '{name}' does not do what the cut-over needs: {error}"),
    )
}

fn of_kafka(name: &str, error: &KafkaError) -> AppError {
    AppError::new(
        if error.code.is_access() {
            ErrorCode::AuthenticationFailed
        } else {
            ErrorCode::ClusterUnreachable
        },
        format!(
            "the data source '{name}' does not answer: {error}. Test its connection to see where it fails"
        ),
    )
}
