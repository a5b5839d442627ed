//! `sluice demo`: a whole replication between two built-in clusters, with the engine and the display of a real one.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::Context;
use sluice_demo::DemoClusters;
use sluice_engine::{Ending, RunOptions, VerifyOptions};
use sluice_model::{Cluster, Objects, Task, TaskName};
use sluice_store::SqliteStore;

use crate::arguments::DemoArguments;
use crate::exit::Exit;
use crate::follow::{Events, follow};
use crate::interrupts::Interrupts;
use crate::screen::Screen;
use crate::{output, verify, verify_table};

/// How long the copy may take to catch up when the writer has stopped.
const CATCH_UP: Duration = Duration::from_secs(15);

/// Runs the demonstration.
///
/// # Errors
/// The built-in clusters cannot be started.
pub fn demo(arguments: &DemoArguments, screen: Screen, interrupts: &Interrupts) -> anyhow::Result<Exit> {
    let mut clusters = DemoClusters::start()?;
    let until = arguments.seconds.map_or_else(
        || "until Ctrl-C".to_owned(),
        |seconds| format!("for {seconds} seconds"),
    );
    screen.say(&format!(
        "Two small Kafka clusters run inside this process; a program writes orders, payments and clicks to the first one.\n\
         Sluice copies its backlog to the second one, then follows the writer {until}, and at the end compares every record."
    ));

    let dir = tempfile::tempdir().context("no temporary directory for the state")?;
    let store = Arc::new(SqliteStore::open(dir.path())?);
    let task = Task::new(
        TaskName::new("demo")?,
        Cluster::new(&clusters.source_bootstrap())?,
        Cluster::new(&clusters.target_bootstrap())?,
        Objects::all(),
    );
    let (observer, mut events) = Events::new();
    clusters.start_writer()?;
    let running = sluice_engine::start(task.clone(), store.clone(), observer, RunOptions::default())?;
    interrupts.will_stop_cleanly();
    let begun = Instant::now();
    let mut writer_stopped: Option<Instant> = None;
    let mut writer_result = Ok(());
    // Here the first Ctrl-C stops the writer, so that the copy can catch up and be compared; the second one ends.
    let outcome = follow(
        running,
        &mut events,
        &screen,
        false,
        &Interrupts::none(),
        &mut |progress| {
            let over = interrupts.asked()
                || arguments
                    .seconds
                    .is_some_and(|seconds| begun.elapsed() >= Duration::from_secs(seconds));
            match writer_stopped {
                None if over => {
                    writer_result = clusters.stop_writer();
                    writer_stopped = Some(Instant::now());
                    screen.say("The writer stops; the copy catches up and is compared.");
                    true
                }
                // A second is enough for the copy to have seen the writer's last records.
                Some(since) if since.elapsed() > Duration::from_secs(1) => {
                    !progress.caught_up && since.elapsed() < CATCH_UP
                }
                _ => true,
            }
        },
    );
    writer_result.and_then(|()| clusters.stop_writer())?;
    if let Ending::Failed(error) = outcome.ending {
        return Err(error.into());
    }
    let display = std::sync::Mutex::new(screen.display(false));
    let report = sluice_engine::verify(
        &task,
        store.as_ref(),
        VerifyOptions::default(),
        &|progress| {
            if let Ok(mut display) = display.lock() {
                display.verifying(&progress);
            }
        },
        &AtomicBool::new(false),
    );
    drop(display);
    let report = report?;
    output::write(&verify_table::render(&report))?;
    Ok(verify::exit(report.result))
}
