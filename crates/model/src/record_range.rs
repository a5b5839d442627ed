use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The offsets `from` (inclusive) to `to` (exclusive) of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OffsetRange {
    /// First offset.
    #[ts(type = "number")]
    pub from: i64,
    /// One past the last offset.
    #[ts(type = "number")]
    pub to: i64,
}

impl OffsetRange {
    /// How many offsets it spans; 0 when it is empty.
    pub fn len(&self) -> i64 {
        (self.to - self.from).max(0)
    }

    /// Whether it spans no offset.
    pub fn is_empty(&self) -> bool {
        self.to <= self.from
    }
}

impl fmt::Display for OffsetRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.from, self.to)
    }
}
