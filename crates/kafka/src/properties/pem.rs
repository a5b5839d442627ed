//! PEM text that has lost its line breaks on the way through a properties file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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
