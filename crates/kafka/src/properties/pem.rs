//! PEM text that has lost its line breaks on the way through a properties file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::identity::is_certificate;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const LINE: usize = 64;

/// Puts the line breaks back that OpenSSL needs; `None` if there is no complete block.
pub(super) fn restore(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(BEGIN) {
        let from = &rest[at + BEGIN.len()..];
        let (label, from) = from.split_once(DASHES)?;
        let (body, after) = from.split_once(&format!("{END}{label}{DASHES}"))?;
        out.push_str(&format!("{BEGIN}{label}{DASHES}\n"));
        if body.contains(':') {
            // Headers of an encrypted key in the old format: their lines mean something.
            out.push_str(body.trim());
            out.push('\n');
        } else {
            let characters: Vec<char> = body.chars().filter(|c| !c.is_whitespace()).collect();
            for line in characters.chunks(LINE) {
                out.extend(line);
                out.push('\n');
            }
        }
        out.push_str(&format!("{END}{label}{DASHES}\n"));
        rest = after;
    }
    (!out.is_empty()).then_some(out)
}

const NO_CERTIFICATE: &str = "has no certificate in it (-----BEGIN CERTIFICATE-----)";
const BROKEN_CERTIFICATE: &str = "has a certificate that is damaged or cut off: copy it again";
const NO_KEY: &str = "has no private key in it (-----BEGIN PRIVATE KEY-----)";
const BROKEN_KEY: &str = "has a private key that is damaged or cut off: copy it again";

/// Checks a text of certificates. The error follows what names the text.
pub(super) fn check_certificates(text: &str) -> Result<(), &'static str> {
    let blocks = blocks(text, "CERTIFICATE").ok_or(BROKEN_CERTIFICATE)?;
    if blocks.is_empty() {
        return Err(NO_CERTIFICATE);
    }
    let is_whole = |body: &&str| der(body).is_some_and(|der| is_certificate(&der));
    if blocks.iter().all(is_whole) {
        Ok(())
    } else {
        Err(BROKEN_CERTIFICATE)
    }
}

/// Checks a text with a private key, sealed or not. The error follows what names the text and shows nothing of it.
pub(super) fn check_key(text: &str) -> Result<(), &'static str> {
    let blocks = blocks(text, "PRIVATE KEY").ok_or(BROKEN_KEY)?;
    if blocks.is_empty() {
        return Err(NO_KEY);
    }
    // The old format has headers before a sealed key, which only its password opens.
    let is_whole = |body: &&str| body.contains(':') || der(body).is_some_and(|der| is_sequence(&der));
    if blocks.iter().all(is_whole) {
        Ok(())
    } else {
        Err(BROKEN_KEY)
    }
}

/// Whether a text has a private key in it, whole or not.
pub(super) fn has_private_key(text: &str) -> bool {
    text.split(BEGIN).skip(1).any(|block| {
        block
            .split_once(DASHES)
            .is_some_and(|(label, _)| label.ends_with("PRIVATE KEY"))
    })
}

/// What stands in the blocks whose labels end so; `None` if one has no end.
fn blocks<'a>(text: &'a str, kind: &str) -> Option<Vec<&'a str>> {
    let mut found = Vec::new();
    for block in text.split(BEGIN).skip(1) {
        let (label, body) = block.split_once(DASHES)?;
        let (body, _) = body.split_once(&format!("{END}{label}{DASHES}"))?;
        if label.ends_with(kind) {
            found.push(body);
        }
    }
    Some(found)
}

fn der(body: &str) -> Option<Vec<u8>> {
    let digits: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(digits).ok()
}

/// Whether DER is one sequence of the length that it names.
fn is_sequence(der: &[u8]) -> bool {
    let [0x30, length, rest @ ..] = der else {
        return false;
    };
    if *length < 0x80 {
        return rest.len() == usize::from(*length);
    }
    let Some((digits, content)) = rest.split_at_checked(usize::from(*length & 0x7f)) else {
        return false;
    };
    let named = digits.iter().try_fold(0_usize, |all, digit| {
        all.checked_mul(256)?.checked_add(usize::from(*digit))
    });
    !digits.is_empty() && named == Some(content.len())
}

/// A block of PEM around DER.
pub(super) fn block(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = format!("{BEGIN}{label}{DASHES}\n");
    // Base64 is ASCII: every place in it is the begin of a character.
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out.push_str(&format!("{END}{label}{DASHES}\n"));
    out
}

/// The DER within the blocks of a PEM text.
#[cfg(test)]
pub(super) fn bodies(text: &str) -> Vec<Vec<u8>> {
    text.split(BEGIN)
        .skip(1)
        .map(|block| {
            let body = block.split_once(DASHES).unwrap().1.split_once(END).unwrap().0;
            let digits: String = body.chars().filter(|c| !c.is_whitespace()).collect();
            STANDARD.decode(digits).unwrap()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_becomes_pem() {
        for length in 0..100_u8 {
            let der: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            let text = block("X", &der);
            assert!(text.lines().all(|line| line.len() <= 64), "{text}");
            assert_eq!(bodies(&text), [der]);
            assert!(length == 0 || restore(&text).as_deref() == Some(text.as_str()));
        }
    }

    #[test]
    fn blocks_get_their_lines_back() {
        let body = "A".repeat(70);
        let one_line = format!("-----BEGIN CERTIFICATE----- {body} -----END CERTIFICATE-----");
        let expected = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n{}\n-----END CERTIFICATE-----\n",
            "A".repeat(64),
            "A".repeat(6)
        );
        assert_eq!(restore(&one_line).as_ref(), Some(&expected));
        assert_eq!(restore(&expected).as_ref(), Some(&expected));
        assert_eq!(
            restore(&format!("{one_line} {one_line}")),
            Some(format!("{expected}{expected}"))
        );
    }

    #[test]
    fn certificates_and_keys_are_told_from_what_is_none() {
        let made = rcgen::generate_simple_self_signed(vec!["a".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        assert_eq!(check_certificates(&certificate), Ok(()));
        assert_eq!(check_certificates(&format!("{certificate}{certificate}")), Ok(()));
        assert_eq!(check_key(&key), Ok(()));
        assert!(has_private_key(&format!("{certificate}{key}")) && !has_private_key(&certificate));
        let cut = |text: &str| text[..text.len() / 2].to_owned();
        let fake = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (text, reason) in [
            (key.as_str(), NO_CERTIFICATE),
            ("", NO_CERTIFICATE),
            (fake, BROKEN_CERTIFICATE),
            (&cut(&certificate), BROKEN_CERTIFICATE),
        ] {
            assert_eq!(check_certificates(text), Err(reason), "{text}");
        }
        let fake = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        for (text, reason) in [
            (certificate.as_str(), NO_KEY),
            (fake, BROKEN_KEY),
            (&cut(&key), BROKEN_KEY),
        ] {
            assert_eq!(check_key(text), Err(reason), "{text}");
        }
        let sealed = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAA==\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(check_key(sealed), Ok(()));
    }

    #[test]
    fn what_is_no_pem_is_not_taken_for_it() {
        for text in [
            "",
            "AAAA",
            "-----BEGIN X----- AA",
            "-----BEGIN X----- AA -----END Y-----",
        ] {
            assert_eq!(restore(text), None, "{text}");
        }
    }
}
