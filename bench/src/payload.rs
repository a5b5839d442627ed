//! The values: lines of JSON-like text, all of the same length.

use std::fmt::Write;

/// So many that a batch seldom holds a line twice: otherwise compression would find what no real topic has.
const LINES: usize = 20_000;

const WORDS: [&str; 32] = [
    "order",
    "customer",
    "delivery",
    "warehouse",
    "invoice",
    "payment",
    "returned",
    "approved",
    "pending",
    "express",
    "standard",
    "carrier",
    "parcel",
    "weight",
    "address",
    "station",
    "morning",
    "evening",
    "blue",
    "green",
    "large",
    "small",
    "fragile",
    "insured",
    "discount",
    "voucher",
    "partner",
    "contract",
    "renewal",
    "support",
    "ticket",
    "closed",
];

/// `LINES` lines of `length` bytes without their line ends, the same in every run.
pub fn lines(length: usize) -> String {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut text = String::with_capacity(LINES * (length + 1));
    for _ in 0..LINES {
        text.push_str(&line(length, &mut random));
        text.push('\n');
    }
    text
}

/// One line of `length` times the same letter.
pub fn letters(length: usize) -> String {
    let mut line = "x".repeat(length);
    line.push('\n');
    line
}

fn line(length: usize, random: &mut Random) -> String {
    let mut line = format!(
        r#"{{"id":{},"user":"u{}","action":"{}","text":""#,
        random.below(1_000_000_000),
        random.below(100_000),
        random.word(),
    );
    // Words compress well, references do not: the mixture is what makes it like the text of real topics.
    let end = length.saturating_sub(2);
    while line.len() < end {
        let written = match random.below(4) {
            0 | 1 => write!(line, "{} ", random.word()),
            2 => write!(line, "{:x} ", random.next()),
            _ => write!(line, "{} ", random.below(100_000)),
        };
        debug_assert!(written.is_ok(), "writing to a string does not fail");
    }
    line.truncate(end);
    line.push_str("\"}");
    line
}

/// Marsaglia's xorshift: good enough for text, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn word(&mut self) -> &'static str {
        let index = usize::try_from(self.below(WORDS.len() as u64)).unwrap_or(0);
        WORDS.get(index).copied().unwrap_or("word")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_the_length_asked_for() {
        for length in [100, 1000] {
            let text = lines(length);
            assert_eq!(text.lines().count(), LINES);
            assert!(text.lines().all(|line| line.len() == length && line.is_ascii()));
        }
    }

    #[test]
    fn a_batch_compresses_as_text_does() {
        for length in [100, 1000] {
            let text = lines(length);
            let batch = &text.as_bytes()[..64 * 1024];
            let compressed = lz4_flex::compress(batch).len();
            let percent = 100 * compressed / batch.len();
            assert!((50..=80).contains(&percent), "{length} B: {percent} %");
        }
    }
}
