use std::collections::BTreeMap;

use kafka_protocol::messages::{ApiKey, DescribeClientQuotasRequest};

use crate::client::core::Client;
use crate::error::{Result, WireError};

/// Limits of a kind of client.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientQuota {
    /// Whom they concern: kinds (`user`, `client-id`, `ip`) with names; none for the default of the kind.
    pub entity: BTreeMap<String, Option<String>>,
    /// Limits by name, such as `producer_byte_rate` and `consumer_byte_rate` (bytes per second on each broker).
    pub limits: BTreeMap<String, f64>,
}

impl Client {
    /// All limits of clients. Needs Kafka 2.6 and the right to describe the cluster's configuration.
    ///
    /// # Errors
    /// The cluster does not answer, is older, or no right.
    pub fn describe_client_quotas(&self) -> Result<Vec<ClientQuota>> {
        self.retrying(|budget| {
            let connection = self.shared.pool.any(budget)?;
            let (_, response) = self.ask(&connection, (0, i16::MAX), budget, |_| {
                DescribeClientQuotasRequest::default()
            })?;
            let message = response.error_message.as_deref();
            WireError::check(ApiKey::DescribeClientQuotas, response.error_code, message)?;
            Ok(response
                .entries
                .unwrap_or_default()
                .iter()
                .map(|entry| ClientQuota {
                    entity: entry
                        .entity
                        .iter()
                        .map(|part| {
                            let name = part.entity_name.as_ref().map(|name| name.to_string());
                            (part.entity_type.to_string(), name)
                        })
                        .collect(),
                    limits: entry
                        .values
                        .iter()
                        .map(|value| (value.key.to_string(), value.value))
                        .collect(),
                })
                .collect())
        })
    }
}
