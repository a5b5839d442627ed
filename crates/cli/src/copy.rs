//! `sluice copy` and `sluice run`.

use std::path::Path;
use std::time::Instant;

use sluice_engine::RunOptions;
use sluice_store::TaskLock;

use crate::arguments::TaskArguments;
use crate::asked_range;
use crate::copy_report::CopyReport;
use crate::exit::Exit;
use crate::follow::{Events, follow};
use crate::interrupts::Interrupts;
use crate::output;
use crate::prepared::{Prepared, prepare};
use crate::published::publish;
use crate::screen::Screen;

/// Copies until it is stopped, or until it has caught up where that was asked for.
///
/// # Errors
/// It could not start.
pub fn copy(
    arguments: &TaskArguments,
    file: Option<&Path>,
    screen: Screen,
    interrupts: &Interrupts,
) -> anyhow::Result<Exit> {
    let prepared = prepare(arguments, file, &screen)?;
    let _lock = TaskLock::acquire(&prepared.state_dir, &prepared.task.name)?;
    prepared.is_as_launched(true, arguments, &screen)?;
    let Prepared {
        task,
        store,
        state_dir,
        bounds,
    } = prepared;
    // Before the first launch: after it, nothing would tell what was asked for if this program died in between.
    asked_range::keep(&task, &store, bounds)?;
    let begun = Instant::now();
    let (observer, mut events) = Events::new();
    let options = RunOptions {
        until_caught_up: arguments.until_caught_up,
        wait_for_transactions: arguments.wait_for_transactions,
        ..RunOptions::default()
    };
    let started = sluice_engine::start(task.clone(), store.clone(), observer, options);
    let running = match started {
        Ok(running) => running,
        Err(error) => {
            events.write(&screen, arguments.quiet);
            return Err(error.into());
        }
    };
    interrupts.will_stop_cleanly();
    if !arguments.quiet {
        screen.say(&format!(
            "task '{}', delivery {}, state in '{}'",
            task.name,
            running.progress().delivery,
            state_dir.display()
        ));
    }
    let outcome = follow(
        running,
        &mut events,
        &screen,
        arguments.quiet,
        interrupts,
        &mut |progress| {
            publish(&store, &task.name, None, progress);
            true
        },
    );
    let last = outcome.progress.clone();
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let report = CopyReport::new(&task, outcome, interrupts.asked(), duration_ms, store.as_ref())?;
    publish(&store, &task.name, Some(report.ended), &last);
    if arguments.json {
        output::write(&serde_json::to_string_pretty(&report)?)?;
    } else {
        output::write(&report.table().to_string())?;
        output::write(&report.sentence())?;
    }
    Ok(report.exit())
}
