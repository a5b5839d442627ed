//! Which value a setting has, and where it comes from.

use std::collections::BTreeMap;

use super::settings_table::{BROKER_SETTINGS, Kind, Setting, TOPIC_SETTINGS};
use super::topic::Topic;
use crate::format::Compression;

/// Where a value was set, with the numbers of DescribeConfigs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Topic = 1,
    Broker = 2,
    AllBrokers = 3,
    Static = 4,
    Default = 5,
}

/// A value and all that stand behind it, the one in force first.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    pub(crate) setting: &'static Setting,
    pub(crate) values: Vec<(String, String, Source)>,
}

impl Effective {
    pub(crate) fn value(&self) -> &str {
        self.values
            .first()
            .map_or(self.setting.default, |(_, value, _)| value)
    }

    pub(crate) fn source(&self) -> Source {
        self.values
            .first()
            .map_or(Source::Default, |(_, _, source)| *source)
    }
}

/// What a client wants done with one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change<'a> {
    Set(&'a str),
    Unset,
    Append(&'a str),
    Subtract(&'a str),
}

/// Settings of the brokers.
#[derive(Debug, Default)]
pub(crate) struct BrokerSettings {
    /// Given when the cluster was built.
    pub(crate) fixed: BTreeMap<String, String>,
    /// Changed later, for all brokers.
    pub(crate) all: BTreeMap<String, String>,
    /// Changed later, for one broker.
    pub(crate) one: BTreeMap<i32, BTreeMap<String, String>>,
}

impl BrokerSettings {
    fn candidates(&self, name: &'static str, broker: Option<i32>) -> Vec<(String, String, Source)> {
        let found = |map: Option<&BTreeMap<String, String>>, source| {
            map.and_then(|m| m.get(name))
                .map(|v| (name.to_owned(), v.clone(), source))
        };
        let one = broker.and_then(|id| self.one.get(&id));
        [
            found(one, Source::Broker),
            found(Some(&self.all), Source::AllBrokers),
            found(Some(&self.fixed), Source::Static),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The value of a setting for one broker, or for all of them.
    pub(crate) fn effective(&self, setting: &'static Setting, broker: Option<i32>) -> Effective {
        let mut values = self.candidates(setting.name, broker);
        values.push((
            setting.name.to_owned(),
            setting.default.to_owned(),
            Source::Default,
        ));
        Effective { setting, values }
    }

    /// The value of a setting for a topic.
    pub(crate) fn for_topic(&self, setting: &'static Setting, topic: &Topic) -> Effective {
        let mut values = Vec::new();
        if let Some(value) = topic.settings.get(setting.name) {
            values.push((setting.name.to_owned(), value.clone(), Source::Topic));
        }
        if let Some(name) = setting.broker_name {
            values.extend(self.candidates(name, None));
        }
        let default_name = setting.broker_name.unwrap_or(setting.name);
        values.push((
            default_name.to_owned(),
            setting.default.to_owned(),
            Source::Default,
        ));
        Effective { setting, values }
    }

    /// A broker setting that is a number.
    pub(crate) fn number(&self, name: &str) -> i64 {
        find(BROKER_SETTINGS, name)
            .and_then(|s| self.effective(s, None).value().parse().ok())
            .unwrap_or_default()
    }

    pub(crate) fn is_on(&self, name: &str) -> bool {
        find(BROKER_SETTINGS, name).is_some_and(|s| self.effective(s, None).value() == "true")
    }
}

pub(crate) fn find(table: &'static [Setting], name: &str) -> Option<&'static Setting> {
    table.iter().find(|s| s.name == name)
}

/// Checks a value and says what is wrong with it.
pub(crate) fn check(setting: &Setting, value: &str) -> Result<(), String> {
    let wrong = || format!("Invalid value {value} for configuration {}", setting.name);
    let whole = |min: i64, max: i64| match value.trim().parse::<i64>() {
        Ok(n) if (min..=max).contains(&n) => Ok(()),
        Ok(_) => Err(format!("{}: Value must be at least {min}", wrong())),
        Err(_) => Err(format!("{}: Not a number", wrong())),
    };
    match setting.kind {
        Kind::Boolean if matches!(value, "true" | "false") => Ok(()),
        Kind::Boolean => Err(format!("{}: Expected value to be either true or false", wrong())),
        Kind::Int(min) => whole(min, i32::MAX.into()),
        Kind::Long(min) => whole(min, i64::MAX),
        Kind::Fraction => match value.parse::<f64>() {
            Ok(n) if (0.0..=1.0).contains(&n) => Ok(()),
            _ => Err(format!("{}: Expected a fraction between 0 and 1", wrong())),
        },
        Kind::Text | Kind::List => {
            let mut parts: Box<dyn Iterator<Item = &str>> = match setting.kind {
                Kind::List => Box::new(value.split(',').map(str::trim).filter(|p| !p.is_empty())),
                _ => Box::new(std::iter::once(value)),
            };
            if setting.words.is_empty() || parts.all(|p| setting.words.contains(&p)) {
                Ok(())
            } else {
                Err(format!(
                    "{}: String must be one of: {}",
                    wrong(),
                    setting.words.join(", ")
                ))
            }
        }
    }
}

/// Works out one changed entry of a map of settings; `current` is the value in force.
pub(crate) fn apply(
    table: &'static [Setting],
    map: &mut BTreeMap<String, String>,
    name: &str,
    current: &str,
    change: Change<'_>,
) -> Result<(), String> {
    let Some(setting) = find(table, name) else {
        return Err(format!("Unknown topic config name: {name}"));
    };
    let list = |text: &str| -> Vec<String> {
        text.split(',')
            .map(|p| p.trim().to_owned())
            .filter(|p| !p.is_empty())
            .collect()
    };
    let value = match change {
        Change::Unset => {
            map.remove(name);
            return Ok(());
        }
        Change::Set(value) => value.to_owned(),
        Change::Append(_) | Change::Subtract(_) if setting.kind != Kind::List => {
            return Err(format!(
                "Config value append is not allowed for config key: {name}"
            ));
        }
        Change::Append(more) => {
            let mut all = list(current);
            all.extend(
                list(more)
                    .into_iter()
                    .filter(|p| !current.split(',').any(|c| c.trim() == p)),
            );
            all.join(",")
        }
        Change::Subtract(less) => {
            let less = list(less);
            list(current)
                .into_iter()
                .filter(|p| !less.contains(p))
                .collect::<Vec<_>>()
                .join(",")
        }
    };
    check(setting, &value)?;
    map.insert(name.to_owned(), value);
    Ok(())
}

/// The settings of a topic that decide what happens to its records.
#[derive(Debug, Clone)]
pub(crate) struct TopicRules {
    pub(crate) max_message_bytes: usize,
    pub(crate) compacted: bool,
    pub(crate) deletable: bool,
    pub(crate) append_time: bool,
    pub(crate) before_max_ms: i64,
    pub(crate) after_max_ms: i64,
    /// The codec all batches get; none keeps the producer's.
    pub(crate) compression: Option<Compression>,
    pub(crate) min_in_sync: usize,
    pub(crate) retention_bytes: Option<u64>,
}

impl TopicRules {
    pub(crate) fn of(topic: &Topic, brokers: &BrokerSettings) -> Self {
        let text = |name: &str| {
            find(TOPIC_SETTINGS, name)
                .map(|s| brokers.for_topic(s, topic).value().to_owned())
                .unwrap_or_default()
        };
        let number = |name: &str| text(name).trim().parse::<i64>().unwrap_or_default();
        let policy = text("cleanup.policy");
        let cleans = |word: &str| policy.split(',').any(|p| p.trim() == word);
        TopicRules {
            max_message_bytes: usize::try_from(number("max.message.bytes")).unwrap_or_default(),
            compacted: cleans("compact"),
            deletable: cleans("delete"),
            append_time: text("message.timestamp.type") == "LogAppendTime",
            before_max_ms: number("message.timestamp.before.max.ms"),
            after_max_ms: number("message.timestamp.after.max.ms"),
            compression: Compression::from_setting(&text("compression.type")),
            min_in_sync: usize::try_from(number("min.insync.replicas")).unwrap_or(1),
            retention_bytes: u64::try_from(number("retention.bytes")).ok(),
        }
    }
}
