//! `${env:NAME}` and `${file:PATH}` in values, so that secrets need not stand in the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::PropertiesError;
use super::structured::CODE;
use super::{syntax, text};

/// Resolves placeholders; relative paths start from a directory.
pub(super) struct Placeholders<'a> {
    base_dir: &'a Path,
    /// Names of Kafka's own configuration providers, with what they are.
    providers: BTreeMap<String, Provider>,
}

/// Where a placeholder's value comes from.
#[derive(Clone, Copy)]
enum Provider {
    /// `${env:NAME}`
    Variable,
    /// `${file:PATH}` is the file's text, `${file:PATH:KEY}` one property of it (Kafka's `FileConfigProvider`).
    File,
    /// `${directory:PATH:NAME}` is the text of a file in a directory (Kafka's `DirectoryConfigProvider`).
    Directory,
}

/// Why a value is not known.
#[derive(Debug)]
pub(super) enum Open {
    /// Only another program can know it; the reason follows the key.
    Gap(String),
    /// It could be known.
    Fault(PropertiesError),
}

impl<'a> Placeholders<'a> {
    /// `given` may name more providers, as a Connect worker's file does.
    pub(super) fn new(base_dir: &'a Path, given: &BTreeMap<String, String>) -> Self {
        let mut providers = BTreeMap::from([
            ("env".to_owned(), Provider::Variable),
            ("file".to_owned(), Provider::File),
            ("directory".to_owned(), Provider::Directory),
        ]);
        for (key, class) in given {
            let name = key
                .strip_prefix("config.providers.")
                .and_then(|rest| rest.strip_suffix(".class"));
            let known = match class.rsplit('.').next().unwrap_or_default() {
                "EnvVarConfigProvider" => Provider::Variable,
                "FileConfigProvider" => Provider::File,
                "DirectoryConfigProvider" => Provider::Directory,
                _ => continue,
            };
            if let Some(name) = name {
                providers.insert(name.to_owned(), known);
            }
        }
        Self { base_dir, providers }
    }

    /// `value` with its placeholders replaced. What they stand for is taken as it is: a password that holds `${` is
    /// not looked at again. A placeholder that cannot be resolved is never a value.
    pub(super) fn resolve(&self, key: &str, value: &str) -> Result<String, Open> {
        if value == CODE {
            return Err(Open::Gap(
                "is left open: its value is code that only its program can run. Enter the value itself"
                    .to_owned(),
            ));
        }
        if let Some(reason) = template(value).or_else(|| nothing(key, value)) {
            return Err(Open::Gap(reason.to_owned()));
        }
        let mut out = String::with_capacity(value.len());
        let mut rest = value;
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let Some(end) = from.find('}').filter(|end| *end > 2) else {
                // Not closed, or empty: part of a text.
                out.push_str("${");
                rest = &from[2..];
                continue;
            };
            let (name, argument) = match from[2..end].split_once(':') {
                Some((name, argument)) => (name, Some(argument)),
                None => (&from[2..end], None),
            };
            let replaced = match (self.providers.get(name), argument) {
                (Some(Provider::Variable), Some(variable)) => {
                    // Kafka's own provider has a path before the name, which is blank.
                    self::variable(key, variable.trim_start_matches(':')).map_err(Open::Fault)?
                }
                (Some(Provider::File), Some(file)) => self.file(key, file).map_err(Open::Fault)?,
                (Some(Provider::Directory), Some(file)) => {
                    let path = file.replacen(':', "/", file.matches(':').count().min(1));
                    self.text(key, &path).map_err(Open::Fault)?
                }
                (_, Some(_)) if is_word(name) => {
                    return Err(Open::Gap(format!(
                        "is left open: its value is a placeholder that only the configuration provider '{name}' of another program can replace. Enter the value itself, or write ${{env:NAME}} or ${{file:PATH}} there"
                    )));
                }
                _ => {
                    return Err(Open::Gap(
                        "is left open: its value is a placeholder ${…} that another program replaces. Enter the value itself, or write ${env:NAME} or ${file:PATH} there".to_owned(),
                    ));
                }
            };
            // What it stands for may not be filled in itself.
            if let Some(reason) = template(&replaced).or_else(|| nothing(key, &replaced)) {
                return Err(Open::Gap(reason.to_owned()));
            }
            out.push_str(&replaced);
            rest = &from[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The text of a file, or one property of it where a key stands behind the path.
    fn file(&self, key: &str, name: &str) -> Result<String, PropertiesError> {
        let name = name.trim();
        // A drive's letter is no path, and what follows it no key.
        let split = name
            .rsplit_once(':')
            .filter(|(path, wanted)| path.len() > 1 && !wanted.starts_with(['/', '\\']));
        match split {
            Some((path, wanted)) if !self.base_dir.join(name).is_file() => self.property(key, path, wanted),
            _ => self.text(key, name),
        }
    }

    fn text(&self, key: &str, name: &str) -> Result<String, PropertiesError> {
        let path = self.base_dir.join(name.trim());
        match std::fs::read_to_string(&path) {
            // Editors end a file with a line break that belongs to no password.
            Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => Err(missing(key, path, &error)),
        }
    }

    fn property(&self, key: &str, file: &str, wanted: &str) -> Result<String, PropertiesError> {
        let path = self.base_dir.join(file);
        let bytes = std::fs::read(&path).map_err(|error| {
            PropertiesError::value(
                key,
                format!(
                    "takes its value from the property '{wanted}' of the file '{}', which cannot be read: {error}",
                    path.display()
                ),
            )
        })?;
        let text = text::decode(&bytes).unwrap_or_default();
        let found = syntax::java_pairs(&text)
            .into_iter()
            .rev()
            .find(|(key, _)| key == wanted);
        found.map(|(_, value)| value).ok_or_else(|| {
            PropertiesError::value(
                key,
                format!(
                    "takes its value from the property '{wanted}' of the file '{}', which has none of that name",
                    path.display()
                ),
            )
        })
    }
}

fn missing(key: &str, path: PathBuf, error: &std::io::Error) -> PropertiesError {
    PropertiesError::MissingFile {
        key: key.to_owned(),
        path,
        reason: error.to_string(),
    }
}

fn variable(key: &str, name: &str) -> Result<String, PropertiesError> {
    std::env::var(name.trim()).map_err(|_| PropertiesError::MissingVariable {
        key: key.to_owned(),
        variable: name.trim().to_owned(),
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

const TEMPLATE: &str = "is left open: its value is the placeholder of a template. Enter the value itself";

/// Whether a value is what a template has in the place of one. The value is never shown: it may be a password that
/// looks so.
fn template(value: &str) -> Option<&'static str> {
    let value = value.trim();
    let value = value
        .strip_prefix(['"', '\''])
        .and_then(|inner| inner.strip_suffix(['"', '\'']))
        .unwrap_or(value)
        .trim();
    // Certificates and keys are no templates.
    if value.contains("-----BEGIN ") {
        return None;
    }
    let within = |open: &str, close: &str| {
        value
            .find(open)
            .is_some_and(|at| value[at + open.len()..].find(close).is_some_and(|end| end > 0))
    };
    let around = |open: &str, close: &str| {
        value
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(|inner| !inner.is_empty())
    };
    let is_template = within("{{", "}}")
        || within("{%", "%}")
        || within("<%", "%>")
        || around("<", ">")
        || around("[", "]")
        || around("$(", ")")
        || around("#{", "}")
        || around("#{", "}#")
        || around("%(", ")s")
        || value
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .is_some_and(is_title)
        || value.strip_prefix('$').is_some_and(is_constant)
        || [("%", 1), ("@", 1), ("__", 3)].iter().any(|(mark, shortest)| {
            value
                .strip_prefix(mark)
                .and_then(|rest| rest.strip_suffix(mark))
                .is_some_and(|inner| inner.len() >= *shortest && is_constant(inner))
        })
        // A broker's name within a list.
        || value.split([',', ' ']).any(|entry| {
            entry.contains("://<") || (entry.starts_with('<') && entry.contains(">:"))
        })
        || is_in_url(value)
        || is_in_connection_string(value)
        || is_reference(value)
        || is_filler(value);
    is_template.then_some(TEMPLATE)
}

/// The name of a variable in capitals.
fn is_constant(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && text.contains(|c: char| c.is_ascii_uppercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// What a manual writes into braces: `YOUR.EVENTHUBS.CONNECTION.STRING`, `TENANT-ID`.
fn is_title(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"_.- ".contains(&b))
}

/// An address of the web has no braces and no angle brackets.
fn is_in_url(value: &str) -> bool {
    let is_url = ["http://", "https://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    is_url
        && [('{', '}'), ('<', '>')]
            .iter()
            .any(|(open, close)| value.find(*open).is_some_and(|at| value[at..].contains(*close)))
}

/// The connection string of Event Hubs, with a part that is not filled in.
fn is_in_connection_string(value: &str) -> bool {
    value
        .get(..9)
        .is_some_and(|begin| begin.eq_ignore_ascii_case("Endpoint="))
        && value.split(';').any(|part| {
            part.split_once('=').is_some_and(|(_, value)| {
                template(value).is_some() || value.contains(['<', '>', '{', '}']) || value == "..."
            })
        })
}

/// A value that is kept elsewhere or sealed, which only another program can open.
fn is_reference(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let begins = [
        "$env:",
        "op://",
        "vault:",
        "!vault",
        "$ansible_vault;",
        "{cipher}",
        "ref+",
        "secretref:",
        "@microsoft.keyvault(",
    ];
    let is_arn =
        lower.starts_with("arn:aws") && (lower.contains(":secretsmanager:") || lower.contains(":ssm:"));
    begins
        .iter()
        .any(|begin| lower.starts_with(begin) && lower.len() > begin.len())
        || is_arn
        || lower.starts_with("enc(") && lower.ends_with(')')
}

/// Words and quotes that programs write where a login has no value.
fn nothing(key: &str, value: &str) -> Option<&'static str> {
    let is_login = key.ends_with("password")
        || key.ends_with("username")
        || key.ends_with("secret")
        || key.ends_with("client.id") && key.starts_with("sasl.");
    let value = value.trim();
    let is_nothing = ["\"\"", "''", "null", "NULL", "nil", "None", "undefined", "~"].contains(&value);
    (is_login && is_nothing).then_some(TEMPLATE)
}

/// `YOUR_PASSWORD`, `change-me`, `xxxx`, `****`, `...`
fn is_filler(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let bare: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let all = |wanted: char| value.chars().count() > 2 && lower.chars().all(|c| c == wanted);
    [
        "your_",
        "your-",
        "your ",
        "my_own_",
        "replace_",
        "replace-with",
        "insert_",
        "insert-",
        "put_your",
        "enter_your",
    ]
    .iter()
    .any(|begin| lower.starts_with(begin))
        || [
            "changeme",
            "replaceme",
            "fillme",
            "fillin",
            "tobedefined",
            "tbd",
            "todo",
            "redacted",
            "hidden",
            "secrethere",
            "passwordhere",
        ]
        .contains(&bare.as_str())
        || [
            "API_KEY",
            "API_SECRET",
            "CLUSTER_API_KEY",
            "CLUSTER_API_SECRET",
            "CONNECTION_STRING",
            "KAFKA_API_KEY",
            "KAFKA_API_SECRET",
        ]
        .contains(&value)
        || all('x')
        || all('*')
        || ['\u{2022}', '\u{25cf}', '\u{00b7}', '\u{2219}']
            .iter()
            .any(|dot| all(*dot))
        || all('.')
        || value == "\u{2026}"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(value: &str) -> Result<String, Open> {
        Placeholders::new(Path::new("/nowhere"), &BTreeMap::new()).resolve("k", value)
    }

    #[test]
    fn placeholders_are_replaced_and_the_rest_stays() {
        // A variable that a test run always has.
        let path = std::env::var("PATH").unwrap();
        assert_eq!(resolve("a${env:PATH}b").unwrap(), format!("a{path}b"));
        assert_eq!(resolve("a${env::PATH}b").unwrap(), format!("a{path}b"));
        for same in [
            "",
            "$",
            "${",
            "${}",
            "a$b{c}",
            "${env:PATH",
            "}${",
            "$PLACEHOLDER+",
            "PLACEHOLDER/secret+1==",
            "<",
            "a<b>c",
            "100%",
            "p@ss@word",
            "$ecret",
            "$Secret1",
            "{single}",
            "[::1]:9092",
            "yourself1",
            "changeit",
            "xX",
            "%pass%",
            "__a__",
            "#1",
            "a{{b",
            "p{ss}w0rd",
            "pa$word",
            "{aB3$x}9",
            "{aB3$x}",
            "$1234",
            "%",
            "%%",
            "@@",
            "{}",
            "ENC(",
            "vault:",
            "arn:aws:iam::1:role/x",
            "https://id/token",
            "Endpoint=sb://n.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=aXx+/Q==",
            "null",
            "\"\"",
        ] {
            assert_eq!(resolve(same).unwrap(), same);
        }
    }

    #[test]
    fn a_placeholder_that_cannot_be_resolved_is_a_gap_and_never_a_value() {
        for value in [
            "${hunter2}",
            "${strimzidir:/a/hunter2:c}",
            "a${other:hunter2}b",
            "${VAULT_PASSWORD:hunter2}",
            "{{ hunter2 }}",
            "{{hunter2}}:9092",
            "<hunter2>",
            "\"<hunter2>\"",
            "<hunter2>:9092,<b>:9092",
            "SASL_SSL://<hunter2>:9092",
            "YOUR_HUNTER2",
            "your-hunter2",
            "<%= hunter2 %>",
            "{% hunter2 %}",
            "$(hunter2)",
            "#{hunter2}#",
            "#{hunter2}",
            "%(hunter2)s",
            "$HUNTER2",
            "%HUNTER2%",
            "@HUNTER2@",
            "__HUNTER2__",
            "[hidden]",
            "CHANGE_ME",
            "xxxx",
            "****",
            "...",
            "\u{2026}",
            "TODO",
            "{HUNTER2}",
            "{YOUR.HUNTER2.STRING}",
            "{X}",
            "$X",
            "%X%",
            "@X@",
            "Endpoint=sb://n.servicebus.windows.net/;SharedAccessKeyName=hunter2;SharedAccessKey=XXXXXX",
            "Endpoint=sb://<hunter2>.servicebus.windows.net/;SharedAccessKey=a",
            "API_SECRET",
            "CLUSTER_API_SECRET",
            "$env:HUNTER2",
            "\u{2022}\u{2022}\u{2022}\u{2022}",
            "{cipher}HUNTER2",
            "ENC(HUNTER2)",
            "op://vault/hunter2",
            "arn:aws:secretsmanager:eu-west-1:1:secret:hunter2",
            "arn:aws:ssm:eu-west-1:1:parameter/hunter2",
            "vault:hunter2",
            "!vault hunter2",
            "https://login.example.com/{hunter2}/oauth2",
        ] {
            match resolve(value) {
                Err(Open::Gap(reason)) => {
                    assert!(!reason.to_lowercase().contains("hunter2"), "{value}: {reason}");
                }
                other => panic!("{value}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_login_of_nothing_is_a_gap_and_so_is_a_reference_to_a_placeholder() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "<hunter2>\n").unwrap();
        std::fs::write(dir.path().join("b"), "p${x}w\n").unwrap();
        let placeholders = Placeholders::new(dir.path(), &BTreeMap::new());
        for value in ["\"\"", "''", "null", "None", "~", "${file:a}"] {
            for key in ["sasl.password", "sasl.username", "sasl.oauthbearer.client.secret"] {
                assert!(
                    matches!(placeholders.resolve(key, value), Err(Open::Gap(reason)) if !reason.contains("hunter2")),
                    "{key}={value}"
                );
            }
        }
        assert_eq!(
            placeholders.resolve("sasl.password", "${file:b}").unwrap(),
            "p${x}w"
        );
    }

    #[test]
    fn kafkas_own_providers_are_known_also_under_other_names() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("s.properties"), "a=1\nsasl.password=p=w\\\\x\n").unwrap();
        let given = BTreeMap::from([
            (
                "config.providers.secure.class".to_owned(),
                "org.apache.kafka.common.config.provider.FileConfigProvider".to_owned(),
            ),
            (
                "config.providers.vault.class".to_owned(),
                "com.example.VaultProvider".to_owned(),
            ),
        ]);
        let placeholders = Placeholders::new(dir.path(), &given);
        let resolve = |value: &str| placeholders.resolve("k", value);
        assert_eq!(resolve("${file:s.properties:sasl.password}").unwrap(), "p=w\\x");
        assert_eq!(resolve("${secure:s.properties:a}").unwrap(), "1");
        assert_eq!(
            resolve("${directory:.:s.properties}").unwrap(),
            "a=1\nsasl.password=p=w\\\\x"
        );
        assert!(matches!(resolve("${vault:a:b}"), Err(Open::Gap(_))));
        for (value, words) in [
            ("${file:s.properties:none}", ["s.properties", "'none'"]),
            ("${file:nowhere.properties:pw}", ["nowhere.properties", "'pw'"]),
            ("${file:pw}", ["pw", "'k'"]),
            (
                "${env:SLUICE_TEST_NO_SUCH_VARIABLE}",
                ["SLUICE_TEST_NO_SUCH_VARIABLE", "'k'"],
            ),
        ] {
            let Err(Open::Fault(fault)) = resolve(value) else {
                panic!("{value}")
            };
            let fault = fault.to_string();
            assert!(words.iter().all(|word| fault.contains(word)), "{value}: {fault}");
        }
    }
}
