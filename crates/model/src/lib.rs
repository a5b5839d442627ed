//! Pure types of Sluice and their validation. No I/O, no Kafka client: every other crate may depend on this one,
//! and this one depends on none of them.

mod cluster;
mod error;
mod limits;
mod policy;
mod record_range;
mod rename;
mod secret;
mod selection;
mod start;
mod task;
mod topic_name;

pub use cluster::{Cluster, PropertyValue};
pub use error::{InvalidTask, Result};
pub use limits::RateLimits;
pub use policy::{Codec, Delivery, ExistingData, OutOfRange};
pub use record_range::OffsetRange;
pub use rename::{RegexRename, Rename};
pub use secret::Secret;
pub use selection::{Objects, is_internal_topic};
pub use start::{GROUP_PREFIX, OFFSET_PREFIX, Start, TIME_PREFIX};
pub use task::{Task, TaskName};
pub use topic_name::check_topic_name;
