use std::collections::BTreeSet;

use sluice_model::GroupPattern;

/// Which groups of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum GroupChoice {
    /// All that have committed offsets in the task's topics.
    #[default]
    All,
    /// These, whatever they read.
    Named(BTreeSet<String>),
    /// Those of [`GroupChoice::All`] whose name matches.
    Matching(GroupPattern),
}

impl GroupChoice {
    /// Whether a group of this name belongs to it.
    pub(crate) fn takes(&self, group: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(group),
            Self::Matching(pattern) => pattern.matches(group),
        }
    }
}

/// How groups are brought to the target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncOptions {
    /// Which.
    pub choice: GroupChoice,
    /// Positions on the target that are further than the translation are set back as well.
    pub rewind: bool,
    /// Only positions whose next record is on the target: those before the copy's start, and those whose records the
    /// source had lost before they were copied, are left out.
    pub exact_only: bool,
    /// Nothing is committed, and nothing is remembered.
    pub dry_run: bool,
    /// Each position is proved by the record that comes next.
    pub prove: bool,
    /// One of many in a row: positions that stand on the target already are committed again only so often that the target
    /// does not forget them, and proved only when they are new.
    pub continuous: bool,
}
