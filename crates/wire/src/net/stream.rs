//! The two halves of a connection's byte stream, with or without TLS. One thread reads while others write; with TLS
//! they share the session's state, which is never locked while a socket is waited for.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection};
use sluice_model::Address;
use sluice_reach::Paced;

use crate::cancel::CANCEL_INTERVAL;
use crate::error::{Result, TlsFailure, WireError};
use crate::net::budget::Budget;
use crate::net::tls;

/// Bytes of ciphertext read at a time: two TLS records.
const CIPHER_CHUNK: usize = 32 * 1024;
/// Bytes of plaintext encrypted at a time.
const PLAIN_CHUNK: usize = 64 * 1024;

type Session = Arc<Mutex<ClientConnection>>;

fn lock(session: &Session) -> MutexGuard<'_, ClientConnection> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Agrees on TLS if `config` says so, and takes the stream apart.
pub(crate) fn open(
    mut socket: TcpStream,
    config: Option<&Arc<ClientConfig>>,
    address: &Address,
    budget: &Budget,
) -> Result<(ReadHalf, WriteHalf)> {
    let session = match config {
        None => None,
        Some(config) => Some(Arc::new(Mutex::new(handshake(
            &mut socket,
            config,
            address,
            budget,
        )?))),
    };
    let failed = |error: io::Error| WireError::Disconnected {
        address: address.to_string(),
        reason: error.to_string(),
    };
    let reader = socket.try_clone().map_err(failed)?;
    Ok((
        ReadHalf {
            socket: reader,
            session: session.clone(),
            cipher: vec![0; if session.is_some() { CIPHER_CHUNK } else { 0 }],
            untaken: 0..0,
        },
        WriteHalf {
            socket,
            session,
            cipher: Vec::new(),
        },
    ))
}

fn handshake(
    socket: &mut TcpStream,
    config: &Arc<ClientConfig>,
    address: &Address,
    budget: &Budget,
) -> Result<ClientConnection> {
    let mut session = tls::client(config, address)?;
    let shown = address.to_string();
    let check = || budget.check("TLS", &shown).map(drop);
    let mut paced = Paced::new(socket, &check);
    while session.is_handshaking() {
        if let Err(error) = session.complete_io(&mut paced) {
            return Err(paced.ended().unwrap_or_else(|| tls_error(&error, address)));
        }
    }
    Ok(session)
}

/// What broke off TLS.
fn tls_error(error: &io::Error, address: &Address) -> WireError {
    let reason = match rustls_error(error) {
        Some(inner) => tls::failure(inner, address),
        None => TlsFailure::Interrupted(error.to_string()),
    };
    WireError::Tls {
        address: address.to_string(),
        reason,
    }
}

/// What ended an established stream.
pub(crate) fn ended(error: &io::Error, address: &Address) -> WireError {
    if rustls_error(error).is_some() {
        return tls_error(error, address);
    }
    let reason = match error.kind() {
        ErrorKind::UnexpectedEof => "the other side closed it".to_owned(),
        _ => error.to_string(),
    };
    WireError::Disconnected {
        address: address.to_string(),
        reason,
    }
}

fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref::<rustls::Error>()
}

/// Whether a read or write ended because its time was over, so that it may be repeated.
pub(crate) fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// The reading half.
#[derive(Debug)]
pub(crate) struct ReadHalf {
    socket: TcpStream,
    session: Option<Session>,
    cipher: Vec<u8>,
    /// What of `cipher` the session has not taken yet.
    untaken: Range<usize>,
}

impl ReadHalf {
    /// How long a read waits before it ends with a pause (see [`is_pause`]).
    pub(crate) fn set_pause(&self, pause: Duration) -> io::Result<()> {
        self.socket.set_read_timeout(Some(pause))
    }
}

impl Read for ReadHalf {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(session) = &self.session else {
            return self.socket.read(buffer);
        };
        loop {
            match lock(session).reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => return other,
            }
            if self.untaken.is_empty() {
                let count = self.socket.read(&mut self.cipher)?;
                if count == 0 {
                    return Ok(0);
                }
                self.untaken = 0..count;
            }
            // No more at once than the session can hand over: it takes nothing while plain bytes are left in it.
            let mut fresh = &self.cipher[self.untaken.clone()];
            let mut session = lock(session);
            self.untaken.start += session.read_tls(&mut fresh)?;
            session
                .process_new_packets()
                .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        }
    }
}

/// The writing half.
#[derive(Debug)]
pub(crate) struct WriteHalf {
    socket: TcpStream,
    session: Option<Session>,
    cipher: Vec<u8>,
}

impl WriteHalf {
    /// A handle that ends both halves.
    pub(crate) fn ender(&self) -> io::Result<TcpStream> {
        self.socket.try_clone()
    }

    /// Writes all of `parts`, one after the other.
    ///
    /// # Errors
    /// The connection ended, or the budget did; then an unknown part of it was written.
    pub(crate) fn write_all(&mut self, parts: &[&[u8]], address: &Address, budget: &Budget) -> Result<()> {
        let failed = |error: io::Error| ended(&error, address);
        self.socket
            .set_write_timeout(Some(CANCEL_INTERVAL))
            .map_err(failed)?;
        let Some(session) = self.session.clone() else {
            return self.write_plain(parts, address, budget);
        };
        for part in parts {
            for chunk in part.chunks(PLAIN_CHUNK) {
                let mut rest = chunk;
                while !rest.is_empty() {
                    self.cipher.clear();
                    let mut session = lock(&session);
                    let taken = session.writer().write(rest).map_err(failed)?;
                    rest = &rest[taken..];
                    while session.wants_write() {
                        session.write_tls(&mut self.cipher).map_err(failed)?;
                    }
                    drop(session);
                    let cipher = std::mem::take(&mut self.cipher);
                    let written = self.write_plain(&[&cipher], address, budget);
                    self.cipher = cipher;
                    written?;
                }
            }
        }
        Ok(())
    }

    fn write_plain(&mut self, parts: &[&[u8]], address: &Address, budget: &Budget) -> Result<()> {
        let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut rest: &mut [IoSlice<'_>] = &mut slices;
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            match self.socket.write_vectored(rest) {
                Ok(0) => return Err(ended(&ErrorKind::WriteZero.into(), address)),
                Ok(count) => IoSlice::advance_slices(&mut rest, count),
                Err(error) if is_pause(&error) => {
                    budget.check("a request", &address.to_string())?;
                }
                Err(error) => return Err(ended(&error, address)),
            }
        }
        Ok(())
    }
}

/// Ends both halves; a thread that reads comes back at once.
pub(crate) fn end(ender: &TcpStream) {
    // It may have ended already.
    ender.shutdown(Shutdown::Both).ok();
}
