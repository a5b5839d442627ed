use std::collections::BTreeMap;

use kafka_protocol::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};
use kafka_protocol::messages::{AlterClientQuotasRequest, ApiKey, DescribeClientQuotasRequest};

use crate::client::core::Client;
use crate::client::text::text;
use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;

/// A kind of client: kinds of names (`user`, `client-id`, `ip`) with names; none for the default of the kind.
pub type QuotaEntity = BTreeMap<String, Option<String>>;

/// Limits of a kind of client.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientQuota {
    /// Whom they concern.
    pub entity: QuotaEntity,
    /// Limits by name, such as `producer_byte_rate` and `consumer_byte_rate` (bytes per second on each broker).
    pub limits: BTreeMap<String, f64>,
}

/// Limits to set (none: to take away) by the kind of client that they concern.
pub type QuotaChanges = BTreeMap<QuotaEntity, BTreeMap<String, Option<f64>>>;

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

    /// Sets and takes away limits of clients; those that are not named stay. Needs Kafka 2.6 and the right to alter the
    /// cluster's configuration.
    ///
    /// # Errors
    /// The controller does not answer, or is older. What concerns one kind of client is its outcome.
    pub fn alter_client_quotas(&self, changes: &QuotaChanges) -> Result<BTreeMap<QuotaEntity, Result<()>>> {
        if changes.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.retrying(|budget| {
            let connection = self.controller(budget)?;
            let (_, response) = self.ask(&connection, (0, i16::MAX), budget, |_| {
                AlterClientQuotasRequest::default().with_entries(changes.iter().map(entry).collect())
            })?;
            let mut outcomes = BTreeMap::new();
            for answer in &response.entries {
                let message = answer.error_message.as_deref();
                let outcome = WireError::check(ApiKey::AlterClientQuotas, answer.error_code, message);
                if outcome
                    .as_ref()
                    .is_err_and(|error| error.code() == Some(ErrorCode::NOT_CONTROLLER))
                {
                    outcome?;
                    continue;
                }
                let entity = answer
                    .entity
                    .iter()
                    .map(|part| {
                        let name = part.entity_name.as_ref().map(|name| name.to_string());
                        (part.entity_type.to_string(), name)
                    })
                    .collect();
                outcomes.insert(entity, outcome);
            }
            Ok(outcomes)
        })
    }
}

fn entry((entity, limits): (&QuotaEntity, &BTreeMap<String, Option<f64>>)) -> EntryData {
    let entity = entity
        .iter()
        .map(|(kind, name)| {
            EntityData::default()
                .with_entity_type(text(kind))
                .with_entity_name(name.as_deref().map(text))
        })
        .collect();
    let ops = limits
        .iter()
        .map(|(key, value)| {
            OpData::default()
                .with_key(text(key))
                .with_value(value.unwrap_or_default())
                .with_remove(value.is_none())
        })
        .collect();
    EntryData::default().with_entity(entity).with_ops(ops)
}
