use sluice_kafka::{Message, TimestampKind};
use sluice_wire::format::{self, OwnedRecord};

use crate::record_hash::{Fields, hash_fields, hash_parts};

/// A record as one of the two clients has read it, with the hash of everything in it that counts.
pub(crate) struct Record {
    content: Content,
    pub(crate) hash: u64,
    /// It is of what is compared, and not one that was asked for beside it ([`Feed::everything`](super::feed::Feed::everything)).
    pub(crate) counts: bool,
}

/// What a client hands over.
pub(crate) enum Content {
    /// librdkafka.
    Library(Message),
    /// The wire client.
    Wire(OwnedRecord),
}

impl Content {
    pub(crate) fn offset(&self) -> i64 {
        match self {
            Self::Library(message) => message.offset(),
            Self::Wire(record) => record.offset,
        }
    }
}

impl Record {
    pub(crate) fn new(content: Content, fields: Fields) -> Self {
        let mut record = Self {
            content,
            hash: 0,
            counts: true,
        };
        record.hash_again(fields);
        record
    }

    /// Counts other fields from now on.
    pub(crate) fn hash_again(&mut self, fields: Fields) {
        self.hash = match &self.content {
            Content::Library(message) => hash_fields(message, fields),
            Content::Wire(record) => hash_parts(
                record.key.as_deref(),
                record.value.as_deref(),
                record.timestamp,
                record
                    .headers
                    .iter()
                    .map(|(name, value)| (name.as_slice(), value.as_deref())),
                fields,
            ),
        };
    }

    pub(crate) fn offset(&self) -> i64 {
        self.content.offset()
    }

    pub(crate) fn key(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Library(message) => message.key(),
            Content::Wire(record) => record.key.as_deref(),
        }
    }

    pub(crate) fn value(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Library(message) => message.value(),
            Content::Wire(record) => record.value.as_deref(),
        }
    }

    /// Names and values in their order.
    pub(crate) fn headers(&self) -> Vec<(&[u8], Option<&[u8]>)> {
        match &self.content {
            Content::Library(message) => message.headers().collect(),
            Content::Wire(record) => record
                .headers
                .iter()
                .map(|(name, value)| (name.as_slice(), value.as_deref()))
                .collect(),
        }
    }

    /// In ms since 1970, and whose clock it is.
    pub(crate) fn timestamp(&self) -> (i64, TimestampKind) {
        match &self.content {
            Content::Library(message) => message.timestamp(),
            Content::Wire(record) => (
                record.timestamp,
                match record.timestamp_kind {
                    format::TimestampKind::None => TimestampKind::None,
                    format::TimestampKind::Create => TimestampKind::Create,
                    format::TimestampKind::LogAppend => TimestampKind::LogAppend,
                },
            ),
        }
    }

    /// Whether it has no timestamp: those of message format v0, and those whose producer wrote -1.
    pub(crate) fn lacks_time(&self) -> bool {
        matches!(self.timestamp(), (_, TimestampKind::None) | (-1, _))
    }

    /// Bytes of key, value and headers.
    pub(crate) fn len(&self) -> usize {
        match &self.content {
            Content::Library(message) => message.payload_len(),
            Content::Wire(record) => {
                let sizes = |(name, value): &(Vec<u8>, Option<Vec<u8>>)| {
                    name.len() + value.as_ref().map_or(0, Vec::len)
                };
                record.key.as_ref().map_or(0, Vec::len)
                    + record.value.as_ref().map_or(0, Vec::len)
                    + record.headers.iter().map(sizes).sum::<usize>()
            }
        }
    }
}
