//! Keys of programs beside Kafka's clients that share their files.

use sluice_model::SecurityProtocol;

use super::names;

/// Programs and how their keys begin; a whole key ends with a blank. The first that fits counts.
const PROGRAMS: &[(&str, &[&str])] = &[
    (
        "a schema registry",
        &[
            "schema.registry.",
            "basic.auth.",
            "bearer.auth.",
            "auto.register.schemas ",
            "use.latest.version ",
            "specific.avro.reader ",
            "avro.",
            "json.fail.",
            "json.value.",
            "json.key.",
            "latest.compatibility.",
            "key.subject.",
            "value.subject.",
            "key.converter.schema",
            "value.converter.schema",
            "kafkastore.",
        ],
    ),
    (
        "Kafka Connect",
        &[
            "config.storage.",
            "offset.storage.",
            "status.storage.",
            "offset.flush.",
            "key.converter",
            "value.converter",
            "internal.key.",
            "internal.value.",
            "header.converter",
            "plugin.",
            "rest.",
            "connector.",
            "connect.",
            "tasks.max ",
            "topic.creation.",
            "errors.",
            "transforms",
            "predicates",
            "config.providers",
            "worker.",
            "scheduled.rebalance.",
            "task.shutdown.",
            "access.control.allow.",
            "exactly.once.source.",
        ],
    ),
    (
        "MirrorMaker",
        &[
            "clusters ",
            "emit.",
            "sync.",
            "refresh.",
            "replication.policy.",
            "checkpoints.",
            "heartbeats.",
            "offset-syncs.",
            "offset.syncs.",
            "replication.factor ",
            "source.cluster.",
            "target.cluster.",
            "topics ",
            "topics.",
            "groups ",
            "groups.",
            "dedicated.mode.",
            "config.properties.",
            "add.source.alias.",
            "forwarding.admin.",
        ],
    ),
    (
        "Cluster Linking",
        &[
            "link.",
            "connection.mode ",
            "cluster.link.",
            "consumer.offset.",
            "acl.",
            "acls.",
            "auto.create.mirror.",
            "mirror.",
            "topic.config.",
            "local.",
        ],
    ),
    (
        "Confluent's own programs",
        &["confluent.", "control.center.", "ksql.", "replicator."],
    ),
    (
        "Replicator",
        &[
            "topic.whitelist ",
            "topic.regex ",
            "topic.rename.",
            "topic.preserve.",
            "topic.config.sync ",
            "src.",
            "dest.",
            "provenance.",
            "offset.translator.",
            "offset.timestamps.",
            "topic.timestamp.",
        ],
    ),
    (
        "Kafka Streams",
        &[
            "application.id ",
            "application.server ",
            "num.stream.",
            "num.standby.",
            "processing.guarantee ",
            "state.dir ",
            "default.key.",
            "default.value.",
            "default.deserialization.",
            "default.production.",
            "topology.",
            "rocksdb.",
            "statestore.",
            "commit.interval.ms ",
        ],
    ),
    (
        "a broker",
        &[
            "broker.",
            "node.id ",
            "process.roles ",
            "controller.",
            "listeners ",
            "advertised.",
            "listener.",
            "inter.broker.",
            "log.",
            "zookeeper.",
            "offsets.",
            "transaction.state.",
            "authorizer.",
            "super.users ",
            "num.",
            "default.replication.",
            "min.insync.",
            "auto.create.topics.",
            "delete.topic.",
            "group.initial.",
            "principal.builder.",
            "password.encoder.",
        ],
    ),
    ("Spring", &["spring.", "server.port ", "management.", "logging."]),
    ("AWS", &["aws."]),
];

/// The program that a key belongs to.
pub(super) fn program(key: &str) -> Option<&'static str> {
    if key.contains("->") {
        return Some("MirrorMaker");
    }
    let whole = format!("{key} ");
    PROGRAMS
        .iter()
        .find(|(_, begins)| begins.iter().any(|begin| whole.starts_with(begin)))
        .map(|(program, _)| *program)
}

/// Why a file is none of a client's, where its text or its keys tell that.
pub(super) fn not_a_client<'a>(
    text: &str,
    mut keys: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'static str> {
    let is_jaas = text
        .lines()
        .map(str::trim)
        .any(|line| line.ends_with('{') && !line.contains(['=', ':', '(']) && line.len() > 1);
    if is_jaas && text.contains("LoginModule") {
        return Some(
            "is a login configuration of Java (JAAS), which names no brokers: write its login module behind sasl.jaas.config= in a client.properties, with bootstrap.servers and security.protocol",
        );
    }
    let is_of_broker = |key: &str| matches!(key, "broker.id" | "node.id" | "process.roles" | "log.dirs");
    let has_brokers = keys.clone().any(|key| key.ends_with("bootstrap.servers"));
    (keys.any(is_of_broker) && !has_brokers).then_some(
        "is the configuration of a broker, which says nothing of how clients log in: name the configuration of a client, with bootstrap.servers",
    )
}

/// Whether a key of another program asks for TLS in its own words, as `tls.enabled` or `spec.tls.ca_file`.
pub(super) fn asks_for_tls(key: &str, value: &str) -> bool {
    let is_tls = |part: &str| {
        let part = part.to_ascii_lowercase();
        part == "tls"
            || part.starts_with("tls_")
            || part.starts_with("tls-")
            || part == "usetls"
            || part == "use_tls"
    };
    // As `listener.protocol: SASL_SSL` and `ssl: true`.
    let last = key.rsplit('.').next().unwrap_or(key).to_ascii_lowercase();
    let says_protocol = last.ends_with("protocol")
        && key != "security.protocol"
        && [SecurityProtocol::Ssl, SecurityProtocol::SaslSsl]
            .iter()
            .any(|protocol| value.trim().eq_ignore_ascii_case(protocol.as_str()));
    let switches_on = matches!(
        last.as_str(),
        "ssl" | "usessl" | "use_ssl" | "sslenabled" | "ssl_enabled"
    ) || key == "ssl.enabled"
        || key.ends_with(".ssl.enabled");
    !is_off(value) && (says_protocol || switches_on || key.split('.').any(is_tls))
}

/// Systems beside Kafka whose security a file may name too, by a part of a key.
const OTHER_SYSTEMS: &[&str] = &[
    "annotations",
    "clickhouse",
    "curl",
    "database",
    "datasource",
    "db",
    "elastic",
    "elasticsearch",
    "email",
    "git",
    "grpc",
    "http",
    "https",
    "ingress",
    "jdbc",
    "labels",
    "ldap",
    "listener",
    "listeners",
    "mail",
    "management",
    "metadata",
    "minio",
    "mongo",
    "mongodb",
    "mqtt",
    "mysql",
    "nginx",
    "node",
    "oracle",
    "opensearch",
    "pg",
    "postgres",
    "postgresql",
    "rabbitmq",
    "rds",
    "redis",
    "registry",
    "requests",
    "rest",
    "s3",
    "server",
    "smtp",
    "snowflake",
    "sql",
    "sqlserver",
    "vault",
    "web",
    "zookeeper",
];

/// Parts of keys that speak of TLS or of a login. Whole names of files and switches of libraries are among them.
const SECURITY: &[&str] = &[
    "ca",
    "cacert",
    "cacerts",
    "cafile",
    "cert",
    "certfile",
    "certificate",
    "certificates",
    "certs",
    "crt",
    "jaas",
    "kerberos",
    "keyfile",
    "keystore",
    "keytab",
    "krb5",
    "mtls",
    "oauthbearer",
    "sasl",
    "scram",
    "ssl",
    "sslenabled",
    "tls",
    "tlsenabled",
    "truststore",
    "usessl",
    "usetls",
];

/// Whether a name belongs to another system than Kafka, or to another program's own part.
pub(super) fn is_elsewhere(name: &str) -> bool {
    let dotted = names::dotted(name);
    let of_kafka = dotted.contains("kafka");
    // As a variable of a client; the keys of a broker have no such parts.
    let bare = ["kafka.", "broker."]
        .iter()
        .find_map(|begin| dotted.strip_prefix(begin))
        .unwrap_or(&dotted);
    dotted.split('.').any(|part| OTHER_SYSTEMS.contains(&part))
        || program(&format!("{bare}.")).is_some_and(|program| !(program == "Spring" && of_kafka))
}

/// Whether a property asks for TLS or a login, in whatever words.
pub(super) fn speaks_of_security(key: &str, value: &str) -> bool {
    let dotted = names::dotted(key);
    let parts: Vec<&str> = dotted.split('.').collect();
    !is_off(value)
        && (parts.iter().any(|part| SECURITY.contains(part))
            // Options of a Java program.
            || ["java.security.auth.login.config", "javax.net.ssl."]
                .iter()
                .any(|option| value.contains(&format!("-D{option}")))
            || parts.contains(&"security") && !value.trim().eq_ignore_ascii_case("PLAINTEXT"))
}

/// Whether a value switches something off, or is none.
pub(super) fn is_off(value: &str) -> bool {
    ["false", "none", "no", "off", "0", "disabled", "disable", ""]
        .iter()
        .any(|word| value.trim().trim_matches(['"', '\'']).eq_ignore_ascii_case(word))
}

/// The kind of file that has such keys, if they tell.
pub(super) fn kind<'a>(mut keys: impl Iterator<Item = &'a str>) -> &'static str {
    if keys.any(|key| key == "clusters" || key.contains("->")) {
        "this MirrorMaker file"
    } else {
        "this file"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_in_the_words_of_another_program_is_known() {
        for (key, value, asks) in [
            ("rpk.kafka_api.tls.ca_file", "/ca.pem", true),
            ("contexts.default.tls.enabled", "true", true),
            ("contexts.default.tls.enabled", "false", false),
            ("use_tls", "true", true),
            ("title", "x", false),
            ("kafka.listener.protocol", "SASL_SSL", true),
            ("kafka.listener.protocol", "PLAINTEXT", false),
            ("security.protocol", "SASL_SSL", false),
            ("ssl", "true", true),
            ("ssl.enabled", "true", true),
            ("cluster.ssl.enabled", "false", false),
            ("ssl.truststore.location", "/x", false),
        ] {
            assert_eq!(asks_for_tls(key, value), asks, "{key}={value}");
        }
    }

    #[test]
    fn what_speaks_of_security_is_known_in_every_spelling_and_whose_it_is() {
        for (key, value, speaks, elsewhere) in [
            ("KAFKA_TLS_MODE", "strict", true, false),
            ("kafka.useTls", "true", true, false),
            ("BROKER_CA_CERT", "/x", true, false),
            ("KAFKA_SASL_KIND", "x", true, false),
            ("KAFKA_SECURITY", "SSL", true, false),
            ("KAFKA_TLS_MODE", "off", false, false),
            ("KAFKA_SECURITY", "plaintext", false, false),
            ("KAFKA_TITLES", "x", false, false),
            ("DATABASE_SSL", "true", true, true),
            ("SCHEMA_REGISTRY_TLS", "true", true, true),
            ("spring.datasource.ssl", "true", true, true),
            ("spring.kafka.ssl.bundle-of", "x", true, false),
            ("NODE_EXTRA_CA_CERTS", "/x", true, true),
        ] {
            assert_eq!(
                (speaks_of_security(key, value), is_elsewhere(key)),
                (speaks, elsewhere),
                "{key}={value}"
            );
        }
    }

    #[test]
    fn keys_are_told_by_their_program() {
        for (key, expected) in [
            ("schema.registry.url", Some("a schema registry")),
            ("basic.auth.user.info", Some("a schema registry")),
            ("config.storage.topic", Some("Kafka Connect")),
            ("config.providers.file.class", Some("Kafka Connect")),
            ("A->B.topics", Some("MirrorMaker")),
            ("clusters", Some("MirrorMaker")),
            ("link.mode", Some("Cluster Linking")),
            ("local.listener.name", Some("Cluster Linking")),
            ("spring.application.name", Some("Spring")),
            ("advertised.listeners", Some("a broker")),
            ("my.own.key", None),
        ] {
            assert_eq!(program(key), expected, "{key}");
        }
    }
}
