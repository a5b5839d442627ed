//! Commands from other programs of the same user: a socket in the data folder (a named pipe on Windows), one line of JSON
//! a request, one line an answer.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ListenerOptions, Name, Stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::{App, AppError, Command, ErrorCode, Result};

/// How long the server waits when it cannot take anybody in.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The longest request; the longest command holds the names of some ten thousand topics.
const LONGEST: u64 = 16 * 1024 * 1024;
/// How long a request may take to arrive from its first byte to its last, and its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one read waits before it looks at the clock, and whether the server is to end.
const SLICE: Duration = Duration::from_millis(100);
/// Conversations at once; more wait until one ends.
const MOST: usize = 32;
/// The longest path of a socket on Linux and macOS.
#[cfg(unix)]
const LONGEST_PATH: usize = 100;

#[derive(Serialize, Deserialize)]
struct Request {
    command: String,
    request: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Ok(Box<RawValue>),
    Error(AppError),
}

/// A [`Reply`] as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told<T> {
    Ok(T),
    Error(AppError),
}

/// Takes commands for an application until it is dropped.
pub struct ControlServer {
    endpoint: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ControlServer {
    /// Begins to take commands and tells other programs where.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn start(app: Arc<App>) -> Result<Self> {
        let endpoint = endpoint(app.dir());
        let failed = |error: std::io::Error| {
            AppError::new(
                ErrorCode::Storage,
                format!("no commands can be taken from other programs at '{endpoint}': {error}"),
            )
        };
        // What a killed program left behind; the owner's lock says that none is alive.
        if cfg!(unix) && Path::new(&endpoint).exists() {
            std::fs::remove_file(&endpoint).map_err(failed)?;
        }
        let options = ListenerOptions::new().name(name(&endpoint).map_err(failed)?);
        // Outside of the data folder the socket stands where others may look. Elsewhere than on Linux the folder for
        // temporary files is the user's own.
        #[cfg(target_os = "linux")]
        let options = interprocess::os::unix::local_socket::ListenerOptionsExt::mode(options, 0o600);
        let listener = options.create_sync().map_err(failed)?;
        app.publish_endpoint(&endpoint)?;
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new()
            .name("sluice-control".into())
            .spawn({
                // Whoever ends the application must not depend on this thread's end.
                let (app, stop) = (Arc::downgrade(&app), Arc::clone(&stop));
                move || serve(&app, &listener, &stop)
            })
            .map_err(failed)?;
        Ok(Self {
            endpoint,
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It waits for somebody to come. Where nobody can come any more it is left behind.
        if let Err(error) = name(&self.endpoint).and_then(Stream::connect) {
            tracing::warn!(%error, endpoint = %self.endpoint, "the control socket has gone before its owner");
            return;
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the control thread panicked");
        }
    }
}

/// A client that is being listened to, or answered.
struct Talk {
    thread: JoinHandle<()>,
    /// Whether its request has arrived.
    heard: Arc<AtomicBool>,
}

fn serve(app: &Weak<App>, listener: &interprocess::local_socket::Listener, stop: &Arc<AtomicBool>) {
    let mut talks: Vec<Talk> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        talks.retain(|talk| !talk.thread.is_finished());
        if talks.len() >= MOST {
            std::thread::sleep(LOOK_EVERY);
            continue;
        }
        match listener.accept() {
            Ok(_) if stop.load(Ordering::Relaxed) => break,
            Ok(stream) => {
                let (app, stop) = (Weak::clone(app), Arc::clone(stop));
                let heard = Arc::new(AtomicBool::new(false));
                let thread = std::thread::Builder::new().name("sluice-talk".into()).spawn({
                    let heard = Arc::clone(&heard);
                    move || {
                        if let Err(error) = talk(&app, stream, &stop, &heard) {
                            tracing::debug!(%error, "a conversation ended early");
                        }
                    }
                });
                match thread {
                    Ok(thread) => talks.push(Talk { thread, heard }),
                    Err(error) => tracing::error!(%error, "no thread for a conversation"),
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a program could not be let in");
                std::thread::sleep(LOOK_EVERY);
            }
        }
    }
    // Each answers one request and ends; commands that take long have deadlines of their own. Who has not asked yet is
    // not waited for: a named pipe cannot be read with a deadline.
    for talk in talks
        .into_iter()
        .filter(|talk| cfg!(unix) || talk.heard.load(Ordering::Relaxed))
    {
        if talk.thread.join().is_err() {
            tracing::error!("a conversation's thread panicked");
        }
    }
}

/// What a client sent.
enum Heard {
    Line(Vec<u8>),
    TooLong,
}

/// Answers one request.
fn talk(app: &Weak<App>, stream: Stream, stop: &AtomicBool, heard: &AtomicBool) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    // Who connects and says nothing, or one letter now and then, must not hold up the end of the program.
    where_possible(stream.set_recv_timeout(Some(SLICE)))?;
    where_possible(stream.set_send_timeout(Some(PATIENCE)))?;
    let request = hear(&stream, stop)?;
    heard.store(true, Ordering::Relaxed);
    // Not before: who says nothing must not keep the application alive.
    let Some(app) = app.upgrade() else {
        return Err(ErrorKind::ConnectionAborted.into());
    };
    let invalid = |message: String| Reply::Error(AppError::new(ErrorCode::InvalidInput, message));
    let reply = match request {
        Heard::TooLong => invalid(too_long()),
        Heard::Line(line) => match serde_json::from_slice::<Request>(&line) {
            Ok(request) => match app.call_by_name(&request.command, request.request) {
                Ok(answer) => Reply::Ok(answer),
                Err(error) => Reply::Error(error),
            },
            Err(_) => invalid(
                "this is no request: write {\"command\": NAME, \"request\": {…}} on one line".to_owned(),
            ),
        },
    };
    let mut text = serde_json::to_vec(&reply)?;
    text.push(b'\n');
    (&stream).write_all(&text)?;
    (&stream).flush()
}

/// Named pipes know no time-outs.
fn where_possible(set: std::io::Result<()>) -> std::io::Result<()> {
    match set {
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
        set => set,
    }
}

/// Reads one line, or as much as comes before the end. Of a line that is too long the rest is read as well and thrown
/// away: its writer would see a broken connection instead of the answer.
fn hear(mut stream: &Stream, stop: &AtomicBool) -> std::io::Result<Heard> {
    let until = Instant::now() + PATIENCE;
    let (mut line, mut read) = (Vec::new(), 0_u64);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let count = match stream.read(&mut piece) {
            Ok(count) => count,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) =>
            {
                if stop.load(Ordering::Relaxed) || Instant::now() >= until {
                    return Err(ErrorKind::TimedOut.into());
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        let end = piece[..count].iter().position(|byte| *byte == b'\n');
        let part = &piece[..end.unwrap_or(count)];
        read += part.len() as u64;
        if read > LONGEST {
            line = Vec::new();
        } else {
            line.extend_from_slice(part);
        }
        if count == 0 || end.is_some() {
            return Ok(if read > LONGEST {
                Heard::TooLong
            } else {
                Heard::Line(line)
            });
        }
        if stop.load(Ordering::Relaxed) || Instant::now() >= until {
            return Err(ErrorKind::TimedOut.into());
        }
    }
}

fn too_long() -> String {
    format!(
        "a request may have {} MB at most; choose topics by a pattern instead of naming each",
        LONGEST / 1024 / 1024
    )
}

/// An application in another program.
pub struct RemoteApp {
    endpoint: String,
    // One request after the other, as from one person.
    turn: Mutex<()>,
}

impl RemoteApp {
    /// The application behind an endpoint that its owner published.
    pub fn at(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            turn: Mutex::new(()),
        }
    }

    /// Has a command carried out there.
    ///
    /// # Errors
    /// The program is gone, or as the command says.
    pub fn call<C: Command>(&self, command: C) -> Result<C::Answer> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = |error: &dyn std::fmt::Display| {
            AppError::new(
                ErrorCode::Owned,
                format!(
                    "the program that has the data folder does not answer ({error}); if it has just ended, repeat the command"
                ),
            )
        };
        let request = serde_json::to_value(command).map_err(|error| lost(&error))?;
        let mut text = serde_json::to_vec(&Request {
            command: C::NAME.to_owned(),
            request,
        })
        .map_err(|error| lost(&error))?;
        text.push(b'\n');
        if text.len() as u64 > LONGEST {
            return Err(AppError::new(ErrorCode::InvalidInput, too_long()));
        }
        let stream = Stream::connect(name(&self.endpoint).map_err(|error| lost(&error))?)
            .map_err(|error| lost(&error))?;
        (&stream).write_all(&text).map_err(|error| lost(&error))?;
        let mut line = Vec::new();
        BufReader::new(&stream)
            .read_until(b'\n', &mut line)
            .map_err(|error| lost(&error))?;
        match serde_json::from_slice(&line) {
            Ok(Told::Ok(answer)) => Ok(answer),
            Ok(Told::Error(error)) => Err(error),
            Err(error) if error.is_data() => Err(AppError::new(
                ErrorCode::Internal,
                format!("the answer cannot be read ({error}); the other program may be of another version"),
            )),
            Err(error) => Err(lost(&error)),
        }
    }
}

#[cfg(unix)]
fn endpoint(dir: &Path) -> String {
    let place = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let own = place.join("control.sock");
    if own.as_os_str().len() <= LONGEST_PATH {
        return own.display().to_string();
    }
    // A path this long cannot be a socket's. The folder's id keeps two folders apart; the owner tells the others where.
    let id = place
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(std::path::PathBuf::from);
    runtime
        .filter(|dir| dir.is_absolute() && dir.is_dir() && dir.as_os_str().len() <= LONGEST_PATH - 32)
        .unwrap_or_else(std::env::temp_dir)
        .join(format!("sluice-{id:016x}.sock"))
        .display()
        .to_string()
}

#[cfg(unix)]
fn name(endpoint: &str) -> std::io::Result<Name<'_>> {
    endpoint.to_fs_name::<interprocess::local_socket::GenericFilePath>()
}

#[cfg(not(unix))]
fn endpoint(dir: &Path) -> String {
    let place = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let id = place
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    format!("sluice-{id:016x}")
}

#[cfg(not(unix))]
fn name(endpoint: &str) -> std::io::Result<Name<'_>> {
    endpoint.to_ns_name::<interprocess::local_socket::GenericNamespaced>()
}
