//! Tasks that run on a real Kafka Connect cluster, on real brokers.

mod copies;
mod moves;
mod notes;
mod others;
mod refusals;
mod scene;
