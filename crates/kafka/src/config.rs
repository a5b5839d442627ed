//! Reading the configuration of topics and brokers.
#![expect(unsafe_code, reason = "calls librdkafka's admin client")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_int};

use rdkafka_sys::bindings as rd;

use crate::admin::Admin;
use crate::error::{ErrorCode, KafkaError, Result, text};
use crate::ffi;
use crate::native::c_string;

/// `rd_kafka_ConfigSource_t`: nobody says, and set for this very topic.
const UNKNOWN_CONFIG: c_int = 0;
const DYNAMIC_TOPIC_CONFIG: c_int = 1;

/// Topics whose configuration is asked for in one request: their answers, some 30 values each, stay small.
const TOPICS_AT_ONCE: usize = 200;

/// Where a configuration value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigOrigin {
    /// Set on the topic itself.
    Topic,
    /// The broker's or Kafka's default.
    Default,
}

/// One configuration value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its value; `None` for sensitive ones.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: ConfigOrigin,
}

/// Configuration values by name.
pub type Config = BTreeMap<String, ConfigEntry>;

impl Admin {
    /// Configuration of a topic. Its code tells brokers before 0.11 apart ([`ErrorCode::is_unsupported`]).
    ///
    /// # Errors
    /// Unknown topic, no right, or too old a broker.
    pub fn topic_config(&self, topic: &str) -> Result<Config> {
        self.describe_config(rd::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC, topic)
    }

    /// Configuration of several topics, each with its own outcome.
    ///
    /// # Errors
    /// Nobody answered, or too old a broker.
    pub fn topic_configs(&self, topics: &[&str]) -> Result<BTreeMap<String, Result<Config>>> {
        let mut found = BTreeMap::new();
        for some in topics.chunks(TOPICS_AT_ONCE) {
            found.extend(self.describe_configs(rd::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC, some)?);
        }
        Ok(found)
    }

    /// Configuration of a broker.
    ///
    /// # Errors
    /// As [`Admin::topic_config`].
    pub fn broker_config(&self, broker: i32) -> Result<Config> {
        self.describe_config(
            rd::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_BROKER,
            &broker.to_string(),
        )
    }

    fn describe_config(&self, kind: rd::rd_kafka_ResourceType_t, name: &str) -> Result<Config> {
        let mut found = self.describe_configs(kind, &[name])?;
        found.remove(name).unwrap_or_else(|| {
            Err(KafkaError::new(
                ErrorCode::LOCAL_STATE,
                format!("no configuration came back for '{name}'"),
            ))
        })
    }

    fn describe_configs(
        &self,
        kind: rd::rd_kafka_ResourceType_t,
        names: &[&str],
    ) -> Result<BTreeMap<String, Result<Config>>> {
        let names = names
            .iter()
            .map(|name| c_string(name))
            .collect::<Result<Vec<_>>>()?;
        // SAFETY: the resources copy the names and are destroyed after the call was made.
        let resources: Vec<*mut rd::rd_kafka_ConfigResource_t> = names
            .iter()
            .map(|name| unsafe { rd::rd_kafka_ConfigResource_new(kind, name.as_ptr()) })
            .collect();
        let answer = self.question(
            rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
            &[],
            |handle, options, queue| {
                let mut resources = resources.clone();
                // SAFETY: all live.
                unsafe {
                    rd::rd_kafka_DescribeConfigs(
                        handle,
                        resources.as_mut_ptr(),
                        resources.len(),
                        options,
                        queue,
                    );
                }
            },
        );
        // SAFETY: ours.
        resources
            .iter()
            .for_each(|&resource| unsafe { rd::rd_kafka_ConfigResource_destroy(resource) });
        let event = answer?;
        // SAFETY: everything read belongs to the event.
        unsafe {
            let mut count = 0usize;
            let described = rd::rd_kafka_DescribeConfigs_result_resources(
                rd::rd_kafka_event_DescribeConfigs_result(event.ptr()),
                &raw mut count,
            );
            Ok((0..count)
                .map(|index| {
                    let resource = *described.add(index);
                    (
                        text(CStr::from_ptr(rd::rd_kafka_ConfigResource_name(resource))),
                        read_resource(resource),
                    )
                })
                .collect())
        }
    }
}

unsafe fn read_resource(resource: *const rd::rd_kafka_ConfigResource_t) -> Result<Config> {
    // SAFETY: the caller's event owns the resource and all that is read from it.
    unsafe {
        let code = ErrorCode(ffi::rd_kafka_ConfigResource_error(resource));
        if code != ErrorCode::NONE {
            let words = rd::rd_kafka_ConfigResource_error_string(resource);
            let words = if words.is_null() {
                code.describe()
            } else {
                text(CStr::from_ptr(words))
            };
            return Err(KafkaError::new(code, words));
        }
        let mut count = 0usize;
        let entries = rd::rd_kafka_ConfigResource_configs(resource, &raw mut count);
        let mut config = Config::new();
        for index in 0..count {
            let entry = *entries.add(index);
            let value = rd::rd_kafka_ConfigEntry_value(entry);
            let origin = match ffi::rd_kafka_ConfigEntry_source(entry) {
                DYNAMIC_TOPIC_CONFIG => ConfigOrigin::Topic,
                // Brokers before 1.1 only say whether it is a default.
                UNKNOWN_CONFIG if rd::rd_kafka_ConfigEntry_is_default(entry) == 0 => ConfigOrigin::Topic,
                _ => ConfigOrigin::Default,
            };
            config.insert(
                text(CStr::from_ptr(rd::rd_kafka_ConfigEntry_name(entry))),
                ConfigEntry {
                    value: (!value.is_null()).then(|| text(CStr::from_ptr(value))),
                    origin,
                },
            );
        }
        Ok(config)
    }
}
