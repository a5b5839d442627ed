//! Positions that stand committed on the target.

use std::time::Duration;

use sluice_kafka::{ErrorCode, KafkaError, PartitionOffset, Reader, ReaderTuning};
use sluice_model::Task;

use crate::error::{EngineError, Result};
use crate::position::note::{Note, Writership, read_note};

/// Positions committed on the target under `identity`, with their notes; asked for no longer than `deadline`.
pub(crate) fn committed(
    task: &Task,
    identity: &str,
    partitions: &[PartitionOffset],
    deadline: Duration,
) -> sluice_kafka::Result<Vec<PartitionOffset>> {
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let reader = Reader::with_group(&task.target, ReaderTuning::default(), identity)?;
    reader.committed(partitions, deadline)
}
/// A position that stands committed on the target, with what its commit says of itself.
pub(crate) struct Found {
    pub(crate) target_topic: String,
    pub(crate) partition: i32,
    pub(crate) position: i64,
    pub(crate) note: Note,
}

/// Asks the target for the committed positions of `partitions` (target topic, partition number), for no longer than
/// `deadline`.
pub(crate) fn committed_positions(
    task: &Task,
    identity: &str,
    partitions: impl Iterator<Item = (String, i32)>,
    deadline: Duration,
) -> Result<Vec<Found>> {
    let wanted: Vec<PartitionOffset> = partitions
        .map(|(topic, partition)| PartitionOffset {
            offset: None,
            ..PartitionOffset::new(topic, partition, 0)
        })
        .collect();
    let entries = committed(task, identity, &wanted, deadline).map_err(|error| EngineError::Cluster {
        side: crate::error::Side::Target,
        what: "reading the committed positions".into(),
        error,
    })?;
    // Without one partition's position its records would be written again.
    if let Some(entry) = entries.iter().find(|entry| entry.error != ErrorCode::NONE) {
        return Err(EngineError::Cluster {
            side: crate::error::Side::Target,
            what: format!(
                "reading the committed position of {}-{}",
                entry.topic, entry.partition
            ),
            error: KafkaError::from_code(entry.error),
        });
    }
    Ok(entries
        .into_iter()
        .filter_map(|entry| {
            Some(Found {
                position: entry.offset?,
                note: read_note(&entry)?,
                target_topic: entry.topic,
                partition: entry.partition,
            })
        })
        .collect())
}

/// The latest run that committed any of these positions.
pub(crate) fn latest_writer(found: &[Found]) -> Option<Writership> {
    found
        .iter()
        .filter_map(|found| found.note.writer.as_ref())
        .max_by_key(|writer| writer.generation)
        .cloned()
}
