//! The thread that reads a connection's answers and hands them to whom they belong.

use std::io::{BufReader, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::error::{Result, TlsFailure, WireError};
use crate::net::connection::Shared;
use crate::net::stream::{self, ReadHalf};

/// How long a read waits before time limits are looked at.
const PAUSE: Duration = Duration::from_millis(250);
/// Small answers are read with few calls; large ones pass this buffer by.
const BUFFER: usize = 16 * 1024;
/// The longest answer: one record of 100 MB must fit, and a TLS record read as a length (352 MB or more) must not.
const MAX_ANSWER_BYTES: usize = 256 * 1024 * 1024;
/// Memory is taken for this much of an answer before any of it has come: a length alone is no proof.
const FIRST_PIECE: usize = 8 * 1024 * 1024;
/// An answer that comes slowly but comes may take this many times its time-out.
const PATIENCE: u32 = 4;
/// The first byte of a TLS alert, and of a TLS handshake record.
const TLS_RECORDS: [u8; 2] = [0x15, 0x16];

/// Reads until the connection ends; then everything that waits gets the reason.
pub(crate) fn run(half: ReadHalf, shared: &Arc<Shared>) {
    let mut reader = BufReader::with_capacity(BUFFER, half);
    let error = match reader.get_ref().set_pause(PAUSE) {
        Err(error) => stream::ended(&error, &shared.address),
        Ok(()) => loop {
            if let Err(error) = read_one(&mut reader, shared) {
                break error;
            }
        },
    };
    shared.close(&error);
}

fn read_one(reader: &mut impl Read, shared: &Arc<Shared>) -> Result<()> {
    let mut head = [0; 4];
    fill(reader, &mut head, shared)?;
    let length = usize::try_from(i32::from_be_bytes(head))
        .ok()
        .filter(|length| *length <= MAX_ANSWER_BYTES);
    let Some(length) = length else {
        return Err(not_kafka(head, shared));
    };
    let body = read_body(reader, length, shared)?;
    let Some(waiting) = shared.in_flight.pop() else {
        return Err(malformed(
            shared,
            "an answer came that nothing was asked for".to_owned(),
        ));
    };
    shared.touch();
    let Some(expected) = waiting.correlation else {
        (waiting.on_answer)(Ok(body));
        return Ok(());
    };
    let answer = match body.split_first_chunk::<4>() {
        Some((correlation, _)) if i32::from_be_bytes(*correlation) == expected => body.slice(4..),
        _ => {
            let error = malformed(
                shared,
                format!("the answer to {:?} has another number", waiting.api),
            );
            (waiting.on_answer)(Err(error.clone()));
            return Err(error);
        }
    };
    (waiting.on_answer)(Ok(answer));
    Ok(())
}

fn read_body(reader: &mut impl Read, length: usize, shared: &Arc<Shared>) -> Result<Bytes> {
    let mut body = vec![0; length.min(FIRST_PIECE)];
    fill(reader, &mut body, shared)?;
    while body.len() < length {
        let from = body.len();
        body.resize(length.min(from * 2), 0);
        fill(reader, &mut body[from..], shared)?;
    }
    Ok(body.into())
}

/// Reads until `buffer` is full.
fn fill(reader: &mut impl Read, mut buffer: &mut [u8], shared: &Arc<Shared>) -> Result<()> {
    while !buffer.is_empty() {
        match reader.read(buffer) {
            Ok(0) => {
                return Err(stream::ended(
                    &std::io::ErrorKind::UnexpectedEof.into(),
                    &shared.address,
                ));
            }
            Ok(count) => {
                buffer = &mut buffer[count..];
                check_overdue(shared, PATIENCE)?;
            }
            Err(error) if stream::is_pause(&error) => {
                check_overdue(shared, 1)?;
                check_idle(shared)?;
            }
            Err(error) => return Err(stream::ended(&error, &shared.address)),
        }
    }
    Ok(())
}

fn check_overdue(shared: &Arc<Shared>, factor: u32) -> Result<()> {
    match shared.in_flight.overdue(factor) {
        None => Ok(()),
        Some((api, after)) => Err(WireError::Timeout {
            what: format!("{api:?}"),
            address: shared.address.to_string(),
            after,
        }),
    }
}

fn check_idle(shared: &Arc<Shared>) -> Result<()> {
    let idle = Instant::now().saturating_duration_since(shared.last_used());
    if idle >= shared.idle_limit && shared.in_flight.len() == 0 {
        return Err(WireError::Disconnected {
            address: shared.address.to_string(),
            reason: format!("it was idle for {} s", idle.as_secs()),
        });
    }
    Ok(())
}

fn malformed(shared: &Arc<Shared>, reason: String) -> WireError {
    WireError::Malformed {
        what: format!("the requests to {}", shared.address),
        reason,
    }
}

fn not_kafka(head: [u8; 4], shared: &Arc<Shared>) -> WireError {
    if TLS_RECORDS.contains(&head[0]) && head[1] == 3 {
        return WireError::Tls {
            address: shared.address.to_string(),
            reason: TlsFailure::Expected,
        };
    }
    malformed(
        shared,
        "what came is not an answer of Kafka; another kind of server may listen there".to_owned(),
    )
}
