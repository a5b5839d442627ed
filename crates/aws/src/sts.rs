//! The security token service: it gives the credentials of a role.

use std::time::{Duration, SystemTime};

use sluice_model::{AwsRole, Secret};
use ureq::http::Method;

use crate::credentials::{Credentials, read_time};
use crate::error::{AwsError, Result};
use crate::http::Asking;
use crate::signature::{Scope, query, sign_form};
use crate::surroundings::Endpoints;

const DEADLINE: Duration = Duration::from_secs(15);
/// What a session is called that has no name.
const SESSION: &str = "sluice";
/// AWS's sentences are shorter.
const LONGEST_REASON: usize = 400;

/// The service in one region.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sts<'a> {
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) region: &'a str,
    pub(crate) now: SystemTime,
}

impl Sts<'_> {
    /// Takes on a role with the credentials of somebody else.
    ///
    /// # Errors
    /// The service refuses, or was not reached.
    pub(crate) fn assume(&self, role: &AwsRole, base: &Credentials) -> Result<Credentials> {
        let mut form = vec![
            ("Action", "AssumeRole"),
            ("RoleArn", role.arn.as_str()),
            ("RoleSessionName", role.session_name.as_deref().unwrap_or(SESSION)),
            ("Version", "2011-06-15"),
        ];
        form.extend(role.external_id.as_deref().map(|id| ("ExternalId", id)));
        self.ask(&form, Some(base), &role.arn)
    }

    /// Takes on a role with a token of another identity provider, as pods of Kubernetes have it.
    ///
    /// # Errors
    /// The service refuses, or was not reached.
    pub(crate) fn assume_with_token(&self, role: &AwsRole, token: &Secret) -> Result<Credentials> {
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("RoleArn", role.arn.as_str()),
            ("RoleSessionName", role.session_name.as_deref().unwrap_or(SESSION)),
            ("Version", "2011-06-15"),
            ("WebIdentityToken", token.reveal()),
        ];
        self.ask(&form, None, &role.arn)
    }

    fn endpoint(&self) -> String {
        match &self.endpoints.sts {
            Some(endpoint) => endpoint.clone(),
            None if self.region.starts_with("cn-") => {
                format!("https://sts.{}.amazonaws.com.cn", self.region)
            }
            None => format!("https://sts.{}.amazonaws.com", self.region),
        }
    }

    fn ask(&self, form: &[(&str, &str)], signer: Option<&Credentials>, role: &str) -> Result<Credentials> {
        let endpoint = self.endpoint();
        let host = endpoint
            .split_once("://")
            .map_or(endpoint.as_str(), |(_, host)| host);
        let service = format!("AWS's token service ({host})");
        let form = query(form);
        let scope = Scope {
            region: self.region,
            service: "sts",
            at: self.now,
        };
        let headers = match signer {
            Some(signer) => sign_form(host, &form, signer, scope)?,
            None => Vec::new(),
        };
        let answer = Asking {
            service: &service,
            method: Method::POST,
            url: &format!("{endpoint}/"),
            headers,
            form: Some(form),
            deadline: DEADLINE,
            may_use_proxy: true,
        }
        .ask()?;
        if !answer.is_success() {
            let code = element(&answer.body, "Code").unwrap_or_else(|| answer.status.to_string());
            let message = element(&answer.body, "Message").unwrap_or_default();
            let reason: String = format!("{code} {message}")
                .trim()
                .chars()
                .take(LONGEST_REASON)
                .collect();
            return Err(AwsError::service(
                service,
                format!("does not give the credentials of {role}: {reason}"),
            ));
        }
        let part = |name: &str| {
            element(&answer.body, name).ok_or_else(|| AwsError::service(&service, format!("gave no {name}")))
        };
        Credentials {
            access_key_id: part("AccessKeyId")?,
            secret_access_key: Secret::new(part("SecretAccessKey")?),
            session_token: Some(Secret::new(part("SessionToken")?)),
            expires: Some(read_time(&part("Expiration")?, &service)?),
        }
        .checked(&service, self.now)
    }
}

/// The text of the first element of a name. The service's answers have none with attributes or within itself.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let text = text.trim();
    let text = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (coded, plain)| text.replace(coded, plain));
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_http::{FakeHttp, sts_answer};

    const ROLE: &str = "arn:aws:iam::111122223333:role/copy";

    fn base() -> Credentials {
        Credentials {
            access_key_id: "AKIDBASE".to_owned(),
            secret_access_key: Secret::new("hunter2"),
            session_token: Some(Secret::new("hunter3")),
            expires: None,
        }
    }

    fn role() -> AwsRole {
        AwsRole {
            arn: ROLE.to_owned(),
            session_name: None,
            external_id: Some("a/b".to_owned()),
        }
    }

    #[test]
    fn a_role_is_asked_for_in_the_name_of_the_base_and_its_credentials_are_taken() {
        let fake = FakeHttp::start(vec![("200 OK", sts_answer("ASIAROLE"))]);
        let endpoints = Endpoints {
            sts: Some(fake.url.clone()),
            ..Endpoints::default()
        };
        let sts = Sts {
            endpoints: &endpoints,
            region: "eu-west-1",
            now: SystemTime::now(),
        };
        let taken = sts.assume(&role(), &base()).unwrap();
        assert_eq!(taken.access_key_id, "ASIAROLE");
        assert_eq!(taken.secret_access_key.reveal(), "role/secret");
        assert_eq!(
            taken.session_token.as_ref().map(Secret::reveal),
            Some("role+token==")
        );
        assert!(taken.expires.is_some());
        let asked = fake.asked();
        for part in [
            "POST / HTTP/1.1",
            "Action=AssumeRole&ExternalId=a%2Fb&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fcopy&RoleSessionName=sluice&Version=2011-06-15",
            "Credential=AKIDBASE/",
            "/eu-west-1/sts/aws4_request",
            "x-amz-security-token: hunter3",
        ] {
            assert!(asked.contains(part), "{part}: {asked}");
        }
        assert!(!asked.contains("hunter2"), "the key itself is never sent");
    }

    #[test]
    fn a_refusal_has_the_services_words_and_no_key() {
        let fake = FakeHttp::start(vec![(
            "403 Forbidden",
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::1:user/me is not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>".to_owned(),
        )]);
        let endpoints = Endpoints {
            sts: Some(fake.url),
            ..Endpoints::default()
        };
        let sts = Sts {
            endpoints: &endpoints,
            region: "eu-west-1",
            now: SystemTime::now(),
        };
        let error = sts.assume(&role(), &base()).unwrap_err().to_string();
        assert!(
            error.contains("AccessDenied User: arn:aws:iam::1:user/me is not authorized")
                && error.contains(ROLE),
            "{error}"
        );
        assert!(!error.contains("hunter"), "{error}");
    }

    #[test]
    fn the_service_is_that_of_the_region() {
        let endpoints = Endpoints::default();
        for (region, endpoint) in [
            ("eu-west-1", "https://sts.eu-west-1.amazonaws.com"),
            ("cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"),
        ] {
            let sts = Sts {
                endpoints: &endpoints,
                region,
                now: SystemTime::now(),
            };
            assert_eq!(sts.endpoint(), endpoint);
        }
    }
}
