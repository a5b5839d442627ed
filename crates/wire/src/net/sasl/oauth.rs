//! OAUTHBEARER (RFC 7628) as Kafka has it (KIP-255, extensions by KIP-342).

use sluice_model::Secret;

use crate::error::{Result, WireError};

/// The only message of the client.
pub(crate) fn first_message(token: &Secret, extensions: &[(String, String)]) -> Vec<u8> {
    let mut message = format!("n,,\u{1}auth=Bearer {}\u{1}", token.reveal());
    for (name, value) in extensions {
        message.push_str(&format!("{name}={value}\u{1}"));
    }
    message.push('\u{1}');
    message.into_bytes()
}

/// The server answers with nothing, or with why it refuses.
pub(crate) fn check_answer(answer: &[u8]) -> Result<(), String> {
    if answer.is_empty() {
        return Ok(());
    }
    let status = serde_json::from_slice::<serde_json::Value>(answer)
        .ok()
        .and_then(|json| json["status"].as_str().map(str::to_owned));
    Err(match status {
        Some(status) => format!("the token is refused ({status})"),
        None => "the token is refused".to_owned(),
    })
}

/// Reads `name=value` pairs with commas between them, as librdkafka's `sasl.oauthbearer.extensions` has them.
///
/// # Errors
/// An entry has no equal sign, or the name `auth`, which is the token's.
pub(crate) fn extensions(text: &str) -> Result<Vec<(String, String)>> {
    text.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let (name, value) = entry.split_once('=').unwrap_or_default();
            let valid = !name.is_empty()
                && name != "auth"
                && name.chars().all(|c| c.is_ascii_alphabetic())
                && !value.contains('\u{1}');
            if valid {
                Ok((name.to_owned(), value.to_owned()))
            } else {
                Err(WireError::Settings {
                    property: "sasl.oauthbearer.extensions".to_owned(),
                    reason: "write name=value, with commas between them; a name has letters only and is not 'auth'"
                        .to_owned(),
                })
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_carries_the_token_and_the_extensions() {
        let pairs = extensions("logicalCluster=lkc-1, identityPoolId=pool-2").unwrap();
        assert_eq!(
            first_message(&Secret::new("abc"), &pairs),
            b"n,,\x01auth=Bearer abc\x01logicalCluster=lkc-1\x01identityPoolId=pool-2\x01\x01"
        );
        assert_eq!(
            first_message(&Secret::new("abc"), &[]),
            b"n,,\x01auth=Bearer abc\x01\x01"
        );
    }

    #[test]
    fn extensions_that_would_be_read_as_something_else_are_refused() {
        for text in ["auth=x", "a", "=b", "a b=c", "a=\u{1}"] {
            assert!(extensions(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_refused_token_is_reported_with_its_status() {
        assert_eq!(check_answer(b""), Ok(()));
        assert!(
            check_answer(br#"{"status":"invalid_token"}"#)
                .unwrap_err()
                .contains("invalid_token")
        );
        assert!(check_answer(b"\xff").is_err());
    }
}
