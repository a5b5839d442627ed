//! TLS against a server with certificates of all kinds.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use sluice_model::Cluster;

use crate::error::{Result, TlsFailure, WireError};
use crate::net::peer::{framed, versions};
use crate::net::{Address, Connection, Settings};
use crate::{ApiKey, Cancel};

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Authority {
        pem,
        issuer: Issuer::new(params, key),
    }
}

impl Authority {
    fn sign(&self, names: &[SanType]) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.to_vec();
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A server that answers ApiVersions over TLS, with a certificate for `names`.
    fn server(&self, bind: &str, names: &[SanType], clients: bool) -> u16 {
        let (certificate, key) = self.sign(names);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if clients {
            let mut roots = RootCertStore::empty();
            for der in rustls::pki_types::pem::PemObject::pem_slice_iter(self.pem.as_bytes()) {
                roots.add(der.unwrap()).unwrap();
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = Arc::new(
            builder
                .with_single_cert(vec![certificate.der().clone()], key)
                .unwrap(),
        );
        let listener = TcpListener::bind((bind, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let config = Arc::clone(&config);
                thread::spawn(move || answer(stream, config));
            }
        });
        port
    }
}

/// Answers one request and waits for the end.
fn answer(stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let correlation = i32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    // Many TLS records, and more than is read at once.
    let offered = [(ApiKey::Metadata, 0, 9); 40_000];
    stream.write_all(&framed(correlation, &versions(3, &offered)))?;
    stream.flush()?;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest)?;
    Ok(())
}

fn connect(host: &str, port: u16, pairs: &[(&str, &str)]) -> Result<Arc<Connection>> {
    let mut cluster = Cluster::new("unused:1").unwrap();
    cluster.set("security.protocol", "SSL");
    for (name, value) in pairs {
        cluster.set(*name, *value);
    }
    let settings = Arc::new(Settings::new(&cluster)?);
    let address = Address::new(host, port);
    Connection::open(&address, &settings, Duration::from_secs(20), &Cancel::new())
}

fn reason(outcome: Result<Arc<Connection>>) -> TlsFailure {
    match outcome {
        Err(WireError::Tls { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

fn name(text: &str) -> SanType {
    SanType::DnsName(text.try_into().unwrap())
}

fn ip(text: &str) -> SanType {
    SanType::IpAddress(text.parse().unwrap())
}

#[test]
fn certificates_for_names_with_a_trailing_dot_and_for_addresses_of_both_families_are_good() {
    let authority = authority();
    for (bind, host, names) in [
        ("127.0.0.1", "localhost", vec![name("localhost")]),
        ("127.0.0.1", "localhost.", vec![name("localhost")]),
        ("127.0.0.1", "127.0.0.1", vec![ip("127.0.0.1")]),
        ("::1", "::1", vec![ip("::1")]),
    ] {
        let port = authority.server(bind, &names, false);
        let connection = connect(host, port, &[("ssl.ca.pem", &authority.pem)]).unwrap();
        assert_eq!(
            connection.versions().range(ApiKey::Metadata),
            Some((0, 9)),
            "{host}"
        );
    }
}

#[test]
fn another_host_name_is_refused_unless_its_check_is_off_and_another_authority_always() {
    let (authority, other) = (authority(), authority());
    let port = authority.server("127.0.0.1", &[name("broker.example")], false);
    let trusted = ("ssl.ca.pem", authority.pem.as_str());
    assert_eq!(
        reason(connect("127.0.0.1", port, &[trusted])),
        TlsFailure::OtherHost("127.0.0.1".to_owned())
    );
    let off = ("ssl.endpoint.identification.algorithm", "none");
    connect("127.0.0.1", port, &[trusted, off]).unwrap();
    let untrusted = ("ssl.ca.pem", other.pem.as_str());
    assert_eq!(
        reason(connect("127.0.0.1", port, &[untrusted, off])),
        TlsFailure::UnknownIssuer
    );
    connect(
        "127.0.0.1",
        port,
        &[untrusted, ("enable.ssl.certificate.verification", "false")],
    )
    .unwrap();
}

#[test]
fn a_client_certificate_is_shown_with_a_key_that_has_a_password() {
    let authority = authority();
    let port = authority.server("127.0.0.1", &[ip("127.0.0.1")], true);
    let (certificate, key) = authority.sign(&[]);
    let encrypted = crate::net::key::tests::encrypted(&key, "hunter2");
    let trusted = ("ssl.ca.pem", authority.pem.as_str());
    let shown = [
        trusted,
        ("ssl.certificate.pem", &certificate.pem()),
        ("ssl.key.pem", &encrypted),
        ("ssl.key.password", "hunter2"),
    ];
    connect("127.0.0.1", port, &shown).unwrap();
    let refused = reason(connect("127.0.0.1", port, &[trusted]));
    assert!(matches!(refused, TlsFailure::Refused(_)), "{refused}");
}

#[test]
fn a_port_without_tls_is_recognized() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest)
    });
    let failure = reason(connect("127.0.0.1", port, &[("ssl.ca.pem", &authority().pem)]));
    assert_eq!(failure, TlsFailure::NotTls);
}
