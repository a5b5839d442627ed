use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use sluice_wire::FetchedBatches;
use sluice_wire::format::{Copied, Fault};

use crate::lane::{HoleKind, Slot};

/// One stored entry on its way. Its bytes are a slice of the answer that brought it.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// A batch of format 2 with records.
    Batch(Bytes),
    /// A message of format 0 or 1.
    Message(Bytes),
    /// Nothing to copy up to this offset.
    Hole { next: i64, kind: HoleKind },
    /// Nothing behind this can be read.
    Damaged(Fault),
}

/// What one answer brought of a partition and was not sent yet.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) slot: Slot,
    pub(super) pieces: VecDeque<Piece>,
    pub(super) at: Instant,
}

impl Arrived {
    /// Takes an answer apart, down to its entries. Their checksums are compared here.
    pub(super) fn new(slot: Slot, batches: &FetchedBatches) -> Self {
        let pieces = batches
            .entries()
            .map(|entry| match entry {
                Ok(Copied::Batch(batch)) => Piece::Batch(batches.records.slice_ref(batch.bytes())),
                Ok(Copied::Message(message)) => Piece::Message(batches.records.slice_ref(message.bytes())),
                Ok(control @ Copied::Control { .. }) => Piece::Hole {
                    next: control.next_offset(),
                    kind: HoleKind::Control,
                },
                Ok(aborted @ Copied::Aborted(_)) => Piece::Hole {
                    next: aborted.next_offset(),
                    kind: HoleKind::Aborted,
                },
                Err(fault) => Piece::Damaged(fault),
            })
            .collect();
        Self {
            slot,
            pieces,
            at: Instant::now(),
        }
    }
}
