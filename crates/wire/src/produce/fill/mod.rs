//! Taking up offsets without leaving records: what keeps the offsets of a copy equal to those of its source where the
//! source has none to copy (markers, aborted records, compacted ones, a log that begins late).
//!
//! A hole of `k` offsets is filled by a transaction that writes `k` − 1 records without content and is aborted: its marker
//! takes the last one. Readers of committed records see nothing of it.
//!
//! A transaction is open only while a partition's log ends inside a hole. Whenever it is given up, by this program or,
//! after a crash, by the coordinator, its marker lands in that hole. So one transaction cannot serve several holes of a
//! partition with records between them; it does serve holes of many partitions at once.

mod driver;
mod event;
mod filler;

pub use driver::HoleFiller;
pub use event::{FillEvent, FillSettings, Hole};
