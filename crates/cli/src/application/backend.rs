//! The application of a data folder: in this process, in the one that has the folder, or on another computer.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use sluice_app::{
    App, AppError, AppEvent, Command, ErrorCode, FarApp, Host, Opening, Reached, RemoteApp, SourceImport,
    SourceImported, Ssh, Standing,
};
use sluice_model::Secret;
use sluice_store::{Owner, SecretPreference};

use super::arguments::Place;
use crate::screen::Screen;

/// How long one command may have the folder: the longest is a pre-check.
const ONE_COMMAND: Duration = Duration::from_secs(60);
/// How long a command waits until a connection that was lost is there again.
const RECONNECTING: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where commands go.
pub enum Backend {
    /// No other process has the folder: this one does it.
    Here(Box<App>),
    /// Another process has it and takes commands.
    There(RemoteApp),
    /// Another computer has it.
    Far(Box<FarApp>),
}

impl Backend {
    /// The application of the data folder.
    ///
    /// # Errors
    /// The folder cannot be used, its owner takes no commands, or its computer cannot be reached.
    pub fn open(place: &Place, screen: &Screen) -> anyhow::Result<Self> {
        if let Some(host) = &place.host {
            return Ok(Self::Far(Box::new(connect(host, screen)?)));
        }
        let dir = dir(place)?;
        match sluice_app::reach(&dir, &|| opening(dir.clone(), "sluice", false))? {
            Reached::Here(app) => Ok(Self::Here(app)),
            Reached::There(app) => Ok(Self::There(app)),
        }
    }

    /// Hears what happens while a command is carried out, where it is carried out here.
    pub fn events(&self) -> Option<Receiver<AppEvent>> {
        match self {
            Self::Here(app) => Some(app.subscribe()),
            Self::There(_) | Self::Far(_) => None,
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
            Self::Far(app) => app.call(command),
        }
    }

    /// Reads what another program knows of a cluster: from files of this computer, also for a data folder of another.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn import(&self, import: SourceImport) -> sluice_app::Result<SourceImported> {
        match self {
            Self::Here(_) | Self::There(_) => self.call(import),
            Self::Far(_) => import.read(),
        }
    }

    /// Whether something runs tasks.
    pub fn runs_tasks(&self) -> bool {
        match self {
            Self::Here(_) => false,
            Self::There(_) => true,
            Self::Far(app) => app.connected().is_ok_and(|info| info.runs_tasks),
        }
    }
}

/// Connects to another computer, and says what a person should know of it.
fn connect(host: &Host, screen: &Screen) -> Result<FarApp, AppError> {
    // With a person at the terminal, ssh may ask for a passphrase there.
    let ssh = Ssh::of_environment(std::io::stderr().is_terminal());
    let (said, was_connected) = (screen.clone(), AtomicBool::new(false));
    let app = FarApp::start(host.clone(), ssh, RECONNECTING, move |standing| match standing {
        Standing::Connected(_) => was_connected.store(true, Ordering::Relaxed),
        Standing::Lost { error, .. } if was_connected.load(Ordering::Relaxed) => {
            said.say(&format!("{error}; trying again"));
        }
        Standing::Lost { .. } | Standing::Connecting | Standing::Refused(_) => {}
    })?;
    let info = app.connected()?;
    let here = env!("CARGO_PKG_VERSION");
    let daemon = info
        .daemon_version
        .as_deref()
        .filter(|version| *version != info.version);
    if info.version != here {
        screen.say(&format!(
            "note: Sluice on '{}' is version {}, here is {here}; what only one of them knows is refused",
            host.destination(),
            info.version
        ));
    }
    if let Some(daemon) = daemon {
        screen.say(&format!(
            "note: the program that runs tasks on '{}' is still version {daemon}, although {} is installed: start it again",
            host.destination(),
            info.version
        ));
    }
    Ok(app)
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
