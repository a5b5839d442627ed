//! An independent re-read of both sides and a comparison of content.

mod alignment;
mod batches;
mod beginning;
mod comparison;
mod detail;
mod ends;
mod failure;
mod feed;
mod fields;
mod job;
mod jobs;
mod last_records;
mod library_feed;
mod offset_map;
mod only_on_target;
mod pair_feed;
mod paired;
mod policy;
mod proof;
mod ranges;
mod reading;
mod recent;
mod record;
mod report;
mod rules;
mod run;
mod scope;
mod sentence;
mod stored_log;
mod stream;
mod superseded;
mod uncopied;
mod unnoted;
mod verdict;
mod wire_feed;

pub(crate) use feed::{Fed, Feed, ReadError};
pub use proof::Proof;
pub(crate) use reading::{Readers, Reading};
pub(crate) use record::Content;
pub use report::{
    Accepted, Difference, DifferenceKind, Gone, GoneReason, LogSide, NoLongerThere, NotCompared, NotCopied,
    NotCopiedTotal, PartitionReport, ReadBy, VerificationReport, VerificationResult, VerifyProgress,
};
pub use run::{VerifyOptions, verify};
pub use scope::VerifyScope;
pub(crate) use stored_log::{aborted, committed_end};
pub(crate) use wire_feed::{EXPANDED, WireReader};
