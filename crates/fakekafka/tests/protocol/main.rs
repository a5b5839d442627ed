//! The cluster seen from the wire, with nothing installed.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod admin;
mod client;
mod faults;
mod fetching;
mod groups;
mod producing;
mod transactions;
