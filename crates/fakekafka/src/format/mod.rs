//! The record batch format (magic 2): reading, checking and writing it without trusting its bytes.

mod batch;
mod codec;
mod control;
mod cursor;
mod records;

pub(crate) use batch::{BatchHeader, crc_matches, mark_append_time, place, set_max_timestamp};
pub use codec::Compression;
pub(crate) use control::{marker, marker_commits};
pub use cursor::FormatError;
pub(crate) use records::{BatchSpec, Record, decode, encode};
