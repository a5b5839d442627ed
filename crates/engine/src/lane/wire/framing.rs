//! Records in the batches that the target gets: as they are stored where it takes them so, framed again where not.

use std::collections::BTreeSet;

use bytes::Bytes;
use sluice_model::MissingTimestamps;
use sluice_wire::format::{
    BatchView, Codec, CompressError, Entry, Fault, Level, PassRules, ProducerStamp, RecordReader, RecordView,
    Route, Span as SourceSpan, Splice, SpliceOptions, SpliceReason, Spliced, SplicedBatch, Wanted,
};

use crate::clock::now_ms;
use crate::lane::wire::codecs::Harder;
use crate::lane::wire::config::WireLaneConfig;
use crate::record_hash::{Fields, hash_parts};

/// Bytes of records, not compressed, from which on a run takes no further entry: what is stored small may be large.
const RUN_RECORD_BYTES: usize = 1024 * 1024;

/// What one entry may expand to, in bytes: brokers take none that is larger.
const EXPANDED: usize = i32::MAX as usize;

/// A batch for the target.
#[derive(Debug)]
pub(super) struct Framed {
    pub(super) batch: Bytes,
    pub(super) spans: Vec<SourceSpan>,
    /// The position once it is there.
    pub(super) next: i64,
    pub(super) records: i64,
    pub(super) bytes: u64,
    pub(super) greatest_timestamp: i64,
    pub(super) anchor: Option<u64>,
}

/// Why an entry cannot be framed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FramingError {
    /// It cannot be read.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A codec's library fails.
    #[error(transparent)]
    Compress(#[from] CompressError),
    /// One record alone has more bytes than the protocol can say.
    #[error("the record at offset {offset} is larger than the protocol allows")]
    TooLarge {
        /// Its offset.
        offset: i64,
    },
}

/// What a stored entry becomes.
#[derive(Debug)]
pub(super) enum Framing {
    /// Batches, in order. The position behind the last one is that behind the entry, or behind the part that was wanted.
    Batches(Vec<Framed>),
    /// Nothing of it is wanted: the position moves to here.
    Nothing { next: i64 },
}

impl Framing {
    /// The position behind it.
    pub(super) fn next(&self) -> i64 {
        match self {
            Self::Batches(framed) => framed.last().map_or(0, |last| last.next),
            Self::Nothing { next } => *next,
        }
    }
}

/// Which part of a partition is framed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    /// From this offset on.
    pub(super) from: i64,
    /// Up to this one.
    pub(super) before: i64,
    /// Without these.
    pub(super) rejected: &'a BTreeSet<i64>,
    /// The target topic.
    pub(super) topic: &'a str,
    /// The last timestamp that was seen.
    pub(super) last_time: Option<i64>,
    /// How it is compressed, where that is stronger than usual.
    pub(super) harder: Option<Harder>,
}

/// Frames records. Keeps its buffers from entry to entry.
pub(super) struct Framer {
    reader: RecordReader,
    splice: Splice,
}

impl Framer {
    pub(super) fn new() -> Self {
        Self {
            reader: RecordReader::new(EXPANDED),
            splice: Splice::new(SpliceOptions {
                codec: Codec::None,
                level: Level::Default,
                max_batch_bytes: EXPANDED,
                missing_timestamp: None,
            }),
        }
    }

    /// One batch of format 2, of which `part` is wanted.
    ///
    /// # Errors
    /// The batch cannot be read.
    pub(super) fn batch(
        &mut self,
        config: &WireLaneConfig,
        bytes: &Bytes,
        part: Part<'_>,
    ) -> Result<Framing, FramingError> {
        let view = BatchView::parse(bytes)?;
        let header = view.header();
        let wanted = Wanted {
            from: part.from,
            before: part.before,
            without: part.rejected,
        };
        let rules = PassRules {
            wanted,
            codecs: config.codecs(),
            max_batch_bytes: config.batch_limit(part.topic),
            sets_missing_timestamps: true,
        };
        let route = match view.route(&rules) {
            Route::Pass if part.harder.is_some() => Route::Splice(SpliceReason::Size),
            route => route,
        };
        match route {
            Route::Skip(_) => Ok(Framing::Nothing {
                next: header.next_offset(),
            }),
            Route::Pass => Ok(Framing::Batches(vec![Framed {
                batch: bytes.clone(),
                spans: vec![SourceSpan {
                    source: header.base_offset,
                    len: header.count.unsigned_abs(),
                }],
                next: header.next_offset(),
                records: i64::from(header.count),
                bytes: view.payload().len() as u64,
                greatest_timestamp: header.max_timestamp,
                anchor: self.anchor(config, &view, &wanted)?,
            }])),
            Route::Splice(_) => {
                let codec = config.codec_for(header.codec);
                self.splice(config, codec, &[Entry::Batch(view)], wanted, part)
            }
        }
    }

    /// Several entries as one run of records: messages of old formats, or small batches.
    ///
    /// # Errors
    /// The first cannot be read. One behind it ends the run: what is before it is framed.
    pub(super) fn several(
        &mut self,
        config: &WireLaneConfig,
        entries: &[Entry<'_>],
        part: Part<'_>,
    ) -> Result<Framing, FramingError> {
        let own = match entries.first() {
            Some(Entry::Batch(view)) => view.header().codec,
            Some(Entry::Message(message)) => message.codec,
            Some(Entry::Partial(_)) | None => Codec::None,
        };
        let wanted = Wanted {
            from: part.from,
            before: part.before,
            without: part.rejected,
        };
        self.splice(config, config.codec_for(own), entries, wanted, part)
    }

    fn splice(
        &mut self,
        config: &WireLaneConfig,
        codec: Codec,
        entries: &[Entry<'_>],
        wanted: Wanted<'_>,
        part: Part<'_>,
    ) -> Result<Framing, FramingError> {
        let missing = match config.missing_timestamps {
            MissingTimestamps::CopyTime => now_ms(),
            MissingTimestamps::Previous => part.last_time.unwrap_or_else(now_ms),
        };
        let options = SpliceOptions {
            codec: part.harder.map_or(codec, |harder| harder.codec),
            level: part.harder.map_or(Level::Default, Harder::level),
            max_batch_bytes: config.batch_limit(part.topic),
            missing_timestamp: Some(missing),
        };
        let (mut next, mut anchor) = (part.from, None);
        // An entry that could not be read may have left what stood before it, of any partition.
        self.splice.clear();
        self.splice.set_options(options);
        for (index, entry) in entries.iter().enumerate() {
            let records = match self.reader.read(entry) {
                // Those before it are sound: it is met again, alone.
                Err(_) if index > 0 => break,
                records => records?,
            };
            self.splice.add(&records, &wanted);
            next = records.next_offset().min(wanted.before).max(next);
            if config.hashes {
                let last = records
                    .iter()
                    .filter(|record| wanted.includes(record.offset))
                    .last();
                anchor = last.map(|record| hash(&record)).or(anchor);
            }
            // Those behind it are met again.
            if self.splice.record_bytes() >= RUN_RECORD_BYTES {
                break;
            }
        }
        let mut framed: Vec<Framed> = Vec::new();
        for one in self.splice.finish(&ProducerStamp::NONE)? {
            framed.push(match one {
                Spliced::Batch(batch) => batch.into(),
                Spliced::TooLarge { offset, .. } => self.alone(options, entries, offset)?,
            });
        }
        match framed.last_mut() {
            None => Ok(Framing::Nothing { next }),
            Some(last) => {
                last.next = next.max(last.next);
                last.anchor = anchor;
                Ok(Framing::Batches(framed))
            }
        }
    }

    /// A record that is too large for a batch within the limit, in one all the same: the target decides.
    fn alone(
        &mut self,
        options: SpliceOptions,
        entries: &[Entry<'_>],
        offset: i64,
    ) -> Result<Framed, FramingError> {
        self.splice.clear();
        self.splice.set_options(SpliceOptions {
            max_batch_bytes: EXPANDED,
            ..options
        });
        let wanted = Wanted {
            from: offset,
            before: offset + 1,
            ..Wanted::ALL
        };
        for entry in entries {
            let records = self.reader.read(entry)?;
            if (records.first_offset()..records.next_offset()).contains(&offset) {
                self.splice.add(&records, &wanted);
            }
        }
        let mut finished = self.splice.finish(&ProducerStamp::NONE)?;
        match finished.pop() {
            Some(Spliced::Batch(batch)) => Ok(batch.into()),
            Some(Spliced::TooLarge { .. }) | None => Err(FramingError::TooLarge { offset }),
        }
    }

    fn anchor(
        &mut self,
        config: &WireLaneConfig,
        view: &BatchView<'_>,
        wanted: &Wanted<'_>,
    ) -> Result<Option<u64>, Fault> {
        if !config.hashes {
            return Ok(None);
        }
        let records = self.reader.batch(view)?;
        let last = records
            .iter()
            .filter(|record| wanted.includes(record.offset))
            .last();
        Ok(last.map(|record| hash(&record)))
    }

    /// The records of a stored entry that `take` chooses.
    ///
    /// # Errors
    /// The entry cannot be read.
    pub(super) fn each(
        &mut self,
        entry: &Entry<'_>,
        mut take: impl FnMut(&RecordView<'_>),
    ) -> Result<(), Fault> {
        let records = self.reader.read(entry)?;
        records.iter().for_each(|record| take(&record));
        Ok(())
    }
}

fn hash(record: &RecordView<'_>) -> u64 {
    let fields = Fields {
        headers: false,
        time: true,
    };
    hash_parts(
        record.key,
        record.value,
        record.timestamp,
        std::iter::empty(),
        fields,
    )
}

impl From<SplicedBatch> for Framed {
    fn from(batch: SplicedBatch) -> Self {
        Self {
            spans: batch.spans,
            next: batch.next_offset,
            records: i64::from(batch.count),
            bytes: batch.record_bytes as u64,
            greatest_timestamp: batch.max_timestamp,
            anchor: None,
            batch: Bytes::from(batch.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use sluice_model::Cluster;
    use sluice_wire::format::CodecSet;

    use super::*;

    fn config() -> WireLaneConfig {
        let cluster = Cluster::new("a:1").unwrap();
        WireLaneConfig {
            source: cluster.clone(),
            target: cluster,
            fetched_bytes: 1 << 20,
            in_flight_bytes: 1 << 20,
            transactional_id: None,
            mirror: None,
            transaction_timeout: Duration::from_secs(1),
            group: String::new(),
            codec: None,
            known_codecs: CodecSet::ALL,
            batch_limits: BTreeMap::new(),
            hashes: false,
            pair: None,
            missing_timestamps: MissingTimestamps::CopyTime,
        }
    }

    /// A batch of one record at an offset, as a broker stores it; `count` is what its header says.
    fn stored(offset: i64, count: i32) -> Vec<u8> {
        let record = [16, 0, 0, 0, 2, b'k', 2, b'v', 0];
        let mut covered = Vec::new();
        covered.extend_from_slice(&0_i16.to_be_bytes());
        covered.extend_from_slice(&(count - 1).to_be_bytes());
        covered.extend_from_slice(&7_i64.to_be_bytes());
        covered.extend_from_slice(&7_i64.to_be_bytes());
        covered.extend_from_slice(&(-1_i64).to_be_bytes());
        covered.extend_from_slice(&(-1_i16).to_be_bytes());
        covered.extend_from_slice(&(-1_i32).to_be_bytes());
        covered.extend_from_slice(&count.to_be_bytes());
        covered.extend_from_slice(&record);
        let mut batch = offset.to_be_bytes().to_vec();
        batch.extend_from_slice(&i32::try_from(covered.len() + 9).unwrap().to_be_bytes());
        batch.extend_from_slice(&0_i32.to_be_bytes());
        batch.push(2);
        batch.extend_from_slice(&[0; 4]);
        batch.extend_from_slice(&covered);
        batch
    }

    fn framed(framer: &mut Framer, batches: &[Vec<u8>]) -> Result<Vec<i64>, FramingError> {
        let entries: Vec<Entry<'_>> = batches
            .iter()
            .map(|bytes| BatchView::parse(bytes).map(Entry::Batch))
            .collect::<Result<_, _>>()?;
        let rejected = BTreeSet::new();
        let part = Part {
            from: 0,
            before: i64::MAX,
            rejected: &rejected,
            topic: "t",
            last_time: None,
            harder: None,
        };
        Ok(match framer.several(&config(), &entries, part)? {
            Framing::Batches(all) => all
                .iter()
                .flat_map(|one| &one.spans)
                .flat_map(|span| span.source..span.source + i64::from(span.len))
                .collect(),
            Framing::Nothing { .. } => Vec::new(),
        })
    }

    #[test]
    fn a_run_ends_before_an_entry_that_cannot_be_read_and_leaves_nothing_for_the_next() {
        let mut framer = Framer::new();
        let run = [stored(10, 1), stored(11, 1), stored(12, 3), stored(15, 1)];
        assert_eq!(framed(&mut framer, &run).unwrap(), [10, 11]);
        assert!(framed(&mut framer, &run[2..]).is_err(), "alone it is an error");
        assert_eq!(framed(&mut framer, &[stored(40, 1)]).unwrap(), [40]);
    }
}
