//! The lines of the control protocol: one line of JSON a request, one an answer. Between two computers many requests are under
//! way on one connection, so each has a number there, and events come between the answers.

use std::io::{BufRead, ErrorKind, Read};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::AppError;

/// The longest request in bytes; the longest command holds the names of some ten thousand topics.
pub(crate) const MAX_REQUEST_BYTES: u64 = 16 * 1024 * 1024;
/// The longest answer in bytes that is taken from another computer; the largest there is has the partitions of ten thousand topics.
pub(crate) const MAX_ANSWER_BYTES: u64 = 256 * 1024 * 1024;
/// How often either side of a connection says that it is there.
pub(crate) const ALIVE_EVERY: Duration = Duration::from_secs(5);

/// The version of what is said between two computers. It grows when a program of the earlier one could not go on.
pub(crate) const PROTOCOL: u32 = 1;
/// Asks who answers: a [`Hello`].
pub(crate) const HELLO: &str = "hello";
/// Asks for events; they follow the answer until the connection ends.
pub(crate) const EVENTS: &str = "events";

/// A command by its name.
#[derive(Serialize, Deserialize)]
pub(crate) struct Request {
    /// Comes back with the answer; requests with a number are carried out beside each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<u64>,
    pub(crate) command: String,
    pub(crate) request: Value,
}

/// Whatever an application sends: an answer (`ok` or `error`), an event, or a sign of life.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<u64>,
    /// Reads as `None` where the answer is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ok: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<AppError>,
    /// Not an event yet: one of a newer version may be unknown here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) presence: Option<Presence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alive: Option<bool>,
}

impl Line {
    /// The answer to a request.
    pub(crate) fn answer(id: Option<u64>, answer: crate::Result<Box<RawValue>>) -> Self {
        let (ok, error) = match answer {
            Ok(answer) => (Some(answer), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            id,
            ok,
            error,
            ..Self::default()
        }
    }

    /// What is sent when there is nothing else to send.
    pub(crate) fn alive() -> Self {
        Self {
            alive: Some(true),
            ..Self::default()
        }
    }

    /// As it is sent.
    pub(crate) fn text(&self) -> serde_json::Result<Vec<u8>> {
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

/// Who answers on another computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) protocol: u32,
    pub(crate) version: String,
    pub(crate) data_dir: String,
    /// Names of the commands that are known there.
    pub(crate) commands: Vec<String>,
    pub(crate) presence: Presence,
}

/// Whether a program there runs the tasks of the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Presence {
    pub(crate) runs_tasks: bool,
    /// Its version, where it is known.
    #[serde(default)]
    pub(crate) version: Option<String>,
}

/// The refusal of a request of more than [`MAX_REQUEST_BYTES`].
pub(crate) fn too_long() -> String {
    format!(
        "a request may have {} MB at most; choose topics by a pattern instead of naming each",
        MAX_REQUEST_BYTES / 1024 / 1024
    )
}

/// The refusal of a line that is not a request.
pub(crate) fn not_a_request() -> String {
    "not a request: write {\"command\": NAME, \"request\": {…}} on one line".to_owned()
}

/// One line of input.
pub(crate) enum InputLine {
    Line(Vec<u8>),
    /// It was longer than is taken, and has been read to its end.
    TooLong,
}

/// Reads one line of `most` bytes at most; `None` at the end of the input.
pub(crate) fn read_line(input: &mut impl BufRead, most: u64) -> std::io::Result<Option<InputLine>> {
    let mut line = Vec::new();
    let read = input.by_ref().take(most + 1).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(InputLine::Line(line)));
    }
    if read as u64 <= most {
        return Ok(Some(InputLine::Line(line)));
    }
    loop {
        let piece = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            piece => piece?,
        };
        let end = piece.iter().position(|byte| *byte == b'\n');
        let (count, is_over) = (
            end.map_or(piece.len(), |end| end + 1),
            end.is_some() || piece.is_empty(),
        );
        input.consume(count);
        if is_over {
            return Ok(Some(InputLine::TooLong));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_up_to_their_limit_and_the_next_one_is_whole() {
        let mut input = std::io::Cursor::new(b"abc\n0123456789\nd\nlast".to_vec());
        let mut lines = Vec::new();
        while let Some(line) = read_line(&mut input, 4).unwrap() {
            lines.push(match line {
                InputLine::Line(line) => String::from_utf8(line).unwrap(),
                InputLine::TooLong => "too long".to_owned(),
            });
        }
        assert_eq!(lines, ["abc", "too long", "d", "last"]);
    }

    #[test]
    fn an_answer_of_null_reads_as_an_answer() {
        let null = RawValue::from_string("null".to_owned()).unwrap();
        let text = String::from_utf8(Line::answer(Some(3), Ok(null)).text().unwrap()).unwrap();
        assert_eq!(text, "{\"id\":3,\"ok\":null}\n");
        let line: Line = serde_json::from_str(&text).unwrap();
        assert_eq!((line.id, line.error.is_none()), (Some(3), true));
    }
}
