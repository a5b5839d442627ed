//! The entries of one partition's Fetch answer for a lane that copies whole batches: what is to be copied and what is
//! passed over, without expanding anything but markers.

use super::aborted::{AbortedFilter, AbortedTransaction};
use super::batch::BatchView;
use super::control::{ControlKind, read_control};
use super::entries::{Entry, RecordSet};
use super::fault::Fault;
use super::message::Message;
use super::records::RecordReader;

/// What a marker may expand to; real ones have less than 100 bytes.
const MARKER_BYTES: usize = 64 * 1024;

/// What an entry is to a copy.
#[derive(Debug, Clone, Copy)]
pub enum Copied<'a> {
    /// Records of format 2.
    Batch(BatchView<'a>),
    /// Records of format 0 or 1.
    Message(Message<'a>),
    /// A marker, which is passed over.
    Control {
        /// What it says.
        kind: ControlKind,
        /// Its batch.
        batch: BatchView<'a>,
    },
    /// Records of an aborted transaction, which are passed over.
    Aborted(BatchView<'a>),
}

impl Copied<'_> {
    /// Where the partition goes on behind the entry, passed over or not.
    pub fn next_offset(&self) -> i64 {
        match self {
            Self::Batch(batch) | Self::Control { batch, .. } | Self::Aborted(batch) => {
                batch.header().next_offset()
            }
            Self::Message(message) => message.offset.saturating_add(1),
        }
    }
}

/// Goes from entry to entry of a record set, with each entry's checksum checked. A cut entry at the end is left out.
#[derive(Debug)]
pub struct CopiedSet<'a> {
    entries: RecordSet<'a>,
    /// None where aborted records are wanted, too.
    filter: Option<AbortedFilter>,
    /// For markers, once there is one.
    reader: Option<RecordReader>,
}

impl<'a> CopiedSet<'a> {
    /// The record set `bytes`, which was asked for from `position` on. `aborted` is the answer's list; none for an
    /// uncommitted reader, to whom nothing is aborted.
    pub fn new(
        bytes: &'a [u8],
        position: i64,
        aborted: Option<impl IntoIterator<Item = AbortedTransaction>>,
    ) -> Self {
        Self {
            entries: RecordSet::from_offset(bytes, position),
            filter: aborted.map(AbortedFilter::new),
            reader: None,
        }
    }

    fn classify(&mut self, batch: BatchView<'a>) -> Result<Copied<'a>, Fault> {
        let header = batch.header();
        if let Some(filter) = &mut self.filter {
            filter.move_to(header);
        }
        if header.attributes.is_control() {
            let reader = self.reader.get_or_insert_with(|| RecordReader::new(MARKER_BYTES));
            let kind = read_control(&reader.batch(&batch)?);
            if let Some(filter) = &mut self.filter
                && kind == ControlKind::Abort
            {
                filter.end(header.producer_id);
            }
            return Ok(Copied::Control { kind, batch });
        }
        let aborted = self
            .filter
            .as_ref()
            .is_some_and(|filter| filter.is_aborted(header));
        Ok(if aborted {
            Copied::Aborted(batch)
        } else {
            Copied::Batch(batch)
        })
    }
}

impl<'a> Iterator for CopiedSet<'a> {
    type Item = Result<Copied<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.entries.next()? {
            Ok(Entry::Batch(batch)) => Some(self.classify(batch)),
            Ok(Entry::Message(message)) => Some(Ok(Copied::Message(message))),
            Ok(Entry::Partial(_)) => None,
            Err(fault) => Some(Err(fault)),
        }
    }
}
