//! Consumer groups on both sides: each continues on the target exactly where it stopped at the source.

mod companion;
mod ground;
mod kafka;
mod keeping;
mod kinds;
mod mirrors;
mod paired;
mod positions;
mod rules;
mod speed;
mod streams_group;
