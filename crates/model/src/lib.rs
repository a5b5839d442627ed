//! Pure types of Sluice and their validation. No I/O, no Kafka client: every other crate may depend on this one,
//! and this one depends on none of them.

mod address;
mod address_map;
mod both_ways;
mod cluster;
mod configuration_sync;
mod connect_source;
mod counted;
mod data_source;
mod end;
mod environment;
mod error;
mod extra_properties;
mod field_error;
mod group_sync;
mod id;
mod limits;
mod local_time;
mod msk_login;
mod naming;
mod policy;
mod principal_rules;
mod reach;
mod record_range;
mod rename;
mod secret;
mod security;
mod selection;
mod source_form;
mod source_secrets;
mod spec;
mod start;
mod tags;
mod task;
mod task_settings;
mod task_state;
mod topic_name;
mod verification_schedule;

pub use address::{Address, NoAddress};
pub use address_map::{AddressMap, AddressMapError, AddressMapFault};
pub use cluster::{Cluster, PropertyValue, bootstrap_protocol};
pub use configuration_sync::ConfigurationSync;
pub use connect_source::{ConnectAccess, ConnectLogin, ConnectSettings, SourceKind, is_loopback_url};
pub use counted::counted;
pub use data_source::DataSource;
pub use end::{End, RECORDS_PREFIX};
pub use environment::Environment;
pub use error::{InvalidTask, Result};
pub use extra_properties::{
    SET_BY_SLUICE, check_extra_property, closest_property, is_client_property, is_slip,
};
pub use field_error::FieldError;
pub use group_sync::{GroupPattern, GroupSync};
pub use id::{SourceId, TaskId};
pub use limits::RateLimits;
pub use local_time::{LocalTime, Weekday};
pub use msk_login::{
    AWS_EXTERNAL_ID, AWS_PROFILE, AWS_REGION, AWS_ROLE_ARN, AWS_ROLE_SESSION, AwsRole, MskLogin,
    check_external_id, check_region, check_role_arn, check_session_name, region_of_brokers,
};
pub use naming::{NameProblem, NamedTopic, Naming, name_topics};
pub use policy::{Codec, Delivery, ExistingData, ForbiddenTopics, LaneChoice, MissingTimestamps, OutOfRange};
pub use principal_rules::PrincipalRules;
pub use reach::{ADDRESS_MAP, PROXY, PROXY_PASSWORD, PROXY_USER, Proxy, Reach, is_own_property};
pub use record_range::OffsetRange;
pub use rename::{RegexRename, Rename};
pub use secret::Secret;
pub use security::{SaslMechanism, SecurityProtocol};
pub use selection::{Objects, is_internal_topic};
pub use source_form::{AwsSettings, KerberosSettings, OauthSettings, SourceForm};
pub use source_secrets::SourceSecrets;
pub use spec::{ResourceProfile, Spec};
pub use start::{GROUP_PREFIX, LAST_PREFIX, OFFSET_PREFIX, Start, TIME_PREFIX};
pub use tags::check_tags;
pub use task::{Task, TaskName};
pub use task_settings::TaskSettings;
pub use task_state::{TaskAction, TaskState};
pub use topic_name::{TopicNameProblem, check_topic_name};
pub use verification_schedule::VerificationSchedule;
