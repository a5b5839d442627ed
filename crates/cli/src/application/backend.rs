//! The application of a data folder: in this process, or in the one that has the folder.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use sluice_app::{App, AppEvent, Command, ErrorCode, Opening, RemoteApp};
use sluice_model::Secret;
use sluice_store::{Owner, SecretPreference};

use super::arguments::Place;

/// How long one command may have the folder: the longest is a pre-check.
const ONE_COMMAND: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where commands go.
pub enum Backend {
    /// No other process has the folder: this one does it.
    Here(Box<App>),
    /// Another process has it and takes commands.
    There(RemoteApp),
}

impl Backend {
    /// The application of the data folder.
    ///
    /// # Errors
    /// The folder cannot be used, or its owner takes no commands.
    pub fn open(place: &Place) -> anyhow::Result<Self> {
        let dir = dir(place)?;
        let until = Instant::now() + ONE_COMMAND;
        loop {
            if let Some(owner) = Owner::read(&dir)?
                && let Some(endpoint) = owner.endpoint
            {
                return Ok(Self::There(RemoteApp::at(endpoint)));
            }
            match App::open(opening(dir.clone(), "sluice", false)) {
                Ok(app) => return Ok(Self::Here(Box::new(app))),
                // Its owner has just begun and will say where it takes commands, or is a program for one command.
                Err(error) if error.code == ErrorCode::Owned && Instant::now() < until => {
                    std::thread::sleep(LOOK_EVERY);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Hears what happens while a command is carried out, where it is carried out here.
    pub fn events(&self) -> Option<Receiver<AppEvent>> {
        match self {
            Self::Here(app) => Some(app.subscribe()),
            Self::There(_) => None,
        }
    }

    /// Has a command carried out.
    ///
    /// # Errors
    /// As the command says.
    pub fn call<C: Command>(&self, command: C) -> sluice_app::Result<C::Answer> {
        match self {
            Self::Here(app) => app.call(command),
            Self::There(app) => app.call(command),
        }
    }

    /// Whether something runs tasks.
    pub fn runs_tasks(&self) -> bool {
        matches!(self, Self::There(_))
    }
}

/// The data folder.
///
/// # Errors
/// The environment does not say where the user's directory is.
pub fn dir(place: &Place) -> anyhow::Result<PathBuf> {
    Ok(place.data.clone().map_or_else(sluice_app::data_dir, Ok)?)
}

/// How this program opens a folder. A passphrase for the file of secrets comes from the environment.
pub fn opening(dir: PathBuf, program: &str, runs_tasks: bool) -> Opening {
    let passphrase = std::env::var("SLUICE_PASSPHRASE")
        .ok()
        .filter(|text| !text.is_empty())
        .map(Secret::new);
    Opening {
        dir,
        program: program.to_owned(),
        secrets: SecretPreference::Automatic { passphrase },
        runs_tasks,
        desktop: None,
        demo: None,
    }
}

/// An application that runs tasks.
///
/// # Errors
/// The folder cannot be used, or another program has it.
pub fn running(place: &Place) -> anyhow::Result<Arc<App>> {
    let dir = dir(place)?;
    let until = Instant::now() + ONE_COMMAND;
    loop {
        match App::open(opening(dir.clone(), "sluice daemon", true)) {
            Ok(app) => return Ok(Arc::new(app)),
            // A program for one command has the folder for a moment; one that runs tasks says where it takes commands.
            Err(error)
                if error.code == ErrorCode::Owned
                    && Instant::now() < until
                    && Owner::read(&dir)?.is_none_or(|owner| owner.endpoint.is_none()) =>
            {
                std::thread::sleep(LOOK_EVERY);
            }
            Err(error) => return Err(error.into()),
        }
    }
}
