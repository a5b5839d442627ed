//! Client properties as other programs have them in their own configuration: JSON, YAML, TOML, a dictionary of Python,
//! and variables of an environment.

use super::error::PropertiesError;
use super::node::{Leaf, Node};
use super::syntax::Entry;
use super::{environment, json, names, programs, yaml};

/// Stands for code that only its program can run.
pub(super) const CODE: &str = "${code}";

type Pairs = Vec<(String, String)>;

/// What a text of another program holds.
#[derive(Default)]
pub(super) struct Structured {
    pub(super) entries: Vec<Entry>,
    pub(super) notes: Vec<String>,
    pub(super) fault: Option<PropertiesError>,
}

/// Reads a text that is written in one of these ways, names brought to those of properties; `None` if it is not.
pub(super) fn read(text: &str) -> Option<Structured> {
    if let Some(pairs) = programs::read(text) {
        return Some(match pairs {
            Ok(pairs) => of_pairs(pairs),
            Err(fault) => faulty(fault),
        });
    }
    if text.trim_start().starts_with('{') && !is_python(text) {
        return Some(match json::read(text) {
            Ok(node) => of_nodes(vec![node]),
            Err(line) => faulty(PropertiesError::Line {
                line,
                reason: "is not valid JSON; correct it, or write key=value lines",
            }),
        });
    }
    if is_python(text) {
        return Some(of_pairs(python(text)));
    }
    if is_yaml(text) {
        // The parser's own sentence quotes lines, which may have passwords in them.
        return Some(match yaml::read(text) {
            Ok(nodes) => of_nodes(nodes),
            Err(line) => faulty(PropertiesError::Line {
                line,
                reason: "is not valid YAML; correct it, or write key=value lines",
            }),
        });
    }
    if let Some(node) = programs::toml(text) {
        return Some(of_nodes(vec![node]));
    }
    let entries = environment::read(text)?;
    Some(Structured {
        entries,
        ..Structured::default()
    })
}

fn faulty(fault: PropertiesError) -> Structured {
    Structured {
        fault: Some(fault),
        ..Structured::default()
    }
}

fn of_pairs(pairs: Pairs) -> Structured {
    let entry = |(written, value): (String, String)| Entry {
        written: written.clone(),
        ..Entry::new(names::property(&written), value)
    };
    Structured {
        entries: pairs.into_iter().map(entry).collect(),
        ..Structured::default()
    }
}

/// Conditions under which Spring reads a document at all.
const CONDITIONS: &[&str] = &[
    "spring.config.activate.on-cloud-platform",
    "spring.config.activate.on-profile",
    "spring.profiles",
];

/// What the documents of a text hold together; those that hold for a profile of a program alone are left out.
fn of_nodes(nodes: Vec<Node>) -> Structured {
    let mut all = Structured::default();
    let has_several = nodes.len() > 1;
    for node in nodes {
        let leaves = programs::decoded(node).leaves();
        let condition = leaves.iter().find(|leaf| has_several && is_condition(&leaf.path));
        if let Some(Leaf { line, .. }) = condition {
            all.notes.push(format!(
                "the document around line {} is left out: it holds for a profile of Spring alone",
                line.unwrap_or(1)
            ));
            continue;
        }
        all.entries.extend(leaves.into_iter().map(|leaf| Entry {
            line: leaf.line,
            written: leaf.path.clone(),
            ..Entry::new(names::property(&leaf.path), leaf.value)
        }));
    }
    all
}

/// Whether a key is the condition of a document of Spring.
pub(super) fn is_condition(key: &str) -> bool {
    CONDITIONS.contains(&key)
}

/// Lines that mean something.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim_end)
        .filter(|line| !line.trim_start().is_empty() && !line.trim_start().starts_with('#'))
}

/// A key that ends its line, with something below it that is further in.
fn is_yaml(text: &str) -> bool {
    let all: Vec<&str> = lines(text).filter(|line| *line != "---").collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    all.windows(2).any(|pair| {
        let (line, next) = (pair[0], pair[1]);
        line.ends_with(':')
            && !line.contains('=')
            && (indent(next) > indent(line) || next.trim_start().starts_with("- "))
    })
}

// Python

/// Words in front of `=` or `(` and quoted keys in front of `:`, which only code has.
fn is_python(text: &str) -> bool {
    let mut quoted = false;
    // Keys of YAML may stand in quotes too.
    let is_yaml = is_yaml(text) && yaml::read(text).is_ok();
    for line in lines(text) {
        let line = line.trim_start();
        if line.starts_with("import ") || line.starts_with("from ") && line.contains(" import ") {
            return true;
        }
        let head = line.trim_start_matches('{').trim_start();
        if !is_yaml
            && head.starts_with('\'')
            && head[1..]
                .split_once('\'')
                .is_some_and(|(_, rest)| rest.trim_start().starts_with(':'))
        {
            return true;
        }
        // The same in JSON: what else is there decides.
        quoted |= line.starts_with('"') && line.contains("\":");
        let assigned = line
            .split_once('=')
            .is_some_and(|(name, value)| is_identifier(name.trim()) && value.trim_start().starts_with('{'));
        if assigned
            || line.ends_with("KafkaProducer(")
            || line.ends_with("KafkaConsumer(")
            || line.contains("dict(")
        {
            return true;
        }
    }
    quoted && !is_yaml && !text.trim_start().starts_with('{')
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// Every `'key': value` and `key=value` of a code; a value that is no literal is a placeholder.
fn python(text: &str) -> Pairs {
    assigned(text, false)
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
}

/// As Python's, with keys that have no quotes; what is an object has no value of its own.
pub(super) fn script(text: &str) -> Vec<(String, Option<String>)> {
    assigned(text, true)
}

/// Every key of a code and its value; `bare` where keys in front of `:` have no quotes.
fn assigned(text: &str, bare: bool) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let mut lines = lines(text);
    while let Some(line) = lines.next() {
        let mut line = line.trim_start().to_owned();
        // A list may go over several.
        while line.matches('[').count() > line.matches(']').count() {
            let Some(next) = lines.next() else { break };
            line.push_str(next.trim_start());
        }
        let mut rest = line.as_str();
        // Several may stand in one line.
        while let Some((key, after)) = code_key(rest, bare) {
            let (value, after) = code_value(after);
            found.push((key, value));
            rest = after;
        }
    }
    found
}

/// The next key in a line, and what follows its `:` or `=`.
fn code_key(line: &str, bare: bool) -> Option<(String, &str)> {
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "{}(),".contains(c));
        let first = rest.chars().next()?;
        if first == '#' || (bare && rest.starts_with("//")) {
            return None;
        }
        if first == '"' || first == '\'' {
            let (key, after) = rest[1..].split_once(first)?;
            let after = after.trim_start();
            match after.strip_prefix(':') {
                Some(value) => return Some((key.to_owned(), value)),
                None => rest = after,
            }
            continue;
        }
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        if end == 0 {
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(end);
        let after = after.trim_start();
        if bare && let Some(value) = after.strip_prefix(':') {
            return Some((word.to_owned(), value));
        }
        match after.strip_prefix('=') {
            // What is assigned to a name is a dictionary or a call: its own keys come next.
            Some(value) if !value.starts_with('=') => {
                let value = value.trim_start();
                if value.starts_with('{') || value.starts_with("dict(") || value.starts_with("Kafka") {
                    rest = value.split_once(['{', '(']).map_or("", |(_, inner)| inner);
                } else {
                    return Some((word.to_owned(), value));
                }
            }
            _ => rest = after,
        }
    }
}

/// A value, `None` if it is nothing, and what follows it.
fn code_value(text: &str) -> (Option<String>, &str) {
    let text = text.trim_start();
    for prefix in ["r", "u", ""] {
        let Some(literal) = text.strip_prefix(prefix) else {
            continue;
        };
        let Some(quote) = literal.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            continue;
        };
        let mut value = String::new();
        let mut chars = literal.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' if prefix != "r" => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, other)) => value.push(other),
                    None => {}
                },
                c if c == quote => return (Some(value), &literal[at + 1..]),
                other => value.push(other),
            }
        }
        return (Some(value), "");
    }
    if let Some(list) = text.strip_prefix('[') {
        let (inner, after) = list.split_once(']').unwrap_or((list, ""));
        let items: Vec<&str> = inner
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .collect();
        if !items.iter().all(|item| item.starts_with(['"', '\''])) {
            return (Some(CODE.to_owned()), after.trim_start_matches(']'));
        }
        let items: Vec<&str> = items.iter().map(|item| item.trim_matches(['"', '\''])).collect();
        return (Some(items.join(",")), after);
    }
    if text.starts_with('{') {
        return (None, text);
    }
    let mut depth = 0_usize;
    let end = text
        .char_indices()
        .find(|(_, c)| match c {
            '(' | '[' => {
                depth += 1;
                false
            }
            ')' | ']' if depth > 0 => {
                depth -= 1;
                false
            }
            ',' | '}' | '#' | ')' => depth == 0,
            _ => false,
        })
        .map_or(text.len(), |(at, _)| at);
    let (word, after) = text.split_at(end);
    let word = word.trim();
    let value = match word {
        "" | "None" | "null" | "undefined" => None,
        "True" | "False" | "true" | "false" => Some(word.to_ascii_lowercase()),
        number if number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') => {
            Some(number.replace('_', ""))
        }
        _ => Some(CODE.to_owned()),
    };
    (value, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let read = read(text).unwrap();
        assert_eq!(read.fault, None);
        read.entries
            .into_iter()
            .map(|entry| (entry.key, entry.value))
            .collect()
    }

    fn value(text: &str, key: &str) -> Option<String> {
        pairs(text)
            .into_iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    #[test]
    fn properties_are_left_to_their_own_reader() {
        for text in [
            "",
            "bootstrap.servers=a:1\n",
            "bootstrap.servers: a:1\nsecurity.protocol: SSL\n",
            "[default]\nbootstrap.servers=a:1\n",
            "a=B\nNAME=x\n",
            "sasl.jaas.config=X required \\\n  username='u' \\\n  password='p';\n",
            "nonsense\n",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn json_and_yaml_are_flattened() {
        let json =
            r#"{"name":"c","config":{"bootstrap.servers":"a:1,b:2","acks":1,"enable":true,"none":null}}"#;
        assert_eq!(
            value(json, "config.bootstrap.servers").as_deref(),
            Some("a:1,b:2")
        );
        assert_eq!(value(json, "config.acks").as_deref(), Some("1"));
        let yaml = "spring:\n  kafka:\n    bootstrap-servers:\n      - a:1\n      - b:2\n    properties:\n      sasl.jaas.config: >\n        X required\n        username=\"u\";\n      security:\n        protocol: \"SASL_SSL\"\n";
        assert_eq!(
            value(yaml, "spring.kafka.bootstrap.servers").as_deref(),
            Some("a:1,b:2")
        );
        assert_eq!(
            value(yaml, "spring.kafka.properties.security.protocol").as_deref(),
            Some("SASL_SSL")
        );
        assert!(
            value(yaml, "spring.kafka.properties.sasl.jaas.config")
                .unwrap()
                .contains("username=\"u\"")
        );
        let compose = "services:\n  app:\n    environment:\n      - KAFKA_BOOTSTRAP_SERVERS=a:1\n      - KAFKA_SASL_PASSWORD=p=w\n";
        assert_eq!(
            value(compose, "services.app.environment.bootstrap.servers").as_deref(),
            Some("a:1")
        );
        assert_eq!(
            value(compose, "services.app.environment.sasl.password").as_deref(),
            Some("p=w")
        );
    }

    #[test]
    fn what_is_malformed_is_named_by_its_line_without_the_line() {
        for text in ["{\n\"a\": \"hunter2\n}", "a:\n  b: \"hunter2\n  c: [hunter2\n"] {
            let fault = read(text).unwrap().fault.unwrap().to_string();
            assert!(
                fault.starts_with("line ") && !fault.contains("hunter2"),
                "{fault}"
            );
        }
    }

    #[test]
    fn a_python_dictionary_is_read_and_code_in_it_is_a_placeholder() {
        let text = "import os\nconf = {\n    'bootstrap.servers': 'a:1,b:2',  # both\n    \"security.protocol\": \"SASL_SSL\",\n    'sasl.password': os.environ['PW'], 'client.id': \"it's\",\n    'enable.auto.commit': False,\n    'session.timeout.ms': 45_000,\n}\n";
        assert_eq!(value(text, "bootstrap.servers").as_deref(), Some("a:1,b:2"));
        assert_eq!(value(text, "security.protocol").as_deref(), Some("SASL_SSL"));
        assert_eq!(value(text, "sasl.password").as_deref(), Some("${code}"));
        assert_eq!(value(text, "client.id").as_deref(), Some("it's"));
        assert_eq!(value(text, "enable.auto.commit").as_deref(), Some("false"));
        assert_eq!(value(text, "session.timeout.ms").as_deref(), Some("45000"));
        let arguments = "producer = KafkaProducer(\n    bootstrap_servers=['a:1', 'b:2'],\n    security_protocol='SASL_PLAINTEXT',\n    sasl_plain_username='u',\n    sasl_plain_password='p,w',\n)\n";
        assert_eq!(value(arguments, "bootstrap.servers").as_deref(), Some("a:1,b:2"));
        assert_eq!(value(arguments, "sasl.username").as_deref(), Some("u"));
        assert_eq!(value(arguments, "sasl.password").as_deref(), Some("p,w"));
        let one_line = "c = {'bootstrap.servers': 'a:1', 'sasl.username': 'u'}";
        assert_eq!(value(one_line, "sasl.username").as_deref(), Some("u"));
    }

    #[test]
    fn variables_of_an_environment_are_properties_in_capitals() {
        let text = "# app\nexport KAFKA_BOOTSTRAP_SERVERS=\"a:1\"\nKAFKA_SECURITY_PROTOCOL=SASL_SSL\nKAFKA_SASL_MECHANISM='PLAIN'\nKAFKA_USERNAME=u\nKAFKA_PASSWORD=p=w#1\nLOG_LEVEL=info\n";
        for (key, wanted) in [
            ("bootstrap.servers", "a:1"),
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", "PLAIN"),
            ("sasl.username", "u"),
            ("sasl.password", "p=w#1"),
        ] {
            assert_eq!(value(text, key).as_deref(), Some(wanted), "{key}");
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        let alphabet = [
            "a", "'", "\"", ":", "=", "{", "}", "[", "\n", ",", "é", "A", "\\", "(", "#",
        ];
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            texts = texts
                .iter()
                .flat_map(|text| alphabet.map(|c| format!("{text}{c}")))
                .collect();
            for text in &texts {
                drop(read(text));
                drop(python(text));
            }
        }
    }
}
