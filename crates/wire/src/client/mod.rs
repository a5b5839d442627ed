//! One cluster: which broker to ask, asking again when that was the wrong one, and a typed call for each request.

mod acls;
mod broker_slot;
mod cluster_info;
mod configs;
mod coordinators;
mod core;
mod delete_records;
mod first_versions;
mod group_offsets;
mod groups;
mod leaders;
mod list_offsets;
mod log_dirs;
mod metadata;
mod open_transactions;
mod pool;
mod quotas;
mod text;
mod transactions;

pub use self::core::Client;
pub use acls::Acl;
pub use cluster_info::{BrokerInfo, ClusterInfo, PartitionInfo, PerBroker, TopicInfo};
pub use configs::{ConfigChange, ConfigEntry, ConfigResource, ConfigSource, Configs};
pub use coordinators::CoordinatorKind;
pub use group_offsets::GroupOffset;
pub use groups::{ClassicGroup, ClassicMember, ConsumerGroup, ConsumerMember, ListedGroup};
pub use list_offsets::{Isolation, ListedOffset, OffsetSpec};
pub use log_dirs::LogDir;
pub use open_transactions::{MissingDetail, OpenTransaction};
pub use quotas::ClientQuota;
pub(crate) use text::{text, topic_name};
pub use transactions::{ListedTransaction, ProducerState, TransactionDescription, TransactionFilter};
