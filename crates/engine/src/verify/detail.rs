//! A record's fields in words, shortened.

use crate::verify::record::Record;
use crate::verify::report::DifferenceKind;

pub(crate) fn describe(record: &Record, kind: DifferenceKind) -> String {
    let at = record.offset();
    match kind {
        DifferenceKind::Key => format!("key {} at offset {at}", shorten(record.key())),
        DifferenceKind::Value => format!("value {} at offset {at}", shorten(record.value())),
        DifferenceKind::Timestamp => format!("timestamp {} at offset {at}", record.timestamp().0),
        DifferenceKind::Headers => format!("headers [{}] at offset {at}", headers_in_words(record)),
        DifferenceKind::NullEmpty if !record.headers().is_empty() => {
            format!(
                "key {}, value {}, headers [{}] at offset {at}",
                shorten(record.key()),
                shorten(record.value()),
                headers_in_words(record)
            )
        }
        _ => format!(
            "key {}, value {} at offset {at}",
            shorten(record.key()),
            shorten(record.value())
        ),
    }
}

fn headers_in_words(record: &Record) -> String {
    record
        .headers()
        .into_iter()
        .take(8)
        .map(|(name, value)| format!("{}={}", String::from_utf8_lossy(name), shorten(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

pub(crate) fn shorten(bytes: Option<&[u8]>) -> String {
    const SHOWN: usize = 40;
    let Some(bytes) = bytes else {
        return "null".to_owned();
    };
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let rest = if bytes.len() > SHOWN {
        format!("… ({} bytes)", bytes.len())
    } else {
        String::new()
    };
    match std::str::from_utf8(shown) {
        Ok(text) if !text.chars().any(char::is_control) => format!("\"{text}\"{rest}"),
        _ => format!(
            "0x{}{rest}",
            shown.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        ),
    }
}
