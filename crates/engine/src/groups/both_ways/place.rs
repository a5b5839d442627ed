//! Where a group of one side of a pair reads on at the other side (docs/adr/0017).
//!
//! `A` is the log that the group has read before the offset `p`, `B` the one on which it is to read on. The task copies from A to
//! B, the other one back. Of B, the group has read what applications wrote there and the other task has copied to A before `p`,
//! and the copies of what stands on A before `p`. The place is the first record on B of which neither is so.

use crate::error::Side::{Source, Target};
use crate::groups::both_ways::log::{Log, Met, Step, Unseen};
use crate::groups::both_ways::stored::Writer;
use crate::position::{Copied, Map, PartitionState};

/// Offsets that are looked at on the second of two logs that answer the same question, where the first says that there is
/// something.
const SECOND_LOOK: i64 = 5_000;

/// One partition of a pair. The states of both tasks are older than the groups' positions are, and the logs' ends newer than the
/// states.
pub(crate) struct Partition<'a> {
    /// Of the task that moves the groups, and of the other one.
    pub(crate) forward: &'a PartitionState,
    pub(crate) back: &'a PartitionState,
    pub(crate) forward_map: &'a Map<'a>,
    pub(crate) back_map: &'a Map<'a>,
    pub(crate) a: Log<'a>,
    pub(crate) b: Log<'a>,
    /// Behind the last committed record of A, and whether nothing is open behind it.
    pub(crate) a_end: i64,
    pub(crate) a_is_settled: bool,
    /// Behind the last committed record of B.
    pub(crate) b_end: i64,
    /// Where B begins.
    pub(crate) b_low: i64,
    /// Whether the task that moves the groups, and the other one, copies each record once, so that none has two copies.
    pub(crate) once: [bool; 2],
}

/// Where a group reads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    /// On B: nothing before it is left to read.
    pub(crate) offset: i64,
    /// How many records from there on it has read already, at most.
    pub(crate) read_again: i64,
    /// Offsets that it has not read and that B has lost.
    pub(crate) lost: i64,
}

/// What both maps say around a position.
struct Around {
    /// The position, and what of A it means for copies to B: nothing before the start is copied.
    p: i64,
    from_start: i64,
    /// The last record of A before it that is noted to be on B, and the first that is not before it.
    last: Option<Copied>,
    next: Option<Copied>,
    /// The last record of B whose noted copy on A stands before it, and the first whose copy does not.
    back_last: Option<Copied>,
    back_next: Option<Copied>,
}

impl Partition<'_> {
    /// The place of a position `p` that is not behind what the task has copied.
    ///
    /// # Errors
    /// The state or a log cannot be read.
    pub(crate) fn place(&mut self, p: i64) -> Result<Placed, Unseen> {
        let around = self.around(p)?;
        let copies_from = self.copies_from(&around);
        let others_from = self.others_from(&around, copies_from)?;
        let noted = [
            around.next.map(|next| next.target),
            around.back_next.map(|next| next.source),
        ];
        let first_noted = noted.into_iter().flatten().min();
        let begin = first_noted
            .map_or(i64::MAX, |noted| noted)
            .min(copies_from.min(others_from));
        let lost = first_noted.map_or(0, |noted| (self.b_low - noted).max(0));
        let (offset, _) = self.b.find(begin.max(self.b_low), |at, met| match met {
            Met::Forward { first, to } if first.source < around.from_start => {
                // The copies of what it has read go on up to the last of them.
                Step::To(around.last.map_or(at + 1, |last| to.min(last.target + 1)))
            }
            Met::Back { first, to } if first.target < around.p => {
                Step::To(around.back_last.map_or(at + 1, |last| to.min(last.source + 1)))
            }
            Met::Forward { .. } | Met::Back { .. } => Step::Stop,
            Met::Unnoted { by: Writer::Copy, to } if at < copies_from => Step::To(to.min(copies_from)),
            Met::Unnoted {
                by: Writer::Others,
                to,
            } if at < others_from => Step::To(to.min(others_from)),
            Met::Unnoted { .. } => Step::Stop,
            Met::Nothing { to } | Met::Hole { to } => Step::To(to),
            Met::End | Met::TooMuch => Step::Stop,
        })?;
        Ok(Placed {
            offset,
            read_again: self.read_again(offset, &around)?,
            lost,
        })
    }

    fn around(&self, p: i64) -> Result<Around, Unseen> {
        let from_start = p.max(self.forward.start);
        Ok(Around {
            p,
            from_start,
            last: self.forward_map.last_before(Source, from_start)?,
            next: self.forward_map.next(Source, from_start)?,
            back_last: self.back_map.last_before(Target, p)?,
            back_next: self.back_map.next(Target, p)?,
        })
    }

    /// No copy that the group has not read stands on B before. Copies keep their order. And what stands on A at `p` or behind was
    /// written there after all before it, so after the last copy that the other task brought before `p`: that one was on B already,
    /// and what is copied later stands behind it.
    fn copies_from(&self, around: &Around) -> i64 {
        let own = around
            .last
            .map_or(self.forward.target_start, |last| last.target + 1);
        own.max(around.back_last.map_or(0, |last| last.source + 1))
    }

    /// No record that applications wrote on B, that the group has not read and that is not noted stands on B before.
    ///
    /// They are read in the order in which they stand on B, so none before the last that is noted as read. Behind it lie those whose
    /// copy is not noted, if any. Where no such copy stands on A from `p` up to the next that is noted, or up to the end, all
    /// that the other task has passed on B are on A before `p`, or never will be there.
    fn others_from(&mut self, around: &Around, copies_from: i64) -> Result<i64, Unseen> {
        let behind = around
            .back_last
            .map_or(self.back.start, |last| last.source + 1)
            .max(0);
        let passed = around.back_next.map_or(self.back.position, |next| next.source);
        let on_b = self.b.unnoted(behind, copies_from.min(passed))?;
        let until = around.back_next.map_or(self.a_end, |next| next.target);
        if on_b == 0 || on_b <= self.a.unnoted(around.p, until)? {
            return Ok(behind);
        }
        let p = around.p;
        let (_, met) = self.a.find(p, |_, met| match met {
            Met::Back { .. } | Met::Hole { .. } | Met::Unnoted { by: Writer::Copy, .. } => Step::Stop,
            Met::Forward { to, .. } | Met::Nothing { to } | Met::Unnoted { to, .. } => Step::To(to),
            Met::End | Met::TooMuch => Step::Stop,
        })?;
        Ok(match met {
            Met::Back { first, .. } => behind.max(first.source),
            Met::End if self.a_is_settled && p <= self.a_end => behind.max(self.back.position),
            _ => behind,
        })
    }

    /// How many records at `offset` on B and behind it the group has read already, at most.
    fn read_again(&mut self, offset: i64, around: &Around) -> Result<i64, Unseen> {
        let behind_last = around
            .last
            .map_or(self.forward.target_start, |last| last.target + 1);
        let noted = self.forward_map.count(Target, offset, behind_last)?;
        let older = self.b.count(Writer::Copy, offset, behind_last)?.are();
        let newer = self.copies_without_note(offset.max(behind_last), around)?;
        Ok(noted + older + newer + self.others_without_note(offset, around)?)
    }

    /// Copies on B from an offset on that are not noted and may be of what the group has read. They lie between the last noted copy
    /// before the position and the next one, and what they are of between the same two on A: either log tells.
    fn copies_without_note(&mut self, from: i64, around: &Around) -> Result<i64, Unseen> {
        let until = around.next.map_or(self.b_end, |next| next.target);
        let read_from = around.last.map_or(self.forward.start, |last| last.source + 1);
        let on_b = self.b.unnoted(from, until)?;
        let on_a = self.a.unnoted(read_from, around.from_start)?;
        if on_a == 0 || on_b == 0 {
            return Ok(0);
        }
        let mut ask = |of_b: bool| -> Result<i64, Unseen> {
            if of_b {
                // What is gone there is not read again.
                return Ok(self.b.count(Writer::Copy, from, until)?.are());
            }
            let records = self.a.count(Writer::Others, read_from, around.from_start)?.were();
            // Of at least once, a record may have any number of copies.
            Ok(if records > 0 && !self.once[0] {
                i64::MAX
            } else {
                records
            })
        };
        // The log with less to look at is asked first.
        let b_first = on_b <= on_a;
        let bound = ask(b_first)?.min(on_b);
        if bound == 0 || on_a.max(on_b) > SECOND_LOOK {
            return Ok(bound);
        }
        Ok(bound.min(ask(!b_first)?))
    }

    /// Records of applications on B from an offset on that the group may have read by a copy that is not noted. What the other task
    /// has copied twice, as at least once may after a crash, is not among them: it comes twice on A as well.
    fn others_without_note(&mut self, from: i64, around: &Around) -> Result<i64, Unseen> {
        let copied_from = around
            .back_last
            .map_or(self.back.target_start, |last| last.target + 1);
        let copies = self.a.count(Writer::Copy, copied_from, around.p)?;
        if copies.were() == 0 || !self.once[1] {
            return Ok(copies.were());
        }
        let behind = around.back_last.map_or(self.back.start, |last| last.source + 1);
        let until = around.back_next.map_or(self.b_end, |next| next.source);
        let records = self.b.count(Writer::Others, from.max(behind), until)?;
        Ok(copies.were().min(records.are()))
    }
}
