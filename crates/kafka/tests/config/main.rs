//! Configuration files as people bring them: fourteen real kinds in `tests/config`, and more that are written here. A
//! file is taken with the right connection, refused with what to do, or taken with a gap; and it is the same whether a
//! data source is made of it or a copy is started with it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on panics"
)]

mod others;
mod strength;

use std::path::{Path, PathBuf};

use sluice_kafka::{ClientProperties, Imported, import_file};
use sluice_model::{Cluster, SaslMechanism, Secret, SecurityProtocol};
use tempfile::TempDir;

/// Everything that must never be shown.
const SECRETS: &[&str] = &[
    "hunter",
    "PLACEHOLDERSECRET",
    "PLACEHOLDER/secret",
    "PLACEHOLDERSRSECRET",
    "PLACEHOLDERLOCALSECRET",
    "PLACEHOLDERSTOREPASS",
    "PLACEHOLDERHMAC",
    "changeit",
    "$PLACEHOLDER+",
];

/// What became of a file.
struct Answer {
    imported: Imported,
    /// What `--from-config` says, or the cluster it makes.
    direct: Result<Cluster, String>,
}

impl Answer {
    fn notes(&self) -> String {
        self.imported.notes.join("\n")
    }

    fn password(&self) -> Option<&str> {
        self.imported.secrets.password.as_ref().map(Secret::reveal)
    }

    fn property(&self, name: &str) -> Option<&str> {
        let cluster = self.direct.as_ref().expect("a whole connection");
        cluster.properties().get(name).map(|value| value.reveal())
    }
}

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/config")
        .join(name)
}

/// Both ways to bring a file, which must agree; and nothing secret may be in what they say.
fn brought(path: &Path) -> Result<Answer, String> {
    let imported = import_file(path).map_err(|error| format!("{error}\n{error:?}"));
    let direct = ClientProperties::load_complete(path, true).map(|properties| {
        let mut cluster = Cluster::new(properties.bootstrap().unwrap_or("none:1")).unwrap();
        properties.apply(&mut cluster);
        cluster
    });
    let direct = direct.map_err(|error| error.to_string());
    let said = match &imported {
        Ok(imported) => format!("{imported:?} {:?}", imported.notes),
        Err(error) => error.clone(),
    } + direct.as_ref().err().map_or("", String::as_str);
    for secret in SECRETS {
        assert!(
            !said.contains(secret),
            "{}: {secret} is shown: {said}",
            path.display()
        );
    }
    match imported {
        Ok(imported) => Ok(Answer { imported, direct }),
        Err(error) => {
            let said = direct.unwrap_err();
            assert!(error.starts_with(&said), "two answers: {error} / {said}");
            Err(said)
        }
    }
}

fn taken(name: &str) -> Answer {
    brought(&case(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn refused(name: &str) -> String {
    match brought(&case(name)) {
        Ok(answer) => panic!("{name}: taken as {:?}", answer.imported),
        Err(error) => error,
    }
}

/// A file of this text in a directory of its own.
fn file(text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("client.properties");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

fn text_taken(text: &str) -> Answer {
    let (_dir, path) = file(text);
    brought(&path).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn text_refused(text: &str) -> String {
    let (_dir, path) = file(text);
    match brought(&path) {
        Ok(answer) => panic!("{text}: taken as {:?}", answer.imported),
        Err(error) => error,
    }
}

#[test]
fn confluent_clouds_java_file_with_a_schema_registry_is_taken_without_the_registry() {
    let answer = taken("confluent_cloud_java_sr.properties");
    let form = &answer.imported.form;
    assert_eq!(form.bootstrap, "pkc-00000.eu-west-1.example.com:9092");
    assert_eq!(form.protocol, SecurityProtocol::SaslSsl);
    assert_eq!(form.mechanism, Some(SaslMechanism::Plain));
    assert_eq!(form.username.as_deref(), Some("PLACEHOLDERKEY"));
    assert_eq!(answer.password(), Some("PLACEHOLDER/secret+1=="));
    assert!(form.verify_host_name);
    assert_eq!(form.ca_file, None);
    assert_eq!(form.extra["socket.timeout.ms"], "30000");
    assert_eq!(form.extra.len(), 1, "{:?}", form.extra);
    for key in [
        "acks",
        "client.dns.lookup",
        "session.timeout.ms",
        "schema.registry.url",
        "basic.auth.user.info",
        "basic.auth.credentials.source",
    ] {
        assert!(answer.notes().contains(key), "{key}: {}", answer.notes());
    }
    assert_eq!(answer.property("sasl.password"), Some("PLACEHOLDER/secret+1=="));
}

#[test]
fn spring_boots_prefix_is_taken_off() {
    let answer = taken("springboot_ccloud.properties");
    let form = &answer.imported.form;
    assert_eq!(form.bootstrap, "pkc-00000.eu-west-1.example.com:9092");
    assert_eq!(form.protocol, SecurityProtocol::SaslSsl);
    assert_eq!(form.mechanism, Some(SaslMechanism::Plain));
    assert_eq!(form.username.as_deref(), Some("PLACEHOLDERKEY"));
    assert_eq!(answer.password(), Some("PLACEHOLDERSECRET"));
    assert_eq!(form.extra["socket.timeout.ms"], "30000");
    assert!(
        answer.notes().contains("spring.kafka.properties"),
        "{}",
        answer.notes()
    );
}

#[test]
fn only_the_outer_connection_of_a_cluster_link_is_taken() {
    let answer = taken("cluster_link_cp.properties");
    let form = &answer.imported.form;
    assert_eq!(form.bootstrap, "pkc-00000.eu-west-1.example.com:9092");
    assert_eq!(form.mechanism, Some(SaslMechanism::Plain));
    assert_eq!(form.username.as_deref(), Some("PLACEHOLDERKEY"));
    assert!(form.verify_host_name);
    for key in ["link.mode", "connection.mode", "local."] {
        assert!(answer.notes().contains(key), "{key}: {}", answer.notes());
    }
    assert!(form.extra.is_empty(), "{:?}", form.extra);
}

#[test]
fn client_credentials_are_read_as_kafka_4_1_writes_them() {
    let answer = taken("kafka41_oidc.properties");
    let form = &answer.imported.form;
    assert_eq!(form.mechanism, Some(SaslMechanism::OauthBearer));
    assert_eq!(form.oauth.client_id.as_deref(), Some("jdoe"));
    assert_eq!(form.oauth.scope.as_deref(), Some("my-application-scope"));
    assert_eq!(
        form.oauth.token_endpoint.as_deref(),
        Some("https://login.example.com/oauth2/v1/token")
    );
    let secret = answer
        .imported
        .secrets
        .oauth_client_secret
        .as_ref()
        .map(Secret::reveal);
    assert_eq!(secret, Some("$PLACEHOLDER+"));
    assert_eq!(answer.property("sasl.oauthbearer.method"), Some("oidc"));
    assert_eq!(
        answer.property("sasl.oauthbearer.client.secret"),
        Some("$PLACEHOLDER+")
    );
}

#[test]
fn kerberos_is_known_by_its_login_module() {
    let answer = taken("kerberos_ticket_cache.properties");
    let form = &answer.imported.form;
    assert_eq!(form.bootstrap, "kafka1.example.com:9093");
    assert_eq!(form.protocol, SecurityProtocol::SaslPlaintext);
    assert_eq!(form.mechanism, Some(SaslMechanism::Gssapi));
    assert_eq!(form.kerberos.service_name.as_deref(), Some("kafka"));
    assert_eq!((&form.kerberos.principal, &form.kerberos.keytab), (&None, &None));
    assert_eq!(
        answer.notes().contains("Kerberos"),
        !cfg!(feature = "kerberos"),
        "{}",
        answer.notes()
    );
}

#[test]
fn a_scheme_before_the_host_decides_the_protocol() {
    let answer = taken("variant_scheme_in_bootstrap.properties");
    let form = &answer.imported.form;
    assert_eq!(form.bootstrap, "pkc-00000.eu-west-1.example.com:9092");
    assert_eq!(form.protocol, SecurityProtocol::SaslSsl);
    assert_eq!(form.mechanism, Some(SaslMechanism::Plain));
    assert_eq!(answer.password(), Some("PLACEHOLDER/secret+1=="));
    assert_eq!(answer.property("security.protocol"), Some("SASL_SSL"));
}

#[test]
fn one_of_mirrormakers_clusters_is_asked_for_and_taken_by_its_name() {
    let error = refused("mirrormaker2.properties");
    for word in ["MirrorMaker", "A, B", "FILE#A"] {
        assert!(error.contains(word), "{word}: {error}");
    }
    let b = taken("mirrormaker2.properties#B");
    assert_eq!(b.imported.form.name, "B");
    assert_eq!(b.imported.form.bootstrap, "pkc-00000.eu-west-1.example.com:9092");
    assert_eq!(b.imported.form.protocol, SecurityProtocol::SaslSsl);
    assert_eq!(b.imported.form.mechanism, Some(SaslMechanism::Plain));
    assert_eq!(b.password(), Some("PLACEHOLDERSECRET"));
    let a = taken("mirrormaker2.properties#A");
    assert_eq!(
        a.imported.form.bootstrap,
        "broker1.example.com:9092,broker2.example.com:9092,broker3.example.com:9092"
    );
    assert_eq!(a.imported.form.protocol, SecurityProtocol::Plaintext);
    assert_eq!(a.password(), None);
    assert!(a.imported.form.extra.is_empty(), "{:?}", a.imported.form.extra);
    let error = refused("mirrormaker2.properties#C");
    assert!(error.contains("'C'") && error.contains("A, B"), "{error}");
}

#[test]
fn java_key_stores_are_converted_and_a_check_that_is_off_is_named() {
    let answer = taken("mtls_jks_no_hostcheck.properties");
    let form = &answer.imported.form;
    assert_eq!(form.protocol, SecurityProtocol::Ssl);
    assert!(!form.verify_host_name);
    assert!(
        answer
            .notes()
            .contains("host names of the brokers are not checked"),
        "{}",
        answer.notes()
    );
    let pem = std::fs::read_to_string(case("stores/client.pem")).unwrap();
    assert_eq!(form.extra["ssl.ca.pem"].trim(), pem.replace('\r', "").trim());
    assert!(form.extra["ssl.certificate.pem"].starts_with("-----BEGIN CERTIFICATE-----"));
    let key = answer
        .imported
        .secrets
        .key_pem
        .as_ref()
        .map(Secret::reveal)
        .unwrap();
    assert!(
        key.starts_with("-----BEGIN PRIVATE KEY-----"),
        "a key in clear in memory, kept as a secret"
    );
    assert_eq!(answer.property("ssl.key.pem").map(str::trim), Some(key.trim()));
    let mut named = form.clone();
    named.name = "n".to_owned();
    assert!(named.cluster(&answer.imported.secrets).is_ok());
}

#[test]
fn stores_that_are_missing_or_do_not_open_are_all_named() {
    let text = "bootstrap.servers=a:1\nsecurity.protocol=SSL\nssl.truststore.location=t.jks\nssl.keystore.location=k.p12\n\
                ssl.keystore.password=hunter2\n";
    let (dir, path) = file(text);
    let error = brought(&path).err().unwrap();
    assert!(error.contains("t.jks") && error.contains("k.p12"), "{error}");
    std::fs::copy(case("stores/trust.jks"), dir.path().join("t.jks")).unwrap();
    std::fs::copy(case("stores/client.keystore.jks"), dir.path().join("k.p12")).unwrap();
    let error = brought(&path).err().unwrap();
    assert!(
        error.contains("k.p12") && error.contains("password") && !error.contains("t.jks"),
        "{error}"
    );
    std::fs::copy(case("stores/client.p12"), dir.path().join("k.p12")).unwrap();
    assert!(brought(&path).is_ok());
}

#[test]
fn strimzis_names_of_client_credentials_mean_the_same() {
    let answer = taken("strimzi_oauth.properties");
    let form = &answer.imported.form;
    assert_eq!(form.mechanism, Some(SaslMechanism::OauthBearer));
    assert_eq!(form.oauth.client_id.as_deref(), Some("kafka-cli"));
    assert_eq!(
        form.oauth.token_endpoint.as_deref(),
        Some("https://keycloak.example.com:8443/auth/realms/kafka-authz/protocol/openid-connect/token")
    );
    let secret = answer
        .imported
        .secrets
        .oauth_client_secret
        .as_ref()
        .map(Secret::reveal);
    assert_eq!(secret, Some("PLACEHOLDERSECRET"));
}

#[test]
fn a_delegation_token_is_refused_by_its_name() {
    let error = refused("delegation_token.properties");
    assert!(
        error.contains("delegation token") && error.contains("SCRAM user"),
        "{error}"
    );
}

#[test]
fn a_placeholder_of_another_programs_provider_is_a_gap_and_never_a_password() {
    let answer = taken("strimzi_connect_plain.properties");
    let form = &answer.imported.form;
    assert_eq!(form.bootstrap, "my-cluster-kafka-bootstrap:9092");
    assert_eq!(form.protocol, SecurityProtocol::SaslPlaintext);
    assert_eq!(form.username.as_deref(), Some("user1"));
    assert_eq!(answer.password(), None);
    let notes = answer.notes();
    assert!(
        notes.contains("'sasl.password' is left open") && notes.contains("strimzidir"),
        "{notes}"
    );
    assert!(notes.contains("producer.*"), "{notes}");
    let error = answer.direct.as_ref().unwrap_err();
    assert!(error.contains("'sasl.password' is left open"), "{error}");
}

#[test]
fn the_default_section_of_an_ini_file_is_taken() {
    let answer = taken("python_ini.properties");
    let form = &answer.imported.form;
    assert_eq!(form.bootstrap, "localhost:50440");
    assert_eq!(form.protocol, SecurityProtocol::Plaintext);
    let notes = answer.notes();
    assert!(
        notes.contains("[consumer]") && notes.contains("group.id") && notes.contains("auto.offset.reset"),
        "{notes}"
    );
}

#[test]
fn utf_16_is_read() {
    let answer = taken("variant_utf16.properties");
    assert_eq!(answer.imported.form.bootstrap, "127.0.0.1:9092");
    let notes = answer.notes();
    assert!(
        notes.contains("'request.required.acks'") && notes.contains("'enable.idempotence'"),
        "{notes}"
    );
    assert!(notes.is_ascii(), "{notes}");
}

#[test]
fn kafkas_file_provider_is_followed_and_a_missing_file_is_named_with_its_key() {
    let error = refused("connect_file_provider_no_jks.properties");
    assert!(
        error.contains("connect.secrets") && error.contains("'sasl.password'"),
        "{error}"
    );
    assert!(
        !error.contains("/nowhere"),
        "the producer's placeholder means nothing here: {error}"
    );

    let (dir, path) = file(std::fs::read(case("connect_file_provider_no_jks.properties")).unwrap());
    std::fs::create_dir(dir.path().join("stores")).unwrap();
    std::fs::write(
        dir.path().join("stores/connect.secrets"),
        "sasl.password=hunter2\"x\n",
    )
    .unwrap();
    let answer = brought(&path).unwrap();
    assert_eq!(answer.imported.form.username.as_deref(), Some("connect-worker"));
    assert_eq!(answer.password(), Some("hunter2\"x"));
    let notes = answer.notes();
    for key in [
        "config.storage.topic",
        "producer.*",
        "group.id",
        "config.providers",
    ] {
        assert!(notes.contains(key), "{key}: {notes}");
    }
}
