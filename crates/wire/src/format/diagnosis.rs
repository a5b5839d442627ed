//! What is wrong with stored data at an offset at which another client stops, skips or reads nonsense.

use super::codec::Codec;
use super::entries::{Entry, Partial, RecordSet};
use super::fault::{Edge, Fault};
use super::records::RecordReader;

/// The state of the data at an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diagnosis {
    /// The entry can be read: a batch of format 2 with the range from the first offset up to the last one.
    Sound {
        /// The first offset of the entry.
        first: i64,
        /// The last one.
        last: i64,
    },
    /// The entry can be read, but its format is old. librdkafka 2.5 to 2.15 reads its records as null keys and null
    /// values from brokers that offer Fetch version 12 or later (librdkafka issue 5549), and loses those behind them.
    OldFormat {
        /// 0 or 1.
        magic: u8,
        /// How the messages are compressed.
        codec: Codec,
        /// The first offset of the entry.
        first: i64,
        /// The last one.
        last: i64,
    },
    /// The entry is damaged, has an unknown format, or expands to more than the reader's budget.
    Damaged(Fault),
    /// The bytes end before the entry does, so nothing can be said of it.
    Partial(Partial),
    /// No entry holds the offset: the data go on at the offset given, if they go on.
    Nothing {
        /// The first offset behind it.
        next: Option<i64>,
    },
}

/// Returns what a record set, such as the response to a Fetch from `offset`, holds at `offset`. The entry is expanded within
/// the budget of `reader`.
///
/// `bytes` should begin with the entry in question or with one before it: the beginning of the range of a damaged
/// compressed message is only known from the entry before.
pub fn describe_fault_at(bytes: &[u8], offset: i64, reader: &mut RecordReader) -> Diagnosis {
    let mut expected = None;
    for item in RecordSet::new(bytes) {
        match item {
            Err(fault) if concerns(&fault, offset) => return Diagnosis::Damaged(fault),
            Err(fault) => expected = fault.range.next.offset().or(expected),
            Ok(Entry::Partial(partial)) => return Diagnosis::Partial(partial),
            Ok(entry) if entry.next_offset().is_some_and(|next| next <= offset) => {
                expected = entry.next_offset();
            }
            Ok(entry) => return describe(&entry, offset, expected, reader),
        }
    }
    Diagnosis::Nothing { next: None }
}

/// Whether the offset can lie in the damaged range; an edge that is not known rules nothing out.
fn concerns(fault: &Fault, offset: i64) -> bool {
    fault.range.first.offset().is_none_or(|first| first <= offset)
        && fault.range.next.offset().is_none_or(|next| offset < next)
}

/// The entry that ends behind the offset.
fn describe(entry: &Entry<'_>, offset: i64, expected: Option<i64>, reader: &mut RecordReader) -> Diagnosis {
    let records = match reader.read(entry) {
        Ok(records) => records,
        Err(mut fault) => {
            if let (Edge::Unknown, Some(expected)) = (fault.range.first, expected) {
                fault.range.first = Edge::Claimed(expected);
            }
            return Diagnosis::Damaged(fault);
        }
    };
    let (first, last) = (records.first_offset(), records.next_offset().saturating_sub(1));
    match entry {
        _ if first > offset => Diagnosis::Nothing { next: Some(first) },
        Entry::Message(message) => Diagnosis::OldFormat {
            magic: message.magic,
            codec: message.codec,
            first,
            last,
        },
        Entry::Batch(_) | Entry::Partial(_) => Diagnosis::Sound { first, last },
    }
}
