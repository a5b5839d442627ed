//! `sluice` as scripts see it: arguments, exit codes, stdout and stderr. Clusters are in-process ones.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

mod copying;
mod ground;
mod refusals;
mod signals;
