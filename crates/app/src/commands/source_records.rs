use serde::{Deserialize, Serialize};
use sluice_kafka::{FollowedRecords, FoundRecords, PeekFrom, PeekedRecord, follow, peek, search_records};
use ts_rs::TS;

use super::command::Command;
use super::source_probe::unreachable;
use crate::{App, AppError, Result};

/// Looks at a few records.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourcePeek {
    /// Name or id.
    pub source: String,
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Where to begin.
    pub from: PeekFrom,
    /// Records at most, 1 to 100.
    #[ts(type = "number")]
    pub limit: usize,
}

/// Looks for records with a text in their key, value or headers.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceSearch {
    /// Where to look, and for how many.
    pub place: SourcePeek,
    /// The text, letter for letter.
    pub text: String,
}

/// Looks at what has come to a partition since the last look. Each call is one bounded look: nothing stays open at the
/// cluster between two of them.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceFollow {
    /// Name or id.
    pub source: String,
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Where the last look ended; none: begin with the newest records.
    #[ts(type = "number | null")]
    pub next: Option<i64>,
    /// Records at most, 1 to 100.
    #[ts(type = "number")]
    pub limit: usize,
    /// A text in key, value or headers, letter for letter; empty: all records.
    #[serde(default)]
    pub text: String,
}

impl Command for SourcePeek {
    const NAME: &'static str = "source_peek";
    type Answer = Vec<PeekedRecord>;

    fn run(self, app: &App) -> Result<Vec<PeekedRecord>> {
        check_limit(self.limit)?;
        let row = app.core.source(&self.source)?;
        let cluster = app.core.cluster(&row)?;
        peek(&cluster, &self.topic, self.partition, self.from, self.limit)
            .map_err(|error| unreachable(&row, &error))
    }
}

impl Command for SourceSearch {
    const NAME: &'static str = "source_search";
    type Answer = FoundRecords;

    fn run(self, app: &App) -> Result<FoundRecords> {
        let place = self.place;
        check_limit(place.limit)?;
        if self.text.is_empty() {
            return Err(AppError::field("text", "enter what to look for"));
        }
        let row = app.core.source(&place.source)?;
        let cluster = app.core.cluster(&row)?;
        search_records(
            &cluster,
            &place.topic,
            place.partition,
            place.from,
            place.limit,
            self.text.as_bytes(),
        )
        .map_err(|error| unreachable(&row, &error))
    }
}

impl Command for SourceFollow {
    const NAME: &'static str = "source_follow";
    type Answer = FollowedRecords;

    fn run(self, app: &App) -> Result<FollowedRecords> {
        check_limit(self.limit)?;
        let row = app.core.source(&self.source)?;
        let cluster = app.core.cluster(&row)?;
        let wanted = self.text.as_bytes();
        follow(
            &cluster,
            &self.topic,
            self.partition,
            self.next,
            self.limit,
            wanted,
        )
        .map_err(|error| unreachable(&row, &error))
    }
}

fn check_limit(limit: usize) -> Result<()> {
    if (1..=100).contains(&limit) {
        Ok(())
    } else {
        Err(AppError::field("limit", "look at 1 to 100 records"))
    }
}
