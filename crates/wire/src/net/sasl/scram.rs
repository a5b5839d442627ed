//! SCRAM (RFC 5802) as Kafka has it: no channel binding, and passwords as their UTF-8 bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use sluice_model::Secret;

use crate::net::sasl::exchange::Step;

/// Kafka's brokers never have fewer iterations.
const MIN_ITERATIONS: u32 = 4_096;
/// More would let a wrong peer keep this computer busy for minutes. Kafka's own limit is 16 384.
const MAX_ITERATIONS: u32 = 1_000_000;
/// The header that says "no channel binding", in base 64.
const NO_BINDING: &str = "biws";

/// The hash of a SCRAM mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512.
    Sha512,
}

impl Hash {
    fn hmac(self, key: &[u8], message: &[u8]) -> Result<Vec<u8>, String> {
        fn run<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Result<Vec<u8>, String> {
            let mut mac = <M as KeyInit>::new_from_slice(key).map_err(|error| error.to_string())?;
            mac.update(message);
            Ok(mac.finalize().into_bytes().to_vec())
        }
        match self {
            Self::Sha256 => run::<Hmac<Sha256>>(key, message),
            Self::Sha512 => run::<Hmac<Sha512>>(key, message),
        }
    }

    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    fn salted(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        match self {
            Self::Sha256 => {
                let mut out = vec![0; 32];
                pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut out);
                out
            }
            Self::Sha512 => {
                let mut out = vec![0; 64];
                pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, iterations, &mut out);
                out
            }
        }
    }
}

enum State {
    Begun,
    /// The server's signature is still to come.
    Proven {
        signature: Vec<u8>,
    },
    Finished,
}

/// One login by challenge.
pub(crate) struct Scram {
    hash: Hash,
    user: String,
    password: Secret,
    nonce: String,
    state: State,
}

impl Scram {
    pub(crate) fn new(hash: Hash, user: &str, password: &Secret) -> Self {
        // 122 bits of the system's randomness, without a comma.
        Self::with_nonce(hash, user, password, uuid::Uuid::new_v4().simple().to_string())
    }

    fn with_nonce(hash: Hash, user: &str, password: &Secret, nonce: String) -> Self {
        Self {
            hash,
            user: user.replace('=', "=3D").replace(',', "=2C"),
            password: password.clone(),
            nonce,
            state: State::Begun,
        }
    }

    fn first_bare(&self) -> String {
        format!("n={},r={}", self.user, self.nonce)
    }

    /// The first message.
    pub(crate) fn first(&self) -> Vec<u8> {
        format!("n,,{}", self.first_bare()).into_bytes()
    }

    /// Answers the challenge, then checks that the server knows the password too.
    ///
    /// # Errors
    /// The server's message is wrong or reports a failure; in words.
    pub(crate) fn next(&mut self, answer: &[u8]) -> Result<Step, String> {
        let text = std::str::from_utf8(answer).map_err(|_| "its answer is not text".to_owned())?;
        match std::mem::replace(&mut self.state, State::Finished) {
            State::Begun => self.prove(text),
            State::Proven { signature } => check_signature(text, &signature),
            State::Finished => Err("it goes on after the login has ended".to_owned()),
        }
    }

    fn prove(&mut self, server_first: &str) -> Result<Step, String> {
        if let Some(reason) = attribute(server_first, 'e') {
            return Err(format!("it answered {reason}"));
        }
        let (Some(nonce), Some(salt), Some(iterations)) = (
            attribute(server_first, 'r'),
            attribute(server_first, 's'),
            attribute(server_first, 'i'),
        ) else {
            return Err("its challenge is not complete".to_owned());
        };
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err("its challenge answers another login".to_owned());
        }
        let salt = STANDARD
            .decode(salt)
            .map_err(|_| "its salt is not base 64".to_owned())?;
        let iterations = iterations
            .parse::<u32>()
            .ok()
            .filter(|count| (MIN_ITERATIONS..=MAX_ITERATIONS).contains(count))
            .ok_or_else(|| {
                format!(
                    "it asks for {iterations} iterations; {MIN_ITERATIONS} to {MAX_ITERATIONS} are allowed"
                )
            })?;
        let salted = self
            .hash
            .salted(self.password.reveal().as_bytes(), &salt, iterations);
        let client_key = self.hash.hmac(&salted, b"Client Key")?;
        let server_key = self.hash.hmac(&salted, b"Server Key")?;
        let unproven = format!("c={NO_BINDING},r={nonce}");
        let message = format!("{},{server_first},{unproven}", self.first_bare());
        let signature = self
            .hash
            .hmac(&self.hash.digest(&client_key), message.as_bytes())?;
        let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
        self.state = State::Proven {
            signature: self.hash.hmac(&server_key, message.as_bytes())?,
        };
        Ok(Step::Send(
            format!("{unproven},p={}", STANDARD.encode(proof)).into_bytes(),
        ))
    }
}

fn check_signature(server_final: &str, signature: &[u8]) -> Result<Step, String> {
    if let Some(reason) = attribute(server_final, 'e') {
        return Err(format!("it answered {reason}"));
    }
    let shown = attribute(server_final, 'v')
        .and_then(|text| STANDARD.decode(text).ok())
        .ok_or_else(|| "it does not prove that it knows the password".to_owned())?;
    // Comparing in variable time reveals nothing to the peer: the signature belongs to this login alone.
    if shown != signature {
        return Err(
            "it does not know the password itself: it may not be the broker it seems to be".to_owned(),
        );
    }
    Ok(Step::Done)
}

/// The value of `name` in `a=…,b=…`.
fn attribute(text: &str, name: char) -> Option<&str> {
    text.split(',')
        .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The example of RFC 7677, section 3.
    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
    const CHALLENGE: &[u8] =
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    const PROOF: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    const SIGNATURE: &[u8] = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    fn login() -> Scram {
        Scram::with_nonce(Hash::Sha256, "user", &Secret::new("pencil"), NONCE.to_owned())
    }

    #[test]
    fn the_example_of_the_rfc_is_followed_to_the_letter() {
        let mut scram = login();
        assert_eq!(scram.first(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let Step::Send(proof) = scram.next(CHALLENGE).unwrap() else {
            panic!("a proof")
        };
        assert_eq!(proof, PROOF.as_bytes());
        assert!(matches!(scram.next(SIGNATURE).unwrap(), Step::Done));
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_not_believed() {
        for last in [
            b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=".as_slice(),
            b"v=",
            b"",
            b"e=other-error",
        ] {
            let mut scram = login();
            scram.next(CHALLENGE).unwrap();
            assert!(scram.next(last).is_err(), "{last:?}");
        }
    }

    #[test]
    fn challenges_that_are_not_for_this_login_or_cheap_or_endless_are_refused() {
        for challenge in [
            "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1",
            "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4000000000",
            "r=rOprNGfwEbeRWgbNEkqOx,s=%,i=4096",
            "e=unknown-user",
        ] {
            let Err(error) = login().next(challenge.as_bytes()) else {
                panic!("{challenge} was taken")
            };
            assert!(!error.contains("pencil"), "{error}");
        }
    }

    #[test]
    fn names_with_commas_and_equal_signs_are_escaped() {
        let scram = Scram::with_nonce(Hash::Sha512, "a=b,c", &Secret::new("p"), "n".to_owned());
        assert_eq!(scram.first(), b"n,,n=a=3Db=2Cc,r=n");
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(first in ".{0,80}", second in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut scram = login();
            let _ignored = scram.next(first.as_bytes()).is_ok();
            let _ignored = scram.next(&second).is_ok();
        }
    }
}
