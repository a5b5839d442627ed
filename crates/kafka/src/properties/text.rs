//! From the bytes of a file to its text.

/// The text of a file: UTF-8, UTF-16 (PowerShell writes it), or Latin-1, which Java wrote such files in for twenty years.
///
/// # Errors
/// It has zero bytes, which no text has.
pub(super) fn decode(bytes: &[u8]) -> Result<String, &'static str> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // Without a byte order mark: Latin letters have a zero byte each.
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => utf16(bytes, u16::from_le_bytes),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => utf16(bytes, u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            std::str::from_utf8(bytes).map_or_else(
                |_| bytes.iter().map(|&byte| char::from(byte)).collect(),
                str::to_owned,
            )
        }
    };
    if text.contains('\0') {
        return Err("it is not a text file; save it as text in UTF-8");
    }
    // A lone carriage return ended lines once, and no value has one.
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "bootstrap.servers=a:1\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat(),
            text.replace('\n', "\r\n").into_bytes(),
            text.replace('\n', "\r").into_bytes(),
            [[0xff, 0xfe].as_slice(), &le].concat(),
            [[0xfe, 0xff].as_slice(), &be].concat(),
            le,
            be,
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text), "{bytes:?}");
        }
        assert_eq!(decode(b"caf\xe9").as_deref(), Ok("caf\u{e9}"));
        assert_eq!(decode("caf\u{e9}".as_bytes()).as_deref(), Ok("caf\u{e9}"));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert!(decode(b"\xfe\xed\xfe\xed\0\0\0\x02").is_err());
        assert!(decode(b"a=\0").is_err());
        assert_eq!(decode(b"").as_deref(), Ok(""));
    }
}
