//! Reading the configuration of topics and brokers.
#![expect(unsafe_code, reason = "calls librdkafka's admin client")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_int};

use rdkafka_sys::bindings as rd;

use crate::admin::client::Admin;
use crate::error::{ErrorCode, KafkaError, Result, check, text};
use crate::ffi;
use crate::native::{c_string, take_error};
use crate::owned::Owned;

/// `rd_kafka_ConfigSource_t`: the broker does not say, and set for this very topic.
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
    /// Configuration of a topic. Its code distinguishes brokers before 0.11 ([`ErrorCode::is_unsupported`]).
    ///
    /// # Errors
    /// Unknown topic, no right, or too old a broker.
    pub fn topic_config(&self, topic: &str) -> Result<Config> {
        self.describe_config(rd::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC, topic)
    }

    /// Configuration of several topics, each with its own outcome.
    ///
    /// # Errors
    /// No broker answered, or too old a broker.
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

    /// Sets single topic configuration values and leaves all others alone (brokers from 2.3 on).
    ///
    /// # Errors
    /// Refused or too old a broker.
    pub fn set_topic_config(&self, topic: &str, values: &BTreeMap<String, String>) -> Result<()> {
        let name = c_string(topic)?;
        // SAFETY: the resource copies the texts, and lives until the call was made.
        unsafe {
            let resource = Owned::new(
                rd::rd_kafka_ConfigResource_new(
                    rd::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC,
                    name.as_ptr(),
                ),
                rd::rd_kafka_ConfigResource_destroy,
            )?;
            for (key, value) in values {
                let (key, value) = (c_string(key)?, c_string(value)?);
                let set = rd::rd_kafka_AlterConfigOpType_t::RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET;
                if let Some(error) = take_error(rd::rd_kafka_ConfigResource_add_incremental_config(
                    resource.ptr(),
                    key.as_ptr(),
                    set,
                    value.as_ptr(),
                )) {
                    return Err(error.error);
                }
            }
            let mut resources = [resource.ptr()];
            let event = self.call(
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS,
                &[],
                |handle, options, queue| {
                    rd::rd_kafka_IncrementalAlterConfigs(handle, resources.as_mut_ptr(), 1, options, queue);
                },
            )?;
            let mut count = 0usize;
            let altered = rd::rd_kafka_IncrementalAlterConfigs_result_resources(
                rd::rd_kafka_event_IncrementalAlterConfigs_result(event.ptr()),
                &raw mut count,
            );
            for index in 0..count {
                check(ffi::rd_kafka_ConfigResource_error(*altered.add(index)))?;
            }
            Ok(())
        }
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
        let resources = names
            .iter()
            // SAFETY: the resource copies the name.
            .map(|name| unsafe {
                Owned::new(
                    rd::rd_kafka_ConfigResource_new(kind, name.as_ptr()),
                    rd::rd_kafka_ConfigResource_destroy,
                )
            })
            .collect::<Result<Vec<_>>>()?;
        let event = self.question(
            rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
            &[],
            |handle, options, queue| {
                let mut pointers: Vec<_> = resources.iter().map(Owned::ptr).collect();
                // SAFETY: all live.
                unsafe {
                    rd::rd_kafka_DescribeConfigs(
                        handle,
                        pointers.as_mut_ptr(),
                        pointers.len(),
                        options,
                        queue,
                    );
                }
            },
        )?;
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
