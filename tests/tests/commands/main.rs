//! Commands as scripts give them (hermetic: in-process clusters, the real program).

mod concurrent;
mod gaps;
mod read_only;
mod refusals;
mod scene;
mod verified_on_schedule;
