use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How often a wait looks whether it was cancelled.
const SLICE: Duration = Duration::from_millis(25);

/// A blocking stream whose reads and writes end with its user's patience: for what is exchanged before a connection is in
/// use.
pub struct Paced<'a, E> {
    stream: &'a mut TcpStream,
    check: &'a dyn Fn() -> Result<(), E>,
    ended: Option<E>,
}

impl<E: fmt::Debug> fmt::Debug for Paced<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced")
            .field("stream", &self.stream)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl<'a, E> Paced<'a, E> {
    /// Reads and writes go on as long as `check` lets them; it is asked before each and every 25 ms of it.
    pub fn new(stream: &'a mut TcpStream, check: &'a dyn Fn() -> Result<(), E>) -> Self {
        Self {
            stream,
            check,
            ended: None,
        }
    }

    /// The time-out or the cancellation that ended it, which an `io::Error` cannot carry.
    pub fn ended(&mut self) -> Option<E> {
        self.ended.take()
    }

    /// Leaves the stream as it was: without time-outs.
    pub(crate) fn release(self) -> io::Result<()> {
        self.stream.set_read_timeout(None)?;
        self.stream.set_write_timeout(None)
    }

    fn check(&mut self) -> io::Result<()> {
        (self.check)().map_err(|ended| {
            self.ended = Some(ended);
            ErrorKind::TimedOut.into()
        })
    }
}

fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

impl<E> Read for Paced<'_, E> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(SLICE))?;
        loop {
            self.check()?;
            match self.stream.read(buffer) {
                Err(error) if is_pause(&error) => {}
                other => return other,
            }
        }
    }
}

impl<E> Write for Paced<'_, E> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(SLICE))?;
        loop {
            self.check()?;
            match self.stream.write(bytes) {
                Err(error) if is_pause(&error) => {}
                other => return other,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
