//! The committed records of a range of offsets, of both sides.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sluice_kafka::PartitionOffset;
use sluice_model::OffsetRange;
use sluice_wire::{Cancel, WireError};

use crate::groups::next_record::Fingerprint;
use crate::position::PartitionState;
use crate::verify::{Fed, Feed, ReadError, Readers};

/// How long a broker may be silent in the middle of a range.
const SILENCE: Duration = Duration::from_secs(30);

/// The committed records of a range, one after the other.
pub(super) struct Records<'a> {
    feed: Box<dyn Feed + 'a>,
    ready: VecDeque<Fingerprint>,
    /// No record from here on is wanted.
    to: i64,
    fault: Option<ReadError>,
    ended: bool,
    cancel: &'a Cancel,
}

impl Records<'_> {
    /// The next one; `None` behind the last.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<Fingerprint>, ReadError> {
        let mut until = Instant::now() + SILENCE;
        while self.ready.is_empty() && !self.ended {
            if self.cancel.is_cancelled() {
                return Err(WireError::Cancelled.into());
            }
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            if self.read()? > 0 {
                until = Instant::now() + SILENCE;
            } else if Instant::now() >= until {
                return Err(ReadError::Silent(SILENCE.as_secs()));
            }
        }
        Ok(self.ready.pop_front())
    }

    fn read(&mut self) -> Result<usize, ReadError> {
        let Self {
            feed,
            ready,
            to,
            fault,
            ended,
            ..
        } = self;
        feed.read(&mut |fed| match fed {
            Fed::Record(content) if !*ended && fault.is_none() => {
                if content.offset() < *to {
                    ready.push_back(Fingerprint::of_content(&content));
                } else {
                    *ended = true;
                }
            }
            Fed::End if fault.is_none() => *ended = true,
            Fed::Fault(error) if !*ended => {
                fault.get_or_insert(error);
            }
            Fed::Record(_) | Fed::Beside(_) | Fed::End | Fed::Fault(_) => {}
        })
    }

    fn all(mut self) -> Result<Vec<Fingerprint>, ReadError> {
        let mut records = Vec::new();
        while let Some(record) = self.next()? {
            records.push(record);
        }
        Ok(records)
    }
}

/// Both sides of a partition.
///
/// # Errors
/// One cannot be read.
pub(super) fn open<'a>(
    readers: &'a mut Readers,
    state: &PartitionState,
    source: OffsetRange,
    target: OffsetRange,
    cancel: &'a Cancel,
) -> Result<(Records<'a>, Records<'a>), ReadError> {
    let at = |topic: &str, range: OffsetRange| PartitionOffset::new(topic, state.key.partition, range.from);
    let old_formats = readers.old_formats.as_mut();
    let at_source = old_formats
        .and_then(|old| old.reader_for(&state.key, source.from))
        .unwrap_or(&mut readers.source)
        .open(at(&state.key.topic, source));
    let on_target = readers.target.open(at(&state.target_topic, target));
    let records = |feed, range: OffsetRange| Records {
        feed,
        ready: VecDeque::new(),
        to: range.to,
        fault: None,
        ended: range.is_empty(),
        cancel,
    };
    Ok((records(at_source, source), records(on_target, target)))
}

/// All records of both ranges, which are short.
///
/// # Errors
/// One cannot be read.
pub(crate) fn read_all(
    readers: &mut Readers,
    state: &PartitionState,
    source: OffsetRange,
    target: OffsetRange,
    cancel: &Cancel,
) -> Result<(Vec<Fingerprint>, Vec<Fingerprint>), ReadError> {
    let (at_source, on_target) = open(readers, state, source, target, cancel)?;
    Ok((at_source.all()?, on_target.all()?))
}
