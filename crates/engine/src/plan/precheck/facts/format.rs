use sluice_kafka::Config;

use crate::plan::broker_defaults::value;

/// Whether a target topic is compacted: such a topic takes no record without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compaction {
    Compacted,
    NotCompacted,
    /// The policy cannot be read: a broker before 0.11, or no right to.
    Unknown,
}

impl Compaction {
    pub(crate) fn of(policy: Option<&str>) -> Self {
        match policy {
            Some(policy) if policy.contains("compact") => Self::Compacted,
            Some(_) => Self::NotCompacted,
            None => Self::Unknown,
        }
    }
}

/// The format in which a topic keeps the records that are written to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// Record batches, or nothing is known of another format.
    Current,
    /// The format from before 0.11, without headers, idempotence and transactions.
    Old {
        /// As configured, for example `0.10.2-IV0`.
        version: String,
        /// Whether the brokers are known to heed the setting.
        heeded: bool,
    },
}

impl Format {
    /// From a topic's effective `message.format.version` and its brokers' configuration. Brokers with an
    /// `inter.broker.protocol.version` of 3.0 or later ignore the setting (KIP-724).
    pub(crate) fn of(version: Option<String>, broker: Option<&Config>) -> Self {
        let Some(version) = version.filter(|version| number(version).is_some_and(|number| number < (0, 11)))
        else {
            return Self::Current;
        };
        let protocol = broker
            .and_then(|broker| value(broker, "inter.broker.protocol.version"))
            .and_then(|protocol| number(&protocol));
        match protocol {
            Some(protocol) if protocol >= (3, 0) => Self::Current,
            known => Self::Old {
                version,
                heeded: known.is_some(),
            },
        }
    }
}

/// Major and minor number of a version as Kafka's settings write it: `0.10.2-IV0`, `2.0-IV1`.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use sluice_kafka::{ConfigEntry, ConfigOrigin};

    use super::*;

    fn broker(protocol: &str) -> Config {
        let entry = ConfigEntry {
            value: Some(protocol.to_owned()),
            origin: ConfigOrigin::Default,
        };
        Config::from([("inter.broker.protocol.version".to_owned(), entry)])
    }

    fn format(version: &str, broker: Option<&Config>) -> Format {
        Format::of(Some(version.to_owned()), broker)
    }

    #[test]
    fn a_format_before_0_11_counts_unless_the_brokers_ignore_the_setting() {
        let old = |version: &str, heeded| Format::Old {
            version: version.to_owned(),
            heeded,
        };
        let two = broker("2.8-IV1");
        assert_eq!(format("0.10.2-IV0", Some(&two)), old("0.10.2-IV0", true));
        assert_eq!(format("0.9.0", Some(&two)), old("0.9.0", true));
        assert_eq!(format("0.11.0-IV2", Some(&two)), Format::Current);
        assert_eq!(format("3.0-IV1", Some(&two)), Format::Current);
        assert_eq!(format("0.10.2", Some(&broker("3.9-IV0"))), Format::Current);
        assert_eq!(format("0.10.2", None), old("0.10.2", false));
        assert_eq!(Format::of(None, Some(&two)), Format::Current);
    }
}
