//! The control protocol over standard input and output, for a program on another computer that comes through `ssh`.

use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::client::{RemoteApp, read_answer};
use super::reach::{Reached, endpoint_of_owner, reach};
use crate::protocol::{
    ALIVE_EVERY, EVENTS, HELLO, Hello, InputLine, Line, MAX_REQUEST_BYTES, PROTOCOL, Presence, Request,
    not_a_request, read_line, too_long,
};
use crate::{
    App, AppError, AppEvent, AppInfo, AppInfoQuery, COMMAND_NAMES, Command, ErrorCode, Opening, Result,
};

/// How long a client may send nothing: it sends a sign of life every [`ALIVE_EVERY`]. A computer that sleeps does not.
const SILENCE: Duration = Duration::from_secs(60);
/// Numbered requests that are carried out beside each other; further ones wait in the pipe.
const AT_ONCE: usize = 32;
/// How often it looks whether a program that runs tasks has come or gone.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often a client is asked to look again, where the program that runs tasks sends no events: it is too old, or about to end.
const WITHOUT_EVENTS: Duration = Duration::from_secs(5);

/// How the folder is opened where no program runs its tasks.
pub type OpenFolder = dyn Fn() -> Opening + Send + Sync;

/// Carries out what comes in on `input` until it ends, on the data folder `dir`: in the program that runs its tasks, or here,
/// each command for itself, where there is none.
///
/// # Errors
/// The system gives no thread.
pub fn serve_stdio(
    dir: &Path,
    opening: Arc<OpenFolder>,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> Result<()> {
    let served = Arc::new(Served {
        dir: dir.to_owned(),
        opening,
        here: Mutex::new(Weak::new()),
        output: Output {
            to: Mutex::new(Box::new(output)),
            is_closed: AtomicBool::new(false),
        },
        is_greeted: AtomicBool::new(false),
        is_followed: AtomicBool::new(false),
    });
    // Its reader cannot be interrupted. It ends with the input, or with the program.
    let (sender, lines) = bounded(1);
    spawn("sluice-input", move || read(input, &sender))?;
    let result = served.serve(&lines);
    served.output.close();
    served.finish();
    result
}

/// Hands on lines until the input ends.
fn read(input: impl Read, lines: &Sender<InputLine>) {
    let mut input = BufReader::new(input);
    while let Ok(Some(line)) = read_line(&mut input, MAX_REQUEST_BYTES) {
        if lines.send(line).is_err() {
            return;
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| {
            AppError::new(
                ErrorCode::Internal,
                format!("no thread for a connection: {error}"),
            )
        })
}

struct Served {
    dir: PathBuf,
    opening: Arc<OpenFolder>,
    /// The application while it is open in this program: requests that overlap share it, and it is closed behind the last, so
    /// that a program that runs tasks can begin.
    here: Mutex<Weak<App>>,
    output: Output,
    is_greeted: AtomicBool,
    is_followed: AtomicBool,
}

impl Served {
    fn serve(self: &Arc<Self>, lines: &Receiver<InputLine>) -> Result<()> {
        // Tokens of the requests that are under way.
        let (begin, end) = bounded::<()>(AT_ONCE);
        while !self.output.is_closed() {
            let line = match lines.recv_timeout(SILENCE) {
                Ok(line) => line,
                // Requests under way in another program end by themselves, and their answers have no reader.
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            match read_request(line) {
                Ok(None) => {}
                Ok(Some(request)) if request.id.is_some() => {
                    if begin.send(()).is_err() {
                        return Ok(());
                    }
                    let (served, end) = (Arc::clone(self), end.clone());
                    spawn("sluice-request", move || {
                        served.answer(request);
                        if end.try_recv().is_err() {
                            tracing::error!("a request ended that had not begun");
                        }
                    })?;
                }
                Ok(Some(request)) => self.answer(request),
                Err(error) => self.output.send(&Line::answer(None, Err(error))),
            }
        }
        // All tokens are back when nothing is under way.
        for _ in 0..AT_ONCE {
            while !self.output.is_closed() && begin.send_timeout((), LOOK_EVERY).is_err() {}
        }
        Ok(())
    }

    /// Waits for what is under way in a folder that is open here; commands have deadlines of their own.
    fn finish(&self) {
        while self.locked().strong_count() > 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn answer(self: &Arc<Self>, request: Request) {
        let id = request.id;
        let answer = match request.command.as_str() {
            HELLO => self.hello(),
            EVENTS => self.follow(),
            command => self.carry_out(command, request.request),
        };
        self.output.send(&Line::answer(id, answer));
    }

    fn hello(self: &Arc<Self>) -> Result<Box<RawValue>> {
        let asked = serde_json::to_value(AppInfoQuery {}).map_err(unwritable)?;
        let info: AppInfo = read_answer(&self.carry_out(AppInfoQuery::NAME, asked)?)?;
        let hello = Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir: info.data_dir,
            commands: COMMAND_NAMES.iter().map(|&name| name.to_owned()).collect(),
            presence: Presence {
                runs_tasks: info.runs_tasks,
                version: Some(info.version).filter(|_| info.runs_tasks),
            },
        };
        if !self.is_greeted.swap(true, Ordering::SeqCst) {
            let served = Arc::clone(self);
            spawn("sluice-alive", move || served.stay_alive())?;
        }
        to_raw_value(&hello).map_err(unwritable)
    }

    /// Says now and then that it is there, also while it has nothing to answer: a client that hears nothing gives up.
    fn stay_alive(&self) {
        while !self.output.is_closed() {
            std::thread::sleep(ALIVE_EVERY);
            self.output.send(&Line::alive());
        }
    }

    fn carry_out(self: &Arc<Self>, command: &str, request: Value) -> Result<Box<RawValue>> {
        match self.application()? {
            Found::Here(app) => app.call_by_name(command, request),
            Found::There(app) => app.call_by_name(command, request),
        }
    }

    fn application(self: &Arc<Self>) -> Result<Found> {
        // Held while the folder is opened: two requests would wait for each other's lock on it.
        let mut here = self.locked();
        if let Some(app) = here.upgrade() {
            return Ok(Found::Here(app));
        }
        let app = match reach(&self.dir, &*self.opening)? {
            Reached::There(app) => return Ok(Found::There(app)),
            Reached::Here(app) => Arc::new(*app),
        };
        *here = Arc::downgrade(&app);
        let events = app.subscribe();
        let served = Arc::clone(self);
        // Until the application is closed.
        spawn("sluice-events", move || {
            for event in events {
                served.send_event(&event);
            }
        })?;
        Ok(Found::Here(app))
    }

    /// Sends events from now on.
    fn follow(self: &Arc<Self>) -> Result<Box<RawValue>> {
        if !self.is_followed.swap(true, Ordering::SeqCst) {
            let served = Arc::clone(self);
            spawn("sluice-follow", move || served.relay_events())?;
        }
        to_raw_value(&()).map_err(unwritable)
    }

    /// Hands on the events of whatever program runs the tasks, until the output is closed.
    fn relay_events(&self) {
        // What the client knows; the answer to its greeting may be out of date already.
        let mut announced: Option<Option<String>> = None;
        while !self.output.is_closed() {
            let endpoint = endpoint_of_owner(&self.dir).unwrap_or_else(|error| {
                tracing::debug!(%error, "the owner of the folder is not known");
                None
            });
            let app = endpoint.as_ref().map(RemoteApp::at);
            if announced.as_ref() != Some(&endpoint) {
                self.send_presence(app.as_ref());
                announced = Some(endpoint);
            }
            let mut pause = LOOK_EVERY;
            if let Some(app) = app {
                match app.follow(&|| self.send_event(&AppEvent::Resync), &|event| self.relay(event)) {
                    // It ended, and may be another one already.
                    Ok(()) => announced = None,
                    Err(error) => {
                        tracing::debug!(%error, "the program that runs tasks sends no events");
                        self.send_event(&AppEvent::Resync);
                        pause = WITHOUT_EVENTS;
                    }
                }
            }
            std::thread::sleep(pause);
        }
    }

    fn send_presence(&self, app: Option<&RemoteApp>) {
        let info = app.and_then(|app| app.call(AppInfoQuery {}).ok());
        self.output.send(&Line {
            presence: Some(Presence {
                runs_tasks: app.is_some(),
                version: info.map(|info| info.version),
            }),
            ..Line::default()
        });
        self.send_event(&AppEvent::Resync);
    }

    fn send_event(&self, event: &AppEvent) {
        match to_raw_value(event) {
            Ok(event) => {
                self.relay(&event);
            }
            Err(error) => tracing::error!(%error, "an event cannot be written"),
        }
    }

    /// Sends an event as it was written, to a client that has asked for them; returns whether it is still there.
    fn relay(&self, event: &RawValue) -> bool {
        if self.is_followed.load(Ordering::Relaxed) {
            self.output.send(&Line {
                event: Some(event.to_owned()),
                ..Line::default()
            });
        }
        !self.output.is_closed()
    }

    fn locked(&self) -> MutexGuard<'_, Weak<App>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Found {
    Here(Arc<App>),
    There(RemoteApp),
}

/// A request, or `None` for a sign of life.
fn read_request(line: InputLine) -> Result<Option<Request>> {
    let invalid = |message| AppError::new(ErrorCode::InvalidInput, message);
    let InputLine::Line(line) = line else {
        return Err(invalid(too_long()));
    };
    match serde_json::from_slice::<Request>(&line) {
        Ok(request) => Ok(Some(request)),
        Err(_) if serde_json::from_slice::<Line>(&line).is_ok_and(|line| line.alive.is_some()) => Ok(None),
        Err(_) => Err(invalid(not_a_request())),
    }
}

fn unwritable(error: serde_json::Error) -> AppError {
    AppError::new(
        ErrorCode::Internal,
        format!("the answer cannot be written: {error}"),
    )
}

/// Where everything is written, a line at a time.
struct Output {
    to: Mutex<Box<dyn Write + Send>>,
    is_closed: AtomicBool,
}

impl Output {
    fn send(&self, line: &Line) {
        let written = line.text().map_err(Into::into).and_then(|text| {
            let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
            to.write_all(&text)?;
            to.flush()
        });
        if let Err(error) = written {
            tracing::debug!(%error, "the client is gone");
            self.close();
        }
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }
}
