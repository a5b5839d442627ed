use std::path::Path;
use std::time::{Duration, Instant};

use sluice_store::Owner;

use super::client::RemoteApp;
use crate::{App, ErrorCode, Opening, Result};

/// How long one command may have the folder: the longest is a pre-check.
const ONE_COMMAND: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The application of a data folder, as one command finds it.
pub enum Reached {
    /// No other program had the folder: it is open in this one until it is dropped.
    Here(Box<App>),
    /// Another program has it and takes commands.
    There(RemoteApp),
}

/// Finds the application of the folder `dir`, or opens it as `opening` says where no program runs its tasks.
///
/// # Errors
/// The folder cannot be used, or its owner takes no commands.
pub fn reach(dir: &Path, opening: &dyn Fn() -> Opening) -> Result<Reached> {
    let until = Instant::now() + ONE_COMMAND;
    loop {
        if let Some(endpoint) = endpoint_of_owner(dir)? {
            return Ok(Reached::There(RemoteApp::at(endpoint)));
        }
        match App::open(opening()) {
            Ok(app) => return Ok(Reached::Here(Box::new(app))),
            // Its owner has just begun and will say where it takes commands, or is a program for one command.
            Err(error) if error.code == ErrorCode::Owned && Instant::now() < until => {
                std::thread::sleep(LOOK_EVERY);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Where the program that runs the tasks of a folder takes commands, if there is one.
pub(super) fn endpoint_of_owner(dir: &Path) -> Result<Option<String>> {
    Ok(Owner::read(dir)?.and_then(|owner| owner.endpoint))
}
