//! The states of tasks under commands that are given at the same time, with an engine that needs no clusters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use sluice_engine::{Ending, EngineError, Outcome, Progress};
use sluice_model::{Objects, RateLimits, SourceId, TaskAction, TaskId, TaskName, TaskSettings, TaskState};
use sluice_store::{DataSourceRow, TaskRow};

use super::engine::{Engine, Run};
use super::orders::Work;
use super::supervisor::Supervisor;
use super::trouble::Trouble;
use crate::core::testing::core_in;
use crate::core::{self, Core};
use crate::schema::AppEvent;
use crate::{ErrorCode, Result};

const DEADLINE: Duration = Duration::from_secs(60);

/// Runs that do nothing until they are stopped.
#[derive(Default)]
struct Idle {
    starts: AtomicUsize,
    /// Tasks that run now.
    running: Arc<Mutex<BTreeSet<String>>>,
    /// Every so many runs one fails; 0 for none.
    failing: AtomicUsize,
    panics: AtomicBool,
}

struct IdleRun {
    id: String,
    running: Arc<Mutex<BTreeSet<String>>>,
    stopped: AtomicBool,
    fails: bool,
}

impl Engine for Idle {
    fn start(
        &self,
        _: &Arc<Core>,
        row: &TaskRow,
        _: &TaskSettings,
        _: &(dyn Fn() -> bool + Sync),
    ) -> std::result::Result<Box<dyn Run>, Trouble> {
        let count = self.starts.fetch_add(1, Ordering::Relaxed) + 1;
        if self.panics.load(Ordering::Relaxed) {
            let password = "hunter2";
            std::panic::panic_any(format!("an index is out of range: {password:?}\nat once"));
        }
        let alone = self.running.lock().unwrap().insert(row.id.clone());
        assert!(alone, "a task runs twice at once");
        let failing = self.failing.load(Ordering::Relaxed);
        Ok(Box::new(IdleRun {
            id: row.id.clone(),
            running: Arc::clone(&self.running),
            stopped: AtomicBool::new(false),
            fails: failing > 0 && count.is_multiple_of(failing),
        }))
    }
}

impl Run for IdleRun {
    fn progress(&self) -> Progress {
        Progress::default()
    }

    fn is_finished(&self) -> bool {
        self.fails || self.stopped.load(Ordering::Relaxed)
    }

    fn set_rate(&self, _: RateLimits) {}

    fn accept_gaps(&self, _: Vec<sluice_engine::AcceptedGap>) {}

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn wait(self: Box<Self>) -> Outcome {
        Outcome {
            ending: if self.fails {
                Ending::Failed(EngineError::Internal("it broke".to_owned()))
            } else {
                Ending::Stopped
            },
            progress: Progress::default(),
        }
    }
}

impl Drop for IdleRun {
    fn drop(&mut self) {
        self.running.lock().unwrap().remove(&self.id);
    }
}

struct Scene {
    core: Arc<Core>,
    supervisor: Supervisor,
    engine: Arc<Idle>,
    events: Receiver<AppEvent>,
    sources: [SourceId; 2],
    _dir: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let core = Arc::new(core_in(dir.path()));
        let sources = [SourceId::generate(), SourceId::generate()];
        for id in &sources {
            core.store
                .insert_source(&DataSourceRow {
                    id: id.as_str().to_owned(),
                    name: id.as_str().to_owned(),
                    settings: serde_json::json!({}),
                    secrets: BTreeMap::new(),
                    created_ms: 1,
                    updated_ms: 1,
                })
                .unwrap();
        }
        let engine = Arc::new(Idle::default());
        Self {
            supervisor: Supervisor::new(Arc::clone(&core), engine.clone(), true),
            events: core.bus.subscribe(),
            core,
            engine,
            sources,
            _dir: dir,
        }
    }

    /// A launched task that is paused.
    fn task(&self) -> TaskId {
        let id = TaskId::generate();
        let [source, target] = self.sources.clone();
        let settings = TaskSettings::new(
            TaskName::new("a task").unwrap(),
            source.clone(),
            target.clone(),
            Objects::Topics(vec!["t".to_owned()]),
        );
        self.core
            .store
            .insert_task(
                &TaskRow {
                    id: id.as_str().to_owned(),
                    name: "a task".to_owned(),
                    source_id: source.as_str().to_owned(),
                    target_id: target.as_str().to_owned(),
                    settings: core::to_value(&settings).unwrap(),
                    settings_version: 1,
                    state: TaskState::Paused.word().to_owned(),
                    desired_running: false,
                    reason: None,
                    pre_check: None,
                    muted_until_ms: None,
                    created_ms: 1,
                    started_ms: Some(1),
                    ended_ms: None,
                    updated_ms: 1,
                    since_ms: None,
                    rest_lag: None,
                },
                1_000,
            )
            .unwrap();
        id
    }

    fn state(&self, id: &TaskId) -> TaskState {
        core::state(&self.core.task(id.as_str()).unwrap()).unwrap()
    }

    fn settings(&self, id: &TaskId) -> TaskSettings {
        core::settings(&self.core.task(id.as_str()).unwrap()).unwrap()
    }

    fn resume(&self, id: &TaskId) -> Result<()> {
        self.supervisor
            .set_going(&self.core, id, TaskAction::Resume, None)
    }

    fn pause(&self, id: &TaskId) -> Result<()> {
        self.supervisor
            .bring_to_rest(&self.core, id, TaskAction::Pause, false)
    }

    fn tune(&self, id: &TaskId, records: u64) -> Result<()> {
        let turn = self.core.turn(id);
        turn.allows(TaskAction::Tune)?;
        let row = turn.row()?;
        let settings = TaskSettings {
            rate: RateLimits {
                records_per_second: Some(records),
                bytes_per_second: None,
            },
            ..core::settings(&row)?
        };
        turn.change_settings(&row, &settings)?;
        self.supervisor.order(id, |orders| orders.rate(settings.rate));
        Ok(())
    }

    /// Adds a topic as a modification does: between two runs, or at once where nothing runs.
    fn add_topic(&self, id: &TaskId, topic: String) -> Result<()> {
        let _claim = self.core.claim(id, "the task's topics are being changed")?;
        let state = self.core.turn(id).allows(TaskAction::ModifyObjects)?;
        let (answer, answered) = bounded(1);
        let work = {
            let (core, id) = (Arc::clone(&self.core), id.clone());
            Box::new(move || {
                let turn = core.turn(&id);
                let row = turn.row()?;
                let mut settings = core::settings(&row)?;
                if let Objects::Topics(topics) = &mut settings.objects {
                    topics.push(topic);
                }
                turn.change_settings(&row, &settings)
            })
        };
        self.supervisor.between_runs(id, state, Work::new(work, answer))?;
        answered
            .recv_timeout(DEADLINE)
            .unwrap_or_else(|_| Err(core::superseded()))
    }

    fn eventually(&self, what: &str, holds: impl Fn() -> bool) {
        let until = Instant::now() + DEADLINE;
        while !holds() {
            assert!(Instant::now() < until, "not within a minute: {what}");
            self.supervisor.reconcile().unwrap();
            std::thread::yield_now();
        }
    }

    fn reaches(&self, id: &TaskId, state: TaskState) {
        self.eventually(&format!("{state}, is {}", self.state(id)), || {
            self.state(id) == state
        });
    }
}

/// A small random generator: the same numbers for the same seed, on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The steps that a task may take: what this test measures the program by.
const STEPS: &[(TaskState, TaskState)] = &[
    (TaskState::Paused, TaskState::Starting),
    (TaskState::Failed, TaskState::Starting),
    (TaskState::Starting, TaskState::Running),
    (TaskState::Starting, TaskState::Failed),
    (TaskState::Running, TaskState::Failed),
    (TaskState::Running, TaskState::Pausing),
    (TaskState::Pausing, TaskState::Paused),
    (TaskState::Pausing, TaskState::Failed),
    (TaskState::Starting, TaskState::Terminating),
    (TaskState::Running, TaskState::Terminating),
    (TaskState::Paused, TaskState::Terminating),
    (TaskState::Failed, TaskState::Terminating),
    (TaskState::Terminating, TaskState::Terminated),
];

/// What was accepted of one task.
#[derive(Default)]
struct Accepted {
    goings: AtomicU64,
    pauses: AtomicU64,
    terminations: AtomicU64,
    changes: AtomicU64,
    topics: Mutex<BTreeSet<String>>,
    rates: Mutex<BTreeSet<u64>>,
}

impl Accepted {
    /// Gives one random command and notes whether it was accepted.
    fn give(&self, scene: &Scene, id: &TaskId, random: &mut Random, unique: u64) {
        let count = |accepted: &AtomicU64, done: Result<()>| match done {
            Ok(()) => {
                accepted.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(error) => {
                assert!(
                    matches!(error.code, ErrorCode::StateForbids | ErrorCode::Cancelled),
                    "{error}"
                );
                assert!(!error.message.is_empty());
                false
            }
        };
        match random.below(40) {
            0..=9 => {
                count(&self.goings, scene.resume(id));
            }
            10..=18 => {
                count(&self.pauses, scene.pause(id));
            }
            19..=23 => {
                let retried = scene.supervisor.retry(&scene.core, id);
                count(&self.goings, retried);
            }
            24 => {
                let ended = scene
                    .supervisor
                    .bring_to_rest(&scene.core, id, TaskAction::Terminate, false);
                count(&self.terminations, ended);
            }
            25..=31 => {
                if count(&self.changes, scene.tune(id, unique)) {
                    self.rates.lock().unwrap().insert(unique);
                }
            }
            32..=37 => {
                let topic = format!("topic-{unique}");
                if count(&self.changes, scene.add_topic(id, topic.clone())) {
                    self.topics.lock().unwrap().insert(topic);
                }
            }
            _ => scene.supervisor.reconcile().unwrap(),
        }
    }
}

/// Gives random commands from several threads at once and checks what became of the tasks.
fn play(seed: u64) {
    const THREADS: u64 = 4;
    const COMMANDS: u64 = 60;
    println!("seed {seed}");
    let scene = Scene::new();
    scene.engine.failing.store(7, Ordering::Relaxed);
    let tasks: Vec<(TaskId, Accepted)> = (0..3).map(|_| (scene.task(), Accepted::default())).collect();
    let mut states: BTreeMap<TaskId, Vec<TaskState>> = BTreeMap::new();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut events = Vec::new();
            while !over.load(Ordering::Relaxed) {
                events.extend(scene.events.recv_timeout(Duration::from_millis(10)).ok());
            }
            events.extend(scene.events.try_iter());
            events
        });
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (scene, tasks) = (&scene, &tasks);
                scope.spawn(move || {
                    let mut random = Random(seed.wrapping_mul(1_000).wrapping_add(thread));
                    for command in 0..COMMANDS {
                        let (id, accepted) = &tasks[random.below(3) as usize];
                        accepted.give(scene, id, &mut random, thread * COMMANDS + command + 1);
                    }
                });
            }
        });
        for (id, _) in &tasks {
            scene.eventually(
                &format!("seed {seed}: {id} comes to a state that lasts"),
                || match scene.state(id) {
                    TaskState::Running => scene.supervisor.live(id).is_some(),
                    state => !state.is_live() && scene.supervisor.live(id).is_none(),
                },
            );
        }
        over.store(true, Ordering::Relaxed);
        for event in reading.join().unwrap() {
            match event {
                AppEvent::TaskState { task_id, state, .. } => {
                    states.entry(task_id).or_default().push(state);
                }
                AppEvent::Resync => panic!("seed {seed}: events were lost"),
                _ => {}
            }
        }
    });
    for (id, accepted) in &tasks {
        check(
            &scene,
            seed,
            id,
            accepted,
            states.get(id).map_or(&[], Vec::as_slice),
        );
    }
}

fn check(scene: &Scene, seed: u64, id: &TaskId, accepted: &Accepted, states: &[TaskState]) {
    let context = format!("seed {seed}, {id}: {states:?}");
    let mut before = TaskState::Paused;
    for state in states {
        assert!(
            STEPS.contains(&(before, *state)),
            "{before} to {state}; {context}"
        );
        before = *state;
    }
    let row = scene.core.task(id.as_str()).unwrap();
    let state = core::state(&row).unwrap();
    assert_eq!(state, before, "what is stored was published; {context}");
    assert_eq!(row.desired_running, state.is_to_run(), "{context}");
    let entered = |wanted| states.iter().filter(|state| **state == wanted).count() as u64;
    for (wanted, count) in [
        (TaskState::Starting, &accepted.goings),
        (TaskState::Pausing, &accepted.pauses),
        (TaskState::Terminating, &accepted.terminations),
    ] {
        assert_eq!(
            entered(wanted),
            count.load(Ordering::Relaxed),
            "each accepted command is one step into {wanted}; {context}"
        );
    }
    let changes = accepted.changes.load(Ordering::Relaxed);
    assert_eq!(
        row.settings_version,
        1 + i64::try_from(changes).unwrap(),
        "{context}"
    );
    let settings = core::settings(&row).unwrap();
    let Objects::Topics(topics) = settings.objects else {
        panic!("{context}");
    };
    let mut expected = accepted.topics.lock().unwrap().clone();
    expected.insert("t".to_owned());
    assert_eq!(topics.into_iter().collect::<BTreeSet<_>>(), expected, "{context}");
    let rates = accepted.rates.lock().unwrap();
    assert_eq!(
        settings.rate.records_per_second.is_some(),
        !rates.is_empty(),
        "{context}"
    );
    assert!(
        settings
            .rate
            .records_per_second
            .is_none_or(|rate| rates.contains(&rate)),
        "{context}"
    );
}

#[test]
fn commands_given_at_once_leave_each_task_where_the_accepted_ones_put_it() {
    for seed in 1..=12 {
        play(seed);
    }
}

#[test]
fn a_resume_given_twice_at_once_is_accepted_once_and_the_task_runs() {
    let scene = Scene::new();
    for _ in 0..10 {
        let id = scene.task();
        let start = Barrier::new(2);
        let results = std::thread::scope(|scope| {
            let resuming = [(); 2].map(|()| {
                scope.spawn(|| {
                    start.wait();
                    scene.resume(&id)
                })
            });
            resuming.map(|resuming| resuming.join().unwrap())
        });
        let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].code, ErrorCode::StateForbids);
        assert!(
            refused[0].message.contains("'resume' is not allowed"),
            "{}",
            refused[0]
        );
        scene.reaches(&id, TaskState::Running);
    }
}

#[test]
fn a_speed_set_beside_a_change_of_topics_stays_and_so_does_the_change() {
    let scene = Scene::new();
    let id = scene.task();
    scene.resume(&id).unwrap();
    for round in 1..=20 {
        scene.reaches(&id, TaskState::Running);
        std::thread::scope(|scope| {
            let setting = scope.spawn(|| scene.tune(&id, round));
            let adding = scope.spawn(|| scene.add_topic(&id, format!("topic-{round}")));
            setting.join().unwrap().unwrap();
            adding.join().unwrap().unwrap();
        });
        let settings = scene.settings(&id);
        assert_eq!(settings.rate.records_per_second, Some(round));
        let Objects::Topics(topics) = settings.objects else {
            panic!("topics by name");
        };
        assert!(topics.contains(&format!("topic-{round}")), "{topics:?}");
    }
}

#[test]
fn a_pause_right_after_the_start_is_carried_out() {
    let scene = Scene::new();
    for _ in 0..20 {
        let id = scene.task();
        scene.resume(&id).unwrap();
        scene.eventually("it may be paused", || scene.state(&id).allows(TaskAction::Pause));
        scene.pause(&id).unwrap();
        scene.reaches(&id, TaskState::Paused);
        scene.resume(&id).unwrap();
        scene.reaches(&id, TaskState::Running);
    }
}

#[test]
fn a_start_is_refused_while_the_topics_are_changed() {
    let scene = Scene::new();
    let id = scene.task();
    let claim = scene
        .core
        .claim(&id, "the task's topics are being changed")
        .unwrap();
    for refused in [
        scene.resume(&id),
        scene
            .supervisor
            .bring_to_rest(&scene.core, &id, TaskAction::Terminate, false),
        scene
            .supervisor
            .remove(&scene.core, &id, |_| Ok(()), |_| Ok(()), false),
        scene.add_topic(&id, "u".to_owned()),
    ] {
        let error = refused.unwrap_err();
        assert!(
            error
                .message
                .starts_with("the task's topics are being changed at the moment"),
            "{error}"
        );
    }
    assert_eq!(scene.state(&id), TaskState::Paused);
    drop(claim);
    scene.resume(&id).unwrap();
    scene.reaches(&id, TaskState::Running);
}

#[test]
fn a_task_whose_thread_panics_has_failed_with_its_words_and_is_not_started_again() {
    let scene = Scene::new();
    scene.engine.panics.store(true, Ordering::Relaxed);
    let id = scene.task();
    scene.resume(&id).unwrap();
    scene.reaches(&id, TaskState::Failed);
    let row = scene.core.task(id.as_str()).unwrap();
    let reason = row.reason.unwrap();
    assert!(
        reason.contains("an index is out of range: … at once") && !reason.contains("hunter2"),
        "{reason}"
    );
    assert!(!row.desired_running);
    for _ in 0..20 {
        scene.supervisor.reconcile().unwrap();
    }
    assert_eq!(scene.engine.starts.load(Ordering::Relaxed), 1);

    scene.engine.panics.store(false, Ordering::Relaxed);
    scene.supervisor.retry(&scene.core, &id).unwrap();
    scene.reaches(&id, TaskState::Running);
}
