use std::path::{Path, PathBuf};

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

    pub(super) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Unreadable { .. } | Self::InFile { .. } => self,
            other => Self::InFile {
                path: path.to_owned(),
                error: Box::new(other),
            },
        }
    }
}
