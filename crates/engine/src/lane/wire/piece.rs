use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use sluice_wire::FetchedBatches;
use sluice_wire::format::{BatchView, Codec, Copied, Entry, Fault, Message};

use crate::lane::{HoleKind, Slot};

/// Stored bytes up to which a batch that is not compressed is small.
const SMALL: usize = 64 * 1024;
/// The same of a compressed one, which is decompressed and compressed again where it is joined with others.
const SMALL_COMPRESSED: usize = 8 * 1024;

/// One stored entry on its way.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// Records.
    Stored(Stored),
    /// Nothing to copy up to this offset.
    Hole { next: i64, kind: HoleKind },
    /// Nothing behind this can be read.
    Damaged(Fault),
}

/// A batch of format 2 with records, or a message of format 0 or 1, and what its header says.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// A slice of the answer that brought it.
    pub(super) bytes: Bytes,
    pub(super) is_message: bool,
    /// Its first offset; a compressed message says its last one, so that of a message is not known.
    pub(super) base_offset: Option<i64>,
    /// Where the partition goes on behind it.
    pub(super) next: i64,
    /// Its records; those of a compressed message are not counted.
    pub(super) records: i64,
    pub(super) leader_epoch: Option<i32>,
    pub(super) codec: Codec,
}

impl Stored {
    fn batch(records: &Bytes, batch: &BatchView<'_>) -> Self {
        let header = batch.header();
        Self {
            bytes: records.slice_ref(batch.bytes()),
            is_message: false,
            base_offset: Some(header.base_offset),
            next: header.next_offset(),
            records: i64::from(header.count),
            leader_epoch: Some(header.leader_epoch).filter(|epoch| *epoch >= 0),
            codec: header.codec,
        }
    }

    fn message(records: &Bytes, message: &Message<'_>) -> Self {
        Self {
            bytes: records.slice_ref(message.bytes()),
            is_message: true,
            base_offset: None,
            next: message.offset.saturating_add(1),
            records: 1,
            leader_epoch: None,
            codec: message.codec,
        }
    }

    /// Whether several of its kind are framed as one: each batch costs the target a request's worth of work, and records
    /// that are not compressed are joined for a copy of their bytes.
    pub(super) fn is_small(&self) -> bool {
        let most = if self.codec == Codec::None {
            SMALL
        } else {
            SMALL_COMPRESSED
        };
        self.is_message || self.bytes.len() <= most
    }

    /// Whether records of both may be framed as one batch.
    pub(super) fn joins(&self, other: &Self) -> bool {
        (self.is_message, self.leader_epoch, self.codec)
            == (other.is_message, other.leader_epoch, other.codec)
    }

    /// The entry for reading its records.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn entry(&self) -> Result<Entry<'_>, Fault> {
        if self.is_message {
            Message::parse(&self.bytes).map(Entry::Message)
        } else {
            BatchView::parse(&self.bytes).map(Entry::Batch)
        }
    }
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
                Ok(Copied::Batch(batch)) => Piece::Stored(Stored::batch(&batches.records, &batch)),
                Ok(Copied::Message(message)) => Piece::Stored(Stored::message(&batches.records, &message)),
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
