//! Each item of the pre-check, driven to each of its results (hermetic: in-process clusters).

mod access;
mod beginnings;
mod ground;
mod mirrors;
mod pace;
mod records;
mod report;
mod topics;
