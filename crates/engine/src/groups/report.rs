use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::groups::GroupKind;

/// How a committed source offset translates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Translated {
    /// The target offset is that of the first copied record that the group has not read, or the place of the next one.
    Exact,
    /// Of a pair that copies both ways: the target offset is that of the first record that the group has not read, and behind
    /// it stand some that it has read, as the two sides hold them in another order. It loses nothing, and reads those again.
    Earlier,
    /// What comes before it is not all copied yet, or the partition is not ready: there is no target offset.
    Pending,
    /// It lies before the copy's start: the target offset is that of the first copied record, and records that the group
    /// has not read are not on the target.
    BeforeStart,
    /// As `before_start`, but the source has lost those records.
    Expired,
    /// The offset map lacks the place; the record was found on the target by its content, and stands there once.
    Searched,
    /// The place cannot be found for certain: there is no target offset.
    Unknown,
}

impl Translated {
    /// Whether the group reads on with exactly what it has not read, as far as the source still has it.
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Exact | Self::Searched)
    }
}

/// A group's position in one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GroupPosition {
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// What is committed at the source.
    #[ts(type = "number")]
    pub source_offset: i64,
    /// Target topic; none while the task has not been launched.
    pub target_topic: Option<String>,
    /// The translation.
    #[ts(type = "number | null")]
    pub target_offset: Option<i64>,
    /// What is committed on the target now; after a sync, what it has committed.
    #[ts(type = "number | null")]
    pub target_committed: Option<i64>,
    /// How it translates.
    pub result: Translated,
    /// Source offsets that the group has not read and that are not on the target; more than records, where the log has
    /// holes.
    #[ts(type = "number | null")]
    pub missing: Option<i64>,
    /// Of an `earlier` position, how many records the group reads again at most.
    #[ts(type = "number | null")]
    pub read_again: Option<i64>,
    /// Whether the record that comes next is the same on both sides; none if it was not looked at. Of a pair that copies
    /// both ways: the next record of each side's own.
    pub proved: Option<bool>,
    /// Whether this sync committed it, or would have in a dry run.
    pub committed: bool,
    /// What is to be known of it, or why it was not committed.
    pub reason: Option<String>,
}

/// How a group stands on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    /// Every position in the task's topics is on the target.
    Synced,
    /// Some position is not on the target, or an older one is.
    Behind,
    /// Some position on the target is further than the translation: it is not set back unless that is asked for.
    Ahead,
    /// It has members on the target: it is not touched.
    Live,
    /// It had members on the target, or another program committed for it there: it is left alone for good.
    TakenOver,
    /// It is of a kind that is not moved.
    NotMoved,
    /// One of the clusters does not answer for it.
    Unknown,
}

/// A group of the source, and its place on the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GroupReport {
    /// Its id, the same on both sides.
    pub group: String,
    /// What it is.
    pub kind: GroupKind,
    /// The type of its protocol; empty for one that only commits.
    pub protocol: String,
    /// Members at the source; none if it is not known.
    pub members_source: Option<u32>,
    /// Members on the target; none if it is not known.
    pub members_target: Option<u32>,
    /// How it stands on the target.
    pub state: GroupState,
    /// Offsets from its positions in the task's topics to the end of the source; none if an end is not known.
    #[ts(type = "number | null")]
    pub lag_source: Option<i64>,
    /// The same on the target, from what is committed there; none without a position there.
    #[ts(type = "number | null")]
    pub lag_target: Option<i64>,
    /// Topics of the task that it reads, as far as that is known: it has positions in them, or members that want them.
    pub topics_inside: Vec<String>,
    /// Topics that it reads and that the task does not copy.
    pub topics_outside: Vec<String>,
    /// Since when it is taken over, in ms since 1970.
    #[ts(type = "number | null")]
    pub taken_over_ms: Option<i64>,
    /// When the task last committed for it, in ms since 1970.
    #[ts(type = "number | null")]
    pub last_sync_ms: Option<i64>,
    /// Why nothing was committed for it, where that is the group's affair and not a position's.
    pub reason: Option<String>,
    /// Its positions in the task's topics, in order.
    pub partitions: Vec<GroupPosition>,
}

impl GroupReport {
    /// Whether every position has its exact place on the target.
    pub fn is_exact(&self) -> bool {
        self.partitions.iter().all(|position| position.result.is_exact())
    }
}

/// The groups of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GroupsReport {
    /// In the order of their names.
    pub groups: Vec<GroupReport>,
    /// What is to be known beside them, as consumers whose offsets are not on the brokers.
    pub notes: Vec<String>,
    /// Positions that this sync committed, or would have in a dry run.
    #[ts(type = "number")]
    pub committed: u64,
    /// Positions that could not be committed or proved, whatever the reason.
    #[ts(type = "number")]
    pub failed: u64,
    /// Whether something was to be committed; otherwise it is an inventory or a dry run.
    pub synced: bool,
    /// How long it took, in ms.
    #[ts(type = "number")]
    pub took_ms: u64,
}

impl GroupsReport {
    /// A group by its name.
    pub fn group(&self, name: &str) -> Option<&GroupReport> {
        let at = self
            .groups
            .binary_search_by(|group| group.group.as_str().cmp(name))
            .ok()?;
        self.groups.get(at)
    }
}
