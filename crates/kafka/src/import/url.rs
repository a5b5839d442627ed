//! `kafka://user:password@host:port,host:port?security=SASL_SSL&mechanism=PLAIN`, with Kafka's security protocols as
//! schemes too.

use std::path::Path;

use sluice_model::{Cluster, SaslMechanism, Secret, SecurityProtocol};

use super::{ImportError, Imported, absolute, import_properties};
use crate::ClientProperties;

const SCHEMES: &str =
    "has an unknown scheme: write kafka://, PLAINTEXT://, SSL://, SASL_PLAINTEXT:// or SASL_SSL://";
const ENCODE: &str = "cannot be taken apart: write special characters of user, password and values percent-encoded (@ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25, a comma as %2C)";
const QUERY: &str =
    "has a part behind '?' that is no name=value: write for example ?security=SASL_SSL&mechanism=PLAIN";

/// Reads a bootstrap URL. Behind `?` stand `security`, `mechanism` or any client property by its name. The data source
/// gets the first broker's host as its name.
///
/// # Errors
/// The scheme is unknown, an address is malformed, a special character is not percent-encoded, or the protocol is named
/// twice with different values. No part of the URL is shown, since it may have a password in it.
pub fn import_url(url: &str) -> Result<Imported, ImportError> {
    let url = url.trim();
    let (scheme, rest) = url.split_once("://").unwrap_or(("kafka", url));
    let protocol = protocol_of(scheme)?;
    let (addresses, query) = rest.split_once('?').unwrap_or((rest, ""));
    if query.contains(['@', '#']) {
        return Err(ImportError::Url(ENCODE));
    }
    let (user, addresses) = split_user(addresses, scheme)?;
    // Its own error would show the addresses, and what is malformed may be half a password.
    let cluster = Cluster::new(&addresses).map_err(|_| {
        ImportError::Url("has a malformed address: write kafka://host:port,host:port with ports from 1 to 65535, IPv6 in brackets")
    })?;

    let mut pairs = pairs(query)?;
    pairs.push(("bootstrap.servers".to_owned(), cluster.bootstrap().to_owned()));
    let named = pairs.iter().any(|(name, _)| name == "security.protocol");
    if let Some((name, password)) = &user
        && pairs
            .iter()
            .any(|(key, value)| is_another(key, value, name, password.as_ref()))
    {
        return Err(ImportError::Url(
            "names two users, before its '@' and behind '?': leave one of them",
        ));
    }
    // Before the properties are judged, since what they mean depends on the protocol.
    let mut notes = Vec::new();
    match (protocol, &user) {
        (Some(protocol), _) => {
            if pairs.iter().any(|(name, value)| {
                name == "security.protocol" && !value.trim().eq_ignore_ascii_case(protocol.as_str())
            }) {
                return Err(ImportError::Url(
                    "names two security protocols, in its scheme and behind '?': leave one of them",
                ));
            }
            pairs.push(("security.protocol".to_owned(), protocol.as_str().to_owned()));
        }
        (None, Some(_)) if !named => {
            pairs.push(("security.protocol".to_owned(), "SASL_SSL".to_owned()));
            notes.push(
                "the URL has a user and no security protocol: SASL_SSL is taken; choose SASL_PLAINTEXT if the brokers do not use TLS"
                    .to_owned(),
            );
        }
        (None, _) => {}
    }
    let names_mechanism = pairs
        .iter()
        .any(|(name, _)| matches!(name.as_str(), "sasl.mechanism" | "sasl.mechanisms"));
    if user.is_some() && !names_mechanism {
        pairs.push((
            "sasl.mechanism".to_owned(),
            SaslMechanism::Plain.as_str().to_owned(),
        ));
        notes.push(
            "the URL has a user and no SASL mechanism: PLAIN is taken; choose another if the brokers use one"
                .to_owned(),
        );
    }

    let mut imported = import_properties(&ClientProperties::from_pairs(pairs, &absolute(Path::new("."))?)?)?;
    if let Some((name, password)) = user {
        if !imported.form.protocol.has_sasl() {
            notes.push(format!(
                "the URL has a user, but the security protocol is {}: the login is not used. Choose SASL_SSL or SASL_PLAINTEXT if the brokers ask for a user",
                imported.form.protocol
            ));
        }
        imported.form.username = Some(name);
        imported.secrets.password = password.or(imported.secrets.password);
    }
    notes.append(&mut imported.notes);
    imported.notes = notes;
    imported.form.name = first_host(cluster.bootstrap()).chars().take(64).collect();
    Ok(imported)
}

/// Whether a property is a login other than `name` with `password`.
fn is_another(key: &str, value: &str, name: &str, password: Option<&Secret>) -> bool {
    match key {
        "sasl.username" => value != name,
        "sasl.password" => password.is_some_and(|password| password.reveal() != value),
        _ => false,
    }
}

/// What a scheme says of the protocol; `kafka` says nothing.
fn protocol_of(scheme: &str) -> Result<Option<SecurityProtocol>, ImportError> {
    if scheme.eq_ignore_ascii_case("kafka") {
        return Ok(None);
    }
    scheme.parse().map(Some).map_err(|_| ImportError::Url(SCHEMES))
}

type User = (String, Option<Secret>);

/// The user, and the addresses without it and without schemes.
fn split_user(text: &str, scheme: &str) -> Result<(Option<User>, String), ImportError> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let mut user = None;
    let mut addresses = Vec::new();
    for (index, entry) in text.split(',').enumerate() {
        let entry = match entry.split_once("://") {
            // Lists of listeners repeat the scheme.
            Some((again, rest)) if index > 0 && again.trim().eq_ignore_ascii_case(scheme) => rest,
            Some(_) if index > 0 && !entry.contains('@') => {
                return Err(ImportError::Url(
                    "has addresses with different schemes: all brokers of a data source have one security protocol",
                ));
            }
            _ => entry,
        };
        let address = match entry.rsplit_once('@') {
            None => entry,
            Some((credentials, address)) if index == 0 && !credentials.contains(['@', '/', '#']) => {
                user = Some(read_user(credentials)?);
                address
            }
            Some(_) => return Err(ImportError::Url(ENCODE)),
        };
        if address.contains(['/', '#']) {
            return Err(ImportError::Url(
                "has a path, which means nothing here: end it behind the last port, or write / as %2F if it belongs to a password",
            ));
        }
        addresses.push(address);
    }
    Ok((user, addresses.join(",")))
}

fn read_user(credentials: &str) -> Result<User, ImportError> {
    let (name, password) = match credentials.split_once(':') {
        Some((name, password)) => (name, Some(password)),
        None => (credentials, None),
    };
    let name = decode(name)?;
    if name.trim().is_empty() {
        return Err(ImportError::Url(
            "has no user before its '@'; write user:password@host:port",
        ));
    }
    let password = password
        .filter(|password| !password.is_empty())
        .map(decode)
        .transpose()?
        .map(Secret::new);
    Ok((name, password))
}

/// The properties behind `?`, with short names brought to those of properties.
fn pairs(query: &str) -> Result<Vec<(String, String)>, ImportError> {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').ok_or(ImportError::Url(QUERY))?;
            let name = decode(name)?;
            let property = match name.to_ascii_lowercase().as_str() {
                "" => return Err(ImportError::Url(QUERY)),
                "security" | "protocol" | "security_protocol" => "security.protocol".to_owned(),
                "mechanism" | "sasl_mechanism" => "sasl.mechanism".to_owned(),
                _ => name,
            };
            Ok((property, decode(value)?))
        })
        .collect()
}

/// Replaces `%xx`. A `+` stays one: it is common in passwords.
fn decode(text: &str) -> Result<String, ImportError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err(ImportError::Url(
                "has a '%' that two hexadecimal digits do not follow; write a percent sign as %25",
            ));
        };
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).map_err(|_| {
        ImportError::Url("has percent-encoded bytes that are no UTF-8; encode the text as UTF-8")
    })
}

fn first_host(bootstrap: &str) -> &str {
    let first = bootstrap.split(',').next().unwrap_or_default();
    first.rsplit_once(':').map_or(first, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Imported {
        import_url(url).unwrap()
    }

    fn refused(url: &str) -> String {
        let error = import_url(url).unwrap_err();
        format!("{error} {error:?}")
    }

    fn password(imported: &Imported) -> Option<&str> {
        imported.secrets.password.as_ref().map(Secret::reveal)
    }

    #[test]
    fn user_password_protocol_and_mechanism_are_read() {
        let read = read("kafka://user:pass@h1:9092,h2:9092?security=SASL_SSL&mechanism=SCRAM-SHA-512");
        assert_eq!(read.form.name, "h1");
        assert_eq!(read.form.bootstrap, "h1:9092,h2:9092");
        assert_eq!(read.form.protocol, SecurityProtocol::SaslSsl);
        assert_eq!(read.form.mechanism, Some(SaslMechanism::ScramSha512));
        assert_eq!(read.form.username.as_deref(), Some("user"));
        assert_eq!(password(&read), Some("pass"));
        assert_eq!(read.notes, [""; 0]);
        assert_eq!(read.form.check(), []);
        assert!(read.form.cluster(&read.secrets).is_ok());
    }

    #[test]
    fn protocols_are_schemes_too_and_may_be_repeated() {
        let read = read("SASL_SSL://h:9092,SASL_SSL://[::1]:9093/?mechanism=plain");
        assert_eq!(read.form.bootstrap, "h:9092,[::1]:9093");
        assert_eq!(read.form.protocol, SecurityProtocol::SaslSsl);
        assert_eq!(read.form.mechanism, Some(SaslMechanism::Plain));
        for (url, protocol) in [
            ("h:1", SecurityProtocol::Plaintext),
            ("kafka://h:1", SecurityProtocol::Plaintext),
            ("PLAINTEXT://h:1", SecurityProtocol::Plaintext),
            ("ssl://h:1?protocol=SSL", SecurityProtocol::Ssl),
        ] {
            let read = import_url(url).unwrap();
            assert_eq!(read.form.protocol, protocol, "{url}");
            assert_eq!(read.form.bootstrap, "h:1", "{url}");
            assert_eq!(read.notes, [""; 0], "{url}");
        }
    }

    #[test]
    fn special_characters_of_passwords_are_decoded() {
        let read = read(
            "kafka://al%40ice:p%40s%3As%2Fw%3F%23%2C%25%E4%B8%AD+;=&'@h:1?security=SASL_SSL&mechanism=PLAIN",
        );
        assert_eq!(read.form.username.as_deref(), Some("al@ice"));
        assert_eq!(password(&read), Some("p@s:s/w?#,%中+;=&'"));
    }

    #[test]
    fn a_placeholder_in_a_password_is_part_of_it() {
        let read = read("kafka://u:${env:PATH}@h:1?security=SASL_SSL&mechanism=PLAIN");
        assert_eq!(password(&read), Some("${env:PATH}"));
    }

    #[test]
    fn a_user_without_a_protocol_is_not_sent_in_clear() {
        let read = read("kafka://u:hunter2@h:1");
        assert_eq!(read.form.protocol, SecurityProtocol::SaslSsl);
        assert_eq!(read.form.mechanism, Some(SaslMechanism::Plain));
        assert_eq!(read.notes.len(), 2, "{:?}", read.notes);
        assert!(read.notes[0].contains("SASL_SSL") && read.notes[1].contains("PLAIN"));
    }

    #[test]
    fn a_user_that_cannot_log_in_is_remarked() {
        let read = read("PLAINTEXT://u:hunter2@h:1?mechanism=PLAIN");
        assert_eq!(read.form.protocol, SecurityProtocol::Plaintext);
        assert!(
            read.notes
                .iter()
                .any(|note| note.contains("the login is not used")),
            "{:?}",
            read.notes
        );
    }

    #[test]
    fn other_properties_stand_behind_the_question_mark_under_their_names() {
        let read =
            read("kafka://h:1?client.id=me%20too&socket.timeout.ms=1000&group.id=g&statistics.interval.ms=1");
        assert_eq!(read.form.client_id.as_deref(), Some("me too"));
        assert_eq!(read.form.extra["socket.timeout.ms"], "1000");
        assert_eq!(read.notes.len(), 2, "{:?}", read.notes);
        assert!(read.notes.iter().any(|note| note.contains("'group.id'")));
        assert!(
            read.notes
                .iter()
                .any(|note| note.contains("'statistics.interval.ms'"))
        );
    }

    #[test]
    fn mistakes_are_reported_without_showing_any_of_the_url() {
        for (url, word) in [
            ("", "malformed address"),
            ("http://u:hunter2@h:1", "unknown scheme"),
            ("u:hunter2://x", "unknown scheme"),
            ("kafka://", "malformed address"),
            ("kafka://u:hunter2", "malformed address"),
            ("kafka://u:hunter2@h", "malformed address"),
            ("kafka://u:hunter2@h:99999", "malformed address"),
            ("kafka://u:hun@ter2@h:1", "%40"),
            ("kafka://u:hun,ter2@h:1", "%2C"),
            ("kafka://u:hun/ter2@h:1", "%2F"),
            ("kafka://u:hun?ter2@h:1", "%3F"),
            ("kafka://u:hun#ter2@h:1", "%23"),
            ("kafka://u:hun://,ter2@h:1", "%2F"),
            ("kafka://u:hun%ter2@h:1", "%25"),
            ("kafka://u:hunter2%ff@h:1", "UTF-8"),
            ("kafka://:hunter2@h:1", "no user"),
            ("kafka://h:1/hunter2", "path"),
            ("kafka://h:1?hunter2", "name=value"),
            ("kafka://h:1?=hunter2", "name=value"),
            ("kafka://h:1?security=hunter2", "PLAINTEXT, SSL"),
            ("kafka://h:1?security=SASL_SSL&mechanism=hunter2", "SCRAM-SHA-256"),
            ("SSL://h:1?security=PLAINTEXT", "two security protocols"),
            ("SSL://h:1,PLAINTEXT://i:1", "different schemes"),
        ] {
            let error = refused(url);
            assert!(error.contains(word), "{url}: {error}");
            assert!(
                !error.contains("hun") && !error.contains("ter2"),
                "{url}: {error}"
            );
        }
    }

    #[test]
    fn two_users_or_two_passwords_are_refused() {
        for query in ["sasl.username=v", "sasl.password=hunter3"] {
            let error = refused(&format!("kafka://u:hunter2@h:1?{query}"));
            assert!(
                error.contains("names two users") && !error.contains("hunter"),
                "{error}"
            );
        }
        assert!(import_url("kafka://u:hunter2@h:1?sasl.username=u&sasl.password=hunter2").is_ok());
    }

    #[test]
    fn neither_debug_output_nor_notes_nor_json_show_the_password() {
        let error = refused("kafka://u:hunter2@h:1?ssl.key.pem=hunter4");
        assert!(!error.contains("hunter"), "{error}");
        let read = read("kafka://u:hunter2@h:1?sasl.oauthbearer.config=hunter3&ssl.key.password=hunter4");
        let shown = format!(
            "{read:?} {}",
            serde_json::to_string(&(&read.form, &read.secrets)).unwrap()
        );
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
