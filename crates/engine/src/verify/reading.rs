//! Which client reads which side: another one than wrote the copy, where it can.

use sluice_kafka::{PartitionOffset, Reader, ReaderTuning};
use sluice_model::{Cluster, LaneChoice};
use sluice_wire::{Cancel, Client, WireError};

use crate::error::{EngineError, Result, Side};
use crate::verify::feed::{Feed, ReadError};
use crate::verify::library_feed::LibraryFeed;
use crate::verify::report::ReadBy;
use crate::verify::wire_feed::{WireFeed, WireReader};

/// KiB fetched ahead by each of librdkafka's readers; up to four of them are open.
const PREFETCH_KIB: u32 = 12 * 1024;

/// How one side is read.
pub(crate) enum Reading {
    /// By the wire client: the record lane copies with librdkafka.
    Wire(Client),
    /// By librdkafka: the wire lane copies with the wire client, or that lacks what the cluster asks for.
    Library,
}

impl Reading {
    /// # Errors
    /// The cluster's properties are wrong.
    pub(crate) fn of(cluster: &Cluster, side: Side, lane: LaneChoice) -> Result<Self> {
        if lane == LaneChoice::Wire {
            return Ok(Self::Library);
        }
        match Client::new(cluster) {
            Ok(client) => Ok(Self::Wire(client)),
            Err(WireError::Unsupported(why)) => {
                tracing::info!(%why, ?side, "verifying with librdkafka");
                Ok(Self::Library)
            }
            Err(error) => Err(EngineError::Refused(format!(
                "the {side} cannot be read: {error}"
            ))),
        }
    }

    /// What the report says of it.
    pub(crate) fn read_by(&self) -> ReadBy {
        match self {
            Self::Wire(_) => ReadBy::Wire,
            Self::Library => ReadBy::Librdkafka,
        }
    }

    /// A reader for one thread.
    ///
    /// # Errors
    /// librdkafka refuses a property.
    pub(crate) fn reader(&self, cluster: &Cluster, side: Side, cancel: &Cancel) -> Result<SideReader> {
        match self {
            Self::Wire(client) => Ok(SideReader::Wire(Box::new(WireReader::new(client, cancel)))),
            Self::Library => {
                let tuning = ReaderTuning {
                    prefetch_kib: PREFETCH_KIB,
                    ..ReaderTuning::default()
                };
                Reader::new(cluster, tuning)
                    .map(SideReader::Library)
                    .map_err(|error| EngineError::Cluster {
                        side,
                        what: "opening a reader".into(),
                        error,
                    })
            }
        }
    }
}

/// Reads partitions of one side, one at a time.
pub(crate) enum SideReader {
    Wire(Box<WireReader>),
    Library(Reader),
}

impl SideReader {
    /// Opens a partition at the offset of `partition`.
    pub(crate) fn open(
        &mut self,
        partition: PartitionOffset,
    ) -> std::result::Result<Box<dyn Feed + '_>, ReadError> {
        Ok(match self {
            Self::Wire(reader) => Box::new(WireFeed::open(reader, &partition)),
            Self::Library(reader) => Box::new(LibraryFeed::open(reader, partition)?),
        })
    }
}
