use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::{ApiKey, CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest};

use crate::ErrorCode;
use crate::client::core::Client;
use crate::client::text::text;
use crate::error::{Result, WireError};

/// Kafka's number for "any" in filters.
const ANY: i8 = 1;

/// A rule of access, with Kafka's numbers for kinds (`ResourceType`, `PatternType`, `AclOperation`,
/// `AclPermissionType`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl {
    /// What kind of thing it is about: 2 topic, 3 group, 4 cluster, 5 transactional id.
    pub resource_type: i8,
    /// Its name, or the beginning of names.
    pub resource: String,
    /// 3 for the very name, 4 for all names that begin so.
    pub pattern_type: i8,
    /// Whom it is about, such as `User:alice`.
    pub principal: String,
    /// From where; `*` for anywhere.
    pub host: String,
    /// 2 all, 3 read, 4 write, 5 create, 8 describe, 10 describe configs, 12 idempotent write and so on.
    pub operation: i8,
    /// Whether it allows; otherwise it denies.
    pub allows: bool,
}

impl Acl {
    /// The number of topics.
    pub const TOPIC: i8 = 2;
    /// The number of patterns that are the very name; `*` is every name.
    pub const LITERAL: i8 = 3;
    /// The number of patterns that are the beginning of names.
    pub const PREFIXED: i8 = 4;
    /// The number of all operations at once.
    pub const ALL: i8 = 2;
    /// The number of WRITE.
    pub const WRITE: i8 = 4;
    const DENY: i8 = 2;
    /// The number of rules that allow.
    pub(crate) const ALLOW: i8 = 3;

    /// Whether it is about a topic of this name.
    pub fn is_about_topic(&self, topic: &str) -> bool {
        self.resource_type == Self::TOPIC
            && match self.pattern_type {
                Self::LITERAL => self.resource == topic || self.resource == "*",
                Self::PREFIXED => topic.starts_with(&self.resource),
                _ => false,
            }
    }

    /// Whether WRITE is among what it allows or denies.
    pub fn is_about_writing(&self) -> bool {
        matches!(self.operation, Self::WRITE | Self::ALL)
    }

    fn permission(&self) -> i8 {
        if self.allows { Self::ALLOW } else { Self::DENY }
    }
}

impl Client {
    /// All rules of access. Needs Kafka 0.11 and the right to describe the cluster.
    ///
    /// # Errors
    /// The cluster does not answer, no right, or it has no authorizer (`SECURITY_DISABLED`).
    pub fn describe_acls(&self) -> Result<Vec<Acl>> {
        self.retrying(|budget| {
            let connection = self.shared.pool.any(budget)?;
            let offered = connection.versions().range(ApiKey::DescribeAcls);
            if offered.is_some_and(|(_, highest)| highest == 0) {
                return self.first_describe_acls(&connection, budget);
            }
            let (_, response) = self.ask(&connection, (1, i16::MAX), budget, |_| {
                DescribeAclsRequest::default()
                    .with_resource_type_filter(ANY)
                    .with_pattern_type_filter(ANY)
                    .with_operation(ANY)
                    .with_permission_type(ANY)
                    .with_resource_name_filter(None)
                    .with_principal_filter(None)
                    .with_host_filter(None)
            })?;
            let message = response.error_message.as_deref();
            WireError::check(ApiKey::DescribeAcls, response.error_code, message)?;
            Ok(response
                .resources
                .iter()
                .flat_map(|resource| {
                    resource.acls.iter().map(|acl| Acl {
                        resource_type: resource.resource_type,
                        resource: resource.resource_name.to_string(),
                        pattern_type: resource.pattern_type,
                        principal: acl.principal.to_string(),
                        host: acl.host.to_string(),
                        operation: acl.operation,
                        allows: acl.permission_type == Acl::ALLOW,
                    })
                })
                .collect())
        })
    }

    /// Creates rules, each with its own outcome, in their order; one that is there already stays. Needs Kafka 2.0 and the
    /// right to alter the cluster.
    ///
    /// # Errors
    /// The controller does not answer, or is older.
    pub fn create_acls(&self, acls: &[Acl]) -> Result<Vec<Result<()>>> {
        if acls.is_empty() {
            return Ok(Vec::new());
        }
        self.retrying(|budget| {
            let connection = self.controller(budget)?;
            let (_, response) = self.ask(&connection, (1, i16::MAX), budget, |_| {
                CreateAclsRequest::default().with_creations(acls.iter().map(creation).collect())
            })?;
            let outcomes = response
                .results
                .iter()
                .map(|one| WireError::check(ApiKey::CreateAcls, one.error_code, one.error_message.as_deref()))
                .collect();
            complete(ApiKey::CreateAcls, acls.len(), outcomes)
        })
    }

    /// Deletes exactly these rules, each with its own outcome: how many were there. Needs Kafka 2.0 and the right to
    /// alter the cluster.
    ///
    /// # Errors
    /// The controller does not answer, or is older.
    pub fn delete_acls(&self, acls: &[Acl]) -> Result<Vec<Result<usize>>> {
        if acls.is_empty() {
            return Ok(Vec::new());
        }
        self.retrying(|budget| {
            let connection = self.controller(budget)?;
            let (_, response) = self.ask(&connection, (1, i16::MAX), budget, |_| {
                DeleteAclsRequest::default().with_filters(acls.iter().map(exactly).collect())
            })?;
            let outcomes = response
                .filter_results
                .iter()
                .map(|filter| {
                    let check = |code, message| WireError::check(ApiKey::DeleteAcls, code, message);
                    check(filter.error_code, filter.error_message.as_deref())?;
                    for acl in &filter.matching_acls {
                        check(acl.error_code, acl.error_message.as_deref())?;
                    }
                    Ok(filter.matching_acls.len())
                })
                .collect();
            complete(ApiKey::DeleteAcls, acls.len(), outcomes)
        })
    }
}

fn creation(acl: &Acl) -> AclCreation {
    AclCreation::default()
        .with_resource_type(acl.resource_type)
        .with_resource_name(text(&acl.resource))
        .with_resource_pattern_type(acl.pattern_type)
        .with_principal(text(&acl.principal))
        .with_host(text(&acl.host))
        .with_operation(acl.operation)
        .with_permission_type(acl.permission())
}

/// A filter that no other rule passes.
fn exactly(acl: &Acl) -> DeleteAclsFilter {
    DeleteAclsFilter::default()
        .with_resource_type_filter(acl.resource_type)
        .with_resource_name_filter(Some(text(&acl.resource)))
        .with_pattern_type_filter(acl.pattern_type)
        .with_principal_filter(Some(text(&acl.principal)))
        .with_host_filter(Some(text(&acl.host)))
        .with_operation(acl.operation)
        .with_permission_type(acl.permission())
}

/// Outcomes that belong to what was asked for. When the controller has moved, all of it is asked of the new one: both
/// requests may be repeated.
fn complete<T>(api: ApiKey, asked: usize, outcomes: Vec<Result<T>>) -> Result<Vec<Result<T>>> {
    if let Some(Err(moved)) = outcomes
        .iter()
        .find(|one| one.as_ref().err().and_then(WireError::code) == Some(ErrorCode::NOT_CONTROLLER))
    {
        return Err(moved.clone());
    }
    if outcomes.len() != asked {
        return Err(WireError::Malformed {
            what: format!("{api:?}"),
            reason: format!("it has {} outcomes for {asked} rules", outcomes.len()),
        });
    }
    Ok(outcomes)
}
