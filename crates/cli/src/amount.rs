use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};

/// A number of records or bytes, written plainly or with a decimal suffix: `5000`, `20k`, `10M`, `1G`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub u64);

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let (digits, factor) = match trimmed.char_indices().next_back() {
            Some((at, 'k' | 'K')) => (&trimmed[..at], 1_000),
            Some((at, 'm' | 'M')) => (&trimmed[..at], 1_000_000),
            Some((at, 'g' | 'G')) => (&trimmed[..at], 1_000_000_000),
            _ => (trimmed, 1),
        };
        digits
            .trim_end()
            .replace('_', "")
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(factor))
            .map(Self)
            .ok_or_else(|| {
                format!("'{text}' is not an amount: write a whole number, as 5000, 20k, 10M or 1G")
            })
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, or a text as \"10M\"")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Amount, E> {
                u64::try_from(number)
                    .map(Amount)
                    .map_err(|_| E::custom("it must not be negative"))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Amount, E> {
                Ok(Amount(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(NumberOrText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_may_have_a_suffix() {
        for (text, number) in [
            ("0", 0),
            ("5000", 5000),
            ("20k", 20_000),
            ("10M", 10_000_000),
            ("2 G", 2_000_000_000),
            ("1_000", 1000),
        ] {
            assert_eq!(text.parse::<Amount>(), Ok(Amount(number)), "{text}");
        }
        for text in [
            "",
            "k",
            "-1",
            "1.5M",
            "10MB",
            "99999999999999999999",
            "99999999999G",
            "ä",
        ] {
            assert!(
                text.parse::<Amount>().is_err_and(|error| error.contains("10M")),
                "{text}"
            );
        }
    }
}
