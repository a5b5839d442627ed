use std::{io, path::PathBuf, time::Duration};

use crate::KafkaVersion;

/// What can go wrong between asking for a broker and having one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program that must be on the PATH is not.
    #[error("`{program}` is not on the PATH; {hint}")]
    ProgramMissing {
        /// Name of the program.
        program: &'static str,
        /// How to get it.
        hint: &'static str,
    },

    /// Maven could not bring the jars.
    #[error("the jars of Kafka {version} could not be fetched: {reason}")]
    Fetch {
        /// The version whose jars are missing.
        version: KafkaVersion,
        /// What Maven printed.
        reason: String,
    },

    /// This Kafka version, or this operating system, cannot do what was asked.
    #[error("not offered: {0}")]
    NotOffered(String),

    /// A process ended, or did not answer in time, while it was being started.
    #[error("{what} did not come up within {}: {reason}\n--- end of {} ---\n{tail}", seconds(.waited), .log.display())]
    Startup {
        /// Which process.
        what: String,
        /// How long it was waited for.
        waited: Duration,
        /// What was seen last.
        reason: String,
        /// Its log file, gone when the cluster has been dropped.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },

    /// An operation needs a running process and there is none.
    #[error("{0} is not running")]
    NotRunning(String),

    /// A Kafka command line tool ended with a failure.
    #[error("{tool} failed ({status}):\n{output}")]
    Tool {
        /// The Java class or program.
        tool: String,
        /// Its exit status.
        status: String,
        /// What it printed.
        output: String,
    },

    /// A Kafka command line tool did not end in time and was killed.
    #[error("{tool} did not end within {}", seconds(.waited))]
    ToolTimeout {
        /// The Java class or program.
        tool: String,
        /// How long it was waited for.
        waited: Duration,
    },

    /// Certificates could not be made.
    #[error("certificates could not be made: {0}")]
    Certificates(#[from] rcgen::Error),

    /// No free ports were left.
    #[error("no free block of loopback ports between {first} and {last}")]
    NoPorts {
        /// First port looked at.
        first: u16,
        /// Last port looked at.
        last: u16,
    },

    /// The operating system refused something.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// The refusal.
        source: io::Error,
    },
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Says what was being done when the operating system refused.
pub(crate) trait Doing<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Io {
            doing: doing(),
            source,
        })
    }
}

fn seconds(duration: &Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
