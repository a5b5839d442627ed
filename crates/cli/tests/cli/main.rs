//! `sluice` as scripts see it: arguments, exit codes, stdout and stderr. Clusters are in-process ones.

mod copying;
mod ground;
mod refusals;
mod signals;
