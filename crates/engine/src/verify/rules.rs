use std::collections::{HashMap, HashSet};

use crate::position::QuarantineFate;
use crate::verify::report::GoneReason;

/// What is known of a partition before it is compared.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// The target stores headers.
    pub(crate) headers: bool,
    /// Whether the source and the target may have removed superseded records.
    pub(crate) compacted: (bool, bool),
    /// Where both logs begin.
    pub(crate) log_starts: (i64, i64),
    /// Source offset behind the last one that must be on the target.
    pub(crate) source_end: i64,
    /// Target offset behind the last one to compare.
    pub(crate) target_end: i64,
    /// The end of the target's log, which may lie behind what is compared.
    pub(crate) target_high: i64,
    /// The copy noted where each record went.
    pub(crate) mapped: bool,
    /// Every record must have the offset that it has at the source.
    pub(crate) equal_offsets: bool,
    /// Source offsets in quarantine.
    pub(crate) quarantined: HashSet<i64>,
    /// Source offsets that were in quarantine until a person decided about them.
    pub(crate) settled: HashMap<i64, QuarantineFate>,
    /// A side whose oldest records are gone, so that the other side may begin with records it cannot have.
    pub(crate) cut: Option<Cut>,
    /// Why records would be gone from the source and from the target.
    pub(crate) gone_reasons: (GoneReason, GoneReason),
}

impl Rules {
    /// Whether either side may have removed superseded records.
    pub(crate) fn is_compacted(&self) -> bool {
        self.compacted.0 || self.compacted.1
    }
}

/// See [`Rules::cut`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The source's log begins behind its first offset.
    Source,
    /// The target's log begins behind its first offset.
    Target,
    /// Both do.
    Both,
}
