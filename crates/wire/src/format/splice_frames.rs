//! Records in the frames of format 2, numbered from 0.

use super::cursor::{Cursor, nullable_len, put_nullable, put_varlong, varlong_len};
use super::record::{Frame, NO_TIMESTAMP, TimestampKind};
use super::records::{Form, Stored};

/// Records of consecutive source offsets, which stand one after the other in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Source offset of the first.
    pub source: i64,
    /// How many.
    pub len: u32,
}

/// Frames of format 2 and where they come from.
#[derive(Debug, Clone)]
pub(super) struct Frames {
    pub(super) body: Vec<u8>,
    pub(super) count: u32,
    /// That of the first record; the others' deltas count from it.
    pub(super) base_timestamp: i64,
    pub(super) max_timestamp: i64,
    pub(super) spans: Vec<Span>,
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            body: Vec::new(),
            count: 0,
            base_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            spans: Vec::new(),
        }
    }
}

impl Frames {
    /// Forgets the frames and keeps the room they had.
    pub(super) fn clear(&mut self) {
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        *self = Frames {
            body,
            ..Frames::default()
        };
    }

    /// Appends a record with the next number.
    pub(super) fn push(&mut self, stored: &Stored<'_>, timestamp: i64) {
        if self.count == 0 {
            self.base_timestamp = timestamp;
            self.max_timestamp = timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        // Readers add the delta with wrapping, too: see `Walk`.
        let timestamp_delta = timestamp.wrapping_sub(self.base_timestamp);
        let offset_delta = i64::from(self.count);
        let head_len = 1 + varlong_len(timestamp_delta) + varlong_len(offset_delta);
        let mut head = |attributes: u8, payload_len: usize| {
            put_varlong(&mut self.body, (head_len + payload_len) as i64);
            self.body.push(attributes);
            put_varlong(&mut self.body, timestamp_delta);
            put_varlong(&mut self.body, offset_delta);
        };
        match &stored.form {
            Form::Frame(frame) => {
                head(frame.attributes, frame.payload.len());
                self.body.extend_from_slice(frame.payload);
            }
            Form::Message { key, value } => {
                head(0, nullable_len(*key) + nullable_len(*value) + 1);
                put_nullable(&mut self.body, *key);
                put_nullable(&mut self.body, *value);
                put_varlong(&mut self.body, 0);
            }
        }
        self.count += 1;
        self.extend_spans(stored.offset);
    }

    fn extend_spans(&mut self, offset: i64) {
        match self.spans.last_mut() {
            Some(span) if span.source + i64::from(span.len) == offset => span.len += 1,
            _ => self.spans.push(Span {
                source: offset,
                len: 1,
            }),
        }
    }

    /// The same records in pieces of at most `piece_len` bytes, or of one record.
    pub(super) fn split(&self, piece_len: usize) -> Vec<Frames> {
        let mut pieces = Vec::new();
        let mut piece = Frames::default();
        let mut cursor = Cursor::new(&self.body);
        let offsets = self
            .spans
            .iter()
            .flat_map(|span| (0..i64::from(span.len)).map(move |index| span.source + index));
        for offset in offsets {
            let before = cursor.rest().len();
            let Ok(frame) = Frame::read(&mut cursor) else {
                break;
            };
            // In a later piece the number of a record is lower, so its frame is no longer; its time may be.
            let longest = before - cursor.rest().len() + LONGER_TIMESTAMP;
            if piece.count > 0 && piece.body.len() + longest > piece_len {
                pieces.push(std::mem::take(&mut piece));
            }
            let stored = Stored {
                offset,
                timestamp: self.base_timestamp.wrapping_add(frame.timestamp_delta),
                timestamp_kind: TimestampKind::Create,
                form: Form::Frame(frame),
            };
            let timestamp = stored.timestamp;
            piece.push(&stored, timestamp);
        }
        pieces.push(piece);
        debug_assert!(cursor.is_at_end(), "frames that were pushed can be read");
        pieces
    }
}

/// Bytes that a timestamp's delta from another base can be longer at most, and the record's length with it.
const LONGER_TIMESTAMP: usize = 10;
