//! A form as a client's properties.

use super::{SourceForm, given, secret};
use crate::{
    ADDRESS_MAP, AWS_EXTERNAL_ID, AWS_PROFILE, AWS_REGION, AWS_ROLE_ARN, AWS_ROLE_SESSION, AddressMap,
    Cluster, FieldError, PROXY, PROXY_PASSWORD, PROXY_USER, SaslMechanism, SourceSecrets,
};

impl SourceForm {
    /// What a client needs to reach the cluster, in librdkafka's properties.
    ///
    /// # Errors
    /// Everything that [`SourceForm::check`] finds, and the secrets that are missing.
    pub fn cluster(&self, secrets: &SourceSecrets) -> Result<Cluster, Vec<FieldError>> {
        if self.is_connect() {
            return Err(vec![FieldError::new(
                "kind",
                format!(
                    "'{}' is a Connect cluster, on which tasks run; choose a Kafka cluster",
                    self.name
                ),
            )]);
        }
        let mut errors = self.own_errors();
        errors.extend(self.secret_errors(secrets));
        let mut cluster = match Cluster::new(&self.bootstrap) {
            Ok(cluster) if errors.is_empty() => cluster,
            Ok(_) => return Err(errors),
            Err(error) => {
                errors.push(FieldError::new("bootstrap", error.to_string()));
                return Err(errors);
            }
        };
        for (name, value) in &self.extra {
            cluster.set(name, value.trim());
        }
        cluster.set("security.protocol", self.protocol.as_str());
        set(&mut cluster, "client.id", given(&self.client_id));
        self.set_reach(&mut cluster, secrets);
        if self.protocol.has_tls() {
            self.set_tls(&mut cluster, secrets);
        }
        if let Some(mechanism) = self.mechanism.filter(|_| self.protocol.has_sasl()) {
            self.set_login(&mut cluster, mechanism, secrets);
        }
        Ok(cluster)
    }

    fn set_reach(&self, cluster: &mut Cluster, secrets: &SourceSecrets) {
        let map = AddressMap::read(&self.address_map).unwrap_or_default();
        if !map.is_empty() {
            cluster.set(ADDRESS_MAP, map.to_string());
        }
        set(cluster, PROXY, given(&self.proxy));
        // A password that is kept from before means nothing without a user.
        if given(&self.proxy).is_some() && given(&self.proxy_user).is_some() {
            set(cluster, PROXY_USER, given(&self.proxy_user));
            set(cluster, PROXY_PASSWORD, secret(&secrets.proxy_password));
        }
    }

    fn set_tls(&self, cluster: &mut Cluster, secrets: &SourceSecrets) {
        set(cluster, "ssl.ca.location", given(&self.ca_file));
        set(cluster, "ssl.certificate.location", given(&self.certificate_file));
        set(cluster, "ssl.key.location", given(&self.key_file));
        let certificate =
            given(&self.certificate_file).is_some() || self.extra.contains_key("ssl.certificate.pem");
        if given(&self.key_file).is_some() {
            set(cluster, "ssl.key.password", secret(&secrets.key_password));
        } else if certificate {
            set(cluster, "ssl.key.pem", secret(&secrets.key_pem));
            set(cluster, "ssl.key.password", secret(&secrets.key_password));
        }
        cluster.set(
            "ssl.endpoint.identification.algorithm",
            if self.verify_host_name { "https" } else { "none" },
        );
    }

    fn set_login(&self, cluster: &mut Cluster, mechanism: SaslMechanism, secrets: &SourceSecrets) {
        cluster.set("sasl.mechanism", mechanism.as_str());
        match mechanism {
            SaslMechanism::Plain | SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => {
                set(cluster, "sasl.username", given(&self.username));
                set(cluster, "sasl.password", secret(&secrets.password));
            }
            SaslMechanism::OauthBearer => {
                cluster.set("sasl.oauthbearer.method", "oidc");
                for (name, value) in [
                    ("token.endpoint.url", given(&self.oauth.token_endpoint)),
                    ("client.id", given(&self.oauth.client_id)),
                    ("client.secret", secret(&secrets.oauth_client_secret)),
                    ("scope", given(&self.oauth.scope)),
                ] {
                    set(cluster, &format!("sasl.oauthbearer.{name}"), value);
                }
            }
            SaslMechanism::AwsMskIam => {
                set(cluster, AWS_REGION, given(&self.aws.region));
                set(cluster, AWS_PROFILE, given(&self.aws.profile));
                // What is kept from another role means nothing without one.
                if given(&self.aws.role_arn).is_some() {
                    set(cluster, AWS_ROLE_ARN, given(&self.aws.role_arn));
                    set(cluster, AWS_ROLE_SESSION, given(&self.aws.session_name));
                    set(cluster, AWS_EXTERNAL_ID, given(&self.aws.external_id));
                }
            }
            SaslMechanism::Gssapi => {
                for (name, value) in [
                    ("service.name", given(&self.kerberos.service_name)),
                    ("principal", given(&self.kerberos.principal)),
                    ("keytab", given(&self.kerberos.keytab)),
                ] {
                    set(cluster, &format!("sasl.kerberos.{name}"), value);
                }
            }
        }
    }
}

fn set(cluster: &mut Cluster, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        cluster.set(name, value);
    }
}
