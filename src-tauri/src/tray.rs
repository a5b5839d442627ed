//! The icon in the tray, where the desktop has one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use sluice_app::{App, AppEvent, TaskList, TaskRowView};
use tauri::tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager};

use crate::language::Language;
use crate::shell::Shell;
use crate::texts::{Texts, texts};
use crate::tray_icon::Gate;
use crate::tray_menu::{self, Line};
use crate::window;

const ID: &str = "main";
/// How often the icon and the menu may change.
const CALM: Duration = Duration::from_secs(1);
/// How often they are looked at although no event came: a task that falls behind says so with its numbers alone.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The icon in the tray.
#[derive(Debug, Default)]
pub struct Tray {
    is_made: AtomicBool,
}

impl Tray {
    /// Whether a person can see it: it was made, and the desktop shows such icons.
    pub fn is_visible(&self) -> bool {
        self.is_made.load(Ordering::Relaxed) && desktop_shows_icons()
    }
}

/// Makes the icon. Without one the program works all the same.
pub fn start(app: &AppHandle) {
    if let Err(reason) = can_be_made() {
        tracing::warn!(%reason, "there is no icon in the tray");
        return;
    }
    match make(app) {
        Ok(()) => app
            .state::<Arc<Shell>>()
            .tray()
            .is_made
            .store(true, Ordering::Relaxed),
        Err(error) => tracing::warn!(%error, "there is no icon in the tray"),
    }
}

fn make(app: &AppHandle) -> tauri::Result<()> {
    let texts = texts(Language::of_the_system());
    TrayIconBuilder::with_id(ID)
        .icon(Gate::Closed.image()?)
        .tooltip("Sluice")
        .menu(&tray_menu::menu(app, &tray_menu::lines(None, texts))?)
        .show_menu_on_left_click(cfg!(target_os = "macos"))
        .on_menu_event(|app, event| tray_menu::on_click(app, &event))
        .on_tray_icon_event(|tray, event| {
            // Linux desktops show the menu and say nothing of clicks.
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
                && !cfg!(target_os = "macos")
            {
                window::want(tray.app_handle());
            }
        })
        .build(app)
        .map(drop)
}

/// Has icon, tooltip and menu follow the tasks, until the application ends.
pub fn follow(app: &AppHandle, opened: &Arc<App>) {
    if app.tray_by_id(ID).is_none() {
        return;
    }
    let following = std::thread::Builder::new().name("sluice-tray".into()).spawn({
        let (app, events, opened) = (app.clone(), opened.subscribe(), Arc::downgrade(opened));
        move || keep_up(&app, &events, &opened)
    });
    if let Err(error) = following {
        tracing::error!(%error, "the icon in the tray does not follow the tasks");
    }
}

/// What the tray shows.
#[derive(PartialEq)]
struct Shown {
    gate: Gate,
    tooltip: String,
    lines: Vec<Line>,
}

impl Shown {
    fn of(tasks: &[TaskRowView], texts: &Texts) -> Self {
        let gate = Gate::of(tasks);
        Self {
            gate,
            tooltip: format!("Sluice · {}", (texts.gate)(gate)),
            lines: tray_menu::lines(Some(tasks), texts),
        }
    }
}

fn keep_up(app: &AppHandle, events: &Receiver<AppEvent>, opened: &Weak<App>) {
    let mut shown: Option<Shown> = None;
    loop {
        let looked = Instant::now();
        {
            // Not held while it waits: the program ends only when the application is no longer in use.
            let Some(opened) = opened.upgrade() else { return };
            match opened.call(TaskList::default()) {
                Ok(page) => {
                    let now = Shown::of(&page.tasks, texts(Language::of(&opened)));
                    if shown.as_ref() != Some(&now) {
                        show(app, shown.as_ref(), &now);
                        shown = Some(now);
                    }
                }
                Err(error) => tracing::warn!(%error, "the tray does not know the tasks"),
            }
        }
        if !wait_for_change(events, looked) {
            return;
        }
    }
}

/// Waits until something may have changed, at least a moment after `looked`. Returns whether it goes on.
fn wait_for_change(events: &Receiver<AppEvent>, looked: Instant) -> bool {
    let mut changed = false;
    loop {
        let age = looked.elapsed();
        let until = if changed { CALM } else { LOOK_EVERY };
        if age >= until {
            return true;
        }
        match events.recv_timeout(until - age) {
            Ok(AppEvent::TaskState { .. } | AppEvent::TasksChanged | AppEvent::Resync) => changed = true,
            Ok(
                AppEvent::TaskProgress { .. }
                | AppEvent::SourcesChanged
                | AppEvent::PlacesChanged
                | AppEvent::SourceTestStep { .. }
                | AppEvent::PreCheckItem { .. }
                | AppEvent::VerificationProgress { .. }
                | AppEvent::VerificationEnded { .. }
                | AppEvent::ReadinessItem { .. }
                | AppEvent::CutoverChanged { .. }
                | AppEvent::Alert { .. },
            )
            | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

/// Changes what differs from `before`.
fn show(app: &AppHandle, before: Option<&Shown>, now: &Shown) {
    let Some(tray) = app.tray_by_id(ID) else { return };
    let changed = || -> tauri::Result<()> {
        if before.is_none_or(|before| before.gate != now.gate) {
            tray.set_icon(Some(now.gate.image()?))?;
            tray.set_tooltip(Some(&now.tooltip))?;
        }
        if before.is_none_or(|before| before.lines != now.lines) {
            tray.set_menu(Some(tray_menu::menu(app, &now.lines)?))?;
        }
        Ok(())
    };
    if let Err(error) = changed() {
        tracing::warn!(%error, "the icon in the tray is not up to date");
    }
}

/// Whether an icon can be made: the library for it ends the program where its system library is missing.
#[cfg(target_os = "linux")]
fn can_be_made() -> Result<(), String> {
    let names = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];
    #[expect(
        unsafe_code,
        reason = "loading runs the library's initializers; it is the one that the tray loads anyway"
    )]
    let is_there = names
        .iter()
        .any(|name| unsafe { libloading::Library::new(name) }.is_ok());
    if is_there {
        Ok(())
    } else {
        Err(format!("none of {} is installed", names.join(", ")))
    }
}

#[cfg(not(target_os = "linux"))]
fn can_be_made() -> Result<(), String> {
    Ok(())
}

/// Whether something shows icons of programs: GNOME, for one, needs an extension for it.
#[cfg(target_os = "linux")]
fn desktop_shows_icons() -> bool {
    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    let asked: zbus::Result<bool> = zbus::block_on(async {
        let bus = zbus::Connection::session().await?;
        let answer = bus
            .call_method(
                Some("org.freedesktop.DBus"),
                "/org/freedesktop/DBus",
                Some("org.freedesktop.DBus"),
                "NameHasOwner",
                &WATCHER,
            )
            .await?;
        answer.body().deserialize()
    });
    match asked {
        Ok(is_there) => is_there,
        Err(error) => {
            tracing::debug!(%error, "the session bus does not say whether icons are shown");
            false
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn desktop_shows_icons() -> bool {
    true
}
