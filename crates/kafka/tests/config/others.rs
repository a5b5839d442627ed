//! Kinds, faults and encodings that the fourteen files do not have.

use super::*;

#[test]
fn files_of_other_kinds_are_read_as_well() {
    for text in [
        // Spring's YAML
        "spring:\n  kafka:\n    bootstrap-servers: a:1\n    security:\n      protocol: SASL_SSL\n    properties:\n      sasl:\n        mechanism: SCRAM-SHA-512\n        jaas:\n          config: org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" password=\"hunter2\";\n    consumer:\n      group-id: g\nserver:\n  port: 8080\n",
        // Spring's own properties
        "spring.kafka.bootstrap-servers=a:1\nspring.kafka.security.protocol=SASL_SSL\nspring.kafka.properties.sasl.mechanism=SCRAM-SHA-512\nspring.kafka.properties.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\\n   username=\"u\" \\\n   password=\"hunter2\";\nspring.kafka.consumer.group-id=g\nspring.application.name=x\n",
        // An environment
        "export KAFKA_BOOTSTRAP_SERVERS=\"a:1\"\nexport KAFKA_SECURITY_PROTOCOL=SASL_SSL\nKAFKA_SASL_MECHANISM=SCRAM-SHA-512\nKAFKA_SASL_USERNAME=u\nKAFKA_SASL_PASSWORD='hunter2'\nDATABASE_URL=postgres://x:hunter9@y/z\n",
        // kcat
        "-X bootstrap.servers=a:1\n-X security.protocol=SASL_SSL\n-X sasl.mechanisms=SCRAM-SHA-512\n-X sasl.username=u\n-X sasl.password=hunter2\n",
        // librdkafka, as classic Windows programs save it
        "\u{feff}metadata.broker.list=a:1\r\nsecurity.protocol=sasl_ssl\r\nsasl.mechanisms=SCRAM-SHA-512\r\nsasl.username=u\r\nsasl.password=hunter2\r\n",
        // Python
        "from confluent_kafka import Producer\nconf = {\n  'bootstrap.servers': 'a:1',\n  'security.protocol': 'SASL_SSL',\n  'sasl.mechanisms': 'SCRAM-SHA-512',\n  'sasl.username': 'u',\n  'sasl.password': 'hunter2',\n  'error_cb': on_error,\n}\nproducer = Producer(conf)\n",
        "p = KafkaProducer(\n  bootstrap_servers=['a:1'],\n  security_protocol='SASL_SSL',\n  sasl_mechanism='SCRAM-SHA-512',\n  sasl_plain_username='u',\n  sasl_plain_password='hunter2')\n",
        // JSON of .NET and of Connect
        "{\"Kafka\": {\"BootstrapServers\": \"a:1\", \"SecurityProtocol\": \"SaslSsl\", \"SaslMechanism\": \"ScramSha512\", \"SaslUsername\": \"u\", \"SaslPassword\": \"hunter2\"}}",
        "{\"name\": \"c\", \"config\": {\"connector.class\": \"x\", \"kafka.bootstrap.servers\": \"a:1\", \"kafka.security.protocol\": \"SASL_SSL\", \"kafka.sasl.mechanism\": \"SCRAM-SHA-512\", \"kafka.sasl.jaas.config\": \"org.apache.kafka.common.security.scram.ScramLoginModule required username='u' password='hunter2';\"}}",
        // A section of its own
        "[common]\nsecurity.protocol=SASL_SSL\n[kafka-prod]\nbootstrap.servers=a:1\nsasl.mechanism=SCRAM-SHA-512\nsasl.username=u\nsasl.password=hunter2\n",
        // A command of a runbook
        "# list topics\n$ kcat -b a:1 -L \\\n  -X security.protocol=SASL_SSL -X 'sasl.mechanisms=SCRAM-SHA-512' \\\n  -Xsasl.username=u -X sasl.password=\"hunter2\" | head\n",
        "bin/kafka-topics.sh --bootstrap-server=a:1 --list --command-property security.protocol=SASL_SSL --command-property sasl.mechanism=SCRAM-SHA-512 --command-property sasl.username=u --command-property sasl.password=hunter2\n",
        // A program for kafkajs
        "const { Kafka } = require('kafkajs')\nconst kafka = new Kafka({\n  clientId: 'app',\n  brokers: [\n    'a:1',\n  ],\n  // ssl: false,\n  ssl: { rejectUnauthorized: true },\n  sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'hunter2' }, // prod\n})\nawait producer.send({ messages: [{ key: 'k', value: 'v' }] })\n",
        // TOML of a program's own
        "[kafka]\nbrokers = [\"a:1\"]\n[kafka.security]\nprotocol = \"SASL_SSL\"\n[kafka.sasl]\nmechanism = \"SCRAM-SHA-512\"\nusername = \"u\"\npassword = \"hunter2\"\n",
        // An environment of a container for a user interface
        "services:\n  ui:\n    environment:\n      KAFKA_CLUSTERS_0_NAME: local\n      KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS: a:1\n      KAFKA_CLUSTERS_0_PROPERTIES_SECURITY_PROTOCOL: SASL_SSL\n      KAFKA_CLUSTERS_0_PROPERTIES_SASL_MECHANISM: SCRAM-SHA-512\n      KAFKA_CLUSTERS_0_PROPERTIES_SASL_JAAS_CONFIG: org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" password=\"hunter2\";\n",
        // Replicator's source alone
        "src.kafka.bootstrap.servers=a:1\nsrc.kafka.security.protocol=SASL_SSL\nsrc.kafka.sasl.mechanism=SCRAM-SHA-512\nsrc.kafka.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" password=\"hunter2\";\ntopic.whitelist=a\n",
    ] {
        let answer = text_taken(text);
        let form = &answer.imported.form;
        assert_eq!(form.bootstrap, "a:1", "{text}\n{}", answer.notes());
        assert_eq!(form.protocol, SecurityProtocol::SaslSsl, "{text}");
        assert_eq!(form.mechanism, Some(SaslMechanism::ScramSha512), "{text}");
        assert_eq!(form.username.as_deref(), Some("u"), "{text}");
        assert_eq!(answer.password(), Some("hunter2"), "{text}");
        assert_eq!(answer.property("sasl.password"), Some("hunter2"), "{text}");
        assert!(form.extra.is_empty(), "{text}: {:?}", form.extra);
    }
}

#[test]
fn files_of_something_else_are_refused_with_what_they_are() {
    for (text, words) in [
        (
            "KafkaClient {\n  org.apache.kafka.common.security.plain.PlainLoginModule required\n  username=\"u\"\n  password=\"hunter2\";\n};\n",
            ["JAAS", "sasl.jaas.config"],
        ),
        (
            "broker.id=0\nlisteners=SSL://:9092\nlog.dirs=/x\nssl.keystore.location=/none.jks\n",
            ["broker", "bootstrap.servers"],
        ),
        (
            "rpk:\n  kafka_api:\n    brokers:\n      - a:1\n    sasl:\n      user: u\n      password: hunter2\n      mechanism: SCRAM-SHA-256\n    tls:\n      ca_file: /etc/ca.pem\n",
            ["tls", "security.protocol"],
        ),
        (
            "contexts:\n  default:\n    brokers:\n      - a:1\n    tls:\n      enabled: true\n",
            ["tls", "security.protocol"],
        ),
        (
            "bootstrap.servers=a:1 # prod\nsecurity.protocol=SASL_SSL # tls\n",
            [
                "'bootstrap.servers' has a comment",
                "'security.protocol' has a comment",
            ],
        ),
    ] {
        let error = text_refused(text);
        assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
        assert_eq!(
            error.matches("none.jks").count(),
            0,
            "one reason, the right one: {error}"
        );
    }
    let strimzi = "kind: KafkaConnect\nspec:\n  bootstrapServers: a:1\n  config:\n    security.protocol: SSL\n    group.id: g\n";
    let answer = text_taken(strimzi);
    assert_eq!(answer.imported.form.bootstrap, "a:1");
    assert_eq!(
        answer.imported.form.protocol,
        SecurityProtocol::Ssl,
        "{}",
        answer.notes()
    );
    let json = "{\n  // local\n  \"Kafka\": { \"BootstrapServers\": \"a:1\" }\n}\n";
    assert_eq!(text_taken(json).imported.form.bootstrap, "a:1");
}

#[test]
fn the_file_of_an_api_key_is_a_whole_connection() {
    let text = "=== Confluent Cloud API key ===\n\nAPI key:\nABCDEFGH\n\nAPI secret:\nhun/ter2+\n\nResource:\nlkc-1\n\nBootstrap server:\npkc-1.example.com:9092\n";
    let answer = text_taken(text);
    let form = &answer.imported.form;
    assert_eq!(form.bootstrap, "pkc-1.example.com:9092");
    assert_eq!(form.protocol, SecurityProtocol::SaslSsl);
    assert_eq!(form.mechanism, Some(SaslMechanism::Plain));
    assert_eq!(form.username.as_deref(), Some("ABCDEFGH"));
    assert_eq!(answer.password(), Some("hun/ter2+"));
}

#[test]
fn a_kubernetes_secret_is_decoded() {
    let jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" password=\"hunter2\";";
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, jaas);
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: u\ndata:\n  sasl.jaas.config: {encoded}\n  user.p12: /////w==\nstringData:\n  bootstrap.servers: a:1\n  security.protocol: SASL_SSL\n  sasl.mechanism: SCRAM-SHA-512\n"
    );
    let answer = text_taken(&text);
    assert_eq!(answer.imported.form.bootstrap, "a:1");
    assert_eq!(answer.imported.form.username.as_deref(), Some("u"));
    assert_eq!(answer.password(), Some("hunter2"));
}

#[test]
fn what_only_another_program_can_read_is_named_and_never_taken_for_something_weaker() {
    for (text, words) in [
        ("kcat -b a:1 -F /etc/kcat.conf -L\n", ["'-F'", "bring that file"]),
        (
            "kafka-topics --bootstrap-server a:1 --list --command-config client.properties\n",
            ["'--command-config'", "bring that file"],
        ),
        (
            "externalKafka:\n  brokers:\n    - a:1\n  listener:\n    protocol: SASL_SSL\n  sasl:\n    mechanism: PLAIN\n    user: u\n    password: hunter2\n",
            ["protocol' asks for TLS", "security.protocol"],
        ),
        (
            "<?xml version=\"1.0\"?>\n<properties>\n<entry key=\"bootstrap.servers\">a:1</entry>\n</properties>\n",
            ["XML", "key=value"],
        ),
        (
            "bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.jaas.config=PlainLoginModule required username=\u{201c}u\u{201d} password=\u{201c}hunter2\u{201d};\n",
            ["'sasl.jaas.config'", "typographic quotes"],
        ),
        (
            "bootstrap.servers=a:1\nsecurity.protocol=SSL\nssl.truststore.location=classpath:trust.jks\n",
            ["'ssl.truststore.location'", "classpath:"],
        ),
    ] {
        let error = text_refused(text);
        assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
    }
    let code = "const kafka = new Kafka({ brokers: [process.env.KAFKA], ssl: true, sasl: { mechanism: 'plain', username: 'u', password: process.env.PW } })";
    let answer = text_taken(code);
    assert_eq!(answer.imported.form.protocol, SecurityProtocol::SaslSsl);
    assert_eq!(answer.password(), None, "code is no password");
    assert!(
        answer.notes().contains("code that only its program can run"),
        "{}",
        answer.notes()
    );
    let named = "kafka-topic = orders\nbootstrap.servers = a:1\n";
    assert_eq!(
        text_taken(named).imported.form.bootstrap,
        "a:1",
        "a key is no command"
    );
    let shell = "kcat -b a:1 -X security.protocol=SASL_SSL -X sasl.mechanisms=PLAIN -X sasl.username=u -X sasl.password=$PW";
    assert_eq!(
        text_taken(shell).password(),
        None,
        "a shell's variable is no password"
    );
}

#[test]
fn of_replicators_two_clusters_one_is_chosen() {
    let text = "src.kafka.bootstrap.servers=a:1\ndest.kafka.bootstrap.servers=b:1\ndest.kafka.security.protocol=SSL\n";
    let (_dir, path) = file(text);
    let error = brought(&path).err().unwrap();
    assert!(error.contains("dest, src"), "{error}");
    let chosen = PathBuf::from(format!("{}#dest", path.display()));
    let answer = brought(&chosen).unwrap();
    assert_eq!(answer.imported.form.bootstrap, "b:1");
    assert_eq!(answer.imported.form.protocol, SecurityProtocol::Ssl);
}

#[test]
fn all_faults_of_a_file_are_told_at_once_by_line_or_key() {
    let error = text_refused(
        "bootstrap.servers=a,b:99999\nsecurity.protcol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-1\nsasl.password=${env:SLUICE_TEST_UNSET_A}\n\
         ssl.ca.location=missing-ca.pem\nssl.keystore.location=missing.jks\nrequest.timeout.ms=soon\n\
         sasl.jaas.config=PlainLoginModule required username=\"u\" password=\"hunter2;\n=nothing\nkey.serializer=x\n",
    );
    for word in [
        "'a' is no bootstrap address",
        "'security.protcol'",
        "'security.protocol'?",
        "'sasl.mechanism'",
        "SLUICE_TEST_UNSET_A",
        "missing-ca.pem",
        "missing.jks",
        "'request.timeout.ms'",
        "'sasl.jaas.config'",
        "line 9",
    ] {
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn nothing_is_weaker_than_the_file_says() {
    for (text, word) in [
        (
            "bootstrap.servers=SSL://a:1\nsecurity.protocol=PLAINTEXT\n",
            "leave one of them",
        ),
        (
            "bootstrap.servers=SSL://a:1,SASL_SSL://b:1\n",
            "one security protocol",
        ),
        ("bootstrap.servers=SASL_SLL://a:1\n", "scheme is unknown"),
        ("bootstrap.servers=PLAINTEXT://a:9O92\n", "1 to 65535"),
        (
            "bootstrap.servers=a:1\nSecurity.Protocol=SSL\n",
            "did you mean 'security.protocol'",
        ),
        ("bootstrap.servers=a:1\nsecurity.protocol=TLS\n", "SASL_SSL"),
        (
            "bootstrap.servers=a:1\nsecurity.protocol=${PROTOCOL}\n",
            "'security.protocol' is left open",
        ),
        (
            "bootstrap.servers=a:1\nsecurity.protocol=SSL\nssl.endpoint.identification.algorithm=ldap\n",
            "https, or none",
        ),
        (
            "bootstrap.servers=a:1\nsecurity.protocol=SSL\nssl.trustore.location=/x.jks\n",
            "ssl.truststore.location",
        ),
        (
            "bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.grant.type=urn:ietf:params:oauth:grant-type:jwt-bearer\n",
            "client credentials",
        ),
        (
            "bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.jwt.retriever.class=org.apache.kafka.common.security.oauthbearer.JwtBearerJwtRetriever\n",
            "JwtBearerJwtRetriever",
        ),
        (
            "bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL\nsasl.mechanism=AWS_MSK_IAM\nsasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required awsRoleSecretAccessKey='x';\nsasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler\n",
            "holds keys of AWS",
        ),
        (
            "bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;\nsasl.login.callback.handler.class=com.google.cloud.hosted.kafka.auth.GcpLoginCallbackHandler\n",
            "GcpLoginCallbackHandler",
        ),
    ] {
        let error = text_refused(text);
        assert!(error.contains(word), "{text}: {error}");
    }
    for text in [
        "ssl.endpoint.identification.algorithm=\n",
        "ssl.endpoint.identification.algorithm=none\n",
        "enable.ssl.certificate.verification=false\n",
    ] {
        let answer = text_taken(&format!("bootstrap.servers=a:1\nsecurity.protocol=SSL\n{text}"));
        assert!(
            answer.notes().contains("are not checked"),
            "{text}: {}",
            answer.notes()
        );
    }
    let answer = text_taken(
        "bootstrap.servers=a:1\nsecurity.protocol=SSL\nssl.endpoint.identification.algorithm=HTTPS\n",
    );
    assert_eq!(answer.notes(), "");
    assert!(answer.imported.form.verify_host_name);
}

#[test]
fn placeholders_of_every_style_are_gaps_in_every_field() {
    let fields = [
        "bootstrap.servers",
        "sasl.username",
        "sasl.password",
        "ssl.ca.location",
        "ssl.key.password",
        "client.id",
        "sasl.mechanism",
        "sasl.oauthbearer.client.secret",
        "ssl.truststore.location",
        "ssl.keystore.password",
    ];
    let styles = [
        "${KAFKA_X}",
        "${vault:secret/kafka:x}",
        "{{ kafka.x }}",
        "<x>",
        "YOUR_X",
        "your-x-here",
        "$KAFKA_X",
        "%KAFKA_X%",
        "#{KAFKA_X}#",
        "@KAFKA_X@",
        "<%= x %>",
        "$(KAFKA_X)",
        "changeme",
        "****",
    ];
    for field in fields {
        for style in styles {
            let brokers = if field == "bootstrap.servers" {
                ""
            } else {
                "bootstrap.servers=a:1\n"
            };
            let answer = text_taken(&format!("{brokers}security.protocol=SASL_SSL\n{field}={style}\n"));
            let notes = answer.notes();
            assert!(
                notes.contains(&format!("'{field}' is left open")),
                "{field}={style}: {notes}"
            );
            let shown = format!("{:?}", answer.imported.form);
            assert!(!shown.contains(style), "{field}={style}: {shown}");
            if field != "bootstrap.servers" {
                assert!(
                    answer.direct.unwrap_err().contains("is left open"),
                    "{field}={style}"
                );
            }
        }
    }
}

#[test]
fn what_looks_a_little_like_a_placeholder_is_a_password() {
    for password in [
        "p$ss",
        "$ecret1",
        "a{b}c",
        "100%sure",
        "x<y>z",
        "PLACEHOLDER",
        "[a",
        "p@ss@w",
        "a b",
        "yourself",
        "#1!",
        "${",
        "${}",
        "…x",
    ] {
        let answer = text_taken(&format!(
            "bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=u\nsasl.password={password}\n"
        ));
        assert_eq!(answer.password(), Some(password), "{}", answer.notes());
    }
}

#[test]
fn every_encoding_and_line_break_means_the_same() {
    let text = "bootstrap.servers = a:1\nsecurity.protocol: SASL_SSL\nsasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\\n   username=\"us\\u0065r\" \\\n   password=\"p\\u00e9\\\\\"w\";\n";
    let units: Vec<u16> = text.encode_utf16().collect();
    let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for bytes in [
        text.as_bytes().to_vec(),
        [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat(),
        text.replace('\n', "\r\n").into_bytes(),
        [[0xff, 0xfe].as_slice(), &le].concat(),
        [[0xfe, 0xff].as_slice(), &be].concat(),
        le,
        text.trim_end().as_bytes().to_vec(),
    ] {
        let (_dir, path) = file(&bytes);
        let answer = brought(&path).unwrap();
        assert_eq!(answer.imported.form.bootstrap, "a:1");
        assert_eq!(answer.imported.form.username.as_deref(), Some("user"));
        assert_eq!(answer.password(), Some("p\u{e9}\"w"));
        assert_eq!(answer.imported.form.mechanism, Some(SaslMechanism::Plain));
    }
}

#[test]
fn the_file_is_its_own_name_unless_a_part_of_it_is_chosen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a#b.properties");
    std::fs::write(&path, "bootstrap.servers=a:1\n").unwrap();
    assert_eq!(brought(&path).unwrap().imported.form.name, "a#b");
}
