//! `sluice daemon`.

use std::time::Duration;

use sluice_app::ControlServer;

use super::arguments::DaemonArguments;
use super::backend::running;
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::screen::Screen;

/// How often it looks whether it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Runs the tasks of a data folder until it is stopped.
///
/// # Errors
/// The folder cannot be used, or another program has it.
pub fn daemon(arguments: &DaemonArguments, screen: &Screen, interrupts: &Interrupts) -> anyhow::Result<Exit> {
    let app = running(&arguments.place)?;
    interrupts.will_stop_cleanly();
    if let Some(address) = &arguments.metrics
        && let Some(served) = app.serve_metrics(Some(address))?
    {
        screen.say(&format!("metrics are served at http://{served}/metrics"));
    }
    let server = ControlServer::start(std::sync::Arc::clone(&app))?;
    screen.say(&format!(
        "running the tasks of '{}'; Ctrl-C stops them cleanly",
        app.dir().display()
    ));
    while !interrupts.asked() {
        std::thread::sleep(LOOK_EVERY);
    }
    screen.say("stopping the tasks at saved positions; they go on at the next start");
    // No new commands, then the tasks.
    drop(server);
    drop(app);
    Ok(Exit::Done)
}
