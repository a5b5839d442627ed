use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sluice_model::{MskLogin, Secret};

use crate::chain;
use crate::credentials::Credentials;
use crate::error::{AwsError, Result};
use crate::signature::{Scope, presign, query};
use crate::surroundings::Surroundings;

/// How long a token is good for: the longest that Amazon MSK takes, as AWS's own signers do.
const LIFE: Duration = Duration::from_secs(900);
/// Who signed, in AWS's logs.
const USER_AGENT: &str = concat!("sluice/", env!("CARGO_PKG_VERSION"));

/// A token that brokers of Amazon MSK take by OAUTHBEARER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedToken {
    /// What is sent.
    pub token: Secret,
    /// Until when brokers take it.
    pub expires: SystemTime,
}

/// Signs tokens for one cluster. Credentials that end are kept until shortly before; all others are looked up for each
/// token, so that keys which the user replaces are taken in.
pub struct MskSigner {
    login: MskLogin,
    surroundings: Surroundings,
    kept: Mutex<Option<Credentials>>,
}

impl fmt::Debug for MskSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MskSigner")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

impl MskSigner {
    /// A signer that looks for credentials where this process's tools of AWS would.
    pub fn new(login: MskLogin) -> Self {
        Self::within(login, Surroundings::of_process())
    }

    /// A signer in other surroundings.
    pub fn within(login: MskLogin, surroundings: Surroundings) -> Self {
        Self {
            login,
            surroundings,
            kept: Mutex::new(None),
        }
    }

    /// The host that tokens are made out for; for people it is where they come from.
    pub fn host(&self) -> String {
        format!("kafka.{}.amazonaws.com", self.login.region)
    }

    /// A new token. Takes as long as files, commands and services take that have the credentials: each has its own
    /// deadline.
    ///
    /// # Errors
    /// There are no credentials.
    pub fn token(&self) -> Result<SignedToken> {
        let now = SystemTime::now();
        let credentials = self.credentials(now)?;
        self.sign(&credentials, now)
    }

    fn credentials(&self, now: SystemTime) -> Result<Credentials> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(credentials) = kept.as_ref().filter(|kept| kept.are_fresh(now)) {
            return Ok(credentials.clone());
        }
        let found = chain::find(&self.login, &self.surroundings, now)?;
        *kept = found.expires.is_some().then(|| found.clone());
        Ok(found)
    }

    fn sign(&self, credentials: &Credentials, now: SystemTime) -> Result<SignedToken> {
        // Signatures have whole seconds.
        let seconds = now
            .duration_since(UNIX_EPOCH)
            .map_err(|_| AwsError::Clock)?
            .as_secs();
        let now = UNIX_EPOCH + Duration::from_secs(seconds);
        let scope = Scope {
            region: &self.login.region,
            service: "kafka-cluster",
            at: now,
        };
        let action = [("Action", "kafka-cluster:Connect")];
        let url = presign(&self.host(), &action, LIFE.as_secs(), credentials, scope)?;
        let url = format!("{url}&{}", query(&[("User-Agent", USER_AGENT)]));
        let end = now + LIFE;
        Ok(SignedToken {
            token: Secret::new(URL_SAFE_NO_PAD.encode(url)),
            expires: credentials.expires.map_or(end, |other| other.min(end)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::read_time;
    use crate::fake_http::{FakeHttp, sts_answer_until};

    fn login() -> MskLogin {
        MskLogin {
            region: "us-east-1".to_owned(),
            profile: None,
            role: None,
        }
    }

    fn signed(session: Option<&str>) -> (String, SignedToken) {
        let credentials = Credentials {
            access_key_id: "testAccessKeyId".to_owned(),
            secret_access_key: Secret::new("testSecretAccessKey"),
            session_token: session.map(Secret::new),
            expires: None,
        };
        let now = read_time("2026-11-27T12:00:00.75Z", "it").unwrap();
        let token = MskSigner::within(login(), Surroundings::default())
            .sign(&credentials, now)
            .unwrap();
        let url = URL_SAFE_NO_PAD.decode(token.token.reveal()).unwrap();
        (String::from_utf8(url).unwrap(), token)
    }

    #[test]
    fn a_token_is_a_signed_url_with_all_that_the_signers_of_aws_have() {
        let (url, token) = signed(Some("test/Session+Token="));
        let (head, signature) = url.split_once("&X-Amz-Signature=").unwrap();
        assert_eq!(
            head,
            "https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=testAccessKeyId%2F20261127%2Fus-east-1%2Fkafka-cluster%2Faws4_request\
             &X-Amz-Date=20261127T120000Z&X-Amz-Expires=900&X-Amz-Security-Token=test%2FSession%2BToken%3D\
             &X-Amz-SignedHeaders=host"
        );
        let (signature, agent) = signature.split_once('&').unwrap();
        assert!(
            signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{signature}"
        );
        assert_eq!(
            agent,
            format!("User-Agent=sluice%2F{}", env!("CARGO_PKG_VERSION"))
        );
        assert_eq!(token.expires, read_time("2026-11-27T12:15:00Z", "it").unwrap());
        assert!(!format!("{token:?}").contains(token.token.reveal()));
    }

    #[test]
    fn keys_without_a_session_have_no_session_token() {
        let (url, _) = signed(None);
        assert!(!url.contains("Security-Token"), "{url}");
    }

    #[test]
    fn credentials_that_end_are_kept_and_a_token_does_not_outlive_them() {
        let soon = SystemTime::now() + Duration::from_secs(400);
        let fake = FakeHttp::start(vec![("200 OK", sts_answer_until("ASIAROLE", soon))]);
        let mut login = login();
        login.role = Some(sluice_model::AwsRole {
            arn: "arn:aws:iam::111122223333:role/copy".to_owned(),
            session_name: None,
            external_id: None,
        });
        let mut surroundings = Surroundings::default();
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ] {
            surroundings.variables.insert(name.to_owned(), value.to_owned());
        }
        surroundings.endpoints.sts = Some(fake.url);
        let signer = MskSigner::within(login, surroundings);
        for _ in 0..2 {
            let token = signer.token().unwrap();
            assert!(
                token.expires <= soon,
                "the service is asked once, and answers once"
            );
        }
        assert!(!format!("{signer:?}").contains("hunter2"));
    }
}
