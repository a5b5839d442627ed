//! AWS's Signature Version 4: whoever knows a key proves it by signing what is asked for.

use std::fmt::Write;
use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sluice_model::Secret;

use crate::credentials::Credentials;
use crate::error::{AwsError, Result};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What a signature is made for, beside the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) at: SystemTime,
}

/// A time as signatures have it.
struct Moment {
    day: String,
    full: String,
}

impl Scope<'_> {
    fn moment(&self) -> Result<Moment> {
        let at = Timestamp::try_from(self.at).map_err(|_| AwsError::Clock)?;
        let full = at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = full.get(..8).ok_or(AwsError::Clock)?.to_owned();
        Ok(Moment { day, full })
    }

    fn of(&self, moment: &Moment) -> String {
        format!("{}/{}/{}/aws4_request", moment.day, self.region, self.service)
    }

    /// The signature of a canonical request.
    fn sign(&self, request: &str, moment: &Moment, key: &Secret) -> String {
        let scope = self.of(moment);
        let text = format!(
            "{ALGORITHM}\n{}\n{scope}\n{}",
            moment.full,
            digest(request.as_bytes())
        );
        let mut signed = format!("AWS4{}", key.reveal()).into_bytes();
        for part in [
            moment.day.as_str(),
            self.region,
            self.service,
            "aws4_request",
            text.as_str(),
        ] {
            signed = mac(&signed, part.as_bytes());
        }
        hex(&signed)
    }
}

/// Signs a GET of `https://host/?parameters` so that whoever has the URL may make it until it expires. The parameters'
/// names must not begin with `X-Amz-`.
pub(crate) fn presign(
    host: &str,
    parameters: &[(&str, &str)],
    seconds: u64,
    credentials: &Credentials,
    scope: Scope<'_>,
) -> Result<String> {
    let moment = scope.moment()?;
    let seconds = seconds.to_string();
    let signer = format!("{}/{}", credentials.access_key_id, scope.of(&moment));
    let mut all: Vec<(&str, &str)> = parameters.to_vec();
    all.extend([
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", signer.as_str()),
        ("X-Amz-Date", moment.full.as_str()),
        ("X-Amz-Expires", seconds.as_str()),
        ("X-Amz-SignedHeaders", "host"),
    ]);
    let token = credentials.session_token.as_ref().map(Secret::reveal);
    all.extend(token.map(|token| ("X-Amz-Security-Token", token)));
    let query = query(&all);
    let request = format!("GET\n/\n{query}\nhost:{host}\n\nhost\n{}", digest(b""));
    let signature = scope.sign(&request, &moment, &credentials.secret_access_key);
    Ok(format!("https://{host}/?{query}&X-Amz-Signature={signature}"))
}

/// The headers that sign a POST of a form to `https://host/`, with their names.
pub(crate) fn sign_form(
    host: &str,
    form: &str,
    credentials: &Credentials,
    scope: Scope<'_>,
) -> Result<Vec<(&'static str, Secret)>> {
    let moment = scope.moment()?;
    let mut headers = vec![
        ("content-type", "application/x-www-form-urlencoded"),
        ("host", host),
        ("x-amz-date", moment.full.as_str()),
    ];
    let token = credentials.session_token.as_ref().map(Secret::reveal);
    headers.extend(token.map(|token| ("x-amz-security-token", token)));
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let request = format!("POST\n/\n\n{lines}\n{names}\n{}", digest(form.as_bytes()));
    let signature = scope.sign(&request, &moment, &credentials.secret_access_key);
    let mut out = vec![
        (
            "authorization",
            Secret::new(format!(
                "{ALGORITHM} Credential={}/{}, SignedHeaders={names}, Signature={signature}",
                credentials.access_key_id,
                scope.of(&moment)
            )),
        ),
        ("x-amz-date", Secret::new(moment.full)),
    ];
    out.extend(token.map(|token| ("x-amz-security-token", Secret::new(token))));
    Ok(out)
}

/// A query as it is signed: sorted by name, everything encoded but letters, digits and `-._~`.
pub(crate) fn query(parameters: &[(&str, &str)]) -> String {
    let mut encoded: Vec<(String, String)> = parameters
        .iter()
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    encoded.sort();
    let pairs: Vec<String> = encoded
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            write!(out, "%{byte:02X}").ok();
        }
    }
    out
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a text cannot fail.
        write!(out, "{byte:02x}").ok();
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::read_time;

    /// The key of AWS's own examples.
    fn example() -> Credentials {
        Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: None,
            expires: None,
        }
    }

    #[test]
    fn the_published_request_of_aws_has_its_published_signature() {
        // "get-vanilla-query-order-key-case" of AWS's test suite for Signature Version 4.
        let scope = Scope {
            region: "us-east-1",
            service: "service",
            at: read_time("2015-08-30T12:36:00Z", "it").unwrap(),
        };
        let moment = scope.moment().unwrap();
        let query = query(&[("Param2", "value2"), ("Param1", "value1")]);
        let request = format!(
            "GET\n/\n{query}\nhost:example.amazonaws.com\nx-amz-date:{}\n\nhost;x-amz-date\n{}",
            moment.full,
            digest(b"")
        );
        assert_eq!(
            scope.sign(&request, &moment, &example().secret_access_key),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        );
    }

    #[test]
    fn the_published_key_of_a_day_is_derived() {
        // From AWS's documentation of how a signing key is made.
        let mut key = b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_vec();
        for part in ["20150830", "us-east-1", "iam", "aws4_request"] {
            key = mac(&key, part.as_bytes());
        }
        assert_eq!(
            hex(&key),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
    }

    #[test]
    fn a_presigned_url_of_the_documentation_of_s3_differs_only_by_what_s3_does_not_hash() {
        // S3 signs the words UNSIGNED-PAYLOAD in place of a digest, which no other service does; the query is the same.
        let credentials = Credentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ..example()
        };
        let scope = Scope {
            region: "us-east-1",
            service: "s3",
            at: read_time("2013-05-24T00:00:00Z", "it").unwrap(),
        };
        let url = presign("examplebucket.s3.amazonaws.com", &[], 86_400, &credentials, scope).unwrap();
        let (query, signature) = url.rsplit_once("&X-Amz-Signature=").unwrap();
        assert_eq!(
            query,
            "https://examplebucket.s3.amazonaws.com/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        );
        assert_eq!(signature.len(), 64);
        let (_, query) = query.split_once('?').unwrap();
        let request =
            format!("GET\n/test.txt\n{query}\nhost:examplebucket.s3.amazonaws.com\n\nhost\nUNSIGNED-PAYLOAD");
        let moment = scope.moment().unwrap();
        assert_eq!(
            scope.sign(&request, &moment, &credentials.secret_access_key),
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn a_form_is_signed_with_its_session_and_no_key_shows() {
        let scope = Scope {
            region: "eu-west-1",
            service: "sts",
            at: read_time("2026-11-27T12:00:00Z", "it").unwrap(),
        };
        let credentials = Credentials {
            session_token: Some(Secret::new("hunter2")),
            ..example()
        };
        let headers = sign_form(
            "sts.eu-west-1.amazonaws.com",
            "Action=AssumeRole",
            &credentials,
            scope,
        )
        .unwrap();
        assert!(!format!("{headers:?}").contains("hunter2"));
        let text = |name: &str| {
            let header = headers.iter().find(|(known, _)| *known == name).unwrap();
            header.1.reveal().to_owned()
        };
        assert_eq!(text("x-amz-date"), "20261127T120000Z");
        assert_eq!(text("x-amz-security-token"), "hunter2");
        let authorization = text("authorization");
        assert!(
            authorization.starts_with(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261127/eu-west-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="
            ),
            "{authorization}"
        );
        assert!(!authorization.contains("wJalr"));
    }
}
