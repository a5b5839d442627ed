use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use sluice_app::{App, AppError, ControlServer, ErrorCode};

use crate::arguments::Arguments;
use crate::notifications::SystemNotifier;
use crate::page_events::PageEvents;
use crate::tray::Tray;

/// What the parts of the shell share.
pub struct Shell {
    dir: PathBuf,
    starts_hidden: bool,
    starts_demo: bool,
    phase: Mutex<Phase>,
    /// Called at every change of the phase.
    changed: Condvar,
    notifier: Arc<SystemNotifier>,
    tray: Tray,
    /// Whether a person wants to see the window.
    pub wants_window: AtomicBool,
    /// Whether the page has been loaded, so that there is something to see.
    pub page_is_loaded: AtomicBool,
    /// Whether the window can be seen: a hidden one does not get every number.
    pub is_visible: AtomicBool,
    /// Whether the page has been given the tasks once.
    pub has_shown_tasks: AtomicBool,
    /// Whether the page was asked what closing is to do.
    pub has_asked: AtomicBool,
    /// Events of the shell for the page.
    pub page_events: PageEvents,
    /// Counts subscriptions to events: a page that was loaded again subscribes again, and the earlier one ends.
    pub subscriptions: AtomicU64,
}

/// Where the application behind the window stands.
pub enum Phase {
    /// The data folder is being opened.
    Opening,
    /// Commands are taken.
    Open {
        /// The application.
        app: Arc<App>,
        /// Takes commands of `sluice`.
        control: Option<ControlServer>,
    },
    /// The data folder cannot be used.
    Trouble(AppError),
    /// The program ends.
    Quitting,
}

impl Shell {
    pub fn new(dir: PathBuf, arguments: &Arguments) -> Self {
        Self {
            dir,
            starts_hidden: arguments.hidden,
            starts_demo: arguments.demo,
            phase: Mutex::new(Phase::Opening),
            changed: Condvar::new(),
            notifier: Arc::default(),
            tray: Tray::default(),
            wants_window: AtomicBool::new(false),
            page_is_loaded: AtomicBool::new(false),
            is_visible: AtomicBool::new(false),
            has_shown_tasks: AtomicBool::new(false),
            has_asked: AtomicBool::new(false),
            page_events: PageEvents::default(),
            subscriptions: AtomicU64::new(0),
        }
    }

    /// The data folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether it was started for the tray, as at login.
    pub fn starts_hidden(&self) -> bool {
        self.starts_hidden
    }

    /// Whether it was started to show the demonstration.
    pub fn starts_demo(&self) -> bool {
        self.starts_demo
    }

    /// Shows notifications of the system.
    pub fn notifier(&self) -> &Arc<SystemNotifier> {
        &self.notifier
    }

    /// The icon in the tray.
    pub fn tray(&self) -> &Tray {
        &self.tray
    }

    /// Whether the program goes on when no window is left: in the tray, or while it changes from one window to another.
    pub fn stays_without_window(&self) -> bool {
        self.tray.is_visible() || !matches!(*self.locked(), Phase::Quitting)
    }

    fn locked(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the application into another phase, and returns the earlier one. Quitting stays quitting.
    pub fn enter(&self, phase: Phase) -> Phase {
        let mut now = self.locked();
        if matches!(*now, Phase::Quitting) {
            return phase;
        }
        let before = std::mem::replace(&mut *now, phase);
        self.changed.notify_all();
        before
    }

    /// The application, if it is open now.
    pub fn open_app(&self) -> Option<Arc<App>> {
        match &*self.locked() {
            Phase::Open { app, .. } => Some(Arc::clone(app)),
            Phase::Opening | Phase::Trouble(_) | Phase::Quitting => None,
        }
    }

    /// The application, once it is open.
    ///
    /// # Errors
    /// It cannot be opened, or the program ends.
    pub fn app(&self) -> Result<Arc<App>, AppError> {
        let mut phase = self.locked();
        loop {
            match &*phase {
                Phase::Opening => {
                    phase = self.changed.wait(phase).unwrap_or_else(PoisonError::into_inner);
                }
                Phase::Open { app, .. } => return Ok(Arc::clone(app)),
                Phase::Trouble(error) => return Err(error.clone()),
                Phase::Quitting => {
                    return Err(AppError::new(ErrorCode::Cancelled, "Sluice is quitting"));
                }
            }
        }
    }

    /// What is wrong with the data folder, if something is.
    pub fn trouble(&self) -> Option<AppError> {
        match &*self.locked() {
            Phase::Trouble(error) => Some(error.clone()),
            Phase::Opening | Phase::Open { .. } | Phase::Quitting => None,
        }
    }

    /// Whether the program ends.
    pub fn is_quitting(&self) -> bool {
        matches!(*self.locked(), Phase::Quitting)
    }

    /// Whether the window has something to show and somebody wants to see it.
    pub fn may_show(&self) -> bool {
        self.wants_window.load(Ordering::Relaxed)
            && self.page_is_loaded.load(Ordering::Relaxed)
            && !matches!(*self.locked(), Phase::Opening)
    }
}
