use std::collections::VecDeque;

use sluice_wire::format::{Copied, CopiedSet};
use sluice_wire::{FetchedPartition, WireError};

use crate::verify::batches::stored::StoredBatch;
use crate::verify::stored_log::{StoredLog, aborted, committed_end};

/// What comes next in a log.
#[derive(Debug)]
pub(crate) enum Front<'a> {
    /// A batch that lies within the log's bounds.
    Batch(&'a StoredBatch),
    /// Something that has to be read record by record: another format, damage, a batch over a bound, no answer.
    Other,
    /// Nothing more up to the bound.
    End,
}

/// The stored batches of one partition of one side, from a position up to a bound.
pub(crate) struct BatchLog<'a> {
    log: Box<dyn StoredLog + 'a>,
    /// Behind the last batch that was taken.
    position: i64,
    /// Where to ask for more.
    next: i64,
    /// No record from here on is compared.
    bound: i64,
    ready: VecDeque<StoredBatch>,
    /// Something that is no batch follows those that are ready.
    stopped: bool,
    /// Where the committed records ended when the broker was last asked.
    end: Option<i64>,
}

impl<'a> BatchLog<'a> {
    pub(crate) fn new(log: Box<dyn StoredLog + 'a>, position: i64, bound: i64) -> Self {
        Self {
            log,
            position,
            next: position,
            bound,
            ready: VecDeque::new(),
            stopped: false,
            end: None,
        }
    }

    /// Behind the last batch that was taken, or where [`Self::go_to`] went.
    pub(crate) fn position(&self) -> i64 {
        self.position
    }

    pub(crate) fn bound(&self) -> i64 {
        self.bound
    }

    /// The batches at hand that can be compared whole.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &StoredBatch> {
        self.ready.iter().filter(|batch| {
            batch.is_plain()
                && batch.header.base_offset >= self.position
                && batch.header.next_offset() <= self.bound
        })
    }

    /// Goes on at `position`; what is at hand is dropped.
    pub(crate) fn go_to(&mut self, position: i64) {
        self.clear();
        (self.position, self.next) = (position, position);
    }

    /// Drops what is at hand.
    pub(crate) fn clear(&mut self) {
        self.ready.clear();
        (self.next, self.stopped, self.end) = (self.position, false, None);
    }

    /// Goes on at a batch that is at hand and begins at `position`, if there is one.
    pub(crate) fn advance_to(&mut self, position: i64) -> bool {
        while let Some(batch) = self.ready.front() {
            if batch.header.base_offset >= position {
                break;
            }
            self.ready.pop_front();
        }
        self.position = position;
        self.ready
            .front()
            .is_some_and(|batch| batch.header.base_offset == position)
    }

    /// What comes next; asks for `max_bytes` if nothing is at hand.
    ///
    /// # Errors
    /// The cluster cannot be asked.
    pub(crate) fn front(&mut self, max_bytes: i32) -> Result<Front<'_>, WireError> {
        while self.ready.is_empty() {
            if self.next >= self.bound || self.end.is_some_and(|end| self.next >= end) {
                return Ok(Front::End);
            }
            if self.stopped {
                return Ok(Front::Other);
            }
            self.ask(max_bytes)?;
        }
        Ok(match self.ready.front() {
            Some(batch) if batch.header.base_offset >= self.bound => Front::End,
            Some(batch)
                if batch.header.base_offset >= self.position && batch.header.next_offset() <= self.bound =>
            {
                Front::Batch(batch)
            }
            _ => Front::Other,
        })
    }

    /// Takes the batch in front.
    pub(crate) fn take(&mut self) -> Option<StoredBatch> {
        let batch = self.ready.pop_front()?;
        self.position = batch.header.next_offset();
        Some(batch)
    }

    /// Asks for more, from behind what is at hand.
    ///
    /// # Errors
    /// The cluster cannot be asked.
    pub(crate) fn ask(&mut self, max_bytes: i32) -> Result<(), WireError> {
        let asked = self.next;
        if let Some(fetched) = self.log.fetch(asked, max_bytes)? {
            self.end = committed_end(&fetched);
            self.take_in(&fetched);
        }
        // The reader of records waits for what does not come.
        self.stopped |= self.next == asked;
        Ok(())
    }

    fn take_in(&mut self, fetched: &FetchedPartition) {
        let entries = CopiedSet::new(&fetched.records, self.next, Some(aborted(fetched)));
        for entry in entries {
            match entry {
                Ok(Copied::Batch(batch)) if batch.header().count > 0 => {
                    self.ready.push_back(StoredBatch::new(&batch, &fetched.records));
                }
                Ok(Copied::Message(_)) | Err(_) => {
                    self.stopped = true;
                    return;
                }
                Ok(Copied::Batch(_) | Copied::Control { .. } | Copied::Aborted(_)) => {}
            }
            if let Ok(entry) = &entry {
                self.next = self.next.max(entry.next_offset());
            }
        }
    }

    /// The log itself, for reading records of it again.
    pub(crate) fn stored(&mut self) -> &mut dyn StoredLog {
        self.log.as_mut()
    }
}
