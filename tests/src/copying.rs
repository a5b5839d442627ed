use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use sluice_engine::{
    CheckpointStore, Ending, Event, Outcome, RunOptions, Running, VerificationReport, VerifyOptions, start,
    verify,
};
use sluice_model::{Cluster, Delivery, LaneChoice, Objects, Task, TaskName};
use sluice_store::SqliteStore;

/// Longer than anything takes that comes at all, also beside other tests on few cores.
const PATIENCE: Duration = Duration::from_secs(120);

/// Polls until `condition` holds, at most two minutes.
///
/// # Errors
/// It failed, or did not hold in time.
pub fn eventually(what: &str, mut condition: impl FnMut() -> Result<bool>) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while !condition()? {
        if Instant::now() >= until {
            bail!("not within {} s: {what}", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Both ways to deliver.
pub const BOTH: [Delivery; 2] = [Delivery::ExactlyOnce, Delivery::AtLeastOnce];

/// Both ways to deliver, in each lane.
pub const EVERY_WAY: [(LaneChoice, Delivery); 4] = [
    (LaneChoice::Wire, Delivery::ExactlyOnce),
    (LaneChoice::Wire, Delivery::AtLeastOnce),
    (LaneChoice::Record, Delivery::ExactlyOnce),
    (LaneChoice::Record, Delivery::AtLeastOnce),
];

/// Ends a run that is to end cleanly.
///
/// # Errors
/// It ended otherwise.
pub fn stop(running: Running) -> Result<()> {
    running.stop();
    match running.wait().ending {
        Ending::Stopped => Ok(()),
        other => bail!("the run ended with {other:?}"),
    }
}

/// A task with a state of its own.
pub struct Bench {
    /// The task; tests change it before they run it.
    pub task: Task,
    /// Its state.
    pub store: Arc<SqliteStore>,
    /// How long a bounded copy waits for open transactions at the source.
    pub wait_for_transactions: Option<Duration>,
    events: Arc<Mutex<Vec<Event>>>,
    dir: tempfile::TempDir,
}

impl Bench {
    /// As a task of this name. Tasks of one name between the same clusters are one task: tests that run at once on the same
    /// brokers need names of their own, or their instances fence each other.
    ///
    /// # Errors
    /// It is no name of a task.
    pub fn named(mut self, name: &str) -> Result<Self> {
        self.task.name = TaskName::new(name)?;
        Ok(self)
    }

    /// A task that copies `topics` between two plaintext clusters.
    ///
    /// # Errors
    /// The state could not be made.
    pub fn new(source: &str, target: &str, topics: &[&str]) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let objects = Objects::Topics(topics.iter().map(|topic| (*topic).to_owned()).collect());
        let task = Task::new(
            TaskName::new("test")?,
            Cluster::new(source)?,
            Cluster::new(target)?,
            objects,
        );
        Ok(Self {
            task,
            store: Arc::new(SqliteStore::open(dir.path())?),
            wait_for_transactions: None,
            events: Arc::default(),
            dir,
        })
    }

    /// The state's directory.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Starts the task.
    ///
    /// # Errors
    /// The engine refused.
    pub fn start(&self, until_caught_up: bool) -> sluice_engine::Result<Running> {
        self.start_with(RunOptions {
            until_caught_up,
            wait_for_transactions: self.wait_for_transactions,
            ..RunOptions::default()
        })
    }

    /// Starts the task with other options.
    ///
    /// # Errors
    /// The engine refused.
    pub fn start_with(&self, options: RunOptions) -> sluice_engine::Result<Running> {
        let events = self.events.clone();
        let observer =
            Arc::new(move |event| events.lock().unwrap_or_else(PoisonError::into_inner).push(event));
        start(self.task.clone(), self.store.clone(), observer, options)
    }

    /// Runs the task until it has caught up.
    ///
    /// # Errors
    /// It was refused, failed, or took more than three minutes.
    pub fn copy(&self) -> Result<Outcome> {
        let running = self.start(true)?;
        let until = Instant::now() + Duration::from_secs(180);
        while !running.is_finished() {
            if Instant::now() >= until {
                bail!(
                    "the copy has not caught up in three minutes: {:#?}",
                    running.progress()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let outcome = running.wait();
        match &outcome.ending {
            Ending::CaughtUp { .. } => Ok(outcome),
            other => bail!("the copy ended with {other:?}"),
        }
    }

    /// What was reported so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Compares both sides.
    ///
    /// # Errors
    /// A cluster cannot be reached.
    pub fn verify(&self) -> Result<VerificationReport> {
        self.verify_with(VerifyOptions::default())
    }

    /// Compares both sides of a task that may be running.
    ///
    /// # Errors
    /// A cluster cannot be reached.
    pub fn verify_with(&self, options: VerifyOptions) -> Result<VerificationReport> {
        let store: &dyn CheckpointStore = self.store.as_ref();
        Ok(verify(
            &self.task,
            store,
            options,
            &|_| {},
            &AtomicBool::new(false),
        )?)
    }
}
