use std::collections::BTreeMap;
use std::fmt;
use std::sync::mpsc;
use std::time::Duration;

use crate::client::{Client, GroupOffset, Mailbox};
use crate::error::{Result, WireError};
use crate::produce::transaction::ProducerIdentity;
use crate::topic_partition::TopicPartition;

/// How long one attempt of a step may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The pause between attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// A step of a transaction that its coordinators carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Partitions become part of it.
    Add(Vec<TopicPartition>),
    /// Positions of a group become part of it.
    Offsets {
        group: String,
        offsets: BTreeMap<TopicPartition, GroupOffset>,
    },
    /// It ends.
    End { commit: bool },
    /// The epoch is raised.
    Raise { timeout: Duration },
}

/// What came of a step.
#[derive(Debug)]
pub(crate) enum StepDone {
    /// It does not succeed at present and is tried again.
    Delayed(WireError),
    /// It is done; with the new identity after [`Step::Raise`].
    Done(Step, Option<ProducerIdentity>),
    /// It has failed for good.
    Failed(Step, WireError),
}

/// The thread that asks the coordinators, one step after the other. It ends when this is dropped and the client is
/// cancelled.
pub(crate) struct Coordinator {
    steps: mpsc::Sender<(ProducerIdentity, Step)>,
}

impl fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinator").finish_non_exhaustive()
    }
}

impl Coordinator {
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start<T>(client: &Client, transactional_id: &str, mailbox: &Mailbox<T>) -> Result<Self>
    where
        T: From<StepDone> + Send + 'static,
    {
        let (steps, receiver) = mpsc::channel::<(ProducerIdentity, Step)>();
        let client = client.with_timeout(ATTEMPT);
        let (id, mailbox) = (transactional_id.to_owned(), mailbox.clone());
        std::thread::Builder::new()
            .name("sluice-transaction".to_owned())
            .spawn(move || {
                while let Ok((producer, step)) = receiver.recv() {
                    let report = |done: StepDone| mailbox.put(done.into());
                    match carry_out(&client, &id, producer, &step, &report) {
                        Ok(raised) => report(StepDone::Done(step, raised)),
                        Err(WireError::Cancelled) => return,
                        Err(error) => report(StepDone::Failed(step, error)),
                    }
                }
            })
            .map_err(|error| WireError::Disconnected {
                address: "the transaction's coordinator".to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self { steps })
    }

    pub(crate) fn ask(&self, producer: ProducerIdentity, step: Step) {
        // The thread has ended only if everything was cancelled.
        self.steps.send((producer, step)).ok();
    }
}

/// Tries a step until it succeeds or fails for good: all of them may be repeated.
fn carry_out(
    client: &Client,
    id: &str,
    producer: ProducerIdentity,
    step: &Step,
    report: &impl Fn(StepDone),
) -> Result<Option<ProducerIdentity>> {
    loop {
        match attempt(client, id, producer, step) {
            Err(error) if error.is_retriable() => {
                report(StepDone::Delayed(error));
                client.cancel_signal().sleep(PAUSE)?;
            }
            other => return other,
        }
    }
}

fn attempt(
    client: &Client,
    id: &str,
    producer: ProducerIdentity,
    step: &Step,
) -> Result<Option<ProducerIdentity>> {
    match step {
        Step::Add(partitions) => client.add_partitions_to_txn(id, producer, partitions)?,
        Step::Offsets { group, offsets } => {
            client.add_offsets_to_txn(id, producer, group)?;
            client.txn_offset_commit(id, producer, group, offsets)?;
        }
        Step::End { commit } => client.end_txn(id, producer, *commit)?,
        Step::Raise { timeout } => return client.raise_epoch(id, *timeout, producer).map(Some),
    }
    Ok(None)
}
