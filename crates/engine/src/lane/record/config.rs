use sluice_kafka::{ReaderTuning, WriterTuning};
use sluice_model::{Cluster, MissingTimestamps};

use crate::lane::record::compression::Compressions;
use crate::lane::record::intake::Nature;

/// What a record lane needs to know.
#[derive(Debug, Clone)]
pub struct RecordLaneConfig {
    /// Where to read.
    pub source: Cluster,
    /// Where to write.
    pub target: Cluster,
    /// The reader's latency, and the memory that it takes at most.
    pub reader: ReaderTuning,
    /// Brokers of the source.
    pub source_brokers: usize,
    /// What the source's records are like, where that is known.
    pub nature: Option<Nature>,
    /// The writer's guarantee and limits.
    pub writer: WriterTuning,
    /// How the target topics are compressed.
    pub compression: Compressions,
    /// Group on the target that keeps the positions (transactional writers).
    pub group: String,
    /// Bytes of records that may wait for their acknowledgement.
    pub in_flight_bytes: usize,
    /// Whether to hash records (sources without topic ids need it).
    pub hashes: bool,
    /// Timestamp of records that have none.
    pub missing_timestamps: MissingTimestamps,
}
