//! Commands: requests with their answers, by name. One list serves the window, the terminal companion and programs that call
//! through the control socket.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::core::{panic_words, without_quoted};
use crate::places::Side;
use crate::{App, AppError, ErrorCode, Result};

/// A request to the application.
pub trait Command: Serialize + DeserializeOwned {
    /// `noun_verb`.
    const NAME: &'static str;
    /// What it answers.
    type Answer: Serialize + DeserializeOwned;

    /// Carries it out.
    ///
    /// # Errors
    /// As the command says; nothing has changed then, unless the command says otherwise.
    fn run(self, app: &App) -> Result<Self::Answer>;
}

impl App {
    /// Carries out a command.
    ///
    /// # Errors
    /// As the command says.
    pub fn call<C: Command>(&self, command: C) -> Result<C::Answer> {
        let answer = command.run(self);
        if let Err(error) = &answer {
            tracing::info!(command = C::NAME, code = ?error.code, %error, "refused");
        }
        answer
    }

    /// Carries out a command that came by name, as from a page. The answer is written already.
    ///
    /// # Errors
    /// There is no such command, its request cannot be read, or as the command says.
    pub fn call_by_name(&self, name: &str, request: Value) -> Result<Box<RawValue>> {
        // A fault in one command must neither end the thread that serves others nor leave its caller without an answer.
        catch_unwind(AssertUnwindSafe(|| super::dispatch(self, name, request))).unwrap_or_else(|panic| {
            let words = panic_words(panic.as_ref());
            tracing::error!(command = name, %words, "a command panicked");
            Err(AppError::new(
                ErrorCode::Internal,
                format!("a fault of Sluice ended the command: {words}. Please report it with the log"),
            ))
        })
    }
}

impl App {
    /// Carries out a command that came by name from a window which shows a place, or this computer without one.
    ///
    /// # Errors
    /// The place cannot be reached, or as [`App::call_by_name`].
    pub fn call_at(&self, place: Option<&str>, name: &str, request: Value) -> Result<Box<RawValue>> {
        let Some(place) = place else {
            return self.call_by_name(name, request);
        };
        match Side::of(name, &request) {
            Side::Here => self.call_by_name(name, request),
            Side::There => self.places.call_by_name(place, name, request),
            Side::Both => {
                let here = self.call_by_name(name, request.clone())?;
                let there = self.places.call_by_name(place, name, request)?;
                Side::joined(here.get(), there.get())
                    .and_then(|joined| to_raw_value(&joined))
                    .map_err(|error| unwritable(name, &error))
            }
        }
    }
}

/// Reads a request, carries it out, and writes its answer.
pub(crate) fn answer<C: Command>(app: &App, request: Value) -> Result<Box<RawValue>> {
    // Not the parser's own words alone: they may hold a value, and a value may be a secret.
    let command: C = serde_json::from_value(request).map_err(|error| {
        AppError::new(
            ErrorCode::InvalidInput,
            format!(
                "the request of {} cannot be read: {}",
                C::NAME,
                without_quoted(&error.to_string())
            ),
        )
    })?;
    let answer = command.run(app)?;
    // Written at once: a tree of values of ten thousand partitions takes longer to make than everything else.
    to_raw_value(&answer).map_err(|error| unwritable(C::NAME, &error))
}

fn unwritable(name: &str, error: &serde_json::Error) -> AppError {
    AppError::new(
        ErrorCode::Internal,
        format!("the answer of {name} cannot be written: {error}"),
    )
}
