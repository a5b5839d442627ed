//! Fetch: asking for records and handing their bytes over as they are.

mod answer;
mod call;
mod request;

pub(crate) use answer::read_leaders;
pub use answer::{AbortedTransaction, Divergence, FetchAnswer, FetchedPartition};
pub use call::PendingFetch;
pub use request::{FetchPartition, FetchRequest, FetchSession};
