//! The sequence numbers of one partition's batches, and what follows from each answer. No sockets and no clock: the
//! caller sends what [`Sequences::next_to_send`] returns and reports the outcome.

use std::collections::VecDeque;

use crate::error_code::ErrorCode;

/// Batches of one partition that may be without an answer. Brokers remember as many to recognize one that comes twice
/// (Kafka's ProducerStateEntry.NUM_BATCHES_TO_RETAIN).
pub const MAX_IN_FLIGHT: usize = 5;

/// The sequence number `records` behind `sequence`: after the greatest comes 0.
#[must_use]
pub fn advance(sequence: i32, records: i32) -> i32 {
    sequence.wrapping_add(records) & i32::MAX
}

/// A batch that is to be sent now, always with the same bytes: a broker recognizes it by epoch and sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToSend {
    /// The caller's number of the batch.
    pub batch: u64,
    /// The sequence number of its first record.
    pub sequence: i32,
}

/// What came of a batch that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is on the broker, from this offset on; none if the broker only reports a duplicate.
    Written(Option<i64>),
    /// Whether it is on the broker is not known: the connection ended or the time was over.
    Unknown,
    /// The broker answered with an error.
    Failed(ErrorCode),
}

/// What follows for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The batch is on the broker. Batches are acknowledged in the order in which they were added.
    Acknowledged {
        /// The caller's number of the batch.
        batch: u64,
        /// Its first offset, if the broker returned it.
        base_offset: Option<i64>,
    },
    /// The broker will never take the batch; it is not written. Those behind it go on.
    Refused {
        /// The caller's number of the batch.
        batch: u64,
        /// Why not.
        code: ErrorCode,
    },
    /// A newer producer has taken over: nothing more may be written.
    Fenced,
    /// The broker does not have what came before: what is on it must be read, and the producer's epoch raised
    /// ([`Sequences::restart`]). Nothing is sent until then.
    Broken(ErrorCode),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// To be sent, or to be sent again.
    Waiting,
    /// Sent, without an answer.
    InFlight,
    /// Written, but not all before it are settled.
    Written(Option<i64>),
    /// Refused; those behind it move up once nothing is in flight.
    Refused(ErrorCode),
}

#[derive(Debug, Clone, Copy)]
struct Batch {
    id: u64,
    records: i32,
    sequence: i32,
    state: State,
}

/// How the stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// New batches follow those in flight.
    Flowing,
    /// One has failed: nothing is sent until all in flight have an answer.
    Draining,
    /// What has failed is sent again, one batch at a time, so that an error concerns that very batch.
    Probing,
    /// Nothing is sent until [`Sequences::restart`].
    Broken,
    /// Nothing is sent any more.
    Fenced,
}

/// One partition's stream of batches under one producer id and epoch.
///
/// After a failure nothing is sent until everything in flight has an answer; then the first batch that is not settled
/// is sent again alone, with the same sequence number. A batch in the middle can therefore never be written before one
/// that is earlier, and "out of order" means something only for the first one.
#[derive(Debug)]
pub struct Sequences {
    batches: VecDeque<Batch>,
    /// Of the next batch that is added.
    next_sequence: i32,
    mode: Mode,
    /// Whether the broker knows the producer and its epoch.
    begun: bool,
    broken_by: Option<ErrorCode>,
}

impl Default for Sequences {
    fn default() -> Self {
        Self::new()
    }
}

impl Sequences {
    /// A stream of a producer whose epoch has not written here yet.
    pub fn new() -> Self {
        Self {
            batches: VecDeque::new(),
            next_sequence: 0,
            mode: Mode::Flowing,
            begun: false,
            broken_by: None,
        }
    }

    /// A stream that goes on where an earlier one of the same producer and epoch ended.
    pub(crate) fn starting_at(sequence: i32) -> Self {
        Self {
            next_sequence: sequence,
            ..Self::new()
        }
    }

    /// Adds a batch of `records` records behind the others. `batch` is the caller's number of it.
    pub fn add(&mut self, batch: u64, records: i32) {
        self.batches.push_back(Batch {
            id: batch,
            records,
            sequence: self.next_sequence,
            state: State::Waiting,
        });
        self.next_sequence = advance(self.next_sequence, records);
    }

    /// Batches that are not settled.
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    /// Whether everything is settled.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Batches that were sent and have no answer.
    pub fn in_flight(&self) -> usize {
        self.batches
            .iter()
            .filter(|batch| batch.state == State::InFlight)
            .count()
    }

    /// The batch that [`Sequences::next_to_send`] would return.
    pub fn upcoming(&self) -> Option<u64> {
        self.next_index()
            .and_then(|at| self.batches.get(at))
            .map(|batch| batch.id)
    }

    /// The batch that is to be sent now; none while something else must come first. It counts as sent.
    pub fn next_to_send(&mut self) -> Option<ToSend> {
        let at = self.next_index()?;
        let batch = self.batches.get_mut(at)?;
        batch.state = State::InFlight;
        Some(ToSend {
            batch: batch.id,
            sequence: batch.sequence,
        })
    }

    fn next_index(&self) -> Option<usize> {
        let window = match self.mode {
            Mode::Flowing if self.begun => MAX_IN_FLIGHT,
            Mode::Flowing | Mode::Probing => 1,
            Mode::Draining | Mode::Broken | Mode::Fenced => 0,
        };
        // Those that are written but wait for an earlier one count: the broker's memory has them too.
        let sent = self
            .batches
            .iter()
            .take(window)
            .take_while(|batch| batch.state != State::Waiting)
            .count();
        (sent < window && sent < self.batches.len()).then_some(sent)
    }

    /// Takes back everything behind a batch that was refused, and returns the caller's numbers. Only right after
    /// [`Event::Refused`] is it certain that none of it was written: their sequence numbers were out of order. Nothing is
    /// taken back while something is in flight.
    pub fn withdraw(&mut self) -> Vec<u64> {
        let waits = |one: &Batch| one.state == State::Waiting;
        if !self.batches.iter().all(waits) || matches!(self.mode, Mode::Broken | Mode::Fenced) {
            return Vec::new();
        }
        if let Some(first) = self.batches.front() {
            self.next_sequence = first.sequence;
        }
        self.mode = Mode::Flowing;
        self.batches.drain(..).map(|one| one.id).collect()
    }

    /// Whether nothing is sent until [`Sequences::restart`].
    pub fn is_broken(&self) -> bool {
        self.mode == Mode::Broken
    }

    /// The sequence numbers of the batches that are not settled, in their order.
    pub fn unsettled(&self) -> impl Iterator<Item = i32> {
        self.batches.iter().map(|batch| batch.sequence)
    }

    /// Applies the outcome of a batch that was sent. An outcome of a batch that is not in flight is ignored.
    pub fn answered(&mut self, batch: u64, outcome: Outcome) -> Vec<Event> {
        let Some(index) = self
            .batches
            .iter()
            .position(|one| one.id == batch && one.state == State::InFlight)
        else {
            return Vec::new();
        };
        let mut events = Vec::new();
        self.batches[index].state = match outcome {
            Outcome::Written(offset) => State::Written(offset),
            Outcome::Failed(ErrorCode::DUPLICATE_SEQUENCE_NUMBER) => State::Written(None),
            Outcome::Unknown => self.failed(State::Waiting),
            Outcome::Failed(code) => self.judge(index, code, &mut events),
        };
        self.settle(&mut events);
        events
    }

    fn failed(&mut self, state: State) -> State {
        if matches!(self.mode, Mode::Flowing | Mode::Probing) {
            self.mode = Mode::Draining;
        }
        state
    }

    fn judge(&mut self, index: usize, code: ErrorCode, events: &mut Vec<Event>) -> State {
        match code {
            ErrorCode::INVALID_PRODUCER_EPOCH | ErrorCode::PRODUCER_FENCED => {
                if self.mode != Mode::Fenced {
                    self.mode = Mode::Fenced;
                    events.push(Event::Fenced);
                }
                State::Waiting
            }
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER | ErrorCode::UNKNOWN_PRODUCER_ID => {
                let first_unsettled = self
                    .batches
                    .iter()
                    .take(index)
                    .all(|one| matches!(one.state, State::Written(_)));
                if self.mode == Mode::Probing && first_unsettled {
                    // Nothing was in flight beside it, so nothing else can be meant.
                    self.broken_by = Some(code);
                }
                self.failed(State::Waiting)
            }
            code if code.is_retriable() => self.failed(State::Waiting),
            code => self.failed(State::Refused(code)),
        }
    }

    /// Acknowledges what is settled from the front on, and goes on once nothing is in flight.
    fn settle(&mut self, events: &mut Vec<Event>) {
        self.acknowledge(events);
        if self.mode == Mode::Probing && self.batches.front().is_none_or(|one| one.state == State::Waiting) {
            self.mode = Mode::Flowing;
        }
        if self.mode != Mode::Draining || self.in_flight() > 0 {
            return;
        }
        if let Some(code) = self.broken_by {
            self.mode = Mode::Broken;
            events.push(Event::Broken(code));
            return;
        }
        // A batch behind a refused one cannot have been written: its sequence number was out of order.
        let mut index = 0;
        while let Some(batch) = self.batches.get(index).copied() {
            if let State::Refused(code) = batch.state {
                self.batches.remove(index);
                events.push(Event::Refused {
                    batch: batch.id,
                    code,
                });
                self.renumber_from(index, batch.sequence);
            } else {
                index += 1;
            }
        }
        self.acknowledge(events);
        self.mode = if self.batches.is_empty() {
            Mode::Flowing
        } else {
            Mode::Probing
        };
    }

    fn acknowledge(&mut self, events: &mut Vec<Event>) {
        while let Some(Batch {
            id,
            state: State::Written(base_offset),
            ..
        }) = self.batches.front().copied()
        {
            self.batches.pop_front();
            self.begun = true;
            events.push(Event::Acknowledged {
                batch: id,
                base_offset,
            });
        }
    }

    fn renumber_from(&mut self, index: usize, first: i32) {
        let mut sequence = first;
        for batch in self.batches.iter_mut().skip(index) {
            batch.sequence = sequence;
            sequence = advance(sequence, batch.records);
        }
        self.next_sequence = sequence;
    }

    /// Goes on under a new epoch, whose sequence numbers begin at 0, after the first `written` of the batches that are
    /// not settled were found on the broker.
    pub fn restart(&mut self, written: usize) -> Vec<Event> {
        let mut events = Vec::new();
        for batch in self.batches.iter_mut().take(written) {
            batch.state = State::Written(None);
        }
        self.acknowledge(&mut events);
        self.begun = false;
        for batch in &mut self.batches {
            batch.state = State::Waiting;
        }
        self.renumber_from(0, 0);
        self.mode = Mode::Flowing;
        self.broken_by = None;
        events
    }
}
