use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Where the newest version is written. A text that others can change would lead users to another program: only TLS, or this
/// computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UpdateAddress(String);

/// Why a text is no such address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("'{0}' is no address to ask for a newer version: write https://HOST/PATH")]
pub(crate) struct NoUpdateAddress(String);

impl FromStr for UpdateAddress {
    type Err = NoUpdateAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NoUpdateAddress(text.to_owned());
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = match authority.strip_prefix('[') {
            Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        let is_local = ["127.0.0.1", "::1", "localhost"].contains(&host);
        let is_safe = scheme == "https" || (scheme == "http" && is_local);
        let is_foreign = |c: char| c.is_whitespace() || c.is_control();
        if !is_safe || host.is_empty() || authority.contains('@') || text.contains(is_foreign) {
            return Err(wrong());
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for UpdateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_and_this_computer_are_asked() {
        for text in [
            "https://example.org/sluice.json",
            " https://example.org ",
            "http://127.0.0.1:8080/x",
            "http://[::1]:8080/x",
            "http://localhost/x",
        ] {
            assert_eq!(text.parse::<UpdateAddress>().unwrap().to_string(), text.trim());
        }
        for text in [
            "",
            "example.org/sluice.json",
            "http://example.org/sluice.json",
            "http://127.0.0.1.example.org/",
            "http://localhost@example.org/",
            "https://user:secret@example.org/",
            "https:///x",
            "file:///etc/passwd",
        ] {
            assert!(text.parse::<UpdateAddress>().is_err(), "{text}");
        }
    }
}
