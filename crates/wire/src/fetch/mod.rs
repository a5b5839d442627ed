//! Fetch: asking for records and handing their bytes over as they are.

mod answer;
mod call;
mod driver;
mod request;

pub(crate) use answer::read_leaders;
#[cfg(fuzzing)]
pub(crate) use answer::read_with;
pub use answer::{AbortedTransaction, Divergence, FetchAnswer, FetchedPartition};
pub use call::PendingFetch;
pub use driver::{FetchEvent, FetchFrom, FetchHalt, FetchSettings, FetchedBatches, Fetcher, LogMarks};
pub use request::{FetchPartition, FetchRequest, FetchSession};
