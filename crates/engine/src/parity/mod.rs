//! Two clusters side by side, apart from their records: topics with their configuration, rules of access, limits of clients,
//! consumer groups. What differs is shown, and what a person has seen and confirmed is changed on the target.
//!
//! Reading ([`read_side`]) is apart from the rules ([`compare`] and what it is made of), which need no cluster. A part that
//! cannot be read is unknown, never equal and never a reason to change anything.

mod acl_rule;
mod acl_translation;
mod acls;
mod apply;
mod change;
mod clusters;
mod comparison;
mod configuration;
mod facts;
mod groups;
mod quotas;
mod state;
mod topics;
mod unknown;

pub use acl_rule::{AclOperation, AclRule, PatternKind, Permission, ResourceKind};
pub use acl_translation::AclTranslation;
pub use acls::{AclComparison, AclRow, AclScope, AclSide, AclSync, Acls, compare_acls};
pub use apply::{Applied, apply};
pub use change::{ParityChange, changes};
pub use clusters::{ParityError, apply_to, compare_clusters};
pub use comparison::{Comparison, ParityResult, ParityRules, compare};
pub use configuration::{
    EffectiveValue, SettingRow, SettingSync, SyncRules, TopicConfiguration, ValueOrigin,
    compare_configuration,
};
pub use facts::{Parts, SideFacts, Wanted, read_acls, read_configurations, read_quotas, read_side};
pub use groups::{GroupFacts, GroupRow, compare_groups};
pub use quotas::{QuotaEntity, QuotaRow, QuotaSync, Quotas, compare_quotas};
pub use sluice_wire::Cancel;
pub use state::ParityState;
pub use topics::{TopicRow, TopicShape, compare_topic};
pub use unknown::{Known, ParityPart, Unknown, UnknownReason};
