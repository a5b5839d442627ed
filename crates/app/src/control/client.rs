use std::io::{BufRead, BufReader, Write};
use std::sync::{Mutex, PoisonError};

use interprocess::local_socket::Stream;
use interprocess::local_socket::prelude::*;

use super::endpoint::name;
use super::protocol::{MAX_REQUEST_BYTES, Request, Response, too_long};
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
        if text.len() as u64 > MAX_REQUEST_BYTES {
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
            Ok(Response::Ok(answer)) => Ok(answer),
            Ok(Response::Error(error)) => Err(error),
            Err(error) if error.is_data() => Err(AppError::new(
                ErrorCode::Internal,
                format!("the answer cannot be read ({error}); the other program may be of another version"),
            )),
            Err(error) => Err(lost(&error)),
        }
    }
}
