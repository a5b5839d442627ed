//! The names, types and defaults of topic and broker settings, as of Kafka 4.

/// How a value is checked and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Text,
    /// A whole number of 32 bits, at least this.
    Int(i64),
    /// A whole number of 64 bits, at least this.
    Long(i64),
    /// A fraction between 0 and 1.
    Fraction,
    List,
}

impl Kind {
    /// The type number in DescribeConfigs.
    pub(crate) fn code(self) -> i8 {
        match self {
            Kind::Boolean => 1,
            Kind::Text => 2,
            Kind::Int(_) => 3,
            Kind::Long(_) => 5,
            Kind::Fraction => 6,
            Kind::List => 7,
        }
    }
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: &'static str,
    /// The words allowed; empty if any are.
    pub(crate) words: &'static [&'static str],
    /// For a topic setting, the broker setting that gives the default.
    pub(crate) broker_name: Option<&'static str>,
}

const fn topic(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    broker_name: Option<&'static str>,
) -> Setting {
    Setting {
        name,
        kind,
        default,
        words: &[],
        broker_name,
    }
}

const fn words(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    words: &'static [&'static str],
    broker_name: Option<&'static str>,
) -> Setting {
    Setting {
        name,
        kind,
        default,
        words,
        broker_name,
    }
}

const fn broker(name: &'static str, kind: Kind, default: &'static str) -> Setting {
    Setting {
        name,
        kind,
        default,
        words: &[],
        broker_name: None,
    }
}

const LONG_MAX: &str = "9223372036854775807";

const CLEANUP: &[&str] = &["delete", "compact"];
const CODECS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];
const TIMES: &[&str] = &["CreateTime", "LogAppendTime"];

/// Every topic setting.
pub(crate) const TOPIC_SETTINGS: &[Setting] = &[
    words(
        "cleanup.policy",
        Kind::List,
        "delete",
        CLEANUP,
        Some("log.cleanup.policy"),
    ),
    topic(
        "compression.gzip.level",
        Kind::Int(-1),
        "-1",
        Some("compression.gzip.level"),
    ),
    topic(
        "compression.lz4.level",
        Kind::Int(1),
        "9",
        Some("compression.lz4.level"),
    ),
    words(
        "compression.type",
        Kind::Text,
        "producer",
        CODECS,
        Some("compression.type"),
    ),
    topic(
        "compression.zstd.level",
        Kind::Int(-131_072),
        "3",
        Some("compression.zstd.level"),
    ),
    topic(
        "delete.retention.ms",
        Kind::Long(0),
        "86400000",
        Some("log.cleaner.delete.retention.ms"),
    ),
    topic(
        "file.delete.delay.ms",
        Kind::Long(0),
        "60000",
        Some("log.segment.delete.delay.ms"),
    ),
    topic(
        "flush.messages",
        Kind::Long(1),
        LONG_MAX,
        Some("log.flush.interval.messages"),
    ),
    topic("flush.ms", Kind::Long(0), LONG_MAX, None),
    topic("follower.replication.throttled.replicas", Kind::List, "", None),
    topic(
        "index.interval.bytes",
        Kind::Int(0),
        "4096",
        Some("log.index.interval.bytes"),
    ),
    topic("leader.replication.throttled.replicas", Kind::List, "", None),
    topic("local.retention.bytes", Kind::Long(-2), "-2", None),
    topic("local.retention.ms", Kind::Long(-2), "-2", None),
    topic(
        "max.compaction.lag.ms",
        Kind::Long(1),
        LONG_MAX,
        Some("log.cleaner.max.compaction.lag.ms"),
    ),
    topic(
        "max.message.bytes",
        Kind::Int(0),
        "1048588",
        Some("message.max.bytes"),
    ),
    topic(
        "message.timestamp.after.max.ms",
        Kind::Long(0),
        "3600000",
        Some("log.message.timestamp.after.max.ms"),
    ),
    topic(
        "message.timestamp.before.max.ms",
        Kind::Long(0),
        LONG_MAX,
        Some("log.message.timestamp.before.max.ms"),
    ),
    words(
        "message.timestamp.type",
        Kind::Text,
        "CreateTime",
        TIMES,
        Some("log.message.timestamp.type"),
    ),
    topic(
        "min.cleanable.dirty.ratio",
        Kind::Fraction,
        "0.5",
        Some("log.cleaner.min.cleanable.ratio"),
    ),
    topic(
        "min.compaction.lag.ms",
        Kind::Long(0),
        "0",
        Some("log.cleaner.min.compaction.lag.ms"),
    ),
    topic(
        "min.insync.replicas",
        Kind::Int(1),
        "1",
        Some("min.insync.replicas"),
    ),
    topic("preallocate", Kind::Boolean, "false", Some("log.preallocate")),
    topic("remote.log.copy.disable", Kind::Boolean, "false", None),
    topic("remote.log.delete.on.disable", Kind::Boolean, "false", None),
    topic("remote.storage.enable", Kind::Boolean, "false", None),
    topic(
        "retention.bytes",
        Kind::Long(-1),
        "-1",
        Some("log.retention.bytes"),
    ),
    topic(
        "retention.ms",
        Kind::Long(-1),
        "604800000",
        Some("log.retention.ms"),
    ),
    topic(
        "segment.bytes",
        Kind::Int(14),
        "1073741824",
        Some("log.segment.bytes"),
    ),
    topic(
        "segment.index.bytes",
        Kind::Int(4),
        "10485760",
        Some("log.index.size.max.bytes"),
    ),
    topic("segment.jitter.ms", Kind::Long(0), "0", None),
    topic("segment.ms", Kind::Long(1), "604800000", Some("log.roll.ms")),
    topic(
        "unclean.leader.election.enable",
        Kind::Boolean,
        "false",
        Some("unclean.leader.election.enable"),
    ),
];

/// The broker settings that can be given or asked for.
pub(crate) const BROKER_SETTINGS: &[Setting] = &[
    broker("auto.create.topics.enable", Kind::Boolean, "false"),
    broker("compression.gzip.level", Kind::Int(-1), "-1"),
    broker("compression.lz4.level", Kind::Int(1), "9"),
    words("compression.type", Kind::Text, "producer", CODECS, None),
    broker("compression.zstd.level", Kind::Int(-131_072), "3"),
    broker("default.replication.factor", Kind::Int(1), "1"),
    broker("delete.topic.enable", Kind::Boolean, "true"),
    words("log.cleanup.policy", Kind::List, "delete", CLEANUP, None),
    broker("log.cleaner.delete.retention.ms", Kind::Long(0), "86400000"),
    broker("log.cleaner.max.compaction.lag.ms", Kind::Long(1), LONG_MAX),
    broker("log.cleaner.min.cleanable.ratio", Kind::Fraction, "0.5"),
    broker("log.cleaner.min.compaction.lag.ms", Kind::Long(0), "0"),
    broker("log.flush.interval.messages", Kind::Long(1), LONG_MAX),
    broker("log.index.interval.bytes", Kind::Int(0), "4096"),
    broker("log.index.size.max.bytes", Kind::Int(4), "10485760"),
    broker("log.message.timestamp.after.max.ms", Kind::Long(0), "3600000"),
    broker("log.message.timestamp.before.max.ms", Kind::Long(0), LONG_MAX),
    words(
        "log.message.timestamp.type",
        Kind::Text,
        "CreateTime",
        TIMES,
        None,
    ),
    broker("log.preallocate", Kind::Boolean, "false"),
    broker("log.retention.bytes", Kind::Long(-1), "-1"),
    broker("log.retention.ms", Kind::Long(-1), "604800000"),
    broker("log.roll.ms", Kind::Long(1), "604800000"),
    broker("log.segment.bytes", Kind::Int(14), "1073741824"),
    broker("log.segment.delete.delay.ms", Kind::Long(0), "60000"),
    broker("message.max.bytes", Kind::Int(0), "1048588"),
    broker("min.insync.replicas", Kind::Int(1), "1"),
    broker("num.partitions", Kind::Int(1), "1"),
    broker("offset.metadata.max.bytes", Kind::Int(0), "4096"),
    broker("offsets.retention.minutes", Kind::Int(1), "10080"),
    broker("transaction.max.timeout.ms", Kind::Int(1), "900000"),
    broker("unclean.leader.election.enable", Kind::Boolean, "false"),
];
