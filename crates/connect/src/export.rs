//! A task's connectors as files for people whose clusters are declared. Secrets are references.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Connector, ConnectorKind, NotCarried};

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

/// A resource `KafkaMirrorMaker2` of Strimzi, in the form of its API `v1`, which Strimzi 0.49 and newer take. Secrets are those of
/// Kubernetes secrets that are named after the task. It has no heartbeat connector, as the resource has none any more.
///
/// # Errors
/// A cluster is logged in to in a way that the resource has no fields for.
pub fn strimzi(task: &str, connectors: &[Connector]) -> Result<String, NotCarried> {
    let of = |kind| connectors.iter().find(|one| one.kind == kind);
    let Some(source) = of(ConnectorKind::Source) else {
        return Ok(String::new());
    };
    let name = format!("sluice-{task}");
    let mut yaml = Yaml::default();
    yaml.line(0, "apiVersion: kafka.strimzi.io/v1");
    yaml.line(0, "kind: KafkaMirrorMaker2");
    yaml.line(0, "metadata:");
    yaml.field(1, "name", &name);
    yaml.line(0, "spec:");
    yaml.line(1, "replicas: 2");
    yaml.line(1, "target:");
    cluster(&mut yaml, 2, "target", source, &name)?;
    yaml.field(2, "groupId", &name);
    for kind in ["config", "offset", "status"] {
        // MirrorMaker leaves out topics with such a beginning.
        yaml.field(2, &format!("{kind}StorageTopic"), &format!("__{name}-{kind}"));
    }
    yaml.line(2, "config:");
    for kind in ["config", "offset", "status"] {
        yaml.line(3, &format!("{kind}.storage.replication.factor: -1"));
    }
    if source.config.contains_key("exactly.once.support") {
        yaml.line(3, "exactly.once.source.support: enabled");
    }
    yaml.line(1, "mirrors:");
    yaml.line(2, "- source:");
    cluster(&mut yaml, 5, "source", source, &name)?;
    let topics = text(&source.config, "topics").replace(',', "|");
    yaml.field(3, "topicsPattern", &topics);
    yaml.line(3, "groupsPattern: \".*\"");
    for kind in [ConnectorKind::Source, ConnectorKind::Checkpoint] {
        let Some(connector) = of(kind) else { continue };
        yaml.line(3, &format!("{}Connector:", kind.word()));
        yaml.line(4, &format!("tasksMax: {}", text(&connector.config, "tasks.max")));
        yaml.line(4, "autoRestart:");
        yaml.line(5, "enabled: true");
        yaml.line(4, "config:");
        for (key, value) in connector.config.iter().filter(|(key, _)| is_own_setting(key)) {
            yaml.field(5, key, value);
        }
    }
    Ok(yaml.0)
}

/// Lines of YAML.
#[derive(Default)]
struct Yaml(String);

impl Yaml {
    fn line(&mut self, indent: usize, words: &str) {
        self.0.push_str(&"  ".repeat(indent));
        self.0.push_str(words);
        self.0.push('\n');
    }

    /// A text: those of JSON are texts of YAML.
    fn field(&mut self, indent: usize, name: &str, value: &str) {
        self.line(indent, &format!("{name}: {}", json!(value)));
    }
}

/// A cluster with what is needed to reach it.
fn cluster(
    yaml: &mut Yaml,
    indent: usize,
    side: &str,
    source: &Connector,
    secret: &str,
) -> Result<(), NotCarried> {
    let of = |key: &str| text(&source.config, &format!("{side}.cluster.{key}"));
    let secret = format!("{secret}-{side}");
    yaml.field(indent, "alias", of("alias"));
    yaml.field(indent, "bootstrapServers", of("bootstrap.servers"));
    let protocol = of("security.protocol");
    if protocol.ends_with("SSL") {
        yaml.line(indent, "tls:");
        if of("ssl.truststore.certificates").is_empty() {
            // Those that every system trusts.
            yaml.line(indent + 1, "trustedCertificates: []");
        } else {
            yaml.line(indent + 1, "trustedCertificates:");
            yaml.line(
                indent + 2,
                &format!("- secretName: {}", json!(format!("{secret}-ca"))),
            );
            yaml.line(indent + 3, "certificate: ca.crt");
        }
    }
    let mechanism = of("sasl.mechanism");
    if protocol.starts_with("SASL") {
        if mechanism != "PLAIN" && !mechanism.starts_with("SCRAM") {
            return Err(NotCarried(format!(
                "Strimzi's resource has no fields for a login with {mechanism} at the {side}; use SCRAM, PLAIN or a client certificate, or export the connectors for Connect"
            )));
        }
        yaml.line(indent, "authentication:");
        yaml.line(indent + 1, &format!("type: {}", mechanism.to_ascii_lowercase()));
        yaml.field(indent + 1, "username", &user_of(of("sasl.jaas.config")));
        yaml.line(indent + 1, "passwordSecret:");
        yaml.field(indent + 2, "secretName", &secret);
        yaml.line(indent + 2, "password: password");
    } else if !of("ssl.keystore.key").is_empty() {
        yaml.line(indent, "authentication:");
        yaml.line(indent + 1, "type: tls");
        yaml.line(indent + 1, "certificateAndKey:");
        yaml.field(indent + 2, "secretName", &secret);
        yaml.line(indent + 2, "certificate: tls.crt");
        yaml.line(indent + 2, "key: tls.key");
    }
    Ok(())
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
        for exported in [connect_json(&all), strimzi("t-1", &all).unwrap()] {
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
        let yaml = strimzi("t-1", &connectors()).unwrap();
        for line in [
            "apiVersion: kafka.strimzi.io/v1",
            "  target:",
            "    bootstrapServers: \"b:1\"",
            "    offsetStorageTopic: \"__sluice-t-1-offset\"",
            "      exactly.once.source.support: enabled",
            "    - source:",
            "          alias: \"sluice-t-1\"",
            "          bootstrapServers: \"a:1\"",
            "            trustedCertificates: []",
            "            type: scram-sha-512",
            "            username: \"me\"",
            "              secretName: \"sluice-t-1-source\"",
            r#"      topicsPattern: "orders\\.v1|clicks""#,
            "      sourceConnector:",
            "      checkpointConnector:",
            "          exactly.once.support: \"required\"",
        ] {
            assert!(yaml.lines().any(|have| have == line), "{line}\n{yaml}");
        }
        assert!(!yaml.contains("heartbeatConnector"));
    }

    #[test]
    fn a_login_that_strimzis_resource_has_no_fields_for_is_refused_and_not_left_out() {
        let mut all = connectors();
        let source = &mut all[0].config;
        source.insert(
            "source.cluster.sasl.mechanism".to_owned(),
            "OAUTHBEARER".to_owned(),
        );
        let NotCarried(why) = strimzi("t-1", &all).unwrap_err();
        assert!(why.contains("OAUTHBEARER at the source"), "{why}");
        let source = &mut all[0].config;
        source.insert("source.cluster.security.protocol".to_owned(), "SSL".to_owned());
        source.insert("source.cluster.ssl.keystore.key".to_owned(), "KEY".to_owned());
        source.insert(
            "source.cluster.ssl.truststore.certificates".to_owned(),
            "CA".to_owned(),
        );
        let yaml = strimzi("t-1", &all).unwrap();
        for line in [
            "            - secretName: \"sluice-t-1-source-ca\"",
            "            type: tls",
            "              key: tls.key",
        ] {
            assert!(
                yaml.lines().any(|have| have.trim() == line.trim()),
                "{line}\n{yaml}"
            );
        }
        assert!(!yaml.contains("KEY\""));
    }
}
