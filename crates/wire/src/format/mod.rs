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
//! # Writing: pass or splice
//!
//! A source batch may be *passed*, its records untouched and still compressed, behind a header that [`rewrite`] makes, if
//! all of this is true ([`BatchView::route`]):
//!
//! * its format is 2: brokers since 0.11 refuse others in a Produce request of today's versions;
//! * it is no control batch: clients may not write markers;
//! * its count is its last offset - base offset + 1: brokers refuse batches with holes, as compaction leaves them;
//! * its timestamps are of create time: in a batch of append time the time of all records is the greatest one of the
//!   header, and without the bit, which topics of create time refuse, older times inside would show;
//! * all of its records are wanted: no start in the middle, no refused record, no end inside;
//! * the target takes its codec (zstd only since 2.1) and the task keeps it;
//! * with its header it is no larger than the target's `max.message.bytes`.
//!
//! Otherwise, and where small batches are to become larger ones, its records are *spliced* into a new batch by
//! [`Splice`]. A producer may send only one batch per partition in a request, so batches of a few records should be
//! spliced while there is more to send, even where they could be passed.
//!
//! Sources of these rules: `LogValidator`, `ProduceRequest.validateRecords` and `DefaultRecordBatch` of Apache Kafka 4.x;
//! KIP-31, KIP-32, KIP-82, KIP-98, KIP-110, KIP-534.

mod aborted;
mod batch;
mod canonical;
mod codec;
mod committed;
mod control;
mod cursor;
mod diagnosis;
mod entries;
mod fault;
mod fetched;
mod filler;
mod message;
mod pass;
mod record;
mod records;
mod splice;
mod splice_frames;
mod walk;

#[cfg(test)]
mod tests;

pub use aborted::{AbortedFilter, AbortedTransaction};
pub use batch::{Attributes, BATCH_HEADER_LEN, BatchHeader, BatchView};
pub use canonical::{CanonicalFields, CanonicalHasher, RecordParts, write_canonical};
pub use codec::{Codec, CodecSet, CompressError, Compressor, Level};
pub use committed::{Copied, CopiedSet};
pub use control::ControlKind;
pub use diagnosis::{Diagnosis, describe_fault_at};
pub use entries::{Entry, Partial, Placed, RecordSet};
pub use fault::{CodecFault, Edge, Fault, FaultKind, FaultRange, RecordFault};
pub use fetched::{Fetched, FetchedSet, IsolationLevel, OwnedRecord};
pub use filler::filler_batch;
pub use message::Message;
pub use pass::{
    PassRules, ProducerStamp, RewriteError, Route, SkipReason, SpliceReason, Wanted, rewrite, rewritten_head,
};
pub use record::{HeaderIter, HeaderView, Headers, NO_TIMESTAMP, RecordView, TimestampKind};
pub use records::{RecordIter, RecordReader, Records};
pub use splice::{Splice, SpliceOptions, Spliced, SplicedBatch};
pub use splice_frames::Span;
pub(crate) use walk::{Stop, walk};
