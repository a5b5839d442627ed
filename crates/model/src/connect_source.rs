//! A data source that is a Kafka Connect cluster: where tasks may run, not where records are.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::source_form::given;
use crate::{FieldError, Secret, SourceForm, SourceSecrets};

/// What a data source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A Kafka cluster: records are read from it and written to it.
    #[default]
    Kafka,
    /// A Kafka Connect cluster: tasks may run on it.
    Connect,
}

/// How to log in to Connect's REST interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConnectLogin {
    /// Not at all.
    #[default]
    None,
    /// With user and password.
    Basic,
    /// With a token, which is kept as the password.
    Bearer,
}

/// What a user enters to reach a Connect cluster. User, password and the file of authorities are those of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectSettings {
    /// Addresses of its workers' REST interfaces, with commas or line breaks between them: `https://worker:8083`. Where one
    /// cannot be reached, the next is asked.
    pub url: String,
    /// How to log in.
    pub login: ConnectLogin,
}

/// What a client of Connect needs to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectAccess {
    /// Addresses of workers, without a slash at the end.
    pub urls: Vec<String>,
    /// How to log in.
    pub login: ConnectLogin,
    /// The user of a basic login.
    pub user: String,
    /// Password or token.
    pub password: Option<Secret>,
    /// A PEM file with the certificates to trust; without one, those of the system.
    pub ca_file: Option<String>,
}

impl SourceForm {
    /// Whether this is a Connect cluster.
    pub fn is_connect(&self) -> bool {
        self.kind == SourceKind::Connect
    }

    /// What a client of Connect needs.
    ///
    /// # Errors
    /// Everything that is wrong with the form or missing in it.
    pub fn connect_access(&self, secrets: &SourceSecrets) -> Result<ConnectAccess, Vec<FieldError>> {
        if !self.is_connect() {
            return Err(vec![FieldError::new(
                "kind",
                format!("'{}' is a Kafka cluster, not a Connect cluster", self.name),
            )]);
        }
        let mut errors = self.connect_errors();
        let password = secrets.get("password").cloned();
        if self.connect.login != ConnectLogin::None && password.is_none() {
            errors.push(FieldError::new(
                "password",
                match self.connect.login {
                    ConnectLogin::Bearer => "give the token that logs in to Connect",
                    ConnectLogin::Basic | ConnectLogin::None => "give the password that logs in to Connect",
                },
            ));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(ConnectAccess {
            urls: urls(&self.connect.url)
                .map(|url| url.trim_end_matches('/').to_owned())
                .collect(),
            login: self.connect.login,
            user: given(&self.username).unwrap_or_default().to_owned(),
            password,
            ca_file: given(&self.ca_file).map(str::to_owned),
        })
    }

    /// What is wrong with the fields of a Connect cluster.
    pub(crate) fn connect_errors(&self) -> Vec<FieldError> {
        let mut errors = self.name_errors();
        let has_login = self.connect.login != ConnectLogin::None;
        let mut any = false;
        for url in urls(&self.connect.url) {
            any = true;
            if let Err(reason) = check_url(url, has_login) {
                errors.push(FieldError::new("connect.url", reason));
            }
        }
        if !any {
            errors.push(FieldError::new(
                "connect.url",
                "give the address of a worker's REST interface, for example https://connect.example.com:8083",
            ));
        }
        let user = given(&self.username).unwrap_or_default();
        if self.connect.login == ConnectLogin::Basic && (user.is_empty() || user.contains(':')) {
            errors.push(FieldError::new(
                "username",
                "give the user that logs in to Connect; it has no colon",
            ));
        }
        errors
    }
}

fn urls(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|url| !url.is_empty())
}

/// The host of an address, and whether it is secure.
fn host_of(url: &str) -> Option<(bool, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let is_secure = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    if authority.contains('@') {
        return None;
    }
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?.0,
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then_some((is_secure, host))
}

/// Whether an address leads to this computer.
pub fn is_loopback_url(url: &str) -> bool {
    host_of(url).is_some_and(|(_, host)| {
        host.eq_ignore_ascii_case("localhost")
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}

fn check_url(url: &str, has_login: bool) -> Result<(), &'static str> {
    let Some((is_secure, _)) = host_of(url) else {
        return Err("write the address as https://host:8083; user and password have their own fields");
    };
    if url.contains(['?', '#']) {
        return Err("leave what follows '?' or '#' out of the address");
    }
    // A login that anybody on the way can read is none.
    if has_login && !is_secure && !is_loopback_url(url) {
        return Err("use https: the login would be sent in clear (http is allowed to this computer only)");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(url: &str, login: ConnectLogin) -> SourceForm {
        SourceForm {
            name: "c".into(),
            kind: SourceKind::Connect,
            connect: ConnectSettings {
                url: url.into(),
                login,
            },
            username: Some("me".into()),
            ..SourceForm::default()
        }
    }

    fn secrets() -> SourceSecrets {
        SourceSecrets {
            password: Some(Secret::new("x")),
            ..SourceSecrets::default()
        }
    }

    #[test]
    fn several_workers_may_be_named_and_a_login_goes_to_secure_ones_alone() {
        let access = form("https://a:8083/, http://b", ConnectLogin::None)
            .connect_access(&SourceSecrets::default())
            .unwrap();
        assert_eq!(access.urls, ["https://a:8083", "http://b"]);
        let errors = form("http://b:8083", ConnectLogin::Basic)
            .connect_access(&secrets())
            .unwrap_err();
        assert_eq!(errors[0].field, "connect.url");
        form("http://127.0.0.1:8083", ConnectLogin::Basic)
            .connect_access(&secrets())
            .unwrap();
    }

    #[test]
    fn what_is_missing_is_named_by_its_field() {
        let errors = form(" ", ConnectLogin::Bearer)
            .connect_access(&SourceSecrets::default())
            .unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["connect.url", "password"]);
        for url in ["ftp://a", "https://u:p@a", "a:8083", "https://"] {
            assert!(form(url, ConnectLogin::None).check().len() == 1, "{url}");
        }
    }

    #[test]
    fn a_connect_cluster_is_no_kafka_cluster_and_the_other_way_round() {
        let errors = form("https://a", ConnectLogin::None)
            .cluster(&SourceSecrets::default())
            .unwrap_err();
        assert!(errors[0].message.contains("is a Connect cluster"), "{errors:?}");
        let kafka = SourceForm {
            bootstrap: "a:1".into(),
            name: "k".into(),
            ..SourceForm::default()
        };
        assert!(kafka.connect_access(&SourceSecrets::default()).is_err());
    }
}
