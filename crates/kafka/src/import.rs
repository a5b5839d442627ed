//! Data sources from what people have of other programs: a Java `client.properties`, a configuration of librdkafka or
//! kcat, or a bootstrap URL.

mod error;
mod url;

use std::path::{Path, PathBuf};

use sluice_model::{
    ADDRESS_MAP, AWS_EXTERNAL_ID, AWS_PROFILE, AWS_REGION, AWS_ROLE_ARN, AWS_ROLE_SESSION, Cluster, PROXY,
    PROXY_PASSWORD, PROXY_USER, SaslMechanism, Secret, SourceForm, SourceSecrets, check_extra_property,
};

use crate::ClientProperties;

pub use error::ImportError;
pub use url::import_url;

/// A data source, read and not yet checked or kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Everything that may be shown. [`SourceForm::check`] says what is still missing.
    pub form: SourceForm,
    /// What may not.
    pub secrets: SourceSecrets,
    /// What was left out and what looks like a mistake; sentences without secrets.
    pub notes: Vec<String>,
}

/// Reads a file in either syntax; the data source gets its name.
///
/// # Errors
/// The file or one it names cannot be read, a line makes no sense, or a value has no counterpart.
pub fn import_file(path: &Path) -> Result<Imported, ImportError> {
    // What is kept must mean the same wherever the program is started next time.
    let path = absolute(path)?;
    let mut imported = import_properties(&ClientProperties::load(&path)?)?;
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy())
        .unwrap_or_default();
    // One of several clusters in a file has its own name.
    let part = path
        .to_str()
        .and_then(|text| text.rsplit_once('#'))
        .map(|(_, part)| part.into());
    let stem = part.filter(|_| !path.exists()).unwrap_or(stem);
    imported.form.name = stem.trim().chars().take(64).collect();
    Ok(imported)
}

/// Reads the text of a file; relative paths in it start from `base_dir`.
///
/// # Errors
/// As [`import_file`].
pub fn import_text(text: &str, base_dir: &Path) -> Result<Imported, ImportError> {
    import_properties(&ClientProperties::parse(text, &absolute(base_dir)?)?)
}

fn absolute(path: &Path) -> Result<PathBuf, ImportError> {
    // `std::path::absolute` refuses the empty path, which `Path::parent` gives for a bare file name.
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    std::path::absolute(path).map_err(|error| ImportError::CurrentDirectory(error.to_string()))
}

fn import_properties(properties: &ClientProperties) -> Result<Imported, ImportError> {
    let mut imported = Imported {
        notes: properties.notes().to_vec(),
        ..Imported::default()
    };
    match properties.bootstrap() {
        Some(list) => Cluster::new(list)?
            .bootstrap()
            .clone_into(&mut imported.form.bootstrap),
        None => imported
            .notes
            .push("no brokers are named: add them as host:port".to_owned()),
    }
    imported.notes.extend(properties.gaps());
    for (name, value) in properties.pairs() {
        if !value.trim().is_empty() {
            imported.take(name, value)?;
        }
    }
    imported.settle_mechanism();
    Ok(imported)
}

impl Imported {
    fn take(&mut self, name: &str, value: &str) -> Result<(), ImportError> {
        let text = || Some(value.trim().to_owned());
        let secret = || Some(Secret::new(value));
        let Self {
            form, secrets, notes, ..
        } = self;
        match name {
            "security.protocol" => {
                form.protocol = value.parse().map_err(|reason| ImportError::Word {
                    property: "security.protocol",
                    reason,
                })?;
            }
            "sasl.mechanism" => {
                form.mechanism = Some(value.parse().map_err(|reason| ImportError::Word {
                    property: "sasl.mechanism",
                    reason,
                })?);
            }
            "sasl.username" => form.username = text(),
            "sasl.password" => secrets.password = secret(),
            "sasl.oauthbearer.token.endpoint.url" => form.oauth.token_endpoint = text(),
            "sasl.oauthbearer.client.id" | "sasl.oauthbearer.client.credentials.client.id" => {
                form.oauth.client_id = text();
            }
            "sasl.oauthbearer.client.secret" | "sasl.oauthbearer.client.credentials.client.secret" => {
                secrets.oauth_client_secret = secret();
            }
            "sasl.oauthbearer.scope" => form.oauth.scope = text(),
            "sasl.oauthbearer.method" => {
                if !value.trim().eq_ignore_ascii_case("oidc") {
                    notes.push(
                        "'sasl.oauthbearer.method' is left out: tokens are fetched with client credentials (oidc)"
                            .to_owned(),
                    );
                }
            }
            "sasl.kerberos.service.name" => form.kerberos.service_name = text(),
            "sasl.kerberos.principal" => form.kerberos.principal = text(),
            "sasl.kerberos.keytab" => form.kerberos.keytab = text(),
            AWS_REGION => form.aws.region = text(),
            AWS_PROFILE => form.aws.profile = text(),
            AWS_ROLE_ARN => form.aws.role_arn = text(),
            AWS_ROLE_SESSION => form.aws.session_name = text(),
            AWS_EXTERNAL_ID => form.aws.external_id = text(),
            // The system's certificates are taken anyway where no file is named.
            "ssl.ca.location" if value.trim() == "probe" => {}
            "ssl.ca.location" => form.ca_file = text(),
            "ssl.certificate.location" => form.certificate_file = text(),
            "ssl.key.location" => form.key_file = text(),
            "ssl.key.password" => secrets.key_password = secret(),
            "ssl.endpoint.identification.algorithm" => {
                form.verify_host_name = !value.trim().eq_ignore_ascii_case("none");
            }
            "client.id" => form.client_id = text(),
            ADDRESS_MAP => form.address_map = value.trim().replace(',', "\n"),
            PROXY => form.proxy = text(),
            PROXY_USER => form.proxy_user = text(),
            PROXY_PASSWORD => secrets.proxy_password = secret(),
            "ssl.key.pem" => secrets.key_pem = secret(),
            _ => self.take_extra(name, value.trim()),
        }
        Ok(())
    }

    fn take_extra(&mut self, name: &str, value: &str) {
        match check_extra_property(name, value) {
            Ok(()) => {
                if name == "sasl.kerberos.kinit.cmd" {
                    self.notes.push(format!(
                        "'{name}' is a command that runs on this computer at each login: keep it only if you trust where it comes from"
                    ));
                }
                self.form.extra.insert(name.to_owned(), value.to_owned());
            }
            // Something else than a name may stand there, and may be a password.
            Err(error) if error.field == "extra" => self
                .notes
                .push("a property is left out: its name has characters that no property has".to_owned()),
            Err(_) => self
                .notes
                .push(format!("'{name}' is left out: a data source has no place for it")),
        }
    }

    fn settle_mechanism(&mut self) {
        if !self.form.protocol.has_sasl() || self.form.mechanism.is_some() {
            return;
        }
        let kerberos = &self.form.kerberos;
        if kerberos.principal.is_some() || kerberos.keytab.is_some() {
            // The default of librdkafka and of Java's clients.
            self.form.mechanism = Some(SaslMechanism::Gssapi);
        } else {
            self.notes
                .push("no SASL mechanism is named: choose the one that the brokers use".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use sluice_model::{FieldError, SecurityProtocol};

    use super::*;
    use crate::Admin;

    /// A certificate and its key.
    fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["a".to_owned()]).unwrap();
        let unix = |text: String| text.replace("\r\n", "\n");
        (unix(made.cert.pem()), unix(made.signing_key.serialize_pem()))
    }

    fn line(text: &str) -> String {
        text.trim().replace('\n', " ")
    }

    fn read(text: &str) -> Imported {
        import_text(text, Path::new("/nowhere")).unwrap()
    }

    fn revealed(secret: &Option<Secret>) -> Option<&str> {
        secret.as_ref().map(Secret::reveal)
    }

    fn directory(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("sluice-import-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn address_map_and_proxy_of_a_file_fill_their_fields() {
        let read = read(
            "bootstrap.servers=a:1\nsluice.address.map=a:1=b:2, c:3=d:4\nsluice.proxy=bastion:1080\n\
             sluice.proxy.user=me\nsluice.proxy.password=hunter2\n",
        );
        assert_eq!(read.form.address_map, "a:1=b:2\n c:3=d:4");
        assert_eq!(read.form.proxy.as_deref(), Some("bastion:1080"));
        assert_eq!(read.form.proxy_user.as_deref(), Some("me"));
        assert_eq!(revealed(&read.secrets.proxy_password), Some("hunter2"));
        assert_eq!(
            (read.form.extra.len(), read.notes.as_slice()),
            (0, &[] as &[String])
        );
        assert_eq!(read.form.trimmed().check().len(), 1, "it has no name yet");
    }

    #[test]
    fn a_librdkafka_file_fills_the_fields_and_the_rest_goes_to_the_extra_properties() {
        let read = read(
            "metadata.broker.list=a:1, b:2\nsecurity.protocol=sasl_ssl\nsasl.mechanisms=SCRAM-SHA-256\n\
             sasl.username=me\nsasl.password=p=a\\b#c\nclient.id=it\nssl.endpoint.identification.algorithm=none\n\
             ssl.ca.location=probe\nsocket.keepalive.enable=true\nclient.rack=r1\n",
        );
        assert_eq!(read.form.bootstrap, "a:1,b:2");
        assert_eq!(read.form.protocol, SecurityProtocol::SaslSsl);
        assert_eq!(read.form.mechanism, Some(SaslMechanism::ScramSha256));
        assert_eq!(read.form.username.as_deref(), Some("me"));
        assert_eq!(revealed(&read.secrets.password), Some("p=a\\b#c"));
        assert_eq!(read.form.client_id.as_deref(), Some("it"));
        assert!(!read.form.verify_host_name);
        assert_eq!(
            read.form.ca_file, None,
            "the system's certificates are the default"
        );
        let extra: Vec<(&str, &str)> = read
            .form
            .extra
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            extra,
            [("client.rack", "r1"), ("socket.keepalive.enable", "true")]
        );
        assert_eq!(read.notes.len(), 1, "{:?}", read.notes);
        assert!(
            read.notes[0].contains("host names of the brokers are not checked"),
            "{:?}",
            read.notes
        );
    }

    #[test]
    fn a_kcat_command_line_is_read_too() {
        let read = read(
            "-X bootstrap.servers=a:1\n-X security.protocol=SASL_PLAINTEXT\nX sasl.mechanism=PLAIN\n\
             -X sasl.username=u\n-X sasl.password=hunter2\n",
        );
        assert_eq!(read.form.protocol, SecurityProtocol::SaslPlaintext);
        assert_eq!(read.form.mechanism, Some(SaslMechanism::Plain));
        assert_eq!(revealed(&read.secrets.password), Some("hunter2"));
    }

    #[test]
    fn a_java_file_with_a_login_module_and_certificates_within_it_is_read() {
        let certificate = made().0;
        let text = "bootstrap.servers: a:1\nsecurity.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n\
             sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\\n  \
               username=\"al\\\\\"ice\" \\\n  password=\"s\\u00e9cret;\";\n\
             ssl.truststore.type=PEM\n\
             request.timeout.ms=20000\nkey.deserializer=org.example.D\ngroup.id=g\n";
        let mut read = read(&format!(
            "{text}ssl.truststore.certificates={}\n",
            certificate.trim().replace('\n', " \\\n  ")
        ));
        assert_eq!(read.form.username.as_deref(), Some("al\"ice"));
        assert_eq!(revealed(&read.secrets.password), Some("sécret;"));
        assert_eq!(read.form.extra["ssl.ca.pem"], certificate.trim());
        assert_eq!(read.form.extra["socket.timeout.ms"], "20000");
        assert_eq!(read.notes.len(), 2, "{:?}", read.notes);
        for name in ["key.deserializer", "group.id"] {
            assert!(
                read.notes.iter().any(|note| note.contains(name)),
                "{:?}",
                read.notes
            );
        }
        read.form.name = "java".to_owned();
        assert_eq!(read.form.check(), []);
    }

    #[test]
    fn a_private_key_within_a_file_is_kept_as_a_secret() {
        let (certificate, key) = made();
        let mut read = read(&format!(
            "bootstrap.servers=a:1\nsecurity.protocol=SSL\nssl.keystore.type=PEM\n\
             ssl.keystore.certificate.chain={}\nssl.keystore.key={}\nssl.key.password=hunter3\n",
            line(&certificate),
            line(&key)
        ));
        assert!(read.form.extra.contains_key("ssl.certificate.pem"));
        assert_eq!(revealed(&read.secrets.key_password), Some("hunter3"));
        assert_eq!(revealed(&read.secrets.key_pem), Some(key.as_str()));
        read.form.name = "n".to_owned();
        let cluster = read.form.cluster(&read.secrets).unwrap();
        assert_eq!(cluster.properties()["ssl.key.pem"].reveal(), key);
        let secret = key.lines().nth(1).unwrap();
        let shown = format!("{read:?} {cluster:?}");
        assert!(!shown.contains(secret) && !shown.contains("hunter3"), "{shown}");
    }

    #[test]
    fn tokens_and_kerberos_are_read() {
        let oauth = read(
            "bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\n\
             sasl.oauthbearer.token.endpoint.url=https://id/token\n\
             sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId='c' clientSecret='hunter2' scope='k' extension_logicalCluster='l';\n",
        );
        assert_eq!(oauth.form.mechanism, Some(SaslMechanism::OauthBearer));
        assert_eq!(
            oauth.form.oauth.token_endpoint.as_deref(),
            Some("https://id/token")
        );
        assert_eq!(oauth.form.oauth.client_id.as_deref(), Some("c"));
        assert_eq!(oauth.form.oauth.scope.as_deref(), Some("k"));
        assert_eq!(revealed(&oauth.secrets.oauth_client_secret), Some("hunter2"));
        assert_eq!(
            oauth.form.extra["sasl.oauthbearer.extensions"],
            "logicalCluster=l"
        );
        assert_eq!(oauth.notes, [""; 0]);

        let kerberos = read(
            "bootstrap.servers=a:1\nsecurity.protocol=SASL_PLAINTEXT\n\
             sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required principal='me@REALM';\n\
             sasl.kerberos.service.name=kafka\n",
        );
        assert_eq!(kerberos.form.mechanism, Some(SaslMechanism::Gssapi));
        assert_eq!(kerberos.form.kerberos.principal.as_deref(), Some("me@REALM"));
        assert_eq!(kerberos.form.kerberos.service_name.as_deref(), Some("kafka"));
    }

    #[test]
    fn both_ways_of_amazons_library_are_one_login() {
        let role = "arn:aws:iam::111122223333:role/copy";
        for (mechanism, class, module, handler) in [
            (
                "AWS_MSK_IAM",
                "client",
                "software.amazon.msk.auth.iam.IAMLoginModule",
                "IAMClientCallbackHandler",
            ),
            (
                "OAUTHBEARER",
                "login",
                "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule",
                "IAMOAuthBearerLoginCallbackHandler",
            ),
        ] {
            let read = read(&format!(
                "bootstrap.servers=b-1.d.e.c2.kafka.eu-west-1.amazonaws.com:9098\nsecurity.protocol=SASL_SSL\n\
                 sasl.mechanism={mechanism}\n\
                 sasl.jaas.config={module} required awsProfileName=\"two words\" awsRoleArn=\"{role}\" awsRoleSessionName=\"me\" awsRoleExternalId=\"42\" awsStsRegion=\"us-east-1\" awsDebugCreds=\"true\";\n\
                 sasl.{class}.callback.handler.class=software.amazon.msk.auth.iam.{handler}\n"
            ));
            assert_eq!(read.form.mechanism, Some(SaslMechanism::AwsMskIam));
            assert_eq!(
                read.form.aws,
                sluice_model::AwsSettings {
                    region: None,
                    profile: Some("two words".to_owned()),
                    role_arn: Some(role.to_owned()),
                    session_name: Some("me".to_owned()),
                    external_id: Some("42".to_owned()),
                }
            );
            let notes = read.notes.join("\n");
            assert!(
                notes.contains("awsStsRegion") && notes.contains("awsDebugCreds"),
                "{notes}"
            );
            assert_eq!(read.notes.len(), 2, "{notes}");
            let mut form = read.form;
            form.name = "n".to_owned();
            let cluster = form.cluster(&read.secrets).unwrap();
            assert_eq!(cluster.msk_login().unwrap().unwrap().region, "eu-west-1");
        }
    }

    #[test]
    fn what_else_amazons_library_can_do_is_told() {
        let file = |mechanism: &str, module: &str| {
            format!(
                "bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL\n{mechanism}sasl.jaas.config={module};\n\
                 sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler\n"
            )
        };
        let plain = read(&file("", "software.amazon.msk.auth.iam.IAMLoginModule required"));
        assert_eq!(plain.form.mechanism, Some(SaslMechanism::AwsMskIam));
        let region = FieldError::new(
            "aws.region",
            "give the cluster's region: its brokers' host names do not tell it as those of Amazon MSK do",
        );
        assert!(plain.form.check().contains(&region), "{:?}", plain.form.check());
        for (mechanism, module, word) in [
            (
                "sasl.mechanism=AWS_MSK_IAM\n",
                "software.amazon.msk.auth.iam.IAMLoginModule required awsRoleArn='r' awsRoleAccessKeyId='hunter1' awsRoleSecretAccessKey='hunter2'",
                "holds keys of AWS",
            ),
            (
                "",
                "org.apache.kafka.common.security.scram.ScramLoginModule required username='u' password='hunter2'",
                "leave one of them",
            ),
        ] {
            let error = import_text(&file(mechanism, module), Path::new("/nowhere")).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(word) && !shown.contains("hunter"), "{shown}");
        }
    }

    #[test]
    fn a_command_in_a_file_is_pointed_out() {
        let read = read("bootstrap.servers=a:1\nsasl.kerberos.kinit.cmd=kinit -k\n");
        assert_eq!(read.form.extra["sasl.kerberos.kinit.cmd"], "kinit -k");
        assert!(
            read.notes
                .iter()
                .any(|note| note.contains("runs on this computer")),
            "{:?}",
            read.notes
        );
    }

    #[test]
    fn a_file_gives_its_name_and_its_paths_are_kept_whole() {
        let dir = directory("file");
        std::fs::write(dir.join("ca.pem"), made().0).unwrap();
        std::fs::write(dir.join("pw"), "hunter2\n").unwrap();
        let file = dir.join("订单.properties");
        std::fs::write(
            &file,
            "bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=u\n\
             sasl.password=${file:pw}\nssl.ca.location=ca.pem\n",
        )
        .unwrap();
        let read = import_file(&file).unwrap();
        assert_eq!(read.form.name, "订单");
        assert_eq!(read.form.ca_file.as_deref(), dir.join("ca.pem").to_str());
        assert_eq!(revealed(&read.secrets.password), Some("hunter2"));
        assert_eq!(read.form.check(), []);

        std::fs::write(
            dir.join(format!("{}.conf", "n".repeat(70))),
            "bootstrap.servers=a:1\n",
        )
        .unwrap();
        let long = import_file(&dir.join(format!("{}.conf", "n".repeat(70)))).unwrap();
        assert_eq!(long.form.check(), [], "a long name is cut to what is allowed");

        let error = import_file(&dir.join("none.properties")).unwrap_err().to_string();
        assert!(error.contains("none.properties"), "{error}");
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn relative_files_become_absolute() {
        assert!(absolute(Path::new("")).unwrap().is_absolute());
        assert!(absolute(Path::new("a/b")).unwrap().is_absolute());
    }

    #[test]
    fn what_is_missing_is_remarked() {
        let read = read("security.protocol=SASL_SSL\nsasl.username=u\nsasl.password=\n");
        assert_eq!(read.secrets.password, None, "a blank value is none");
        let notes = read.notes.join("\n");
        assert!(
            notes.contains("no brokers") && notes.contains("no SASL mechanism"),
            "{notes}"
        );
    }

    #[test]
    fn values_without_a_counterpart_are_refused_without_showing_them() {
        for (text, word) in [
            ("bootstrap.servers=a:1\nsecurity.protocol=hunter2\n", "SASL_SSL"),
            ("bootstrap.servers=a:1\nsasl.mechanism=hunter2\n", "SCRAM-SHA-256"),
            ("bootstrap.servers=u:hunter2@a:1\n", "user and password"),
        ] {
            let error = import_text(text, Path::new("/nowhere")).unwrap_err();
            assert!(error.to_string().contains(word), "{text}: {error}");
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{text}: {error:?}"
            );
        }
    }

    #[test]
    fn no_secret_is_in_notes_debug_output_or_json() {
        let read = read(
            "bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=u\n\
             sasl.password=hunter1\nssl.key.password=hunter2\nsasl.oauthbearer.client.secret=hunter3\n\
             sasl.oauthbearer.config=hunter4\nsome.unknown.password=hunter5\nodd name=hunter6\n\
             sasl.oauthbearer.assertion.private.key.pem=hunter7\n",
        );
        assert_eq!(read.secrets.given().count(), 3);
        let json = serde_json::to_string(&(&read.form, &read.secrets)).unwrap();
        let shown = format!("{read:?} {} {json}", read.notes.join("\n"));
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(
            read.notes
                .iter()
                .any(|note| note.contains("some.unknown.password")),
            "{:?}",
            read.notes
        );
        assert!(
            !read.notes.iter().any(|note| note.contains("odd name")),
            "{:?}",
            read.notes
        );
    }

    #[test]
    fn librdkafka_takes_what_every_kind_of_data_source_becomes() {
        for text in [
            "",
            "client.id=x\nclient.rack=r\nsocket.timeout.ms=1000\nbroker.address.family=v4\n",
            "security.protocol=SSL\nssl.endpoint.identification.algorithm=none\nssl.cipher.suites=DEFAULT\n",
            "security.protocol=SSL\nssl.endpoint.identification.algorithm=https\nenable.ssl.certificate.verification=false\n",
            "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=u\nsasl.password=p\n",
            "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-256\nsasl.username=u\nsasl.password=p\n",
            "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\nsasl.username=u\nsasl.password=p\n",
            "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.method=oidc\n\
             sasl.oauthbearer.token.endpoint.url=http://127.0.0.1:1/token\nsasl.oauthbearer.client.id=c\n\
             sasl.oauthbearer.client.secret=s\nsasl.oauthbearer.scope=k\nsasl.oauthbearer.extensions=a=b\n",
            "security.protocol=SASL_SSL\nsasl.mechanism=AWS_MSK_IAM\nsluice.aws.region=eu-west-1\nsluice.aws.profile=nobody\n",
        ] {
            let mut read = read(&format!("bootstrap.servers=127.0.0.1:1\n{text}"));
            read.form.name = "n".to_owned();
            let cluster = read.form.cluster(&read.secrets).unwrap();
            let client = Admin::new(&cluster);
            assert!(client.is_ok(), "{text}: {:?}", client.err());
        }
    }
}
