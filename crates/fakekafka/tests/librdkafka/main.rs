//! The cluster as librdkafka sees it.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod admin;
mod consuming;
mod login;
mod producing;
mod setup;
mod transactions;
