use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::Value;
use sluice_model::Secret;

use crate::error::{AwsError, Result};

/// How long before their end credentials are replaced, if they last that long.
const EARLY: Duration = Duration::from_secs(300);

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The public name of the key.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: Secret,
    /// What goes along with the key of a session.
    pub session_token: Option<Secret>,
    /// When they end; none for those that do not.
    pub expires: Option<SystemTime>,
}

impl Credentials {
    /// Whether they are good for some time to come.
    pub(crate) fn are_fresh(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|end| now + EARLY < end)
    }

    /// Reads them from an answer in JSON. Names and letters differ between services: `token` is that of the session's.
    pub(crate) fn from_json(json: &Value, token: &str, service: &str, now: SystemTime) -> Result<Self> {
        let text = |name: &str| json[name].as_str().filter(|text| !text.is_empty());
        let needed = |name: &str| {
            text(name)
                .map(str::to_owned)
                .ok_or_else(|| AwsError::service(service, format!("gave no {name}")))
        };
        Self {
            access_key_id: needed("AccessKeyId")?,
            secret_access_key: Secret::new(needed("SecretAccessKey")?),
            session_token: text(token).map(Secret::new),
            expires: text("Expiration")
                .map(|text| read_time(text, service))
                .transpose()?,
        }
        .checked(service, now)
    }

    /// Credentials that a service has given.
    pub(crate) fn checked(self, service: &str, now: SystemTime) -> Result<Self> {
        match self.expires {
            Some(end) if end <= now => Err(AwsError::Expired {
                service: service.to_owned(),
            }),
            _ => Ok(self),
        }
    }
}

/// Reads a time as AWS writes it, for example `2026-11-27T12:00:00Z`.
pub(crate) fn read_time(text: &str, service: &str) -> Result<SystemTime> {
    text.parse::<Timestamp>()
        .map(SystemTime::from)
        .map_err(|_| AwsError::service(service, "gave credentials whose end is no time"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_do_not_show_and_credentials_near_their_end_are_replaced() {
        let now = read_time("2026-11-27T12:00:00Z", "it").unwrap();
        let answer = json!({
            "AccessKeyId": "AKID", "SecretAccessKey": "hunter2", "Token": "hunter3", "Expiration": "2026-11-27T13:00:00Z",
        });
        let read = Credentials::from_json(&answer, "Token", "it", now).unwrap();
        assert_eq!(read.secret_access_key.reveal(), "hunter2");
        assert_eq!(read.session_token.as_ref().map(Secret::reveal), Some("hunter3"));
        assert!(!format!("{read:?}").contains("hunter"));
        let minutes = |count: u64| now + Duration::from_secs(count * 60);
        assert!(read.are_fresh(minutes(54)) && !read.are_fresh(minutes(55)));
    }

    #[test]
    fn answers_without_a_key_or_with_a_past_end_are_refused() {
        let now = read_time("2026-11-27T12:00:00Z", "it").unwrap();
        for (answer, word) in [
            (json!({"AccessKeyId": "AKID"}), "no SecretAccessKey"),
            (json!({"SecretAccessKey": "hunter2"}), "no AccessKeyId"),
            (
                json!({"AccessKeyId": "A", "SecretAccessKey": "hunter2", "Expiration": "2026-11-27T12:00:00Z"}),
                "no longer valid",
            ),
            (
                json!({"AccessKeyId": "A", "SecretAccessKey": "hunter2", "Expiration": "soon"}),
                "no time",
            ),
        ] {
            let error = Credentials::from_json(&answer, "Token", "it", now)
                .unwrap_err()
                .to_string();
            assert!(error.contains(word) && !error.contains("hunter2"), "{error}");
        }
    }
}
