//! The client's private key: PKCS #8 with or without a password, PKCS #1, SEC 1.

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::{Result, WireError};

const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const ENCRYPTED_END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
/// How OpenSSL before 1.0 encrypted keys.
const LEGACY: &str = "Proc-Type: 4,ENCRYPTED";

/// Reads the first private key of a PEM text. `property` is what it came from.
///
/// # Errors
/// There is none, the password is missing or wrong, or its encryption is not known.
pub(crate) fn read(pem: &str, password: Option<&str>, property: &str) -> Result<PrivateKeyDer<'static>> {
    let invalid = |reason: &str| WireError::Settings {
        property: property.to_owned(),
        reason: reason.to_owned(),
    };
    if let Some(start) = pem.find(ENCRYPTED) {
        let length = pem[start..]
            .find(ENCRYPTED_END)
            .ok_or_else(|| invalid("the private key is cut off"))?;
        let text = pem[start..start + length + ENCRYPTED_END.len()].replace('\r', "");
        let Some(password) = password.filter(|password| !password.is_empty()) else {
            return Err(invalid(
                "the private key has a password; give it as the password of the key",
            ));
        };
        return decrypt(&text, password).map_err(|reason| invalid(&reason));
    }
    if pem.contains(LEGACY) {
        return Err(invalid(
            "the private key is encrypted the way OpenSSL did before 1.0; convert it with: openssl pkcs8 -topk8 -in key.pem -out new.pem",
        ));
    }
    PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| invalid("there is no private key in it (PEM, -----BEGIN PRIVATE KEY-----)"))
}

fn decrypt(text: &str, password: &str) -> Result<PrivateKeyDer<'static>, String> {
    let (_, document) =
        SecretDocument::from_pem(text).map_err(|error| format!("the private key cannot be read: {error}"))?;
    let key = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
        .map_err(|error| format!("the private key cannot be read: {error}"))?;
    let plain = key.decrypt(password).map_err(|error| {
        format!(
            "the private key does not open: its password is wrong, or its encryption is not known ({error})"
        )
    })?;
    Ok(PrivatePkcs8KeyDer::from(plain.as_bytes().to_vec()).into())
}

#[cfg(test)]
pub(crate) mod tests {
    use pkcs8::{LineEnding, PrivateKeyInfoRef};

    use super::*;

    pub(crate) fn encrypted(plain: &rcgen::KeyPair, password: &str) -> String {
        let der = plain.serialize_der();
        PrivateKeyInfoRef::try_from(der.as_slice())
            .unwrap()
            .encrypt(password)
            .unwrap()
            .to_pem("ENCRYPTED PRIVATE KEY", LineEnding::CRLF)
            .unwrap()
            .to_string()
    }

    #[test]
    fn keys_with_and_without_a_password_are_the_same_key() {
        let pair = rcgen::KeyPair::generate().unwrap();
        let plain = read(&pair.serialize_pem(), None, "ssl.key.location").unwrap();
        let text = format!("Bag Attributes\r\n{}", encrypted(&pair, "hunter2"));
        let opened = read(&text, Some("hunter2"), "ssl.key.location").unwrap();
        assert_eq!(plain.secret_der(), opened.secret_der());
    }

    #[test]
    fn a_wrong_or_missing_password_is_reported_without_showing_it() {
        let pair = rcgen::KeyPair::generate().unwrap();
        let text = encrypted(&pair, "hunter2");
        for (password, word) in [
            (None, "has a password"),
            (Some(""), "has a password"),
            (Some("hunter3"), "does not open"),
        ] {
            let error = read(&text, password, "ssl.key.location").unwrap_err().to_string();
            assert!(
                error.contains(word) && error.contains("ssl.key.location"),
                "{error}"
            );
            assert!(!error.contains("hunter"), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_read_names_the_way_out() {
        let legacy = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAA==\n-----END RSA PRIVATE KEY-----\n";
        assert!(
            read(legacy, Some("x"), "k")
                .unwrap_err()
                .to_string()
                .contains("openssl pkcs8")
        );
        assert!(
            read("hello", None, "k")
                .unwrap_err()
                .to_string()
                .contains("no private key")
        );
    }
}
