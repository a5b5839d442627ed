//! What one asks a cluster about itself, and what one has it change: one file per noun.

mod call;
mod capabilities;
mod client;
mod configs;
mod groups;
mod metadata;
mod offsets;
mod records;
mod rights;
mod topics;

pub use capabilities::Capabilities;
pub use client::Admin;
pub use configs::{Config, ConfigEntry, ConfigOrigin};
pub use groups::GroupListing;
pub use metadata::{Broker, Metadata, PartitionInfo, TopicInfo};
pub use offsets::OffsetQuery;
pub use rights::{Right, Rights, TopicRights};
pub use topics::NewTopic;
