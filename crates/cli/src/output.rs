//! Results on stdout.

use std::borrow::Cow;
use std::io::{self, Write};

use anyhow::Context;

/// The text with control characters made visible, line ends and tabs excepted: names of groups and keys of records may be
/// anybody's, and a terminal obeys what is in them.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_obeyed(c) {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Writes a result. The reading program may have ended already, as `head` does; that is no failure.
///
/// # Errors
/// Stdout cannot be written, because a disk is full, for example.
pub fn write(text: &str) -> anyhow::Result<()> {
    let text = visible(text);
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| {
            if text.ends_with('\n') {
                Ok(())
            } else {
                stdout.write_all(b"\n")
            }
        })
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("the result cannot be written to stdout"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_written() {
        assert_eq!(
            visible("g\x1b[31mred\x07\r\u{9b}"),
            r"g\u{1b}[31mred\u{7}\r\u{9b}"
        );
        for plain in ["a\tb\n", "grüße 群组", ""] {
            assert!(matches!(visible(plain), Cow::Borrowed(same) if same == plain));
        }
    }
}
