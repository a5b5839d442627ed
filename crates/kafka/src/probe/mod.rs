//! Finds out step by step whether a cluster can be used from here, and if not, why.

mod course;
mod dial;
mod follow;
mod listing;
mod look;
mod peek;
mod release;
mod run;
mod step;
mod topic_detail;
mod wire;
mod words;

pub use course::PROBE_STEPS;
pub use follow::{FollowJump, FollowedRecords, JumpCause, follow};
pub use listing::{TopicListing, list_topics};
pub use peek::{FoundRecords, PeekFrom, PeekedHeader, PeekedRecord, peek, search_records};
pub use run::probe;
pub use step::{BrokerFacts, ClusterFacts, ProbeReport, ProbeResult, ProbeStep};
pub use topic_detail::{PartitionDetail, TopicDetail, TopicSetting, describe_topic};
