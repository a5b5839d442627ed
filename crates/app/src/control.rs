//! Commands from other programs of the same user: a socket in the data folder (a named pipe on Windows), one line of JSON
//! a request, one line an answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ListenerNonblockingMode, ListenerOptions, Name, Stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{App, AppError, Command, ErrorCode, Result};

/// How often the server looks whether it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The longest request; the longest command holds the names of some ten thousand topics.
const LONGEST: u64 = 16 * 1024 * 1024;
/// How long a request may take to arrive, and its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
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

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Ok(Value),
    Error(AppError),
}

/// Takes commands for an application until it is dropped.
pub struct ControlServer {
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
        let listener = ListenerOptions::new()
            .name(name(&endpoint).map_err(failed)?)
            .create_sync()
            .map_err(failed)?;
        listener
            .set_nonblocking(ListenerNonblockingMode::Accept)
            .map_err(failed)?;
        app.publish_endpoint(&endpoint)?;
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new()
            .name("sluice-control".into())
            .spawn({
                let stop = Arc::clone(&stop);
                move || serve(&app, &listener, &stop)
            })
            .map_err(failed)?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the control thread panicked");
        }
    }
}

fn serve(app: &Arc<App>, listener: &interprocess::local_socket::Listener, stop: &Arc<AtomicBool>) {
    let mut talks: Vec<JoinHandle<()>> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        talks.retain(|talk| !talk.is_finished());
        if talks.len() >= MOST {
            std::thread::sleep(LOOK_EVERY);
            continue;
        }
        match listener.accept() {
            Ok(stream) => {
                let app = Arc::clone(app);
                let talk = std::thread::Builder::new()
                    .name("sluice-talk".into())
                    .spawn(move || {
                        if let Err(error) = talk(&app, stream) {
                            tracing::debug!(%error, "a conversation ended early");
                        }
                    });
                match talk {
                    Ok(talk) => talks.push(talk),
                    Err(error) => tracing::error!(%error, "no thread for a conversation"),
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => std::thread::sleep(LOOK_EVERY),
            Err(error) => {
                tracing::warn!(%error, "a program could not be let in");
                std::thread::sleep(LOOK_EVERY);
            }
        }
    }
    // Each answers one request and ends; commands that take long have deadlines of their own.
    for talk in talks {
        if talk.join().is_err() {
            tracing::error!("a conversation's thread panicked");
        }
    }
}

/// Answers one request.
fn talk(app: &App, stream: Stream) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    // Who connects and says nothing must not hold up the end of the program.
    stream.set_recv_timeout(Some(PATIENCE))?;
    stream.set_send_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
    let reply = match serde_json::from_slice::<Request>(&line) {
        Ok(request) => match app.call_by_name(&request.command, request.request) {
            Ok(answer) => Reply::Ok(answer),
            Err(error) => Reply::Error(error),
        },
        Err(_) => Reply::Error(AppError::new(
            ErrorCode::InvalidInput,
            "this is no request: write {\"command\": NAME, \"request\": {…}} on one line",
        )),
    };
    let mut text = serde_json::to_vec(&reply)?;
    text.push(b'\n');
    let stream = reader.into_inner();
    (&stream).write_all(&text)?;
    (&stream).flush()
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
        let stream = Stream::connect(name(&self.endpoint).map_err(|error| lost(&error))?)
            .map_err(|error| lost(&error))?;
        (&stream).write_all(&text).map_err(|error| lost(&error))?;
        let mut line = Vec::new();
        BufReader::new(&stream)
            .read_until(b'\n', &mut line)
            .map_err(|error| lost(&error))?;
        match serde_json::from_slice(&line).map_err(|error| lost(&error))? {
            Reply::Ok(answer) => serde_json::from_value(answer).map_err(|error| {
                AppError::new(
                    ErrorCode::Internal,
                    format!(
                        "the answer cannot be read ({error}); the other program may be of another version"
                    ),
                )
            }),
            Reply::Error(error) => Err(error),
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
    // A path this long cannot be a socket's. The folder's id keeps two folders apart.
    let id = place
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    std::env::temp_dir()
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
