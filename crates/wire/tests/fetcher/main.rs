//! The fetcher against an in-process cluster: many partitions, whole batches, and brokers that move, fail and forget.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

mod batches;
mod brokers;
mod ground;
mod partitions;
