//! How the window closes and how the program ends: tasks stop at saved positions first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_app::{App, AppError, SettingSet, SettingsQuery, TaskCheckCancel, TaskList, TaskVerifyCancel};
use tauri::{AppHandle, Manager, Window, WindowEvent};
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons};

use crate::language::Language;
use crate::page_events::ShellEvent;
use crate::shell::{Phase, Shell};
use crate::texts::texts;
use crate::window;

/// Setting: what closing the window does.
const CHOICE_SETTING: &str = "page.close";
/// How long tasks may take to stop. What is not saved by then is copied again at the next start, as after a crash; with
/// exactly-once delivery nothing arrives twice all the same.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long commands that are under way may take until tasks are stopped regardless.
const LAST_COMMANDS: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What closing the window does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseChoice {
    /// Asks.
    Ask,
    /// Hides it; tasks go on.
    Tray,
    /// Ends the program.
    Quit,
}

impl CloseChoice {
    /// What was chosen.
    pub fn of(app: &App) -> Self {
        match app.call(SettingsQuery {}) {
            Ok(settings) => settings
                .values
                .get(CHOICE_SETTING)
                .and_then(|value| serde_json::from_value(value.clone()).ok())
                .unwrap_or(Self::Ask),
            Err(error) => {
                tracing::warn!(%error, "what closing does cannot be read");
                Self::Ask
            }
        }
    }

    /// Remembers it.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn keep(self, app: &App) -> Result<(), AppError> {
        app.call(SettingSet {
            key: CHOICE_SETTING.to_owned(),
            value: serde_json::to_value(self).unwrap_or(Value::Null),
        })
    }
}

/// Somebody closes a window.
pub fn on_window_event(window: &Window, event: &WindowEvent) {
    let WindowEvent::CloseRequested { api, .. } = event else {
        return;
    };
    let app = window.app_handle();
    let shell = app.state::<Arc<Shell>>();
    api.prevent_close();
    let Some(opened) = shell.open_app() else {
        // Nothing runs yet, or ever will.
        quit(app);
        return;
    };
    let choice = match CloseChoice::of(&opened) {
        // Asked a second time: the page does not answer, and must not hold the window open for ever.
        CloseChoice::Ask if !shell.has_asked.swap(true, Ordering::Relaxed) => {
            shell.page_events.tell(ShellEvent::AskClose);
            return;
        }
        CloseChoice::Ask => CloseChoice::Tray,
        choice => choice,
    };
    carry_out(app, choice);
}

/// Closes the window as it was chosen.
pub fn carry_out(app: &AppHandle, choice: CloseChoice) {
    let shell = app.state::<Arc<Shell>>();
    shell.has_asked.store(false, Ordering::Relaxed);
    match choice {
        CloseChoice::Ask => {}
        CloseChoice::Tray if shell.tray().is_visible() => window::hide(app),
        // A hidden window could not be found again.
        CloseChoice::Tray => {
            if let Some(window) = app.get_webview_window(window::MAIN)
                && let Err(error) = window.minimize()
            {
                tracing::warn!(%error, "the window cannot be minimized");
            }
        }
        CloseChoice::Quit => quit(app),
    }
}

/// Asks whether tasks that run are to stop, and ends the program. For a menu, where a click is quickly made.
pub fn ask_to_quit(app: &AppHandle) {
    let shell = app.state::<Arc<Shell>>();
    let Some(opened) = shell.open_app() else {
        quit(app);
        return;
    };
    let live = live_tasks(&opened);
    if live == 0 {
        quit(app);
        return;
    }
    let texts = texts(Language::of(&opened));
    let handle = app.clone();
    app.dialog()
        .message((texts.quit_question)(live))
        .title("Sluice")
        .buttons(MessageDialogButtons::OkCancelCustom(
            texts.quit.to_owned(),
            texts.cancel.to_owned(),
        ))
        .show(move |yes| {
            if yes {
                quit(&handle);
            }
        });
}

fn live_tasks(app: &App) -> usize {
    match app.call(TaskList::default()) {
        Ok(page) => page.tasks.iter().filter(|task| task.state.is_live()).count(),
        Err(error) => {
            tracing::warn!(%error, "the tasks cannot be counted");
            0
        }
    }
}

/// Ends the program: no new commands, then the tasks, then everything else.
pub fn quit(app: &AppHandle) {
    static QUITTING: AtomicBool = AtomicBool::new(false);
    if QUITTING.swap(true, Ordering::SeqCst) {
        return;
    }
    let shell = Arc::clone(app.state::<Arc<Shell>>().inner());
    tracing::info!("Sluice ends");
    let before = shell.enter(Phase::Quitting);
    let Phase::Open { app: opened, control } = before else {
        app.exit(0);
        return;
    };
    if live_tasks(&opened) > 0 {
        window::want(app);
    }
    let until = Instant::now() + DEADLINE;
    let finished = Arc::new(AtomicBool::new(false));
    let ending = std::thread::Builder::new().name("sluice-ending".into()).spawn({
        let (app, finished) = (app.clone(), Arc::clone(&finished));
        move || {
            drop(control);
            end(&app, opened);
            finished.store(true, Ordering::SeqCst);
        }
    });
    let watching = ending.and_then(|_| {
        std::thread::Builder::new().name("sluice-deadline".into()).spawn({
            let app = app.clone();
            move || {
                while !finished.load(Ordering::SeqCst) && Instant::now() < until {
                    std::thread::sleep(LOOK_EVERY);
                }
                if !finished.load(Ordering::SeqCst) {
                    tracing::warn!("tasks have not stopped in time; they go on from what was saved");
                }
                app.exit(0);
            }
        })
    });
    if let Err(error) = watching {
        tracing::error!(%error, "no thread to end in order");
        app.exit(1);
    }
}

/// Ends the application once it is no longer in use.
fn end(app: &AppHandle, opened: Arc<App>) {
    // What takes long would hold it open.
    cancel_long_commands(&opened);
    let until = Instant::now() + LAST_COMMANDS;
    let mut shared = opened;
    let owned = loop {
        match Arc::try_unwrap(shared) {
            Ok(owned) => break Some(owned),
            Err(still) if Instant::now() < until => {
                shared = still;
                std::thread::sleep(LOOK_EVERY);
            }
            Err(_) => break None,
        }
    };
    match owned {
        Some(owned) => owned.close_reporting(&|remaining| {
            tracing::info!(remaining, "tasks stop");
            let shell = app.state::<Arc<Shell>>();
            shell.page_events.tell(ShellEvent::Quitting { remaining });
        }),
        None => tracing::warn!("a command is still under way; the tasks end with the program"),
    }
}

fn cancel_long_commands(app: &App) {
    let tasks = match app.call(TaskList::default()) {
        Ok(page) => page.tasks,
        Err(error) => {
            tracing::warn!(%error, "the tasks cannot be listed");
            return;
        }
    };
    for task in tasks {
        let task = task.id.as_str().to_owned();
        let cancelled = app
            .call(TaskCheckCancel { task: task.clone() })
            .and_then(|_| app.call(TaskVerifyCancel { task }));
        if let Err(error) = cancelled {
            tracing::debug!(%error, "nothing to cancel");
        }
    }
}
