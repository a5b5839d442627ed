//! Produce: writing whole batches, idempotent and in transactions.

mod call;
mod driver;
mod fill;
mod request;
mod sequences;
#[cfg(test)]
mod sequences_model;
mod transaction;

pub use call::PendingProduce;
pub use driver::{
    LastBatch, ProduceEvent, ProduceSettings, Producer, SendError, Ticket, TransactionFault,
    TransactionSettings, Unresolved, UnsettledBatch, WrongState,
};
pub use fill::{FillEvent, FillSettings, Hole, HoleFiller};
pub use request::{ProduceAnswer, ProduceBatch, ProduceRequest, ProducedPartition, RecordError};
#[cfg(fuzzing)]
pub(crate) use request::{VERSIONS, read};
pub use sequences::{Event, MAX_IN_FLIGHT, Outcome, Sequences, ToSend, advance};
pub use transaction::ProducerIdentity;
