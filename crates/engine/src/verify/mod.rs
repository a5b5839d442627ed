//! An independent re-read of both sides and a comparison of content.

mod alignment;
mod beginning;
mod comparison;
mod detail;
mod ends;
mod failure;
mod fields;
mod jobs;
mod offset_map;
mod policy;
mod ranges;
mod report;
mod rules;
mod run;
mod sentence;
mod stream;
mod superseded;
mod uncopied;
mod verdict;

pub use report::{
    Accepted, Difference, DifferenceKind, Gone, GoneReason, LogSide, NoLongerThere, NotCompared, NotCopied,
    NotCopiedTotal, PartitionReport, VerificationReport, VerificationResult, VerifyProgress,
};
pub use run::{VerifyOptions, verify};
