//! A task's connectors as files for people whose clusters are declared. Secrets are references.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::{Connector, ConnectorKind};

/// Where the exported settings expect the secrets: a file that Connect's own provider reads.
const SECRETS_FILE: &str = "/etc/kafka-connect/sluice.properties";

/// The connectors as `POST /connectors` takes each, with Kafka's `FileConfigProvider` for secrets.
#[must_use]
pub fn connect_json(connectors: &[Connector]) -> String {
    let all: Vec<Value> = connectors
        .iter()
        .map(|connector| {
            let config: BTreeMap<&String, String> = connector
                .config
                .iter()
                .map(|(key, value)| {
                    let value = if connector.secrets.contains(key) {
                        format!("${{file:{SECRETS_FILE}:{key}}}")
                    } else {
                        value.clone()
                    };
                    (key, value)
                })
                .collect();
            json!({"name": connector.name, "config": config})
        })
        .collect();
    serde_json::to_string_pretty(&all).unwrap_or_default()
}

/// A resource `KafkaMirrorMaker2` of Strimzi. Secrets are those of a Kubernetes secret that is named after the task.
#[must_use]
pub fn strimzi(task: &str, connectors: &[Connector]) -> String {
    let Some(source) = connectors.iter().find(|one| one.kind == ConnectorKind::Source) else {
        return String::new();
    };
    let name = format!("sluice-{task}");
    let (from, to) = (
        text(&source.config, "source.cluster.alias"),
        text(&source.config, "target.cluster.alias"),
    );
    let mut out = String::new();
    let mut line = |indent: usize, words: String| {
        // Writing into a string does not fail.
        writeln!(out, "{}{words}", "  ".repeat(indent)).unwrap_or_default();
    };
    line(0, "apiVersion: kafka.strimzi.io/v1beta2".to_owned());
    line(0, "kind: KafkaMirrorMaker2".to_owned());
    line(0, "metadata:".to_owned());
    line(1, format!("name: {}", quoted(&name)));
    line(0, "spec:".to_owned());
    line(1, "replicas: 2".to_owned());
    line(1, format!("connectCluster: {}", quoted(to)));
    line(1, "clusters:".to_owned());
    for (side, alias) in [("source", from), ("target", to)] {
        cluster(&mut line, side, alias, source, &name);
    }
    line(1, "mirrors:".to_owned());
    line(2, format!("- sourceCluster: {}", quoted(from)));
    line(3, format!("targetCluster: {}", quoted(to)));
    line(
        3,
        format!(
            "topicsPattern: {}",
            quoted(&text(&source.config, "topics").replace(',', "|"))
        ),
    );
    line(3, "groupsPattern: \".*\"".to_owned());
    for connector in connectors {
        line(3, format!("{}Connector:", connector.kind.word()));
        line(4, format!("tasksMax: {}", text(&connector.config, "tasks.max")));
        line(4, "autoRestart:".to_owned());
        line(5, "enabled: true".to_owned());
        line(4, "config:".to_owned());
        for (key, value) in connector.config.iter().filter(|(key, _)| is_own_setting(key)) {
            line(5, format!("{key}: {}", quoted(value)));
        }
    }
    out
}

/// A cluster with what is needed to reach it.
fn cluster(line: &mut impl FnMut(usize, String), side: &str, alias: &str, source: &Connector, secret: &str) {
    let prefix = format!("{side}.cluster.");
    let of = |key: &str| text(&source.config, &format!("{prefix}{key}"));
    line(2, format!("- alias: {}", quoted(alias)));
    line(
        3,
        format!("bootstrapServers: {}", quoted(of("bootstrap.servers"))),
    );
    let protocol = of("security.protocol");
    if protocol.ends_with("SSL") {
        line(3, "tls:".to_owned());
        line(4, "trustedCertificates:".to_owned());
        line(
            5,
            format!("- secretName: {}", quoted(&format!("{secret}-{side}-ca"))),
        );
        line(6, "certificate: ca.crt".to_owned());
    }
    let mechanism = of("sasl.mechanism");
    if protocol.starts_with("SASL") && (mechanism == "PLAIN" || mechanism.starts_with("SCRAM")) {
        line(3, "authentication:".to_owned());
        line(4, format!("type: {}", mechanism.to_ascii_lowercase()));
        line(
            4,
            format!("username: {}", quoted(&user_of(of("sasl.jaas.config")))),
        );
        line(4, "passwordSecret:".to_owned());
        line(5, format!("secretName: {}", quoted(&format!("{secret}-{side}"))));
        line(5, "password: password".to_owned());
    }
}

/// Settings that the resource does not have elsewhere.
fn is_own_setting(key: &str) -> bool {
    let elsewhere = ["name", "connector.class", "tasks.max", "topics", "groups"];
    !elsewhere.contains(&key) && !key.starts_with("source.cluster.") && !key.starts_with("target.cluster.")
}

fn text<'a>(config: &'a BTreeMap<String, String>, key: &str) -> &'a str {
    config.get(key).map_or("", String::as_str)
}

/// The user of a JAAS configuration.
fn user_of(jaas: &str) -> String {
    jaas.split_once("username=\"")
        .and_then(|(_, rest)| rest.split_once("\" "))
        .map(|(user, _)| user.replace("\\\"", "\"").replace("\\\\", "\\"))
        .unwrap_or_default()
}

/// A text of YAML: JSON's are.
fn quoted(text: &str) -> String {
    json!(text).to_string()
}

#[cfg(test)]
mod tests {
    use sluice_model::{Cluster, Codec};

    use super::*;
    use crate::{Mirror, Naming, Upkeep};

    fn connectors() -> Vec<Connector> {
        let mut source = Cluster::new("a:1").unwrap();
        source.set("security.protocol", "SASL_SSL");
        source.set("sasl.mechanism", "SCRAM-SHA-512");
        source.set("sasl.username", "me");
        source.set("sasl.password", "hunter2");
        let target = Cluster::new("b:1").unwrap();
        let topics = ["orders.v1".to_owned(), "clicks".to_owned()];
        Mirror {
            task: "t-1",
            topics: &topics,
            partitions: 3,
            naming: Naming::Identity,
            source: &source,
            target: &target,
            upkeep: Upkeep::MirrorMaker {
                replication_factor: None,
            },
            exactly_once: true,
            overrides: true,
            compression: Codec::Auto,
        }
        .connectors()
        .unwrap()
    }

    #[test]
    fn no_export_has_a_secret_in_it() {
        let all = connectors();
        for exported in [connect_json(&all), strimzi("t-1", &all)] {
            assert!(!exported.contains("hunter2"), "{exported}");
        }
        let json: Value = serde_json::from_str(&connect_json(&all)).unwrap();
        assert_eq!(
            json[0]["config"]["source.cluster.sasl.jaas.config"],
            "${file:/etc/kafka-connect/sluice.properties:source.cluster.sasl.jaas.config}"
        );
    }

    #[test]
    fn nothing_runs_beside_an_export_so_mirror_maker_makes_topics_and_keeps_their_settings() {
        let source = &connectors()[0].config;
        for (name, value) in [
            ("replication.factor", "-1"),
            ("offset-syncs.topic.replication.factor", "-1"),
            ("sync.topic.configs.enabled", "true"),
            ("sync.topic.acls.enabled", "false"),
        ] {
            assert_eq!(source[name], value, "{name}");
        }
    }

    #[test]
    fn strimzis_resource_names_clusters_topics_and_connectors() {
        let yaml = strimzi("t-1", &connectors());
        for line in [
            "kind: KafkaMirrorMaker2",
            "    - alias: \"sluice-t-1\"",
            "      bootstrapServers: \"a:1\"",
            "        type: scram-sha-512",
            "        username: \"me\"",
            r#"      topicsPattern: "orders\\.v1|clicks""#,
            "      sourceConnector:",
            "      checkpointConnector:",
            "      heartbeatConnector:",
            "          exactly.once.support: \"required\"",
        ] {
            assert!(yaml.lines().any(|have| have == line), "{line}\n{yaml}");
        }
    }
}
