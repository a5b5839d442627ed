//! A Kubernetes secret, whose values are in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::node::{Field, Node};

/// What the operators of Kafka and Kubernetes itself call certificates and keys in a secret.
const NAMES: &[(&str, &str)] = &[
    ("ca.crt", "ssl.ca.pem"),
    ("tls.crt", "ssl.certificate.pem"),
    ("tls.key", "ssl.key.pem"),
    ("user.crt", "ssl.certificate.pem"),
    ("user.key", "ssl.key.pem"),
];

/// What such a secret holds, by the names of properties; any other value as it is. Values that are no text, as stores,
/// are left out.
pub(in super::super) fn decoded(node: Node) -> Node {
    if node.field("kind").and_then(Node::text) != Some("Secret") {
        return node;
    }
    let mut held = Vec::new();
    let fields = |name: &str| node.field(name).map(Node::fields).unwrap_or_default();
    let named = |field: &Field, value: Node| {
        let known = NAMES.iter().find(|(name, _)| *name == field.name);
        Field {
            name: known.map_or_else(|| field.name.clone(), |(_, property)| (*property).to_owned()),
            line: field.line,
            value,
        }
    };
    for field in fields("data") {
        let text = field
            .value
            .text()
            .and_then(|encoded| {
                let joined: String = encoded.chars().filter(|c| !c.is_whitespace()).collect();
                STANDARD.decode(joined).ok()
            })
            .and_then(|bytes| String::from_utf8(bytes).ok());
        held.extend(text.map(|text| named(field, Node::Text(text.trim_end_matches('\n').to_owned()))));
    }
    held.extend(
        fields("stringData")
            .iter()
            .map(|field| named(field, field.value.clone())),
    );
    Node::Fields(held)
}
