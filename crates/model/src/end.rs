use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::start::write_offsets;
use crate::{InvalidTask, OFFSET_PREFIX, TIME_PREFIX};

/// How `records:` ends are written.
pub const RECORDS_PREFIX: &str = "records:";

/// Where the copy of each partition ends, before what is there from then on. Resolved to one offset per partition when the
/// partition is pinned, and stored with its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The end of the log at launch.
    Launch,
    /// Before this offset in every partition.
    Offset(i64),
    /// Before an offset per partition; partitions that are not named end where their logs end at launch.
    Offsets(BTreeMap<i32, i64>),
    /// Before the first record whose timestamp is not before this time; where there is none at launch, at the log's end.
    Time(Timestamp),
    /// Behind so many offsets from the start on. Where a log has holes (compaction, markers of transactions), they are
    /// fewer records.
    Records(i64),
}

impl FromStr for End {
    type Err = InvalidTask;

    /// Reads `launch`, `offset:N`, `offset:P=N,P=N…`, `time:RFC3339` or `records:N`.
    fn from_str(text: &str) -> Result<Self, InvalidTask> {
        let invalid = |reason: &str| InvalidTask::End {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        if let Some(rest) = text.strip_prefix(RECORDS_PREFIX) {
            return match rest.trim().parse::<i64>() {
                Ok(count @ 1..) => Ok(Self::Records(count)),
                _ => Err(invalid("write how many, as a whole number from 1 on")),
            };
        }
        // Offsets and times are written as those of a start.
        if text.starts_with(OFFSET_PREFIX) || text.starts_with(TIME_PREFIX) {
            return match text.parse::<crate::Start>() {
                Ok(crate::Start::Offset(offset)) => Ok(Self::Offset(offset)),
                Ok(crate::Start::Offsets(offsets)) => Ok(Self::Offsets(offsets)),
                Ok(crate::Start::Time(time)) => Ok(Self::Time(time)),
                Ok(_) => Err(invalid(KNOWN)),
                Err(InvalidTask::Start { reason, .. }) => Err(invalid(&reason)),
                Err(other) => Err(other),
            };
        }
        match text {
            "launch" => Ok(Self::Launch),
            _ => Err(invalid(KNOWN)),
        }
    }
}

const KNOWN: &str = "write launch, offset:N, time:RFC3339 or records:N";

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Launch => f.write_str("launch"),
            Self::Offset(offset) => write!(f, "{OFFSET_PREFIX}{offset}"),
            Self::Offsets(offsets) => write_offsets(f, offsets),
            Self::Time(time) => write!(f, "{TIME_PREFIX}{time}"),
            Self::Records(count) => write!(f, "{RECORDS_PREFIX}{count}"),
        }
    }
}

impl Serialize for End {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back_as_it_was_written() {
        for text in [
            "launch",
            "offset:7",
            "offset:0=5,3=9",
            "time:2026-01-31T08:00:00Z",
            "records:100",
        ] {
            let end: End = text.parse().unwrap();
            assert_eq!(end.to_string(), text);
            let json = serde_json::to_string(&end).unwrap();
            assert_eq!(serde_json::from_str::<End>(&json).unwrap(), end);
        }
    }

    #[test]
    fn other_texts_are_refused_with_what_would_be_right() {
        for (text, word) in [
            ("", "launch"),
            ("earliest", "launch"),
            ("records:0", "from 1 on"),
            ("records:many", "from 1 on"),
            ("offset:-1", "from 0 on"),
            ("time:tomorrow", "RFC 3339"),
            ("group:g", "launch"),
        ] {
            let error = text.parse::<End>().unwrap_err().to_string();
            assert!(
                error.contains(word) && error.contains("end position"),
                "{text}: {error}"
            );
        }
    }
}
