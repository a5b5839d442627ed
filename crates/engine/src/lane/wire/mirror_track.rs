//! One mirrored partition of the wire lane: where its target's log ends, and which hole is being filled.

use sluice_wire::Ticket;

use crate::lane::MirrorPlace;
use crate::lane::wire::track::{Entry, Track};

/// What is known of a mirrored partition's target.
#[derive(Debug)]
pub(super) struct MirrorTrack {
    /// Where the log ends once everything that was sent is there.
    pub(super) end: i64,
    pub(super) filling: Option<Filling>,
}

/// A hole on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    /// It is filled as soon as everything before it is acknowledged.
    Wanted(Wanted),
    /// It is being filled: nothing else may be written.
    Started,
}

/// A hole that is to be filled, from where the log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) to: i64,
    pub(super) timestamp: i64,
    pub(super) delete_before: Option<i64>,
}

impl MirrorTrack {
    pub(super) fn new(place: MirrorPlace) -> Self {
        Self {
            end: place.end,
            filling: None,
        }
    }
}

impl Track {
    /// Whether a hole of it is to be filled, or is being filled.
    pub(super) fn is_filling(&self) -> bool {
        self.mirror
            .as_ref()
            .is_some_and(|mirror| mirror.filling.is_some())
    }

    /// Whether its target lacks offsets before the next one to be sent.
    pub(super) fn lacks_offsets(&self) -> bool {
        self.mirror.as_ref().is_some_and(|mirror| mirror.end < self.next)
    }

    /// The hole that may be filled now.
    pub(super) fn startable(&self) -> Option<Wanted> {
        match self.mirror.as_ref()?.filling? {
            Filling::Wanted(wanted) if !self.is_waiting() => Some(wanted),
            _ => None,
        }
    }

    /// Drops a hole that is not being filled yet.
    pub(super) fn forget_wanted(&mut self) {
        if let Some(mirror) = &mut self.mirror
            && matches!(mirror.filling, Some(Filling::Wanted(_)))
        {
            mirror.filling = None;
            self.in_flight -= 1;
        }
    }

    /// Whether a batch stands at the offset that it was sent for. A lane that does not mirror takes any.
    pub(super) fn is_in_place(&mut self, ticket: Ticket, base: Option<i64>) -> InPlace {
        if self.mirror.is_none() {
            return InPlace::Yes;
        }
        let Some(expected) = self.sent(ticket).and_then(|sent| sent.expected) else {
            return InPlace::Yes;
        };
        match base {
            Some(found) if found == expected => InPlace::Yes,
            Some(found) => InPlace::No { expected, found },
            None => InPlace::Unknown,
        }
    }

    /// Gives up everything that is not reported. Returns the bytes of batches without an answer.
    pub(super) fn give_up(&mut self) -> usize {
        self.blocked = true;
        self.in_flight = 0;
        if let Some(mirror) = &mut self.mirror {
            mirror.filling = None;
        }
        let given_up = std::mem::take(&mut self.queue);
        given_up
            .iter()
            .map(|entry| match entry {
                Entry::Sent(sent) if sent.written.is_none() => sent.batch.len(),
                Entry::Sent(_) | Entry::PassedOver { .. } | Entry::Partners { .. } | Entry::End { .. } => 0,
            })
            .sum()
    }
}

/// See [`Track::is_in_place`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InPlace {
    Yes,
    No {
        expected: i64,
        found: i64,
    },
    /// The target only says that it has the batch.
    Unknown,
}
