//! How messages leave: webhooks of every form and e-mails, and what the history says of those that do not arrive.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sluice_alerts::{
    ChannelConfig, ChannelSecrets, Condition, DESKTOP_CHANNEL_ID, EmailSecurity, WebhookFormat,
};
use sluice_app::{ChannelInput, ChannelPut, ChannelRemove, ChannelTest, ChannelView, ErrorCode};
use sluice_model::Secret;
use sluice_store::ChannelRow;
use sluice_tests::{Ground, TASK, ends, eventually};

use crate::mail_sink::MailSink;
use crate::receiver::{Receiver, hmac_sha256};

const SIGNING: &str = "signing-secret-of-the-channel";

fn channel(
    ground: &Ground,
    name: &str,
    config: ChannelConfig,
    secrets: ChannelSecrets,
) -> sluice_app::Result<ChannelView> {
    let channel = ChannelInput {
        id: String::new(),
        name: name.to_owned(),
        config,
        secrets,
    };
    let app = ground
        .app()
        .map_err(|error| sluice_app::AppError::new(ErrorCode::Internal, error.to_string()))?;
    app.call(ChannelPut { channel })
}

fn webhook(url: &str, format: WebhookFormat) -> ChannelConfig {
    ChannelConfig::Webhook {
        url: url.to_owned(),
        format,
        headers: BTreeMap::new(),
        ca_pem: None,
    }
}

fn signed_with(secret: &str) -> ChannelSecrets {
    ChannelSecrets {
        signing_secret: Some(Secret::new(secret)),
        ..ChannelSecrets::default()
    }
}

/// A signed webhook of our own form; returns its id.
fn operations(ground: &Ground, url: &str) -> Result<String> {
    let channel = channel(
        ground,
        "Operations",
        webhook(url, WebhookFormat::Generic),
        signed_with(SIGNING),
    )?;
    assert!(channel.has_secrets);
    let seen = serde_json::to_string(&channel)?;
    assert!(!seen.contains("secret-path") && !seen.contains(SIGNING), "{seen}");
    Ok(channel.id)
}

fn tell_both(ground: &Ground, channel: &str) -> Result<()> {
    ground.rule("Failures", Condition::Failed, |rule| {
        rule.channel_ids = vec![channel.to_owned(), DESKTOP_CHANNEL_ID.to_owned()];
    })?;
    Ok(())
}

#[test]
fn a_webhook_gets_a_signed_message_of_a_failure_and_of_a_test() -> Result<()> {
    let receiver = Receiver::answering("200 OK")?;
    let ground = Ground::running()?;
    let channel = operations(&ground, &receiver.url())?;
    ground.app()?.call(ChannelTest {
        channel: "Operations".into(),
    })?;
    let posts = receiver.posts();
    assert_eq!(posts.len(), 1, "{posts:#?}");
    let test = posts.first().context("a post")?;
    assert_eq!(test.path, "/hook/secret-path");
    assert!(test.is_signed_with(SIGNING)?);
    assert!(!test.is_signed_with("another secret")?);
    assert_eq!(test.json()?["event"], "test");
    assert_eq!(ends(&ground.history()?), [("test", "sent", "Operations")]);

    tell_both(&ground, &channel)?;
    ground.fail()?;
    eventually("the receiver is told", || Ok(receiver.posts().len() == 2))?;
    let post = receiver.posts().pop().context("a post")?;
    assert!(post.is_signed_with(SIGNING)?);
    let body = post.json()?;
    assert_eq!(body["event"], "raised", "{body:#}");
    assert_eq!(body["alert"]["condition"], "failed", "{body:#}");
    assert_eq!(body["alert"]["task"]["name"], TASK, "{body:#}");
    assert_eq!(
        body["alert"]["task"]["id"],
        ground.task()?.id.as_str(),
        "{body:#}"
    );
    assert_eq!(body["alert"]["task"]["state"], "failed", "{body:#}");
    eventually("everybody is told", || Ok(ground.history()?.len() == 4))?;
    let history = ground.history()?;
    assert!(history.iter().all(|row| row.state == "sent"), "{history:#?}");
    let removed = ground.app()?.call(ChannelRemove { channel });
    assert_eq!(
        removed.map_err(|error| error.code),
        Err(ErrorCode::Refused),
        "a rule uses it"
    );
    Ok(())
}

#[test]
fn a_webhook_that_does_not_take_a_message_is_undeliverable_in_the_history_and_holds_nobody_up() -> Result<()>
{
    let receiver = Receiver::answering("403 Forbidden")?;
    let ground = Ground::running()?;
    let channel = operations(&ground, &receiver.url())?;
    let tested = ground.app()?.call(ChannelTest {
        channel: channel.clone(),
    });
    let error = tested.err().context("the test fails")?;
    assert_eq!(error.code, ErrorCode::Refused);
    assert!(
        error.message.contains("403") && !error.message.contains("secret-path"),
        "{error}"
    );
    assert_eq!(
        ends(&ground.history()?),
        [("test", "undeliverable", "Operations")]
    );
    tell_both(&ground, &channel)?;
    ground.fail()?;
    eventually("it is given up", || Ok(ground.history()?.len() == 4))?;
    let history = ground.history()?;
    let failed: Vec<_> = history
        .iter()
        .filter(|row| row.kind == "raised" && row.state == "undeliverable")
        .collect();
    assert_eq!(failed.len(), 1, "{history:#?}");
    let detail = failed
        .first()
        .and_then(|row| row.detail.clone())
        .unwrap_or_default();
    assert!(
        detail.contains("403") && !detail.contains("secret-path"),
        "{detail}"
    );
    let desktop: Vec<_> = history
        .iter()
        .filter(|row| row.channel_name == "Desktop")
        .collect();
    assert_eq!(desktop.len(), 2, "both rules tell the desktop");
    assert!(desktop.iter().all(|row| row.state == "sent"), "{desktop:#?}");
    Ok(())
}

#[test]
fn each_provider_gets_a_text_in_its_form_signed_as_it_signs() -> Result<()> {
    let receiver = Receiver::answering("200 OK")?;
    let ground = Ground::new()?;
    let post = |name: &str, format: WebhookFormat, secrets: ChannelSecrets| {
        channel(&ground, name, webhook(&receiver.url(), format), secrets)?;
        ground.app()?.call(ChannelTest { channel: name.into() })?;
        receiver.posts().pop().context("nothing came")
    };
    let title = || {
        let row = ground.history()?.into_iter().next().context("no row")?;
        assert_eq!((row.kind.as_str(), row.state.as_str()), ("test", "sent"));
        anyhow::Ok(row.title)
    };
    let none = ChannelSecrets::default;

    let slack = post("Slack", WebhookFormat::Slack, none())?.json()?;
    let text = slack["text"].as_str().context("Slack's text")?;
    assert!(text.contains(&title()?), "{slack:#}");
    let we_com = post("WeCom", WebhookFormat::WeCom, none())?.json()?;
    assert_eq!(we_com["msgtype"], "text", "{we_com:#}");
    let text = we_com["text"]["content"].as_str().context("WeCom's text")?;
    assert!(text.contains(&title()?), "{we_com:#}");

    let feishu = post("Feishu", WebhookFormat::Feishu, signed_with(SIGNING))?.json()?;
    assert_eq!(feishu["msg_type"], "text", "{feishu:#}");
    let text = feishu["content"]["text"].as_str().context("Feishu's text")?;
    assert!(text.contains(&title()?), "{feishu:#}");
    let time = feishu["timestamp"].as_str().context("Feishu's timestamp")?;
    let sign = STANDARD.encode(hmac_sha256(format!("{time}\n{SIGNING}").as_bytes(), b"")?);
    assert_eq!(feishu["sign"], sign.as_str(), "{feishu:#}");

    let ding_talk = post("DingTalk", WebhookFormat::DingTalk, signed_with(SIGNING))?;
    let body = ding_talk.json()?;
    assert_eq!(body["msgtype"], "text", "{body:#}");
    let (_, query) = ding_talk.path.split_once('?').context("DingTalk's query")?;
    let asked: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let time = asked.get("timestamp").context("DingTalk's timestamp")?;
    let sign = STANDARD.encode(hmac_sha256(
        SIGNING.as_bytes(),
        format!("{time}\n{SIGNING}").as_bytes(),
    )?);
    let given = asked.get("sign").context("DingTalk's signature")?;
    assert_eq!(
        given.replace("%2B", "+").replace("%2F", "/").replace("%3D", "="),
        sign
    );

    let refused = channel(
        &ground,
        "Signed Slack",
        webhook(&receiver.url(), WebhookFormat::Slack),
        signed_with(SIGNING),
    );
    let fields = refused.err().map(|error| error.fields).unwrap_or_default();
    let names: Vec<_> = fields.iter().map(|field| field.field.as_str()).collect();
    assert_eq!(names, ["signing_secret"], "{fields:?}");
    Ok(())
}

fn mail(port: u16, to: &[&str]) -> (ChannelConfig, ChannelSecrets) {
    let config = ChannelConfig::Email {
        host: "127.0.0.1".into(),
        port,
        security: EmailSecurity::None,
        username: Some("sluice".into()),
        from: "Sluice <sluice@example.com>".into(),
        to: to.iter().map(|address| (*address).to_owned()).collect(),
        ca_pem: None,
    };
    let secrets = ChannelSecrets {
        password: Some(Secret::new(MAIL_PASSWORD)),
        ..ChannelSecrets::default()
    };
    (config, secrets)
}

const MAIL_PASSWORD: &str = "mail-secret-of-the-channel";

/// A mail's lines without the breaks that its encoding makes.
fn unfolded(lines: &[String]) -> String {
    lines
        .iter()
        .map(|line| line.strip_suffix('=').unwrap_or(line))
        .collect()
}

#[test]
fn a_failure_is_mailed_after_a_login_and_a_refused_recipient_is_in_the_history() -> Result<()> {
    let server = MailSink::start()?;
    let ground = Ground::running()?;
    let (config, secrets) = mail(server.port(), &["ops@example.com", "Night <night@example.com>"]);
    let good = channel(&ground, "Mail", config, secrets)?;
    assert!(good.has_secrets && !serde_json::to_string(&good)?.contains(MAIL_PASSWORD));
    let (config, secrets) = mail(server.port(), &["ops@example.com", "refused@example.com"]);
    let bad = channel(&ground, "Bad mail", config, secrets)?;
    ground.rule("Mails", Condition::Failed, |rule| {
        rule.channel_ids = vec![good.id.clone(), bad.id.clone()];
    })?;
    ground.fail()?;
    eventually("both have an end", || Ok(ground.told_by("Mails")?.len() == 2))?;
    let history = ground.told_by("Mails")?;
    let row = |channel: &str| {
        let found = history.iter().find(|row| row.channel_name == channel);
        found.with_context(|| format!("no row of {channel}: {history:#?}"))
    };
    let (sent, undeliverable) = (row("Mail")?, row("Bad mail")?);
    assert_eq!((sent.state.as_str(), &sent.detail), ("sent", &None));
    assert_eq!(undeliverable.state, "undeliverable");
    let detail = undeliverable.detail.clone().unwrap_or_default();
    assert!(
        detail.contains("refused@example.com") && detail.contains("550") && !detail.contains(MAIL_PASSWORD),
        "{detail}"
    );

    let mails = server.mails();
    assert_eq!(
        mails.len(),
        1,
        "a refused recipient refuses the whole message: {mails:#?}"
    );
    let mail = mails.first().context("a mail")?;
    assert_eq!(
        mail.login.as_deref(),
        Some(format!("\0sluice\0{MAIL_PASSWORD}").as_str())
    );
    assert_eq!(mail.from, "sluice@example.com");
    assert_eq!(mail.to, ["ops@example.com", "night@example.com"]);
    let title = format!("Subject: {}", sent.title);
    assert!(mail.lines.contains(&title), "{title}: {:#?}", mail.lines);
    assert!(
        mail.lines
            .iter()
            .any(|line| line.contains("Auto-Submitted: auto-generated")),
        "{:#?}",
        mail.lines
    );
    assert!(
        unfolded(&mail.lines).contains("AUTHORIZATION_FAILED"),
        "why it has failed: {:#?}",
        mail.lines
    );
    Ok(())
}

#[test]
fn a_channel_whose_server_is_not_there_is_told_so_by_its_test() -> Result<()> {
    let ground = Ground::new()?;
    let port = MailSink::start()?.port();
    let (config, secrets) = mail(port, &["ops@example.com"]);
    channel(&ground, "Mail", config, secrets)?;
    let error = ground
        .app()?
        .call(ChannelTest {
            channel: "Mail".into(),
        })
        .err()
        .context("nobody is there")?;
    assert_eq!(error.code, ErrorCode::Refused);
    assert!(
        error.message.contains(&format!("127.0.0.1:{port}")) && !error.message.contains(MAIL_PASSWORD),
        "{error}"
    );
    let history = ground.history()?;
    assert_eq!(ends(&history), [("test", "undeliverable", "Mail")]);
    assert_eq!(history[0].detail.as_deref(), Some(error.message.as_str()));
    Ok(())
}

#[test]
fn a_channel_that_cannot_be_read_any_more_is_undeliverable_and_silences_no_other() -> Result<()> {
    let receiver = Receiver::answering("200 OK")?;
    let ground = Ground::running()?;
    let channel = operations(&ground, &receiver.url())?;
    tell_both(&ground, &channel)?;
    ground.store()?.put_channel(&ChannelRow {
        id: channel,
        name: "Operations".into(),
        body: serde_json::json!({"kind": "of a version to come"}),
        secrets: BTreeMap::new(),
        created_ms: 0,
        updated_ms: 0,
    })?;
    ground.fail()?;
    eventually("everybody has an end", || Ok(ground.history()?.len() == 3))?;
    let told = ground.told_by("Failures")?;
    let row = told.iter().find(|row| row.channel_name == "Operations");
    let row = row.with_context(|| format!("{told:#?}"))?;
    let detail = row.detail.clone().unwrap_or_default();
    assert_eq!(row.state, "undeliverable", "{row:#?}");
    assert!(detail.contains("enter it again"), "{detail}");
    assert_eq!(ground.shown()?.len(), 2, "both rules tell the desktop");
    Ok(())
}
