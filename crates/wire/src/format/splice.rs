//! Building batches of format 2 from the records of other entries, without taking the records apart.

use super::batch::{Attributes, BATCH_HEADER_LEN, PREFIX_LEN};
use super::codec::{Codec, CompressError, Compressor, Level};
use super::pass::{ProducerStamp, Wanted, seal};
use super::record::NO_TIMESTAMP;
use super::records::{Records, Stored};
use super::splice_frames::{Frames, Span};

/// How the batches are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpliceOptions {
    /// The codec.
    pub codec: Codec,
    /// How hard it tries.
    pub level: Level,
    /// The largest batch, in bytes with its header, as it is sent. Larger ones are split; at most `i32::MAX`.
    pub max_batch_bytes: usize,
    /// The timestamp (milliseconds since 1970) of records that have none; without it they stay at [`NO_TIMESTAMP`].
    pub missing_timestamp: Option<i64>,
}

/// Collects records and writes them as batches.
///
/// Key, value and headers are copied as the bytes they are. Offsets are numbered from 0 without holes. Timestamps stay
/// what a reader of the source sees: they are counted from another base, and those of a batch of append time become the
/// records' own.
#[derive(Debug)]
pub struct Splice {
    options: SpliceOptions,
    frames: Frames,
    next_offset: Option<i64>,
    compressor: Compressor,
    compressed: Vec<u8>,
}

/// A batch that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplicedBatch {
    /// The whole batch, ready for a Produce request.
    pub bytes: Vec<u8>,
    /// Its records; their offset deltas are 0 to `count` - 1.
    pub count: i32,
    /// Where they come from, in their order.
    pub spans: Vec<Span>,
    /// The source's position when the batch is on the target.
    pub next_offset: i64,
    /// The greatest timestamp, or [`NO_TIMESTAMP`].
    pub max_timestamp: i64,
    /// Bytes of the records before compression.
    pub record_bytes: usize,
}

/// What [`Splice::finish`] makes, in the order of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spliced {
    /// A batch.
    Batch(SplicedBatch),
    /// A record that does not fit into a batch of its own. It is in no batch.
    TooLarge {
        /// Its source offset.
        offset: i64,
        /// Bytes of a batch with this record alone, compressed.
        batch_bytes: usize,
    },
}

impl Splice {
    /// Nothing collected so far.
    pub fn new(options: SpliceOptions) -> Self {
        Self {
            options,
            frames: Frames::default(),
            next_offset: None,
            compressor: Compressor::new(),
            compressed: Vec::new(),
        }
    }

    /// How the batches are written.
    pub fn options(&self) -> &SpliceOptions {
        &self.options
    }

    /// Sets how the batches that follow are written, the records collected already included.
    pub fn set_options(&mut self, options: SpliceOptions) {
        self.options = options;
    }

    /// Records collected.
    pub fn count(&self) -> u32 {
        self.frames.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.frames.count == 0
    }

    /// Bytes collected, before compression.
    pub fn record_bytes(&self) -> usize {
        self.frames.body.len()
    }

    /// Forgets what was collected.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.next_offset = None;
    }

    /// Adds the wanted records of an entry, and returns their number. All of the entry is settled by that: the position
    /// behind it is that of the last batch of the next [`Splice::finish`], if any record was collected.
    pub fn add(&mut self, records: &Records<'_>, wanted: &Wanted<'_>) -> u32 {
        let before = self.frames.count;
        let all = wanted.includes_all(&(records.first_offset()..records.next_offset()));
        let mut seen = 0;
        for stored in records.walk().flatten() {
            seen += 1;
            if all || wanted.includes(stored.offset) {
                let timestamp = self.timestamp(&stored);
                self.frames.push(&stored, timestamp);
            }
        }
        debug_assert_eq!(seen, records.len(), "records were checked when they were read");
        self.next_offset = Some(records.next_offset().min(wanted.before));
        self.frames.count - before
    }

    fn timestamp(&self, stored: &Stored<'_>) -> i64 {
        match self.options.missing_timestamp {
            Some(time) if stored.timestamp == NO_TIMESTAMP => time,
            _ => stored.timestamp,
        }
    }

    /// Writes what was collected, and starts with nothing again. The first batch gets the sequence number of `stamp`, each further one
    /// that behind it. Without records there are no batches.
    ///
    /// # Errors
    /// The codec's library fails. What was collected is then still there.
    pub fn finish(&mut self, stamp: &ProducerStamp) -> Result<Vec<Spliced>, CompressError> {
        let mut out = Vec::new();
        if !self.is_empty() {
            let frames = std::mem::take(&mut self.frames);
            let mut stamp = *stamp;
            let written = self.write(&frames, &mut stamp, &mut out);
            self.frames = frames;
            written?;
            if let (Some(Spliced::Batch(last)), Some(next_offset)) = (out.last_mut(), self.next_offset) {
                last.next_offset = next_offset.max(last.next_offset);
            }
        }
        self.clear();
        Ok(out)
    }

    fn limit(&self) -> usize {
        self.options.max_batch_bytes.min(i32::MAX as usize)
    }

    /// Writes the frames as one batch, or as several where they do not fit into one.
    fn write(
        &mut self,
        frames: &Frames,
        stamp: &mut ProducerStamp,
        out: &mut Vec<Spliced>,
    ) -> Result<(), CompressError> {
        let room = self.limit().saturating_sub(BATCH_HEADER_LEN);
        let mut wire_len = frames.body.len();
        // Uncompressed batches are cut to size at once. Others are compressed first, unless they are too long to try.
        if self.options.codec != Codec::None && wire_len <= i32::MAX as usize {
            self.compressed.clear();
            self.compressor.compress(
                self.options.codec,
                self.options.level,
                &frames.body,
                &mut self.compressed,
            )?;
            wire_len = self.compressed.len();
        }
        if wire_len <= room {
            let payload = if self.options.codec == Codec::None {
                &frames.body
            } else {
                &self.compressed
            };
            out.push(Spliced::Batch(batch(frames, payload, self.options.codec, stamp)));
            *stamp = stamp.after(frames.count);
            return Ok(());
        }
        if frames.count == 1 {
            out.push(Spliced::TooLarge {
                offset: frames.spans.first().map_or(0, |span| span.source),
                batch_bytes: wire_len + BATCH_HEADER_LEN,
            });
            return Ok(());
        }
        let piece_len = piece_len(frames.body.len(), wire_len, room, self.options.codec);
        for piece in frames.split(piece_len) {
            self.write(&piece, stamp, out)?;
        }
        Ok(())
    }
}

/// How many bytes of records a piece of a batch that is too large gets: what fits by the ratio of the whole, but at most
/// half, so that a piece which compresses less than the others is split again in a bounded number of steps.
fn piece_len(body: usize, wire: usize, room: usize, codec: Codec) -> usize {
    if codec == Codec::None {
        return room;
    }
    let fits = (room as u128 * body as u128 / (wire as u128).max(1)) as usize;
    (fits - fits / 16).min(body / 2)
}

fn batch(frames: &Frames, payload: &[u8], codec: Codec, stamp: &ProducerStamp) -> SplicedBatch {
    let count = frames.count as i32;
    let times = (frames.base_timestamp, frames.max_timestamp);
    SplicedBatch {
        bytes: framed(payload, codec, count, times, stamp),
        count,
        spans: frames.spans.clone(),
        next_offset: frames
            .spans
            .last()
            .map_or(0, |span| span.source + i64::from(span.len)),
        max_timestamp: frames.max_timestamp,
        record_bytes: frames.body.len(),
    }
}

/// A whole batch of `count` records without holes, whose first and greatest timestamps are `times`, from its compressed
/// records.
pub(super) fn framed(
    payload: &[u8],
    codec: Codec,
    count: i32,
    times: (i64, i64),
    stamp: &ProducerStamp,
) -> Vec<u8> {
    let transactional = if stamp.transactional {
        Attributes::TRANSACTIONAL
    } else {
        0
    };
    let attributes = u16::from(codec.code()) | transactional;
    // Both fit: the caller has compared the length with `i32::MAX`, and a record has bytes.
    let length = (BATCH_HEADER_LEN - PREFIX_LEN + payload.len()) as i32;
    let mut bytes = Vec::with_capacity(BATCH_HEADER_LEN + payload.len());
    bytes.extend_from_slice(&0_i64.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&(-1_i32).to_be_bytes());
    bytes.push(2);
    bytes.extend_from_slice(&0_u32.to_be_bytes());
    bytes.extend_from_slice(&attributes.to_be_bytes());
    bytes.extend_from_slice(&(count - 1).to_be_bytes());
    bytes.extend_from_slice(&times.0.to_be_bytes());
    bytes.extend_from_slice(&times.1.to_be_bytes());
    bytes.extend_from_slice(&stamp.producer_id.to_be_bytes());
    bytes.extend_from_slice(&stamp.producer_epoch.to_be_bytes());
    bytes.extend_from_slice(&stamp.base_sequence.to_be_bytes());
    bytes.extend_from_slice(&count.to_be_bytes());
    bytes.extend_from_slice(payload);
    seal(&mut bytes);
    bytes
}
