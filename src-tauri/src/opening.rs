//! Opens the data folder while the window is being made: a keychain may take seconds to answer.

use std::sync::Arc;

use sluice_app::{App, AppError, ControlServer, DemoStart, ErrorCode, Opening};
use sluice_demo::EmbeddedDemo;
use sluice_model::Secret;
use sluice_store::SecretPreference;
use tauri::{AppHandle, Manager};

use crate::shell::{Phase, Shell};
use crate::{tray, window};

/// Begins to open the data folder.
pub fn begin(shell: &Arc<Shell>, passphrase: Option<Secret>) {
    drop(shell.enter(Phase::Opening));
    let opened = std::thread::Builder::new().name("sluice-opening".into()).spawn({
        let shell = Arc::clone(shell);
        move || {
            let phase = match open(&shell, passphrase) {
                Ok((app, control)) => Phase::Open { app, control },
                Err(error) => {
                    tracing::error!(code = ?error.code, %error, "the data folder cannot be used");
                    Phase::Trouble(error)
                }
            };
            // A program that is quitting meanwhile gets it back, and drops it here.
            drop(shell.enter(phase));
        }
    });
    if let Err(error) = opened {
        drop(shell.enter(Phase::Trouble(AppError::new(
            ErrorCode::Internal,
            format!("no thread to open the data folder: {error}"),
        ))));
    }
}

fn open(shell: &Shell, passphrase: Option<Secret>) -> Result<(Arc<App>, Option<ControlServer>), AppError> {
    let passphrase = passphrase.or_else(|| {
        std::env::var("SLUICE_PASSPHRASE")
            .ok()
            .filter(|text| !text.is_empty())
            .map(Secret::new)
    });
    let app = Arc::new(App::open(Opening {
        dir: shell.dir().to_owned(),
        program: "Sluice".to_owned(),
        // As the terminal companion does it: both find the secrets of a folder in the same place.
        secrets: SecretPreference::Automatic { passphrase },
        runs_tasks: true,
        desktop: Some(shell.notifier().clone()),
        demo: Some(Arc::new(EmbeddedDemo::default())),
    })?);
    if let Err(error) = app.provide_default_rules() {
        tracing::warn!(%error, "the alert rules of a new folder are missing");
    }
    let control = match ControlServer::start(Arc::clone(&app)) {
        Ok(control) => Some(control),
        Err(error) => {
            // The window works without it; `sluice` says who has the folder.
            tracing::warn!(%error, "no commands are taken from a terminal");
            None
        }
    };
    Ok((app, control))
}

/// Waits until the data folder is open and goes on from there: the tray follows the tasks and the page is shown, or a page
/// says what is wrong.
pub fn follow(app: &AppHandle) {
    let shell = Arc::clone(app.state::<Arc<Shell>>().inner());
    let handle = app.clone();
    let waiting = std::thread::Builder::new()
        .name("sluice-opened".into())
        .spawn(move || match shell.app() {
            Ok(opened) => {
                tray::follow(&handle, &opened);
                window::turn(&handle);
                if shell.starts_demo() {
                    show_demo(&handle, &opened);
                }
            }
            Err(error) if shell.is_quitting() => tracing::debug!(%error, "it was not opened"),
            Err(_) => {
                window::want(&handle);
                window::turn(&handle);
            }
        });
    if let Err(error) = waiting {
        tracing::error!(%error, "no thread to wait for the data folder");
        app.exit(1);
    }
}

fn show_demo(app: &AppHandle, opened: &App) {
    match opened.call(DemoStart {}) {
        Ok(demo) => window::open_pre_check(app, demo.task_id.as_str()),
        // The first page offers it too and shows the error there.
        Err(error) => tracing::error!(%error, "the demonstration does not start"),
    }
}
