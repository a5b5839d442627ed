//! What can be wrong with stored data, and which offsets it concerns.

use std::fmt;

use super::codec::Codec;

/// Damaged or unreadable data: what is wrong, and which offsets cannot be read because of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{range}: {kind}")]
pub struct Fault {
    /// The offsets that cannot be read.
    pub range: FaultRange,
    /// What is wrong.
    pub kind: FaultKind,
}

impl Fault {
    pub(super) fn new(range: FaultRange, kind: FaultKind) -> Self {
        Self { range, kind }
    }
}

/// What is wrong with an entry of a record set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// The bytes end before the entry does.
    #[error("{needed} bytes are needed and {available} are there")]
    Truncated {
        /// Bytes of the whole entry, as far as they are known.
        needed: usize,
        /// Bytes that are there.
        available: usize,
    },
    /// The stored checksum is not that of the bytes.
    #[error("the checksum is {stored:08x} and that of the bytes is {computed:08x}")]
    BadCrc {
        /// As stored.
        stored: u32,
        /// Of the bytes as they are.
        computed: u32,
    },
    /// A length that no entry has. What follows it cannot be found.
    #[error("an entry cannot have the length {0}")]
    BadLength(i64),
    /// A format that does not exist (0, 1 and 2 do).
    #[error("unknown record format (magic byte {0})")]
    UnknownMagic(u8),
    /// A codec that does not exist in this format.
    #[error("unknown compression codec {0}")]
    UnknownCodec(u8),
    /// A record whose fields contradict its size or its batch.
    #[error("record {index} of the batch: {reason}")]
    BadRecord {
        /// Its place in the batch, from 0.
        index: u32,
        /// How it is wrong.
        reason: RecordFault,
    },
    /// The header's number of records is not what the batch holds.
    #[error("the batch declares {declared} records and holds {found}")]
    CountMismatch {
        /// As the header has it.
        declared: i64,
        /// As far as records could be read.
        found: u64,
    },
    /// The compressed bytes cannot be expanded.
    #[error("the {codec} data cannot be expanded: {reason}")]
    Decompress {
        /// The codec of the batch.
        codec: Codec,
        /// How they are wrong.
        reason: CodecFault,
    },
    /// Expanded, the entry is larger than the reader allows.
    #[error("expanded it is larger than {limit} bytes")]
    TooLarge {
        /// The budget the caller gave, in bytes.
        limit: usize,
    },
}

/// How a record is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// It ends inside a field.
    #[error("it ends inside a field")]
    Cut,
    /// A variable-length number has more bytes than its type.
    #[error("a number is too long")]
    Number,
    /// A length is negative where none may be, or reaches beyond the record.
    #[error("a length contradicts the size of the record")]
    Length,
    /// Bytes are left after the last field.
    #[error("bytes are left after its last field")]
    Leftover,
    /// Its offset is outside its batch, or not above that of the record before it.
    #[error("its offset is out of order")]
    Offset,
    /// The checksum of an inner message is wrong.
    #[error("its checksum is wrong")]
    Crc,
    /// An inner message has a format that does not exist or that cannot stand here.
    #[error("it has the record format {0}")]
    Magic(u8),
    /// A compressed message inside a compressed message.
    #[error("it is compressed inside a compressed message")]
    Nested,
    /// A compressed message without a value.
    #[error("it is compressed and has no value")]
    NoValue,
}

/// How compressed bytes are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecFault {
    /// They end too early.
    #[error("the data end too early")]
    Cut,
    /// The head of the stream is not one of this codec.
    #[error("the head of the stream is damaged")]
    Head,
    /// A checksum inside the stream is wrong.
    #[error("a checksum of the stream is wrong")]
    Checksum,
    /// The codec refuses them.
    #[error("the data are damaged")]
    Damaged,
}

/// One end of a range of offsets, and how far it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// By data whose checksum is right, or that no checksum can deny (offsets are outside of it).
    Exact(i64),
    /// By a header whose checksum is wrong, or by the neighbour.
    Claimed(i64),
    /// These bytes do not show it.
    Unknown,
}

impl Edge {
    /// The offset, whether certain or claimed.
    pub fn offset(self) -> Option<i64> {
        match self {
            Edge::Exact(offset) | Edge::Claimed(offset) => Some(offset),
            Edge::Unknown => None,
        }
    }
}

/// Offsets that cannot be read: from `first` up to, but without, `next`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultRange {
    /// The first of them.
    pub first: Edge,
    /// Where reading can go on.
    pub next: Edge,
}

impl FaultRange {
    /// Nothing is known of the offsets.
    pub const UNKNOWN: FaultRange = FaultRange {
        first: Edge::Unknown,
        next: Edge::Unknown,
    };
}

impl fmt::Display for FaultRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = |edge: Edge| {
            if matches!(edge, Edge::Claimed(_)) {
                "about "
            } else {
                ""
            }
        };
        match (self.first.offset(), self.next.offset()) {
            (Some(first), Some(next)) if first == next.saturating_sub(1) => write!(f, "offset {first}"),
            (Some(first), Some(next)) => write!(
                f,
                "offsets {}{first} to {}{}",
                about(self.first),
                about(self.next),
                next.saturating_sub(1)
            ),
            (Some(first), None) => write!(f, "offsets from {}{first}", about(self.first)),
            (None, Some(next)) => write!(f, "offsets up to {}{}", about(self.next), next.saturating_sub(1)),
            (None, None) => write!(f, "unknown offsets"),
        }
    }
}
