use crate::error::{ErrorCode, KafkaError};

/// The step that an error of the first call belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Tls,
    Sasl,
    Metadata,
}

/// What librdkafka and OpenSSL say of a failed handshake, what it means, and what to do. The first row whose words all
/// occur (in any case) counts.
const TLS_WORDS: &[(&[&str], &str)] = &[
    (
        &["expired"],
        "a certificate has expired: renew the brokers' certificate (or yours, if the broker says so), and check this machine's clock",
    ),
    (
        &["not yet valid"],
        "a certificate is not yet valid: check this machine's clock and the certificate's start",
    ),
    (
        &["hostname mismatch"],
        "the certificate was made for another host name: connect with a name that it carries, or have the brokers' certificate renewed with this one",
    ),
    (
        &["ip address mismatch"],
        "the certificate does not carry this IP address: connect with the host name, or have the brokers' certificate renewed with the address",
    ),
    (
        &["unable to get local issuer"],
        "the certificate's authority is unknown here: give the CA certificate (PEM) that signed the brokers' certificates",
    ),
    (
        // An authority of the same name, with another key.
        &["signature failure"],
        "the certificate was signed by another authority than the one given: give the CA certificate (PEM) that signed the brokers' certificates",
    ),
    (
        &["unable to get issuer"],
        "the certificate's authority is unknown here: give the CA certificate (PEM) that signed the brokers' certificates",
    ),
    (
        &["self-signed"],
        "the certificate's authority is unknown here: give the CA certificate (PEM) that signed the brokers' certificates",
    ),
    (
        &["self signed"],
        "the certificate's authority is unknown here: give the CA certificate (PEM) that signed the brokers' certificates",
    ),
    (
        &["unknown ca"],
        "the broker does not know the authority of your client certificate: use one that the broker's truststore accepts",
    ),
    (
        &["bad certificate"],
        "the broker wants a client certificate, or does not accept yours: give certificate and key of a user that the broker trusts",
    ),
    (
        &["certificate required"],
        "the broker wants a client certificate: give certificate and key of a user that the broker trusts",
    ),
    (
        &["handshake failure"],
        "the broker refused the handshake, most often because it wants a client certificate: give certificate and key, or compare TLS versions and ciphers",
    ),
    (
        &["certificate verify failed"],
        "the brokers' certificate could not be verified: give the CA certificate (PEM) that signed it",
    ),
    (
        &["plaintext"],
        "the port does not speak TLS: choose PLAINTEXT or SASL_PLAINTEXT",
    ),
    (
        &["wrong version number"],
        "the port does not speak TLS: choose PLAINTEXT or SASL_PLAINTEXT",
    ),
];

/// Words that only a TLS failure has, whatever its code: with TLS 1.3 the broker refuses a client's certificate after
/// the handshake, so librdkafka calls that a lost connection.
const TLS_SIGNS: &[&str] = &["ssl", "certificate", "tlsv1"];

/// What a failure on the way to a broker sounds like, whose sentence says all.
const DETOUR_WORDS: &[&str] = &["the socks5 proxy ", "the address map leads to "];

/// What a token sounds like that could not be had.
const TOKEN_WORDS: &[&str] = &["failed to acquire sasl oauthbearer token"];

/// What a mechanism that the broker does not offer sounds like.
const MECHANISM_WORDS: &[&str] = &["unsupported sasl mechanism", "supported mechanisms"];

/// Which step failed, and the sentence for it. `tls` and `login` say what the cluster is configured for.
pub(crate) fn explain(error: &KafkaError, tls: bool, login: bool) -> (Stage, String) {
    let sentence = error.message.trim_end_matches(['.', ' ']);
    let lower = sentence.to_lowercase();
    let has = |word: &&str| lower.contains(*word);
    if DETOUR_WORDS.iter().any(has) {
        return (Stage::Metadata, sentence.to_owned());
    }
    if matches!(
        error.code,
        ErrorCode::LOCAL_AUTHENTICATION | ErrorCode::SASL_AUTHENTICATION_FAILED
    ) {
        let hint = if TOKEN_WORDS.iter().any(has) {
            "there is no token to log in with, so no broker was asked"
        } else if MECHANISM_WORDS.iter().any(has) {
            "the broker does not offer this login mechanism: choose one that it names"
        } else {
            "the broker refused the login: check mechanism, user name and password"
        };
        return (Stage::Sasl, format!("{hint} ({sentence})"));
    }
    if error.code == ErrorCode::LOCAL_SSL || tls && TLS_SIGNS.iter().any(has) {
        return (Stage::Tls, format!("{} ({sentence})", explain_tls(&lower)));
    }
    if error.code.is_access() {
        let hint = "the login works, but the user may not describe the cluster: grant it Describe";
        return (Stage::Metadata, format!("{hint} ({sentence})"));
    }
    if error.code == ErrorCode::LOCAL_TRANSPORT && lower.contains("disconnected") && !login {
        let hint = "the broker closed the connection without a word: it may expect a login (choose SASL_PLAINTEXT or SASL_SSL), or TLS";
        return (Stage::Sasl, format!("{hint} ({sentence})"));
    }
    let hint = "the port is open, but no broker answered in time: check that it is a Kafka listener, its security protocol, and what lies between (proxy, load balancer, firewall)";
    (Stage::Metadata, format!("{hint} ({sentence})"))
}

fn explain_tls(lower: &str) -> &'static str {
    TLS_WORDS
        .iter()
        .find(|(words, _)| words.iter().all(|word| lower.contains(word)))
        .map_or(
            "TLS could not be set up: check CA certificate, client certificate and the listener's TLS settings",
            |(_, meaning)| meaning,
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(code: ErrorCode, words: &str, tls: bool, login: bool) -> (Stage, String) {
        explain(&KafkaError::new(code, words), tls, login)
    }

    #[test]
    fn every_tls_failure_says_what_to_do() {
        let cases = [
            (
                "certificate verify failed: broker certificate could not be verified: unable to get local issuer certificate",
                "authority is unknown",
            ),
            (
                "certificate verify failed: self-signed certificate in certificate chain",
                "authority is unknown",
            ),
            (
                "certificate signature failure: certificate verify failed",
                "another authority",
            ),
            (
                "certificate verify failed: certificate has expired",
                "has expired",
            ),
            (
                "certificate verify failed: certificate is not yet valid",
                "not yet valid",
            ),
            (
                "certificate verify failed: Hostname mismatch",
                "another host name",
            ),
            (
                "certificate verify failed: IP address mismatch",
                "this IP address",
            ),
            (
                "tlsv13 alert certificate required: SSL alert number 116",
                "wants a client certificate",
            ),
            (
                "sslv3 alert handshake failure: SSL alert number 40",
                "wants a client certificate",
            ),
            (
                "SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?",
                "does not speak TLS",
            ),
            ("certificate verify failed", "could not be verified"),
            ("something new", "could not be set up"),
        ];
        for (words, expected) in cases {
            let (stage, message) = explained(ErrorCode::LOCAL_SSL, words, true, false);
            assert_eq!(stage, Stage::Tls, "{words}");
            assert!(message.contains(expected), "{words}: {message}");
            assert!(message.contains(words), "the library's words are kept: {message}");
        }
    }

    #[test]
    fn a_client_certificate_refused_after_the_handshake_is_still_a_tls_failure() {
        let words = "Receive failed: ssl/record/rec_layer_s3.c:916:error:0A00045C:SSL routines::tlsv13 alert certificate required";
        let (stage, message) = explained(ErrorCode::LOCAL_TRANSPORT, words, true, false);
        assert_eq!(stage, Stage::Tls);
        assert!(message.contains("wants a client certificate"), "{message}");
    }

    #[test]
    fn a_refused_login_differs_from_a_missing_one() {
        let words = "SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512";
        let (stage, message) = explained(ErrorCode::LOCAL_AUTHENTICATION, words, true, true);
        assert_eq!(stage, Stage::Sasl);
        assert!(message.contains("user name and password"), "{message}");
        let words = "Unsupported SASL mechanism: broker's supported mechanisms: SCRAM-SHA-512";
        let (stage, message) = explained(ErrorCode::LOCAL_AUTHENTICATION, words, true, true);
        assert_eq!(stage, Stage::Sasl);
        assert!(message.contains("choose one that it names"), "{message}");
        let (stage, message) = explained(
            ErrorCode::LOCAL_TRANSPORT,
            "Disconnected while requesting ApiVersion",
            false,
            false,
        );
        assert_eq!(stage, Stage::Sasl);
        assert!(message.contains("expect a login"), "{message}");
    }

    #[test]
    fn a_proxy_that_fails_is_what_the_sentence_is_about() {
        let words =
            "b1:9092: the SOCKS5 proxy p:1080: it asks for a login: give user and password of the proxy";
        let (stage, message) = explained(ErrorCode::LOCAL_TRANSPORT, words, true, true);
        assert_eq!((stage, message.as_str()), (Stage::Metadata, words));
    }

    #[test]
    fn silence_and_missing_rights_belong_to_the_metadata() {
        let (stage, message) = explained(ErrorCode::LOCAL_TIMED_OUT, "Local: Timed out", true, true);
        assert_eq!(stage, Stage::Metadata);
        assert!(message.contains("no broker answered"), "{message}");
        let (stage, message) = explained(
            ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
            "Broker: Cluster authorization failed",
            true,
            true,
        );
        assert_eq!(stage, Stage::Metadata);
        assert!(message.contains("grant it Describe"), "{message}");
    }
}
