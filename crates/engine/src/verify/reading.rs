//! Which client reads which side: another one than wrote the copy, where it can.

use std::collections::BTreeSet;
use std::time::Duration;

use sluice_kafka::{PartitionOffset, Reader, ReaderTuning};
use sluice_model::{Cluster, LaneChoice, Task};
use sluice_wire::{Cancel, Client, WireError};

use crate::error::{EngineError, Result, Side};
use crate::plan::StoredFormats;
use crate::position::{LaneKind, PartitionKey};
use crate::verify::feed::Feed;
use crate::verify::library_feed::LibraryFeed;
use crate::verify::report::ReadBy;
use crate::verify::wire_feed::{PartitionLog, WireFeed, WireReader};

/// KiB fetched ahead by each of librdkafka's readers; up to four of them are open.
const PREFETCH_KIB: u32 = 12 * 1024;

/// How long a look at what is stored may take.
const LOOK_DEADLINE: Duration = Duration::from_secs(5);

/// How both sides are read.
pub(crate) struct Reading {
    source: SideReading,
    target: SideReading,
    /// The wire clients of both sides, which read stored batches.
    batches: Option<(Client, Client)>,
}

/// How the records of one side are read.
enum SideReading {
    /// By the wire client: the record lane has copied, with librdkafka.
    Wire(Client),
    /// By librdkafka: the wire lane alone has copied, or the wire client lacks what the cluster asks for.
    Library,
}

impl Reading {
    /// For what `lanes` have copied; of a copy by both, librdkafka's part is the one that needs other eyes.
    ///
    /// # Errors
    /// A cluster's properties are wrong.
    pub(crate) fn of(task: &Task, lanes: &BTreeSet<LaneKind>) -> Result<Self> {
        let source = wire_client(&task.source, Side::Source)?;
        let target = wire_client(&task.target, Side::Target)?;
        let ours: BTreeSet<LaneKind> = lanes
            .iter()
            .copied()
            .filter(|lane| *lane != LaneKind::Connect)
            .collect();
        let by_wire_alone = if ours.is_empty() {
            // A state from before lanes were noted: `auto` was the record lane then. What Connect has copied, either may read.
            task.lane == LaneChoice::Wire
        } else {
            !ours.contains(&LaneKind::Record)
        };
        let side = |client: &Option<Client>| match client {
            Some(client) if !by_wire_alone => SideReading::Wire(client.clone()),
            _ => SideReading::Library,
        };
        Ok(Self {
            source: side(&source),
            target: side(&target),
            batches: source.zip(target),
        })
    }

    /// The wire clients of the sides that are read by it.
    pub(crate) fn wire_clients(&self) -> (Option<&Client>, Option<&Client>) {
        (self.source.wire_client(), self.target.wire_client())
    }

    /// The source's wire client, where both sides have one, whoever reads the source.
    pub(crate) fn source_wire(&self) -> Option<&Client> {
        self.batches.as_ref().map(|(source, _)| source)
    }

    /// What the report says of the records of both sides.
    pub(crate) fn read_by(&self) -> (ReadBy, ReadBy) {
        (self.source.read_by(), self.target.read_by())
    }

    /// Readers for one thread.
    ///
    /// # Errors
    /// librdkafka refuses a property.
    pub(crate) fn readers(&self, task: &Task, cancel: &Cancel) -> Result<Readers> {
        let batches = self.batches.as_ref().map(|(source, target)| {
            let reader = |client| WireReader::new(client, cancel);
            (reader(source), reader(target))
        });
        let old_formats = match (&self.source, &self.batches) {
            (SideReading::Library, Some((source, _))) => Some(OldFormats {
                formats: StoredFormats::new(&task.source, LOOK_DEADLINE).map_err(|error| {
                    EngineError::Refused(format!("the {} cannot be read: {error}", Side::Source))
                })?,
                reader: SideReader::Wire(Box::new(WireReader::new(source, cancel))),
            }),
            _ => None,
        };
        Ok(Readers {
            old_formats,
            source: self.source.reader(&task.source, Side::Source, cancel)?,
            target: self.target.reader(&task.target, Side::Target, cancel)?,
            batches,
        })
    }
}

/// Reads the source of partitions whose records librdkafka would misread.
pub(crate) struct OldFormats {
    formats: StoredFormats,
    reader: SideReader,
}

impl OldFormats {
    /// A reader for the partition, if it begins with records in a format that librdkafka misreads. Older records stand before
    /// newer ones, so its beginning shows it.
    pub(crate) fn reader_for(&mut self, key: &PartitionKey, from: i64) -> Option<&mut SideReader> {
        match self.formats.misread_at(key, from) {
            Ok(misread) => misread.is_some().then_some(&mut self.reader),
            Err(error) => {
                tracing::info!(%key, from, %error, "looking at what is stored");
                None
            }
        }
    }
}

/// The readers of one thread.
pub(crate) struct Readers {
    pub(crate) source: SideReader,
    pub(crate) target: SideReader,
    /// Where librdkafka reads the source.
    pub(crate) old_formats: Option<OldFormats>,
    /// Readers of stored batches, where both clusters can be read so.
    pub(crate) batches: Option<(WireReader, WireReader)>,
}

/// The cluster's wire client; `None` where that lacks what the cluster asks for.
///
/// # Errors
/// The cluster's properties are wrong.
fn wire_client(cluster: &Cluster, side: Side) -> Result<Option<Client>> {
    match Client::new(cluster) {
        Ok(client) => Ok(Some(client)),
        Err(WireError::Unsupported(why)) => {
            tracing::info!(%why, ?side, "verifying with librdkafka");
            Ok(None)
        }
        Err(error) => Err(EngineError::Refused(format!(
            "the {side} cannot be read: {error}"
        ))),
    }
}

impl SideReading {
    fn wire_client(&self) -> Option<&Client> {
        match self {
            Self::Wire(client) => Some(client),
            Self::Library => None,
        }
    }

    fn read_by(&self) -> ReadBy {
        match self {
            Self::Wire(_) => ReadBy::Wire,
            Self::Library => ReadBy::Librdkafka,
        }
    }

    fn reader(&self, cluster: &Cluster, side: Side, cancel: &Cancel) -> Result<SideReader> {
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
    /// The records of a partition from the offset of `partition` on.
    pub(crate) fn open(&mut self, partition: PartitionOffset) -> Box<dyn Feed + '_> {
        match self {
            Self::Wire(reader) => {
                let log = PartitionLog::new(reader, &partition.topic, partition.partition);
                Box::new(WireFeed::open(Box::new(log), partition.offset.unwrap_or(0)))
            }
            Self::Library(reader) => Box::new(LibraryFeed::open(reader, partition)),
        }
    }
}
