//! The bytes of the file of secrets: a header in clear, then one sealed JSON object of handles and secrets.

use std::collections::BTreeMap;
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use xxhash_rust::xxh3::xxh3_64;
use zeroize::Zeroizing;

use super::SecretError;
use super::passphrase_key::{CHECK, Cost, PassphraseKey, SALT};

/// Secrets by handle.
pub(crate) type Secrets = BTreeMap<String, Zeroizing<String>>;

/// What the file begins with.
const MAGIC: [u8; 8] = *b"slsecret";
/// The format this version writes, and the newest it reads.
const FORMAT: u16 = 1;
/// Bytes of a nonce of XChaCha20: so many that random ones never meet.
const NONCE: usize = 24;
/// Bytes Poly1305 adds.
const TAG: usize = 16;
/// The order in the file: magic, format, three numbers of the cost, salt, check, nonce, checksum. Numbers are little
/// endian.
const HEADER: usize = MAGIC.len() + 2 + 3 * 4 + SALT + CHECK + NONCE + 8;

/// What the file says of itself in clear.
struct Header {
    cost: Cost,
    salt: [u8; SALT],
    check: [u8; CHECK],
    nonce: [u8; NONCE],
}

impl Header {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        for number in [self.cost.memory_kib, self.cost.passes, self.cost.lanes] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.check);
        bytes.extend_from_slice(&self.nonce);
        // Not against forgers, whom the cipher keeps out: it tells a damaged salt from a wrong passphrase.
        bytes.extend_from_slice(&xxh3_64(&bytes).to_le_bytes());
        bytes
    }

    fn read(path: &Path, file: &[u8]) -> Result<Self, SecretError> {
        let damaged = |what| SecretError::Damaged {
            path: path.to_owned(),
            what,
        };
        let cut_off = || damaged("it is cut off");
        let mut rest = Bytes(file);
        if rest.take::<8>().ok_or_else(cut_off)? != MAGIC {
            return Err(damaged("it does not begin as one"));
        }
        // Before all that another format may have elsewhere.
        match u16::from_le_bytes(rest.take().ok_or_else(cut_off)?) {
            FORMAT => {}
            0 => return Err(damaged("it has no format")),
            found => {
                return Err(SecretError::Newer {
                    path: path.to_owned(),
                    found,
                    known: FORMAT,
                });
            }
        }
        let mut number = || rest.take().map(u32::from_le_bytes).ok_or_else(cut_off);
        let cost = Cost {
            memory_kib: number()?,
            passes: number()?,
            lanes: number()?,
        };
        let header = Self {
            cost,
            salt: rest.take().ok_or_else(cut_off)?,
            check: rest.take().ok_or_else(cut_off)?,
            nonce: rest.take().ok_or_else(cut_off)?,
        };
        let sum = u64::from_le_bytes(rest.take().ok_or_else(cut_off)?);
        if rest.0.len() < TAG {
            return Err(cut_off());
        }
        if xxh3_64(&file[..HEADER - 8]) != sum {
            return Err(damaged("its header has been altered"));
        }
        if !cost.is_sane() {
            return Err(damaged(
                "opening it would take more memory or time than any passphrase needs",
            ));
        }
        Ok(header)
    }
}

/// What is left to read.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}

/// The salt and the cost that the key of `file` was derived with.
///
/// # Errors
/// The file is damaged or of a newer version.
pub(crate) fn derivation(path: &Path, file: &[u8]) -> Result<([u8; SALT], Cost), SecretError> {
    Header::read(path, file).map(|header| (header.salt, header.cost))
}

/// The secrets in `file`, which stands at `path`.
///
/// # Errors
/// The key is that of another passphrase, or the file is damaged or of a newer version.
pub(crate) fn open(path: &Path, file: &[u8], key: &PassphraseKey) -> Result<Secrets, SecretError> {
    let header = Header::read(path, file)?;
    if key.check() != header.check {
        return Err(SecretError::WrongPassphrase {
            path: path.to_owned(),
        });
    }
    let damaged = |what| SecretError::Damaged {
        path: path.to_owned(),
        what,
    };
    let (aad, msg) = file.split_at(HEADER);
    let plain = cipher(key)?
        .decrypt(&XNonce::from(header.nonce), Payload { msg, aad })
        .map(Zeroizing::new)
        .map_err(|_| damaged("its content has been altered or is cut off"))?;
    // The words of the error might hold a secret.
    serde_json::from_slice(&plain).map_err(|_| damaged("its content is not a list of secrets"))
}

/// The file that holds `secrets`, to be opened with `key`. No two are the same.
///
/// # Errors
/// The system gives no random numbers.
pub(crate) fn seal(secrets: &Secrets, key: &PassphraseKey) -> Result<Vec<u8>, SecretError> {
    let failed = |reason: String| SecretError::Encryption { reason };
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(|error| failed(error.to_string()))?;
    let mut check = [0; CHECK];
    check.copy_from_slice(key.check());
    let header = Header {
        cost: key.cost(),
        salt: key.salt(),
        check,
        nonce,
    };
    let mut file = header.bytes();
    let plain = serde_json::to_vec(secrets)
        .map(Zeroizing::new)
        .map_err(|error| failed(error.to_string()))?;
    let payload = Payload {
        msg: &plain,
        aad: &file,
    };
    let sealed = cipher(key)?
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|error| failed(error.to_string()))?;
    file.extend_from_slice(&sealed);
    Ok(file)
}

fn cipher(key: &PassphraseKey) -> Result<XChaCha20Poly1305, SecretError> {
    let key = <&Key>::try_from(key.key()).map_err(|error| SecretError::Encryption {
        reason: error.to_string(),
    })?;
    Ok(XChaCha20Poly1305::new(key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sluice_model::Secret;

    use super::*;

    const CHEAP: Cost = Cost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    fn key(passphrase: &str) -> PassphraseKey {
        PassphraseKey::derive(&Secret::new(passphrase), CHEAP, [7; SALT]).unwrap()
    }

    fn secrets() -> Secrets {
        [
            ("ds-1/password", "hunter2"),
            ("ds-2/password", "schöne \"Grüße\"\n"),
        ]
        .into_iter()
        .map(|(handle, secret)| (handle.to_owned(), Zeroizing::new(secret.to_owned())))
        .collect()
    }

    fn refusal(file: &[u8]) -> SecretError {
        open(Path::new("/s/secrets.enc"), file, &key("correct horse")).unwrap_err()
    }

    /// A file whose header was altered by an attacker who can compute its checksum.
    fn forged(mut file: Vec<u8>, place: usize, value: &[u8]) -> Vec<u8> {
        file[place..place + value.len()].copy_from_slice(value);
        let sum = xxh3_64(&file[..HEADER - 8]).to_le_bytes();
        file[HEADER - 8..HEADER].copy_from_slice(&sum);
        file
    }

    #[test]
    fn what_was_sealed_opens_with_the_key_and_is_not_to_be_read_without() {
        let file = seal(&secrets(), &key("correct horse")).unwrap();
        let path = Path::new("/s/secrets.enc");
        assert_eq!(open(path, &file, &key("correct horse")).unwrap(), secrets());
        let shown = String::from_utf8_lossy(&file);
        for text in ["hunter2", "ds-1", "Gr", "correct horse"] {
            assert!(!shown.contains(text), "{text}");
        }
        assert!(matches!(
            open(path, &file, &key("correct horsf")),
            Err(SecretError::WrongPassphrase { .. })
        ));
    }

    #[test]
    fn no_two_files_of_the_same_secrets_are_the_same() {
        let (one, other) = (
            seal(&secrets(), &key("correct horse")).unwrap(),
            seal(&secrets(), &key("correct horse")).unwrap(),
        );
        assert_ne!(one[HEADER..], other[HEADER..]);
    }

    #[test]
    fn every_flipped_bit_is_found_and_is_not_taken_for_a_wrong_passphrase() {
        let whole = seal(&secrets(), &key("correct horse")).unwrap();
        for place in 0..whole.len() {
            for bit in 0..8 {
                let mut file = whole.clone();
                file[place] ^= 1 << bit;
                let error = refusal(&file);
                let version = (MAGIC.len()..MAGIC.len() + 2).contains(&place);
                assert!(
                    matches!(error, SecretError::Damaged { .. })
                        || version && matches!(error, SecretError::Newer { .. }),
                    "byte {place}, bit {bit}: {error}"
                );
            }
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_or_grown_is_damaged() {
        let whole = seal(&secrets(), &key("correct horse")).unwrap();
        for length in 0..whole.len() {
            let error = refusal(&whole[..length]);
            assert!(matches!(error, SecretError::Damaged { .. }), "{length}: {error}");
        }
        let mut grown = whole;
        grown.push(0);
        assert!(matches!(refusal(&grown), SecretError::Damaged { .. }));
    }

    #[test]
    fn a_header_forged_with_its_checksum_opens_nothing() {
        let whole = seal(&secrets(), &key("correct horse")).unwrap();
        for place in 10..HEADER - 8 {
            let other = whole[place] ^ 1;
            let error = refusal(&forged(whole.clone(), place, &[other]));
            assert!(
                matches!(
                    error,
                    SecretError::Damaged { .. } | SecretError::WrongPassphrase { .. }
                ),
                "byte {place}: {error}"
            );
        }
        // The key was not derived at these costs: only that they are authenticated refuses them.
        let cheaper = forged(whole.clone(), 14, &2_u32.to_le_bytes());
        assert!(matches!(refusal(&cheaper), SecretError::Damaged { .. }));
        let endless = forged(whole, 10, &u32::MAX.to_le_bytes());
        assert!(derivation(Path::new("f"), &endless).is_err());
    }

    #[test]
    fn a_newer_format_is_named_whatever_follows() {
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(&[2, 0, 9]);
        let error = refusal(&file).to_string();
        assert!(
            error.contains("newer version of Sluice (its format is 2, this version knows 1)"),
            "{error}"
        );
    }

    #[test]
    fn sealed_text_that_is_no_list_of_secrets_is_not_quoted() {
        let key = key("correct horse");
        let header = Header {
            cost: key.cost(),
            salt: key.salt(),
            check: key.check().try_into().unwrap(),
            nonce: [1; NONCE],
        };
        let mut file = header.bytes();
        let payload = Payload {
            msg: br#""hunter2""#,
            aad: &file,
        };
        let sealed = cipher(&key)
            .unwrap()
            .encrypt(&XNonce::from([1; NONCE]), payload)
            .unwrap();
        file.extend_from_slice(&sealed);
        let error = refusal(&file).to_string();
        assert!(
            error.contains("not a list of secrets") && !error.contains("hunter2"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn any_secrets_come_back(texts in proptest::collection::btree_map(".*", ".*", 0..8)) {
            let secrets: Secrets = texts.into_iter().map(|(handle, text)| (handle, Zeroizing::new(text))).collect();
            let key = key("correct horse");
            let file = seal(&secrets, &key).unwrap();
            prop_assert_eq!(open(Path::new("f"), &file, &key).unwrap(), secrets);
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut file = MAGIC.to_vec();
            file.extend_from_slice(&FORMAT.to_le_bytes());
            file.extend_from_slice(&bytes);
            for file in [&bytes, &file] {
                refusal(file);
            }
        }
    }
}
