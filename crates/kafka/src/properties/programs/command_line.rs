//! A command of kcat or of Kafka's own tools, as it stands in a runbook.

use super::super::error::PropertiesError;

type Pairs = Vec<(String, String)>;

/// Options that name the brokers.
const BROKERS: &[&str] = &["-b", "--bootstrap-server", "--broker-list", "--broker"];
/// Options with one property each.
const PROPERTY: &[&str] = &[
    "-X",
    "--consumer-property",
    "--producer-property",
    "--command-property",
];
/// Options that name a file with the rest of the connection.
const FILE: &[&str] = &[
    "-F",
    "--command-config",
    "--consumer.config",
    "--producer.config",
    "--admin.config",
];

/// Reads a text whose first command is one of these; a login in a file beside it is a fault, since the connection
/// would be weaker without it.
pub(super) fn read(text: &str) -> Option<Result<Pairs, PropertiesError>> {
    let joined = text.replace("\\\n", " ");
    let command = joined
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let words = words(command);
    let at = words.iter().position(|word| is_tool(word))?;
    // A line of properties may have such a word in its key or value.
    let is_command = words[..at].iter().all(|word| !word.contains('='))
        && words[at + 1..].iter().any(|word| word.starts_with('-'));
    if !is_command {
        return None;
    }
    Some(options(&words[at + 1..]))
}

/// Whether a word is the name of such a program, wherever it lies.
fn is_tool(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let name = name
        .strip_suffix(".sh")
        .or_else(|| name.strip_suffix(".bat"))
        .or_else(|| name.strip_suffix(".exe"))
        .unwrap_or(name);
    name == "kcat" || name == "kafkacat" || (name.starts_with("kafka-") && !name.contains(['=', ':', '.']))
}

fn options(words: &[String]) -> Result<Pairs, PropertiesError> {
    let mut pairs = Pairs::new();
    let mut faults = Vec::new();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        // As `--option VALUE`, `--option=VALUE`, and `-oVALUE` of single letters.
        let option =
            BROKERS
                .iter()
                .chain(PROPERTY)
                .chain(FILE)
                .find(|option| match word.strip_prefix(**option) {
                    Some(rest) => rest.is_empty() || rest.starts_with('=') || option.len() == 2,
                    None => false,
                });
        let Some(option) = option else { continue };
        let inline = word[option.len()..].trim_start_matches('=');
        let Some(value) = (if inline.is_empty() {
            words.next()
        } else {
            Some(inline)
        }) else {
            break;
        };
        if FILE.contains(option) {
            faults.push(PropertiesError::value(
                option,
                "names a file with the rest of the connection: bring that file",
            ));
        } else if BROKERS.contains(option) {
            pairs.push(("bootstrap.servers".to_owned(), value.to_owned()));
        } else if let Some((key, value)) = value.split_once('=') {
            pairs.push((key.to_owned(), value.to_owned()));
        }
    }
    match PropertiesError::all(faults) {
        Some(fault) => Err(fault),
        None => Ok(pairs),
    }
}

/// A command's words as a shell takes them; what it would replace is kept as a placeholder.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = command.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(chars.next()),
            ('$', None | Some('"')) if chars.peek().is_some_and(|next| next.is_ascii_alphabetic()) => {
                let mut name = String::new();
                while let Some(next) = chars.next_if(|next| next.is_ascii_alphanumeric() || *next == '_') {
                    name.push(next);
                }
                word.get_or_insert_default().push_str(&format!("${{{name}}}"));
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            // Another command follows.
            ('|' | ';' | '>', None) => break,
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
