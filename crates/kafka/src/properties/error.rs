use std::path::{Path, PathBuf};

use sluice_model::InvalidTask;
use thiserror::Error;

/// Why client properties cannot be used. No sentence holds a value that could be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PropertiesError {
    /// The file cannot be read.
    #[error("the client configuration '{}' cannot be read: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Something in a file is wrong.
    #[error("in the client configuration '{}': {error}", .path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What.
        error: Box<PropertiesError>,
    },
    /// Several things in a file are wrong.
    #[error("{}", in_lines(.0))]
    Several(Vec<PropertiesError>),
    /// A line is no property.
    #[error("line {line} {reason}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it and what would be right.
        reason: &'static str,
    },
    /// `${env:NAME}` without such a variable.
    #[error(
        "the environment variable '{variable}' that '{key}' takes its value from is not set: set it, for example with export {variable}=…"
    )]
    MissingVariable {
        /// The property.
        key: String,
        /// The variable.
        variable: String,
    },
    /// A file that a property names cannot be read.
    #[error("the file '{}' that '{key}' names cannot be read: {reason}", .path.display())]
    MissingFile {
        /// The property.
        key: String,
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The brokers are no list of addresses.
    #[error(transparent)]
    Bootstrap(InvalidTask),
    /// A value is none of the words that exist. It is not shown: it may stand there by mistake.
    #[error("'{key}': {reason}")]
    Word {
        /// The property.
        key: String,
        /// The words that exist.
        reason: InvalidTask,
    },
    /// It is a file of something else.
    #[error("it {0}")]
    NotAClient(&'static str),
    /// The file describes more than one cluster.
    #[error(
        "{what} describes several clusters: {}. Choose one by its name behind that of the file, as FILE#{}",
        .names.join(", "),
        .names.first().map_or("", String::as_str)
    )]
    SeveralClusters {
        /// What kind of file it is.
        what: &'static str,
        /// Their names.
        names: Vec<String>,
    },
    /// The file has no part of the name that was asked for.
    #[error("there is no part '{name}' in it; there are: {}", .names.join(", "))]
    NoSuchPart {
        /// The name.
        name: String,
        /// The names there are.
        names: Vec<String>,
    },
    /// Two places say different things of one setting; their values are not shown.
    #[error("{}", contradiction(.key, *.line, .other, *.again))]
    Contradiction {
        /// The key of the first.
        key: String,
        /// Its line, from 1, where it is known.
        line: Option<usize>,
        /// The key of the second.
        other: String,
        /// Its line.
        again: Option<usize>,
    },
    /// Parts of a file log in differently, and none of them is the connection's own.
    #[error(
        "parts of this file have different security: {}. Choose one by its name behind that of the file, as FILE#{}",
        .names.join(", "),
        .names.first().map_or("", String::as_str)
    )]
    SeveralLogins {
        /// Their names.
        names: Vec<String>,
    },
    /// A value that makes no sense or has no counterpart.
    #[error("'{key}' {reason}")]
    Value {
        /// The property.
        key: String,
        /// What is wrong and what would be right.
        reason: String,
    },
}

impl PropertiesError {
    pub(super) fn value(key: &str, reason: impl Into<String>) -> Self {
        Self::Value {
            key: key.to_owned(),
            reason: reason.into(),
        }
    }

    /// One error of all of them, none if there are none.
    pub(super) fn all(mut faults: Vec<Self>) -> Option<Self> {
        match faults.len() {
            0 => None,
            1 => faults.pop(),
            _ => Some(Self::Several(faults)),
        }
    }

    pub(super) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Unreadable { .. } | Self::InFile { .. } => self,
            // Each line of the message stands for itself.
            Self::Several(faults) => {
                Self::Several(faults.into_iter().map(|fault| fault.in_file(path)).collect())
            }
            other => Self::InFile {
                path: path.to_owned(),
                error: Box::new(other),
            },
        }
    }
}

fn contradiction(key: &str, line: Option<usize>, other: &str, again: Option<usize>) -> String {
    match (line, again) {
        (Some(line), Some(again)) => format!(
            "'{key}' in line {line} and '{other}' in line {again} say different things of one setting: leave one of them"
        ),
        _ if key == other => format!("'{key}' is given twice with different values: leave one of them"),
        _ => format!("'{key}' and '{other}' say different things of one setting: leave one of them"),
    }
}

fn in_lines(faults: &[PropertiesError]) -> String {
    faults
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
