//! MirrorMaker's three connectors, as a task has them.

use std::collections::BTreeMap;

use sluice_model::{Cluster, Codec, Rename};

use crate::java::{JavaProperty, java_properties};

/// The class of the connector that copies.
pub(crate) const SOURCE_CLASS: &str = "org.apache.kafka.connect.mirror.MirrorSourceConnector";
const CHECKPOINT_CLASS: &str = "org.apache.kafka.connect.mirror.MirrorCheckpointConnector";
const HEARTBEAT_CLASS: &str = "org.apache.kafka.connect.mirror.MirrorHeartbeatConnector";
const BYTES: &str = "org.apache.kafka.connect.converters.ByteArrayConverter";

/// Stands in each connector with the id of its task. Connect ignores settings that it does not know.
pub const MARK: &str = "sluice.task";

/// Why a task cannot run on Connect, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCarried(pub String);

/// One of the three connectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectorKind {
    /// It copies the records.
    Source,
    /// It notes where groups would go on at the target.
    Checkpoint,
    /// It shows that the way is open.
    Heartbeat,
}

impl ConnectorKind {
    /// All of them, in the order in which they are made.
    pub const ALL: [Self; 3] = [Self::Source, Self::Checkpoint, Self::Heartbeat];

    /// Its class.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Source => SOURCE_CLASS,
            Self::Checkpoint => CHECKPOINT_CLASS,
            Self::Heartbeat => HEARTBEAT_CLASS,
        }
    }

    /// The last word of its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Checkpoint => "checkpoint",
            Self::Heartbeat => "heartbeat",
        }
    }

    /// The name of this connector of a task.
    #[must_use]
    pub fn name_of(self, task: &str) -> String {
        format!("sluice-{task}-{}", self.word())
    }
}

/// How topics are called on the target, as MirrorMaker can do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// As at the source.
    Identity,
    /// With something before it: an alias of the source, and what separates it.
    Prefix {
        /// The alias.
        alias: String,
        /// What stands between it and the topic's name.
        separator: String,
    },
}

/// MirrorMaker's way to name topics as `rename` does.
///
/// # Errors
/// There is none.
pub fn naming(rename: &Rename) -> Result<Naming, NotCarried> {
    let refused = |what: &str| {
        NotCarried(format!(
            "the task {what}, and MirrorMaker keeps names as they are or puts one prefix before them; change the names, or let the task run on this computer"
        ))
    };
    if !rename.map.is_empty() {
        return Err(refused("gives single topics other names"));
    }
    if !rename.regex.is_empty() {
        return Err(refused("changes names by patterns"));
    }
    if !rename.suffix.is_empty() {
        return Err(refused("puts a suffix behind names"));
    }
    if rename.prefix.is_empty() {
        return Ok(Naming::Identity);
    }
    let mut alias = rename.prefix.clone();
    let separator = alias.pop().map(String::from).unwrap_or_default();
    if alias.is_empty() {
        return Err(refused("has a prefix of one letter"));
    }
    Ok(Naming::Prefix { alias, separator })
}

/// Whether MirrorMaker leaves a topic out whatever it is told: it takes it for an internal one.
#[must_use]
pub fn is_left_out(topic: &str) -> bool {
    topic.starts_with("__")
        || topic.starts_with('.')
        || topic.starts_with("mm2-offset-syncs")
        || topic.ends_with("-internal")
        || topic.ends_with(".internal")
}

/// A task, as far as its connectors need it.
#[derive(Debug, Clone)]
pub struct Mirror<'a> {
    /// The task's id.
    pub task: &'a str,
    /// The source topics.
    pub topics: &'a [String],
    /// How many partitions they have.
    pub partitions: usize,
    /// Their names on the target.
    pub naming: Naming,
    /// The source.
    pub source: &'a Cluster,
    /// The target: the Kafka that the Connect cluster stands on.
    pub target: &'a Cluster,
    /// Who makes its topics.
    pub upkeep: Upkeep,
    /// Whether each record is to be written once, whatever happens.
    pub exactly_once: bool,
    /// Whether the workers let a connector tune its producer.
    pub overrides: bool,
    /// Compression towards the target.
    pub compression: Codec,
}

/// Who makes topics on the target, and keeps their settings like those of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upkeep {
    /// Sluice does; MirrorMaker makes its own alone.
    Sluice {
        /// How many brokers the target has.
        target_brokers: usize,
    },
    /// MirrorMaker does: of an export, beside which nothing runs.
    MirrorMaker {
        /// Copies of each topic; as the target's brokers have it if not said, which they can since Kafka 2.4.
        replication_factor: Option<u16>,
    },
}

impl Upkeep {
    /// Copies of the task's topics and of MirrorMaker's own.
    fn copies(self) -> (String, String) {
        match self {
            Self::Sluice { target_brokers } => {
                let copies = target_brokers.clamp(1, COPIES).to_string();
                (copies.clone(), copies)
            }
            Self::MirrorMaker { replication_factor } => {
                let copies =
                    replication_factor.map_or_else(|| AS_BROKERS.to_owned(), |copies| copies.to_string());
                (copies, AS_BROKERS.to_owned())
            }
        }
    }
}

/// A connector to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// Which.
    pub kind: ConnectorKind,
    /// Its name.
    pub name: String,
    /// Its settings, secrets included.
    pub config: BTreeMap<String, String>,
    /// The settings with a secret in them.
    pub secrets: Vec<String>,
}

impl Connector {
    /// Its settings without a topic to copy, for workers that make no connector that is stopped.
    #[must_use]
    pub fn idle(&self) -> BTreeMap<String, String> {
        let mut config = self.config.clone();
        config.insert("topics".to_owned(), NO_TOPIC.to_owned());
        config
    }
}

/// A pattern that matches nothing.
const NO_TOPIC: &str = "(?!)";
/// Tasks of a connector at most: as many as a few workers have processors.
const MOST_TASKS: usize = 10;
/// Copies of MirrorMaker's own topics.
const COPIES: usize = 3;
/// As many copies as brokers give topics by default.
const AS_BROKERS: &str = "-1";

impl Mirror<'_> {
    /// How the source is called in Connect's offsets.
    #[must_use]
    pub fn alias(&self) -> String {
        match &self.naming {
            Naming::Identity => format!("sluice-{}", self.task),
            Naming::Prefix { alias, .. } => alias.clone(),
        }
    }

    /// The three connectors.
    ///
    /// # Errors
    /// A cluster is reached in a way that cannot be handed to the workers.
    pub fn connectors(&self) -> Result<Vec<Connector>, NotCarried> {
        let (source, target) = (java_properties(self.source)?, java_properties(self.target)?);
        Ok(ConnectorKind::ALL
            .into_iter()
            .map(|kind| self.connector(kind, &source, &target))
            .collect())
    }

    fn connector(
        &self,
        kind: ConnectorKind,
        source: &BTreeMap<String, JavaProperty>,
        target: &BTreeMap<String, JavaProperty>,
    ) -> Connector {
        let mut config = self.common(kind);
        let mut secrets = Vec::new();
        for (side, properties) in [("source", source), ("target", target)] {
            for (name, property) in properties {
                let name = format!("{side}.cluster.{name}");
                if property.is_secret {
                    secrets.push(name.clone());
                }
                config.insert(name, property.value.clone());
            }
        }
        let more = match kind {
            ConnectorKind::Source => self.source_settings(),
            ConnectorKind::Checkpoint => self.checkpoint_settings(),
            ConnectorKind::Heartbeat => pairs(&[("emit.heartbeats.interval.seconds", "5")]),
        };
        config.extend(more);
        Connector {
            kind,
            name: kind.name_of(self.task),
            config,
            secrets,
        }
    }

    fn common(&self, kind: ConnectorKind) -> BTreeMap<String, String> {
        let (copies, own_copies) = self.upkeep.copies();
        let target_alias = format!("sluice-target-{}", self.task);
        let alias = self.alias();
        let tasks = match kind {
            ConnectorKind::Source => self.partitions.clamp(1, MOST_TASKS),
            ConnectorKind::Checkpoint | ConnectorKind::Heartbeat => 1,
        };
        let tasks = tasks.to_string();
        let mut config = pairs(&[
            ("name", &kind.name_of(self.task)),
            ("connector.class", kind.class()),
            ("tasks.max", &tasks),
            (MARK, self.task),
            ("source.cluster.alias", &alias),
            ("target.cluster.alias", &target_alias),
            ("key.converter", BYTES),
            ("value.converter", BYTES),
            ("header.converter", BYTES),
            ("replication.factor", &copies),
            ("offset-syncs.topic.location", "target"),
            ("offset-syncs.topic.replication.factor", &own_copies),
            ("checkpoints.topic.replication.factor", &own_copies),
            ("heartbeats.topic.replication.factor", &own_copies),
        ]);
        config.extend(match &self.naming {
            Naming::Identity => pairs(&[(
                "replication.policy.class",
                "org.apache.kafka.connect.mirror.IdentityReplicationPolicy",
            )]),
            Naming::Prefix { separator, .. } => pairs(&[
                (
                    "replication.policy.class",
                    "org.apache.kafka.connect.mirror.DefaultReplicationPolicy",
                ),
                ("replication.policy.separator", separator),
            ]),
        });
        config
    }

    fn source_settings(&self) -> BTreeMap<String, String> {
        let topics: Vec<String> = self.topics.iter().map(|topic| pattern_of(topic)).collect();
        let sync_configs = match self.upkeep {
            Upkeep::Sluice { .. } => "false",
            Upkeep::MirrorMaker { .. } => "true",
        };
        let mut config = pairs(&[
            ("topics", &topics.join(",")),
            // Its own default leaves out topics that somebody has chosen.
            ("topics.exclude", "__.*"),
            ("refresh.topics.interval.seconds", "30"),
            ("heartbeats.replication.enabled", "false"),
            ("sync.topic.configs.enabled", sync_configs),
            ("sync.topic.acls.enabled", "false"),
            ("consumer.isolation.level", "read_committed"),
            ("source.consumer.isolation.level", "read_committed"),
            ("source.consumer.auto.offset.reset", "earliest"),
            ("source.consumer.max.poll.records", "2000"),
            ("source.consumer.max.partition.fetch.bytes", "4194304"),
            ("source.consumer.fetch.max.bytes", "33554432"),
        ]);
        if self.exactly_once {
            config.extend(pairs(&[
                ("exactly.once.support", "required"),
                ("transaction.boundary", "poll"),
            ]));
        }
        if self.overrides {
            config.extend(pairs(&[
                ("producer.override.linger.ms", "10"),
                ("producer.override.batch.size", "262144"),
                ("producer.override.buffer.memory", "67108864"),
                // A record that the source has is not refused by the client.
                ("producer.override.max.request.size", "33554432"),
            ]));
            if let Some(codec) = codec(self.compression) {
                config.insert("producer.override.compression.type".to_owned(), codec.to_owned());
            }
        }
        config
    }

    fn checkpoint_settings(&self) -> BTreeMap<String, String> {
        pairs(&[
            ("groups", ".*"),
            ("emit.checkpoints.interval.seconds", "30"),
            ("refresh.groups.interval.seconds", "60"),
            // Offsets that were not proved are not committed.
            ("sync.group.offsets.enabled", "false"),
        ])
    }
}

/// The settings that differ between what a connector was given and what it has now. `name` is Connect's own.
#[must_use]
pub fn changed_fields(wanted: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> Vec<String> {
    let mut fields: Vec<String> = wanted
        .iter()
        .filter(|(field, value)| found.get(*field) != Some(*value))
        .map(|(field, _)| field.clone())
        .chain(found.keys().filter(|field| !wanted.contains_key(*field)).cloned())
        .filter(|field| field != "name")
        .collect();
    fields.sort();
    fields
}

/// A regular expression that matches this topic alone. Names have no other letter with a meaning than the dot.
fn pattern_of(topic: &str) -> String {
    topic.replace('.', "\\.")
}

fn codec(codec: Codec) -> Option<&'static str> {
    match codec {
        // What a topic has at the source is not known to the workers.
        Codec::Auto => Some("lz4"),
        Codec::None => None,
        Codec::Gzip => Some("gzip"),
        Codec::Snappy => Some("snappy"),
        Codec::Lz4 => Some("lz4"),
        Codec::Zstd => Some("zstd"),
    }
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(prefix: &str) -> Rename {
        Rename {
            prefix: prefix.to_owned(),
            ..Rename::default()
        }
    }

    #[test]
    fn names_stay_or_get_one_prefix_and_nothing_else_is_carried() {
        assert_eq!(naming(&Rename::default()), Ok(Naming::Identity));
        assert_eq!(
            naming(&renamed("eu.")),
            Ok(Naming::Prefix {
                alias: "eu".into(),
                separator: ".".into()
            })
        );
        let suffix = Rename {
            suffix: "-copy".into(),
            ..Rename::default()
        };
        let map = Rename {
            map: BTreeMap::from([("a".into(), "b".into())]),
            ..Rename::default()
        };
        for refused in [suffix, map, renamed("x")] {
            let NotCarried(sentence) = naming(&refused).unwrap_err();
            assert!(sentence.contains("one prefix before them"), "{sentence}");
        }
    }

    #[test]
    fn a_topic_is_matched_by_its_name_alone_and_bytes_pass_as_they_are() {
        let cluster = Cluster::new("a:1").unwrap();
        let topics = ["orders.v1".to_owned(), "x-y".to_owned()];
        let mirror = Mirror {
            task: "t-1",
            topics: &topics,
            partitions: 3,
            naming: Naming::Identity,
            source: &cluster,
            target: &cluster,
            upkeep: Upkeep::Sluice { target_brokers: 1 },
            exactly_once: true,
            overrides: false,
            compression: Codec::Auto,
        };
        let connectors = mirror.connectors().unwrap();
        let names: Vec<&str> = connectors.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "sluice-t-1-source",
                "sluice-t-1-checkpoint",
                "sluice-t-1-heartbeat"
            ]
        );
        let source = &connectors[0].config;
        assert_eq!(source["topics"], r"orders\.v1,x-y");
        let differs = crate::changed_fields(source, &connectors[0].idle());
        assert_eq!(differs, ["topics"]);
        assert_eq!(source["exactly.once.support"], "required");
        assert_eq!(source["source.consumer.isolation.level"], "read_committed");
        for converter in ["key.converter", "value.converter", "header.converter"] {
            assert_eq!(source[converter], BYTES);
        }
        assert!(source.keys().all(|key| !key.starts_with("producer.override")));
        assert!(
            connectors[1..]
                .iter()
                .all(|one| !one.config.contains_key("exactly.once.support")),
            "only the connector that copies can be exactly once"
        );
        assert_eq!(
            connectors[1].config["sync.group.offsets.enabled"], "false",
            "groups have one writer"
        );
    }

    #[test]
    fn a_connector_that_somebody_changed_is_told_by_its_fields() {
        let wanted = pairs(&[("a", "1"), ("b", "2"), ("name", "x")]);
        let found = pairs(&[("a", "1"), ("b", "3"), ("c", "4"), ("name", "x")]);
        assert_eq!(changed_fields(&wanted, &found), ["b", "c"]);
        assert_eq!(changed_fields(&wanted, &wanted), Vec::<String>::new());
    }

    #[test]
    fn what_mirror_maker_takes_for_internal_is_known() {
        for topic in ["__x", ".a", "a.internal", "a-internal", "mm2-offset-syncs.x.y"] {
            assert!(is_left_out(topic), "{topic}");
        }
        assert!(!is_left_out("orders") && !is_left_out("orders.replica"));
    }
}
