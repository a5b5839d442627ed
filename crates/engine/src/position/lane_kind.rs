use std::fmt;

use serde::{Deserialize, Serialize};

/// A lane that has copied, as the state remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LaneKind {
    /// Record by record, with librdkafka.
    Record,
    /// In the batches in which they are stored, with the wire client.
    Wire,
    /// Another program, Kafka Connect: nothing notes single records.
    Connect,
}

impl LaneKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Record, Self::Wire, Self::Connect];

    /// Its name, as in `--lane`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Wire => "wire",
            Self::Connect => "connect",
        }
    }
}

impl fmt::Display for LaneKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
