//! Single rules; whole files are in `tests/config`.

use super::*;

fn read(text: &str) -> ClientProperties {
    ClientProperties::parse(text, Path::new("/nowhere")).unwrap()
}

fn value<'a>(properties: &'a ClientProperties, key: &str) -> Option<&'a str> {
    properties.properties.get(key).map(Secret::reveal)
}

fn error(text: &str) -> String {
    ClientProperties::parse(text, Path::new("/nowhere"))
        .unwrap_err()
        .to_string()
}

#[test]
fn a_kcat_file_goes_through_as_it_is() {
    let read = read(
        "\u{feff}# production\r\nbootstrap.servers = a:1,b:2\r\nsecurity.protocol=SASL_SSL\r\n\
         -X sasl.mechanisms=SCRAM-SHA-512\r\nX sasl.username=me\r\nsasl.password=p=a\\b#c \r\n\r\nnew.key=1\r\n",
    );
    assert_eq!(read.bootstrap(), Some("a:1,b:2"));
    assert_eq!(value(&read, "sasl.mechanism"), Some("SCRAM-SHA-512"));
    assert_eq!(value(&read, "sasl.username"), Some("me"));
    assert_eq!(value(&read, "sasl.password"), Some("p=a\\b#c"));
    assert_eq!(value(&read, "new.key"), None);
    assert_eq!(
        read.notes(),
        ["'new.key' is left out: a data source has no place for it"]
    );
}

#[test]
fn a_java_file_is_translated() {
    let read = read(
        "bootstrap.servers: a:1\n\
         security.protocol=SASL_PLAINTEXT\n\
         sasl.mechanism=PLAIN\n\
         sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\\n  \
           username=\"al\\\\\"ice\" \\\n  password=\"s\\u00e9cret;\";\n\
         ssl.endpoint.identification.algorithm=\n\
         request.timeout.ms=20000\n\
         key.deserializer=org.example.D\n\
         group.id=g\n",
    );
    assert_eq!(read.bootstrap(), Some("a:1"));
    assert_eq!(value(&read, "sasl.username"), Some("al\"ice"));
    assert_eq!(value(&read, "sasl.password"), Some("sécret;"));
    assert_eq!(value(&read, "sasl.jaas.config"), None);
    assert_eq!(
        value(&read, "ssl.endpoint.identification.algorithm"),
        Some("none")
    );
    assert_eq!(value(&read, "socket.timeout.ms"), Some("20000"));
    assert_eq!(value(&read, "group.id"), None);
    assert_eq!(read.notes().len(), 2, "{:?}", read.notes());
    assert!(
        read.notes().iter().any(|note| note.contains("key.deserializer")),
        "{:?}",
        read.notes()
    );
    assert!(
        read.notes().iter().any(|note| note.contains("group.id")),
        "{:?}",
        read.notes()
    );
}

#[test]
fn the_properties_of_a_task_file_may_have_javas_names_too() {
    let pairs = [
        ("sasl.mechanism", "SCRAM-SHA-256"),
        ("security.protocol", "SASL_SSL"),
        (
            "sasl.jaas.config",
            "org.apache.kafka.common.security.scram.ScramLoginModule required username='u' password='p';",
        ),
    ];
    let pairs = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let read = ClientProperties::from_pairs(pairs, Path::new(".")).unwrap();
    assert_eq!(
        (value(&read, "sasl.username"), value(&read, "sasl.password")),
        (Some("u"), Some("p"))
    );
}

#[test]
fn secrets_show_neither_in_debug_output_nor_in_messages() {
    let text = "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=u\nsasl.password=hunter2\n";
    assert!(!format!("{:?}", read(text)).contains("hunter2"));
    let broken = error("sasl.jaas.config=PlainLoginModule required username=\"u\" password=\"hunter2;\n");
    assert!(!broken.contains("hunter2"), "{broken}");
}

#[test]
fn credentials_without_a_protocol_that_uses_them_are_remarked() {
    let read = read("sasl.mechanism=PLAIN\nsasl.username=u\nsasl.password=p\n");
    assert!(
        read.notes().iter().any(|note| note.contains("security.protocol")),
        "{:?}",
        read.notes()
    );
}

#[test]
fn a_missing_variable_is_named_with_its_property() {
    let text = error("sasl.password=${env:SLUICE_TEST_NO_SUCH_VARIABLE}\n");
    assert!(
        text.contains("SLUICE_TEST_NO_SUCH_VARIABLE") && text.contains("sasl.password"),
        "{text}"
    );
}

#[test]
fn values_may_come_from_files_beside_the_file() {
    let dir = tempfile_dir("from_files");
    std::fs::write(dir.join("pw"), "hunter2\r\n").unwrap();
    std::fs::write(dir.join("ca.pem"), made().0).unwrap();
    let file = dir.join("client.properties");
    std::fs::write(
        &file,
        "security.protocol=sasl_ssl\nsasl.password=${file:pw}\nssl.ca.location=ca.pem\n",
    )
    .unwrap();
    let read = ClientProperties::load(&file).unwrap();
    assert_eq!(value(&read, "sasl.password"), Some("hunter2"));
    assert_eq!(value(&read, "ssl.ca.location"), dir.join("ca.pem").to_str());

    std::fs::write(&file, "ssl.ca.location=other.pem\n").unwrap();
    let text = ClientProperties::load(&file).unwrap_err().to_string();
    assert!(
        text.contains("client.properties") && text.contains("ssl.ca.location") && text.contains("other.pem"),
        "{text}"
    );
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn stores_of_pem_are_named_and_what_is_no_store_is_refused() {
    let dir = tempfile_dir("key_stores");
    std::fs::write(dir.join("trust.jks"), b"\xfe\xed\xfe\xed....").unwrap();
    std::fs::write(dir.join("trust.p12"), b"\x30\x82....").unwrap();
    let (certificate, key) = made();
    std::fs::write(dir.join("both.pem"), format!("{key}{certificate}")).unwrap();
    let parse = |text: &str| ClientProperties::parse(text, &dir);
    for (text, word) in [
        ("ssl.truststore.location=trust.jks", "damaged"),
        ("ssl.truststore.location=trust.p12", "needs a password"),
        ("ssl.keystore.location=trust.jks", "damaged"),
        (
            "ssl.truststore.location=missing.jks\nssl.truststore.type=JKS",
            "missing.jks",
        ),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(word), "{text}: {error}");
    }
    let read = parse("ssl.truststore.location=both.pem\nssl.keystore.location=both.pem\nssl.key.password=x\nsecurity.protocol=SSL").unwrap();
    for key in ["ssl.ca.location", "ssl.certificate.location", "ssl.key.location"] {
        assert_eq!(value(&read, key), dir.join("both.pem").to_str(), "{key}");
    }
    assert_eq!(value(&read, "ssl.key.password"), Some("x"));
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn certificates_within_a_java_file_become_pem_again() {
    let certificate = made().0.replace("\r\n", "\n");
    let read = read(&format!(
        "security.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.certificates={}\n",
        certificate.trim().replace('\n', " \\\n  ")
    ));
    assert_eq!(value(&read, "ssl.ca.pem"), Some(certificate.as_str()));
}

#[test]
fn certificates_with_a_private_key_and_damaged_ones_are_refused_by_their_names() {
    let (certificate, key) = made();
    let line = |text: &str| text.trim().replace("\r\n", "\n").replace('\n', " \\\n  ");
    for (text, words) in [
        (
            format!(
                "ssl.keystore.certificate.chain={}\n",
                line(&format!("{certificate}{key}"))
            ),
            ["'ssl.keystore.certificate.chain'", "holds a private key"],
        ),
        (
            format!(
                "ssl.truststore.certificates={}\n",
                line(&format!("{key}{certificate}"))
            ),
            ["'ssl.truststore.certificates'", "holds a private key"],
        ),
        (
            format!("ssl.keystore.key={}\n", line(&certificate)),
            ["'ssl.keystore.key'", "has no private key"],
        ),
        (
            "ssl.truststore.certificates=-----BEGIN CERTIFICATE----- AAAA -----END CERTIFICATE-----\n"
                .to_owned(),
            ["'ssl.truststore.certificates'", "damaged"],
        ),
    ] {
        let error = error(&format!("security.protocol=SSL\n{text}"));
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
        assert!(!error.contains("BEGIN PRIVATE KEY-----\n"), "{error}");
    }
    let dir = tempfile_dir("damaged_pem");
    std::fs::write(dir.join("cut.pem"), &certificate[..certificate.len() / 2]).unwrap();
    std::fs::write(dir.join("key.pem"), &key).unwrap();
    for (text, words) in [
        ("ssl.ca.location=cut.pem", ["cut.pem", "damaged or cut off"]),
        ("ssl.ca.location=key.pem", ["key.pem", "has no certificate"]),
        ("ssl.key.location=cut.pem", ["cut.pem", "damaged or cut off"]),
    ] {
        let error = ClientProperties::parse(&format!("security.protocol=SSL\n{text}\n"), &dir)
            .unwrap_err()
            .to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn oauth_with_client_credentials_is_translated() {
    let read = read(
        "security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\n\
         sasl.login.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler\n\
         sasl.oauthbearer.token.endpoint.url=https://id/token\n\
         sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId='c' clientSecret='s' scope='k' extension_logicalCluster='l';\n",
    );
    for (key, wanted) in [
        ("sasl.oauthbearer.method", "oidc"),
        ("sasl.oauthbearer.client.id", "c"),
        ("sasl.oauthbearer.client.secret", "s"),
        ("sasl.oauthbearer.scope", "k"),
        ("sasl.oauthbearer.extensions", "logicalCluster=l"),
        ("sasl.oauthbearer.token.endpoint.url", "https://id/token"),
    ] {
        assert_eq!(value(&read, key), Some(wanted), "{key}");
    }
}

#[test]
fn login_modules_without_a_counterpart_are_refused_by_name() {
    for (config, word) in [
        (
            "com.google.cloud.hosted.kafka.auth.GcpLoginModule required;",
            "GcpLoginModule",
        ),
        (
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub='a';",
            "token.endpoint.url",
        ),
        (
            "org.apache.kafka.common.security.plain.PlainLoginModule required username='a';",
            "password",
        ),
    ] {
        let text = error(&format!(
            "security.protocol=SASL_SSL\nsasl.jaas.config={config}\n"
        ));
        assert!(text.contains(word), "{config}: {text}");
    }
}

#[test]
fn a_line_that_is_no_property_is_named_by_its_number() {
    let text = error("# a\n\nsecurity.protocol=SSL\nnonsense\n");
    assert!(text.contains("line 4"), "{text}");
}

#[test]
fn later_lines_win_over_earlier_ones() {
    assert_eq!(value(&read("client.id=a\nclient.id=b\n"), "client.id"), Some("b"));
}

/// A certificate and its key.
fn made() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["a".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn tempfile_dir(name: &str) -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("sluice-properties-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
