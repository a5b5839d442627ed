//! An independent re-read of both sides and a comparison of content.

mod compare;
mod offset_map;
mod report;
mod run;
mod stream;

pub use report::{
    Accepted, Difference, DifferenceKind, PartitionReport, VerificationReport, VerificationResult,
    VerifyProgress,
};
pub use run::{VerifyOptions, verify};
