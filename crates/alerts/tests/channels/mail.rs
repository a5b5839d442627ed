use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sluice_alerts::{
    Alert, AlertPhase, Channel, ChannelConfig, ChannelError, ChannelSecrets, Condition, Courier,
    EmailSecurity, Language, Message, Observation, Result,
};
use sluice_model::Secret;

use crate::certificates::private_authority;
use crate::mail_server::{Behaviour, MailServer};

const PASSWORD: &str = "hunter2";

fn channel(port: u16, security: EmailSecurity, authority: Option<String>) -> Channel {
    Channel {
        id: "m".into(),
        name: "mail".into(),
        config: ChannelConfig::Email {
            host: "localhost".into(),
            port,
            security,
            username: Some("sluice".into()),
            from: "Sluice <sluice@example.com>".into(),
            to: vec!["a@example.com".into(), "Team B <b@example.com>".into()],
            ca_pem: authority,
        },
        secrets: ChannelSecrets {
            password: Some(Secret::new(PASSWORD)),
            ..ChannelSecrets::default()
        },
    }
}

fn message() -> Message {
    let alert = Alert {
        rule_id: "r".into(),
        rule_name: "夜班".into(),
        channel_ids: Vec::new(),
        condition: Condition::Failed,
        phase: AlertPhase::Raised,
        at_ms: 1_700_000_000_000,
        since_ms: 1_700_000_000_000,
        count: 0,
        task: Observation {
            task_id: "rp-1".into(),
            task_name: "订单".into(),
            ..Observation::default()
        },
    };
    Message::of(alert, Language::SimplifiedChinese)
}

fn deliver(channel: &Channel) -> Result<()> {
    Courier::default().deliver(channel, &message(), 1_700_000_000_000)
}

fn plain(behaviour: Behaviour) -> (MailServer, Result<()>) {
    let server = MailServer::start(behaviour);
    let result = deliver(&channel(server.port, EmailSecurity::None, None));
    (server, result)
}

fn offering_login() -> Behaviour {
    Behaviour {
        offers: vec!["8BITMIME", "AUTH PLAIN LOGIN"],
        ..Behaviour::default()
    }
}

#[test]
fn a_mail_reaches_every_recipient_with_its_text_in_any_language() {
    let (server, result) = plain(offering_login());
    result.unwrap();
    let lines = server.conversation();
    let login = STANDARD.encode(format!("\0sluice\0{PASSWORD}"));
    assert!(lines[0].starts_with("EHLO "), "{lines:?}");
    assert_eq!(
        lines[1..6],
        [
            format!("AUTH PLAIN {login}"),
            "MAIL FROM:<sluice@example.com>".to_owned(),
            "RCPT TO:<a@example.com>".to_owned(),
            "RCPT TO:<b@example.com>".to_owned(),
            "DATA".to_owned(),
        ]
    );
    let mail = &lines[6..];
    let blank = mail.iter().position(String::is_empty).unwrap();
    let headers = mail[..blank].join("\n");
    let subject = STANDARD.encode("任务“订单”已失败");
    for header in [
        "From: Sluice <sluice@example.com>",
        "To: a@example.com, \"Team B\" <b@example.com>",
        &format!("Subject: =?utf-8?b?{subject}?="),
        "Date: Tue, 14 Nov 2023 22:13:20 +0000",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
    ] {
        assert!(headers.contains(header), "{header} is missing:\n{headers}");
    }
    let body: String = mail[blank..]
        .iter()
        .take_while(|line| *line != ".")
        .cloned()
        .collect();
    assert_eq!(
        String::from_utf8(STANDARD.decode(body).unwrap())
            .unwrap()
            .replace("\r\n", "\n"),
        "任务已停止，不会自动重试。\n请打开任务，排除原因后点击“重试”。\n告警规则：夜班"
    );
}

#[test]
fn each_refusal_says_which_step_which_code_and_what_to_do() {
    for (command, answer, words, transient) in [
        (
            "AUTH",
            "535 5.7.8 no such user, hunter2 AHNsdWljZQBodW50ZXIy",
            "refused the login with 535 (\"5.7.8 no such user, *** ",
            false,
        ),
        (
            "MAIL",
            "550 not yours",
            "refused the sender sluice@example.com with 550 (\"not yours\")",
            false,
        ),
        (
            "RCPT TO:<B@",
            "550 unknown",
            "refused the recipient b@example.com with 550",
            false,
        ),
        (
            "RCPT",
            "451 greylisted",
            "refused the recipient a@example.com with 451 (\"greylisted\"). It asks to try again later",
            true,
        ),
        (".", "554 looks like spam", "refused the message with 554", false),
    ] {
        let (_, result) = plain(Behaviour {
            answers: vec![(command, answer)],
            ..offering_login()
        });
        let error = result.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains(PASSWORD), "{text}");
        assert!(text.starts_with("the mail server localhost:"), "{text}");
        assert_eq!(error.is_transient(), transient, "{text}");
    }
}

#[test]
fn a_server_that_wants_nobody_is_told_by_its_code() {
    let (_, result) = plain(Behaviour {
        greeting: Some("554 go away"),
        ..Behaviour::default()
    });
    let error = result.unwrap_err();
    assert!(
        matches!(&error, ChannelError::Smtp { code: 554, step, .. } if step == "the connection"),
        "{error}"
    );
}

#[test]
fn a_server_that_speaks_something_else_is_told() {
    let (_, result) = plain(Behaviour {
        greeting: Some("HTTP/1.1 400 Bad Request"),
        ..Behaviour::default()
    });
    let error = result.unwrap_err();
    assert!(matches!(error, ChannelError::Broken { .. }), "{error}");
}

#[test]
fn a_login_that_is_not_offered_is_told_before_the_password_leaves() {
    let (server, result) = plain(Behaviour::default());
    let error = result.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("does not offer a login with user and password"),
        "{error}"
    );
    assert!(
        server.conversation().iter().all(|line| line.starts_with("EHLO")),
        "nothing else was said"
    );
}

#[test]
fn starttls_is_taken_before_the_login_and_everything_after_it_is_secure() {
    let (config, pem) = private_authority();
    let server = MailServer::start(Behaviour {
        offers: vec!["STARTTLS", "AUTH PLAIN"],
        tls: Some(config),
        ..Behaviour::default()
    });
    deliver(&channel(server.port, EmailSecurity::Starttls, Some(pem))).unwrap();
    let lines = server.conversation();
    assert_eq!(lines[1..3], ["STARTTLS", "<secure>"]);
    assert!(
        lines[3].starts_with("EHLO") && lines[4].starts_with("AUTH PLAIN"),
        "{lines:?}"
    );
    assert!(lines.contains(&".".to_owned()), "{lines:?}");
}

#[test]
fn a_server_without_starttls_gets_neither_password_nor_message() {
    let server = MailServer::start(offering_login());
    let error = deliver(&channel(server.port, EmailSecurity::Starttls, None)).unwrap_err();
    assert!(
        error.to_string().contains("does not offer STARTTLS. Choose TLS"),
        "{error}"
    );
    assert!(server.conversation().iter().all(|line| line.starts_with("EHLO")));
}

#[test]
fn a_connection_that_is_secure_from_the_beginning_works() {
    let (config, pem) = private_authority();
    let server = MailServer::start(Behaviour {
        tls: Some(config),
        wrapped: true,
        ..offering_login()
    });
    deliver(&channel(server.port, EmailSecurity::Tls, Some(pem))).unwrap();
    assert!(server.conversation().contains(&"DATA".to_owned()));
}

#[test]
fn a_certificate_of_an_unknown_authority_gets_neither_password_nor_message() {
    let (config, _) = private_authority();
    let (_, other) = private_authority();
    for (security, wrapped) in [(EmailSecurity::Starttls, false), (EmailSecurity::Tls, true)] {
        let server = MailServer::start(Behaviour {
            offers: vec!["STARTTLS", "AUTH PLAIN"],
            tls: Some(config.clone()),
            wrapped,
            ..Behaviour::default()
        });
        let error = deliver(&channel(server.port, security, Some(other.clone()))).unwrap_err();
        assert!(matches!(error, ChannelError::Tls { .. }), "{error}");
        assert!(
            server.conversation().iter().all(|line| !line.starts_with("AUTH")),
            "the password was sent"
        );
    }
}

#[test]
fn nobody_at_the_port_and_a_name_without_an_address_are_told_apart() {
    let port = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let mut channel = channel(port, EmailSecurity::None, None);
    let error = deliver(&channel).unwrap_err();
    assert!(matches!(error, ChannelError::NotConnected { .. }), "{error}");
    if let ChannelConfig::Email { host, .. } = &mut channel.config {
        *host = "mail.invalid".into();
    }
    let error = deliver(&channel).unwrap_err();
    assert_eq!(
        error,
        ChannelError::NameNotResolved {
            address: format!("mail.invalid:{port}")
        }
    );
}
