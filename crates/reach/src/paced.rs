use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::failure::ConnectFailure;
use crate::patience::Patience;

/// How often a wait looks whether it was cancelled.
const SLICE: Duration = Duration::from_millis(25);

/// A blocking stream whose reads and writes end with its user's patience.
pub(crate) struct Paced<'a> {
    stream: &'a mut TcpStream,
    patience: &'a Patience<'a>,
    ended: Option<ConnectFailure>,
}

impl<'a> Paced<'a> {
    pub(crate) fn new(stream: &'a mut TcpStream, patience: &'a Patience<'a>) -> Self {
        Self {
            stream,
            patience,
            ended: None,
        }
    }

    /// The time-out or the cancellation that ended it, which an `io::Error` cannot carry.
    pub(crate) fn ended(&mut self) -> Option<ConnectFailure> {
        self.ended.take()
    }

    /// Leaves the stream as it was: without time-outs.
    pub(crate) fn release(self) -> io::Result<()> {
        self.stream.set_read_timeout(None)?;
        self.stream.set_write_timeout(None)
    }

    fn check(&mut self) -> io::Result<()> {
        self.patience.left().map(drop).map_err(|ended| {
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

impl Read for Paced<'_> {
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

impl Write for Paced<'_> {
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
