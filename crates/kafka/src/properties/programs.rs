//! Texts of other programs that hold a connection and are no lines of properties: command lines, the file of an API
//! key, a program for kafkajs, TOML, a Kubernetes secret.

mod api_key;
mod command_line;
mod kafkajs;
mod secret;

pub(super) use secret::decoded;

use super::error::PropertiesError;
use super::node::{Field, Node};

type Pairs = Vec<(String, String)>;

/// Reads a text that is one of these; `None` if it is not.
pub(super) fn read(text: &str) -> Option<Result<Pairs, PropertiesError>> {
    let begin = text.trim_start();
    if begin.starts_with("-----BEGIN ") || begin.starts_with("Bag Attributes") {
        return Some(Err(PropertiesError::NotAClient(
            "is a key or a certificate in PEM, which names no brokers: bring the configuration that names it, as with ssl.ca.location, ssl.certificate.location and ssl.key.location",
        )));
    }
    if begin.starts_with("<?xml") || begin.starts_with("<!DOCTYPE") {
        return Some(Err(PropertiesError::NotAClient(
            "is XML, which is not read: write its entries as key=value lines",
        )));
    }
    command_line::read(text).or_else(|| api_key::read(text).or_else(|| kafkajs::read(text)).map(Ok))
}

/// The value of a text that is TOML and nothing simpler: with lists, with tables in tables, or with quoted keys, which an
/// INI file has not.
pub(super) fn toml(text: &str) -> Option<Node> {
    let is_toml = |line: &str| {
        let line = line.trim();
        let pair = line.split_once('=');
        let is_list = pair.is_some_and(|(_, value)| value.trim_start().starts_with('['));
        let is_quoted = pair.is_some_and(|(key, value)| {
            key.trim_end().ends_with('"') && value.trim_start().starts_with(['"', '\''])
        });
        let table = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        is_list || is_quoted || table.is_some_and(|name| name.contains('.') || name.starts_with('['))
    };
    text.lines()
        .any(is_toml)
        .then(|| toml::from_str::<toml::Table>(text).ok())
        .flatten()
        .map(|table| node(toml::Value::Table(table)))
}

fn node(value: toml::Value) -> Node {
    match value {
        toml::Value::String(text) => Node::Text(text),
        toml::Value::Array(items) => Node::List(items.into_iter().map(node).collect()),
        toml::Value::Table(fields) => Node::Fields(
            fields
                .into_iter()
                .map(|(name, value)| Field {
                    name,
                    line: None,
                    value: node(value),
                })
                .collect(),
        ),
        other => Node::Text(other.to_string()),
    }
}
