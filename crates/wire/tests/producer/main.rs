//! The producer against an in-process cluster: each batch once and in order, whatever moves, fails or gets lost, and
//! transactions with their positions or neither.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

mod batches;
mod brokers;
mod ground;
mod transactions;
