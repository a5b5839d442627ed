//! What a cut-over was, for people and programs.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::record::Cutover;

/// A cut-over with the names that it was between, as it is exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CutoverReport {
    /// Version of this report's form.
    pub version: u32,
    /// The data source where applications were.
    pub from: String,
    /// The data source where they go.
    pub to: String,
    /// When it was exported, in ms since 1970.
    #[ts(type = "number")]
    pub exported_ms: i64,
    /// Who exported it.
    pub exported_by: String,
    /// Everything that is kept of it: steps, answers, positions, digests, who and when.
    pub cutover: Cutover,
}

impl CutoverReport {
    /// The form of reports that this version writes.
    pub(crate) const VERSION: u32 = 1;
}
