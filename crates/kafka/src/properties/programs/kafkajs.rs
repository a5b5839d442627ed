//! A program for kafkajs: the object that a `Kafka` is made with.

use super::super::{json, structured};

/// What kafkajs calls the properties of a connection.
const NAMES: &[(&str, &str)] = &[
    ("brokers", "bootstrap.servers"),
    ("clientId", "client.id"),
    ("mechanism", "sasl.mechanism"),
    ("username", "sasl.username"),
    ("password", "sasl.password"),
    ("ca", "ssl.ca.location"),
    ("cert", "ssl.certificate.location"),
    ("key", "ssl.key.location"),
];

/// Its connection; TLS and a login are where their keys are, which together decide the security protocol.
pub(super) fn read(text: &str) -> Option<Vec<(String, String)>> {
    if !text.contains("kafkajs") && !text.contains("new Kafka(") {
        return None;
    }
    let code = json::without_comments(text);
    let object = object(&code);
    let mut has_tls = false;
    let mut has_login = false;
    let mut pairs = Vec::new();
    for (key, value) in structured::script(object) {
        match key.as_str() {
            "ssl" => has_tls = value.as_deref() != Some("false"),
            "sasl" => has_login = true,
            _ => {}
        }
        if let (Some((_, property)), Some(value)) = (NAMES.iter().find(|(name, _)| *name == key), value) {
            pairs.push(((*property).to_owned(), value));
        }
    }
    let protocol = match (has_tls, has_login) {
        (true, true) => "SASL_SSL",
        (true, false) => "SSL",
        (false, true) => "SASL_PLAINTEXT",
        (false, false) => "PLAINTEXT",
    };
    pairs.push(("security.protocol".to_owned(), protocol.to_owned()));
    Some(pairs)
}

/// The object alone that a `Kafka` is made with: what else a program has is no property of the connection.
fn object(code: &str) -> &str {
    let Some((_, rest)) = code.split_once("new Kafka(") else {
        return code;
    };
    let mut depth = 1_usize;
    let end = rest.char_indices().find(|(_, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.map_or(rest, |(at, _)| &rest[..at])
}
