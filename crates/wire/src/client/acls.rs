use kafka_protocol::messages::{ApiKey, DescribeAclsRequest};

use crate::client::core::Client;
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

impl Client {
    /// All rules of access. Needs Kafka 1.1 and the right to describe the cluster.
    ///
    /// # Errors
    /// The cluster does not answer, no right, or it has no authorizer (`SECURITY_DISABLED`).
    pub fn describe_acls(&self) -> Result<Vec<Acl>> {
        self.retrying(|budget| {
            let connection = self.shared.pool.any(budget)?;
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
                        allows: acl.permission_type == 3,
                    })
                })
                .collect())
        })
    }
}
