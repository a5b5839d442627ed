//! The two syntaxes, and how one is recognized.

use std::collections::BTreeSet;

use super::error::PropertiesError;
use super::{java, names, structured};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// librdkafka's: a key, `=`, and the value as it is to the end of the line.
    Librdkafka,
    /// `java.util.Properties`: escapes, continued lines, `:` or a blank instead of `=`.
    Java,
}

/// The number of a line, from 1, and its key and value.
type NumberedPair = (usize, Result<(String, String), PropertiesError>);

/// One property as it stands in a file.
#[derive(Clone)]
pub(super) struct Entry {
    /// The section above it, as `[default]` of a Python program's file.
    pub(super) section: Option<String>,
    pub(super) key: String,
    pub(super) value: String,
    /// The key in the spelling of the file.
    pub(super) written: String,
    /// Its line, from 1, where it is known.
    pub(super) line: Option<usize>,
}

impl Entry {
    /// One whose place is not known.
    pub(super) fn new(key: String, value: String) -> Self {
        Self {
            section: None,
            written: key.clone(),
            key,
            value,
            line: None,
        }
    }
}

/// A file that was taken apart.
pub(super) struct Written {
    pub(super) dialect: Dialect,
    pub(super) entries: Vec<Entry>,
    /// Lines that make no sense.
    pub(super) faults: Vec<PropertiesError>,
    /// What was left out.
    pub(super) notes: Vec<String>,
    /// Whether it is written in another program's way, whose own default need not be a connection in clear.
    pub(super) is_of_program: bool,
}

/// Reads the lines of a file in either syntax; keys and values as they stand there, escapes resolved.
///
/// # Errors
/// Lines that are no property.
pub fn parse_properties(text: &str) -> Result<Vec<(String, String)>, PropertiesError> {
    let written = read(text);
    match PropertiesError::all(written.faults) {
        Some(fault) => Err(fault),
        None => Ok(written
            .entries
            .into_iter()
            .map(|entry| (entry.key, entry.value))
            .collect()),
    }
}

/// As [`parse_properties`], with the syntax that was found and every line that makes no sense.
///
/// A file is Java's if it has a key that only Java's clients know, or a line without `=`. In all other files both
/// syntaxes mean the same, but for backslashes, which librdkafka leaves alone.
pub(super) fn read(text: &str) -> Written {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(structured) = structured::read(text) {
        return Written {
            // Decided by its keys, since there are no escapes left.
            dialect: Dialect::Librdkafka,
            entries: structured.entries,
            faults: structured.fault.into_iter().collect(),
            notes: structured.notes,
            is_of_program: true,
        };
    }
    let plain: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, without_option(line.trim())))
        .filter(|(_, line)| {
            !line.is_empty() && !line.starts_with(['#', '!', ';']) && section_of(line).is_none()
        })
        .collect();
    let keys = plain
        .iter()
        .map(|(_, line)| line.split_once('=').map_or(*line, |(key, _)| key.trim()));
    let dialect = match dialect_of(keys) {
        Dialect::Librdkafka if plain.iter().any(|(_, line)| !line.contains('=')) => Dialect::Java,
        found => found,
    };
    let pairs = match dialect {
        Dialect::Librdkafka => plain
            .into_iter()
            .map(|(line, text)| {
                let (key, value) = text.split_once('=').unwrap_or((text, ""));
                (line, named(line, key.trim(), value.trim()))
            })
            .collect(),
        Dialect::Java => java_lines(text),
    };
    let sections: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .filter_map(|(index, line)| Some((index + 1, section_of(line.trim())?)))
        .collect();
    let mut written = Written {
        dialect,
        entries: Vec::new(),
        faults: Vec::new(),
        notes: Vec::new(),
        is_of_program: false,
    };
    for (line, pair) in pairs {
        match pair {
            Ok((key, value)) => written.entries.push(Entry {
                section: sections
                    .iter()
                    .rev()
                    .find(|(begins, _)| *begins < line)
                    .map(|(_, name)| (*name).to_owned()),
                line: Some(line),
                ..Entry::new(unbracketed(&key), value)
            }),
            Err(fault) => written.faults.push(fault),
        }
    }
    leave_profiles_out(text, &mut written);
    written
}

/// Spring keeps the dots of a name together in brackets, also in properties: `spring.kafka.properties[ssl.protocol]`. TOML
/// has quotes for that.
fn unbracketed(key: &str) -> String {
    let key = key
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(key);
    match key.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        Some((before, inner)) if !inner.contains(['[', ']']) => format!(
            "{}.{}",
            before.trim_end_matches('.'),
            inner.trim_matches(['"', '\''])
        )
        .trim_start_matches('.')
        .to_owned(),
        _ => key.to_owned(),
    }
}

/// Spring's properties may have several documents too, and some hold for a profile alone.
fn leave_profiles_out(text: &str, written: &mut Written) {
    let begins: Vec<usize> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| ["#---", "!---"].contains(&line.trim_end()))
        .map(|(index, _)| index + 1)
        .collect();
    let document = |line: Option<usize>| begins.iter().filter(|begin| Some(**begin) < line).count();
    let conditional: BTreeSet<usize> = written
        .entries
        .iter()
        .filter(|entry| !begins.is_empty() && structured::is_condition(&entry.key))
        .map(|entry| document(entry.line))
        .collect();
    for index in &conditional {
        let begin = index.checked_sub(1).and_then(|before| begins.get(before));
        written.notes.push(format!(
            "the document around line {} is left out: it holds for a profile of Spring alone",
            begin.copied().unwrap_or(1)
        ));
    }
    written
        .entries
        .retain(|entry| !conditional.contains(&document(entry.line)));
}

/// The name in a line that begins a section, as `[default]`.
fn section_of(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?.strip_suffix(']')?.trim();
    (!name.is_empty() && !name.contains(['=', '[', ']'])).then_some(name)
}

/// The dialect that keys alone tell.
pub(super) fn dialect_of<'a>(mut keys: impl Iterator<Item = &'a str>) -> Dialect {
    // `key: value` has not been taken apart yet.
    let java = keys.any(|key| {
        let key = key.split([':', ' ', '\t']).next().unwrap_or(key);
        // Programs have names of their own before it.
        java::knows_alone(names::split(key).map_or(key, |(_, name)| name))
    });
    if java { Dialect::Java } else { Dialect::Librdkafka }
}

/// kcat's users copy `-X key=value` from their command lines.
fn without_option(line: &str) -> &str {
    match line.strip_prefix("-X") {
        Some(rest) => rest.trim_start(),
        None => line.strip_prefix("X ").map_or(line, str::trim_start),
    }
}

fn named(line: usize, key: &str, value: &str) -> Result<(String, String), PropertiesError> {
    if key.is_empty() {
        return Err(PropertiesError::Line {
            line,
            reason: "has no key before its '='; write key=value",
        });
    }
    Ok((key.to_owned(), value.to_owned()))
}

/// Reads as `java.util.Properties.load` does. Its one other rule, that a line may be a key without a value, is more
/// likely a mistake here and refused.
fn java_lines(text: &str) -> Vec<NumberedPair> {
    let mut pairs = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let line = without_option(line.trim_start());
        if line.is_empty() || line.starts_with(['#', '!']) || section_of(line.trim_end()).is_some() {
            continue;
        }
        let mut logical = line.to_owned();
        while is_continued(&logical) {
            logical.pop();
            match lines.next() {
                Some((_, next)) => logical.push_str(next.trim_start()),
                None => break,
            }
        }
        pairs.push((index + 1, java_pair(index + 1, &logical)));
    }
    pairs
}

/// The properties of a file that is Java's for certain; lines that are none are left out.
pub(super) fn java_pairs(text: &str) -> Vec<(String, String)> {
    java_lines(text)
        .into_iter()
        .filter_map(|(_, pair)| pair.ok())
        .collect()
}

/// Whether a line ends in an odd number of backslashes.
fn is_continued(line: &str) -> bool {
    line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

fn java_pair(line: usize, text: &str) -> Result<(String, String), PropertiesError> {
    let mut escaped = false;
    let end = text
        .char_indices()
        .find(|&(_, c)| {
            let separates = !escaped && (c == '=' || c == ':' || c.is_whitespace());
            escaped = !escaped && c == '\\';
            separates
        })
        .map(|(index, _)| index)
        .ok_or(PropertiesError::Line {
            line,
            reason: "has a key without a value; write key=value",
        })?;
    let rest = text[end..].trim_start();
    let rest = rest.strip_prefix(['=', ':']).map_or(rest, str::trim_start);
    let value = unescape(line, rest)?;
    // Java keeps blanks at the end of a value; no property of a client means them.
    named(line, &unescape(line, &text[..end])?, value.trim_end())
}

fn unescape(line: usize, text: &str) -> Result<String, PropertiesError> {
    let mut out = String::with_capacity(text.len());
    // Characters beyond the 16-bit range are written as two escapes.
    let mut units: Vec<u16> = Vec::new();
    let mut chars = text.chars();
    let malformed = PropertiesError::Line {
        line,
        reason: "has an escape \\u that is not followed by four hexadecimal digits",
    };
    loop {
        let next = chars.next();
        if next == Some('\\') {
            match chars.next() {
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let unit = (digits.len() == 4)
                        .then(|| u16::from_str_radix(&digits, 16).ok())
                        .flatten();
                    units.push(unit.ok_or(malformed.clone())?);
                    continue;
                }
                escape => {
                    flush(&mut units, &mut out);
                    match escape {
                        Some('n') => out.push('\n'),
                        Some('r') => out.push('\r'),
                        Some('t') => out.push('\t'),
                        Some('f') => out.push('\u{c}'),
                        Some(other) => out.push(other),
                        None => return Ok(out),
                    }
                }
            }
        } else {
            flush(&mut units, &mut out);
            match next {
                Some(plain) => out.push(plain),
                None => return Ok(out),
            }
        }
    }
}

fn flush(units: &mut Vec<u16>, out: &mut String) {
    out.push_str(&String::from_utf16_lossy(units));
    units.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn java(text: &str) -> Vec<(String, String)> {
        // Any key that only Java knows decides the dialect.
        let mut pairs = parse_properties(&format!("key.serializer=x\n{text}")).unwrap();
        pairs.remove(0);
        pairs
    }

    #[test]
    fn java_lines_are_read_as_java_reads_them() {
        for (text, key, value) in [
            ("a=b", "a", "b"),
            ("  a  =  b", "a", "b"),
            ("a:b=c", "a", "b=c"),
            ("a b c", "a", "b c"),
            ("a\\=x=b", "a=x", "b"),
            ("a\\ x b", "a x", "b"),
            ("a=C:\\\\certs\\\\ca.pem", "a", "C:\\certs\\ca.pem"),
            ("a=1\\\n   2\\\n\t3", "a", "123"),
            ("a=1\\\\\nb=2", "a", "1\\"),
            ("a=\\u4e2d\\ud83d\\ude00\\n\\q", "a", "中😀\nq"),
            ("a=", "a", ""),
            ("a=b\\", "a", "b"),
        ] {
            assert_eq!(java(text)[0], (key.to_owned(), value.to_owned()), "{text:?}");
        }
        assert_eq!(
            java("! no\n# no\r\n\r\na=b\r\n"),
            [("a".to_owned(), "b".to_owned())]
        );
    }

    #[test]
    fn backslashes_are_left_alone_where_java_is_not_meant() {
        assert_eq!(
            parse_properties("ssl.ca.location=C:\\certs\\new.pem").unwrap(),
            [("ssl.ca.location".to_owned(), "C:\\certs\\new.pem".to_owned())]
        );
    }

    #[test]
    fn malformed_lines_are_named() {
        for (text, word) in [
            ("=x", "line 1 has no key"),
            ("a=b\nkey.serializer=\\u12", "line 2 has an escape"),
            ("a", "line 1 has a key without a value"),
        ] {
            let error = parse_properties(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        // Every short text over the characters that mean something.
        let alphabet = ['a', '=', ':', '\\', 'u', ' ', '\n', '\r', '#', 'ü', '-', 'X'];
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            texts = texts
                .iter()
                .flat_map(|text| alphabet.map(|c| format!("{text}{c}")))
                .collect();
            for text in &texts {
                drop(parse_properties(text));
                drop(parse_properties(&format!("key.serializer=\n{text}")));
            }
        }
    }
}
