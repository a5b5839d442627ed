//! The two formats of Java's stores: JKS, which only Java writes, and PKCS#12.

use p12_keystore::Pkcs12Archive;
use sha1::{Digest, Sha1};

/// What a store has in it, in DER.
#[derive(Default)]
pub(super) struct Store {
    pub(super) keys: Vec<StoredKey>,
    /// Certificates to trust; where a PKCS#12 store marks none, all that belong to no key.
    pub(super) trusted: Vec<Vec<u8>>,
}

/// A private key with its certificates, its own first.
pub(super) struct StoredKey {
    pub(super) pkcs8: Vec<u8>,
    pub(super) chain: Vec<Vec<u8>>,
}

type Result<T> = std::result::Result<T, &'static str>;

const DAMAGED: &str = "which is damaged or cut off: copy it again";
const PASSWORD: &str = "which does not open with the password of the file: correct ssl.keystore.password, ssl.truststore.password or ssl.key.password";
const UNKNOWN: &str = "which is neither PEM, nor JKS, nor PKCS#12: name one of these";
const JCEKS: &str = "which is a JCEKS store, a format of Java alone: convert it with keytool -importkeystore -srckeystore FILE -srcstoretype JCEKS -destkeystore store.p12 -deststoretype PKCS12, and name store.p12";
const NO_PASSWORD: &str = "which needs a password to be read, and none is given: add ssl.keystore.password or ssl.truststore.password";

const JKS_MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const JCEKS_MAGIC: [u8; 4] = [0xce, 0xce, 0xce, 0xce];

/// Reads a store. The error follows its name and shows nothing of it.
pub(super) fn read(bytes: &[u8], password: Option<&str>, key_password: Option<&str>) -> Result<Store> {
    if bytes.starts_with(&JKS_MAGIC) {
        jks(bytes, password, key_password)
    } else if bytes.starts_with(&JCEKS_MAGIC) {
        Err(JCEKS)
    } else if bytes.first() == Some(&0x30) {
        pkcs12(bytes, password.or(key_password))
    } else {
        Err(UNKNOWN)
    }
}

fn pkcs12(bytes: &[u8], password: Option<&str>) -> Result<Store> {
    let archive = Pkcs12Archive::from_pkcs12(bytes, password.unwrap_or_default())
        .map_err(|_| if password.is_some() { PASSWORD } else { NO_PASSWORD })?;
    let der = |certificate: &p12_keystore::Certificate| certificate.as_der().to_vec();
    let keys: Vec<StoredKey> = archive
        .keys
        .iter()
        .map(|key| {
            let own = archive
                .certs
                .iter()
                .find(|bag| match (&key.local_key_id, &bag.local_key_id) {
                    (Some(key), Some(certificate)) => key.as_ref() == certificate.as_slice(),
                    _ => false,
                })
                // A store of one key need not say which certificate is its own.
                .or_else(|| archive.certs.first().filter(|_| archive.keys.len() == 1));
            let mut chain = Vec::new();
            let mut next = own;
            while let Some(bag) = next {
                let certificate = der(&bag.cert);
                if chain.contains(&certificate) {
                    break;
                }
                chain.push(certificate);
                next = archive.certs.iter().find(|issuer| {
                    issuer.cert.subject() == bag.cert.issuer() && !chain.contains(&der(&issuer.cert))
                });
            }
            StoredKey {
                pkcs8: key.key.as_der().to_vec(),
                chain,
            }
        })
        .collect();
    let marked = archive.certs.iter().any(|bag| bag.trusted);
    let trusted = archive
        .certs
        .iter()
        .filter(|bag| bag.trusted || !marked && bag.local_key_id.is_none())
        .map(|bag| der(&bag.cert))
        .collect();
    Ok(Store { keys, trusted })
}

/// Java's `sun.security.provider.JavaKeyStore`, version 1 and 2.
fn jks(bytes: &[u8], password: Option<&str>, key_password: Option<&str>) -> Result<Store> {
    let (body, digest) = bytes
        .len()
        .checked_sub(20)
        .map(|at| bytes.split_at(at))
        .ok_or(DAMAGED)?;
    if let Some(password) = password {
        let mut sha = Sha1::new();
        sha.update(utf16(password));
        sha.update(b"Mighty Aphrodite");
        sha.update(body);
        if sha.finalize().as_slice() != digest {
            return Err(PASSWORD);
        }
    }
    let mut input = Input(body);
    input.take(JKS_MAGIC.len())?;
    let version = input.u32()?;
    let entries = input.u32()?;
    let mut store = Store::default();
    for _ in 0..entries {
        let tag = input.u32()?;
        input.text()?;
        input.take(8)?;
        match tag {
            1 => {
                let length = input.u32()?;
                let sealed = input.take(length as usize)?;
                let password = key_password.or(password).ok_or(NO_PASSWORD)?;
                let pkcs8 = unseal(sealed, password)?;
                let count = input.u32()?;
                let chain = (0..count)
                    .map(|_| input.certificate(version))
                    .collect::<Result<Vec<_>>>()?;
                store.keys.push(StoredKey { pkcs8, chain });
            }
            2 => store.trusted.push(input.certificate(version)?),
            _ => return Err(DAMAGED),
        }
    }
    Ok(store)
}

fn utf16(password: &str) -> Vec<u8> {
    password.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Opens a private key of a JKS store: a key stream of SHA-1, which `sun.security.provider.KeyProtector` made.
fn unseal(sealed: &[u8], password: &str) -> Result<Vec<u8>> {
    // EncryptedPrivateKeyInfo: a sequence of the algorithm and an octet string.
    let outer = Input(sealed).der(0x30)?;
    let mut outer = Input(outer);
    outer.der(0x30)?;
    let data = outer.der(0x04)?;
    let end = data
        .len()
        .checked_sub(20)
        .filter(|end| *end >= 20)
        .ok_or(DAMAGED)?;
    let (salt, cipher, check) = (&data[..20], &data[20..end], &data[end..]);
    let password = utf16(password);
    let mut block = salt.to_vec();
    let mut plain = Vec::with_capacity(cipher.len());
    for chunk in cipher.chunks(20) {
        let mut sha = Sha1::new();
        sha.update(&password);
        sha.update(&block);
        block = sha.finalize().to_vec();
        plain.extend(chunk.iter().zip(&block).map(|(cipher, stream)| cipher ^ stream));
    }
    let mut sha = Sha1::new();
    sha.update(&password);
    sha.update(&plain);
    if sha.finalize().as_slice() != check {
        return Err(PASSWORD);
    }
    Ok(plain)
}

/// Bytes that are taken from the front.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(DAMAGED)?;
        self.0 = rest;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32> {
        let bytes: [u8; 4] = self.take(4)?.try_into().map_err(|_| DAMAGED)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn text(&mut self) -> Result<&'a [u8]> {
        let bytes: [u8; 2] = self.take(2)?.try_into().map_err(|_| DAMAGED)?;
        self.take(usize::from(u16::from_be_bytes(bytes)))
    }

    fn certificate(&mut self, version: u32) -> Result<Vec<u8>> {
        // Version 1 knew X.509 alone.
        if version > 1 {
            self.text()?;
        }
        let length = self.u32()?;
        Ok(self.take(length as usize)?.to_vec())
    }

    /// The content of a DER value with this tag.
    fn der(&mut self, tag: u8) -> Result<&'a [u8]> {
        let [found, first]: [u8; 2] = self.take(2)?.try_into().map_err(|_| DAMAGED)?;
        if found != tag {
            return Err(DAMAGED);
        }
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let bytes = self.take(usize::from(first & 0x7f))?;
            if bytes.len() > 4 {
                return Err(DAMAGED);
            }
            bytes
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte))
        };
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/stores");

    fn store(name: &str) -> Vec<u8> {
        std::fs::read(format!("{STORES}/{name}")).unwrap()
    }

    #[test]
    fn stores_that_keytool_and_openssl_wrote_are_read() {
        for (name, password) in [
            ("client.jks", "hunter2"),
            ("client.p12", "hunter2"),
            ("client-legacy.p12", "hunter2"),
            ("client-openssl.p12", "hunter2"),
        ] {
            let read =
                read(&store(name), Some(password), None).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(read.keys.len(), 1, "{name}");
            assert_eq!(read.keys[0].chain.len(), 1, "{name}");
            assert_eq!(
                read.keys[0].chain[0],
                super::super::pem::bodies(&String::from_utf8(store("client.pem")).unwrap())[0],
                "{name}"
            );
        }
        for (name, password) in [
            ("trust.jks", Some("hunter2")),
            ("trust.jks", None),
            ("trust.p12", Some("hunter2")),
        ] {
            let read = read(&store(name), password, None).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!((read.keys.len(), read.trusted.len()), (0, 1), "{name}");
        }
    }

    #[test]
    fn the_private_key_is_the_one_that_was_stored_whichever_format_it_is_in() {
        let of = |name: &str| {
            read(&store(name), Some("hunter2"), None)
                .unwrap()
                .keys
                .remove(0)
                .pkcs8
        };
        assert_eq!(of("client.jks"), of("client.p12"));
        assert_eq!(of("client.jks"), of("client-legacy.p12"));
    }

    #[test]
    fn a_key_may_have_a_password_of_its_own() {
        let bytes = store("client-two.jks");
        let opened = read(&bytes, Some("hunter2"), Some("hunter3")).unwrap();
        assert_eq!(opened.keys.len(), 1);
        assert_eq!(read(&bytes, Some("hunter2"), None).err(), Some(PASSWORD));
    }

    #[test]
    fn wrong_passwords_and_damage_are_told_apart_and_never_panic() {
        for name in ["client.jks", "client.p12"] {
            let bytes = store(name);
            assert_eq!(read(&bytes, Some("wrong"), None).err(), Some(PASSWORD), "{name}");
            assert_eq!(read(&bytes, None, None).err(), Some(NO_PASSWORD), "{name}");
            for end in 0..bytes.len() {
                assert!(
                    read(&bytes[..end], None, Some("hunter2")).is_err(),
                    "{name}: {end}"
                );
            }
        }
        assert_eq!(read(&[0xce; 40], None, None).err(), Some(JCEKS));
        assert_eq!(read(b"hello", None, None).err(), Some(UNKNOWN));
    }
}
