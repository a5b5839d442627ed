//! Kafka Connect from outside: its REST interface, and MirrorMaker's three connectors as a task has them.
//!
//! Nothing here knows tasks' states or Kafka's protocol. What Connect does not tell is unknown, never guessed.

mod access;
mod client;
mod error;
mod export;
mod java;
mod mirror;
mod offsets;
mod status;
mod support;
mod version;

pub use client::ConnectClient;
pub use error::{ConnectError, Result};
pub use export::{connect_json, strimzi};
pub use mirror::{
    Connector, ConnectorKind, MARK, Mirror, Naming, NotCarried, Upkeep, changed_fields, is_left_out, naming,
};
pub use offsets::{MirrorOffset, at_connect};
pub use status::{ConnectorState, ConnectorStatus, TaskStatus, in_words};
pub use support::{Support, Worker};
pub use version::ConnectVersion;
