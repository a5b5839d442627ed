//! Texts of other programs that hold a connection and are no lines of properties: command lines, the file of an API
//! key, a program for kafkajs, TOML, a Kubernetes secret.

mod api_key;
mod command_line;
mod kafkajs;
mod secret;

pub(super) use secret::decoded;

use serde_json::Value;

use super::error::PropertiesError;

type Pairs = Vec<(String, String)>;

/// Reads a text that is one of these; `None` if it is not.
pub(super) fn read(text: &str) -> Option<Result<Pairs, PropertiesError>> {
    if text.trim_start().starts_with("<?xml") || text.trim_start().starts_with("<!DOCTYPE") {
        return Some(Err(PropertiesError::NotAClient(
            "is XML, which is not read: write its entries as key=value lines",
        )));
    }
    command_line::read(text).or_else(|| api_key::read(text).or_else(|| kafkajs::read(text)).map(Ok))
}

/// The value of a text that is TOML and nothing simpler: with lists or with tables in tables, which an INI file has not.
pub(super) fn toml(text: &str) -> Option<Value> {
    let is_toml = |line: &str| {
        let line = line.trim();
        let is_list = line
            .split_once('=')
            .is_some_and(|(_, value)| value.trim_start().starts_with('['));
        let table = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        is_list || table.is_some_and(|name| name.contains('.') || name.starts_with('['))
    };
    text.lines()
        .any(is_toml)
        .then(|| toml::from_str::<Value>(text).ok())
        .flatten()
}
