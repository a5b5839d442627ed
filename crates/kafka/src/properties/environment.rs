//! Variables of an environment, as a shell or a container's `.env` file sets them.

use super::names;
use super::syntax::Entry;

/// Whether a name is one of a variable: capitals, digits and `_`.
pub(super) fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `NAME=value` lines of capitals, `export` before them or not; `None` if a line is another.
pub(super) fn read(text: &str) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let (name, value) = line.split_once('=')?;
        let name = name.trim();
        if !is_variable(name) {
            return None;
        }
        let mut value = value.trim().to_owned();
        // A quoted value may go over several lines, as a certificate does.
        while quoted(&value) == Quoted::Open {
            let Some((_, next)) = lines.next() else { break };
            value.push('\n');
            value.push_str(next);
        }
        entries.push(Entry {
            line: Some(index + 1),
            written: name.to_owned(),
            value: match quoted(&value) {
                Quoted::Whole(inner) => inner,
                Quoted::Open => value,
                Quoted::No => without_comment(&value).to_owned(),
            },
            ..Entry::new(names::property(name), String::new())
        });
    }
    (!entries.is_empty()).then_some(entries)
}

#[derive(PartialEq, Eq)]
enum Quoted {
    Whole(String),
    /// The quote is not closed.
    Open,
    No,
}

/// What stands in quotes, with nothing but a comment behind it.
fn quoted(value: &str) -> Quoted {
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return Quoted::No;
    };
    let mut inner = String::new();
    let mut chars = value.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote == '"' => match chars.next() {
                Some((_, 'n')) => inner.push('\n'),
                Some((_, 'r')) => inner.push('\r'),
                Some((_, 't')) => inner.push('\t'),
                Some((_, escaped @ ('"' | '\\' | '$' | '`'))) => inner.push(escaped),
                Some((_, other)) => inner.extend(['\\', other]),
                None => inner.push('\\'),
            },
            c if c == quote => {
                let rest = value[at + 1..].trim_start();
                let is_end = rest.is_empty() || rest.starts_with('#');
                return if is_end { Quoted::Whole(inner) } else { Quoted::No };
            }
            other => inner.push(other),
        }
    }
    Quoted::Open
}

/// A `#` behind a blank begins a comment; within a word it is part of it.
fn without_comment(value: &str) -> &str {
    let end = value
        .char_indices()
        .find(|&(at, c)| c == '#' && (at == 0 || value[..at].ends_with(char::is_whitespace)))
        .map_or(value.len(), |(at, _)| at);
    value[..end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_as_a_shell_takes_them() {
        for (line, value) in [
            ("A=S3crPw # prod", "S3crPw"),
            ("A=S3crPw\t# prod", "S3crPw"),
            ("A=p#w", "p#w"),
            ("A=\"p # w\" # prod", "p # w"),
            ("A=\"p\\\"w\\\\\\$x\\a\"", "p\"w\\$x\\a"),
            ("A='p\\\"w'", "p\\\"w"),
            ("A=\"a\"b", "\"a\"b"),
            ("A='a'\"b\"", "'a'\"b\""),
            ("A=", ""),
            ("A= # none", ""),
            ("export  A=x=y", "x=y"),
            ("A=\"1\n 2\"\nB=3", "1\n 2"),
            ("A=\"open", "\"open"),
        ] {
            assert_eq!(read(line).unwrap()[0].value, value, "{line}");
        }
        let lines: Vec<Option<usize>> = read("# x\nA=\"1\n2\"\n\nB=3\n")
            .unwrap()
            .iter()
            .map(|entry| entry.line)
            .collect();
        assert_eq!(lines, [Some(2), Some(5)]);
        assert!(read("A=1\nb=2\n").is_none());
    }
}
