//! The procedure on a model of two clusters, with a crash at every place where there can be one.

mod crashes;
mod ground;
mod holds;
mod model;
mod pages;

pub(super) use ground::planned;
