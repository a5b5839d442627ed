//! Numbers as people read them.

use std::fmt::Display;
use std::time::Duration;

use serde::Serialize;

/// `1234567` as "1,234,567".
pub fn count(number: impl Display) -> String {
    let digits = number.to_string();
    let (sign, digits) = digits
        .strip_prefix('-')
        .map_or(("", digits.as_str()), |rest| ("-", rest));
    let mut out = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// "one partition", "2 partitions".
pub fn plural(number: u64, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{} {many}", count(number))
    }
}

/// Bytes with a decimal unit, as "1.2 MB".
pub fn bytes(number: f64) -> String {
    let mut amount = number;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if amount < 999.5 || unit == "TB" {
            return if unit == "B" {
                format!("{amount:.0} B")
            } else {
                format!("{amount:.1} {unit}")
            };
        }
        amount /= 1000.0;
    }
    String::new()
}

/// A time span with what matters of it: "0 s", "850 ms", "12 s", "3 min 4 s", "2 h 5 min", "4 d 3 h".
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 if span.is_zero() => "0 s".to_owned(),
        0 => format!("{} ms", span.as_millis().max(1)),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A span in ms; negative ones, from clocks that differ, count as none.
pub fn span_ms(ms: i64) -> String {
    span(Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
}

/// The word that stands for a value in JSON, with blanks: `NullEmpty` as "null empty".
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word.replace('_', " "),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (-1_234_567, "-1,234,567"),
        ] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn bytes_have_a_fitting_unit() {
        for (number, text) in [
            (0.0, "0 B"),
            (999.0, "999 B"),
            (1_200.0, "1.2 kB"),
            (999_999.0, "1.0 MB"),
            (5e15, "5000.0 TB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn spans_show_their_two_greatest_units() {
        for (ms, text) in [
            (-5, "0 s"),
            (0, "0 s"),
            (7, "7 ms"),
            (61_000, "1 min 1 s"),
            (7_500_000, "2 h 5 min"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(span_ms(ms), text);
        }
    }
}
