//! How a cluster's brokers are reached by people behind bastions and NAT.

use crate::msk_login::MSK_PROPERTIES;
use crate::{Address, AddressMap, Cluster, InvalidTask, PropertyValue, Result, Secret};

/// The property with the address map: `advertised=reachable` entries with commas between them.
pub const ADDRESS_MAP: &str = "sluice.address.map";
/// The property with the SOCKS5 proxy: `host:port`.
pub const PROXY: &str = "sluice.proxy";
/// The property with the proxy's user.
pub const PROXY_USER: &str = "sluice.proxy.user";
/// The property with the proxy user's password.
pub const PROXY_PASSWORD: &str = "sluice.proxy.password";

/// How properties begin that are Sluice's own, and that no client library knows.
const OWN: &str = "sluice.";
/// A property of librdkafka that may contradict.
pub(crate) const DNS_LOOKUP: &str = "client.dns.lookup";
/// The longest user and password that SOCKS5 can carry, in bytes (RFC 1929, section 2).
const LONGEST_LOGIN: usize = 255;

/// Whether a property is Sluice's own, and that no client library knows.
pub fn is_own_property(name: &str) -> bool {
    name.starts_with(OWN)
}

/// How brokers are reached from here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Where brokers are reached that advertise other addresses.
    pub map: AddressMap,
    /// A proxy that all connections go through; it is asked for the addresses that the map leads to.
    pub proxy: Option<Proxy>,
}

impl Reach {
    /// Whether brokers are reached at the addresses that they advertise, and directly.
    pub fn is_direct(&self) -> bool {
        self.map.is_empty() && self.proxy.is_none()
    }
}

/// A SOCKS5 proxy (RFC 1928).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Where it listens.
    pub address: Address,
    /// User and password, if it asks for them.
    pub login: Option<(String, Secret)>,
}

impl Proxy {
    /// Reads the address of a proxy: `host:port`, also as a URL with the scheme `socks5` or `socks5h`.
    ///
    /// # Errors
    /// It is no such address, with a sentence that shows no password.
    pub fn read_address(text: &str) -> std::result::Result<Address, String> {
        let text = text.trim();
        if let Some((_, host)) = text.rsplit_once('@') {
            return Err(format!(
                "'***@{host}' is no proxy: user and password of the proxy have their own places"
            ));
        }
        let bare = match text.split_once("://") {
            None => text,
            Some((scheme, rest)) if matches!(scheme.to_ascii_lowercase().as_str(), "socks5" | "socks5h") => {
                rest.trim_end_matches('/')
            }
            Some((scheme, _)) => {
                return Err(format!(
                    "a proxy of the kind '{scheme}' is not supported: give a SOCKS5 proxy as host:port"
                ));
            }
        };
        bare.parse()
            .map_err(|reason| format!("'{bare}' is no proxy: {reason}"))
    }

    /// Checks a text that is to be sent as user or password. `what` names it.
    ///
    /// # Errors
    /// SOCKS5 cannot carry it.
    pub fn check_login(what: &str, text: &str) -> std::result::Result<(), String> {
        if (1..=LONGEST_LOGIN).contains(&text.len()) {
            Ok(())
        } else {
            Err(format!(
                "the {what} of the proxy must have 1 to {LONGEST_LOGIN} bytes"
            ))
        }
    }
}

impl Cluster {
    /// How its brokers are reached, by its properties.
    ///
    /// # Errors
    /// One of them is wrong; the sentence names it and shows no password.
    pub fn reach(&self) -> Result<Reach> {
        const OF_REACH: [&str; 4] = [ADDRESS_MAP, PROXY, PROXY_USER, PROXY_PASSWORD];
        let known: Vec<&str> = OF_REACH.into_iter().chain(MSK_PROPERTIES).collect();
        let unknown = |name: &&String| is_own_property(name) && !known.contains(&name.as_str());
        if let Some(name) = self.properties().keys().find(unknown) {
            return Err(wrong(
                name,
                format!(
                    "there is no such property; those of Sluice are {}",
                    known.join(", ")
                ),
            ));
        }
        let map = match self.own(ADDRESS_MAP) {
            None => AddressMap::default(),
            Some(text) => AddressMap::read(text).map_err(|errors| {
                let sentences: Vec<String> = errors.iter().map(|error| error.fault.to_string()).collect();
                wrong(ADDRESS_MAP, sentences.join("; "))
            })?,
        };
        let proxy = self.own(PROXY).map(|text| self.proxy(text)).transpose()?;
        if proxy.is_none()
            && let Some(name) = [PROXY_USER, PROXY_PASSWORD]
                .into_iter()
                .find(|name| self.own(name).is_some())
        {
            return Err(wrong(
                name,
                format!("there is no proxy for it; name it with {PROXY}"),
            ));
        }
        let reach = Reach { map, proxy };
        if !reach.is_direct()
            && let Some(reason) = self.own(DNS_LOOKUP).and_then(contradiction)
        {
            return Err(wrong(DNS_LOOKUP, reason.to_owned()));
        }
        Ok(reach)
    }

    fn proxy(&self, text: &str) -> Result<Proxy> {
        let address = Proxy::read_address(text).map_err(|reason| wrong(PROXY, reason))?;
        // Blanks may belong to a password.
        let password = self.properties().get(PROXY_PASSWORD).map(PropertyValue::reveal);
        let password = password.filter(|text| !text.is_empty());
        let login = match (self.own(PROXY_USER), password) {
            (None, None) => None,
            (Some(user), Some(password)) => {
                Proxy::check_login("user", user).map_err(|reason| wrong(PROXY_USER, reason))?;
                Proxy::check_login("password", password).map_err(|reason| wrong(PROXY_PASSWORD, reason))?;
                Some((user.to_owned(), Secret::new(password)))
            }
            (Some(_), None) => {
                return Err(wrong(
                    PROXY_PASSWORD,
                    format!("it is missing, and the user in {PROXY_USER} needs it"),
                ));
            }
            (None, Some(_)) => {
                return Err(wrong(
                    PROXY_USER,
                    format!("it is missing, and the password in {PROXY_PASSWORD} needs it"),
                ));
            }
        };
        Ok(Proxy { address, login })
    }

    pub(crate) fn own(&self, name: &str) -> Option<&str> {
        self.properties()
            .get(name)
            .map(PropertyValue::reveal)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }
}

/// Why a value of [`DNS_LOOKUP`] cannot go together with a map or a proxy.
pub(crate) fn contradiction(lookup: &str) -> Option<&'static str> {
    (lookup.trim() == "resolve_canonical_bootstrap_servers_only").then_some(
        "it has brokers looked up here, which an address map and a proxy replace; remove it or them",
    )
}

fn wrong(property: &str, reason: String) -> InvalidTask {
    InvalidTask::Reach {
        property: property.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(pairs: &[(&str, &str)]) -> Result<Reach> {
        let mut cluster = Cluster::new("a:1").unwrap();
        for (name, value) in pairs {
            cluster.set(*name, *value);
        }
        cluster.reach()
    }

    #[test]
    fn a_cluster_without_such_properties_is_reached_directly() {
        assert!(reach(&[]).unwrap().is_direct());
        assert!(reach(&[(ADDRESS_MAP, " "), (PROXY, "")]).unwrap().is_direct());
    }

    #[test]
    fn map_and_proxy_are_read_and_the_password_shows_nowhere() {
        let read = reach(&[
            (ADDRESS_MAP, "a:1=b:2"),
            (PROXY, "socks5h://Bastion:1080/"),
            (PROXY_USER, "me"),
            (PROXY_PASSWORD, " hunter2 "),
        ])
        .unwrap();
        assert_eq!(read.map.to_string(), "a:1=b:2");
        let proxy = read.proxy.as_ref().unwrap();
        assert_eq!(proxy.address.to_string(), "Bastion:1080");
        let (user, password) = proxy.login.as_ref().unwrap();
        assert_eq!((user.as_str(), password.reveal()), ("me", " hunter2 "));
        assert!(!format!("{read:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_wrong_names_its_property_and_shows_no_password() {
        let long = "x".repeat(256);
        let cases: &[(&[(&str, &str)], &str)] = &[
            (&[(ADDRESS_MAP, "a:1")], "sluice.address.map: 'a:1' leads nowhere"),
            (
                &[(PROXY, "p")],
                "sluice.proxy: 'p' is no proxy: the port is missing",
            ),
            (&[(PROXY, "http://p:1")], "the kind 'http' is not supported"),
            (&[(PROXY, "socks5://me:hunter2@p:1")], "have their own places"),
            (
                &[(PROXY, "p:1"), (PROXY_USER, "me")],
                "sluice.proxy.password: it is missing",
            ),
            (
                &[(PROXY, "p:1"), (PROXY_PASSWORD, "hunter2")],
                "sluice.proxy.user: it is missing",
            ),
            (
                &[(PROXY, "p:1"), (PROXY_USER, "me"), (PROXY_PASSWORD, &long)],
                "sluice.proxy.password: the password of the proxy must have 1 to 255 bytes",
            ),
            (
                &[(PROXY_PASSWORD, "hunter2")],
                "sluice.proxy.password: there is no proxy for it",
            ),
            (
                &[
                    (PROXY, "p:1"),
                    (DNS_LOOKUP, "resolve_canonical_bootstrap_servers_only"),
                ],
                "client.dns.lookup: it has brokers looked up here",
            ),
            (
                &[("sluice.socks", "p:1")],
                "sluice.socks: there is no such property",
            ),
        ];
        for (pairs, expected) in cases {
            let error = reach(pairs).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
