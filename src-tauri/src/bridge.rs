//! The page's way to the application: commands by name, and a stream of events.
#![expect(
    clippy::let_underscore_must_use,
    reason = "Tauri's macro for asynchronous commands writes it"
)]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use serde_json::Value;
use serde_json::value::RawValue;
use sluice_app::{AppError, AppEvent, Command, ErrorCode, TaskList};
use tauri::State;
use tauri::ipc::Channel;

use crate::page_events::ShellEvent;
use crate::shell::Shell;

/// How often a stream looks whether it is still wanted.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Carries out a command, in the place that the page shows. Commands wait for clusters, so each has a thread of its own.
#[tauri::command]
pub async fn rpc(
    shell: State<'_, Arc<Shell>>,
    name: String,
    request: Value,
    place: Option<String>,
) -> Result<Box<RawValue>, AppError> {
    let shell = Arc::clone(&shell);
    apart(move || {
        let answer = shell.app()?.call_at(place.as_deref(), &name, request)?;
        // The first of a start: how long people wait for it is measured by this line.
        if name == TaskList::NAME && !shell.has_shown_tasks.swap(true, Ordering::Relaxed) {
            tracing::info!("the page is usable");
        }
        Ok(answer)
    })
    .await
}

/// Does something that waits, away from the threads that serve the window.
pub async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    match tauri::async_runtime::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(AppError::new(
            ErrorCode::Internal,
            format!("the command ended early: {error}"),
        )),
    }
}

/// Streams what happens from now on in the place that the page shows. Only the last subscription counts: the page that made an earlier one is gone.
#[tauri::command]
pub async fn subscribe(
    shell: State<'_, Arc<Shell>>,
    channel: Channel<AppEvent>,
    place: Option<String>,
) -> Result<(), AppError> {
    let shell = Arc::clone(&shell);
    apart(move || {
        let events = shell.app()?.subscribe_at(place.as_deref())?;
        let number = shell.subscriptions.fetch_add(1, Ordering::SeqCst) + 1;
        let relayed = std::thread::Builder::new().name("sluice-events".into()).spawn({
            let shell = Arc::clone(&shell);
            move || relay(&shell, number, &events, &channel)
        });
        relayed
            .map(drop)
            .map_err(|error| AppError::new(ErrorCode::Internal, format!("no thread for the events: {error}")))
    })
    .await
}

/// Tells the page on `channel` what the shell reports from now on, and what waited for it.
#[tauri::command]
pub fn shell_events(shell: State<'_, Arc<Shell>>, channel: Channel<ShellEvent>) {
    shell.page_events.listen(channel);
}

fn relay(shell: &Shell, number: u64, events: &Receiver<AppEvent>, channel: &Channel<AppEvent>) {
    let mut lost = false;
    while shell.subscriptions.load(Ordering::SeqCst) == number {
        let event = match events.recv_timeout(LOOK_EVERY) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        // A window in the tray draws nothing. When it is back it asks for everything again.
        if !shell.is_visible.load(Ordering::Relaxed) {
            lost |= event.is_some();
            continue;
        }
        let resync = std::mem::take(&mut lost).then_some(AppEvent::Resync);
        for event in resync.into_iter().chain(event) {
            if let Err(error) = channel.send(event) {
                tracing::debug!(%error, "the page is gone");
                return;
            }
        }
    }
}
