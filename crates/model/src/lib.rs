//! Pure types of Sluice and their validation. No I/O, no Kafka client: every other crate may depend on this one,
//! and this one depends on none of them.

mod cluster;
mod data_source;
mod environment;
mod error;
mod extra_properties;
mod field_error;
mod id;
mod limits;
mod policy;
mod record_range;
mod rename;
mod secret;
mod security;
mod selection;
mod source_form;
mod source_secrets;
mod spec;
mod start;
mod task;
mod task_settings;
mod task_state;
mod topic_name;

pub use cluster::{Cluster, PropertyValue};
pub use data_source::DataSource;
pub use environment::Environment;
pub use error::{InvalidTask, Result};
pub use extra_properties::{SET_BY_SLUICE, check_extra_property};
pub use field_error::FieldError;
pub use id::{SourceId, TaskId};
pub use limits::RateLimits;
pub use policy::{Codec, Delivery, ExistingData, ForbiddenTopics, LaneChoice, MissingTimestamps, OutOfRange};
pub use record_range::OffsetRange;
pub use rename::{RegexRename, Rename};
pub use secret::Secret;
pub use security::{SaslMechanism, SecurityProtocol};
pub use selection::{Objects, is_internal_topic};
pub use source_form::{KerberosSettings, OauthSettings, SourceForm};
pub use source_secrets::SourceSecrets;
pub use spec::{ResourceProfile, Spec};
pub use start::{GROUP_PREFIX, OFFSET_PREFIX, Start, TIME_PREFIX};
pub use task::{Task, TaskName};
pub use task_settings::TaskSettings;
pub use task_state::{TaskAction, TaskState};
pub use topic_name::check_topic_name;
