//! What is asked of the clusters, once for all items.

mod clients;
mod format;
mod growth;
mod holes;
mod misread;
mod offsets;
mod outline;
mod reach;
mod readable;
mod rights;
mod sample;
mod setup;

pub(crate) use clients::Clients;
pub(crate) use format::{Compaction, Format};
pub(crate) use growth::Growth;
pub(crate) use holes::{Holes, holes};
pub(crate) use offsets::Offsets;
pub(crate) use outline::{Outline, Route};
pub(crate) use reach::Reached;
pub(crate) use readable::Readable;
pub(crate) use rights::{KnownRights, bound};
pub(crate) use sample::Sample;
pub(crate) use setup::{RouteSetup, Setup, broker_number};
