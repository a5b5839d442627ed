//! Client properties as other programs have them in their own configuration: JSON, YAML, a dictionary of Python, and
//! variables of an environment.

use serde_json::Value;

use super::error::PropertiesError;
use super::{names, programs};

/// Stands for code that only its program can run.
pub(super) const CODE: &str = "${code}";

type Pairs = Vec<(String, String)>;
type Result<T> = std::result::Result<T, PropertiesError>;

/// Reads a text that is written in one of these ways, names brought to those of properties; `None` if it is not.
pub(super) fn read(text: &str) -> Option<Result<Pairs>> {
    let pairs = if let Some(pairs) = programs::read(text) {
        pairs
    } else if text.trim_start().starts_with('{') && !is_python(text) {
        serde_json::from_str::<Value>(&without_comments(text))
            .map(flattened)
            .map_err(|error| PropertiesError::Line {
                line: error.line().max(1),
                reason: "is not valid JSON; correct it, or write key=value lines",
            })
    } else if is_python(text) {
        Ok(python(text))
    } else if is_yaml(text) {
        serde_saphyr::from_str::<Value>(text)
            .map(flattened)
            .map_err(|error| PropertiesError::Line {
                // Its own sentence quotes lines, which may have passwords in them.
                line: error
                    .location()
                    .and_then(|place| usize::try_from(place.line()).ok())
                    .unwrap_or(1),
                reason: "is not valid YAML; correct it, or write key=value lines",
            })
    } else if let Some(value) = programs::toml(text) {
        Ok(flattened(value))
    } else {
        return environment(text).map(Ok);
    };
    Some(pairs.map(|pairs| {
        pairs
            .into_iter()
            .map(|(key, value)| (names::property(&key), value))
            .collect()
    }))
}

/// Lines that mean something.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim_end)
        .filter(|line| !line.trim_start().is_empty() && !line.trim_start().starts_with('#'))
}

// JSON and YAML

/// Lines that are comments, which programs accept in their JSON; blank ones in their place keep the numbers of lines.
fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.trim_start().starts_with("//") {
                ""
            } else {
                line
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn flattened(value: Value) -> Pairs {
    let mut pairs = Pairs::new();
    flatten(&programs::decoded(value), "", &mut pairs);
    pairs
}

fn flatten(value: &Value, path: &str, pairs: &mut Pairs) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, inner) in fields {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                flatten(inner, &path, pairs);
            }
        }
        Value::Array(items) => {
            // `environment:` of a container, as `- NAME=value`.
            let variables: Vec<(&str, &str)> = items
                .iter()
                .filter_map(Value::as_str)
                .filter_map(|item| item.split_once('='))
                .filter(|(name, _)| is_variable(name))
                .collect();
            if !variables.is_empty() && variables.len() == items.len() {
                for (name, value) in variables {
                    pairs.push((format!("{path}.{name}"), value.to_owned()));
                }
                return;
            }
            let texts: Vec<String> = items.iter().filter_map(scalar).collect();
            if texts.len() == items.len() {
                pairs.push((path.to_owned(), texts.join(",")));
                return;
            }
            for (index, item) in items.iter().enumerate() {
                flatten(item, &format!("{path}.{index}"), pairs);
            }
        }
        other => pairs.extend(scalar(other).map(|text| (path.to_owned(), text))),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
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
    for line in lines(text) {
        let line = line.trim_start();
        if line.starts_with("import ") || line.starts_with("from ") && line.contains(" import ") {
            return true;
        }
        let head = line.trim_start_matches('{').trim_start();
        if head.starts_with('\'')
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
    quoted && !text.trim_start().starts_with('{')
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

// Variables of an environment

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `NAME=value` lines of capitals, `export` before them or not.
fn environment(text: &str) -> Option<Pairs> {
    let mut pairs = Pairs::new();
    for line in lines(text) {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=')?;
        if !is_variable(name.trim()) {
            return None;
        }
        pairs.push((names::property(name.trim()), unquoted(value.trim()).to_owned()));
    }
    (!pairs.is_empty()).then_some(pairs)
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        read(text).unwrap().unwrap()
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
            let fault = read(text).unwrap().unwrap_err().to_string();
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
