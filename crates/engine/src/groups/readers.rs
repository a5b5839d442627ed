//! The readers of both sides: the client that did not copy, where it can read the cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use sluice_kafka::KafkaError;
use sluice_model::{Cluster, Task};
use sluice_wire::{Cancel, Client};

use crate::error::{EngineError, Result, Side};
use crate::groups::next_record::{Found, LibraryLooker, Look, WireLooker};
use crate::plan::StoredFormats;
use crate::position::{CheckpointStore, PartitionKey};
use crate::verify::Reading;

/// How long a look at what is stored may take.
const LOOK_DEADLINE: Duration = Duration::from_secs(5);

/// Reads single records of both sides. Nothing is connected before the first look.
pub(crate) struct Lookers<'a> {
    task: &'a Task,
    cancel: &'a Cancel,
    reading: Reading,
    source: Option<Looker>,
    target: Option<Looker>,
    old_formats: Option<OldFormats>,
}

enum Looker {
    Wire(Box<WireLooker>),
    Library(LibraryLooker),
}

impl Looker {
    fn look(&mut self, looks: &[Look]) -> Vec<Found> {
        match self {
            Self::Wire(looker) => looker.look(looks),
            Self::Library(looker) => looker.look(looks),
        }
    }
}

/// Records of the source that librdkafka would misread, as it does those of the formats before 0.11 from newer brokers.
struct OldFormats {
    formats: StoredFormats,
    looker: WireLooker,
    misread: BTreeMap<PartitionKey, bool>,
}

impl<'a> Lookers<'a> {
    /// # Errors
    /// A cluster's properties are wrong, or the state cannot be read.
    pub(crate) fn new(task: &'a Task, store: &dyn CheckpointStore, cancel: &'a Cancel) -> Result<Self> {
        let lanes = store
            .launch(&task.name)?
            .map(|launch| launch.lanes)
            .unwrap_or_default();
        Ok(Self {
            task,
            cancel,
            reading: Reading::of(task, &lanes)?,
            source: None,
            target: None,
            old_formats: None,
        })
    }

    /// The answers of both sides, each in the order of its questions.
    ///
    /// # Errors
    /// A reader cannot be opened. What concerns a partition is its answer.
    pub(crate) fn look(&mut self, source: &[Look], target: &[Look]) -> Result<(Vec<Found>, Vec<Found>)> {
        let (by_wire, others) = self.split(source)?;
        self.open(!others.is_empty(), !target.is_empty())?;
        let Self {
            source: at_source,
            target: on_target,
            old_formats,
            ..
        } = self;
        let pick = |indices: &[usize]| -> Vec<Look> {
            indices
                .iter()
                .filter_map(|index| source.get(*index).cloned())
                .collect()
        };
        let (old, others_looks) = (pick(&by_wire), pick(&others));
        let (of_source, of_target) = std::thread::scope(|scope| {
            let asked = scope.spawn(move || {
                let others = at_source
                    .as_mut()
                    .map_or_else(Vec::new, |looker| looker.look(&others_looks));
                let old = old_formats
                    .as_mut()
                    .map_or_else(Vec::new, |old_formats| old_formats.looker.look(&old));
                (others, old)
            });
            let of_target = on_target
                .as_mut()
                .map_or_else(Vec::new, |looker| looker.look(target));
            (asked.join(), of_target)
        });
        let (found, found_old) =
            of_source.map_err(|_| EngineError::Internal("a thread that reads records panicked".into()))?;
        let mut answers: BTreeMap<usize, Found> = others.into_iter().zip(found).collect();
        answers.extend(by_wire.into_iter().zip(found_old));
        Ok((answers.into_values().collect(), of_target))
    }

    fn open(&mut self, source: bool, target: bool) -> Result<()> {
        let (source_wire, target_wire) = self.reading.wire_clients();
        if source && self.source.is_none() {
            let looker = looker(source_wire, &self.task.source, Side::Source, self.cancel)?;
            self.source = Some(looker);
        }
        if target && self.target.is_none() {
            let looker = looker(target_wire, &self.task.target, Side::Target, self.cancel)?;
            self.target = Some(looker);
        }
        Ok(())
    }

    /// Which questions to the source are for the wire client although librdkafka reads it, and the others.
    fn split(&mut self, looks: &[Look]) -> Result<(Vec<usize>, Vec<usize>)> {
        let (None, Some(client)) = (self.reading.wire_clients().0, self.reading.source_wire()) else {
            return Ok((Vec::new(), (0..looks.len()).collect()));
        };
        let old = match &mut self.old_formats {
            Some(old) => old,
            none => none.insert(OldFormats {
                formats: StoredFormats::new(&self.task.source, LOOK_DEADLINE).map_err(|error| {
                    EngineError::Refused(format!("the {} cannot be read: {error}", Side::Source))
                })?,
                looker: WireLooker::new(client, self.cancel),
                misread: BTreeMap::new(),
            }),
        };
        Ok((0..looks.len()).partition(|index| looks.get(*index).is_some_and(|look| old.is_misread(look))))
    }
}

impl OldFormats {
    /// Whether librdkafka would misread the partition. Older records stand before newer ones, so the first that is wanted
    /// shows it.
    fn is_misread(&mut self, look: &Look) -> bool {
        let key = PartitionKey {
            topic: look.topic.clone(),
            partition: look.partition,
        };
        if let Some(known) = self.misread.get(&key) {
            return *known;
        }
        let misread = self.formats.misread_at(&key, look.range.from);
        let misread = misread
            .inspect_err(|error| tracing::info!(%key, %error, "looking at what is stored"))
            .is_ok_and(|found| found.is_some());
        self.misread.insert(key, misread);
        misread
    }
}

fn looker(wire: Option<&Client>, cluster: &Cluster, side: Side, cancel: &Cancel) -> Result<Looker> {
    match wire {
        Some(client) => Ok(Looker::Wire(Box::new(WireLooker::new(client, cancel)))),
        None => LibraryLooker::new(cluster, cancel)
            .map(Looker::Library)
            .map_err(|error: KafkaError| EngineError::Cluster {
                side,
                what: "opening a reader".into(),
                error,
            }),
    }
}
