use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sluice_kafka::TimestampKind;

use crate::record_hash::Fields;
use crate::verify::failure::{Failure, Result};
use crate::verify::feed::{Fed, Feed, ReadError};
use crate::verify::record::Record;
use crate::verify::report::LogSide;

/// How long a broker may be silent in the middle of a partition.
const SILENCE: Duration = Duration::from_secs(30);

/// The records of one partition in order, up to its committed end.
pub(crate) struct Stream<'a> {
    side: LogSide,
    feed: Box<dyn Feed + 'a>,
    ready: VecDeque<Record>,
    /// Bytes of keys, values and headers in `ready`.
    bytes: usize,
    fields: Fields,
    /// Why nothing can be read behind `ready`.
    fault: Option<ReadError>,
    ended: bool,
    /// Behind the last record that was taken or passed over.
    next: i64,
    cancel: &'a AtomicBool,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(
        side: LogSide,
        feed: Box<dyn Feed + 'a>,
        fields: Fields,
        cancel: &'a AtomicBool,
    ) -> Self {
        Self {
            side,
            feed,
            ready: VecDeque::new(),
            bytes: 0,
            fields,
            fault: None,
            ended: false,
            next: 0,
            cancel,
        }
    }

    /// Goes on at `offset`; what was looked at is dropped.
    pub(crate) fn go_to(&mut self, offset: i64) {
        self.drop_what_was_read();
        self.ended = false;
        self.fault = None;
        self.next = self.next.max(offset);
        self.feed.go_to(offset);
    }

    /// Reads all from `offset` on, also what is not of what is compared.
    pub(crate) fn read_everything(&mut self, offset: i64) {
        self.feed.everything();
        self.go_to(offset);
    }

    /// Reads nothing until [`Stream::go_to`].
    pub(crate) fn rest(&mut self) {
        self.drop_what_was_read();
        self.feed.rest();
    }

    fn drop_what_was_read(&mut self) {
        self.ready.clear();
        self.bytes = 0;
    }

    /// # Errors
    /// The verification was cancelled.
    pub(crate) fn check_cancelled(&self) -> Result<()> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(Failure::Cancelled);
        }
        Ok(())
    }

    /// Which fields count.
    pub(crate) fn fields(&self) -> Fields {
        self.fields
    }

    /// Leaves the time out of what counts.
    pub(crate) fn ignore_time(&mut self) {
        if !std::mem::take(&mut self.fields.time) {
            return;
        }
        for record in &mut self.ready {
            record.hash_again(self.fields);
        }
    }

    /// Whether the time counts.
    pub(crate) fn has_time(&self) -> bool {
        self.fields.time
    }

    /// Whether the broker stamped the next record itself.
    pub(crate) fn is_stamped(&mut self) -> Result<bool> {
        Ok(self
            .peek(0)?
            .is_some_and(|record| record.timestamp().1 == TimestampKind::LogAppend))
    }

    /// Whether the next record has no time.
    pub(crate) fn lacks_time(&mut self) -> Result<bool> {
        Ok(self.peek(0)?.is_some_and(Record::lacks_time))
    }

    /// Bytes of the records that were looked at and not yet taken.
    pub(crate) fn held(&self) -> usize {
        self.bytes
    }

    /// The record `ahead` places from the next one; `None` behind the end.
    pub(crate) fn peek(&mut self, ahead: usize) -> Result<Option<&Record>> {
        let mut until = Instant::now() + SILENCE;
        while self.ready.len() <= ahead && !self.ended {
            self.check_cancelled()?;
            let side = self.side;
            if let Some(fault) = &self.fault {
                return Err(failure(side, fault.clone()));
            }
            if self.read().map_err(|error| failure(side, error))? > 0 {
                until = Instant::now() + SILENCE;
            } else if Instant::now() >= until {
                return Err(failure(side, ReadError::Silent(SILENCE.as_secs())));
            }
        }
        Ok(self.ready.get(ahead))
    }

    /// Takes in what has come. Returns how much that was.
    fn read(&mut self) -> std::result::Result<usize, ReadError> {
        let Self {
            feed,
            ready,
            ended,
            bytes,
            fields,
            fault,
            ..
        } = self;
        let mut add = |content, counts| {
            let mut record = Record::new(content, *fields);
            record.counts = counts;
            *bytes += record.len();
            ready.push_back(record);
        };
        feed.read(&mut |fed| match fed {
            Fed::Record(content) if !*ended && fault.is_none() => add(content, true),
            Fed::Beside(content) if !*ended && fault.is_none() => add(content, false),
            Fed::End if fault.is_none() => *ended = true,
            Fed::Fault(error) if !*ended => {
                fault.get_or_insert(error);
            }
            Fed::Record(_) | Fed::Beside(_) | Fed::End | Fed::Fault(_) => {}
        })
    }

    /// The offset behind the last record that was taken or passed over.
    pub(crate) fn next(&self) -> i64 {
        self.next
    }

    /// Takes the next record.
    pub(crate) fn pop(&mut self) -> Option<Record> {
        let record = self.ready.pop_front()?;
        self.bytes -= record.len();
        self.next = record.offset() + 1;
        Some(record)
    }
}

fn failure(side: LogSide, error: ReadError) -> Failure {
    match side {
        LogSide::Source => Failure::Source(error),
        LogSide::Target => Failure::Target(error),
    }
}
