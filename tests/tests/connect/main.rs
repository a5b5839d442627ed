//! Tasks that run on a real Kafka Connect cluster, on real brokers.

mod absent;
mod copies;
mod gate;
mod groups;
mod moves;
mod notes;
mod older;
mod others;
mod readiness;
mod refusals;
mod scene;
mod secured;
mod topics;
mod without_pause;
