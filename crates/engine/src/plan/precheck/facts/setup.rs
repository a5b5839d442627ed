use std::collections::BTreeMap;

use sluice_kafka::{Config, ConfigOrigin, KafkaError, NewTopic};
use sluice_model::Task;

use crate::error::{EngineError, Result};
use crate::plan::Connected;
use crate::plan::broker_defaults::{inherited, value};
use crate::plan::precheck::facts::format::{Compaction, Format};
use crate::plan::precheck::facts::{Outline, Route};
use crate::plan::structure::{TopicDraft, draft_with};

/// How the topics of one route are set up.
#[derive(Debug, Clone, Default)]
pub(crate) struct RouteSetup {
    /// Configuration of the source topic; `None` where it cannot be read.
    pub(crate) source: Option<Config>,
    /// Configuration of the target topic; `None` where it does not exist or cannot be read.
    pub(crate) target: Option<Config>,
    /// The target topic as it would be made, or as it is; the reason where it cannot be made.
    pub(crate) draft: Option<std::result::Result<TopicDraft, String>>,
}

/// How the topics of both sides are set up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    /// As the outline's routes, one by one.
    pub(crate) routes: Vec<RouteSetup>,
    /// Configuration of a target broker, which new topics inherit; `None` where it cannot be read.
    pub(crate) broker: Option<Config>,
    /// Configuration of a source broker; `None` where it cannot be read.
    pub(crate) source_broker: Option<Config>,
}

/// A broker setting that came with Kafka 2.7 (KIP-612), as Fetch version 12 did.
const SETTING_SINCE_2_7: &str = "max.connection.creation.rate";

impl Setup {
    /// Asks both clusters. Creation is only validated.
    ///
    /// # Errors
    /// A cluster does not answer.
    pub(crate) fn read(
        task: &Task,
        outline: &Outline,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self> {
        let pair = &outline.pair;
        let sources: Vec<&str> = outline
            .routes
            .iter()
            .map(|route| route.source_topic.as_str())
            .collect();
        let targets: Vec<&str> = outline
            .routes
            .iter()
            .filter(|route| route.target_partitions.is_some())
            .map(|route| route.target_topic.as_str())
            .collect();
        // A side that does not report them (before 0.11, no right) leaves its settings unknown.
        let unread = |names: &[&str], error: KafkaError| -> BTreeMap<String, sluice_kafka::Result<Config>> {
            names
                .iter()
                .map(|name| ((*name).to_owned(), Err(error.clone())))
                .collect()
        };
        let mut of_source = pair
            .source
            .admin
            .topic_configs(&sources)
            .unwrap_or_else(|error| unread(&sources, error));
        let mut of_target = pair
            .target
            .admin
            .topic_configs(&targets)
            .unwrap_or_else(|error| unread(&targets, error));
        let broker = broker_config(&pair.target);
        let source_broker = broker_config(&pair.source);
        let mut routes = Vec::with_capacity(outline.routes.len());
        for route in &outline.routes {
            if cancelled() {
                return Err(EngineError::Refused("the pre-check was cancelled".into()));
            }
            let source = of_source.remove(&route.source_topic).unwrap_or_else(|| {
                Err(KafkaError::new(
                    sluice_kafka::ErrorCode::LOCAL_STATE,
                    "no configuration came back",
                ))
            });
            let target = of_target
                .remove(&route.target_topic)
                .and_then(std::result::Result::ok);
            let draft = match route.target_partitions {
                Some(count) => Some(Ok(as_it_is(outline, route, count, target.as_ref()))),
                None if route.target_denied => None,
                None => match draft_with(
                    pair,
                    task,
                    &route.source_topic,
                    &route.target_topic,
                    &source,
                    broker.as_ref(),
                ) {
                    Ok(draft) => Some(Ok(draft)),
                    Err(EngineError::Refused(reason)) => Some(Err(reason)),
                    Err(other) => return Err(other),
                },
            };
            routes.push(RouteSetup {
                source: source.ok(),
                target,
                draft,
            });
        }
        Ok(Self {
            routes,
            broker,
            source_broker,
        })
    }

    /// A setting of a route's target topic, as it is or as it would be; `None` where that is not known.
    pub(crate) fn target(&self, route: &RouteSetup, key: &str) -> Option<String> {
        if let Some(config) = &route.target {
            return value(config, key);
        }
        if let Some(Ok(draft)) = &route.draft
            && let Some(set) = draft.topic.config.get(key)
        {
            return Some(set.clone());
        }
        inherited(self.broker.as_ref()?, key)
    }

    /// In which format the target topic of a route keeps records.
    pub(crate) fn target_format(&self, route: &RouteSetup) -> Format {
        Format::of(self.target(route, "message.format.version"), self.broker.as_ref())
    }

    /// In which format the source topic of a route keeps records, where that hinders reading them. librdkafka 2.12.1
    /// reads old formats well from the answers of older brokers, and as empty records from those that its flexible
    /// fetches get (Fetch from version 12 on; its issue 5549).
    pub(crate) fn source_format(&self, route: &RouteSetup) -> Format {
        let answers_flexibly = |broker: &Config| broker.contains_key(SETTING_SINCE_2_7);
        match &self.source_broker {
            Some(broker) if !answers_flexibly(broker) => Format::Current,
            broker => Format::of(route.source("message.format.version"), broker.as_ref()),
        }
    }

    /// In which format the target's brokers keep topics without a setting of their own, as those of positions and
    /// transactions are.
    pub(crate) fn target_default_format(&self) -> Format {
        let version = self
            .broker
            .as_ref()
            .and_then(|broker| inherited(broker, "message.format.version"));
        Format::of(version, self.broker.as_ref())
    }

    /// Whether the target topic of a route is compacted.
    pub(crate) fn compaction(&self, route: &RouteSetup) -> Compaction {
        Compaction::of(self.target(route, "cleanup.policy").as_deref())
    }

    /// As [`Setup::target`], for settings that are numbers.
    pub(crate) fn target_number(&self, route: &RouteSetup, key: &str) -> Option<i64> {
        self.target(route, key)?.parse().ok()
    }
}

impl RouteSetup {
    /// A setting of the source topic.
    pub(crate) fn source(&self, key: &str) -> Option<String> {
        value(self.source.as_ref()?, key)
    }

    /// As [`RouteSetup::source`], for settings that are numbers.
    pub(crate) fn source_number(&self, key: &str) -> Option<i64> {
        self.source(key)?.parse().ok()
    }

    /// Replicas of the target topic, as it is or as it would be.
    pub(crate) fn target_replicas(&self) -> Option<usize> {
        match &self.draft {
            Some(Ok(draft)) => Some(draft.topic.replication_factor),
            _ => None,
        }
    }
}

fn broker_config(connected: &Connected) -> Option<Config> {
    let broker = connected.metadata.brokers.first()?;
    connected.admin.broker_config(broker.id).ok()
}

/// A number of the target's brokers, as `transaction.max.timeout.ms`.
pub(crate) fn broker_number(setup: &Setup, key: &str) -> Option<i64> {
    value(setup.broker.as_ref()?, key)?.parse().ok()
}

/// What creating the existing target topic again would take.
fn as_it_is(outline: &Outline, route: &Route, count: usize, config: Option<&Config>) -> TopicDraft {
    let replicas = outline
        .pair
        .target
        .metadata
        .topics
        .get(&route.target_topic)
        .and_then(|info| info.partitions.first())
        .map_or(1, |partition| partition.replicas.max(1));
    TopicDraft {
        topic: NewTopic {
            name: route.target_topic.clone(),
            partitions: count.max(route.partitions),
            replication_factor: replicas,
            config: config
                .into_iter()
                .flatten()
                .filter(|(_, entry)| entry.origin == ConfigOrigin::Topic)
                .filter_map(|(key, entry)| Some((key.clone(), entry.value.clone()?)))
                .collect(),
        },
        validated: true,
        remarks: Vec::new(),
        inherited: Vec::new(),
    }
}
