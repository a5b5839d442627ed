//! JSON in columns of text.

use std::collections::BTreeMap;

use rusqlite::Row;
use rusqlite::types::Type;
use serde_json::Value;

/// The text of a column.
pub(crate) fn to_text(value: &Value) -> String {
    value.to_string()
}

/// The text of a column that may be empty.
pub(crate) fn to_optional_text(value: Option<&Value>) -> Option<String> {
    value.map(Value::to_string)
}

/// The text of a column of names and texts.
pub(crate) fn object(map: &BTreeMap<String, String>) -> String {
    let fields = map
        .iter()
        .map(|(key, text)| (key.clone(), Value::from(text.clone())));
    Value::Object(fields.collect()).to_string()
}

/// The value in a column.
pub(crate) fn value(row: &Row<'_>, index: usize) -> rusqlite::Result<Value> {
    parse(index, &row.get::<_, String>(index)?)
}

/// The value in a column that may be empty.
pub(crate) fn optional(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Value>> {
    row.get::<_, Option<String>>(index)?
        .map(|text| parse(index, &text))
        .transpose()
}

/// The names and texts in a column.
pub(crate) fn map(row: &Row<'_>, index: usize) -> rusqlite::Result<BTreeMap<String, String>> {
    serde_json::from_str(&row.get::<_, String>(index)?).map_err(|error| damaged(index, error))
}

fn parse(index: usize, text: &str) -> rusqlite::Result<Value> {
    serde_json::from_str(text).map_err(|error| damaged(index, error))
}

fn damaged(index: usize, error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error))
}
