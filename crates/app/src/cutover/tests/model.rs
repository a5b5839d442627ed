//! Two clusters, tasks that copy between them, consumer groups, and rules of access, as far as a cut-over asks for them.
//! Every effect has a place before and a place behind it where the program can be killed.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sluice_model::{TaskId, TaskState};

use super::super::journal::Journal;
use super::super::question::{self, CutoverAnswer, CutoverResult};
use super::super::record::{
    Cutover, EndsNoted, FenceEntry, GroupMove, MovedPosition, PartitionDigest, Proved, TopicPair,
    VerificationSummary,
};
use super::super::torn::TornGroup;
use super::super::world::{Lag, PlannedFence, TaskCondition, UnplannedGroups, World};
use crate::core::superseded;
use crate::{AppError, ErrorCode, Result};

/// What a killed program leaves behind in a test.
pub(super) struct Killed;

/// A partition of a cluster.
pub(super) type Place = (&'static str, String, i32);

/// A task that copies.
#[derive(Debug, Clone)]
pub(super) struct Copying {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) topics: Vec<TopicPair>,
    pub(super) state: TaskState,
    pub(super) position: BTreeMap<(String, i32), usize>,
}

/// Where a group stands, by topic and partition.
type Positions = BTreeMap<(String, i32), usize>;

#[derive(Default)]
pub(super) struct State {
    /// Records by their number; none is a transaction's marker.
    pub(super) logs: BTreeMap<Place, Vec<Option<u32>>>,
    pub(super) tasks: BTreeMap<TaskId, Copying>,
    /// Committed offsets.
    pub(super) groups: BTreeMap<(&'static str, String), Positions>,
    pub(super) rules: BTreeSet<(&'static str, String, String)>,
    /// What the clusters say to questions that are not computed.
    pub(super) said: BTreeMap<String, CutoverResult>,
    /// Groups that read topics which were moved before.
    pub(super) torn: Vec<TornGroup>,
    /// What is kept.
    pub(super) kept: BTreeMap<String, Cutover>,
    pub(super) tasks_made: usize,
    pub(super) now_ms: i64,
}

/// Clusters, tasks and what is kept, and when the program is killed.
#[derive(Default)]
pub(super) struct Model {
    pub(super) state: RefCell<State>,
    /// Places that are left until the program is killed; none for never.
    pub(super) left: Cell<Option<usize>>,
    /// Places that were passed in all.
    pub(super) passed: Cell<usize>,
    /// The copy stands although its task runs.
    pub(super) stuck: Cell<bool>,
    /// Whether the fence can be raised.
    pub(super) has_authorizer: Cell<bool>,
}

impl Model {
    /// A place where the program can be killed.
    fn place(&self) {
        self.passed.set(self.passed.get() + 1);
        if let Some(left) = self.left.get() {
            if left == 0 {
                self.left.set(None);
                std::panic::resume_unwind(Box::new(Killed));
            }
            self.left.set(Some(left - 1));
        }
    }

    /// An effect between two places.
    fn effect<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        self.place();
        let done = work(&mut self.state.borrow_mut());
        self.place();
        done
    }

    /// Lets every task that runs copy all there is.
    pub(super) fn copy_all(&self) {
        if self.stuck.get() {
            return;
        }
        let running: Vec<TaskId> = self
            .state
            .borrow()
            .tasks
            .iter()
            .filter(|(_, task)| task.state == TaskState::Running)
            .map(|(id, _)| id.clone())
            .collect();
        for id in running {
            self.copy(&id);
        }
    }

    fn copy(&self, id: &TaskId) {
        let mut state = self.state.borrow_mut();
        let Some(mut task) = state.tasks.get(id).cloned() else {
            return;
        };
        for ((topic, partition), position) in &mut task.position {
            let pair = task.topics.iter().find(|pair| pair.source == *topic).unwrap();
            let log = state
                .logs
                .get(&(task.from, topic.clone(), *partition))
                .cloned()
                .unwrap_or_default();
            let new: Vec<Option<u32>> = log[(*position).min(log.len())..]
                .iter()
                .copied()
                .filter(Option::is_some)
                .collect();
            *position = log.len();
            if new.is_empty() {
                continue;
            }
            assert!(
                !state
                    .rules
                    .contains(&(task.to, pair.target.clone(), "User:*".to_owned())),
                "a rule denies the copy what it writes"
            );
            let target = state
                .logs
                .entry((task.to, pair.target.clone(), *partition))
                .or_default();
            target.extend(new);
            // The copy's own transaction ends with a marker.
            target.push(None);
        }
        state.tasks.insert(id.clone(), task);
    }

    fn sides(&self, cutover: &Cutover) -> (&'static str, &'static str) {
        let state = self.state.borrow();
        let task = &state.tasks[&cutover.task];
        (task.from, task.to)
    }

    fn log(&self, cluster: &'static str, topic: &str, partition: i32) -> Vec<Option<u32>> {
        let state = self.state.borrow();
        state
            .logs
            .get(&(cluster, topic.to_owned(), partition))
            .cloned()
            .unwrap_or_default()
    }
}

impl World for Model {
    fn now_ms(&self) -> i64 {
        let mut state = self.state.borrow_mut();
        state.now_ms += 1;
        state.now_ms
    }

    fn wait(&self, _: Duration) -> Result<()> {
        self.place();
        self.copy_all();
        Ok(())
    }

    fn ask(&self, cutover: &Cutover, questions: &[&str]) -> Result<Vec<CutoverAnswer>> {
        self.place();
        let now = self.now_ms();
        questions
            .iter()
            .map(|question| {
                let said = self.state.borrow().said.get(*question).copied();
                let result = match said {
                    Some(said) => said,
                    None if *question == question::LAG && self.lag(cutover)?.offsets > 0 => {
                        CutoverResult::Failed
                    }
                    None => CutoverResult::Success,
                };
                let evidence = format!("the model says {}", result.word());
                Ok(CutoverAnswer::new(question, result, evidence, "", now))
            })
            .collect()
    }

    fn condition(&self, task: &TaskId) -> Result<TaskCondition> {
        Ok(TaskCondition {
            state: self.state.borrow().tasks.get(task).map(|task| task.state),
            is_live: true,
        })
    }

    fn is_task_named(&self, _name: &str) -> Result<bool> {
        self.place();
        Ok(false)
    }

    fn other_topics(&self, cutover: &Cutover) -> Result<Vec<String>> {
        self.place();
        let state = self.state.borrow();
        let all = state.tasks.get(&cutover.task).map(|task| task.topics.clone());
        Ok(all
            .unwrap_or_default()
            .into_iter()
            .filter(|pair| !cutover.topics.contains(pair))
            .map(|pair| pair.source)
            .collect())
    }

    fn unplanned_groups(&self, cutover: &Cutover) -> Result<UnplannedGroups> {
        self.place();
        let (from, _) = self.sides(cutover);
        let state = self.state.borrow();
        let topics = cutover.source_topics();
        let reads = |positions: &Positions| positions.keys().any(|(topic, _)| topics.contains(topic));
        let readers = state
            .groups
            .iter()
            .filter(|((cluster, _), positions)| *cluster == from && reads(positions));
        let may_run = cutover.may_run();
        let is_unknown = |group: &String| !cutover.groups.contains(group) && !may_run.contains(group);
        Ok(UnplannedGroups {
            new: readers
                .map(|((_, group), _)| group.clone())
                .filter(is_unknown)
                .collect(),
            torn: state.torn.clone(),
        })
    }

    fn lag(&self, cutover: &Cutover) -> Result<Lag> {
        let state = self.state.borrow();
        let task = &state.tasks[&cutover.task];
        let mut lag = Lag::default();
        for ((topic, partition), position) in &task.position {
            let end = state
                .logs
                .get(&(task.from, topic.clone(), *partition))
                .map_or(0, Vec::len);
            lag.offsets += i64::try_from(end - position).unwrap();
        }
        Ok(lag)
    }

    fn verify(&self, cutover: &Cutover) -> Result<VerificationSummary> {
        self.place();
        let (from, to) = self.sides(cutover);
        let mut partitions = Vec::new();
        for pair in &cutover.topics {
            for partition in 0..2 {
                let records = |cluster, topic: &str| -> Vec<u32> {
                    self.log(cluster, topic, partition)
                        .into_iter()
                        .flatten()
                        .collect()
                };
                let (source, target) = (records(from, &pair.source), records(to, &pair.target));
                partitions.push(PartitionDigest {
                    topic: pair.source.clone(),
                    partition,
                    records: source.len() as u64,
                    source_digest: format!("{source:?}"),
                    target_digest: format!("{target:?}"),
                });
            }
        }
        Ok(VerificationSummary {
            at_ms: self.now_ms(),
            sentence: "compared".to_owned(),
            passes: partitions
                .iter()
                .all(|partition| partition.source_digest == partition.target_digest),
            accepted: false,
            partitions,
        })
    }

    fn foreign_records(&self, cutover: &Cutover) -> Result<Option<String>> {
        self.place();
        let (from, to) = self.sides(cutover);
        for pair in &cutover.topics {
            for partition in 0..2 {
                let copied = self.log(from, &pair.source, partition);
                let there = self.log(to, &pair.target, partition);
                if there
                    .iter()
                    .any(|record| record.is_some() && !copied.contains(record))
                {
                    return Ok(Some(format!("{}-{partition} has one more", pair.target)));
                }
            }
        }
        Ok(None)
    }

    fn group_positions(&self, cutover: &Cutover, group: &str) -> Result<Vec<MovedPosition>> {
        let (from, to) = self.sides(cutover);
        let state = self.state.borrow();
        let at = |cluster| state.groups.get(&(cluster, group.to_owned()));
        let committed = at(from).cloned().unwrap_or_default();
        Ok(committed
            .into_iter()
            .filter_map(|((topic, partition), offset)| {
                let pair = cutover.topics.iter().find(|pair| pair.source == topic)?;
                let there = state.logs.get(&(to, pair.target.clone(), partition))?;
                let here = state.logs.get(&(from, topic.clone(), partition))?;
                // What the map of offsets says: the place of the first record that is not before the position.
                let next = here[offset.min(here.len())..].iter().flatten().next();
                let target = match next {
                    Some(record) => there.iter().position(|found| found == &Some(*record)),
                    None => Some(there.len()),
                };
                Some(MovedPosition {
                    topic: topic.clone(),
                    target_topic: pair.target.clone(),
                    partition,
                    source_offset: i64::try_from(offset).unwrap(),
                    target_offset: target.map(|place| i64::try_from(place).unwrap()),
                    how: if target.is_some() { "exact" } else { "pending" }.to_owned(),
                    remark: None,
                    target_committed: at(to)
                        .and_then(|known| known.get(&(pair.target.clone(), partition)))
                        .map(|offset| i64::try_from(*offset).unwrap()),
                    metadata: None,
                })
            })
            .collect())
    }

    fn commit_group(&self, cutover: &Cutover, moved: &GroupMove) -> Result<()> {
        let kept = &self.state.borrow().kept[&cutover.id].clone();
        assert!(kept.moves.contains(moved), "what is committed is kept before");
        let (_, to) = self.sides(cutover);
        self.effect(|state| {
            let group = state.groups.entry((to, moved.group.clone())).or_default();
            for position in &moved.positions {
                if let Some(target) = position.target_offset {
                    group.insert(
                        (position.target_topic.clone(), position.partition),
                        usize::try_from(target).unwrap(),
                    );
                }
            }
        });
        Ok(())
    }

    fn prove_group(&self, cutover: &Cutover, moved: &GroupMove) -> Result<Vec<Proved>> {
        self.place();
        let (from, to) = self.sides(cutover);
        Ok(moved
            .positions
            .iter()
            .filter_map(|position| {
                let next = |cluster, topic: &str, offset: i64| {
                    let log = self.log(cluster, topic, position.partition);
                    let offset = usize::try_from(offset).unwrap().min(log.len());
                    log[offset..].iter().flatten().next().copied()
                };
                let source = next(from, &position.topic, position.source_offset);
                let target = next(to, &position.target_topic, position.target_offset?);
                Some(Proved {
                    topic: position.topic.clone(),
                    partition: position.partition,
                    equal: source == target,
                    detail: format!("{source:?} and {target:?}"),
                })
            })
            .collect())
    }

    fn ends(&self, cutover: &Cutover) -> Result<Vec<EndsNoted>> {
        self.place();
        let (from, to) = self.sides(cutover);
        Ok(cutover
            .topics
            .iter()
            .flat_map(|pair| (0..2).map(move |partition| (pair, partition)))
            .map(|(pair, partition)| EndsNoted {
                topic: pair.source.clone(),
                target_topic: pair.target.clone(),
                partition,
                source_end: Some(i64::try_from(self.log(from, &pair.source, partition).len()).unwrap()),
                target_end: i64::try_from(self.log(to, &pair.target, partition).len()).unwrap(),
            })
            .collect())
    }

    fn bring_to_rest(&self, task: &TaskId) -> Result<()> {
        self.copy_all();
        self.effect(|state| {
            let task = state.tasks.get_mut(task).unwrap();
            match task.state {
                TaskState::Running | TaskState::Paused => task.state = TaskState::Paused,
                other => panic!("a task that is {other} is brought to rest"),
            }
        });
        Ok(())
    }

    fn resume(&self, task: &TaskId) -> Result<()> {
        self.effect(|state| {
            let task = state.tasks.get_mut(task).unwrap();
            if task.state == TaskState::Paused {
                task.state = TaskState::Running;
            }
        });
        Ok(())
    }

    fn release(&self, cutover: &Cutover) -> Result<()> {
        self.terminate(&cutover.task)
    }

    fn create_reverse(&self, cutover: &Cutover) -> Result<()> {
        let reverse = cutover.reverse.clone().unwrap();
        let kept = self.state.borrow().kept[&cutover.id].clone();
        assert_eq!(
            kept.reverse.unwrap().id,
            reverse.id,
            "its id is kept before it is made"
        );
        assert_eq!(kept.ends, cutover.ends);
        let (from, to) = self.sides(cutover);
        self.effect(|state| {
            if state.tasks.contains_key(&reverse.id) {
                return;
            }
            state.tasks_made += 1;
            let position = cutover
                .ends
                .iter()
                .map(|end| {
                    (
                        (end.target_topic.clone(), end.partition),
                        usize::try_from(end.target_end).unwrap(),
                    )
                })
                .collect();
            let topics = cutover
                .topics
                .iter()
                .map(|pair| TopicPair {
                    source: pair.target.clone(),
                    target: pair.source.clone(),
                })
                .collect();
            state.tasks.insert(
                reverse.id,
                Copying {
                    from: to,
                    to: from,
                    topics,
                    state: TaskState::Paused,
                    position,
                },
            );
        });
        Ok(())
    }

    fn remove_task(&self, task: &TaskId) -> Result<()> {
        self.effect(|state| {
            if let Some(removed) = state.tasks.remove(task) {
                assert_eq!(removed.state, TaskState::Paused, "one that ran is not removed");
            }
        });
        Ok(())
    }

    fn terminate(&self, task: &TaskId) -> Result<()> {
        self.effect(|state| state.tasks.get_mut(task).unwrap().state = TaskState::Terminated);
        Ok(())
    }

    fn plan_fence(&self, cutover: &Cutover) -> Result<PlannedFence> {
        self.place();
        if !self.has_authorizer.get() {
            return Err(AppError::new(ErrorCode::Refused, "the cluster has no authorizer"));
        }
        let entries = cutover
            .topics
            .iter()
            .flat_map(|pair| {
                ["User:alice", "User:*"].map(|principal| FenceEntry {
                    topic: pair.source.clone(),
                    principal: principal.to_owned(),
                    host: "*".to_owned(),
                    stands: false,
                })
            })
            .collect();
        Ok(PlannedFence {
            entries,
            spared: Some("User:sluice".to_owned()),
        })
    }

    fn standing(&self, cutover: &Cutover, entries: &[FenceEntry]) -> Result<Vec<bool>> {
        let (from, _) = self.sides(cutover);
        let state = self.state.borrow();
        Ok(entries
            .iter()
            .map(|entry| {
                state
                    .rules
                    .contains(&(from, entry.topic.clone(), entry.principal.clone()))
            })
            .collect())
    }

    fn deny(&self, cutover: &Cutover, entry: &FenceEntry) -> Result<()> {
        let kept = self.state.borrow().kept[&cutover.id].clone();
        assert!(
            kept.fence_entries.contains(entry) && entry.stands,
            "a rule is kept by its name before it is created"
        );
        let (from, _) = self.sides(cutover);
        self.effect(|state| {
            state
                .rules
                .insert((from, entry.topic.clone(), entry.principal.clone()))
        });
        Ok(())
    }

    fn allow(&self, cutover: &Cutover, entry: &FenceEntry) -> Result<()> {
        let (from, _) = self.sides(cutover);
        self.effect(|state| {
            state
                .rules
                .remove(&(from, entry.topic.clone(), entry.principal.clone()))
        });
        Ok(())
    }

    fn denies_the_copy(&self, _: &Cutover, entry: &FenceEntry) -> bool {
        entry.principal == "User:*"
    }
}

impl Journal for Model {
    fn save(&self, cutover: &mut Cutover) -> Result<()> {
        self.place();
        let seen = cutover.revision;
        let known = self
            .state
            .borrow()
            .kept
            .get(&cutover.id)
            .map_or(0, |known| known.revision);
        if known != seen {
            return Err(superseded());
        }
        cutover.revision += 1;
        // As it is kept: everything that is not in it would be lost with the program.
        let text = serde_json::to_string(cutover).unwrap();
        let kept: Cutover = serde_json::from_str(&text).unwrap();
        self.state.borrow_mut().kept.insert(cutover.id.clone(), kept);
        self.place();
        Ok(())
    }

    fn load(&self, id: &str) -> Result<Option<Cutover>> {
        Ok(self.state.borrow().kept.get(id).cloned())
    }
}
