use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Cluster, ConnectSettings, Environment, FieldError, SaslMechanism, Secret, SecurityProtocol, SourceKind,
};

mod errors;
mod properties;

/// Everything about a data source that a page may show: what a user enters to reach a cluster, but for the secrets
/// (see [`SourceSecrets`]). What the chosen protocol does not need is kept and left unused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct SourceForm {
    /// 1 to 64 characters, unlike any other data source's.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// How to reach a Connect cluster; unused by a Kafka cluster.
    pub connect: ConnectSettings,
    /// What it is for.
    pub environment: Environment,
    /// Whether nothing is to be written to it: it can be copied from, looked at and compared, and no more.
    pub read_only: bool,
    /// Whatever the user wants to remember.
    pub note: String,
    /// `host:port` of one or more brokers, with commas or line breaks between them.
    pub bootstrap: String,
    /// How connections are secured.
    pub protocol: SecurityProtocol,
    /// How to log in; needed with a SASL protocol.
    pub mechanism: Option<SaslMechanism>,
    /// Who logs in with PLAIN or SCRAM.
    pub username: Option<String>,
    /// How to fetch tokens for OAUTHBEARER.
    pub oauth: OauthSettings,
    /// Whose AWS credentials log in with AWS_MSK_IAM.
    pub aws: AwsSettings,
    /// How to log in with GSSAPI.
    pub kerberos: KerberosSettings,
    /// A PEM file with the certificates to trust; without one, those of the system.
    pub ca_file: Option<String>,
    /// A PEM file with the client's certificate.
    pub certificate_file: Option<String>,
    /// A PEM file with the client's private key.
    pub key_file: Option<String>,
    /// Whether the broker's certificate must be made out to its host name.
    pub verify_host_name: bool,
    /// `advertised=reachable` addresses, one a line or with commas between them: where brokers are reached that
    /// advertise addresses which are of no use from here.
    pub address_map: String,
    /// `host:port` of a SOCKS5 proxy that all connections to the cluster go through.
    pub proxy: Option<String>,
    /// Who logs in to the proxy, if it asks for that.
    pub proxy_user: Option<String>,
    /// The name brokers see in their logs and quotas; `sluice` without one.
    pub client_id: Option<String>,
    /// More of librdkafka's properties (see [`check_extra_property`]).
    pub extra: BTreeMap<String, String>,
}

/// How to fetch tokens for OAUTHBEARER: OIDC with client credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct OauthSettings {
    /// The URL tokens are fetched from.
    pub token_endpoint: Option<String>,
    /// The client's public name.
    pub client_id: Option<String>,
    /// The scope asked for, if the endpoint needs one.
    pub scope: Option<String>,
}

/// Whose AWS credentials log in to Amazon MSK. The credentials themselves stay where AWS's own tools have them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct AwsSettings {
    /// The cluster's region; without one, that of the brokers' host names.
    pub region: Option<String>,
    /// The profile with the credentials; without one they are looked for where AWS's tools do.
    pub profile: Option<String>,
    /// The ARN of a role that is taken on with these credentials.
    pub role_arn: Option<String>,
    /// What AWS's logs call the role's session; `sluice` without one.
    pub session_name: Option<String>,
    /// What the role asks for, if it belongs to somebody else.
    pub external_id: Option<String>,
}

/// How to log in with Kerberos.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct KerberosSettings {
    /// The principal name brokers run as, without host and realm; `kafka` without one.
    pub service_name: Option<String>,
    /// The client's principal.
    pub principal: Option<String>,
    /// The file with the principal's keys.
    pub keytab: Option<String>,
}

impl Default for SourceForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: SourceKind::default(),
            connect: ConnectSettings::default(),
            environment: Environment::default(),
            read_only: false,
            note: String::new(),
            bootstrap: String::new(),
            protocol: SecurityProtocol::default(),
            mechanism: None,
            username: None,
            oauth: OauthSettings::default(),
            aws: AwsSettings::default(),
            kerberos: KerberosSettings::default(),
            ca_file: None,
            certificate_file: None,
            key_file: None,
            verify_host_name: true,
            address_map: String::new(),
            proxy: None,
            proxy_user: None,
            client_id: None,
            extra: BTreeMap::new(),
        }
    }
}

impl SourceForm {
    /// The form as it is kept: without blanks around its texts, and what is blank left out.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        for text in [
            &mut self.name,
            &mut self.environment.name,
            &mut self.environment.colour,
            &mut self.note,
            &mut self.bootstrap,
            &mut self.address_map,
            &mut self.connect.url,
        ] {
            *text = text.trim().to_owned();
        }
        for text in [
            &mut self.username,
            &mut self.oauth.token_endpoint,
            &mut self.oauth.client_id,
            &mut self.oauth.scope,
            &mut self.aws.region,
            &mut self.aws.profile,
            &mut self.aws.role_arn,
            &mut self.aws.session_name,
            &mut self.aws.external_id,
            &mut self.kerberos.service_name,
            &mut self.kerberos.principal,
            &mut self.kerberos.keytab,
            &mut self.ca_file,
            &mut self.certificate_file,
            &mut self.key_file,
            &mut self.proxy,
            &mut self.proxy_user,
            &mut self.client_id,
        ] {
            *text = given(text).map(str::to_owned);
        }
        self
    }

    /// Everything that cannot stay as it is and can be told without the secrets.
    pub fn check(&self) -> Vec<FieldError> {
        if self.is_connect() {
            return self.connect_errors();
        }
        let mut errors = self.own_errors();
        if let Err(error) = Cluster::new(&self.bootstrap) {
            errors.push(FieldError::new("bootstrap", error.to_string()));
        }
        errors
    }

    fn optional_texts(&self) -> [(&'static str, &Option<String>); 18] {
        [
            ("username", &self.username),
            ("oauth.token_endpoint", &self.oauth.token_endpoint),
            ("oauth.client_id", &self.oauth.client_id),
            ("oauth.scope", &self.oauth.scope),
            ("aws.region", &self.aws.region),
            ("aws.profile", &self.aws.profile),
            ("aws.role_arn", &self.aws.role_arn),
            ("aws.session_name", &self.aws.session_name),
            ("aws.external_id", &self.aws.external_id),
            ("kerberos.service_name", &self.kerberos.service_name),
            ("kerberos.principal", &self.kerberos.principal),
            ("kerberos.keytab", &self.kerberos.keytab),
            ("ca_file", &self.ca_file),
            ("certificate_file", &self.certificate_file),
            ("key_file", &self.key_file),
            ("proxy", &self.proxy),
            ("proxy_user", &self.proxy_user),
            ("client_id", &self.client_id),
        ]
    }
}

/// The text of a field that is not blank.
pub(crate) fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn secret(secret: &Option<Secret>) -> Option<&str> {
    secret
        .as_ref()
        .map(Secret::reveal)
        .filter(|secret| !secret.is_empty())
}

#[cfg(test)]
mod tests;
