//! What only a desktop can do, for the page.
#![expect(
    clippy::let_underscore_must_use,
    reason = "Tauri's macro for asynchronous commands writes it"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::Serialize;
use sluice_app::{AppError, ErrorCode};
use tauri::{AppHandle, State, WebviewWindow};
use tauri_plugin_autostart::ManagerExt;
use tauri_plugin_dialog::DialogExt;

use crate::bridge::apart;
use crate::closing::{self, CloseChoice};
use crate::shell::Shell;
use crate::support_bundle;

/// What the shell knows of itself.
#[derive(Debug, Clone, Serialize)]
pub struct ShellInfo {
    /// Whether it starts when the user logs in.
    autostart: bool,
    /// Whether there is an icon in the tray that a person can see.
    tray: bool,
    /// What closing the window does.
    close_choice: CloseChoice,
}

/// What the shell knows of itself.
#[tauri::command]
pub async fn shell_info(app: AppHandle, shell: State<'_, Arc<Shell>>) -> Result<ShellInfo, AppError> {
    let shell = Arc::clone(&shell);
    apart(move || {
        Ok(ShellInfo {
            autostart: app.autolaunch().is_enabled().unwrap_or_else(|error| {
                tracing::warn!(%error, "the system does not say what starts at login");
                false
            }),
            tray: shell.tray().is_visible(),
            close_choice: CloseChoice::of(&*shell.app()?),
        })
    })
    .await
}

/// Starts the program when the user logs in, or no longer.
#[tauri::command]
pub async fn set_autostart(app: AppHandle, on: bool) -> Result<(), AppError> {
    apart(move || {
        let autolaunch = app.autolaunch();
        let done = if on {
            autolaunch.enable()
        } else {
            autolaunch.disable()
        };
        done.map_err(|error| {
            AppError::new(
                ErrorCode::Refused,
                format!("the system does not let Sluice change what starts at login: {error}"),
            )
        })
    })
    .await
}

/// Percent of its natural size that the page may be shown at. The page offers its own steps between them.
const ZOOM: std::ops::RangeInclusive<u32> = 50..=300;

/// Shows the page larger or smaller, in percent of its natural size.
#[tauri::command]
pub async fn set_zoom(window: WebviewWindow, percent: u32) -> Result<(), AppError> {
    if !ZOOM.contains(&percent) {
        return Err(AppError::new(
            ErrorCode::InvalidInput,
            format!(
                "the page cannot be shown at {percent} % of its size, only at {} to {} %",
                ZOOM.start(),
                ZOOM.end()
            ),
        ));
    }
    window.set_zoom(f64::from(percent) / 100.0).map_err(|error| {
        AppError::new(
            ErrorCode::Refused,
            format!("the system does not let Sluice change the size of its page: {error}"),
        )
    })
}

/// Remembers what closing the window does; does it, when the page was asked.
#[tauri::command]
pub async fn close_choice(
    app: AppHandle,
    shell: State<'_, Arc<Shell>>,
    choice: CloseChoice,
) -> Result<(), AppError> {
    let shell = Arc::clone(&shell);
    apart(move || {
        choice.keep(&*shell.app()?)?;
        if shell.has_asked.swap(false, Ordering::Relaxed) {
            closing::carry_out(&app, choice);
        }
        Ok(())
    })
    .await
}

/// Has the person choose a file, and returns its path.
#[tauri::command]
pub async fn pick_file(app: AppHandle) -> Result<Option<String>, AppError> {
    apart(move || match app.dialog().file().blocking_pick_file() {
        Some(file) => Ok(Some(path(file)?.display().to_string())),
        None => Ok(None),
    })
    .await
}

/// Has the person choose where a text is saved, and returns where it was.
#[tauri::command]
pub async fn save_file(app: AppHandle, name: String, text: String) -> Result<Option<String>, AppError> {
    apart(move || save(&app, &name, |to| std::fs::write(to, text))).await
}

/// Has the person choose where the support bundle is saved, and returns where it was.
#[tauri::command]
pub async fn support_bundle(
    app: AppHandle,
    shell: State<'_, Arc<Shell>>,
) -> Result<Option<String>, AppError> {
    let shell = Arc::clone(&shell);
    apart(move || {
        save(&app, &support_bundle::name(), |to| {
            support_bundle::write(to, shell.dir(), shell.open_app().as_deref())
        })
    })
    .await
}

fn save(
    app: &AppHandle,
    name: &str,
    write: impl FnOnce(&std::path::Path) -> std::io::Result<()>,
) -> Result<Option<String>, AppError> {
    let Some(file) = app.dialog().file().set_file_name(name).blocking_save_file() else {
        return Ok(None);
    };
    let to = path(file)?;
    write(&to).map_err(|error| {
        AppError::new(
            ErrorCode::Storage,
            format!("'{}' cannot be written: {error}", to.display()),
        )
    })?;
    Ok(Some(to.display().to_string()))
}

fn path(file: tauri_plugin_dialog::FilePath) -> Result<PathBuf, AppError> {
    file.into_path()
        .map_err(|error| AppError::new(ErrorCode::InvalidInput, format!("not a file: {error}")))
}

/// Opens the data folder in the system's file manager.
#[tauri::command]
pub async fn open_folder(shell: State<'_, Arc<Shell>>) -> Result<(), AppError> {
    let shell = Arc::clone(&shell);
    apart(move || {
        tauri_plugin_opener::open_path(shell.dir(), None::<&str>).map_err(|error| {
            AppError::new(
                ErrorCode::Refused,
                format!("the system does not open '{}': {error}", shell.dir().display()),
            )
        })
    })
    .await
}

/// Ends the program in order.
#[tauri::command]
pub fn quit(app: AppHandle) {
    closing::quit(&app);
}
