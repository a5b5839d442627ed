//! A part of a task that is verified alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use sluice_kafka::{Admin, Isolation, OffsetQuery};
use sluice_model::{Start, TaskName};
use ts_rs::TS;

use crate::error::{EngineError, Result, Side};
use crate::verify::ranges::Range;

/// What of a task is verified; by default all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct VerifyScope {
    /// Source topics; none for all of the task's.
    #[serde(default)]
    pub topics: BTreeSet<String>,
    /// The first records at the source: a time of RFC 3339, `offset:N` or `offset:PARTITION=N,…`; none for the first that
    /// were copied. Partitions that are not named are verified whole.
    #[serde(default, deserialize_with = "read_since")]
    #[ts(type = "string | null")]
    pub since: Option<Start>,
}

/// As people write it: [`VerifyScope::since_of`] has the forms.
fn read_since<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Start>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| VerifyScope::since_of(&text).map_err(D::Error::custom))
        .transpose()
}

impl VerifyScope {
    /// Whether it is all of a task.
    pub fn is_whole(&self) -> bool {
        self.topics.is_empty() && self.since.is_none()
    }

    /// Reads where to begin: an RFC 3339 time, `time:RFC3339`, `offset:N` or `offset:PARTITION=N,…`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn since_of(text: &str) -> std::result::Result<Start, String> {
        let read = text
            .parse::<Start>()
            .or_else(|error| format!("time:{text}").parse::<Start>().map_err(|_| error));
        read.map_err(|error| error.to_string()).and_then(check)
    }

    /// Keeps the ranges of the chosen topics, and notes where each begins.
    ///
    /// # Errors
    /// A topic that the task does not have, a place that says nothing here, or the source does not answer.
    pub(crate) fn apply(
        &self,
        mut ranges: Vec<Range>,
        task: &TaskName,
        source: &Admin,
    ) -> Result<Vec<Range>> {
        let known: BTreeSet<&str> = ranges.iter().map(|range| range.key.topic.as_str()).collect();
        if let Some(unknown) = self.topics.iter().find(|topic| !known.contains(topic.as_str())) {
            let known: Vec<&str> = known.into_iter().take(20).collect();
            return Err(EngineError::Refused(format!(
                "task '{task}' has no topic '{unknown}' to verify; it has: {}",
                known.join(", ")
            )));
        }
        if !self.topics.is_empty() {
            ranges.retain(|range| self.topics.contains(&range.key.topic));
        }
        let Some(since) = &self.since else {
            return Ok(ranges);
        };
        match check(since.clone()).map_err(EngineError::Refused)? {
            Start::Time(time) => since_time(&mut ranges, time.as_millisecond(), source)?,
            Start::Offset(offset) => ranges.iter_mut().for_each(|range| range.since = Some(offset)),
            Start::Offsets(offsets) => ranges
                .iter_mut()
                .for_each(|range| range.since = offsets.get(&range.key.partition).copied()),
            Start::Earliest | Start::Latest | Start::Last(_) | Start::Group(_) => {}
        }
        Ok(ranges)
    }

    /// In words, for the beginning of the verdict.
    pub(crate) fn in_words(&self) -> Option<String> {
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        let since = self.since.as_ref().map(|since| match since {
            Start::Time(time) => time.to_string(),
            other => other.to_string(),
        });
        Some(match (topics.as_slice(), since) {
            ([], None) => return None,
            ([], Some(since)) => format!("From {since} on only"),
            ([one], None) => format!("Of topic {one} only"),
            ([one], Some(since)) => format!("Of topic {one} only, from {since} on"),
            (several, None) => format!("Of topics {} only", several.join(", ")),
            (several, Some(since)) => format!("Of topics {} only, from {since} on", several.join(", ")),
        })
    }
}

fn check(since: Start) -> std::result::Result<Start, String> {
    match since {
        Start::Time(_) | Start::Offset(_) | Start::Offsets(_) => Ok(since),
        Start::Earliest | Start::Latest | Start::Last(_) | Start::Group(_) => Err(format!(
            "a verification cannot begin at '{since}'; write a time (2026-01-31T08:00:00Z), offset:N or offset:PARTITION=N,…"
        )),
    }
}

/// Begins each range with the first record that is not older than `time`, in ms since 1970; where there is none, at its
/// end.
fn since_time(ranges: &mut [Range], time: i64, source: &Admin) -> Result<()> {
    let places: Vec<(String, i32)> = ranges
        .iter()
        .filter(|range| range.source_ends.is_ok())
        .map(|range| (range.key.topic.clone(), range.key.partition))
        .collect();
    let found = first_since(source, &places, time, Side::Source)?;
    for range in ranges {
        let place = (range.key.topic.clone(), range.key.partition);
        range.since = found.get(&place).map(|first| first.unwrap_or(range.source.to));
    }
    Ok(())
}

/// The first offset of each partition whose record is not older than `time`, in ms since 1970; `None` where there is no
/// such record. Partitions that are not answered are left out.
///
/// # Errors
/// The cluster does not answer at all.
pub(crate) fn first_since(
    admin: &Admin,
    places: &[(String, i32)],
    time: i64,
    side: Side,
) -> Result<BTreeMap<(String, i32), Option<i64>>> {
    let found = admin
        .offsets(places, OffsetQuery::At(time), Isolation::Uncommitted)
        .map_err(|error| EngineError::Cluster {
            side,
            what: "looking up a time in the topics".into(),
            error,
        })?;
    Ok(found
        .into_iter()
        .filter(|entry| entry.error == sluice_kafka::ErrorCode::NONE)
        .map(|entry| ((entry.topic, entry.partition), entry.offset))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(topics: &[&str], since: Option<&str>) -> VerifyScope {
        VerifyScope {
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            since: since.map(|since| VerifyScope::since_of(since).unwrap()),
        }
    }

    #[test]
    fn a_part_of_a_task_is_named_before_anything_is_said_of_it() {
        let words = |topics: &[&str], since| scope(topics, since).in_words();
        assert_eq!(words(&[], None), None);
        assert_eq!(words(&["a"], None).as_deref(), Some("Of topic a only"));
        assert_eq!(
            words(&["b", "a"], Some("2026-01-31T08:00:00Z")).as_deref(),
            Some("Of topics a, b only, from 2026-01-31T08:00:00Z on")
        );
        assert_eq!(
            words(&[], Some("offset:0=5,1=7")).as_deref(),
            Some("From offset:0=5,1=7 on only")
        );
    }

    #[test]
    fn a_request_says_it_as_people_write_it() {
        let read = |text: &str| serde_json::from_str::<VerifyScope>(text);
        let time = read(r#"{"topics":["a"],"since":"2026-01-31T08:00:00Z"}"#).unwrap();
        assert_eq!(time, scope(&["a"], Some("time:2026-01-31T08:00:00Z")));
        assert!(read(r#"{"since":null}"#).unwrap().is_whole());
        assert!(read(r#"{"since":"yesterday"}"#).is_err());
    }

    #[test]
    fn a_place_to_begin_is_a_time_or_offsets_and_nothing_else() {
        for same in ["2026-01-31T08:00:00Z", "time:2026-01-31T08:00:00Z"] {
            assert_eq!(
                VerifyScope::since_of(same).unwrap().to_string(),
                "time:2026-01-31T08:00:00Z"
            );
        }
        for wrong in ["latest", "group:g", "yesterday", "offset:-1"] {
            assert!(VerifyScope::since_of(wrong).is_err(), "{wrong}");
        }
        let refused = VerifyScope::since_of("latest").unwrap_err();
        assert!(refused.contains("cannot begin at 'latest'"), "{refused}");
    }
}
