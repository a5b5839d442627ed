use std::collections::BTreeMap;

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::DescribeConfigsResult;
use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::{ApiKey, DescribeConfigsRequest, IncrementalAlterConfigsRequest};

use crate::client::core::Client;
use crate::client::text::text;
use crate::error::{Result, WireError};
use crate::net::{Budget, Connection};

/// Resources that one request asks for: their answers, some 30 values each, stay small.
const AT_ONCE: usize = 200;

/// What has a configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigResource {
    /// A topic.
    Topic(String),
    /// A broker by its number.
    Broker(i32),
    /// A consumer group (Kafka 4.0).
    Group(String),
}

impl ConfigResource {
    /// The number of topics on the wire.
    pub(crate) const TOPIC: i8 = 2;
    const BROKER: i8 = 4;
    const GROUP: i8 = 32;

    pub(crate) fn kind(&self) -> i8 {
        match self {
            Self::Topic(_) => Self::TOPIC,
            Self::Broker(_) => Self::BROKER,
            Self::Group(_) => Self::GROUP,
        }
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Topic(name) | Self::Group(name) => name.clone(),
            Self::Broker(id) => id.to_string(),
        }
    }

    pub(crate) fn from_wire(kind: i8, name: &str) -> Option<Self> {
        match kind {
            Self::TOPIC => Some(Self::Topic(name.to_owned())),
            Self::BROKER => name.parse().ok().map(Self::Broker),
            Self::GROUP => Some(Self::Group(name.to_owned())),
            _ => None,
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigSource {
    /// Set on the topic.
    Topic,
    /// Set on this broker while it runs.
    DynamicBroker,
    /// Set on all brokers while they run.
    DynamicDefaultBroker,
    /// From the broker's file.
    StaticBroker,
    /// Kafka's default. Brokers before 1.1 do not distinguish it from the brokers' own values for topics.
    Default,
    /// Set on the group.
    Group,
    /// One that this client does not know, by its number.
    Other(i8),
}

impl ConfigSource {
    fn from_wire(source: i8) -> Self {
        match source {
            1 => Self::Topic,
            2 => Self::DynamicBroker,
            3 => Self::DynamicDefaultBroker,
            4 => Self::StaticBroker,
            5 => Self::Default,
            8 => Self::Group,
            other => Self::Other(other),
        }
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigEntry {
    /// It; none if it is sensitive, or has none.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: ConfigSource,
    /// Whether it cannot be changed while the broker runs.
    pub read_only: bool,
    /// Whether brokers keep it to themselves.
    pub sensitive: bool,
    /// All places that have a value for it, the one that is in force first. Only where they were asked for, and from
    /// Kafka 1.1 on.
    pub synonyms: Vec<ConfigSynonym>,
}

/// A place that has a value for a setting, in the words of that place: `log.retention.hours` for `retention.ms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigSynonym {
    /// The setting's name there.
    pub name: String,
    /// Its value there.
    pub value: Option<String>,
    /// The place.
    pub source: ConfigSource,
}

/// Values by name.
pub type Configs = BTreeMap<String, ConfigEntry>;

/// A change of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigChange {
    /// Gives it this value.
    Set(String),
    /// Takes the resource's own value away.
    Delete,
    /// Adds to a list.
    Append(String),
    /// Takes from a list.
    Subtract(String),
}

impl Client {
    /// The configuration of resources: all values, or those of `names`.
    ///
    /// # Errors
    /// No broker answers, or it is older than 0.11. What concerns a resource is its outcome.
    pub fn describe_configs(
        &self,
        resources: &[ConfigResource],
        names: Option<&[&str]>,
    ) -> Result<BTreeMap<ConfigResource, Result<Configs>>> {
        self.describe_each(resources, names, false)
    }

    /// As [`Client::describe_configs`] for all values, with every place that has a value for them.
    ///
    /// # Errors
    /// As [`Client::describe_configs`].
    pub fn describe_configs_with_synonyms(
        &self,
        resources: &[ConfigResource],
    ) -> Result<BTreeMap<ConfigResource, Result<Configs>>> {
        self.describe_each(resources, None, true)
    }

    fn describe_each(
        &self,
        resources: &[ConfigResource],
        names: Option<&[&str]>,
        synonyms: bool,
    ) -> Result<BTreeMap<ConfigResource, Result<Configs>>> {
        let mut found = BTreeMap::new();
        for (broker, some) in chunks(resources) {
            let answered = self.retrying(|budget| {
                let connection = self.for_resource(broker, budget)?;
                self.ask_configs(&connection, &some, names, synonyms, budget)
            })?;
            found.extend(answered);
        }
        for resource in resources {
            found.entry(resource.clone()).or_insert_with(|| {
                Err(WireError::Malformed {
                    what: "DescribeConfigs".to_owned(),
                    reason: format!("it leaves out {}", resource.name()),
                })
            });
        }
        Ok(found)
    }

    fn for_resource(&self, broker: Option<i32>, budget: &Budget) -> Result<std::sync::Arc<Connection>> {
        match broker {
            Some(id) => self.connection(id, budget),
            None => self.shared.pool.any(budget),
        }
    }

    fn ask_configs(
        &self,
        connection: &Connection,
        resources: &[ConfigResource],
        names: Option<&[&str]>,
        synonyms: bool,
        budget: &Budget,
    ) -> Result<Vec<(ConfigResource, Result<Configs>)>> {
        let offered = connection.versions().range(ApiKey::DescribeConfigs);
        if offered.is_some_and(|(_, highest)| highest == 0) {
            return self.first_describe_configs(connection, resources, names, budget);
        }
        let (_, response) = self.ask(connection, (1, i16::MAX), budget, |_| {
            let resources = resources
                .iter()
                .map(|resource| {
                    DescribeConfigsResource::default()
                        .with_resource_type(resource.kind())
                        .with_resource_name(text(&resource.name()))
                        .with_configuration_keys(
                            names.map(|names| names.iter().map(|name| text(name)).collect()),
                        )
                })
                .collect();
            DescribeConfigsRequest::default()
                .with_resources(resources)
                .with_include_synonyms(synonyms)
        })?;
        Ok(response.results.iter().filter_map(configs_of).collect())
    }

    /// Changes single values and leaves all others as they are. Needs Kafka 2.3.
    ///
    /// # Errors
    /// No broker answers, or it is older. What concerns a resource is its outcome.
    pub fn incremental_alter_configs(
        &self,
        changes: &BTreeMap<ConfigResource, BTreeMap<String, ConfigChange>>,
        validate_only: bool,
    ) -> Result<BTreeMap<ConfigResource, Result<()>>> {
        let resources: Vec<ConfigResource> = changes.keys().cloned().collect();
        let mut found = BTreeMap::new();
        for (broker, some) in chunks(&resources) {
            let answered = self.retrying(|budget| {
                let connection = match broker {
                    Some(id) => self.connection(id, budget)?,
                    None => self.controller(budget)?,
                };
                let (_, response) = self.ask(&connection, (0, i16::MAX), budget, |_| {
                    IncrementalAlterConfigsRequest::default()
                        .with_validate_only(validate_only)
                        .with_resources(some.iter().filter_map(|one| altered(one, changes)).collect())
                })?;
                let mut outcomes = Vec::new();
                for answer in response.responses {
                    let outcome = WireError::check(
                        ApiKey::IncrementalAlterConfigs,
                        answer.error_code,
                        answer.error_message.as_deref(),
                    );
                    if outcome
                        .as_ref()
                        .is_err_and(|error| error.code() == Some(crate::ErrorCode::NOT_CONTROLLER))
                    {
                        outcome?;
                    } else if let Some(resource) =
                        ConfigResource::from_wire(answer.resource_type, &answer.resource_name)
                    {
                        outcomes.push((resource, outcome));
                    }
                }
                Ok(outcomes)
            })?;
            found.extend(answered);
        }
        Ok(found)
    }
}

/// Which resources are asked for together: a broker answers for itself alone, anyone for all others.
fn chunks(resources: &[ConfigResource]) -> Vec<(Option<i32>, Vec<ConfigResource>)> {
    let (brokers, others): (Vec<_>, Vec<_>) = resources
        .iter()
        .cloned()
        .partition(|resource| matches!(resource, ConfigResource::Broker(_)));
    let mut chunks: Vec<_> = others.chunks(AT_ONCE).map(|some| (None, some.to_vec())).collect();
    for broker in brokers {
        if let ConfigResource::Broker(id) = broker {
            chunks.push((Some(id), vec![broker]));
        }
    }
    chunks
}

fn altered(
    resource: &ConfigResource,
    changes: &BTreeMap<ConfigResource, BTreeMap<String, ConfigChange>>,
) -> Option<AlterConfigsResource> {
    let configs = changes
        .get(resource)?
        .iter()
        .map(|(name, change)| {
            let (operation, value) = match change {
                ConfigChange::Set(value) => (0, Some(value)),
                ConfigChange::Delete => (1, None),
                ConfigChange::Append(value) => (2, Some(value)),
                ConfigChange::Subtract(value) => (3, Some(value)),
            };
            AlterableConfig::default()
                .with_name(text(name))
                .with_config_operation(operation)
                .with_value(value.map(|value| text(value)))
        })
        .collect();
    Some(
        AlterConfigsResource::default()
            .with_resource_type(resource.kind())
            .with_resource_name(text(&resource.name()))
            .with_configs(configs),
    )
}

fn configs_of(result: &DescribeConfigsResult) -> Option<(ConfigResource, Result<Configs>)> {
    let resource = ConfigResource::from_wire(result.resource_type, &result.resource_name)?;
    let checked = WireError::check(
        ApiKey::DescribeConfigs,
        result.error_code,
        result.error_message.as_deref(),
    );
    let outcome = checked.map(|()| {
        result
            .configs
            .iter()
            .map(|config| {
                let entry = ConfigEntry {
                    value: config.value.as_ref().map(|value| value.to_string()),
                    source: ConfigSource::from_wire(config.config_source),
                    read_only: config.read_only,
                    sensitive: config.is_sensitive,
                    synonyms: config
                        .synonyms
                        .iter()
                        .map(|synonym| ConfigSynonym {
                            name: synonym.name.to_string(),
                            value: synonym.value.as_ref().map(|value| value.to_string()),
                            source: ConfigSource::from_wire(synonym.source),
                        })
                        .collect(),
                };
                (config.name.to_string(), entry)
            })
            .collect()
    });
    Some((resource, outcome))
}
