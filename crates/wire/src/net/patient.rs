use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::cancel::CANCEL_INTERVAL;
use crate::error::WireError;
use crate::net::budget::Budget;

/// A blocking stream whose reads and writes end with a budget: for what is exchanged before a connection is in use.
pub(crate) struct Patient<'a> {
    stream: &'a mut TcpStream,
    budget: &'a Budget,
    what: &'a str,
    address: &'a str,
    failure: Option<WireError>,
}

impl<'a> Patient<'a> {
    pub(crate) fn new(
        stream: &'a mut TcpStream,
        budget: &'a Budget,
        what: &'a str,
        address: &'a str,
    ) -> Self {
        Self {
            stream,
            budget,
            what,
            address,
            failure: None,
        }
    }

    /// The time-out or the cancellation that ended it, which an `io::Error` cannot carry.
    pub(crate) fn failure(&mut self) -> Option<WireError> {
        self.failure.take()
    }

    fn check(&mut self) -> io::Result<()> {
        match self.budget.check(self.what, self.address) {
            Ok(_) => Ok(()),
            Err(error) => {
                self.failure = Some(error);
                Err(ErrorKind::TimedOut.into())
            }
        }
    }
}

fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(CANCEL_INTERVAL))?;
        loop {
            self.check()?;
            match self.stream.read(buffer) {
                Err(error) if is_pause(&error) => {}
                other => return other,
            }
        }
    }
}

impl Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(CANCEL_INTERVAL))?;
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
