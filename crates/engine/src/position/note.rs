//! What a committed position says of itself, so that it is trusted only for the very topics it was committed for.

use serde::{Deserialize, Serialize};
use sluice_kafka::PartitionOffset;

/// What a committed position says of itself, kept as its commit's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Launch id.
    #[serde(rename = "l")]
    pub(crate) launch: String,
    /// Source topic.
    #[serde(rename = "t")]
    pub(crate) source_topic: String,
    /// Source topic id.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none", default)]
    pub(crate) source_id: Option<String>,
    /// Target topic id.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none", default)]
    pub(crate) target_id: Option<String>,
    /// Where ours begin on the target.
    #[serde(rename = "b")]
    pub(crate) target_start: i64,
    /// Target offset behind the last record of this commit.
    #[serde(rename = "n")]
    pub(crate) target_next: i64,
    /// First source offset of the copy.
    #[serde(rename = "o")]
    pub(crate) start: i64,
    /// Source leader epoch.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none", default)]
    pub(crate) epoch: Option<i32>,
    /// Who committed it.
    #[serde(rename = "w", skip_serializing_if = "Option::is_none", default)]
    pub(crate) writer: Option<Writership>,
}

/// A run of the task as the target knows it. A broker fences the earlier of two instances, but also a single one whose
/// transaction it gave up after a minute without contact; only what stands on the target distinguishes these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Writership {
    /// One more than the greatest that was found when the run began. A run commits only while it holds the
    /// transactional id and reads after it took it, so of two runs that committed the later has the greater.
    #[serde(rename = "g")]
    pub(crate) generation: u64,
    /// Tells two runs apart that found the same.
    #[serde(rename = "i")]
    pub(crate) instance: String,
}

impl Writership {
    /// Whether this run took the task over from `other`, or did not let it in.
    pub(crate) fn supersedes(&self, other: &Self) -> bool {
        self.generation > other.generation
            || (self.generation == other.generation && self.instance != other.instance)
    }
}

/// Reads a commit's text; `None` for texts of other programs.
pub(crate) fn read_note(entry: &PartitionOffset) -> Option<Note> {
    serde_json::from_str(entry.metadata.as_deref()?).ok()
}
