use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::InvalidTask;

/// How `offset:` starts are written.
pub const OFFSET_PREFIX: &str = "offset:";
/// How `time:` starts are written.
pub const TIME_PREFIX: &str = "time:";
/// How `group:` starts are written.
pub const GROUP_PREFIX: &str = "group:";

/// How `last:` starts are written.
pub const LAST_PREFIX: &str = "last:";

/// Where the copy of a topic begins. Resolved to one offset per partition once, at the first launch, and stored
/// before the first record is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Start {
    /// The oldest record that exists at launch.
    #[default]
    Earliest,
    /// Behind the newest record that exists at launch.
    Latest,
    /// This offset in every partition.
    Offset(i64),
    /// An offset per partition; partitions that are not named start at the earliest.
    Offsets(BTreeMap<i32, i64>),
    /// The first record whose timestamp is not before this time.
    Time(Timestamp),
    /// So many offsets before the end at launch; where a log has holes, they are fewer records.
    Last(i64),
    /// Where this consumer group of the source stands; partitions without a commit start at the earliest.
    Group(String),
}

impl FromStr for Start {
    type Err = InvalidTask;

    /// Reads `earliest`, `latest`, `offset:N`, `offset:P=N,P=N…`, `time:RFC3339`, `last:N` or `group:NAME`.
    fn from_str(text: &str) -> Result<Self, InvalidTask> {
        let invalid = |reason: &str| InvalidTask::Start {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        let offset = |digits: &str| match digits.trim().parse::<i64>() {
            Ok(offset @ 0..) => Ok(offset),
            _ => Err(invalid("an offset is a whole number from 0 on")),
        };
        if let Some(rest) = text.strip_prefix(OFFSET_PREFIX) {
            if !rest.contains('=') {
                return Ok(Self::Offset(offset(rest)?));
            }
            let mut offsets = BTreeMap::new();
            for pair in rest.split(',') {
                let (partition, at) = pair
                    .split_once('=')
                    .ok_or_else(|| invalid("write offset:PARTITION=OFFSET,…"))?;
                let Ok(partition @ 0..) = partition.trim().parse::<i32>() else {
                    return Err(invalid("a partition is a whole number from 0 on"));
                };
                if offsets.insert(partition, offset(at)?).is_some() {
                    return Err(invalid("a partition is named twice"));
                }
            }
            return Ok(Self::Offsets(offsets));
        }
        if let Some(rest) = text.strip_prefix(TIME_PREFIX) {
            return rest.parse::<Timestamp>().map(Self::Time).map_err(|_| {
                invalid("write the time as RFC 3339 with its offset, for example time:2026-01-31T08:00:00Z")
            });
        }
        if let Some(rest) = text.strip_prefix(LAST_PREFIX) {
            return match rest.trim().parse::<i64>() {
                Ok(count @ 1..) => Ok(Self::Last(count)),
                _ => Err(invalid("write how many, as a whole number from 1 on")),
            };
        }
        if let Some(rest) = text.strip_prefix(GROUP_PREFIX) {
            if rest.is_empty() {
                return Err(invalid("the group's name is missing"));
            }
            return Ok(Self::Group(rest.to_owned()));
        }
        match text {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            _ => Err(invalid(
                "write earliest, latest, offset:N, time:RFC3339, last:N or group:NAME",
            )),
        }
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Earliest => f.write_str("earliest"),
            Self::Latest => f.write_str("latest"),
            Self::Offset(offset) => write!(f, "{OFFSET_PREFIX}{offset}"),
            Self::Offsets(offsets) => write_offsets(f, offsets),
            Self::Time(time) => write!(f, "{TIME_PREFIX}{time}"),
            Self::Last(count) => write!(f, "{LAST_PREFIX}{count}"),
            Self::Group(group) => write!(f, "{GROUP_PREFIX}{group}"),
        }
    }
}

/// Writes `offset:P=N,P=N…`, as starts and ends have it.
pub(crate) fn write_offsets(f: &mut fmt::Formatter<'_>, offsets: &BTreeMap<i32, i64>) -> fmt::Result {
    let pairs: Vec<String> = offsets.iter().map(|(p, o)| format!("{p}={o}")).collect();
    write!(f, "{OFFSET_PREFIX}{}", pairs.join(","))
}

impl Serialize for Start {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Start {
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
            "earliest",
            "latest",
            "offset:7",
            "offset:0=5,3=9",
            "time:2026-01-31T08:00:00Z",
            "group:g.1",
            "last:100",
        ] {
            assert_eq!(text.parse::<Start>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, word) in [
            ("first", "earliest, latest"),
            ("offset:-1", "from 0 on"),
            ("offset:x", "whole number"),
            ("offset:1=2,1=3", "twice"),
            ("time:yesterday", "RFC 3339"),
            ("time:2026-01-31T08:00:00", "with its offset"),
            ("group:", "missing"),
        ] {
            let error = text.parse::<Start>().unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
