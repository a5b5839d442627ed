use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;
use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ListenerOptions, Stream};
use serde_json::value::to_raw_value;

use super::endpoint::{endpoint, name};
use crate::protocol::{ALIVE_EVERY, EVENTS, Line, MAX_REQUEST_BYTES, Request, not_a_request, too_long};
use crate::{App, AppError, ErrorCode, Result};

/// How long the server waits when it cannot accept a connection.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a request may take to arrive from its first byte to its last, and its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one read waits before it looks at the clock, and whether the server is to end.
const SLICE: Duration = Duration::from_millis(100);
/// Connections at once; more wait until one ends.
const MAX_CONNECTIONS: usize = 32;
/// Connections that hear of events; the others are for commands.
const MAX_FOLLOWERS: usize = 16;

/// Takes commands for an application until it is dropped.
pub struct ControlServer {
    endpoint: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ControlServer {
    /// Begins to take commands and publishes where.
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
                // The end of the application must not depend on the end of this thread.
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
        // It waits for a connection. Where none can be made any more it is left behind.
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

/// A client that is asking, or being answered.
struct Connection {
    thread: JoinHandle<()>,
    /// Whether its request has arrived.
    has_asked: Arc<AtomicBool>,
}

fn serve(app: &Weak<App>, listener: &interprocess::local_socket::Listener, stop: &Arc<AtomicBool>) {
    let mut connections: Vec<Connection> = Vec::new();
    let followers = Arc::new(AtomicUsize::new(0));
    while !stop.load(Ordering::Relaxed) {
        connections.retain(|connection| !connection.thread.is_finished());
        if connections.len() >= MAX_CONNECTIONS {
            std::thread::sleep(LOOK_EVERY);
            continue;
        }
        match listener.accept() {
            Ok(_) if stop.load(Ordering::Relaxed) => break,
            Ok(stream) => {
                let (app, stop) = (Weak::clone(app), Arc::clone(stop));
                let has_asked = Arc::new(AtomicBool::new(false));
                let thread = std::thread::Builder::new()
                    .name("sluice-connection".into())
                    .spawn({
                        let (has_asked, followers) = (Arc::clone(&has_asked), Arc::clone(&followers));
                        move || {
                            if let Err(error) = answer(&app, stream, &stop, &has_asked, &followers) {
                                tracing::debug!(%error, "a connection ended early");
                            }
                        }
                    });
                match thread {
                    Ok(thread) => connections.push(Connection { thread, has_asked }),
                    Err(error) => tracing::error!(%error, "no thread for a connection"),
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                std::thread::sleep(LOOK_EVERY);
            }
        }
    }
    // A step of a cut-over waits for minutes, and can be repeated.
    if let Some(app) = app.upgrade() {
        app.give_up_waiting();
    }
    // Each answers one request and ends; commands that take long have deadlines of their own. A client
    // that has not asked yet is not waited for: a named pipe cannot be read with a deadline.
    for connection in connections
        .into_iter()
        .filter(|connection| cfg!(unix) || connection.has_asked.load(Ordering::Relaxed))
    {
        if connection.thread.join().is_err() {
            tracing::error!("a connection's thread panicked");
        }
    }
}

/// What a client sent.
enum RequestLine {
    Line(Vec<u8>),
    TooLong,
}

/// Answers one request.
fn answer(
    app: &Weak<App>,
    stream: Stream,
    stop: &AtomicBool,
    has_asked: &AtomicBool,
    followers: &AtomicUsize,
) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    // A client that sends nothing, or a byte now and then, must not hold up the end of the program.
    where_possible(stream.set_recv_timeout(Some(SLICE)))?;
    where_possible(stream.set_send_timeout(Some(PATIENCE)))?;
    let request = read_request(&stream, stop)?;
    has_asked.store(true, Ordering::Relaxed);
    // Not before: a client that sends nothing must not keep the application alive.
    let Some(app) = app.upgrade() else {
        return Err(ErrorKind::ConnectionAborted.into());
    };
    let refused = |message: String| Err(AppError::new(ErrorCode::InvalidInput, message));
    let answer = match request {
        RequestLine::TooLong => refused(too_long()),
        RequestLine::Line(line) => match serde_json::from_slice::<Request>(&line) {
            Ok(request) if request.command == EVENTS => {
                // It has no end of its own, and must not hold up that of the program.
                has_asked.store(false, Ordering::Relaxed);
                return match Follower::new(followers) {
                    Some(_follower) => stream_events(app, &stream, stop),
                    None => write(&stream, &Line::answer(None, refused(too_many_followers()))),
                };
            }
            Ok(request) => app.call_by_name(&request.command, request.request),
            Err(_) => refused(not_a_request()),
        },
    };
    write(&stream, &Line::answer(None, answer))
}

fn write(mut stream: &Stream, line: &Line) -> std::io::Result<()> {
    stream.write_all(&line.text()?)?;
    stream.flush()
}

/// One of at most [`MAX_FOLLOWERS`] connections that hear of events.
struct Follower<'a>(&'a AtomicUsize);

impl<'a> Follower<'a> {
    fn new(followers: &'a AtomicUsize) -> Option<Self> {
        let added = followers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| {
            (count < MAX_FOLLOWERS).then_some(count + 1)
        });
        added.is_ok().then_some(Self(followers))
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn too_many_followers() -> String {
    format!("{MAX_FOLLOWERS} programs hear of events already; end one of them and try again")
}

/// Sends what happens until the client or the application is gone.
fn stream_events(app: Arc<App>, stream: &Stream, stop: &AtomicBool) -> std::io::Result<()> {
    // Before the answer: who has read that and then asks for snapshots misses nothing.
    let events = app.subscribe();
    drop(app);
    write(stream, &Line::answer(None, Ok(to_raw_value(&())?)))?;
    let mut last = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let line = match events.recv_timeout(SLICE) {
            Ok(event) => Line {
                event: Some(to_raw_value(&event)?),
                ..Line::default()
            },
            // A client that is gone is noticed by this.
            Err(RecvTimeoutError::Timeout) if last.elapsed() >= ALIVE_EVERY => Line::alive(),
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        write(stream, &line)?;
        last = Instant::now();
    }
    Ok(())
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
fn read_request(mut stream: &Stream, stop: &AtomicBool) -> std::io::Result<RequestLine> {
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
        if read > MAX_REQUEST_BYTES {
            line = Vec::new();
        } else {
            line.extend_from_slice(part);
        }
        if count == 0 || end.is_some() {
            return Ok(if read > MAX_REQUEST_BYTES {
                RequestLine::TooLong
            } else {
                RequestLine::Line(line)
            });
        }
        if stop.load(Ordering::Relaxed) || Instant::now() >= until {
            return Err(ErrorKind::TimedOut.into());
        }
    }
}
