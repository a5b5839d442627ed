use std::io::{BufRead, BufReader, Write};
use std::sync::{Mutex, PoisonError};

use interprocess::local_socket::Stream;
use interprocess::local_socket::prelude::*;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::endpoint::name;
use crate::protocol::{EVENTS, Line, MAX_REQUEST_BYTES, Request, too_long};
use crate::{AppError, Command, ErrorCode, Result};

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
        let request = serde_json::to_value(command).map_err(|error| lost(&error))?;
        read_answer(&self.call_by_name(C::NAME, request)?)
    }

    /// Has a command carried out there that came by name. The answer stays as it was written.
    ///
    /// # Errors
    /// As [`RemoteApp::call`].
    pub fn call_by_name(&self, command: &str, request: Value) -> Result<Box<RawValue>> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let line = self.ask(command, request)?.0;
        answer_of(line)
    }

    /// Receives everything that happens there until the program ends; `begun` is called once that has begun, `on_event` with each
    /// event as it was written. What that returns decides whether it goes on.
    pub(super) fn follow(&self, begun: &dyn Fn(), on_event: &dyn Fn(&RawValue) -> bool) -> Result<()> {
        let (line, mut stream) = self.ask(EVENTS, Value::Object(serde_json::Map::new()))?;
        answer_of(line)?;
        begun();
        let mut text = Vec::new();
        loop {
            text.clear();
            if stream
                .read_until(b'\n', &mut text)
                .map_err(|error| lost(&error))?
                == 0
            {
                return Ok(());
            }
            let line: Line = serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
            if line.event.is_some_and(|event| !on_event(&event)) {
                return Ok(());
            }
        }
    }

    /// Sends a request and reads the first line that comes back.
    fn ask(&self, command: &str, request: Value) -> Result<(Line, BufReader<Stream>)> {
        let request = Request {
            id: None,
            command: command.to_owned(),
            request,
        };
        let mut text = serde_json::to_vec(&request).map_err(|error| lost(&error))?;
        text.push(b'\n');
        if text.len() as u64 > MAX_REQUEST_BYTES {
            return Err(AppError::new(ErrorCode::InvalidInput, too_long()));
        }
        let stream = Stream::connect(name(&self.endpoint).map_err(|error| lost(&error))?)
            .map_err(|error| lost(&error))?;
        (&stream).write_all(&text).map_err(|error| lost(&error))?;
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        stream
            .read_until(b'\n', &mut line)
            .map_err(|error| lost(&error))?;
        match serde_json::from_slice(&line) {
            Ok(line) => Ok((line, stream)),
            Err(error) if error.is_data() => Err(unreadable(&error)),
            Err(error) => Err(lost(&error)),
        }
    }
}

fn answer_of(line: Line) -> Result<Box<RawValue>> {
    match line {
        Line {
            error: Some(error), ..
        } => Err(error),
        Line { ok: Some(answer), .. } => Ok(answer),
        _ => to_raw_value(&()).map_err(|error| unreadable(&error)),
    }
}

/// Reads the answer of a command.
pub(super) fn read_answer<T: serde::de::DeserializeOwned>(answer: &RawValue) -> Result<T> {
    serde_json::from_str(answer.get()).map_err(|error| unreadable(&error))
}

fn lost(error: &dyn std::fmt::Display) -> AppError {
    AppError::new(
        ErrorCode::Owned,
        format!(
            "the program that has the data folder does not answer ({error}); if it has just ended, repeat the command"
        ),
    )
}

fn unreadable(error: &serde_json::Error) -> AppError {
    AppError::new(
        ErrorCode::Internal,
        format!("the answer cannot be read ({error}); the other program may be of another version"),
    )
}
