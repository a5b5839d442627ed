use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sluice_alerts::{
    Channel, ChannelConfig, ChannelError, ChannelSecrets, Courier, Language, Message, Result, WebhookFormat,
};
use sluice_model::Secret;

use crate::certificates::private_authority;
use crate::http_receiver::{HttpReceiver, answer};

const NOW_MS: i64 = 1_700_000_000_500;

pub fn webhook(url: &str, format: WebhookFormat) -> Channel {
    Channel {
        id: "w".into(),
        name: "ops".into(),
        config: ChannelConfig::Webhook {
            url: url.into(),
            format,
            headers: BTreeMap::new(),
            ca_pem: None,
        },
        secrets: ChannelSecrets::default(),
    }
}

pub fn message() -> Message {
    Message::test("ops", Language::English, NOW_MS)
}

fn deliver(channel: &Channel) -> Result<()> {
    Courier::default().deliver(channel, &message(), NOW_MS)
}

#[test]
fn a_receiver_can_verify_the_signature_of_what_it_got() {
    let receiver = HttpReceiver::new(&[answer("204 No Content", "")]);
    let mut channel = webhook(&receiver.url("/hook?team=ops"), WebhookFormat::Generic);
    channel.secrets.signing_secret = Some(Secret::new("sign-me"));
    if let ChannelConfig::Webhook { headers, .. } = &mut channel.config {
        headers.insert("Authorization".into(), "Bearer t0ken".into());
    }
    channel.config.take_secrets(&mut channel.secrets);
    deliver(&channel).unwrap();

    let request = receiver.request();
    assert_eq!(request.line, "POST /hook?team=ops HTTP/1.1");
    assert_eq!(request.headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(request.headers["authorization"], "Bearer t0ken");
    assert_eq!(
        request.body,
        r#"{"version":1,"event":"test","severity":"info","title":"Test message from Sluice","body":"Alerts to the channel \"ops\" arrive here.","at_ms":1700000000500}"#
    );
    let timestamp = &request.headers["x-sluice-timestamp"];
    assert_eq!(timestamp, "1700000000");
    let mut mac = Hmac::<Sha256>::new_from_slice(b"sign-me").unwrap();
    mac.update(format!("{timestamp}.{}", request.body).as_bytes());
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(request.headers["x-sluice-signature"], format!("sha256={hex}"));
}

#[test]
fn without_a_secret_nothing_is_signed() {
    let receiver = HttpReceiver::new(&[answer("200 OK", "ok")]);
    deliver(&webhook(&receiver.url("/"), WebhookFormat::Slack)).unwrap();
    let request = receiver.request();
    assert!(
        !request.headers.contains_key("x-sluice-signature"),
        "{:?}",
        request.headers
    );
    assert_eq!(
        request.body,
        r#"{"text":"Test message from Sluice\nAlerts to the channel \"ops\" arrive here."}"#
    );
}

#[test]
fn a_provider_that_refuses_with_status_200_is_heard() {
    let receiver = HttpReceiver::new(&[answer(
        "200 OK",
        r#"{"errcode":310000,"errmsg":"sign not match, timestamp=1700000000500"}"#,
    )]);
    let mut channel = webhook(
        &receiver.url("/robot/send?access_token=t"),
        WebhookFormat::DingTalk,
    );
    channel.secrets.signing_secret = Some(Secret::new("SEC-demo"));
    let error = deliver(&channel).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "DingTalk at http://{} refused the message with code 310000 (\"{{\"errcode\":310000,\"errmsg\":\"sign not match, timestamp=1700000000500\"}}\"). Check the bot's address, its signing secret and its security settings (keywords, permitted addresses)",
            receiver.address
        )
    );
    assert!(
        receiver
            .request()
            .line
            .starts_with("POST /robot/send?access_token=t&timestamp=1700000000500&sign=")
    );
}

#[test]
fn a_refusal_tells_status_and_answer_but_not_the_token_in_the_url() {
    let receiver = HttpReceiver::new(&[answer("404 Not Found", "no hook abcdefghijklmnop here\n")]);
    let mut channel = webhook(&receiver.url("/hooks/abcdefghijklmnop"), WebhookFormat::Slack);
    channel.config.take_secrets(&mut channel.secrets);
    let error = deliver(&channel).unwrap_err();
    assert_eq!(
        error,
        ChannelError::Status {
            address: format!("http://{}", receiver.address),
            status: 404,
            answer: "no hook *** here".into()
        }
    );
}

#[test]
fn a_redirection_is_told_and_not_followed() {
    let elsewhere = HttpReceiver::new(&[answer("200 OK", "")]);
    for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let receiver = HttpReceiver::new(&[format!(
            "HTTP/1.1 {status}\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
            elsewhere.url("/stolen?token=1")
        )]);
        let error = deliver(&webhook(&receiver.url("/"), WebhookFormat::Generic)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(&format!("points to http://{};", elsewhere.address)),
            "{text}"
        );
        assert!(elsewhere.is_untouched(), "{status} was followed");
        assert!(!error.is_transient());
    }
}

#[test]
fn an_endless_answer_is_not_read_to_its_end() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 64];
        assert!(stream.read(&mut head).unwrap() > 0);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            .unwrap();
        let chunk = [b'x'; 65_536];
        (0..16_000)
            .take_while(|_| stream.write_all(&chunk).is_ok())
            .count()
    });
    deliver(&webhook(&format!("http://{address}/"), WebhookFormat::Slack)).unwrap();
    let chunks = server.join().unwrap();
    assert!(chunks < 1_000, "{chunks} chunks of 64 KiB were taken");
}

#[test]
fn a_receiver_that_never_answers_is_given_up_after_ten_seconds() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let begin = std::time::Instant::now();
    let error = deliver(&webhook(&url, WebhookFormat::Generic)).unwrap_err();
    assert!(begin.elapsed().as_secs() < 15, "{:?}", begin.elapsed());
    assert!(
        matches!(error, ChannelError::TimedOut { seconds: 10, .. }),
        "{error}"
    );
    assert!(error.is_transient());
}

#[test]
fn nobody_at_the_address_and_a_name_without_an_address_are_told_apart() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let error = deliver(&webhook(
        &format!("http://{closed}/token"),
        WebhookFormat::Generic,
    ))
    .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("http://{closed} cannot be connected to")) && !text.contains("token"),
        "{text}"
    );
    let error = deliver(&webhook("https://hooks.invalid/token", WebhookFormat::Generic)).unwrap_err();
    assert_eq!(
        error,
        ChannelError::NameNotResolved {
            address: "https://hooks.invalid".into()
        }
    );
}

#[test]
fn something_else_than_http_is_told() {
    let receiver = HttpReceiver::new(&["220 mail.example.com ESMTP\r\n".to_owned()]);
    let error = deliver(&webhook(&receiver.url("/"), WebhookFormat::Generic)).unwrap_err();
    assert!(matches!(error, ChannelError::Broken { .. }), "{error}");
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_and_taken_when_the_authority_is_given() {
    let (config, pem) = private_authority();
    let receiver = HttpReceiver::secure(&[answer("200 OK", ""), answer("200 OK", "")], config);
    let mut channel = webhook(
        &format!("https://localhost:{}/", receiver.address.port()),
        WebhookFormat::Generic,
    );
    let (_, other) = private_authority();
    for (authority, trusted) in [(other, false), (pem, true)] {
        if let ChannelConfig::Webhook { ca_pem, .. } = &mut channel.config {
            *ca_pem = Some(authority);
        }
        match deliver(&channel) {
            Ok(()) => assert!(trusted),
            Err(error) => {
                assert!(!trusted && matches!(error, ChannelError::Tls { .. }), "{error}");
                assert!(error.to_string().contains("give that authority's certificate"));
            }
        }
    }
    assert_eq!(receiver.request().line, "POST / HTTP/1.1");
}

#[test]
fn a_receiver_without_tls_at_an_https_address_is_told() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream
            .write_all(answer("400 Bad Request", "").as_bytes())
            .unwrap();
        // Closing before the client has read would take the answer back.
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).ok();
    });
    let error = deliver(&webhook(&format!("https://{address}/"), WebhookFormat::Generic)).unwrap_err();
    assert!(matches!(error, ChannelError::Tls { .. }), "{error}");
    assert!(error.to_string().contains("Check that it speaks TLS"), "{error}");
    server.join().unwrap();
}
