//! Writing to many partitions of one cluster at once.

mod answers;
mod brokers;
mod coordinator;
mod event;
mod last_batch;
mod leaders;
mod producer;
mod resolve;
mod settings;
mod stream;
mod transaction;

pub use event::{ProduceEvent, SendError, Ticket, TransactionFault, Unresolved, UnsettledBatch};
pub use last_batch::LastBatch;
pub use producer::Producer;
pub use settings::{ProduceSettings, TransactionSettings};
pub use transaction::WrongState;
