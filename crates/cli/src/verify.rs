//! `sluice verify`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use sluice_engine::{VerificationResult, VerifyOptions, VerifyScope};
use sluice_store::TaskLock;

use crate::arguments::TaskArguments;
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::output;
use crate::prepared::{Prepared, prepare};
use crate::published;
use crate::screen::Screen;
use crate::verify_table;

/// Compares both sides and prints the report.
///
/// # Errors
/// The description is wrong, a cluster cannot be reached or the state cannot be read.
pub fn verify(
    arguments: &TaskArguments,
    file: Option<&Path>,
    scope: VerifyScope,
    screen: Screen,
    interrupts: &Interrupts,
) -> anyhow::Result<Exit> {
    let prepared = prepare(arguments, file, &screen)?;
    prepared.is_as_launched(false, arguments, &screen)?;
    let Prepared {
        task,
        store,
        state_dir,
        ..
    } = prepared;
    interrupts.will_stop_cleanly();
    let running = TaskLock::is_running(&state_dir, &task.name);
    let options = VerifyOptions {
        running,
        waiting: if running {
            published::waiting(&store, &task.name)?
        } else {
            BTreeSet::new()
        },
        scope,
        ..VerifyOptions::default()
    };
    let display = Mutex::new(screen.display(arguments.quiet));
    let report = sluice_engine::verify(
        &task,
        store.as_ref(),
        options,
        &|progress| {
            if let Ok(mut display) = display.lock() {
                display.verifying(&progress);
            }
        },
        interrupts.flag(),
    );
    drop(display);
    if interrupts.asked() {
        screen.say("interrupted: nothing is proved");
        return Ok(Exit::Interrupted);
    }
    let report = report?;
    if arguments.json {
        output::write(&serde_json::to_string_pretty(&report)?)?;
    } else {
        output::write(&verify_table::render(&report))?;
    }
    Ok(exit(report.result))
}

/// A copy with accepted differences is not equal, however well known they are, and neither is one that lacks what the
/// task had to copy by now: a script must not take it for that.
pub fn exit(result: VerificationResult) -> Exit {
    match result {
        VerificationResult::Equal => Exit::Done,
        VerificationResult::AcceptedDifferences
        | VerificationResult::Different
        | VerificationResult::Behind
        | VerificationResult::Incomplete => Exit::NotWhole,
    }
}
