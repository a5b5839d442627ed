//! Nothing is taken weaker than a file says, in whatever words it says it, and what contradicts itself is refused.

use super::*;

fn protocol(text: &str) -> SecurityProtocol {
    text_taken(text).imported.form.protocol
}

#[test]
fn security_in_the_words_of_an_environment_is_understood() {
    for (lines, wanted) in [
        ("KAFKA_TLS=true", SecurityProtocol::Ssl),
        ("KAFKA_TLS_ENABLED=true", SecurityProtocol::Ssl),
        ("KAFKA_USE_TLS=1", SecurityProtocol::Ssl),
        ("KAFKA_SSL=true", SecurityProtocol::Ssl),
        ("KAFKA_SECURITY=SASL_SSL", SecurityProtocol::SaslSsl),
        (
            "KAFKA_CLIENT_SECURITY_PROTOCOL=SASL_SSL",
            SecurityProtocol::SaslSsl,
        ),
        ("KAFKA_CONSUMER_SECURITY_PROTOCOL=SSL", SecurityProtocol::Ssl),
        (
            "KAFKA_USERNAME=u\nKAFKA_PASSWORD=hunter2\nKAFKA_SSL=true",
            SecurityProtocol::SaslSsl,
        ),
        (
            "KAFKA_USERNAME=u\nKAFKA_PASSWORD=hunter2\nKAFKA_SSL=false",
            SecurityProtocol::SaslPlaintext,
        ),
        (
            "KAFKA_USERNAME=u\nKAFKA_PASSWORD=hunter2",
            SecurityProtocol::SaslSsl,
        ),
        ("KAFKA_TLS=false", SecurityProtocol::Plaintext),
        ("DATABASE_SSL=true\nREDIS_TLS=true", SecurityProtocol::Plaintext),
        (
            "KAFKA_SECURITY_PROTOCOL=PLAINTEXT\nAPP_TLS=true",
            SecurityProtocol::Plaintext,
        ),
    ] {
        let text = format!("KAFKA_BOOTSTRAP_SERVERS=b:9092\n{lines}\n");
        assert_eq!(protocol(&text), wanted, "{lines}");
        let text = format!("KAFKA_BROKERS=b:9092\n{lines}\n");
        assert_eq!(protocol(&text), wanted, "{lines}");
    }
    let json = "{\"Kafka\": {\"BootstrapServers\": \"a:1\", \"UseTls\": true}}";
    assert_eq!(protocol(json), SecurityProtocol::Ssl);
    assert_eq!(
        protocol("bootstrap.servers=a:1\nuse_tls=true\n"),
        SecurityProtocol::Ssl
    );
}

#[test]
fn a_certificate_in_an_environment_is_that_of_the_connection() {
    let pem = std::fs::read_to_string(case("stores/client.pem")).unwrap();
    for name in ["KAFKA_SSL_CA", "KAFKA_CA_CERT", "KAFKA_SSL_CA_LOCATION"] {
        let (dir, path) = file(format!("KAFKA_BOOTSTRAP_SERVERS=b:9092\n{name}=ca.pem\n"));
        std::fs::write(dir.path().join("ca.pem"), &pem).unwrap();
        let form = brought(&path).unwrap().imported.form;
        assert_eq!(form.protocol, SecurityProtocol::Ssl, "{name}");
        assert_eq!(form.ca_file.as_deref(), dir.path().join("ca.pem").to_str());
    }
    let text = format!("KAFKA_BOOTSTRAP_SERVERS=b:9092\nKAFKA_CA_CERT=\"{pem}\"\n");
    let form = text_taken(&text).imported.form;
    assert_eq!(form.protocol, SecurityProtocol::Ssl);
    assert_eq!(form.extra["ssl.ca.pem"].trim(), pem.replace('\r', "").trim());
}

#[test]
fn what_is_not_understood_of_security_is_refused_by_its_key() {
    for (line, key) in [
        ("KAFKA_TLS_MODE=strict", "KAFKA_TLS_MODE"),
        ("KAFKA_TLS=required", "KAFKA_TLS"),
        ("BROKER_CERTS_DIR=/x", "BROKER_CERTS_DIR"),
        ("KAFKA_SASL_KIND=x", "KAFKA_SASL_KIND"),
        ("KAFKA_SECURITY=encrypted", "KAFKA_SECURITY"),
        ("APP_USE_TLS=true", "APP_USE_TLS"),
        (
            "KAFKA_OPTS=-Djava.security.auth.login.config=/etc/jaas.conf",
            "KAFKA_OPTS",
        ),
    ] {
        let error = text_refused(&format!("KAFKA_BOOTSTRAP_SERVERS=b:9092\n{line}\n"));
        assert!(
            error.contains(&format!("'{key}' asks for ")) && error.contains("security.protocol"),
            "{line}: {error}"
        );
    }
    for text in [
        "mp.messaging.incoming.in.security.protocol=SASL_SSL\nkafka.bootstrap.servers=a:1\n",
        "bootstrap.servers=a:1\nmine.ssl.truststore.location=/x\n",
        "[default]\nbootstrap.servers=a:1\n[mine]\nsecurity.protocol=SSL\n",
    ] {
        let error = text_refused(text);
        assert!(error.contains("asks for security"), "{text}: {error}");
    }
    for text in [
        "bootstrap.servers=a:1\nschema.registry.ssl.truststore.location=/x\n",
        "bootstrap.servers=a:1\nlisteners.https.ssl.keystore.location=/x\n",
        "bootstrap.servers=a:1\nspring.datasource.ssl.mode=required\nserver.ssl.enabled=true\n",
        "A.bootstrap.servers=a:1\nB.bootstrap.servers=b:1\nB.consumer.security.protocol=SSL\nB.tls.enabled=true\nclusters=A,B\n",
    ] {
        let (_dir, path) = file(text);
        let path = if text.starts_with('A') {
            PathBuf::from(format!("{}#A", path.display()))
        } else {
            path
        };
        let answer = brought(&path).unwrap();
        assert_eq!(
            answer.imported.form.protocol,
            SecurityProtocol::Plaintext,
            "{text}"
        );
    }
}

#[test]
fn security_of_consumer_and_producer_is_the_connections_where_they_agree() {
    let jaas =
        "org.apache.kafka.common.security.scram.ScramLoginModule required username='u' password='hunter2';";
    for (brokers, parts) in [
        (
            "schema.history.internal.kafka.bootstrap.servers",
            [
                "schema.history.internal.producer",
                "schema.history.internal.consumer",
            ],
        ),
        (
            "spring.kafka.bootstrap-servers",
            [
                "spring.kafka.consumer.properties",
                "spring.kafka.producer.properties",
            ],
        ),
        ("bootstrap.servers", ["producer", "consumer"]),
        ("bootstrap.servers", ["producer.override", "consumer.override"]),
        ("kafka.bootstrap.servers", ["kafka.consumer", "kafka.producer"]),
        (
            "spring.kafka.consumer.bootstrap-servers",
            ["spring.kafka", "spring.kafka.properties"],
        ),
    ] {
        let security = |part: &str, protocol: &str| {
            format!(
                "{part}.security.protocol={protocol}\n{part}.sasl.mechanism=SCRAM-SHA-512\n{part}.sasl.jaas.config={jaas}\n{part}.client.id=x\n"
            )
        };
        let [one, other] = parts;
        let text = format!(
            "{brokers}=b:9093\n{}{}",
            security(one, "SASL_SSL"),
            security(other, "SASL_SSL")
        );
        let answer = text_taken(&text);
        assert_eq!(answer.imported.form.bootstrap, "b:9093", "{text}");
        assert_eq!(answer.imported.form.protocol, SecurityProtocol::SaslSsl, "{text}");
        assert_eq!(answer.password(), Some("hunter2"), "{text}");
        assert!(
            answer.notes().contains("is taken for the connection"),
            "{}",
            answer.notes()
        );
        let text = format!("{brokers}=b:9093\n{}", security(one, "SASL_SSL"));
        assert_eq!(protocol(&text), SecurityProtocol::SaslSsl, "{text}");
        let text = format!(
            "{brokers}=b:9093\n{}{}",
            security(one, "SASL_SSL"),
            security(other, "SASL_PLAINTEXT")
        );
        let (_dir, path) = file(&text);
        let error = brought(&path).err().unwrap();
        if brokers.starts_with("spring.kafka.consumer") {
            continue;
        }
        assert!(
            error.contains("different security") && error.contains(one) && error.contains(other),
            "{text}: {error}"
        );
        let chosen = PathBuf::from(format!("{}#{other}", path.display()));
        let answer = brought(&chosen).unwrap();
        assert_eq!(answer.imported.form.bootstrap, "b:9093", "{text}");
        assert_eq!(
            answer.imported.form.protocol,
            SecurityProtocol::SaslPlaintext,
            "{text}"
        );
    }
    let section = "[default]\nbootstrap.servers=a:1\n[consumer]\nsecurity.protocol=SSL\ngroup.id=g\n";
    assert_eq!(protocol(section), SecurityProtocol::Ssl);
}

#[test]
fn a_kubernetes_secret_of_certificates_is_tls() {
    let encoded = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let pem = std::fs::read_to_string(case("stores/client.pem")).unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["a".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: u\ndata:\n  ca.crt: {}\n  user.crt: {}\n  user.key: {}\n  user.password: {}\n",
        encoded(&pem),
        encoded(&certificate),
        encoded(&key),
        encoded("hunter2")
    );
    let (_dir, path) = file(text);
    let imported = import_file(&path).unwrap();
    assert_eq!(imported.form.protocol, SecurityProtocol::Ssl);
    assert_eq!(
        imported.form.extra["ssl.certificate.pem"].trim(),
        certificate.trim()
    );
    assert!(imported.form.extra.contains_key("ssl.ca.pem"));
    let kept = imported
        .secrets
        .key_pem
        .as_ref()
        .map(|key| key.reveal().trim().to_owned());
    assert_eq!(kept.as_deref(), Some(key.trim()));
    assert!(!format!("{:?}", imported.form).contains("PRIVATE KEY"));
}

#[test]
fn what_contradicts_itself_is_refused_with_both_places() {
    const JAAS: &str = "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username='hunter1' password='hunter2';";
    const OIDC: &str = "sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId='hunter1' clientSecret='hunter2';\nsasl.oauthbearer.token.endpoint.url=https://id/token";
    for (lines, words) in [
        (
            "security.protocol=SSL\nsecurity.protocol=PLAINTEXT",
            ["'security.protocol' in line 2", "'security.protocol' in line 3"],
        ),
        (
            "bootstrap.servers=b:1",
            ["'bootstrap.servers' in line 1", "'bootstrap.servers' in line 2"],
        ),
        (
            "sasl.password=hunter1\n\nsasl.password=hunter2",
            ["'sasl.password' in line 2", "'sasl.password' in line 4"],
        ),
        (
            "metadata.broker.list=b:1",
            [
                "'bootstrap.servers' in line 1",
                "'metadata.broker.list' in line 2",
            ],
        ),
        (
            "sasl.mechanism=PLAIN\nsasl.mechanisms=SCRAM-SHA-256",
            ["'sasl.mechanism' in line 2", "'sasl.mechanisms' in line 3"],
        ),
        (
            JAAS,
            ["'sasl.jaas.config' in line 2", "'sasl.username' in line 90"],
        ),
        (
            OIDC,
            [
                "'sasl.jaas.config' in line 2",
                "credentials.client.id' in line 90",
            ],
        ),
        (
            "ssl.endpoint.identification.algorithm=https\nssl.endpoint.identification.algorithm=",
            ["algorithm' in line 2", "algorithm' in line 3"],
        ),
        (
            "use_tls=true\nsecurity.protocol=PLAINTEXT",
            ["'use_tls' in line 2", "'security.protocol' in line 3"],
        ),
    ] {
        let mut text = format!("bootstrap.servers=a:1\n{lines}\n");
        if words[1].ends_with("90") {
            while text.lines().count() < 89 {
                text.push_str("# more\n");
            }
            text.push_str(if lines == JAAS {
                "sasl.username=hunter3\n"
            } else {
                "sasl.oauthbearer.client.credentials.client.id=hunter3\n"
            });
        }
        let error = text_refused(&text);
        assert!(words.iter().all(|word| error.contains(word)), "{lines}: {error}");
        assert_eq!(error.matches("leave one of them").count(), 1, "{lines}: {error}");
    }
    for text in [
        "{\"bootstrap.servers\": \"a:1\",\n\"sasl.password\": \"hunter1\",\n\"sasl.password\": \"hunter2\"}",
        "KAFKA_BROKERS=a:1\nKAFKA_PASSWORD=hunter1\nKAFKA_SASL_PASSWORD=hunter2\n",
        "spring:\n  kafka:\n    bootstrap-servers: a:1\n    security:\n      protocol: SSL\n    properties:\n      security.protocol: PLAINTEXT\n",
        "conf = {\n 'bootstrap.servers': 'a:1',\n 'bootstrap.servers': 'b:1'}\n",
    ] {
        let error = text_refused(text);
        assert!(error.contains("leave one of them"), "{text}: {error}");
    }
    let pem = std::fs::read_to_string(case("stores/client.pem")).unwrap();
    let (dir, path) = file(
        "bootstrap.servers=a:1\nsecurity.protocol=SSL\nssl.ca.location=a.pem\nssl.truststore.location=b.pem\n",
    );
    for name in ["a.pem", "b.pem"] {
        std::fs::write(dir.path().join(name), &pem).unwrap();
    }
    let error = brought(&path).err().unwrap();
    assert!(
        error.contains("'ssl.ca.location' in line 3")
            && error.contains("'ssl.truststore.location' in line 4"),
        "{error}"
    );
    let same = format!(
        "bootstrap.servers=a:1,b:1\nmetadata.broker.list=b:1, a:1\nsecurity.protocol=SASL_SSL\nsecurity.protocol=sasl_ssl\nsasl.mechanism=PLAIN\nsasl.mechanisms=PLAIN\n{JAAS}\nsasl.username=hunter1\nsasl.password=hunter2\nclient.id=a\nclient.id=b\n"
    );
    let (_dir, path) = file(same);
    let imported = import_file(&path).unwrap();
    assert_eq!(imported.form.username.as_deref(), Some("hunter1"));
    assert_eq!(imported.form.client_id.as_deref(), Some("b"));
}

#[test]
fn a_password_is_what_is_written_and_nothing_that_stands_in_its_place() {
    let of = |value: &str| {
        text_taken(&format!(
            "bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=u\nsasl.password={value}\n"
        ))
    };
    for value in [
        "{YOUR.EVENTHUBS.CONNECTION.STRING}",
        "Endpoint=sb://n.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=XXXXXX",
        "{X}",
        "API_SECRET",
        "$env:X",
        "•••••",
        "\"\"",
        "null",
        "{cipher}0a1b",
        "ENC(0a1b)",
        "op://a/b",
        "vault:a/b",
        "$X",
        "%X%",
    ] {
        let answer = of(value);
        assert_eq!(answer.password(), None, "{value}");
        assert!(
            answer.notes().contains("'sasl.password' is left open"),
            "{value}: {}",
            answer.notes()
        );
        assert!(answer.direct.is_err(), "{value}");
    }
    for value in ["p{ss}w0rd", "pa$word", "{aB3$x}9"] {
        assert_eq!(of(value).password(), Some(value));
    }
    for (text, password) in [
        (
            "KAFKA_BROKERS=a:1\nKAFKA_SECURITY_PROTOCOL=SASL_SSL\nKAFKA_SASL_PASSWORD=S3crPw # prod\n",
            "S3crPw",
        ),
        (
            "KAFKA_BROKERS=a:1 # prod\nKAFKA_SECURITY_PROTOCOL=SASL_SSL\nKAFKA_SASL_PASSWORD=\"a\\\"b\"\n",
            "a\"b",
        ),
        (
            "{\"bootstrap.servers\": \"a:1\", \"security.protocol\": \"SASL_SSL\", \"sasl.password\": 12345678901234567890123}",
            "12345678901234567890123",
        ),
        (
            "kafka:\n  bootstrap.servers: a:1\n  security.protocol: SASL_SSL\n  sasl.password: 0123456789012345678901234\n",
            "0123456789012345678901234",
        ),
    ] {
        assert_eq!(text_taken(text).password(), Some(password), "{text}");
    }
    for value in ["~", "null", "!vault x"] {
        let text = format!(
            "kafka:\n  bootstrap.servers: a:1\n  security.protocol: SASL_SSL\n  sasl.password: {value}\n"
        );
        assert_eq!(text_taken(&text).password(), None, "{text}");
    }
}

#[test]
fn names_in_brackets_and_quotes_and_several_documents_are_read() {
    for text in [
        "spring:\n  kafka:\n    bootstrap-servers: a:1\n    properties:\n      \"[security.protocol]\": SSL\n",
        "spring.kafka.bootstrap-servers=a:1\nspring.kafka.properties[security.protocol]=SSL\n",
        "\"bootstrap.servers\" = \"a:1\"\n\"security.protocol\" = \"SSL\"\n",
        "spring:\n  kafka:\n    bootstrap-servers: a:1\n---\nspring:\n  kafka:\n    security:\n      protocol: SSL\n---\nspring:\n  config:\n    activate:\n      on-profile: dev\n  kafka:\n    bootstrap-servers: dev:1\n    security:\n      protocol: PLAINTEXT\n",
        "spring.kafka.bootstrap-servers=a:1\nspring.kafka.security.protocol=SSL\n#---\nspring.config.activate.on-profile=dev\nspring.kafka.security.protocol=PLAINTEXT\n",
    ] {
        let answer = text_taken(text);
        assert_eq!(answer.imported.form.bootstrap, "a:1", "{text}");
        assert_eq!(answer.imported.form.protocol, SecurityProtocol::Ssl, "{text}");
        assert_eq!(
            text.contains("on-profile"),
            answer.notes().contains("a profile of Spring"),
            "{}",
            answer.notes()
        );
    }
    for (text, words) in [
        ("", "it is empty"),
        (" \n\n", "it is empty"),
        (
            "-----BEGIN PRIVATE KEY-----\nhunter2\nhunter3=\n-----END PRIVATE KEY-----\n",
            "it is a key or a certificate in PEM",
        ),
    ] {
        let error = text_refused(text);
        assert!(error.contains(words) && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn a_login_of_another_programs_file_is_never_sent_in_clear() {
    let jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" password=\"hunter2\";";
    for text in [
        // As Strimzi keeps a user; the brokers are given elsewhere.
        format!("kind: Secret\nstringData:\n  bootstrap.servers: a:1\n  sasl.jaas.config: '{jaas}'\n"),
        format!(
            "{{\"config\": {{\"schema.history.internal.kafka.bootstrap.servers\": \"a:1\", \"schema.history.internal.consumer.security.protocol\": \"SASL_SSL\", \"schema.history.internal.consumer.sasl.jaas.config\": \"{}\"}}}}",
            jaas.replace('"', "'")
        ),
        format!(
            "services:\n  app:\n    environment:\n      KAFKA_BROKERS: a:1\n      KAFKA_SASL_JAAS_CONFIG: {}\n",
            jaas.replace('"', "'")
        ),
        format!("bootstrap.servers=a:1\nKAFKA_SASL_ENABLED=true\nsasl.jaas.config={jaas}\n"),
        format!("[kafka]\nbrokers = [\"a:1\"]\nuse_tls = true\n[kafka.sasl]\njaas.config = '{jaas}'\n"),
    ] {
        let answer = text_taken(&text);
        assert_eq!(answer.imported.form.bootstrap, "a:1", "{text}");
        assert_eq!(answer.imported.form.protocol, SecurityProtocol::SaslSsl, "{text}");
        assert_eq!(answer.password(), Some("hunter2"), "{text}");
    }
}
