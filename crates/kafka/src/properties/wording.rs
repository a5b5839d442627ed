//! Security in the words of other programs: a switch for TLS, a certificate, a protocol under a name of its own.

use sluice_model::{
    SET_BY_SLUICE, SecurityProtocol, bootstrap_protocol, is_client_property, is_own_property,
};

use super::findings::Findings;
use super::foreign::{asks_for_tls, is_elsewhere, is_off, speaks_of_security};
use super::given::{Given, Place, contradiction};
use super::parts::shown;
use super::{java, names};

/// Names of programs that stand before such words.
const PROGRAMS: &[&str] = &[
    "spring.kafka.",
    "kafka.",
    "connect.",
    "confluent.",
    "broker.",
    "brokers.",
];

const PROTOCOL: &[&str] = &[
    "client.protocol",
    "client.security.protocol",
    "protocol",
    "security",
    "security.mode",
];
const TLS: &[&str] = &[
    "enable.ssl",
    "enable.tls",
    "ssl",
    "ssl.enable",
    "ssl.enabled",
    "sslenabled",
    "tls",
    "tls.enable",
    "tls.enabled",
    "tlsenabled",
    "use.ssl",
    "use.tls",
    "usessl",
    "usetls",
];
const SASL: &[&str] = &["enable.sasl", "sasl", "sasl.enable", "sasl.enabled", "use.sasl"];
/// What names a certificate or a key, the property of a file, and that of a text.
const MATERIAL: &[(&[&str], &str, &str)] = &[
    (
        &[
            "ca",
            "ca.cert",
            "ca.certificate",
            "ca.crt",
            "ca.file",
            "ca.location",
            "ca.path",
            "ca.pem",
            "cacert",
            "cafile",
            "ssl.ca",
            "ssl.ca.cert",
            "ssl.ca.certificate",
            "ssl.ca.crt",
            "ssl.ca.file",
            "ssl.ca.path",
            "ssl.cacert",
            "tls.ca",
            "tls.ca.cert",
            "tls.ca.certificate",
            "tls.ca.crt",
            "tls.ca.file",
            "tls.ca.path",
            "tls.cacert",
            "tls.cafile",
        ],
        "ssl.ca.location",
        "ssl.ca.pem",
    ),
    (
        &[
            "client.cert",
            "client.certificate",
            "client.crt",
            "ssl.cert",
            "ssl.cert.file",
            "ssl.cert.path",
            "ssl.certificate",
            "ssl.client.cert",
            "ssl.client.certificate",
            "ssl.crt",
            "tls.cert",
            "tls.cert.file",
            "tls.cert.path",
            "tls.certificate",
            "tls.client.cert",
            "tls.crt",
        ],
        "ssl.certificate.location",
        "ssl.certificate.pem",
    ),
    (
        &[
            "client.key",
            "ssl.client.key",
            "ssl.key",
            "ssl.key.file",
            "ssl.key.path",
            "ssl.private.key",
            "tls.client.key",
            "tls.key",
            "tls.key.file",
            "tls.key.path",
            "tls.private.key",
        ],
        "ssl.key.location",
        "ssl.key.pem",
    ),
];

/// Whether a value of a switch is "on".
fn is_on(value: &str) -> bool {
    ["true", "yes", "on", "1", "enabled", "enable"]
        .iter()
        .any(|word| value.trim().trim_matches(['"', '\'']).eq_ignore_ascii_case(word))
}

/// A key without the name of a program, in dots.
fn bare(key: &str) -> String {
    let dotted = names::dotted(key);
    let bare = PROGRAMS.iter().find_map(|program| dotted.strip_prefix(program));
    bare.unwrap_or(&dotted).to_owned()
}

fn protocol(value: &str) -> Option<SecurityProtocol> {
    let letters = value.trim().trim_matches(['"', '\'']).replace('-', "_");
    SecurityProtocol::ALL
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(&letters))
}

/// Whether a key names the security protocol, or switches TLS, in words that are understood.
pub(super) fn names_protocol(key: &str, value: &str) -> bool {
    let bare = bare(key);
    let bare = bare.as_str();
    PROTOCOL.contains(&bare) && protocol(value).is_some() || TLS.contains(&bare) && is_on(value)
}

/// Whether a property asks for TLS or a login in words that were not understood.
pub(super) fn is_unread(key: &str, value: &str) -> bool {
    let is_known = is_client_property(key)
        || is_own_property(key)
        || SET_BY_SLUICE.contains(&key)
        || super::STORES.contains(&key)
        || java::knows(key);
    asks_for_tls(key, value) || !is_known && speaks_of_security(key, value) && !is_elsewhere(key)
}

/// What is said of such a property; follows its key.
pub(super) fn unread(key: &str, value: &str) -> &'static str {
    if asks_for_tls(key, value) {
        "asks for TLS in the words of another program: write security.protocol=SSL, or SASL_SSL where there is a login, in its place"
    } else {
        "asks for security in the words of another program: write security.protocol in its place, as SSL, or SASL_SSL where there is a login; PLAINTEXT if it is not meant for the brokers"
    }
}

/// What was found of the security protocol under other names.
#[derive(Default)]
struct Said {
    tls: Option<(bool, Place)>,
    sasl: Option<(bool, Place)>,
    /// A certificate or a key that was named in other words.
    material: Option<Place>,
}

/// Brings such words to properties. `is_of_program`: the file is written in another program's way, where a login or
/// certificates without a protocol are no connection in clear.
pub(super) fn settle(given: &mut Given, is_of_program: bool, findings: &mut Findings) {
    let mut said = Said::default();
    let keys: Vec<String> = given.values.keys().cloned().collect();
    for key in keys {
        let value = given.values.get(&key).cloned().unwrap_or_default();
        let place = given.places.get(&key).cloned().unwrap_or(Place {
            key: key.clone(),
            line: None,
        });
        let bare = bare(&key);
        let is = |names: &[&str]| names.contains(&bare.as_str());
        let is_switch = is_on(&value) || is_off(&value) && !value.trim().is_empty();
        if is(PROTOCOL) && protocol(&value).is_some() {
            move_to(given, &key, "security.protocol", value, place, findings);
        } else if is(TLS) && is_switch {
            note_switch(&mut said.tls, is_on(&value), place, findings);
            given.values.remove(&key);
        } else if is(SASL) && is_switch {
            note_switch(&mut said.sasl, is_on(&value), place, findings);
            given.values.remove(&key);
        } else if let Some((_, file, text)) = MATERIAL.iter().find(|(names, ..)| is(names))
            && !value.trim().is_empty()
            && !is_elsewhere(&key)
        {
            let property = if value.contains("-----BEGIN ") { text } else { file };
            said.material.get_or_insert(place.clone());
            move_to(given, &key, property, value, place, findings);
        }
    }
    decide(given, said, is_of_program, findings);
}

fn note_switch(switch: &mut Option<(bool, Place)>, is_on: bool, place: Place, findings: &mut Findings) {
    match switch {
        Some((other, first)) if *other != is_on => findings.fault(contradiction(first, &place)),
        _ => *switch = Some((is_on, place)),
    }
}

/// Gives a property the value of another name; both must agree.
fn move_to(
    given: &mut Given,
    key: &str,
    property: &str,
    value: String,
    place: Place,
    findings: &mut Findings,
) {
    given.values.remove(key);
    if let Some(old) = given.values.get(property).filter(|old| !old.trim().is_empty()) {
        if !super::given::is_same(property, old, &value)
            && let Some(first) = given.places.get(property)
        {
            findings.fault(contradiction(first, &place));
        }
        return;
    }
    given.places.insert(property.to_owned(), place);
    given.values.insert(property.to_owned(), value);
}

/// The security protocol, where it follows from what else is said; a switch must not contradict one that is named.
fn decide(given: &mut Given, said: Said, is_of_program: bool, findings: &mut Findings) {
    let scheme = ["bootstrap.servers", "metadata.broker.list"]
        .iter()
        .find_map(|name| {
            let named = bootstrap_protocol(given.values.get(*name)?).ok()??;
            Some((named, given.places.get(*name)?.clone()))
        });
    let word = given
        .values
        .get("security.protocol")
        .and_then(|value| Some((protocol(value)?, given.places.get("security.protocol")?.clone())));
    if let Some((named, place)) = word.or(scheme) {
        let has_tls = matches!(named, SecurityProtocol::Ssl | SecurityProtocol::SaslSsl);
        for (switch, has) in [(&said.tls, has_tls), (&said.sasl, named.has_sasl())] {
            if let Some((is_on, other)) = switch
                && *is_on != has
            {
                findings.fault(contradiction(&place, other));
            }
        }
        return;
    }
    // One that is no protocol is refused where it is checked.
    if given.has("security.protocol") {
        return;
    }
    let login = first_of(given, is_login);
    let certificates = first_of(given, |key| {
        [
            "ssl.ca.",
            "ssl.certificate.",
            "ssl.key.",
            "ssl.keystore.",
            "ssl.truststore.",
        ]
        .iter()
        .any(|root| key.starts_with(root))
    });
    let switched = |switch: &Option<(bool, Place)>| switch.as_ref().map(|(is_on, _)| *is_on);
    let sasl = switched(&said.sasl).unwrap_or(login.is_some());
    let (protocol, because) = match switched(&said.tls) {
        Some(false) if sasl => (
            SecurityProtocol::SaslPlaintext,
            said.tls.map(|(_, place)| place.key),
        ),
        Some(false) => (SecurityProtocol::Plaintext, said.tls.map(|(_, place)| place.key)),
        Some(true) if sasl => (SecurityProtocol::SaslSsl, said.tls.map(|(_, place)| place.key)),
        Some(true) => (SecurityProtocol::Ssl, said.tls.map(|(_, place)| place.key)),
        // A client that is given its properties alone connects in clear then, and says so.
        // What is not understood may say something else.
        None if given.values.iter().any(|(key, value)| is_unread(key, value)) => return,
        None if !is_of_program && said.sasl.is_none() && said.material.is_none() => return,
        None if sasl => (
            SecurityProtocol::SaslSsl,
            login.or(said.sasl.map(|(_, place)| place.key)),
        ),
        None if certificates.is_some() => (SecurityProtocol::Ssl, certificates),
        None => return,
    };
    let because = because.unwrap_or_default();
    findings.note(format!(
        "no security protocol is named: {protocol} is taken because of '{}'. Choose another if the brokers use one",
        shown(&because)
    ));
    given
        .values
        .insert("security.protocol".to_owned(), protocol.as_str().to_owned());
}

/// The first property of a kind that has a value, in the spelling of the file.
fn first_of(given: &Given, is_of_kind: impl Fn(&str) -> bool) -> Option<String> {
    given
        .values
        .iter()
        .find(|(key, value)| is_of_kind(key) && !value.trim().is_empty())
        .map(|(key, _)| {
            given
                .places
                .get(key)
                .map_or(key.clone(), |place| place.key.clone())
        })
}

fn is_login(key: &str) -> bool {
    key.starts_with("sasl.oauthbearer.")
        || matches!(
            key,
            "sasl.jaas.config"
                | "sasl.kerberos.keytab"
                | "sasl.kerberos.principal"
                | "sasl.mechanism"
                | "sasl.mechanisms"
                | "sasl.password"
                | "sasl.username"
        )
}
