//! A record's fields in words, shortened.

use sluice_kafka::Message;

use crate::verify::report::DifferenceKind;

pub(crate) fn describe(message: &Message, kind: DifferenceKind) -> String {
    let at = message.offset();
    match kind {
        DifferenceKind::Key => format!("key {} at offset {at}", shorten(message.key())),
        DifferenceKind::Value => format!("value {} at offset {at}", shorten(message.value())),
        DifferenceKind::Timestamp => format!("timestamp {} at offset {at}", message.timestamp().0),
        DifferenceKind::Headers => format!("headers [{}] at offset {at}", headers_in_words(message)),
        DifferenceKind::NullEmpty if message.has_headers() => {
            format!(
                "key {}, value {}, headers [{}] at offset {at}",
                shorten(message.key()),
                shorten(message.value()),
                headers_in_words(message)
            )
        }
        _ => format!(
            "key {}, value {} at offset {at}",
            shorten(message.key()),
            shorten(message.value())
        ),
    }
}

fn headers_in_words(message: &Message) -> String {
    message
        .headers()
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
