//! TLS by rustls with ring: which certificates are trusted, what the client shows, and how much is checked.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use sluice_model::{Address, Secret};

use crate::error::{Result, TlsFailure, WireError};
use crate::net::key;

/// How a server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Chain and host name.
    Full,
    /// The chain alone: the host name may be another.
    Chain,
    /// Nothing.
    Off,
}

/// What TLS connections are made of.
#[derive(Debug, Clone)]
pub(crate) struct TlsSettings {
    /// PEM texts of authorities; none for those of the system.
    pub(crate) authorities: Vec<(String, String)>,
    /// Certificate chain and key of the client, each with the property it came from.
    pub(crate) identity: Option<Identity>,
    pub(crate) check: Check,
}

/// What the client shows.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) certificates: (String, String),
    pub(crate) key: (String, Secret),
    pub(crate) password: Option<Secret>,
}

impl TlsSettings {
    /// Reads certificates and keys.
    ///
    /// # Errors
    /// One cannot be read.
    pub(crate) fn build(&self) -> Result<Arc<ClientConfig>> {
        let provider = Arc::new(ring::default_provider());
        let verifier = self.verifier(&provider)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| setting("ssl", &error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain = certificates(&identity.certificates.0, &identity.certificates.1)?;
                let password = identity.password.as_ref().map(Secret::reveal);
                let key = key::read(identity.key.1.reveal(), password, &identity.key.0)?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    setting(
                        &identity.key.0,
                        &format!(
                            "the key does not fit the certificate, or is of a kind that is not known: {error}"
                        ),
                    )
                })?
            }
        };
        Ok(Arc::new(config))
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>> {
        if self.check == Check::Off {
            return Ok(Arc::new(Unchecked(Arc::clone(provider))));
        }
        let roots = self.roots()?;
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map_err(|error| setting("ssl.ca.location", &error.to_string()))?;
        Ok(match self.check {
            Check::Chain => Arc::new(AnyHost(inner)),
            Check::Full | Check::Off => inner,
        })
    }

    fn roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        if self.authorities.is_empty() {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::debug!("a certificate of the system is left out: {error}");
            }
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(setting(
                    "ssl.ca.location",
                    "the system has no trusted certificates; name a CA file",
                ));
            }
            return Ok(roots);
        }
        for (property, pem) in &self.authorities {
            for certificate in certificates(property, pem)? {
                roots
                    .add(certificate)
                    .map_err(|error| setting(property, &format!("a certificate cannot be used: {error}")))?;
            }
        }
        Ok(roots)
    }
}

fn setting(property: &str, reason: &str) -> WireError {
    WireError::Settings {
        property: property.to_owned(),
        reason: reason.to_owned(),
    }
}

fn certificates(property: &str, pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| setting(property, &format!("a certificate cannot be read: {error}")))?;
    if found.is_empty() {
        return Err(setting(
            property,
            "there is no certificate in it (PEM, -----BEGIN CERTIFICATE-----)",
        ));
    }
    Ok(found)
}

/// Reads a PEM file, or all of a folder as OpenSSL takes one.
///
/// # Errors
/// It cannot be read.
pub(crate) fn read_pem(property: &str, path: &str) -> Result<String> {
    let failed = |error: io::Error| setting(property, &format!("{path} cannot be read: {error}"));
    if !Path::new(path).is_dir() {
        return std::fs::read_to_string(path).map_err(failed);
    }
    let mut all = String::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        // PEM is text.
        if let Ok(text) = std::fs::read_to_string(&file) {
            all.push_str(&text);
            all.push('\n');
        }
    }
    Ok(all)
}

/// Begins TLS towards `address`, whose name the certificate must have.
///
/// # Errors
/// The name cannot stand in a certificate.
pub(crate) fn client(config: &Arc<ClientConfig>, address: &Address) -> Result<ClientConnection> {
    // RFC 6066: a name is sent without its trailing dot; certificates have none either.
    let host = address.host.strip_suffix('.').unwrap_or(&address.host);
    let failed = |reason: String| WireError::Tls {
        address: address.to_string(),
        reason: TlsFailure::Other(reason),
    };
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| failed(format!("'{host}' is no name that a certificate can be made for")))?;
    ClientConnection::new(Arc::clone(config), name).map_err(|error| failed(error.to_string()))
}

/// The kind of a rustls error.
pub(crate) fn failure(error: &rustls::Error, address: &Address) -> TlsFailure {
    use rustls::Error;
    match error {
        Error::InvalidCertificate(reason) => match reason {
            // A bad signature is that of another authority of the same name.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsFailure::UnknownIssuer,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsFailure::NotValidNow,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsFailure::OtherHost(address.host.clone())
            }
            other => TlsFailure::Other(format!("the certificate is refused: {other}")),
        },
        Error::AlertReceived(alert) => TlsFailure::Refused(format!("{alert:?}")),
        Error::InvalidMessage(_) => TlsFailure::NotTls,
        other => TlsFailure::Other(other.to_string()),
    }
}

/// Checks the chain and lets the host name be another.
#[derive(Debug)]
struct AnyHost(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self
            .0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
            // The name is looked at last: everything else holds.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Takes every certificate.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
