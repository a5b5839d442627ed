//! Sluice in a window. Everything a person can do is a command of `sluice-app`; what stands here is the shell alone: the
//! window, the tray, notifications, log files, and the order in which the program ends.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod arguments;
mod bridge;
mod closing;
mod desktop_commands;
mod display;
mod language;
mod logs;
mod notifications;
mod opening;
mod page_events;
mod shell;
mod support_bundle;
mod texts;
mod tray;
mod tray_icon;
mod tray_menu;
mod trouble;
mod window;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tauri::{AppHandle, Builder, Manager, RunEvent, Wry};
use tauri_plugin_window_state::StateFlags;

use crate::arguments::Arguments;
use crate::shell::Shell;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(error) => {
            eprintln!("{error:#}");
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<i32> {
    display::require()?;
    let dir = arguments.data.clone().map_or_else(sluice_app::data_dir, Ok)?;
    // Until the end of the program: dropping it writes the last lines.
    let _log = logs::start(&dir);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), dir = %dir.display(), "Sluice starts");
    let shell = Arc::new(Shell::new(dir, &arguments));
    // While the window is being made.
    opening::begin(&shell, None);

    let app = with_single_instance(Builder::default(), &arguments)
        .plugin(
            tauri_plugin_window_state::Builder::new()
                .with_state_flags(StateFlags::all() & !StateFlags::VISIBLE)
                .build(),
        )
        .plugin(
            tauri_plugin_autostart::Builder::new()
                .arg("--hidden")
                .app_name("Sluice")
                .build(),
        )
        .plugin(tauri_plugin_dialog::init())
        .manage(Arc::clone(&shell))
        .invoke_handler(tauri::generate_handler![
            bridge::rpc,
            bridge::subscribe,
            bridge::shell_events,
            desktop_commands::shell_info,
            desktop_commands::set_autostart,
            desktop_commands::set_zoom,
            desktop_commands::close_choice,
            desktop_commands::pick_file,
            desktop_commands::save_file,
            desktop_commands::open_folder,
            desktop_commands::support_bundle,
            desktop_commands::quit,
            trouble::trouble,
            trouble::try_again,
        ])
        .on_window_event(closing::on_window_event)
        .setup(|app| {
            start(app.handle());
            Ok(())
        })
        .build(tauri::generate_context!())?;
    Ok(app.run_return(on_event))
}

/// What happens once the desktop is there.
fn start(app: &AppHandle) {
    let shell = app.state::<Arc<Shell>>().inner();
    shell.notifier().attach(app.clone());
    if let Err(error) = ctrlc::set_handler({
        let app = app.clone();
        move || closing::quit(&app)
    }) {
        tracing::warn!(%error, "Ctrl-C and SIGTERM end the program without draining");
    }
    tray::start(app);
    if !(shell.starts_hidden() && shell.tray().is_visible()) {
        window::want(app);
    }
    opening::follow(app);
}

/// One program for the user's own data folder. A folder that was given explicitly is guarded by its owner's lock alone:
/// another window on another folder is what was asked for.
fn with_single_instance(builder: Builder<Wry>, arguments: &Arguments) -> Builder<Wry> {
    if arguments.data.is_some() {
        return builder;
    }
    builder.plugin(
        tauri_plugin_single_instance::Builder::new()
            .callback(|app: &AppHandle, _, _| window::want(app))
            .build(),
    )
}

fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        // Somebody closed the last window, or macOS was asked to quit. `exit` itself comes with a code.
        RunEvent::ExitRequested { api, code: None, .. } => {
            api.prevent_exit();
            if !app.state::<Arc<Shell>>().stays_without_window() {
                closing::quit(app);
            }
        }
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => window::want(app),
        RunEvent::Exit => tracing::info!("Sluice has ended"),
        _ => {}
    }
}
