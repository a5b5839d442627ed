use sluice_model::InvalidTask;
use thiserror::Error;

use crate::PropertiesError;

/// Why a data source cannot be imported. No sentence holds a value that could be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImportError {
    /// The properties cannot be used.
    #[error(transparent)]
    Properties(#[from] PropertiesError),
    /// The brokers are no list of addresses.
    #[error(transparent)]
    Bootstrap(#[from] InvalidTask),
    /// A property has a value that nothing stands for.
    #[error("'{property}': {reason}")]
    Word {
        /// The property.
        property: &'static str,
        /// The words that exist.
        reason: InvalidTask,
    },
    /// A URL is malformed. It is not shown, since it may have a password in it.
    #[error("the bootstrap URL {0}")]
    Url(&'static str),
    /// The place of a file is not known.
    #[error("the current directory cannot be read ({0}): change to one that exists")]
    CurrentDirectory(String),
}
