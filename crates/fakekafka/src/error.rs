//! What can go wrong when a cluster is started or asked for something directly.

use std::io;

use kafka_protocol::error::ResponseError;

use crate::format::FormatError;

/// A failure of [`FakeCluster`](crate::FakeCluster) itself, as opposed to an error code it sends to a client.
#[derive(Debug, thiserror::Error)]
pub enum FakeError {
    /// No loopback port could be opened.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port asked for; 0 means any free one.
        port: u16,
        /// What the operating system answered.
        source: io::Error,
    },
    /// The threads of the cluster could not be started.
    #[error("cannot start the threads of the fake cluster: {0}")]
    Threads(#[source] io::Error),
    /// A builder was given something a cluster cannot have.
    #[error("a fake cluster cannot be set up so: {0}")]
    Settings(String),
    /// The topic does not exist.
    #[error("the fake cluster has no topic {0}")]
    UnknownTopic(String),
    /// The topic exists, the partition does not.
    #[error("the fake cluster has no partition {partition} in topic {topic}")]
    UnknownPartition {
        /// Name of the topic.
        topic: String,
        /// The partition asked for.
        partition: i32,
    },
    /// No broker has this id.
    #[error("the fake cluster has no broker {0}")]
    UnknownBroker(i32),
    /// A broker did not end its connections in time.
    #[error("broker {0} did not stop in time")]
    StillRunning(i32),
    /// The same refusal a client would have received.
    #[error("the fake cluster refused: {code}: {message}")]
    Refused {
        /// The code a client would see.
        code: ResponseError,
        /// Why, in words.
        message: String,
    },
    /// Record bytes that do not follow the record batch format.
    #[error(transparent)]
    Format(#[from] FormatError),
}
