use std::collections::BTreeMap;
use std::time::Duration;

use sluice_model::{Cluster, MissingTimestamps};
use sluice_wire::format::{Codec, CodecSet};

use crate::position::PairedWriters;

/// The largest batch that a topic takes whose limit is not known, in bytes: the default of brokers before 2.5, which is
/// less than that of later ones.
pub(super) const DEFAULT_BATCH_LIMIT: usize = 1_000_012;

/// What a wire lane needs to know.
#[derive(Debug, Clone)]
pub struct WireLaneConfig {
    /// Where to read.
    pub source: Cluster,
    /// Where to write.
    pub target: Cluster,
    /// Bytes of batches that may be held, on their way and in flight, as they are stored.
    pub fetched_bytes: usize,
    /// Bytes of batches that may wait for their acknowledgement.
    pub in_flight_bytes: usize,
    /// The transactional id; an idempotent writer without.
    pub transactional_id: Option<String>,
    /// The transactional id of what fills holes, where every record is to keep its offset; the records themselves are then
    /// written without transactions.
    pub mirror: Option<String>,
    /// After which time the target aborts an open transaction.
    pub transaction_timeout: Duration,
    /// Group on the target that keeps the positions (transactional writers).
    pub group: String,
    /// The codec that every batch gets; `None` keeps each batch's own.
    pub codec: Option<Codec>,
    /// The codecs that the target knows.
    pub known_codecs: CodecSet,
    /// Largest batch of target topics (`max.message.bytes`), where it is known.
    pub batch_limits: BTreeMap<String, usize>,
    /// Whether to hash records (sources without topic ids need it).
    pub hashes: bool,
    /// For one of two tasks that copy in both directions: whose batches it notes and leaves out.
    pub pair: Option<PairedWriters>,
    /// Timestamp of records that have none.
    pub missing_timestamps: MissingTimestamps,
}

impl WireLaneConfig {
    /// The codecs that may travel to the target.
    pub(super) fn codecs(&self) -> CodecSet {
        self.codec.map_or(self.known_codecs, CodecSet::only)
    }

    /// The codec of records that are framed again and come from batches of `own`.
    pub(super) fn codec_for(&self, own: Codec) -> Codec {
        match self.codec {
            Some(codec) => codec,
            None if self.known_codecs.contains(own) => own,
            None => Codec::Lz4,
        }
    }

    /// The largest batch that a target topic takes, in bytes with its header.
    pub(super) fn batch_limit(&self, topic: &str) -> usize {
        self.batch_limits
            .get(topic)
            .copied()
            .unwrap_or(DEFAULT_BATCH_LIMIT)
    }
}
