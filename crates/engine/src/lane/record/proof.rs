//! Whether the source still has the log that was copied. librdkafka asks the brokers where an epoch ended
//! (OffsetForLeaderEpoch) when it learns of a new leader while it reads, and when it seeks; a partition that is assigned
//! after the client has learned of its new leader is read on from its offset without a word (2.12.1,
//! `rd_kafka_toppar_fetch_start`), into another log after an unclean election. So the lane has it seek.

use std::collections::BTreeSet;
use std::time::Duration;

use sluice_kafka::{ErrorCode, Message, PartitionOffset};

use crate::lane::record::record_lane::RecordLane;
use crate::lane::record::track::Track;
use crate::lane::{Report, Slot, SourceIncident};

/// How long the client may take to begin to seek: it asks no broker for that.
const SEEK_DEADLINE: Duration = Duration::from_secs(1);

/// What is known of a partition's log since it was assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// It is the one that was copied: its next record has the epoch of the last one, or the client compared it.
    Given,
    /// Nothing. `end`: its end proves nothing either; a new client compares a log before it reports an end.
    Wanted {
        /// See the variant.
        end: bool,
    },
    /// The client is to compare it; what arrives until it does is dropped.
    Due {
        /// As in [`Proof::Wanted`], should that fail.
        end: bool,
    },
}

impl Proof {
    /// Of a partition whose last record had this epoch, if it is known.
    pub(super) fn of_assigned(epoch: Option<i32>, fresh_client: bool) -> Self {
        match epoch {
            Some(_) => Self::Wanted { end: !fresh_client },
            None => Self::Given,
        }
    }
}

impl Track {
    /// Whether the log must be compared before this record or end is taken from it.
    pub(super) fn needs_proof(&mut self, message: &Message) -> bool {
        let Proof::Wanted { end } = self.proof else {
            return false;
        };
        let needed = match message.error() {
            ErrorCode::LOCAL_PARTITION_EOF => end,
            ErrorCode::NONE if message.leader_epoch() == self.epoch => {
                self.proof = Proof::Given;
                false
            }
            ErrorCode::NONE => true,
            // A fault is an incident whatever the log is.
            _ => false,
        };
        if needed {
            self.proof = Proof::Due { end };
        }
        needed
    }

    /// Where its reader goes on: it compares the log with the epoch before it.
    pub(super) fn place(&self) -> PartitionOffset {
        let mut place = PartitionOffset::new(
            self.partition.source_topic.clone(),
            self.partition.partition,
            self.next,
        );
        place.leader_epoch = self.epoch;
        place
    }
}

impl RecordLane {
    /// Has the client compare the logs of these partitions. It reads them from their positions again, or reports that they
    /// have diverged.
    pub(super) fn prove(&mut self, slots: &[Slot], report: &mut Report) {
        if slots.is_empty() {
            return;
        }
        self.forget_unsent(slots);
        let of = |slot: &Slot| self.tracks.get(*slot).and_then(Option::as_ref);
        let places: Vec<PartitionOffset> = slots.iter().filter_map(of).map(Track::place).collect();
        let outcome = self.reader.seek(&places, SEEK_DEADLINE);
        for &slot in slots {
            let Some(track) = self.tracks.get_mut(slot).and_then(Option::as_mut) else {
                continue;
            };
            match (&outcome, track.proof) {
                (Ok(()), _) => track.proof = Proof::Given,
                (Err(error), Proof::Due { end }) => {
                    track.proof = Proof::Wanted { end };
                    let detail = error.message.clone();
                    report
                        .incidents
                        .push((slot, SourceIncident::Unreadable { detail }));
                }
                (Err(_), _) => {}
            }
        }
    }

    /// Drops what was read of these partitions and not sent.
    pub(super) fn forget_unsent(&mut self, slots: &[Slot]) {
        let gone: BTreeSet<Slot> = slots.iter().copied().collect();
        for message in std::mem::take(&mut self.inbox) {
            if self.slot_of(&message).is_none_or(|slot| !gone.contains(&slot)) {
                self.inbox.push_back(message);
            }
        }
    }
}
