//! The first committed record at or behind an offset, for many places at once.

mod fingerprint;
mod library;
mod looks;
mod wire;

pub(crate) use fingerprint::Fingerprint;
pub(crate) use library::LibraryLooker;
pub(crate) use looks::{Found, Look};
pub(crate) use wire::WireLooker;
