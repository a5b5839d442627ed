//! What is wrong with a form, field by field.

use super::{SourceForm, given, secret};
use crate::msk_login::Check;
use crate::reach::{DNS_LOOKUP, contradiction};
use crate::{
    AddressMap, FieldError, Proxy, SaslMechanism, SourceSecrets, bootstrap_protocol, check_external_id,
    check_extra_property, check_region, check_role_arn, check_session_name, region_of_brokers,
};

/// The longest name of a data source in characters.
const LONGEST_NAME: usize = 64;

impl SourceForm {
    /// What is wrong with its name and its environment.
    pub(crate) fn name_errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let length = self.name.trim().chars().count();
        if !(1..=LONGEST_NAME).contains(&length) {
            errors.push(FieldError::new(
                "name",
                format!("the name must have 1 to {LONGEST_NAME} characters, this one has {length}"),
            ));
        }
        errors.extend(
            self.environment
                .check()
                .into_iter()
                .map(|error| FieldError::new(format!("environment.{}", error.field), error.message)),
        );
        errors
    }

    /// What is wrong with the form itself, but for its addresses.
    pub(super) fn own_errors(&self) -> Vec<FieldError> {
        let mut errors = self.name_errors();
        // What is weaker than the address says would be a surprise, and so would the opposite.
        if let Ok(Some(named)) = bootstrap_protocol(&self.bootstrap)
            && named != self.protocol
        {
            errors.push(FieldError::new(
                "bootstrap",
                format!(
                    "the addresses begin with {named}://, and the security protocol is {}: choose the same, or write host:port alone",
                    self.protocol
                ),
            ));
        }
        if self.protocol.has_sasl() {
            errors.extend(self.login_errors());
        }
        if self.protocol.has_tls() {
            errors.extend(self.tls_errors());
        }
        errors.extend(self.reach_errors());
        for (field, text) in self.optional_texts() {
            // The client library takes its values as C strings.
            if given(text).is_some_and(|text| text.contains('\0')) {
                errors.push(FieldError::new(
                    field,
                    "there is a zero byte in it; enter it again",
                ));
            }
        }
        for (name, value) in &self.extra {
            errors.extend(check_extra_property(name, value).err());
        }
        errors
    }

    fn login_errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let Some(mechanism) = self.mechanism else {
            errors.push(FieldError::new(
                "mechanism",
                format!("choose how to log in: {} needs a mechanism", self.protocol),
            ));
            return errors;
        };
        if mechanism.has_password() && given(&self.username).is_none() {
            errors.push(FieldError::new(
                "username",
                format!("give the user: {mechanism} logs in with user and password"),
            ));
        }
        if mechanism == SaslMechanism::OauthBearer {
            match given(&self.oauth.token_endpoint) {
                None => errors.push(FieldError::new(
                    "oauth.token_endpoint",
                    "give the URL that tokens are fetched from",
                )),
                Some(url) => {
                    if let Err(reason) = check_endpoint(url) {
                        errors.push(FieldError::new("oauth.token_endpoint", reason));
                    }
                }
            }
            if given(&self.oauth.client_id).is_none() {
                errors.push(FieldError::new(
                    "oauth.client_id",
                    "give the client id that tokens are fetched with",
                ));
            }
        }
        if mechanism == SaslMechanism::AwsMskIam {
            errors.extend(self.aws_errors());
        }
        errors
    }

    fn aws_errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if given(&self.aws.region).is_none() && region_of_brokers(&self.bootstrap).is_none() {
            errors.push(FieldError::new(
                "aws.region",
                "give the cluster's region: its brokers' host names do not tell it as those of Amazon MSK do",
            ));
        }
        let has_role = given(&self.aws.role_arn).is_some();
        let checks: [(&str, &Option<String>, Check, bool); 4] = [
            ("aws.region", &self.aws.region, check_region, true),
            ("aws.role_arn", &self.aws.role_arn, check_role_arn, true),
            (
                "aws.session_name",
                &self.aws.session_name,
                check_session_name,
                has_role,
            ),
            (
                "aws.external_id",
                &self.aws.external_id,
                check_external_id,
                has_role,
            ),
        ];
        for (field, text, check, is_used) in checks {
            let refused = given(text).filter(|_| is_used).and_then(|text| check(text).err());
            errors.extend(refused.map(|reason| FieldError::new(field, reason)));
        }
        errors
    }

    fn tls_errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (field, text, property) in [
            ("ca_file", &self.ca_file, "ssl.ca.pem"),
            ("certificate_file", &self.certificate_file, "ssl.certificate.pem"),
        ] {
            if given(text).is_some() && self.extra.contains_key(property) {
                errors.push(FieldError::new(
                    format!("extra.{property}"),
                    format!("the field {field} is set too: leave one of them"),
                ));
            }
        }
        let certificate =
            given(&self.certificate_file).is_some() || self.extra.contains_key("ssl.certificate.pem");
        // The other way round is an error only if no key is kept as a secret.
        if !certificate && given(&self.key_file).is_some() {
            errors.push(FieldError::new(
                "certificate_file",
                "give the certificate that the private key belongs to, or leave out both",
            ));
        }
        errors
    }

    /// One error for each line of the address map that is wrong, and those of the proxy.
    fn reach_errors(&self) -> Vec<FieldError> {
        let map = AddressMap::read(&self.address_map).err().unwrap_or_default();
        let mut errors: Vec<FieldError> = map
            .iter()
            .map(|error| FieldError::new("address_map", error.to_string()))
            .collect();
        match (given(&self.proxy), given(&self.proxy_user)) {
            (None, None) => {}
            (None, Some(_)) => errors.push(FieldError::new(
                "proxy",
                "name the proxy that the user logs in to, or leave out the user",
            )),
            (Some(proxy), user) => {
                let address = Proxy::read_address(proxy).err();
                errors.extend(address.map(|reason| FieldError::new("proxy", reason)));
                let user = user.and_then(|user| Proxy::check_login("user", user).err());
                errors.extend(user.map(|reason| FieldError::new("proxy_user", reason)));
            }
        }
        let is_direct = self.address_map.trim().is_empty() && given(&self.proxy).is_none();
        if !is_direct && let Some(lookup) = self.extra.get(DNS_LOOKUP) {
            let reason = contradiction(lookup);
            errors.extend(reason.map(|reason| FieldError::new(format!("extra.{DNS_LOOKUP}"), reason)));
        }
        errors
    }

    /// The secrets that are needed and that are not given, or cannot be used.
    pub(super) fn secret_errors(&self, secrets: &SourceSecrets) -> Vec<FieldError> {
        let mut errors: Vec<FieldError> = self.missing_secret(secrets).into_iter().collect();
        let certificate =
            given(&self.certificate_file).is_some() || self.extra.contains_key("ssl.certificate.pem");
        let key = given(&self.key_file).is_some() || secret(&secrets.key_pem).is_some();
        if self.protocol.has_tls() && certificate && !key {
            errors.push(FieldError::new(
                "key_file",
                "give the private key of the client's certificate, or leave out both",
            ));
        }
        if given(&self.proxy).is_some() && given(&self.proxy_user).is_some() {
            match secret(&secrets.proxy_password) {
                None => errors.push(FieldError::new(
                    "proxy_password",
                    "give the password that the user logs in to the proxy with, or leave out the user",
                )),
                Some(password) => errors.extend(
                    Proxy::check_login("password", password)
                        .err()
                        .map(|reason| FieldError::new("proxy_password", reason)),
                ),
            }
        }
        errors
    }

    /// The first secret that the login needs and that is not given.
    fn missing_secret(&self, secrets: &SourceSecrets) -> Option<FieldError> {
        let mechanism = self.mechanism.filter(|_| self.protocol.has_sasl())?;
        if mechanism.has_password() && secret(&secrets.password).is_none() {
            return Some(FieldError::new(
                "password",
                format!("give the password: {mechanism} logs in with user and password"),
            ));
        }
        if mechanism == SaslMechanism::OauthBearer && secret(&secrets.oauth_client_secret).is_none() {
            return Some(FieldError::new(
                "oauth_client_secret",
                "give the client secret that tokens are fetched with",
            ));
        }
        None
    }
}

/// A client secret is sent there: in clear only to this computer.
pub(super) fn check_endpoint(url: &str) -> Result<(), &'static str> {
    const SHAPE: &str =
        "write the URL of the token endpoint, for example https://login.example.com/oauth2/token";
    let (scheme, rest) = url.split_once("://").ok_or(SHAPE)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(SHAPE);
    }
    if authority.contains('@') {
        return Err(
            "leave user and password out of the URL: client id and client secret have their own fields",
        );
    }
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').ok_or(SHAPE)?.0,
        None => authority.split(':').next().unwrap_or_default(),
    };
    if host.is_empty() {
        return Err(SHAPE);
    }
    let is_loopback = host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok(()),
        "http" if is_loopback => Ok(()),
        "http" => {
            Err("use https: the client secret would be sent in clear (http is allowed to this computer only)")
        }
        _ => Err(SHAPE),
    }
}
