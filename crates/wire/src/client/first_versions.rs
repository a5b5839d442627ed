//! The first versions of requests, which the protocol crate leaves out since Kafka 4 does: brokers of 0.10 and 1.0
//! have nothing else. Their fields are from Kafka's own message definitions of those releases.

use bytes::BufMut;
use kafka_protocol::messages::ApiKey;

use crate::client::acls::Acl;
use crate::client::configs::{ConfigEntry, ConfigResource, ConfigSource, Configs};
use crate::client::core::Client;
use crate::error::{Result, WireError};
use crate::fields::{Fields, Writing};
use crate::net::{Budget, Connection, Outgoing};

/// The answer for one partition: its error code and its offset.
pub(crate) type FirstOffset = (String, i32, i16, Option<i64>);

impl Client {
    fn ask_first(
        &self,
        connection: &Connection,
        api: ApiKey,
        body: Writing,
        budget: &Budget,
    ) -> Result<Fields> {
        let outgoing = Outgoing {
            api,
            version: 0,
            body: vec![body.out.freeze()],
        };
        let rest = connection.ask(outgoing, self.request_limit(budget), &budget.cancel)?;
        Ok(Fields::new(api, rest, false))
    }

    /// ListOffsets version 0 (Kafka before 0.10.1): the offset of `time` (−1 the end, −2 the start) of each partition.
    pub(crate) fn first_list_offsets(
        &self,
        connection: &Connection,
        topics: &[(&str, Vec<i32>)],
        time: i64,
        budget: &Budget,
    ) -> Result<Vec<FirstOffset>> {
        let mut body = Writing::new(false);
        body.out.put_i32(-1);
        body.count(topics.len());
        for (topic, partitions) in topics {
            body.text(topic)?;
            body.count(partitions.len());
            for partition in partitions {
                body.out.put_i32(*partition);
                body.out.put_i64(time);
                body.out.put_i32(1);
            }
        }
        let mut answer = self.ask_first(connection, ApiKey::ListOffsets, body, budget)?;
        let mut found = Vec::new();
        for _ in 0..answer.count()? {
            let topic = answer.text()?;
            for _ in 0..answer.count()? {
                let (partition, code) = (answer.int32()?, answer.int16()?);
                let mut offset = None;
                for _ in 0..answer.count()? {
                    offset = Some(answer.int64()?);
                }
                found.push((topic.clone(), partition, code, offset));
            }
        }
        Ok(found)
    }

    /// DescribeAcls version 0 (Kafka 0.11 to 1.1), which knows no patterns: every name is the very name, or `*`.
    pub(crate) fn first_describe_acls(&self, connection: &Connection, budget: &Budget) -> Result<Vec<Acl>> {
        /// Kafka's number for "any" in filters.
        const ANY: i8 = 1;
        let mut body = Writing::new(false);
        body.out.put_i8(ANY);
        for _filter in ["name", "principal", "host"] {
            body.null_text();
        }
        body.out.put_i8(ANY);
        body.out.put_i8(ANY);
        let mut answer = self.ask_first(connection, ApiKey::DescribeAcls, body, budget)?;
        let throttle = answer.int32()?;
        connection.note_throttle(ApiKey::DescribeAcls, 0, throttle);
        first_acls(&mut answer)
    }

    /// DescribeConfigs version 0 (Kafka 0.11 and 1.0), which has only whether a value is the default.
    pub(crate) fn first_describe_configs(
        &self,
        connection: &Connection,
        resources: &[ConfigResource],
        names: Option<&[&str]>,
        budget: &Budget,
    ) -> Result<Vec<(ConfigResource, Result<Configs>)>> {
        let mut body = Writing::new(false);
        body.count(resources.len());
        for resource in resources {
            body.out.put_i8(resource.kind());
            body.text(&resource.name())?;
            match names {
                None => body.out.put_i32(-1),
                Some(names) => {
                    body.count(names.len());
                    for name in names {
                        body.text(name)?;
                    }
                }
            }
        }
        let mut answer = self.ask_first(connection, ApiKey::DescribeConfigs, body, budget)?;
        let throttle = answer.int32()?;
        connection.note_throttle(ApiKey::DescribeConfigs, 0, throttle);
        let mut found = Vec::new();
        for _ in 0..answer.count()? {
            found.extend(first_configs(&mut answer)?);
        }
        Ok(found)
    }
}

fn first_acls(answer: &mut Fields) -> Result<Vec<Acl>> {
    let (code, message) = (answer.int16()?, answer.optional_text()?);
    WireError::check(ApiKey::DescribeAcls, code, message.as_deref())?;
    let mut acls = Vec::new();
    for _ in 0..answer.count()? {
        let (resource_type, resource) = (answer.int8()?, answer.text()?);
        for _ in 0..answer.count()? {
            acls.push(Acl {
                resource_type,
                resource: resource.clone(),
                pattern_type: Acl::LITERAL,
                principal: answer.text()?,
                host: answer.text()?,
                operation: answer.int8()?,
                allows: answer.int8()? == Acl::ALLOW,
            });
        }
    }
    Ok(acls)
}

fn first_configs(answer: &mut Fields) -> Result<Option<(ConfigResource, Result<Configs>)>> {
    let (code, message) = (answer.int16()?, answer.optional_text()?);
    let (kind, name) = (answer.int8()?, answer.text()?);
    let mut configs = Configs::new();
    for _ in 0..answer.count()? {
        let (key, value) = (answer.text()?, answer.optional_text()?);
        let (read_only, is_default, sensitive) = (answer.int8()?, answer.int8()?, answer.int8()?);
        let source = match (is_default != 0, kind) {
            (true, _) => ConfigSource::Default,
            (false, ConfigResource::TOPIC) => ConfigSource::Topic,
            (false, _) => ConfigSource::StaticBroker,
        };
        configs.insert(
            key,
            ConfigEntry {
                value,
                source,
                read_only: read_only != 0,
                sensitive: sensitive != 0,
                synonyms: Vec::new(),
            },
        );
    }
    let outcome = WireError::check(ApiKey::DescribeConfigs, code, message.as_deref()).map(|()| configs);
    Ok(ConfigResource::from_wire(kind, &name).map(|resource| (resource, outcome)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_access_of_old_brokers_are_read() {
        let mut answer = Writing::new(false);
        answer.out.put_i16(0);
        answer.null_text();
        answer.count(1);
        answer.out.put_i8(2);
        answer.text("t").unwrap();
        answer.count(2);
        for (principal, permission) in [("User:a", 3), ("User:b", 2)] {
            answer.text(principal).unwrap();
            answer.text("*").unwrap();
            answer.out.put_slice(&[4, permission]);
        }
        let acls = first_acls(&mut Fields::new(ApiKey::DescribeAcls, answer.out.freeze(), false)).unwrap();
        let shown: Vec<_> = acls
            .iter()
            .map(|acl| {
                (
                    acl.principal.as_str(),
                    acl.resource.as_str(),
                    acl.pattern_type,
                    acl.operation,
                    acl.allows,
                )
            })
            .collect();
        assert_eq!(shown, [("User:a", "t", 3, 4, true), ("User:b", "t", 3, 4, false)]);
    }

    #[test]
    fn configs_of_old_brokers_are_read() {
        let mut answer = Writing::new(false);
        answer.out.put_i16(0);
        answer.null_text();
        answer.out.put_i8(ConfigResource::TOPIC);
        answer.text("t").unwrap();
        answer.count(2);
        for (name, default) in [("retention.ms", 0), ("segment.bytes", 1)] {
            answer.text(name).unwrap();
            answer.text("5").unwrap();
            answer.out.put_slice(&[0, default, 0]);
        }
        let mut fields = Fields::new(ApiKey::DescribeConfigs, answer.out.freeze(), false);
        let (resource, configs) = first_configs(&mut fields).unwrap().unwrap();
        let configs = configs.unwrap();
        assert_eq!(resource, ConfigResource::Topic("t".to_owned()));
        assert_eq!(configs["retention.ms"].source, ConfigSource::Topic);
        assert_eq!(configs["segment.bytes"].source, ConfigSource::Default);
    }
}
