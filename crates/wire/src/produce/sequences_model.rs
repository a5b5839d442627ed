//! A model of the broker's rules, and random runs against it: answers and requests get lost, leaders move, the broker
//! forgets the producer. Every batch must end up in the log once and in order, or be refused.

use std::collections::VecDeque;

use proptest::prelude::*;

use crate::error_code::ErrorCode;
use crate::produce::sequences::{Event, MAX_IN_FLIGHT, Outcome, Sequences, ToSend, advance};

const REFUSED: ErrorCode = ErrorCode::MESSAGE_TOO_LARGE;

/// What a broker remembers of one producer in one partition (Kafka's ProducerAppendInfo).
#[derive(Default)]
struct Broker {
    log: Vec<u64>,
    epoch: i32,
    /// Sequences of the latest batches, with their offsets.
    memory: VecDeque<(i32, i32, i64)>,
    known: bool,
}

impl Broker {
    fn append(&mut self, epoch: i32, sent: ToSend, records: i32, refuses: bool) -> Outcome {
        if epoch < self.epoch {
            return Outcome::Failed(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        if epoch > self.epoch {
            self.epoch = epoch;
            self.memory.clear();
            self.known = false;
        }
        let last = advance(sent.sequence, records - 1);
        let twice = self
            .memory
            .iter()
            .find(|(first, end, _)| (*first, *end) == (sent.sequence, last));
        if let Some((.., offset)) = twice {
            return Outcome::Written(Some(*offset));
        }
        if refuses {
            return Outcome::Failed(REFUSED);
        }
        let expected = self.memory.back().map(|(_, end, _)| advance(*end, 1));
        let fits = match expected {
            Some(expected) => expected == sent.sequence,
            None => sent.sequence == 0 || !self.known,
        };
        if !fits {
            return Outcome::Failed(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        }
        let offset = self.log.len() as i64;
        self.log.push(sent.batch);
        self.known = true;
        self.memory.push_back((sent.sequence, last, offset));
        if self.memory.len() > MAX_IN_FLIGHT {
            self.memory.pop_front();
        }
        Outcome::Written(Some(offset))
    }
}

/// What happens to one request.
#[derive(Debug, Clone, Copy)]
enum Luck {
    Fine,
    RequestLost,
    AnswerLost,
    NotLeader,
    /// The connection ends: this request and all behind it get no answer, and some of them were carried out.
    Disconnected {
        carried_out: usize,
    },
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        6 => Just(Luck::Fine),
        1 => Just(Luck::RequestLost),
        1 => Just(Luck::AnswerLost),
        1 => Just(Luck::NotLeader),
        1 => (0usize..6).prop_map(|carried_out| Luck::Disconnected { carried_out }),
    ]
}

struct Run {
    broker: Broker,
    sequences: Sequences,
    epoch: i32,
    records: Vec<i32>,
    refused: Vec<bool>,
    wire: VecDeque<ToSend>,
    settled: Vec<u64>,
    turned_down: Vec<u64>,
}

impl Run {
    fn carry_out(&mut self, sent: ToSend) -> Outcome {
        let index = sent.batch as usize;
        let (records, refuses) = (self.records[index], self.refused[index]);
        self.broker.append(self.epoch, sent, records, refuses)
    }

    fn take(&mut self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::Acknowledged { batch, base_offset } => {
                    if let Some(offset) = base_offset {
                        assert_eq!(self.broker.log[offset as usize], batch);
                    }
                    self.settled.push(batch);
                }
                Event::Refused { batch, code } => {
                    assert_eq!(code, REFUSED);
                    self.turned_down.push(batch);
                }
                Event::Fenced => panic!("no other producer has the id"),
                Event::Broken(_) => self.resolve(),
            }
        }
    }

    /// Reads the broker's log, as the caller would, and raises the epoch.
    fn resolve(&mut self) {
        assert!(self.wire.is_empty() && self.sequences.in_flight() == 0);
        let last = self.settled.last().copied();
        let unsettled = self
            .broker
            .log
            .iter()
            .rev()
            .take_while(|batch| Some(**batch) != last)
            .count();
        self.epoch += 1;
        let events = self.sequences.restart(unsettled);
        self.take(events);
    }

    fn step(&mut self, luck: Luck) {
        while let Some(sent) = self.sequences.next_to_send() {
            self.wire.push_back(sent);
        }
        let Some(sent) = self.wire.pop_front() else { return };
        let outcome = match luck {
            Luck::Fine => self.carry_out(sent),
            Luck::RequestLost => Outcome::Unknown,
            Luck::AnswerLost => {
                self.carry_out(sent);
                Outcome::Unknown
            }
            Luck::NotLeader => Outcome::Failed(ErrorCode::NOT_LEADER_OR_FOLLOWER),
            Luck::Disconnected { carried_out } => {
                let mut all = vec![sent];
                all.extend(self.wire.drain(..));
                for one in all.iter().take(carried_out) {
                    self.carry_out(*one);
                }
                for one in all {
                    let events = self.sequences.answered(one.batch, Outcome::Unknown);
                    self.take(events);
                }
                return;
            }
        };
        let events = self.sequences.answered(sent.batch, outcome);
        self.take(events);
    }
}

fn run(records: Vec<i32>, refused: Vec<bool>, start: i32, lucks: &[Luck], forgets_at: Option<usize>) -> Run {
    let count = records.len();
    let mut run = Run {
        broker: Broker::default(),
        sequences: Sequences::starting_at(start),
        epoch: 0,
        records,
        refused,
        wire: VecDeque::new(),
        settled: Vec::new(),
        turned_down: Vec::new(),
    };
    for batch in 0..count {
        run.sequences.add(batch as u64, run.records[batch]);
    }
    let fine = std::iter::repeat_n(Luck::Fine, count * 6 + 20);
    for (step, luck) in lucks.iter().copied().chain(fine).enumerate() {
        if forgets_at == Some(step) {
            // As after an unclean election: the broker's memory of the producer is an older one.
            run.broker.memory.pop_back();
        }
        run.step(luck);
    }
    run
}

proptest! {
    #[test]
    fn every_batch_is_written_once_and_in_order_or_refused(
        records in proptest::collection::vec(1i32..50, 1..40),
        lucks in proptest::collection::vec(luck(), 0..200),
        refusals in proptest::collection::vec(0usize..40, 0..4),
        start in prop_oneof![Just(0), (i32::MAX - 200)..=i32::MAX],
    ) {
        let count = records.len();
        let refused: Vec<bool> = (0..count).map(|index| refusals.contains(&index)).collect();
        let run = run(records, refused.clone(), start, &lucks, None);
        let wanted: Vec<u64> = (0..count).filter(|index| !refused[*index]).map(|index| index as u64).collect();
        prop_assert_eq!(&run.broker.log, &wanted);
        prop_assert_eq!(&run.settled, &wanted);
        let turned_down: Vec<u64> = (0..count).filter(|index| refused[*index]).map(|index| index as u64).collect();
        // Refusals may come in another order: the answer to an earlier one may have been lost.
        let mut rejected = run.turned_down.clone();
        rejected.sort_unstable();
        prop_assert_eq!(&rejected, &turned_down);
        prop_assert!(run.sequences.is_empty());
        prop_assert_eq!(run.epoch, 0, "an epoch was raised without need");
    }

    #[test]
    fn a_broker_that_forgets_ends_in_a_new_epoch_and_still_nothing_is_lost_or_written_twice(
        records in proptest::collection::vec(1i32..50, 10..40),
        lucks in proptest::collection::vec(luck(), 0..100),
        forgets_at in 5usize..60,
    ) {
        let count = records.len();
        let run = run(records, vec![false; count], 0, &lucks, Some(forgets_at));
        let wanted: Vec<u64> = (0..count as u64).collect();
        prop_assert_eq!(&run.settled, &wanted);
        prop_assert!(run.sequences.is_empty());
    }
}

#[test]
fn sequence_numbers_go_on_at_0_behind_the_greatest() {
    assert_eq!(advance(i32::MAX, 1), 0);
    assert_eq!(advance(i32::MAX - 1, 5), 3);
    assert_eq!(advance(7, 3), 10);
}

#[test]
fn no_more_than_five_batches_are_in_flight() {
    let mut sequences = Sequences::new();
    for batch in 0..8 {
        sequences.add(batch, 10);
    }
    let send = |sequences: &mut Sequences| -> Vec<i32> {
        std::iter::from_fn(|| sequences.next_to_send())
            .map(|sent| sent.sequence)
            .collect()
    };
    // A broker that does not know the producer takes any number: the first batch goes alone.
    assert_eq!(send(&mut sequences), [0]);
    assert_eq!(sequences.answered(0, Outcome::Written(Some(5))).len(), 1);
    assert_eq!(send(&mut sequences), [10, 20, 30, 40, 50]);
    // The third is written, but the second holds its place.
    assert_eq!(sequences.answered(2, Outcome::Written(Some(7))), []);
    assert!(send(&mut sequences).is_empty());
    assert_eq!(sequences.answered(1, Outcome::Written(Some(6))).len(), 2);
    assert_eq!(send(&mut sequences), [60, 70]);
}

#[test]
fn a_newer_producer_ends_everything() {
    let mut sequences = Sequences::new();
    sequences.add(9, 1);
    sequences.next_to_send().unwrap();
    sequences.answered(9, Outcome::Written(None));
    sequences.add(0, 1);
    sequences.add(1, 1);
    while sequences.next_to_send().is_some() {}
    let fenced = sequences.answered(0, Outcome::Failed(ErrorCode::INVALID_PRODUCER_EPOCH));
    assert_eq!(fenced, [Event::Fenced]);
    assert_eq!(
        sequences.answered(1, Outcome::Failed(ErrorCode::PRODUCER_FENCED)),
        []
    );
    assert_eq!(sequences.next_to_send(), None);
}
