use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use sluice_wire::FetchedBatches;
use sluice_wire::format::{BatchView, Codec, Copied, Entry, Fault, Message};

use crate::error::StoreError;
use crate::lane::{HoleKind, Slot};
use crate::position::PairedWriters;

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
    /// Whose records these are cannot be found out now; nothing behind them is sent.
    Unknown(StoreError),
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
    /// Takes an answer apart, down to its entries. Their checksums are compared here, and what the other task of a pair has
    /// written is taken out. Messages of formats 0 and 1 are never its: it writes batches alone.
    pub(super) fn new(slot: Slot, batches: &FetchedBatches, pair: Option<&PairedWriters>) -> Self {
        let is_partners = |id| pair.map_or(Ok(false), |pair| pair.is_partners(id));
        let pieces = batches
            .entries()
            .map(|entry| match entry {
                Ok(Copied::Batch(batch)) => match is_partners(batch.header().producer_id) {
                    Ok(false) => Piece::Stored(Stored::batch(&batches.records, &batch)),
                    Ok(true) => Piece::Hole {
                        next: batch.header().next_offset(),
                        kind: HoleKind::Partner,
                    },
                    Err(error) => Piece::Unknown(error),
                },
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use sluice_wire::format::{Compressor, ProducerStamp, filler_batch};
    use sluice_wire::{Isolation, LogMarks, TopicPartition};

    use super::*;
    use crate::position::testing::{MemoryNotes, there};

    /// An answer with batches of these producers, each of so many records, from `base` on.
    fn answer(base: i64, batches: &[(i64, i32)]) -> FetchedBatches {
        let (mut next, mut bytes) = (base, Vec::new());
        for (producer_id, count) in batches {
            let stamp = ProducerStamp {
                producer_id: *producer_id,
                producer_epoch: 0,
                base_sequence: if *producer_id < 0 { -1 } else { 0 },
                transactional: *producer_id % 2 == 1,
            };
            let mut batch = filler_batch(&mut Compressor::new(), Codec::None, *count, 0, &stamp).unwrap();
            batch[..8].copy_from_slice(&next.to_be_bytes());
            bytes.extend(batch);
            next += i64::from(*count);
        }
        FetchedBatches {
            place: TopicPartition::new("t", 0),
            topic_id: None,
            position: base,
            next_offset: next,
            leader_epoch: None,
            marks: LogMarks::default(),
            aborted: Vec::new(),
            isolation: Isolation::Committed,
            records: bytes.into(),
        }
    }

    fn notes(fails: bool, partners: &[i64]) -> Arc<MemoryNotes> {
        let notes = MemoryNotes {
            fails,
            ..MemoryNotes::default()
        };
        let back = there().reversed();
        notes
            .noted
            .lock()
            .unwrap()
            .extend(partners.iter().map(|id| (back.clone(), *id)));
        Arc::new(notes)
    }

    proptest! {
        #[test]
        fn exactly_what_the_partner_wrote_is_left_out_whoever_writes_in_between(
            base in 0..1_000_i64,
            batches in prop::collection::vec((-1..8_i64, 1..5_i32), 1..40),
            partners in prop::collection::vec(0..8_i64, 0..5),
        ) {
            let pair = PairedWriters::new(notes(false, &partners), there());
            let arrived = Arrived::new(0, &answer(base, &batches), Some(&pair));
            prop_assert_eq!(arrived.pieces.len(), batches.len());
            let mut next = base;
            for (piece, (id, count)) in arrived.pieces.iter().zip(&batches) {
                let end = next + i64::from(*count);
                let left_out = match piece {
                    Piece::Stored(stored) => {
                        prop_assert_eq!((stored.base_offset, stored.next), (Some(next), end));
                        false
                    }
                    Piece::Hole { next, kind } => {
                        prop_assert_eq!((*next, *kind), (end, HoleKind::Partner));
                        true
                    }
                    other => return Err(TestCaseError::fail(format!("{other:?}"))),
                };
                prop_assert_eq!(left_out, partners.contains(id), "{}", id);
                next = end;
            }
        }
    }

    #[test]
    fn a_batch_of_which_it_is_not_known_whose_it_is_is_neither_copied_nor_left_out() {
        let pair = PairedWriters::new(notes(true, &[]), there());
        let arrived = Arrived::new(0, &answer(0, &[(-1, 1), (7, 1)]), Some(&pair));
        let pieces: Vec<&Piece> = arrived.pieces.iter().collect();
        assert!(
            matches!(pieces[..], [Piece::Stored(_), Piece::Unknown(_)]),
            "{pieces:?}"
        );
        let alone = Arrived::new(0, &answer(0, &[(7, 1)]), None);
        assert!(
            matches!(alone.pieces.front(), Some(Piece::Stored(_))),
            "without a partner nothing is asked"
        );
    }
}
