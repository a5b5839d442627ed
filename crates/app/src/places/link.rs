//! One connection: a process of `ssh`, and threads that read what comes through it. It ends once and is not used again.

use std::collections::HashMap;
use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::failure::FarFailure;
use super::host::Host;
use super::said;
use super::ssh::Ssh;
use crate::protocol::{
    EVENTS, HELLO, Hello, InputLine, Line, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, PROTOCOL, Presence, Request,
    read_line, too_long,
};
use crate::{AppError, AppEvent, ErrorCode, Result};

/// How long the login may take and `sluice` there may take to answer first; longer where ssh may ask a person.
const GREETING: Duration = Duration::from_secs(40);
const GREETING_ASKED: Duration = Duration::from_secs(300);
/// How long nothing may come; the other side says every 5 s that it is there.
pub(super) const SILENCE: Duration = Duration::from_secs(20);
/// How long ssh may take to end when its output has ended, and to say why.
const LAST_WORDS: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Lines before the first answer that are left out: scripts of login shells print greetings.
const MOST_NOISE: usize = 200;
/// As much of what ssh says is kept.
const MOST_SAID: usize = 16 * 1024;

/// What a link hands on beside answers.
pub(super) trait Listener: Send + Sync {
    /// Something happened there.
    fn event(&self, event: &AppEvent);
    /// A program that runs tasks has come or gone.
    fn presence(&self, presence: Presence);
    /// The link has ended.
    fn ended(&self);
}

/// How a request ended that was not answered.
pub(super) enum Unanswered {
    /// It was not sent.
    NotSent,
    /// The connection ended before the answer.
    Lost,
    /// It cannot be sent at all.
    Refused(AppError),
}

/// A connection to `sluice` on another computer.
pub(super) struct Link {
    pub(super) hello: Hello,
    wire: Arc<Wire>,
}

/// What the threads of a link share.
struct Wire {
    host: Host,
    child: Mutex<Child>,
    input: Mutex<ChildStdin>,
    state: Mutex<State>,
    changed: Condvar,
    said: Mutex<String>,
}

#[derive(Default)]
struct State {
    next: u64,
    pending: HashMap<u64, Sender<Result<Box<RawValue>>>>,
    last_received: Option<Instant>,
    end: Option<FarFailure>,
}

impl Link {
    /// Starts ssh and waits for the first answer; gives up when `is_unwanted`.
    pub(super) fn open(
        ssh: &Ssh,
        host: &Host,
        listener: Arc<dyn Listener>,
        is_unwanted: &dyn Fn() -> bool,
    ) -> std::result::Result<Self, FarFailure> {
        let failed = |error: std::io::Error| FarFailure::NoSsh {
            reason: error.to_string(),
        };
        let mut child = ssh.command(host)?.spawn().map_err(failed)?;
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed(std::io::ErrorKind::BrokenPipe.into()));
        };
        let wire = Arc::new(Wire {
            host: host.clone(),
            child: Mutex::new(child),
            input: Mutex::new(input),
            state: Mutex::default(),
            changed: Condvar::new(),
            said: Mutex::default(),
        });
        wire.start(output, errors, listener).map_err(failed)?;
        match wire.greet(ssh, is_unwanted) {
            Ok(hello) => Ok(Self { hello, wire }),
            Err(failure) => {
                wire.end(&failure);
                Err(failure)
            }
        }
    }

    /// Has a command carried out there.
    pub(super) fn ask(
        &self,
        command: &str,
        request: Value,
    ) -> std::result::Result<Result<Box<RawValue>>, Unanswered> {
        let answer = self.wire.send(command, request)?;
        // The connection's end is the end of this, and it ends when it falls silent.
        answer.recv().map_err(|_| Unanswered::Lost)
    }

    /// Has events sent from now on.
    pub(super) fn follow(&self) {
        let asked = self.wire.send(EVENTS, Value::Object(serde_json::Map::new()));
        if asked.is_err() {
            tracing::debug!("the connection ended before it could ask for events");
        }
    }

    /// Says that this side is there, and ends the connection when the other one has been silent for too long.
    pub(super) fn look(&self) {
        // A thread that writes a large request to an ssh that has stopped holds the input, and is freed by the end of ssh.
        if let Ok(mut input) = self.wire.input.try_lock()
            && let Ok(text) = Line::alive().text()
            && let Err(error) = input.write_all(&text).and_then(|()| input.flush())
        {
            tracing::debug!(%error, "ssh takes nothing any more");
        }
        let silent = self.wire.locked().last_received.map(|at| at.elapsed());
        if silent.is_some_and(|silent| silent >= SILENCE) {
            self.wire.end(&FarFailure::Silent {
                host: self.wire.host.destination().to_owned(),
                seconds: SILENCE.as_secs(),
            });
        }
    }

    /// Why it has ended, once it has.
    pub(super) fn end(&self) -> Option<FarFailure> {
        self.wire.locked().end.clone()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.wire.end(&FarFailure::Lost {
            host: self.wire.host.destination().to_owned(),
            words: "it was closed here".to_owned(),
        });
    }
}

impl Wire {
    fn start(
        self: &Arc<Self>,
        output: ChildStdout,
        errors: ChildStderr,
        listener: Arc<dyn Listener>,
    ) -> std::io::Result<()> {
        let wire = Arc::clone(self);
        let (finished, errors_ended) = bounded(1);
        std::thread::Builder::new()
            .name("sluice-ssh-errors".into())
            .spawn(move || {
                wire.keep_said(errors);
                drop(finished);
            })?;
        let wire = Arc::clone(self);
        std::thread::Builder::new()
            .name("sluice-ssh".into())
            .spawn(move || {
                let failure = wire.read(output, &*listener);
                let failure = failure.unwrap_or_else(|| wire.why(&errors_ended));
                wire.end(&failure);
                listener.ended();
            })
            .map(drop)
    }

    /// Sends what is asked first, and waits for the answer.
    fn greet(&self, ssh: &Ssh, is_unwanted: &dyn Fn() -> bool) -> std::result::Result<Hello, FarFailure> {
        let host = self.host.destination().to_owned();
        let (patience, began) = (
            if ssh.may_ask() { GREETING_ASKED } else { GREETING },
            Instant::now(),
        );
        // What is written here is read when the login is over.
        let Ok(answer) = self.send(HELLO, Value::Object(serde_json::Map::new())) else {
            return Err(self.wait_for_end(&host));
        };
        let text = loop {
            match answer.recv_timeout(LOOK_EVERY) {
                Ok(Ok(text)) => break text,
                Ok(Err(error)) => {
                    return Err(FarFailure::Trouble {
                        host,
                        words: error.message,
                        is_passing: error.retryable,
                    });
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.wait_for_end(&host)),
                Err(RecvTimeoutError::Timeout) if is_unwanted() => {
                    return Err(FarFailure::Lost {
                        host,
                        words: "it was closed here".to_owned(),
                    });
                }
                Err(RecvTimeoutError::Timeout) if began.elapsed() >= patience => {
                    return Err(FarFailure::NoAnswer {
                        host,
                        seconds: patience.as_secs(),
                    });
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        let hello: Hello =
            serde_json::from_str(text.get()).map_err(|_| FarFailure::Unreadable { host: host.clone() })?;
        if hello.protocol != PROTOCOL {
            return Err(FarFailure::TooNew {
                host,
                there: hello.version,
                here: env!("CARGO_PKG_VERSION"),
            });
        }
        Ok(hello)
    }

    /// The reason of the reading thread, which is about to have it.
    fn wait_for_end(&self, host: &str) -> FarFailure {
        let state = self.locked();
        let (state, _) = self
            .changed
            .wait_timeout_while(state, 2 * LAST_WORDS, |state| state.end.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        state.end.clone().unwrap_or_else(|| FarFailure::Ended {
            host: host.to_owned(),
            words: "it was ended and said nothing".to_owned(),
        })
    }

    /// Sends a request; its answer comes on the channel, which is closed with the connection.
    fn send(
        &self,
        command: &str,
        request: Value,
    ) -> std::result::Result<Receiver<Result<Box<RawValue>>>, Unanswered> {
        let refused = |message: String| Unanswered::Refused(AppError::new(ErrorCode::InvalidInput, message));
        let (sender, receiver) = bounded(1);
        let id = {
            let mut state = self.locked();
            if state.end.is_some() {
                return Err(Unanswered::NotSent);
            }
            state.next += 1;
            let id = state.next;
            state.pending.insert(id, sender);
            id
        };
        let text = serde_json::to_vec(&Request {
            id: Some(id),
            command: command.to_owned(),
            request,
        });
        let mut text = match text {
            Ok(text) if text.len() as u64 >= MAX_REQUEST_BYTES => {
                self.locked().pending.remove(&id);
                return Err(refused(too_long()));
            }
            Ok(text) => text,
            Err(error) => {
                self.locked().pending.remove(&id);
                return Err(refused(error.to_string()));
            }
        };
        text.push(b'\n');
        let written = {
            let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
            input.write_all(&text).and_then(|()| input.flush())
        };
        match written {
            Ok(()) => Ok(receiver),
            Err(error) => {
                tracing::debug!(%error, "ssh takes nothing any more");
                self.locked().pending.remove(&id);
                // A part of a line is not carried out.
                Err(Unanswered::NotSent)
            }
        }
    }

    /// Takes in what comes until it ends. Returns why, where that is not for ssh to say.
    fn read(&self, output: ChildStdout, listener: &dyn Listener) -> Option<FarFailure> {
        let unreadable = || {
            Some(FarFailure::Unreadable {
                host: self.host.destination().to_owned(),
            })
        };
        let mut output = BufReader::with_capacity(64 * 1024, output);
        let mut noise = 0;
        while let Ok(Some(line)) = read_line(&mut output, MAX_ANSWER_BYTES) {
            let InputLine::Line(line) = line else {
                return unreadable();
            };
            let line = match serde_json::from_slice::<Line>(&line) {
                Ok(line) => line,
                Err(_) if self.locked().last_received.is_none() && noise < MOST_NOISE => {
                    noise += 1;
                    continue;
                }
                Err(_) => return unreadable(),
            };
            self.take(line, listener);
        }
        None
    }

    fn take(&self, line: Line, listener: &dyn Listener) {
        let waiting = {
            let mut state = self.locked();
            state.last_received = Some(Instant::now());
            line.id.and_then(|id| state.pending.remove(&id))
        };
        if let Some(presence) = line.presence {
            listener.presence(presence);
        }
        if let Some(event) = line.event {
            match serde_json::from_str(event.get()) {
                Ok(event) => listener.event(&event),
                // One of a newer version.
                Err(error) => tracing::debug!(%error, "an event is not known here"),
            }
        }
        if let Some(waiting) = waiting {
            let answer = match (line.error, line.ok) {
                (Some(error), _) => Err(error),
                (None, Some(answer)) => Ok(answer),
                (None, None) => {
                    to_raw_value(&()).map_err(|error| AppError::new(ErrorCode::Internal, error.to_string()))
                }
            };
            // Who asked may have given up.
            drop(waiting.send(answer));
        }
    }

    /// Keeps the end of what ssh says.
    fn keep_said(&self, mut errors: ChildStderr) {
        let mut piece = [0; 4096];
        while let Ok(count) = errors.read(&mut piece) {
            if count == 0 {
                return;
            }
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            said.push_str(&String::from_utf8_lossy(&piece[..count]));
            if said.len() > MOST_SAID {
                let from = said.ceil_char_boundary(said.len() - MOST_SAID);
                said.drain(..from);
            }
        }
    }

    /// Why the output has ended, as ssh says.
    fn why(&self, errors_ended: &Receiver<()>) -> FarFailure {
        // Closed when all was read; a connection in the background that others share may hold it open.
        if errors_ended.recv_timeout(LAST_WORDS) == Err(RecvTimeoutError::Timeout) {
            tracing::debug!("ssh may have more to say");
        }
        let until = Instant::now() + LAST_WORDS;
        let mut code = None;
        while Instant::now() < until {
            let ended = self
                .child
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .try_wait();
            match ended {
                Ok(Some(status)) => {
                    code = status.code();
                    break;
                }
                Ok(None) => std::thread::sleep(LOOK_EVERY / 5),
                Err(_) => break,
            }
        }
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match self.locked().last_received {
            None => said::failure(&self.host, code, &said),
            Some(_) => FarFailure::Lost {
                host: self.host.destination().to_owned(),
                words: said::last_words(&said, code),
            },
        }
    }

    /// Ends the connection, once, and everything that waits for it.
    fn end(&self, failure: &FarFailure) {
        {
            let mut state = self.locked();
            if state.end.is_none() {
                state.end = Some(failure.clone());
            }
            state.pending.clear();
        }
        self.changed.notify_all();
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // Also one that has stopped; one that has ended is no error.
        if let Err(error) = child.kill().and_then(|()| child.wait().map(drop)) {
            tracing::debug!(%error, "ssh could not be ended");
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
