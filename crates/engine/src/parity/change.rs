use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::parity::acl_rule::AclRule;
use crate::parity::acls::AclSync;
use crate::parity::comparison::Comparison;
use crate::parity::configuration::SettingSync;
use crate::parity::quotas::{QuotaEntity, QuotaSync};

/// One change of the target, with what it replaces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ParityChange {
    /// Sets a value on a topic.
    SetValue {
        /// The target topic.
        topic: String,
        /// The setting.
        key: String,
        /// The value.
        value: String,
        /// What is in force now.
        was: Option<String>,
    },
    /// Takes a topic's own value away.
    RemoveValue {
        /// The target topic.
        topic: String,
        /// The setting.
        key: String,
        /// What is in force then.
        inherited: String,
        /// What is in force now.
        was: Option<String>,
    },
    /// Creates a rule of access.
    CreateAcl {
        /// The rule.
        rule: AclRule,
    },
    /// Removes a rule of access.
    RemoveAcl {
        /// The rule.
        rule: AclRule,
    },
    /// Sets a limit of clients.
    SetQuota {
        /// Whom it concerns.
        entity: QuotaEntity,
        /// Its name.
        limit: String,
        /// The limit.
        value: f64,
        /// The limit now.
        was: Option<f64>,
    },
    /// Removes a limit of clients.
    RemoveQuota {
        /// Whom it concerns.
        entity: QuotaEntity,
        /// Its name.
        limit: String,
        /// The limit now.
        was: Option<f64>,
    },
}

impl ParityChange {
    /// Whether it takes something away. Such changes are confirmed apart.
    pub fn is_removal(&self) -> bool {
        match self {
            Self::RemoveValue { .. } | Self::RemoveAcl { .. } | Self::RemoveQuota { .. } => true,
            Self::SetValue { .. } | Self::CreateAcl { .. } | Self::SetQuota { .. } => false,
        }
    }
}

/// Everything that would make the target like the source, as far as it can be done: configuration, then rules, then limits.
pub fn changes(compared: &Comparison) -> Vec<ParityChange> {
    let mut found = Vec::new();
    for row in compared.topics.iter().flatten() {
        for setting in &row.settings {
            let (topic, key) = (row.target_topic.clone(), setting.key.clone());
            let was = setting.target.as_ref().and_then(|value| value.value.clone());
            match &setting.sync {
                SettingSync::Set { value } => found.push(ParityChange::SetValue {
                    topic,
                    key,
                    value: value.clone(),
                    was,
                }),
                SettingSync::Remove { inherited } => found.push(ParityChange::RemoveValue {
                    topic,
                    key,
                    inherited: inherited.clone(),
                    was,
                }),
                SettingSync::Nothing | SettingSync::Leave { .. } => {}
            }
        }
    }
    let mut seen = BTreeSet::new();
    for row in compared.acls.iter().flat_map(|acls| &acls.rows) {
        let Some(rule) = row.target.clone() else { continue };
        let change = match row.sync {
            AclSync::Create => ParityChange::CreateAcl { rule: rule.clone() },
            AclSync::Remove => ParityChange::RemoveAcl { rule: rule.clone() },
            AclSync::Nothing | AclSync::Leave { .. } => continue,
        };
        // Two principals of the source may be one on the target.
        if seen.insert(rule) {
            found.push(change);
        }
    }
    for row in compared.quotas.iter().flatten() {
        let (entity, limit, was) = (row.entity.clone(), row.limit.clone(), row.target);
        match row.sync {
            QuotaSync::Set { value } => found.push(ParityChange::SetQuota {
                entity,
                limit,
                value,
                was,
            }),
            QuotaSync::Remove => found.push(ParityChange::RemoveQuota { entity, limit, was }),
            QuotaSync::Nothing | QuotaSync::Leave { .. } => {}
        }
    }
    found
}
