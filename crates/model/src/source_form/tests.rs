use super::errors::check_endpoint;
use super::*;
use crate::SourceSecrets;

fn form() -> SourceForm {
    SourceForm {
        name: "orders".to_owned(),
        bootstrap: "a:9092, b:9092\na:9092".to_owned(),
        ..SourceForm::default()
    }
}

fn sasl(mechanism: SaslMechanism) -> SourceForm {
    SourceForm {
        protocol: SecurityProtocol::SaslSsl,
        mechanism: Some(mechanism),
        username: Some("alice".to_owned()),
        ..form()
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn secrets() -> SourceSecrets {
    SourceSecrets {
        password: Some(Secret::new("hunter2")),
        key_password: Some(Secret::new("hunter3")),
        key_pem: None,
        oauth_client_secret: Some(Secret::new("hunter4")),
        proxy_password: Some(Secret::new("hunter5")),
    }
}

fn fields(errors: &[FieldError]) -> Vec<&str> {
    errors.iter().map(|error| error.field.as_str()).collect()
}

fn properties(form: &SourceForm) -> Vec<(String, String)> {
    let cluster = form.cluster(&secrets()).unwrap();
    cluster
        .properties()
        .iter()
        .map(|(name, value)| (name.clone(), value.reveal().to_owned()))
        .collect()
}

#[track_caller]
fn assert_properties(form: &SourceForm, expected: &[(&str, &str)]) {
    let found = properties(form);
    let found: Vec<(&str, &str)> = found.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn names_are_counted_in_characters_without_the_blanks_around_them() {
    let named = |name: String| SourceForm { name, ..form() }.check();
    assert_eq!(named("中".repeat(64)), []);
    assert_eq!(named(format!(" {} ", "中".repeat(64))), []);
    let errors = named("中".repeat(65));
    assert_eq!(fields(&errors), ["name"]);
    assert!(errors[0].message.contains("65"), "{errors:?}");
    assert_eq!(fields(&named("  ".to_owned())), ["name"]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let wrong = SourceForm {
        name: String::new(),
        environment: Environment {
            name: String::new(),
            colour: "red".to_owned(),
        },
        bootstrap: "nowhere".to_owned(),
        protocol: SecurityProtocol::SaslSsl,
        key_file: some("key.pem"),
        extra: BTreeMap::from([
            ("acks".to_owned(), "1".to_owned()),
            ("soket.timeout.ms".to_owned(), "1".to_owned()),
        ]),
        ..form()
    };
    assert_eq!(
        fields(&wrong.check()),
        [
            "name",
            "environment.name",
            "environment.colour",
            "mechanism",
            "certificate_file",
            "extra.acks",
            "extra.soket.timeout.ms",
            "bootstrap",
        ]
    );
    assert_eq!(wrong.cluster(&secrets()).unwrap_err(), wrong.check());
}

#[test]
fn a_plain_connection_needs_nothing_but_addresses() {
    let plain = SourceForm {
        mechanism: Some(SaslMechanism::Plain),
        username: some("left over"),
        ca_file: some("left-over.pem"),
        ..form()
    };
    let cluster = plain.cluster(&SourceSecrets::default()).unwrap();
    assert_eq!(cluster.bootstrap(), "a:9092,b:9092");
    assert_properties(&plain, &[("security.protocol", "PLAINTEXT")]);
}

#[test]
fn tls_files_and_the_check_of_host_names_become_properties() {
    let tls = SourceForm {
        protocol: SecurityProtocol::Ssl,
        ca_file: some(" /ca.pem "),
        certificate_file: some("/c.pem"),
        key_file: some("/k.pem"),
        client_id: some("me"),
        ..form()
    };
    assert_properties(
        &tls,
        &[
            ("client.id", "me"),
            ("security.protocol", "SSL"),
            ("ssl.ca.location", "/ca.pem"),
            ("ssl.certificate.location", "/c.pem"),
            ("ssl.endpoint.identification.algorithm", "https"),
            ("ssl.key.location", "/k.pem"),
            ("ssl.key.password", "hunter3"),
        ],
    );
    let unchecked = SourceForm {
        protocol: SecurityProtocol::Ssl,
        verify_host_name: false,
        ..form()
    };
    assert_properties(
        &unchecked,
        &[
            ("security.protocol", "SSL"),
            ("ssl.endpoint.identification.algorithm", "none"),
        ],
    );
}

#[test]
fn users_with_passwords_become_properties() {
    for mechanism in [
        SaslMechanism::Plain,
        SaslMechanism::ScramSha256,
        SaslMechanism::ScramSha512,
    ] {
        let form = SourceForm {
            protocol: SecurityProtocol::SaslPlaintext,
            ..sasl(mechanism)
        };
        assert_properties(
            &form,
            &[
                ("sasl.mechanism", mechanism.as_str()),
                ("sasl.password", "hunter2"),
                ("sasl.username", "alice"),
                ("security.protocol", "SASL_PLAINTEXT"),
            ],
        );
    }
}

#[test]
fn client_credentials_become_properties() {
    let mut form = sasl(SaslMechanism::OauthBearer);
    form.oauth = OauthSettings {
        token_endpoint: some("https://id.example/token"),
        client_id: some("c"),
        scope: some("kafka"),
    };
    assert_properties(
        &form,
        &[
            ("sasl.mechanism", "OAUTHBEARER"),
            ("sasl.oauthbearer.client.id", "c"),
            ("sasl.oauthbearer.client.secret", "hunter4"),
            ("sasl.oauthbearer.method", "oidc"),
            ("sasl.oauthbearer.scope", "kafka"),
            ("sasl.oauthbearer.token.endpoint.url", "https://id.example/token"),
            ("security.protocol", "SASL_SSL"),
            ("ssl.endpoint.identification.algorithm", "https"),
        ],
    );
}

#[test]
fn an_identity_of_aws_becomes_properties_and_its_region_is_that_of_the_brokers() {
    let mut form = sasl(SaslMechanism::AwsMskIam);
    form.bootstrap = "b-1.demo.abc123.c2.kafka.eu-west-1.amazonaws.com:9098".to_owned();
    form.aws.external_id = some("kept from another role?");
    assert_properties(
        &form,
        &[
            ("sasl.mechanism", "AWS_MSK_IAM"),
            ("security.protocol", "SASL_SSL"),
            ("ssl.endpoint.identification.algorithm", "https"),
        ],
    );
    form.aws = AwsSettings {
        region: some("us-east-1"),
        profile: some("copy"),
        role_arn: some("arn:aws:iam::111122223333:role/copy"),
        session_name: some("nightly"),
        external_id: some("42"),
    };
    assert_properties(
        &form,
        &[
            ("sasl.mechanism", "AWS_MSK_IAM"),
            ("security.protocol", "SASL_SSL"),
            ("sluice.aws.profile", "copy"),
            ("sluice.aws.region", "us-east-1"),
            ("sluice.aws.role.arn", "arn:aws:iam::111122223333:role/copy"),
            ("sluice.aws.role.external.id", "42"),
            ("sluice.aws.role.session.name", "nightly"),
            ("ssl.endpoint.identification.algorithm", "https"),
        ],
    );
    let cluster = form.cluster(&SourceSecrets::default()).unwrap();
    assert_eq!(cluster.msk_login().unwrap().unwrap().region, "us-east-1");
}

#[test]
fn what_is_wrong_with_an_identity_of_aws_stands_at_its_field() {
    let mut form = sasl(SaslMechanism::AwsMskIam);
    assert_eq!(
        fields(&form.check()),
        ["aws.region"],
        "the brokers do not tell it"
    );
    form.aws = AwsSettings {
        region: some("Ireland"),
        profile: some("any name"),
        role_arn: some("copy"),
        session_name: some("two words"),
        external_id: some("x"),
    };
    assert_eq!(
        fields(&form.check()),
        [
            "aws.region",
            "aws.role_arn",
            "aws.session_name",
            "aws.external_id"
        ]
    );
    form.aws.region = some("eu-west-1");
    form.aws.role_arn = None;
    assert_eq!(form.check(), [], "without a role nothing of it is used");
}

#[test]
fn kerberos_becomes_properties() {
    let mut form = sasl(SaslMechanism::Gssapi);
    form.kerberos = KerberosSettings {
        service_name: some("kafka"),
        principal: some("me@REALM"),
        keytab: some("/me.keytab"),
    };
    assert_properties(
        &form,
        &[
            ("sasl.kerberos.keytab", "/me.keytab"),
            ("sasl.kerberos.principal", "me@REALM"),
            ("sasl.kerberos.service.name", "kafka"),
            ("sasl.mechanism", "GSSAPI"),
            ("security.protocol", "SASL_SSL"),
            ("ssl.endpoint.identification.algorithm", "https"),
        ],
    );
}

#[test]
fn extra_properties_go_along_and_a_clash_is_an_error() {
    let mut form = form();
    form.extra.insert("client.rack".to_owned(), "r1".to_owned());
    assert_properties(
        &form,
        &[("client.rack", "r1"), ("security.protocol", "PLAINTEXT")],
    );
    for (name, word) in [
        ("enable.idempotence", "set by Sluice itself"),
        ("security.protocol", "in the field protocol"),
        ("sasl.password", "in the field password"),
        ("ssl.key.pem", "is secret"),
        ("client.rak", "did you mean 'client.rack'"),
    ] {
        let mut clash = form.clone();
        clash.extra.insert(name.to_owned(), "hunter2".to_owned());
        let errors = clash.cluster(&secrets()).unwrap_err();
        assert_eq!(fields(&errors), [format!("extra.{name}")]);
        assert!(errors[0].message.contains(word), "{errors:?}");
        assert!(!errors[0].message.contains("hunter2"), "{errors:?}");
    }
}

#[test]
fn certificates_are_given_as_file_or_as_text_not_both() {
    let mut tls = SourceForm {
        protocol: SecurityProtocol::Ssl,
        ..form()
    };
    tls.extra.insert("ssl.ca.pem".to_owned(), "-----BEGIN".to_owned());
    assert_eq!(tls.check(), []);
    tls.ca_file = some("ca.pem");
    assert_eq!(fields(&tls.check()), ["extra.ssl.ca.pem"]);
    tls.ca_file = None;
    tls.certificate_file = some("c.pem");
    let none = SourceSecrets::default();
    assert_eq!(fields(&tls.cluster(&none).unwrap_err()), ["key_file"]);
}

#[test]
fn a_private_key_that_was_imported_is_used_where_no_file_is_named() {
    let mut tls = SourceForm {
        protocol: SecurityProtocol::Ssl,
        ..form()
    };
    tls.extra
        .insert("ssl.certificate.pem".to_owned(), "-----BEGIN".to_owned());
    let secrets = SourceSecrets {
        key_pem: Some(Secret::new("hunter6")),
        ..SourceSecrets::default()
    };
    let cluster = tls.cluster(&secrets).unwrap();
    assert_eq!(cluster.properties()["ssl.key.pem"].reveal(), "hunter6");
    assert!(!format!("{cluster:?}").contains("hunter6"));
    tls.key_file = some("/k.pem");
    let cluster = tls.cluster(&secrets).unwrap();
    assert_eq!(cluster.properties()["ssl.key.location"].reveal(), "/k.pem");
    assert!(!cluster.properties().contains_key("ssl.key.pem"));
}

#[test]
fn a_scheme_before_an_address_may_not_contradict_the_protocol() {
    let mut schemed = SourceForm {
        bootstrap: "SASL_SSL://a:1".to_owned(),
        ..form()
    };
    assert_eq!(fields(&schemed.check()), ["bootstrap"]);
    assert!(schemed.cluster(&secrets()).is_err());
    schemed.bootstrap = "PLAINTEXT://a:1".to_owned();
    assert_eq!(schemed.check(), []);
}

#[test]
fn what_a_mechanism_needs_is_asked_for() {
    let none = SourceSecrets::default();
    let blank = SourceSecrets {
        password: Some(Secret::new("")),
        ..SourceSecrets::default()
    };
    let mut plain = sasl(SaslMechanism::Plain);
    assert_eq!(plain.check(), [], "the password is not part of the form");
    assert_eq!(fields(&plain.cluster(&none).unwrap_err()), ["password"]);
    assert_eq!(fields(&plain.cluster(&blank).unwrap_err()), ["password"]);
    plain.username = some(" ");
    assert_eq!(
        fields(&plain.cluster(&none).unwrap_err()),
        ["username", "password"]
    );
    let oauth = sasl(SaslMechanism::OauthBearer);
    assert_eq!(
        fields(&oauth.cluster(&none).unwrap_err()),
        ["oauth.token_endpoint", "oauth.client_id", "oauth_client_secret"]
    );
}

#[test]
fn client_secrets_go_over_https_or_to_this_computer() {
    for good in [
        "https://id.example/token",
        "HTTPS://id.example:8443/t?x=1",
        "http://localhost:8080/t",
        "http://127.0.0.1/t",
        "http://[::1]:80/t",
    ] {
        assert_eq!(check_endpoint(good), Ok(()), "{good}");
    }
    for (bad, word) in [
        ("id.example/token", "for example"),
        ("https:///token", "for example"),
        ("https://id example/", "for example"),
        ("ftp://id.example/", "for example"),
        ("http://id.example/token", "https"),
        ("http://localhost.example/token", "https"),
        ("http://localhost@id.example/", "leave user"),
        ("https://c:hunter2@id.example/", "leave user"),
    ] {
        let reason = check_endpoint(bad).unwrap_err();
        assert!(
            reason.contains(word) && !reason.contains("hunter2"),
            "{bad}: {reason}"
        );
    }
}

#[test]
fn a_zero_byte_is_told_with_its_field() {
    let mut form = sasl(SaslMechanism::Plain);
    form.username = some("a\0b");
    assert_eq!(fields(&form.check()), ["username"]);
}

#[test]
fn blanks_are_left_out_of_what_is_kept() {
    let kept = SourceForm {
        name: " orders ".to_owned(),
        username: some(" alice "),
        client_id: some("  "),
        ..form()
    }
    .trimmed();
    assert_eq!(kept.name, "orders");
    assert_eq!(kept.username.as_deref(), Some("alice"));
    assert_eq!(kept.client_id, None);
}

#[test]
fn a_form_may_be_short_but_has_no_unknown_fields() {
    let read: SourceForm = serde_json::from_str(
        r#"{"name":"n","bootstrap":"a:1","protocol":"SASL_SSL","mechanism":"SCRAM-SHA-512"}"#,
    )
    .unwrap();
    assert_eq!(read.mechanism, Some(SaslMechanism::ScramSha512));
    assert!(
        read.verify_host_name,
        "host names are verified unless somebody says no"
    );
    assert_eq!(read.environment, Environment::development());
    let again: SourceForm = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(again, read);
    let error = serde_json::from_str::<SourceForm>(r#"{"password":"hunter2"}"#)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("password") && !error.contains("hunter2"),
        "{error}"
    );
}

#[test]
fn no_secret_is_seen_in_what_is_made_of_a_form() {
    let mut form = sasl(SaslMechanism::ScramSha512);
    form.certificate_file = some("c.pem");
    form.key_file = some("k.pem");
    let cluster = form.cluster(&secrets()).unwrap();
    assert_eq!(cluster.properties()["sasl.password"].reveal(), "hunter2");
    let shown = format!("{cluster:?} {form:?} {}", serde_json::to_string(&form).unwrap());
    assert!(!shown.contains("hunter"), "{shown}");
}

fn behind(proxy: &str, user: Option<&str>) -> SourceForm {
    SourceForm {
        proxy: some(proxy),
        proxy_user: user.map(str::to_owned),
        ..form()
    }
}

#[test]
fn address_map_and_proxy_become_properties() {
    let mut form = behind(" socks5://bastion:1080 ", Some("me"));
    form.address_map = "b1.internal:9092 = bastion:19092\nb2.internal:9092=bastion:19093\n".to_owned();
    assert_eq!(form.check(), []);
    let cluster = form.cluster(&secrets()).unwrap();
    let reach = cluster.reach().unwrap();
    assert_eq!(
        reach.map.to_string(),
        "b1.internal:9092=bastion:19092,b2.internal:9092=bastion:19093"
    );
    let proxy = reach.proxy.unwrap();
    assert_eq!(proxy.address.to_string(), "bastion:1080");
    let (user, password) = proxy.login.unwrap();
    assert_eq!((user.as_str(), password.reveal()), ("me", "hunter5"));
    assert!(!format!("{cluster:?}").contains("hunter5"));
}

#[test]
fn a_password_of_the_proxy_that_is_kept_means_nothing_without_a_user() {
    for form in [form(), behind("p:1", None)] {
        let reach = form.cluster(&secrets()).unwrap().reach().unwrap();
        assert!(reach.proxy.is_none_or(|proxy| proxy.login.is_none()));
    }
}

#[test]
fn what_is_wrong_with_map_and_proxy_is_said_at_their_fields() {
    let mut wrong = behind("http://p:1", None);
    wrong.address_map = "a:1=b:1\nb\nc:1=d\n".to_owned();
    let errors = wrong.check();
    assert_eq!(fields(&errors), ["address_map", "address_map", "proxy"]);
    assert!(errors[0].message.starts_with("line 2: "), "{errors:?}");
    assert!(errors[1].message.starts_with("line 3: "), "{errors:?}");

    let mut homeless = form();
    homeless.proxy_user = some("me");
    assert_eq!(fields(&homeless.check()), ["proxy"]);
    assert_eq!(
        fields(&behind("p:1", Some(&"x".repeat(256))).check()),
        ["proxy_user"]
    );
    let errors = behind("p:1", Some("me"))
        .cluster(&SourceSecrets::default())
        .unwrap_err();
    assert_eq!(fields(&errors), ["proxy_password"]);

    let mut contradicting = behind("p:1", None);
    contradicting.extra.insert(
        "client.dns.lookup".to_owned(),
        "resolve_canonical_bootstrap_servers_only".to_owned(),
    );
    assert_eq!(fields(&contradicting.check()), ["extra.client.dns.lookup"]);
}

#[test]
fn a_form_that_was_kept_before_there_were_maps_and_proxies_is_read() {
    let old: SourceForm = serde_json::from_str(r#"{"name":"orders","bootstrap":"a:1"}"#).unwrap();
    assert_eq!(
        (old.address_map.as_str(), old.proxy, old.proxy_user),
        ("", None, None)
    );
}
