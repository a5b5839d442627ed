use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};

use crate::{Result, error::Doing};

/// From when to when a broker's certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validity {
    /// Now, and for years to come.
    #[default]
    Valid,
    /// It ended in the year 2001.
    Expired,
}

/// A certificate authority with one broker certificate and one client certificate, as PEM files.
///
/// Two calls of [`Certificates::generate`] give two authorities that know nothing of each other.
#[derive(Debug, Clone)]
pub struct Certificates {
    dir: PathBuf,
}

impl Certificates {
    /// Makes them in `dir`.
    ///
    /// The broker's certificate is for 127.0.0.1, ::1 and localhost; `validity` is of that certificate, the
    /// authority's own is always valid.
    ///
    /// # Errors
    /// `dir` cannot be written to.
    pub fn generate(dir: impl Into<PathBuf>, validity: Validity) -> Result<Self> {
        Self::generate_for(dir, validity, &[])
    }

    /// As [`Certificates::generate`], with more names in the broker's certificate.
    ///
    /// # Errors
    /// As there, or a name is none.
    pub fn generate_for(dir: impl Into<PathBuf>, validity: Validity, names: &[&str]) -> Result<Self> {
        let made = Self { dir: dir.into() };
        fs::create_dir_all(&made.dir).doing(|| format!("making {}", made.dir.display()))?;

        let mut authority = params("sluice testground authority", Validity::Valid);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate()?;
        let authority_pem = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);
        write(&made.ca_file(), &authority_pem)?;

        let mut broker = params("localhost", validity);
        broker.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        broker.subject_alt_names = vec![
            SanType::DnsName("localhost".try_into()?),
            SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        ];
        for name in names {
            broker
                .subject_alt_names
                .push(SanType::DnsName((*name).try_into()?));
        }
        let broker_key = KeyPair::generate()?;
        let broker_pem = broker.signed_by(&broker_key, &issuer)?.pem();
        write(
            &made.broker_keystore(),
            &(broker_key.serialize_pem() + &broker_pem + &authority_pem),
        )?;

        let mut client = params("testground-client", Validity::Valid);
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let client_key = KeyPair::generate()?;
        let client_pem = client.signed_by(&client_key, &issuer)?.pem();
        write(&made.client_key_file(), &client_key.serialize_pem())?;
        write(&made.client_certificate_file(), &client_pem)?;
        write(
            &made.client_keystore(),
            &(client_key.serialize_pem() + &client_pem + &authority_pem),
        )?;
        Ok(made)
    }

    /// The authority's certificate: what a client must trust.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// A client's certificate, for listeners that ask for one.
    pub fn client_certificate_file(&self) -> PathBuf {
        self.dir.join("client.pem")
    }

    /// The private key of the client's certificate, PKCS #8, without a password.
    pub fn client_key_file(&self) -> PathBuf {
        self.dir.join("client.key")
    }

    /// The client's key, its certificate and the authority in one file, as Java clients want a PEM key store.
    pub fn client_keystore(&self) -> PathBuf {
        self.dir.join("client-keystore.pem")
    }

    /// The same of the brokers.
    pub(crate) fn broker_keystore(&self) -> PathBuf {
        self.dir.join("broker.pem")
    }
}

fn params(name: &str, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = match validity {
        Validity::Valid => (date_time_ymd(2020, 1, 1), date_time_ymd(2049, 12, 31)),
        Validity::Expired => (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1)),
    };
    params
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).doing(|| format!("writing {}", path.display()))
}
