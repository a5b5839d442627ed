//! Client properties as people have them: a librdkafka or kcat configuration file, or a Java `client.properties`.
//! They are brought to librdkafka's names, with `${env:NAME}` and `${file:PATH}` resolved.

mod content;
mod environment;
mod error;
mod findings;
mod foreign;
mod given;
mod jaas;
mod java;
mod json;
mod msk;
mod names;
mod node;
mod parts;
mod paths;
mod pem;
mod placeholders;
mod programs;
mod roles;
mod store_file;
mod stores;
mod structured;
mod syntax;
mod text;
mod wording;
mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sluice_model::{
    Cluster, SET_BY_SLUICE, SaslMechanism, Secret, SecurityProtocol, bootstrap_protocol, closest_property,
    is_client_property, is_own_property, is_slip,
};

pub use error::PropertiesError;
pub use syntax::{Dialect, parse_properties};

use findings::Findings;
use placeholders::Placeholders;
use syntax::{Entry, Written};

/// A cluster's properties, read and translated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientProperties {
    bootstrap: Option<String>,
    // All of them are kept as secrets, so that no debug output shows one.
    properties: BTreeMap<String, Secret>,
    notes: Vec<String>,
    gaps: Vec<findings::Gap>,
}

/// The properties whose slips would make a connection weaker, or another one.
const SLIPS: &[&str] = &[
    "bootstrap.servers",
    "enable.ssl.certificate.verification",
    "sasl.jaas.config",
    "sasl.kerberos.keytab",
    "sasl.kerberos.principal",
    "sasl.mechanism",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.truststore.location",
    "ssl.truststore.password",
];

/// Properties of stores, which only a file has: they become PEM.
const STORES: &[&str] = &[
    "ssl.key.pem",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
];

impl ClientProperties {
    /// Reads a file. Where it describes several clusters, one is chosen by its name behind the path, as
    /// `mm2.properties#A`.
    ///
    /// # Errors
    /// Everything at once that has to be changed in it: it or a file it names cannot be read, a line makes no sense, a
    /// variable is missing, a word is none that exists, a login has no counterpart, or it describes several clusters.
    pub fn load(path: &Path) -> Result<Self, PropertiesError> {
        let (path, part) = path_and_part(path);
        let bytes = std::fs::read(&path).map_err(|error| PropertiesError::Unreadable {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        let text = text::decode(&bytes).map_err(|reason| PropertiesError::Unreadable {
            path: path.clone(),
            reason: reason.to_owned(),
        })?;
        let base_dir = path.parent().unwrap_or(Path::new("."));
        Self::read(&text, base_dir, part.as_deref()).map_err(|error| error.in_file(&path))
    }

    /// Reads the text of a file; relative paths in it start from `base_dir`.
    ///
    /// # Errors
    /// As [`ClientProperties::load`].
    pub fn parse(text: &str, base_dir: &Path) -> Result<Self, PropertiesError> {
        Self::read(text, base_dir, None)
    }

    fn read(text: &str, base_dir: &Path, part: Option<&str>) -> Result<Self, PropertiesError> {
        let Written {
            dialect,
            entries,
            faults,
            notes,
            is_of_program,
        } = syntax::read(text);
        let mut findings = Findings {
            notes,
            faults,
            ..Findings::default()
        };
        // What is no file of properties at all is not told line by line.
        if let Some(reason) = findings
            .faults
            .iter()
            .find(|fault| matches!(fault, PropertiesError::NotAClient(_)))
        {
            return Err(reason.clone());
        }
        if text.trim().is_empty() {
            return Err(PropertiesError::NotAClient("is empty"));
        }
        if let Some(reason) = foreign::not_a_client(text, entries.iter().map(|entry| entry.key.as_str())) {
            return Err(PropertiesError::NotAClient(reason));
        }
        let mut given = parts::choose(entries, part, &mut findings);
        wording::settle(&mut given, is_of_program, &mut findings);
        Self::translate(dialect, given.settle(&mut findings), base_dir, findings)
    }

    /// Takes properties that were written elsewhere, as in a task file; Java's names are translated here too.
    ///
    /// # Errors
    /// As [`ClientProperties::load`].
    pub fn from_pairs(pairs: Vec<(String, String)>, base_dir: &Path) -> Result<Self, PropertiesError> {
        let entries = pairs.into_iter().map(|(key, value)| Entry::new(key, value));
        let mut findings = Findings::default();
        let mut given = parts::choose(entries.collect(), None, &mut findings);
        wording::settle(&mut given, false, &mut findings);
        let given = given.settle(&mut findings);
        Self::translate(Dialect::Librdkafka, given, base_dir, findings)
    }

    fn translate(
        dialect: Dialect,
        mut given: BTreeMap<String, String>,
        base_dir: &Path,
        mut findings: Findings,
    ) -> Result<Self, PropertiesError> {
        let placeholders = Placeholders::new(base_dir, &given);
        let unread: Vec<PropertiesError> = given
            .iter()
            .filter(|(key, value)| wording::is_unread(key, value))
            .map(|(key, value)| {
                let written = findings.places.get(key).map_or(key, |place| &place.key);
                PropertiesError::value(parts::shown(written), wording::unread(key, value))
            })
            .collect();
        leave_out(&mut given, &mut findings);
        let keys = given.keys().map(String::as_str);
        let is_java = dialect == Dialect::Java || syntax::dialect_of(keys) == Dialect::Java;
        let mut translated = java::translate(given, is_java, &placeholders, &mut findings);
        paths::leave_inside(&mut translated, &mut findings);
        stores::translate(&mut translated, base_dir, &mut findings);
        let bootstrap = bootstrap(&mut translated, &mut findings);
        words(&mut translated, &mut findings);
        paths::settle(&mut translated, base_dir, &mut findings);
        content::check(&translated, &mut findings);
        if !translated.contains_key("security.protocol") {
            for fault in unread {
                findings.fault(fault);
            }
        }
        // Without the word there is no telling how weak the connection would be.
        if let Some(gap) = findings.gaps.iter().find(|gap| gap.key == "security.protocol") {
            let fault = PropertiesError::value("security.protocol", gap.reason.clone());
            findings.fault(fault);
        }
        let Findings {
            notes, faults, gaps, ..
        } = findings;
        if let Some(fault) = PropertiesError::all(faults) {
            return Err(fault);
        }
        let properties = translated
            .into_iter()
            .map(|(key, value)| (key, Secret::new(value)))
            .collect();
        Ok(Self {
            bootstrap,
            properties,
            notes,
            gaps,
        })
    }

    /// As [`ClientProperties::load`], for a connection that is made at once: there is nobody to ask for what is left
    /// open.
    ///
    /// # Errors
    /// As [`ClientProperties::load`] and [`ClientProperties::complete`].
    pub fn load_complete(path: &Path, has_bootstrap: bool) -> Result<Self, PropertiesError> {
        Self::load(path)?
            .complete(has_bootstrap)
            .map_err(|error| error.in_file(&path_and_part(path).0))
    }

    /// The properties, if none is left open; `has_bootstrap` where the brokers are known from elsewhere.
    ///
    /// # Errors
    /// The properties whose values are placeholders that only another program can replace.
    pub fn complete(mut self, has_bootstrap: bool) -> Result<Self, PropertiesError> {
        self.gaps
            .retain(|gap| !(has_bootstrap && gap.key == "bootstrap.servers"));
        let faults = self
            .gaps
            .iter()
            .map(|gap| PropertiesError::value(&gap.key, gap.reason.clone()))
            .collect();
        match PropertiesError::all(faults) {
            Some(fault) => Err(fault),
            None => Ok(self),
        }
    }

    /// The properties that the file names and whose values are not in it, in sentences.
    pub fn gaps(&self) -> impl Iterator<Item = String> {
        self.gaps.iter().map(findings::Gap::sentence)
    }

    /// The bootstrap servers, if they are among the properties.
    pub fn bootstrap(&self) -> Option<&str> {
        self.bootstrap.as_deref()
    }

    /// What was left out and what looks like a mistake; sentences without secrets.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The properties but for the bootstrap servers, in clear.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.properties
            .iter()
            .map(|(key, value)| (key.as_str(), value.reveal()))
    }

    /// Gives the properties to a cluster; those it has already are replaced.
    pub fn apply(&self, cluster: &mut Cluster) {
        for (key, value) in self.pairs() {
            cluster.set(key, value);
        }
    }
}

/// A path and the name behind its `#`, unless there is a file of that whole name.
fn path_and_part(path: &Path) -> (PathBuf, Option<String>) {
    let split = path
        .to_str()
        .filter(|_| !path.exists())
        .and_then(|text| text.rsplit_once('#'))
        .filter(|(file, part)| !file.is_empty() && !part.is_empty());
    match split {
        Some((file, part)) => (PathBuf::from(file), Some(part.to_owned())),
        None => (path.to_owned(), None),
    }
}

/// Takes away what is not this connection's, and names it.
fn leave_out(given: &mut BTreeMap<String, String>, findings: &mut Findings) {
    let mut programs: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    given.retain(|key, _| {
        // A file made for another program may well have them.
        if SET_BY_SLUICE.contains(&key.as_str()) {
            findings.note(format!("'{key}' is left out: Sluice sets it itself"));
            return false;
        }
        if is_client_property(key)
            || is_own_property(key)
            || STORES.contains(&key.as_str())
            || java::knows(key)
        {
            return true;
        }
        if let Some(meant) = SLIPS.iter().find(|of| is_slip(key, of)) {
            findings.fault(PropertiesError::value(
                parts::shown(key),
                format!("is no property of a client; did you mean '{meant}'?"),
            ));
            return false;
        }
        if key == "sasl.oauthbearer.grant.type" {
            return true;
        }
        if let Some(program) = foreign::program(key) {
            programs
                .entry(program)
                .or_default()
                .push(parts::shown(key).to_owned());
        } else if parts::shown(key) != key {
            // Something else than a name may stand there, and may be a password.
            findings.note("a property is left out: its name has characters that no property has");
        } else {
            findings.note(match closest_property(key) {
                Some(known) => {
                    format!("'{key}' is left out: a data source has no place for it; did you mean '{known}'?")
                }
                None => format!("'{key}' is left out: a data source has no place for it"),
            });
        }
        false
    });
    for (program, keys) in programs {
        findings.note(format!(
            "left out, because they belong to {program}: {}",
            keys.join(", ")
        ));
    }
}

/// The brokers without the schemes before them, which decide the security protocol.
fn bootstrap(properties: &mut BTreeMap<String, String>, findings: &mut Findings) -> Option<String> {
    if let Some(list) = properties.remove("metadata.broker.list") {
        let (from, other) = ("metadata.broker.list", "bootstrap.servers");
        findings.agree(properties, other, list, from, other);
    }
    let list = properties
        .remove("bootstrap.servers")
        .filter(|list| !list.trim().is_empty())?;
    let list = unquoted(&list).to_owned();
    if let Some(fault) = comment("bootstrap.servers", &list) {
        findings.fault(fault);
        return None;
    }
    let cluster = findings.ok(Cluster::new(&list).map_err(PropertiesError::Bootstrap))?;
    if let Ok(Some(named)) = bootstrap_protocol(&list) {
        let given = properties.entry("security.protocol".to_owned());
        let protocol = given.or_insert_with(|| named.as_str().to_owned());
        let other = unquoted(protocol).parse::<SecurityProtocol>();
        if let Ok(other) = other
            && other != named
        {
            findings.fault(PropertiesError::value(
                "bootstrap.servers",
                format!("begins with {named}://, and security.protocol is {other}: leave one of them"),
            ));
        }
    }
    Some(cluster.bootstrap().to_owned())
}

/// Settles the properties that are words.
fn words(properties: &mut BTreeMap<String, String>, findings: &mut Findings) {
    // Two names of one property; the last one set would win by chance.
    if let Some(mechanism) = properties.remove("sasl.mechanisms") {
        let (from, other) = ("sasl.mechanisms", "sasl.mechanism");
        findings.agree(properties, other, mechanism, from, other);
    }
    let mut word = |key: &str, known: &dyn Fn(&str) -> Result<String, PropertiesError>| {
        let given = properties.get(key).map(|value| unquoted(value).to_owned());
        match given {
            Some(value) if value.is_empty() => {
                properties.remove(key);
            }
            Some(value) => {
                let checked = comment(key, &value).map_or_else(|| known(&value), Err);
                if let Some(known) = findings.ok(checked) {
                    properties.insert(key.to_owned(), known);
                }
            }
            None => {}
        }
    };
    word("security.protocol", &|value| {
        let spelt = spelt(value, SecurityProtocol::ALL.map(SecurityProtocol::as_str));
        let read = spelt.parse::<SecurityProtocol>();
        read.map(|protocol| protocol.as_str().to_owned())
            .map_err(|reason| PropertiesError::Word {
                key: "security.protocol".to_owned(),
                reason,
            })
    });
    word("sasl.mechanism", &|value| {
        let spelt = spelt(value, SaslMechanism::ALL.map(SaslMechanism::as_str));
        let read = spelt.parse::<SaslMechanism>();
        read.map(|mechanism| mechanism.as_str().to_owned())
            .map_err(|reason| PropertiesError::Word {
                key: "sasl.mechanism".to_owned(),
                reason,
            })
    });
    word("sasl.oauthbearer.grant.type", &|value| {
        if value.eq_ignore_ascii_case("client_credentials") {
            return Ok(value.to_owned());
        }
        Err(PropertiesError::value(
            "sasl.oauthbearer.grant.type",
            "asks for another way to fetch tokens than client credentials, which is the only one supported",
        ))
    });
    properties.remove("sasl.oauthbearer.grant.type");
    host_check(properties, findings);
    let is_oauth = properties
        .get("sasl.mechanism")
        .is_some_and(|mechanism| mechanism == SaslMechanism::OauthBearer.as_str());
    if is_oauth && properties.contains_key("sasl.oauthbearer.token.endpoint.url") {
        properties.insert("sasl.oauthbearer.method".to_owned(), "oidc".to_owned());
    }
}

/// A comment behind a value is part of it in such files, and makes no sense there.
fn comment(key: &str, value: &str) -> Option<PropertiesError> {
    value.contains(" #").then(|| {
        PropertiesError::value(
            key,
            "has a comment behind its value, which belongs to the value in such a file: put it on a line of its own",
        )
    })
}

/// A blank value switches the check off in Java, and `none` in librdkafka.
fn host_check(properties: &mut BTreeMap<String, String>, findings: &mut Findings) {
    const KEY: &str = "ssl.endpoint.identification.algorithm";
    let Some(value) = properties.get(KEY) else {
        return;
    };
    let settled = match unquoted(value).to_ascii_lowercase().as_str() {
        "" | "none" | "false" => "none",
        "https" | "true" => "https",
        _ => {
            findings.fault(PropertiesError::value(KEY, "must be https, or none"));
            return;
        }
    };
    properties.insert(KEY.to_owned(), settled.to_owned());
}

/// A word as Kafka spells it: libraries write `SaslSsl` and `ScramSha256`.
fn spelt<const N: usize>(value: &str, known: [&'static str; N]) -> String {
    let letters = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    known
        .into_iter()
        .find(|word| letters(word) == letters(value))
        .unwrap_or(value)
        .to_owned()
}

/// Quotes mean nothing in such files, and no address or word has them.
fn unquoted(value: &str) -> &str {
    let value = value.trim();
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}

/// Reads `text` and gives its properties to `cluster`. Returns the notes (see [`ClientProperties::notes`]).
///
/// # Errors
/// As [`ClientProperties::load`].
pub fn apply_properties(
    cluster: &mut Cluster,
    text: &str,
    base_dir: &Path,
) -> Result<Vec<String>, PropertiesError> {
    let properties = ClientProperties::parse(text, base_dir)?.complete(true)?;
    properties.apply(cluster);
    Ok(properties.notes)
}
#[cfg(test)]
mod tests;
