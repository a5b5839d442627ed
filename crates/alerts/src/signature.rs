use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sluice_model::Secret;

use crate::{ChannelError, Result};

/// The value of `X-Sluice-Signature`: what the receiver computes from the header `X-Sluice-Timestamp` (seconds since
/// 1970), a dot and the body as it came.
pub(crate) fn generic(secret: &Secret, timestamp: i64, body: &[u8]) -> Result<String> {
    let mut text = format!("{timestamp}.").into_bytes();
    text.extend_from_slice(body);
    let digest = hmac_sha256(secret.reveal().as_bytes(), &text)?;
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256={hex}"))
}

/// Feishu's custom bots: the time (seconds since 1970) and the secret are the key, and the text is empty.
pub(crate) fn feishu(secret: &Secret, timestamp: i64) -> Result<String> {
    let key = format!("{timestamp}\n{}", secret.reveal());
    Ok(STANDARD.encode(hmac_sha256(key.as_bytes(), b"")?))
}

/// DingTalk's custom robots: the secret is the key, the text is the time (ms since 1970) and the secret again. Made
/// fit for a URL.
pub(crate) fn ding_talk(secret: &Secret, timestamp_ms: i64) -> Result<String> {
    let text = format!("{timestamp_ms}\n{}", secret.reveal());
    let sign = STANDARD.encode(hmac_sha256(secret.reveal().as_bytes(), text.as_bytes())?);
    Ok(sign.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"))
}

fn hmac_sha256(key: &[u8], text: &[u8]) -> Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| ChannelError::Setup {
        reason: format!("the signing secret cannot be used: {error}"),
    })?;
    mac.update(text);
    Ok(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected values were computed with Python's hmac, hashlib and urllib.parse.

    #[test]
    fn signatures_agree_with_another_implementation() {
        let secret = Secret::new("SEC-demo");
        assert_eq!(
            generic(&secret, 1_700_000_000, br#"{"a":1}"#).unwrap(),
            "sha256=9f8380e9edb2445fed51ae0d03df6dc6f4305c00fe359da2a5ca2f5826ceaca7"
        );
        assert_eq!(
            feishu(&secret, 1_700_000_000).unwrap(),
            "+PPsErHfNsqRl8dBb4WM9FnNlfMMS9PZkDhbiPj54Ck="
        );
        assert_eq!(
            ding_talk(&secret, 1_700_000_000_000).unwrap(),
            "D%2FxDN%2BjQpSknk8%2BPAQJ9%2BQrB8UoyJMfIh%2BtA1ge3QFE%3D"
        );
    }
}
