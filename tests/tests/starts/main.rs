//! Where a copy begins, what it does to what it finds, and what it refuses.

mod clusters;
mod existing_data;
mod ground;
mod positions;
mod real_brokers;
mod topics;
