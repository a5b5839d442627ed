//! Record batches as they are on the wire and on a broker's disk. Pure functions on bytes: no sockets, no requests.
//!
//! Nothing here trusts its input: every length is compared with what is there, expanding is bounded by a budget, and
//! damaged data end in a [`Fault`] with the offsets it concerns.
//!
//! # Reading
//!
//! A [`RecordSet`] goes from [`Entry`] to entry of a Fetch response: batches of format 2, messages of formats 0 and 1
//! (brokers 0.10 and before, and newer ones with an old `message.format.version` or data that old ones wrote). A
//! [`RecordReader`] expands an entry, checks every record in it and gives [`Records`], the same for all formats. A
//! [`FetchedSet`] does both as a consumer would, without aborted transactions.
//!
//! Sources of these rules: `LogValidator`, `ProduceRequest.validateRecords` and `DefaultRecordBatch` of Apache Kafka 4.x;
//! KIP-31, KIP-32, KIP-82, KIP-98, KIP-110, KIP-534.

mod batch;
mod codec;
mod control;
mod cursor;
mod entries;
mod fault;
mod fetched;
mod message;
mod record;
mod records;

#[cfg(test)]
mod tests;

pub use batch::{Attributes, BATCH_HEADER_LEN, BatchHeader, BatchView};
pub use codec::{Codec, CodecSet, CompressError, Compressor, Level};
pub use control::ControlKind;
pub use entries::{Entry, Partial, Placed, RecordSet};
pub use fault::{CodecFault, Edge, Fault, FaultKind, FaultRange, RecordFault};
pub use fetched::{AbortedTransaction, Fetched, FetchedSet, IsolationLevel, OwnedRecord};
pub use message::Message;
pub use record::{HeaderIter, HeaderView, Headers, NO_TIMESTAMP, RecordView, TimestampKind};
pub use records::{RecordIter, RecordReader, Records};
