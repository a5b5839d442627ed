use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::client::GroupOffset;
use crate::error::WireError;
use crate::produce::driver::coordinator::{Coordinator, Step, StepDone};
use crate::produce::driver::event::{ProduceEvent, TransactionFault};
use crate::produce::driver::producer::Producer;
use crate::produce::transaction::ProducerIdentity;
use crate::topic_partition::TopicPartition;

/// How a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// None is open.
    Idle,
    Open,
    /// It ends as soon as every batch is acknowledged.
    Committing,
    /// The coordinator was asked to commit it.
    Ending,
    /// It must be aborted.
    Failed,
    /// It is aborted as soon as nothing is on its way. `clean` is whether all outcomes are known.
    Aborting {
        clean: bool,
    },
    /// The coordinator was asked to abort it, and then to raise the epoch.
    Closing {
        clean: bool,
    },
    /// Nothing more can be done with this producer.
    Dead,
}

/// The call does not fit the transaction's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongState {
    /// A transaction is open or ending.
    #[error("a transaction is open or ending")]
    Busy,
    /// No transaction is open.
    #[error("no transaction is open")]
    NotOpen,
    /// The producer has no transactional id.
    #[error("the producer has no transactional id")]
    NotTransactional,
    /// The producer is of no more use.
    #[error("the producer is fenced or has failed")]
    Dead,
}

/// The transactions of a producer.
#[derive(Debug)]
pub(crate) struct Transaction {
    phase: Phase,
    /// Partitions of the open one.
    added: BTreeSet<TopicPartition>,
    /// Those that the coordinator must still be asked to add.
    to_add: BTreeSet<TopicPartition>,
    /// Whether the coordinator has it.
    begun: bool,
    /// Steps without an outcome.
    pending: usize,
    coordinator: Coordinator,
}

impl Transaction {
    pub(crate) fn new(coordinator: Coordinator) -> Self {
        Self {
            phase: Phase::Idle,
            added: BTreeSet::new(),
            to_add: BTreeSet::new(),
            begun: false,
            pending: 0,
            coordinator,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether a batch may go to a partition: the coordinator must know before.
    pub(crate) fn may_send_to(&self, place: &TopicPartition) -> bool {
        matches!(self.phase, Phase::Open | Phase::Committing) && self.added.contains(place)
    }

    /// A batch for a partition was handed over.
    pub(crate) fn note(&mut self, place: &TopicPartition) {
        if !self.added.contains(place) && !self.to_add.contains(place) {
            self.to_add.insert(place.clone());
        }
    }

    fn ask(&mut self, producer: ProducerIdentity, step: Step) {
        self.begun = true;
        self.pending += 1;
        self.coordinator.ask(producer, step);
    }

    fn close(&mut self) {
        self.phase = Phase::Idle;
        self.added.clear();
        self.to_add.clear();
        self.begun = false;
    }
}

impl Producer {
    fn own_transaction(&mut self) -> Result<&mut Transaction, WrongState> {
        match &mut self.transaction {
            None => Err(WrongState::NotTransactional),
            Some(one) if one.phase == Phase::Dead => Err(WrongState::Dead),
            Some(one) => Ok(one),
        }
    }

    /// Opens a transaction. The coordinator hears of it with its first batch.
    ///
    /// # Errors
    /// One is open or ending already, or this producer has none.
    pub fn begin(&mut self) -> Result<(), WrongState> {
        let transaction = self.own_transaction()?;
        if transaction.phase != Phase::Idle {
            return Err(WrongState::Busy);
        }
        transaction.phase = Phase::Open;
        Ok(())
    }

    /// Makes positions of a group that has no members part of the transaction. It may be called before the batches they
    /// belong to are acknowledged: positions count when the transaction is committed.
    ///
    /// # Errors
    /// No transaction is open.
    pub fn send_offsets(
        &mut self,
        group: &str,
        offsets: BTreeMap<TopicPartition, GroupOffset>,
    ) -> Result<(), WrongState> {
        let producer = self.producer;
        let transaction = self.own_transaction()?;
        if transaction.phase != Phase::Open {
            return Err(WrongState::NotOpen);
        }
        let group = group.to_owned();
        transaction.ask(producer, Step::Offsets { group, offsets });
        Ok(())
    }

    /// Commits the transaction once every batch of it is acknowledged; [`ProduceEvent::Committed`] reports it. Until then
    /// no batch is taken.
    ///
    /// # Errors
    /// No transaction is open.
    pub fn commit(&mut self) -> Result<(), WrongState> {
        let transaction = self.own_transaction()?;
        if transaction.phase != Phase::Open {
            return Err(WrongState::NotOpen);
        }
        transaction.phase = Phase::Committing;
        Ok(())
    }

    /// Aborts the transaction, one that has failed included; [`ProduceEvent::Aborted`] reports it. The epoch is raised, so
    /// that no request of it that is still on its way can be written later.
    ///
    /// # Errors
    /// No transaction is open, or it is being committed.
    pub fn abort(&mut self) -> Result<(), WrongState> {
        let clean = self.unsettled == 0;
        let transaction = self.own_transaction()?;
        match transaction.phase {
            Phase::Open | Phase::Committing | Phase::Failed => {
                transaction.phase = Phase::Aborting { clean };
                Ok(())
            }
            Phase::Idle => Err(WrongState::NotOpen),
            Phase::Ending | Phase::Aborting { .. } | Phase::Closing { .. } => Err(WrongState::Busy),
            Phase::Dead => Err(WrongState::Dead),
        }
    }

    /// Whether a transaction is open or ending, one that has failed included.
    pub fn is_in_transaction(&self) -> bool {
        let idle = |one: &Transaction| matches!(one.phase, Phase::Idle | Phase::Dead);
        self.transaction.as_ref().is_some_and(|one| !idle(one))
    }

    /// Asks the coordinator for what comes next.
    pub(crate) fn advance_transaction(&mut self) {
        let producer = self.producer;
        let timeout = self
            .settings
            .transactions
            .as_ref()
            .map_or(Duration::ZERO, |one| one.timeout);
        let Some(transaction) = &mut self.transaction else {
            return;
        };
        match transaction.phase {
            Phase::Open | Phase::Committing if !transaction.to_add.is_empty() => {
                let partitions = std::mem::take(&mut transaction.to_add);
                transaction.ask(producer, Step::Add(partitions.into_iter().collect()));
            }
            Phase::Committing if self.unsettled == 0 && transaction.pending == 0 => {
                if transaction.begun {
                    transaction.phase = Phase::Ending;
                    transaction.ask(producer, Step::End { commit: true });
                } else {
                    transaction.close();
                    self.events.push(ProduceEvent::Committed);
                }
            }
            Phase::Aborting { clean }
                if transaction.pending == 0
                    && self.streams.values().all(|stream| stream.on_wire.is_none()) =>
            {
                transaction.phase = Phase::Closing { clean };
                if transaction.begun {
                    transaction.ask(producer, Step::End { commit: false });
                } else if self.unsettled == 0 {
                    self.closed(None);
                } else {
                    // Sequence numbers of batches that are dropped must not be missed later.
                    transaction.ask(producer, Step::Raise { timeout });
                }
            }
            _ => {}
        }
    }

    /// Takes what came of a step.
    pub(crate) fn take_step(&mut self, done: StepDone) {
        let producer = self.producer;
        let timeout = self
            .settings
            .transactions
            .as_ref()
            .map_or(Duration::ZERO, |one| one.timeout);
        let Some(transaction) = &mut self.transaction else {
            return;
        };
        let (step, outcome) = match done {
            StepDone::Delayed(error) => {
                self.events.push(ProduceEvent::TransactionDelayed(error));
                return;
            }
            StepDone::Done(step, raised) => (step, Ok(raised)),
            StepDone::Failed(step, error) => (step, Err(error)),
        };
        transaction.pending = transaction.pending.saturating_sub(1);
        let ends = matches!(transaction.phase, Phase::Closing { .. });
        match (step, outcome) {
            (Step::Add(partitions), Ok(_)) => {
                transaction.added.extend(partitions.iter().cloned());
                for place in partitions {
                    self.list(&place);
                }
            }
            (Step::Offsets { .. }, Ok(_)) => {}
            (Step::End { commit: true }, Ok(_)) => {
                transaction.close();
                self.events.push(ProduceEvent::Committed);
            }
            (Step::End { commit: false }, Ok(_)) => {
                transaction.ask(producer, Step::Raise { timeout });
            }
            (Step::Raise { .. }, Ok(raised)) => self.closed(raised),
            // Brokers before 2.5 cannot raise it; without anything on its way that is not needed.
            (Step::Raise { .. }, Err(WireError::Unsupported(_)))
                if transaction.phase == (Phase::Closing { clean: true }) =>
            {
                self.closed(None);
            }
            (_, Err(error)) => match TransactionFault::of(error) {
                TransactionFault::Abortable(error) if ends => {
                    self.fail_transaction(TransactionFault::Fatal(error));
                }
                fault => self.fail_transaction(fault),
            },
        }
    }

    /// The transaction is aborted.
    fn closed(&mut self, raised: Option<ProducerIdentity>) {
        if let Some(producer) = raised {
            self.producer = producer;
        }
        if raised.is_some() {
            for stream in self.streams.values_mut() {
                stream.begin_again(self.producer);
            }
            for broker in self.brokers.values_mut() {
                broker.ready.clear();
            }
            self.timers.clear();
            self.unsettled = 0;
            self.queued_bytes = 0;
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.close();
        }
        self.events.push(ProduceEvent::Aborted);
    }

    /// The transaction cannot be committed any more.
    pub(crate) fn fail_transaction(&mut self, fault: TransactionFault) {
        if fault == TransactionFault::Fenced {
            self.fence();
            return;
        }
        let Some(transaction) = &mut self.transaction else {
            return;
        };
        let is_fatal = matches!(fault, TransactionFault::Fatal(_));
        let fails = match transaction.phase {
            Phase::Dead => false,
            Phase::Open | Phase::Committing | Phase::Ending => true,
            _ => is_fatal,
        };
        if fails {
            transaction.phase = if is_fatal { Phase::Dead } else { Phase::Failed };
            self.events.push(ProduceEvent::TransactionFailed(fault));
        }
    }

    /// Another instance has taken over.
    pub(crate) fn fence(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.phase = Phase::Dead;
        }
        if !std::mem::replace(&mut self.fenced, true) {
            self.events.push(ProduceEvent::Fenced);
        }
    }
}
