//! The page that says why the data folder cannot be used, and what to do.
#![expect(
    clippy::let_underscore_must_use,
    reason = "Tauri's macro for asynchronous commands writes it"
)]

use std::sync::Arc;

use serde::Serialize;
use sluice_app::{AppError, ErrorCode};
use sluice_model::Secret;
use sluice_store::needs_passphrase;
use tauri::{AppHandle, State};

use crate::bridge::apart;
use crate::language::Language;
use crate::opening;
use crate::shell::Shell;

/// What the page shows.
#[derive(Debug, Clone, Serialize)]
pub struct Trouble {
    /// Which headline and advice.
    code: ErrorCode,
    /// What happened and what to do.
    message: String,
    /// The data folder.
    dir: String,
    /// The language of the system: the settings cannot be read.
    language: Language,
    /// Whether a passphrase may help.
    asks_passphrase: bool,
}

/// What is wrong; nothing, if the page was loaded after it was put right.
#[tauri::command]
pub fn trouble(shell: State<'_, Arc<Shell>>) -> Option<Trouble> {
    let error = shell.trouble()?;
    Some(Trouble {
        code: error.code,
        message: error.message,
        dir: shell.dir().display().to_string(),
        language: Language::of_the_system(),
        asks_passphrase: error.code == ErrorCode::Secrets && needs_passphrase(shell.dir()),
    })
}

/// Opens the data folder once more, with a passphrase if one was entered. Answers when it is known how that went: the page
/// asks again what is wrong, if it is still there.
#[tauri::command]
pub async fn try_again(
    app: AppHandle,
    shell: State<'_, Arc<Shell>>,
    passphrase: Option<String>,
) -> Result<(), AppError> {
    tracing::info!("the data folder is tried again");
    let passphrase = passphrase.filter(|text| !text.is_empty()).map(Secret::new);
    opening::begin(&shell, passphrase);
    opening::follow(&app);
    let shell = Arc::clone(&shell);
    apart(move || {
        // What is wrong is no failure of this command.
        if let Err(error) = shell.app() {
            tracing::debug!(%error, "it is still wrong");
        }
        Ok(())
    })
    .await
}
