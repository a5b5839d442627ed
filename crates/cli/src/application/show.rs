//! What several tables show alike.

use jiff::Timestamp;

/// A time in ms since 1970.
pub fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| format!("{time:.0}"))
}

/// A number that may not be known.
pub fn number(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

/// A delay in ms that may not be known.
pub fn delay(ms: Option<i64>) -> String {
    match ms {
        None => "–".to_owned(),
        Some(ms) if ms < 10_000 => format!("{:.1} s", ms as f64 / 1000.0).replace("0.0 s", "0 s"),
        Some(ms) if ms < 120_000 => format!("{} s", ms / 1000),
        Some(ms) => format!("{} min {} s", ms / 60_000, ms / 1000 % 60),
    }
}
