use serde::{Deserialize, Serialize};
use sluice_wire::Acl;
use ts_rs::TS;

/// What a rule of access is about. Words and numbers are those of Kafka's `ResourceType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResourceKind {
    /// Topics.
    Topic,
    /// Consumer groups.
    Group,
    /// The cluster.
    Cluster,
    /// Transactional ids.
    TransactionalId,
    /// Delegation tokens.
    DelegationToken,
    /// Users, for tokens that are made for others.
    User,
}

/// Which names a rule of access is about. Kafka's `PatternType`; the literal name `*` is every name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PatternKind {
    /// The very name; `*` is every name.
    Literal,
    /// Every name that begins so.
    Prefixed,
}

/// What a rule of access allows or denies. Kafka's `AclOperation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "Kafka's words")]
pub enum AclOperation {
    All,
    Read,
    Write,
    Create,
    Delete,
    Alter,
    Describe,
    ClusterAction,
    DescribeConfigs,
    AlterConfigs,
    IdempotentWrite,
    CreateTokens,
    DescribeTokens,
    TwoPhaseCommit,
}

/// Whether a rule of access allows or denies. Kafka's `AclPermissionType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Permission {
    /// Forbids, whatever else allows it.
    Deny,
    /// Allows.
    Allow,
}

/// A rule of access.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct AclRule {
    /// What it is about.
    pub resource: ResourceKind,
    /// Which names.
    pub pattern: PatternKind,
    /// The name, or the beginning of names.
    pub name: String,
    /// Whom it is about, such as `User:alice`.
    pub principal: String,
    /// From where; `*` for anywhere.
    pub host: String,
    /// What.
    pub operation: AclOperation,
    /// Whether it allows or denies it.
    pub permission: Permission,
}

/// The literal name that stands for every name.
pub(crate) const EVERY: &str = "*";

const RESOURCES: &[(i8, ResourceKind, &str)] = &[
    (2, ResourceKind::Topic, "TOPIC"),
    (3, ResourceKind::Group, "GROUP"),
    (4, ResourceKind::Cluster, "CLUSTER"),
    (5, ResourceKind::TransactionalId, "TRANSACTIONAL_ID"),
    (6, ResourceKind::DelegationToken, "DELEGATION_TOKEN"),
    (7, ResourceKind::User, "USER"),
];

const OPERATIONS: &[(i8, AclOperation, &str)] = &[
    (2, AclOperation::All, "ALL"),
    (3, AclOperation::Read, "READ"),
    (4, AclOperation::Write, "WRITE"),
    (5, AclOperation::Create, "CREATE"),
    (6, AclOperation::Delete, "DELETE"),
    (7, AclOperation::Alter, "ALTER"),
    (8, AclOperation::Describe, "DESCRIBE"),
    (9, AclOperation::ClusterAction, "CLUSTER_ACTION"),
    (10, AclOperation::DescribeConfigs, "DESCRIBE_CONFIGS"),
    (11, AclOperation::AlterConfigs, "ALTER_CONFIGS"),
    (12, AclOperation::IdempotentWrite, "IDEMPOTENT_WRITE"),
    (13, AclOperation::CreateTokens, "CREATE_TOKENS"),
    (14, AclOperation::DescribeTokens, "DESCRIBE_TOKENS"),
    (15, AclOperation::TwoPhaseCommit, "TWO_PHASE_COMMIT"),
];

impl AclRule {
    /// The rule as the cluster reports it; `None` if it is of a kind that came after this version of Sluice.
    pub(crate) fn from_wire(acl: &Acl) -> Option<Self> {
        Some(Self {
            resource: RESOURCES
                .iter()
                .find(|(number, ..)| *number == acl.resource_type)?
                .1,
            pattern: match acl.pattern_type {
                Acl::LITERAL => PatternKind::Literal,
                Acl::PREFIXED => PatternKind::Prefixed,
                _ => return None,
            },
            name: acl.resource.clone(),
            principal: acl.principal.clone(),
            host: acl.host.clone(),
            operation: OPERATIONS.iter().find(|(number, ..)| *number == acl.operation)?.1,
            permission: match acl.allows {
                true => Permission::Allow,
                false => Permission::Deny,
            },
        })
    }

    /// The rule with Kafka's numbers.
    pub(crate) fn to_wire(&self) -> Acl {
        let resource_type = RESOURCES
            .iter()
            .find(|(_, kind, _)| *kind == self.resource)
            .map_or(0, |(number, ..)| *number);
        let operation = OPERATIONS
            .iter()
            .find(|(_, operation, _)| *operation == self.operation)
            .map_or(0, |(number, ..)| *number);
        Acl {
            resource_type,
            resource: self.name.clone(),
            pattern_type: match self.pattern {
                PatternKind::Literal => Acl::LITERAL,
                PatternKind::Prefixed => Acl::PREFIXED,
            },
            principal: self.principal.clone(),
            host: self.host.clone(),
            operation,
            allows: self.permission == Permission::Allow,
        }
    }

    /// Whether it is about every name of its kind.
    pub fn is_wildcard(&self) -> bool {
        self.pattern == PatternKind::Literal && self.name == EVERY
    }

    /// Whether it is about `name` of kind `resource`, be it by pattern.
    pub fn concerns(&self, resource: ResourceKind, name: &str) -> bool {
        self.resource == resource
            && match self.pattern {
                PatternKind::Literal => self.name == EVERY || self.name == name,
                PatternKind::Prefixed => name.starts_with(&self.name),
            }
    }
}

impl ResourceKind {
    /// Kafka's word.
    pub fn word(self) -> &'static str {
        RESOURCES
            .iter()
            .find(|(_, kind, _)| *kind == self)
            .map_or("", |(.., word)| *word)
    }
}

impl AclOperation {
    /// Kafka's word.
    pub fn word(self) -> &'static str {
        OPERATIONS
            .iter()
            .find(|(_, operation, _)| *operation == self)
            .map_or("", |(.., word)| *word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_keeps_its_number_and_its_word() {
        for (resource_type, kind, kind_word) in RESOURCES {
            assert_eq!(serde_json::to_value(kind).unwrap(), *kind_word);
            assert_eq!(kind.word(), *kind_word);
            for (operation, typed, word) in OPERATIONS {
                let acl = Acl {
                    resource_type: *resource_type,
                    resource: "x".to_owned(),
                    pattern_type: Acl::PREFIXED,
                    principal: "User:a".to_owned(),
                    host: "*".to_owned(),
                    operation: *operation,
                    allows: false,
                };
                let rule = AclRule::from_wire(&acl).unwrap();
                assert_eq!(rule.to_wire(), acl);
                assert_eq!(serde_json::to_value(typed).unwrap(), *word);
                assert_eq!(typed.word(), *word);
            }
        }
    }

    #[test]
    fn a_rule_of_a_kind_that_came_later_is_not_taken_for_another() {
        let later = |resource_type, pattern_type, operation| Acl {
            resource_type,
            resource: "x".to_owned(),
            pattern_type,
            principal: "User:a".to_owned(),
            host: "*".to_owned(),
            operation,
            allows: true,
        };
        assert!(AclRule::from_wire(&later(99, Acl::LITERAL, 3)).is_none());
        assert!(AclRule::from_wire(&later(2, 7, 3)).is_none());
        assert!(AclRule::from_wire(&later(2, Acl::LITERAL, 99)).is_none());
        assert!(AclRule::from_wire(&later(2, Acl::LITERAL, 3)).is_some());
    }
}
