//! A Kubernetes secret, whose values are in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// What such a secret holds, by its own keys; any other value as it is. Values that are no text, as stores, are left out.
pub(in super::super) fn decoded(value: Value) -> Value {
    let is_secret = value.get("kind").and_then(Value::as_str) == Some("Secret");
    if !is_secret {
        return value;
    }
    let mut held = Map::new();
    let fields = |name: &str| value.get(name).and_then(Value::as_object).into_iter().flatten();
    for (key, encoded) in fields("data") {
        let text = encoded
            .as_str()
            .and_then(|encoded| {
                let joined: String = encoded.chars().filter(|c| !c.is_whitespace()).collect();
                STANDARD.decode(joined).ok()
            })
            .and_then(|bytes| String::from_utf8(bytes).ok());
        held.extend(text.map(|text| (key.clone(), Value::String(text.trim_end_matches('\n').to_owned()))));
    }
    for (key, text) in fields("stringData") {
        held.insert(key.clone(), text.clone());
    }
    Value::Object(held)
}
