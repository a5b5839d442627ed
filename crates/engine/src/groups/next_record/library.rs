use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sluice_kafka::{ErrorCode, KafkaError, PartitionOffset, Reader, ReaderTuning};
use sluice_model::Cluster;
use sluice_wire::{Cancel, WireError};

use super::looks::Looks;
use super::{Fingerprint, Found, Look};
use crate::verify::ReadError;

/// Messages taken from the reader at once.
const STEP: usize = 1_000;
/// How long it may go on without an answer to any question.
const SILENCE: Duration = Duration::from_secs(30);
/// Partitions that are assigned at a time.
const AT_ONCE: usize = 500;
/// Offsets to the next question that are read rather than gone to: assigning again costs a request to the broker.
const NEAR: i64 = 1_000;
/// KiB fetched ahead.
const PREFETCH_KIB: u32 = 4 * 1024;
/// KiB of a partition at a time: one record of each is wanted.
const PARTITION_KIB: u32 = 32;

type Place = (String, i32);

/// Looks with librdkafka.
pub(crate) struct LibraryLooker {
    reader: Reader,
    cancel: Cancel,
}

impl LibraryLooker {
    /// # Errors
    /// librdkafka refuses a property.
    pub(crate) fn new(cluster: &Cluster, cancel: &Cancel) -> sluice_kafka::Result<Self> {
        let tuning = ReaderTuning {
            prefetch_kib: PREFETCH_KIB,
            partition_fetch_kib: PARTITION_KIB,
            fetch_wait_ms: 20,
            ..ReaderTuning::default()
        };
        Ok(Self {
            reader: Reader::new(cluster, tuning)?,
            cancel: cancel.clone(),
        })
    }

    /// An answer for each question, in their order.
    pub(crate) fn look(&mut self, looks: &[Look]) -> Vec<Found> {
        let mut all = Looks::new(looks);
        while !all.is_done() {
            let assigned: Vec<(Place, i64)> = all.open().into_iter().take(AT_ONCE).collect();
            if let Err(error) = self.round(&mut all, assigned) {
                return all.into_found(&error);
            }
        }
        all.into_found(&ReadError::Silent(SILENCE.as_secs()))
    }

    /// Reads some partitions from an offset on, each until its next question is far away.
    fn round(
        &mut self,
        all: &mut Looks<'_>,
        partitions: Vec<(Place, i64)>,
    ) -> std::result::Result<(), ReadError> {
        let assigned: Vec<PartitionOffset> = partitions
            .iter()
            .map(|(place, offset)| PartitionOffset::new(place.0.clone(), place.1, *offset))
            .collect();
        self.reader.assign(&assigned)?;
        let outcome = self.read(all, partitions.into_iter().collect());
        self.reader.unassign(&assigned)?;
        outcome
    }

    /// `reading`: the partitions that are not done, with the offset from which on each was assigned.
    fn read(
        &mut self,
        all: &mut Looks<'_>,
        mut reading: BTreeMap<Place, i64>,
    ) -> std::result::Result<(), ReadError> {
        let mut until = Instant::now() + SILENCE;
        while !reading.is_empty() {
            if self.cancel.is_cancelled() {
                return Err(ReadError::Wire(WireError::Cancelled));
            }
            let mut came = false;
            self.reader.read(STEP, Duration::from_millis(100), |message| {
                let place = (message.topic().to_owned(), message.partition());
                // What is left of the round before is not ours.
                let Some(from) = reading.get(&place).copied() else {
                    return;
                };
                let is_done = match message.error() {
                    ErrorCode::NONE if message.offset() < from => return,
                    ErrorCode::NONE => {
                        all.saw(&place, Fingerprint::of_message(&message));
                        all.passed(&place, message.offset() + 1);
                        all.cursor(&place)
                            .is_none_or(|next| next > message.offset() + NEAR)
                    }
                    ErrorCode::LOCAL_PARTITION_EOF => {
                        all.ended(&place);
                        true
                    }
                    code => {
                        all.failed(&place, KafkaError::new(code, message.error_text()).into());
                        true
                    }
                };
                came = true;
                if is_done {
                    reading.remove(&place);
                }
            })?;
            if came {
                until = Instant::now() + SILENCE;
            } else if Instant::now() >= until {
                return Err(ReadError::Silent(SILENCE.as_secs()));
            }
        }
        Ok(())
    }
}
