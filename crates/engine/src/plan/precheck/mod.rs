//! The pre-check: what a start would do, and what would go wrong. Changes nothing on either side.
//!
//! [`facts`] asks the clusters, each question once and in parallel; the items judge what came back and ask nothing
//! themselves, so that the pre-check, an inspection and a start come to the same findings.

mod checks;
mod compaction;
mod compression;
mod connection;
mod context;
mod cycles;
mod data;
mod delivery;
mod durability;
mod end;
mod estimate;
pub(crate) mod facts;
mod fingerprint;
mod formats;
mod item;
mod mirror;
mod names;
mod permission;
mod retention;
mod run;
mod sizes;
mod start;
mod timestamps;
mod topics;
mod versions;
pub(crate) mod words;
mod writers;

pub use checks::ITEMS;
pub(crate) use checks::at_launch;
pub use context::{OtherTask, PreCheckContext};
pub use fingerprint::settings_fingerprint;
pub use item::{ItemResult, PreCheckItem, PreCheckReport};
pub(crate) use retention::deletes;
pub use run::precheck;
