//! `sluice demo`: a whole replication between two built-in clusters, with the engine and the display of a real one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use sluice_engine::{Ending, RunOptions, VerifyOptions};
use sluice_fakekafka::{FakeCluster, FakeError, FakeRecord};
use sluice_model::{Cluster, Objects, Task, TaskName};
use sluice_store::SqliteStore;

use crate::arguments::DemoArguments;
use crate::exit::Exit;
use crate::follow::{Events, follow};
use crate::interrupts::Interrupts;
use crate::screen::Screen;
use crate::{output, verify, verify_table};

/// Topics and their partitions.
const TOPICS: &[(&str, i32)] = &[("orders", 6), ("payments", 4), ("clicks", 8)];
/// Records in each partition before the copy begins.
const BACKLOG: i64 = 20_000;
/// Records per batch while the backlog is written.
const BATCH: i64 = 500;
/// How often the writer adds a record to each partition.
const WRITE_EVERY: Duration = Duration::from_millis(10);
/// How long the copy may take to catch up when the writer has stopped.
const CATCH_UP: Duration = Duration::from_secs(15);

/// Runs the demonstration.
///
/// # Errors
/// The built-in clusters cannot be started.
pub fn demo(arguments: &DemoArguments, screen: Screen, interrupts: &Interrupts) -> anyhow::Result<Exit> {
    let start = |id: &str| FakeCluster::builder().brokers(3).cluster_id(id).start();
    let source = Arc::new(start("demo-source").context("the built-in source cluster does not start")?);
    let target = start("demo-target").context("the built-in target cluster does not start")?;
    for (topic, partitions) in TOPICS {
        source.create_topic(topic, *partitions, &[])?;
        for partition in 0..*partitions {
            for first in (0..BACKLOG).step_by(usize::try_from(BATCH)?) {
                let batch = (first..first + BATCH)
                    .map(|number| record(topic, partition, number))
                    .collect();
                source.append(topic, partition, batch)?;
            }
        }
    }
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
        Cluster::new(&source.bootstrap())?,
        Cluster::new(&target.bootstrap())?,
        Objects::all(),
    );
    let (observer, mut events) = Events::new();
    let writing = Arc::new(AtomicBool::new(true));
    let writer = {
        let (source, writing) = (source.clone(), writing.clone());
        std::thread::Builder::new()
            .name("demo-writer".into())
            .spawn(move || write(&source, &writing))?
    };
    let running = sluice_engine::start(task.clone(), store.clone(), observer, RunOptions::default())?;
    interrupts.will_stop_cleanly();
    let begun = Instant::now();
    let mut writer_stopped: Option<Instant> = None;
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
                    writing.store(false, Ordering::Relaxed);
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
    writing.store(false, Ordering::Relaxed);
    if let Ok(Err(error)) = writer.join() {
        return Err(anyhow::Error::new(error).context("the demo's writer failed"));
    }
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
    // A cluster ends with its last handle, and the writer's is gone already.
    drop((source, target));
    Ok(verify::exit(report.result))
}

fn write(source: &FakeCluster, writing: &AtomicBool) -> Result<(), FakeError> {
    let mut number = BACKLOG;
    while writing.load(Ordering::Relaxed) {
        for (topic, partitions) in TOPICS {
            for partition in 0..*partitions {
                source.append(topic, partition, vec![record(topic, partition, number)])?;
            }
        }
        number += 1;
        std::thread::sleep(WRITE_EVERY);
    }
    Ok(())
}

/// A record as a shop could write it. Some are tombstones, some have no key.
fn record(topic: &str, partition: i32, number: i64) -> FakeRecord {
    let key = format!("{topic}-{partition}-{}", number % 1000);
    let value = format!(
        r#"{{"topic":"{topic}","number":{number},"amount":"{}.{:02}","currency":"EUR"}}"#,
        number % 500,
        number % 100
    );
    let record = match number % 50 {
        7 => FakeRecord::tombstone(key),
        13 => FakeRecord::unkeyed(value),
        _ => FakeRecord::new(key, value),
    };
    record
        .header("source", Some(b"demo"))
        .at(Timestamp::now().as_millisecond())
}
