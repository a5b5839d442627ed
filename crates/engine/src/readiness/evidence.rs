use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::plan::precheck::words::span;

/// What an answer rests on, or one of the things that are wrong: a partition, a producer, a group, a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Evidence {
    /// What it is about, as `orders-0`, `payments-app` or `User:alice`.
    pub about: String,
    /// What was seen, by name: `lag`, `producer_id`, `client_id`, `last_write_ms` and the like. Names that end in `_ms` are
    /// times in ms since 1970, or spans in ms.
    pub facts: BTreeMap<String, EvidenceValue>,
}

/// A number, a truth or a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(untagged)]
pub enum EvidenceValue {
    /// Yes or no.
    Truth(bool),
    /// An offset, a count, a time.
    Number(#[ts(type = "number")] i64),
    /// A name or a sentence.
    Text(String),
}

impl Evidence {
    pub(crate) fn about(about: impl ToString) -> Self {
        Self {
            about: about.to_string(),
            facts: BTreeMap::new(),
        }
    }

    /// With one more thing that was seen.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<EvidenceValue>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    /// With one more thing, where it is known.
    #[must_use]
    pub(crate) fn maybe(self, name: &str, value: Option<impl Into<EvidenceValue>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// As a person reads it in a terminal or a report: `orders-0: lag 7, last write 2026-01-31T08:00:00Z`.
impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.about)?;
        for (index, (name, value)) in self.facts.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let is_span = name.ends_with("_ms");
            let words = name.trim_end_matches("_ms").replace('_', " ");
            match value {
                EvidenceValue::Number(at) if is_time(name) => write!(f, "{comma}{words} {}", time(*at))?,
                EvidenceValue::Number(ms) if is_span => write!(f, "{comma}{words} {}", span(*ms))?,
                EvidenceValue::Number(number) => write!(f, "{comma}{words} {number}")?,
                EvidenceValue::Text(text) => write!(f, "{comma}{words} {text}")?,
                EvidenceValue::Truth(true) => write!(f, "{comma}{words} yes")?,
                EvidenceValue::Truth(false) => write!(f, "{comma}{words} no")?,
            }
        }
        Ok(())
    }
}

/// Whether a fact in ms is a point in time; the others that end so are spans.
fn is_time(name: &str) -> bool {
    name.ends_with("_at_ms") || name == "last_write_ms"
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| format!("{time:.0}"))
}

impl From<bool> for EvidenceValue {
    fn from(value: bool) -> Self {
        Self::Truth(value)
    }
}

impl From<i64> for EvidenceValue {
    fn from(value: i64) -> Self {
        Self::Number(value)
    }
}

impl From<i32> for EvidenceValue {
    fn from(value: i32) -> Self {
        Self::Number(value.into())
    }
}

impl From<u64> for EvidenceValue {
    fn from(value: u64) -> Self {
        Self::Number(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for EvidenceValue {
    fn from(value: usize) -> Self {
        Self::Number(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<&str> for EvidenceValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for EvidenceValue {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for EvidenceValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_times_and_spans_as_spans() {
        let evidence = Evidence::about("orders-0")
            .with("lag", 7i64)
            .with("last_write_ms", 1_769_846_400_000i64)
            .with("age_ms", 90_000i64)
            .with("proved", true)
            .maybe("client_id", Some("billing"));
        assert_eq!(
            evidence.to_string(),
            "orders-0: age 90 s, client id billing, lag 7, last write 2026-01-31T08:00:00Z, proved yes"
        );
    }
}
