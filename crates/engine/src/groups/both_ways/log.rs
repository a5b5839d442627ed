//! One of the two logs of a pair: what both tasks have noted of it, and what is stored where they have noted nothing.

use std::collections::BTreeSet;

use crate::error::{Side, StoreError};
use crate::groups::both_ways::stored::{Seen, Stored, Writer};
use crate::position::{Copied, Map};
use crate::verify::ReadError;

/// Steps of one walk at most.
const STEPS: usize = 20_000;

/// Why a place could not be looked for.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Unseen {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Read(#[from] ReadError),
}

/// What one of the two tasks has noted of a log, which is its source or its target.
#[derive(Clone, Copy)]
pub(crate) struct Notes<'a> {
    pub(crate) map: &'a Map<'a>,
    pub(crate) side: Side,
}

impl Notes<'_> {
    fn next(&self, offset: i64) -> Result<Option<Copied>, StoreError> {
        self.map.next(self.side, offset)
    }
}

/// What is met at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Met {
    /// A record that the task has noted which moves the groups; with the noted ones that follow it up to `to`.
    Forward { first: Copied, to: i64 },
    /// A record that the other task has noted.
    Back { first: Copied, to: i64 },
    /// Records that neither has noted.
    Unnoted { by: Writer, to: i64 },
    /// No record, and never one that is copied.
    Nothing { to: i64 },
    /// No record any more: compaction may have taken some.
    Hole { to: i64 },
    /// The end of the committed records.
    End,
    /// So much was read that it is not looked at.
    TooMuch,
}

/// How many records of one writer stand in a range that neither task has noted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// So many were seen.
    pub(crate) seen: i64,
    /// So many offsets have no record any more; of which writer it was is not known.
    pub(crate) gone: i64,
    /// So many offsets were not looked at.
    pub(crate) left: i64,
}

impl Counted {
    /// How many there are at most.
    pub(crate) fn are(self) -> i64 {
        self.seen + self.left
    }

    /// How many there were at most.
    pub(crate) fn were(self) -> i64 {
        self.are() + self.gone
    }
}

/// A log of the pair.
pub(crate) struct Log<'a> {
    /// Of the task that moves the groups.
    pub(crate) forward: Notes<'a>,
    /// Of the other one.
    pub(crate) back: Notes<'a>,
    pub(crate) stored: &'a mut dyn Stored,
    /// Records of applications that are in quarantine, or were decided about there: they are not copied.
    pub(crate) set_aside: &'a BTreeSet<i64>,
}

impl Log<'_> {
    /// What stands at an offset. The maps are asked before the log: what is noted in between counts as not noted.
    ///
    /// # Errors
    /// The state or the log cannot be read.
    pub(crate) fn meet(&mut self, offset: i64) -> Result<Met, Unseen> {
        if let Some((first, to)) = self.forward.map.at(self.forward.side, offset)? {
            return Ok(Met::Forward { first, to });
        }
        if let Some((first, to)) = self.back.map.at(self.back.side, offset)? {
            return Ok(Met::Back { first, to });
        }
        let noted = [
            self.forward
                .next(offset)?
                .map(|copied| copied.on(self.forward.side)),
            self.back.next(offset)?.map(|copied| copied.on(self.back.side)),
        ];
        let before = noted.into_iter().flatten().min().unwrap_or(i64::MAX);
        Ok(match self.stored.look(offset)? {
            None => Met::TooMuch,
            Some(Seen::End) => Met::End,
            Some(Seen::Nothing { to }) => Met::Nothing { to: to.min(before) },
            Some(Seen::Hole { to }) => Met::Hole { to: to.min(before) },
            Some(Seen::Records {
                by: Writer::Others,
                to,
            }) => self.others(offset, to.min(before)),
            Some(Seen::Records { by, to }) => Met::Unnoted {
                by,
                to: to.min(before),
            },
        })
    }

    /// Records of applications without those that are set aside.
    fn others(&self, offset: i64, to: i64) -> Met {
        match self.set_aside.range(offset..to).next() {
            Some(aside) if *aside == offset => Met::Nothing { to: offset + 1 },
            aside => Met::Unnoted {
                by: Writer::Others,
                to: aside.copied().unwrap_or(to),
            },
        }
    }

    /// How many offsets of a range are those of records that neither task has noted, or of none.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn unnoted(&self, from: i64, to: i64) -> Result<i64, StoreError> {
        if from >= to {
            return Ok(0);
        }
        let forward = self.forward.map.count(self.forward.side, from, to)?;
        let back = self.back.map.count(self.back.side, from, to)?;
        Ok((to - from - forward - back).max(0))
    }

    /// How many records of one writer stand in a range that neither task has noted.
    ///
    /// # Errors
    /// The state or the log cannot be read.
    pub(crate) fn count(&mut self, writer: Writer, from: i64, to: i64) -> Result<Counted, Unseen> {
        let mut counted = Counted::default();
        if self.unnoted(from, to)? == 0 {
            return Ok(counted);
        }
        let mut at = from;
        for _ in 0..STEPS {
            if at >= to {
                return Ok(counted);
            }
            at = match self.meet(at)? {
                Met::Forward { to, .. } | Met::Back { to, .. } | Met::Nothing { to } => to,
                Met::Hole { to: behind } => {
                    counted.gone += behind.min(to) - at;
                    behind
                }
                Met::Unnoted { by, to: behind } => {
                    if by == writer {
                        counted.seen += behind.min(to) - at;
                    }
                    behind
                }
                Met::End => return Ok(counted),
                Met::TooMuch => break,
            };
        }
        counted.left = self.unnoted(at, to)?;
        Ok(counted)
    }

    /// The first offset from `from` on at which `stops` says that what is met there is what is looked for; where no more is
    /// read, the first one that was not looked at.
    ///
    /// # Errors
    /// The state or the log cannot be read.
    pub(crate) fn find(
        &mut self,
        from: i64,
        mut stops: impl FnMut(i64, Met) -> Step,
    ) -> Result<(i64, Met), Unseen> {
        let mut at = from;
        for _ in 0..STEPS {
            let met = self.meet(at)?;
            if matches!(met, Met::End | Met::TooMuch) {
                return Ok((at, met));
            }
            match stops(at, met) {
                Step::Stop => return Ok((at, met)),
                Step::To(next) => at = next.max(at + 1),
            }
        }
        Ok((at, Met::TooMuch))
    }
}

/// How a walk goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// This is it.
    Stop,
    /// It goes on at this offset.
    To(i64),
}
