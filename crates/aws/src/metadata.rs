//! Credentials that AWS puts beside a program: those of a container, and those of an EC2 instance.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use sluice_model::Secret;
use ureq::http::Method;

use crate::credentials::Credentials;
use crate::error::{AwsError, Result};
use crate::http::{Answer, Asking};
use crate::surroundings::Surroundings;

/// Such services are beside the program: whoever does not answer at once is not there.
const DEADLINE: Duration = Duration::from_secs(2);
const CONTAINER: &str = "the credentials service of the container";
const INSTANCE: &str = "the metadata service of EC2";
/// The addresses of the services beside containers of ECS and pods of EKS.
const CONTAINER_HOSTS: &[&str] = &["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

/// The credentials of this container; none if it is not one of AWS.
///
/// # Errors
/// It is one, and its service does not give them.
pub(crate) fn of_container(surroundings: &Surroundings, now: SystemTime) -> Result<Option<Credentials>> {
    let url = match (
        surroundings.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
        surroundings.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    ) {
        (Some(path), _) => format!("{}{path}", surroundings.endpoints.container),
        (None, Some(url)) => {
            if !is_beside(url) {
                return Err(AwsError::service(
                    CONTAINER,
                    "is named by AWS_CONTAINER_CREDENTIALS_FULL_URI at an address that is neither https nor one of this computer or of AWS",
                ));
            }
            url.to_owned()
        }
        (None, None) => return Ok(None),
    };
    let headers = authorization(surroundings)?
        .into_iter()
        .map(|token| ("authorization", token))
        .collect();
    let answer = ask(CONTAINER, Method::GET, &url, headers)?;
    if !answer.is_success() {
        return Err(AwsError::service(
            CONTAINER,
            format!("answered {}", answer.status),
        ));
    }
    let json = json(&answer);
    Credentials::from_json(&json, "Token", CONTAINER, now).map(Some)
}

fn authorization(surroundings: &Surroundings) -> Result<Option<Secret>> {
    if let Some(path) = surroundings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        let token = std::fs::read_to_string(path).map_err(|error| AwsError::File {
            what: "the container's token",
            path: path.into(),
            reason: error.to_string(),
        })?;
        return Ok(Some(Secret::new(token.trim())));
    }
    Ok(surroundings
        .variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        .map(Secret::new))
}

/// Whether a URL's answers can be trusted: by TLS, or because nobody else can be there.
fn is_beside(url: &str) -> bool {
    if url.starts_with("https://") {
        return true;
    }
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || CONTAINER_HOSTS.contains(&host)
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The credentials of this EC2 instance's role, by the second version of its metadata service.
///
/// # Errors
/// Nobody answers, as on any other computer, or the instance has no role.
pub(crate) fn of_instance(surroundings: &Surroundings, now: SystemTime) -> Result<Credentials> {
    if surroundings
        .variable("AWS_EC2_METADATA_DISABLED")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        return Err(AwsError::service(
            INSTANCE,
            "is switched off by AWS_EC2_METADATA_DISABLED",
        ));
    }
    let base = &surroundings.endpoints.metadata;
    let session = ask(
        INSTANCE,
        Method::PUT,
        &format!("{base}/latest/api/token"),
        vec![("x-aws-ec2-metadata-token-ttl-seconds", Secret::new("300"))],
    )?;
    if !session.is_success() {
        return Err(AwsError::service(
            INSTANCE,
            format!("answered {}", session.status),
        ));
    }
    let session = Secret::new(session.body.trim());
    let get = |path: &str| {
        ask(
            INSTANCE,
            Method::GET,
            &format!("{base}/latest/meta-data/iam/security-credentials/{path}"),
            vec![("x-aws-ec2-metadata-token", session.clone())],
        )
    };
    let roles = get("")?;
    let role = roles.body.lines().next().unwrap_or_default().trim();
    if !roles.is_success() || role.is_empty() {
        return Err(AwsError::service(INSTANCE, "knows of no role of this instance"));
    }
    let answer = get(role)?;
    let json = json(&answer);
    if !answer.is_success() || json["Code"] != "Success" {
        return Err(AwsError::service(
            INSTANCE,
            format!("gave no credentials of the role {role}"),
        ));
    }
    Credentials::from_json(&json, "Token", INSTANCE, now)
}

fn ask(service: &str, method: Method, url: &str, headers: Vec<(&'static str, Secret)>) -> Result<Answer> {
    Asking {
        service,
        method,
        url,
        headers,
        form: None,
        deadline: DEADLINE,
        may_use_proxy: false,
    }
    .ask()
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_http::{FakeHttp, json_answer};

    fn with(variables: &[(&str, &str)]) -> Surroundings {
        let mut surroundings = Surroundings::default();
        for (name, value) in variables {
            surroundings
                .variables
                .insert((*name).to_owned(), (*value).to_owned());
        }
        surroundings
    }

    #[test]
    fn a_container_is_asked_at_its_path_and_shows_its_token() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        std::fs::write(&file, "from-file\n").unwrap();
        let fake = FakeHttp::start(vec![
            ("200 OK", json_answer("ASIAECS")),
            ("200 OK", json_answer("ASIAEKS")),
        ]);
        let mut relative = with(&[
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "from-variable"),
        ]);
        relative.endpoints.container = fake.url.clone();
        let taken = of_container(&relative, SystemTime::now()).unwrap().unwrap();
        assert_eq!(taken.access_key_id, "ASIAECS");
        let asked = fake.asked();
        assert!(asked.starts_with("GET /v2/credentials/x "), "{asked}");
        assert!(asked.contains("authorization: from-variable"), "{asked}");

        let full = with(&[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{}/v1", fake.url)),
            (
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                &file.display().to_string(),
            ),
        ]);
        let taken = of_container(&full, SystemTime::now()).unwrap().unwrap();
        assert_eq!(taken.access_key_id, "ASIAEKS");
        let asked = fake.asked();
        assert!(
            asked.starts_with("GET /v1 ") && asked.contains("authorization: from-file\n"),
            "{asked}"
        );
        assert_eq!(of_container(&with(&[]), SystemTime::now()).unwrap(), None);
    }

    #[test]
    fn a_container_is_not_asked_at_an_address_that_anybody_may_have() {
        for (url, is_trusted) in [
            ("http://169.254.170.23/v1", true),
            ("http://[fd00:ec2::23]/v1", true),
            ("http://127.0.0.1:99/v1", true),
            ("https://example.com/v1", true),
            ("http://example.com/v1", false),
            ("http://169.254.170.2.example.com/v1", false),
            ("ftp://127.0.0.1/v1", false),
        ] {
            assert_eq!(is_beside(url), is_trusted, "{url}");
        }
        let anybody = with(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/v1")]);
        let error = of_container(&anybody, SystemTime::now()).unwrap_err().to_string();
        assert!(error.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI"), "{error}");
    }

    #[test]
    fn an_instance_is_asked_in_a_session_for_its_role() {
        let fake = FakeHttp::start(vec![
            ("200 OK", "session-1".to_owned()),
            ("200 OK", "copy-role\n".to_owned()),
            ("200 OK", json_answer("ASIAEC2")),
        ]);
        let mut surroundings = with(&[]);
        surroundings.endpoints.metadata = fake.url.clone();
        let taken = of_instance(&surroundings, SystemTime::now()).unwrap();
        assert_eq!(taken.access_key_id, "ASIAEC2");
        let asked = [fake.asked(), fake.asked(), fake.asked()];
        assert!(asked[0].starts_with("PUT /latest/api/token "), "{asked:?}");
        assert!(
            asked[1].starts_with("GET /latest/meta-data/iam/security-credentials/ "),
            "{asked:?}"
        );
        assert!(
            asked[2].starts_with("GET /latest/meta-data/iam/security-credentials/copy-role ")
                && asked[2].contains("x-aws-ec2-metadata-token: session-1"),
            "{asked:?}"
        );
    }

    #[test]
    fn an_instance_without_a_role_says_so() {
        let fake = FakeHttp::start(vec![
            ("200 OK", "session-1".to_owned()),
            ("404 Not Found", String::new()),
        ]);
        let mut surroundings = with(&[]);
        surroundings.endpoints.metadata = fake.url;
        let error = of_instance(&surroundings, SystemTime::now()).unwrap_err();
        assert!(error.to_string().contains("no role"), "{error}");
        let off = with(&[("AWS_EC2_METADATA_DISABLED", "true")]);
        let error = of_instance(&off, SystemTime::now()).unwrap_err();
        assert!(error.to_string().contains("AWS_EC2_METADATA_DISABLED"), "{error}");
    }
}
