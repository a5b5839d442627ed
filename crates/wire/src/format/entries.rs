//! The entries of a record set: what a Fetch response or a log segment holds for one partition.

use super::batch::{BatchView, EntryPrefix, PREFIX_LEN};
use super::cursor::Cursor;
use super::fault::{Edge, Fault, FaultKind, FaultRange};
use super::message::Message;

/// One entry of a record set. Its checksum is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A batch of format 2.
    Batch(BatchView<'a>),
    /// A message of format 0 or 1, which may hold further ones.
    Message(Message<'a>),
    /// The set ends inside this entry. Brokers cut a Fetch response at its limit in bytes, so this is no fault unless
    /// nothing stands before it: then the limit must be raised to `needed`.
    Partial(Partial),
}

impl Entry<'_> {
    /// The format: 0, 1 or 2. None where it cannot be seen.
    pub fn magic(&self) -> Option<u8> {
        match self {
            Entry::Batch(_) => Some(2),
            Entry::Message(message) => Some(message.magic),
            Entry::Partial(_) => None,
        }
    }

    /// Where the partition goes on behind the entry; for one that is not whole where it begins, if that can be seen.
    pub fn next_offset(&self) -> Option<i64> {
        match self {
            Entry::Batch(batch) => Some(batch.header().next_offset()),
            Entry::Message(message) => Some(message.offset.saturating_add(1)),
            Entry::Partial(partial) => partial.offset,
        }
    }
}

/// The beginning of an entry at the end of a record set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partial {
    /// The first field of the entry: the base offset of a batch, the last offset of a compressed message.
    pub offset: Option<i64>,
    /// Bytes of the whole entry, if its length can be seen.
    pub needed: Option<usize>,
    /// Bytes that are there.
    pub available: usize,
}

impl Partial {
    /// What to say where the entry would have been needed whole.
    pub fn fault(&self) -> Fault {
        let range = FaultRange {
            first: self.offset.map_or(Edge::Unknown, Edge::Claimed),
            next: Edge::Unknown,
        };
        let kind = FaultKind::Truncated {
            needed: self.needed.unwrap_or(self.available.saturating_add(1)),
            available: self.available,
        };
        Fault::new(range, kind)
    }
}

/// Goes from entry to entry, and checks the checksum of each.
///
/// After a fault it goes on with the next entry, as long as the length of the damaged one leads there. After a length
/// that cannot be, it ends.
#[derive(Debug, Clone)]
pub struct RecordSet<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the entry before ended.
    expected: Option<i64>,
}

/// An entry and where it lies in the record set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<'a> {
    /// Position of its first byte.
    pub at: usize,
    /// The entry, or what is wrong with it.
    pub entry: Result<Entry<'a>, Fault>,
}

impl<'a> RecordSet<'a> {
    /// The entries of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            expected: None,
        }
    }

    /// As [`RecordSet::new`], where it is known which offset was asked for: the range of a damaged first entry then has a
    /// beginning.
    pub fn from_offset(bytes: &'a [u8], offset: i64) -> Self {
        Self {
            expected: Some(offset),
            ..Self::new(bytes)
        }
    }

    /// Position of the next entry's first byte.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next entry with its place.
    pub fn next_placed(&mut self) -> Option<Placed<'a>> {
        let at = self.at;
        let rest = self.bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let (entry, len) = read_entry(rest);
        self.at = len
            .and_then(|len| at.checked_add(len))
            .map_or(self.bytes.len(), |next| next.min(self.bytes.len()));
        let entry = entry.map_err(|fault| self.complete(fault));
        match &entry {
            Ok(entry) => self.expected = entry.next_offset().or(self.expected),
            Err(fault) => self.expected = fault.range.next.offset().or(self.expected),
        }
        Some(Placed { at, entry })
    }

    /// Adds what the neighbours say about the offsets of a damaged entry.
    fn complete(&self, mut fault: Fault) -> Fault {
        if fault.range.first == Edge::Unknown
            && let Some(expected) = self.expected
        {
            fault.range.first = Edge::Claimed(expected);
        }
        if matches!(fault.range.next, Edge::Exact(_)) {
            return fault;
        }
        // Only a sound neighbour shows it: its checksum stands for its length and place.
        let following = self.bytes.get(self.at..).map(read_entry);
        if let Some((Ok(entry), _)) = following
            && let Some(first) = first_offset(&entry)
            && fault.range.first.offset().is_none_or(|own| own < first)
        {
            fault.range.next = Edge::Exact(first);
        }
        fault
    }
}

impl<'a> Iterator for RecordSet<'a> {
    type Item = Result<Entry<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_placed().map(|placed| placed.entry)
    }
}

fn first_offset(entry: &Entry<'_>) -> Option<i64> {
    match entry {
        Entry::Batch(batch) => Some(batch.header().base_offset),
        Entry::Message(message) => message.first_offset(),
        Entry::Partial(_) => None,
    }
}

/// The entry at the beginning of `bytes`, and how long it is, if that is known. A partial one takes all that is left.
fn read_entry(bytes: &[u8]) -> (Result<Entry<'_>, Fault>, Option<usize>) {
    match EntryPrefix::read(bytes) {
        Ok(prefix) => match bytes.get(..prefix.len) {
            Some(whole) => (read_whole(&prefix, whole), Some(prefix.len)),
            None => (Ok(partial(bytes)), None),
        },
        Err(Fault {
            kind: FaultKind::Truncated { .. },
            ..
        }) => (Ok(partial(bytes)), None),
        Err(fault) => {
            let skips = matches!(fault.kind, FaultKind::UnknownMagic(_));
            let len = claimed_len(bytes).filter(|len| skips && *len <= bytes.len());
            (Err(fault), len)
        }
    }
}

fn read_whole<'a>(prefix: &EntryPrefix, bytes: &'a [u8]) -> Result<Entry<'a>, Fault> {
    if prefix.magic == 2 {
        let batch = BatchView::of_entry(prefix, bytes)?;
        batch.check_crc()?;
        return Ok(Entry::Batch(batch));
    }
    let message = Message::of_entry(prefix, bytes)?;
    message.check_crc()?;
    Ok(Entry::Message(message))
}

fn claimed_len(bytes: &[u8]) -> Option<usize> {
    let mut cursor = Cursor::new(bytes);
    cursor.i64()?;
    usize::try_from(cursor.i32()?).ok()?.checked_add(PREFIX_LEN)
}

fn partial(bytes: &[u8]) -> Entry<'_> {
    Entry::Partial(Partial {
        offset: Cursor::new(bytes).i64(),
        needed: claimed_len(bytes),
        available: bytes.len(),
    })
}
