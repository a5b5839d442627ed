use serde::Serialize;

use crate::{AlertPhase, ChannelError, Message, Result, Severity, WebhookFormat};

/// The longest text WeCom takes, in bytes.
const WECOM_BYTES: usize = 2_048;
/// The longest text that is sent to the others, in bytes; each of them takes more.
const TEXT_BYTES: usize = 4_096;

/// The body of [`WebhookFormat::Generic`]; described in `docs/alerts.md`.
#[derive(Serialize)]
struct GenericBody<'a> {
    version: u32,
    event: &'static str,
    severity: Severity,
    title: &'a str,
    body: &'a str,
    at_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<AlertBody<'a>>,
}

#[derive(Serialize)]
struct AlertBody<'a> {
    condition: &'static str,
    since_ms: i64,
    count: u64,
    rule: Named<'a>,
    task: TaskBody<'a>,
}

#[derive(Serialize)]
struct Named<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct TaskBody<'a> {
    id: &'a str,
    name: &'a str,
    state: &'a str,
    source: Option<&'a str>,
    target: Option<&'a str>,
    delay_ms: Option<u64>,
    lag_records: Option<u64>,
    gaps: u64,
    quarantined: u64,
    retention_left_seconds: Option<u64>,
    reason: &'a str,
}

#[derive(Serialize)]
struct SlackBody {
    text: String,
}

/// DingTalk's and WeCom's.
#[derive(Serialize)]
struct RobotBody {
    msgtype: &'static str,
    text: RobotText,
}

#[derive(Serialize)]
struct RobotText {
    content: String,
}

#[derive(Serialize)]
struct FeishuBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign: Option<String>,
    msg_type: &'static str,
    content: FeishuText,
}

#[derive(Serialize)]
struct FeishuText {
    text: String,
}

impl RobotBody {
    fn new(text: &str, bytes: usize) -> Self {
        Self {
            msgtype: "text",
            text: RobotText {
                content: shortened(text, bytes),
            },
        }
    }
}

/// A time and a signature that go into the body.
pub(crate) struct Stamp {
    pub(crate) timestamp: i64,
    pub(crate) sign: String,
}

/// The JSON body of a message.
///
/// # Errors
/// It cannot be written as JSON.
pub(crate) fn body(format: WebhookFormat, message: &Message, stamp: Option<Stamp>) -> Result<Vec<u8>> {
    let text = message.text();
    match format {
        WebhookFormat::Generic => encode(&generic(message)),
        WebhookFormat::Slack => {
            // Slack's three control characters: otherwise a name could call everybody.
            let escaped = text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            encode(&SlackBody {
                text: shortened(&escaped, TEXT_BYTES),
            })
        }
        WebhookFormat::Feishu => {
            let (timestamp, sign) = match stamp {
                Some(stamp) => (Some(stamp.timestamp.to_string()), Some(stamp.sign)),
                None => (None, None),
            };
            encode(&FeishuBody {
                timestamp,
                sign,
                msg_type: "text",
                content: FeishuText {
                    // `<at …>` would call people; Feishu has no way to write it as text.
                    text: shortened(&text.replace('<', "＜"), TEXT_BYTES),
                },
            })
        }
        WebhookFormat::DingTalk => encode(&RobotBody::new(&text, TEXT_BYTES)),
        WebhookFormat::WeCom => encode(&RobotBody::new(&text, WECOM_BYTES)),
    }
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| ChannelError::Setup {
        reason: format!("the message cannot be written as JSON: {error}"),
    })
}

fn generic(message: &Message) -> GenericBody<'_> {
    let alert = message.alert.as_ref();
    GenericBody {
        version: 1,
        event: match alert.map(|alert| alert.phase) {
            None => "test",
            Some(AlertPhase::Raised) => "raised",
            Some(AlertPhase::Repeated) => "repeated",
            Some(AlertPhase::Recovered) => "recovered",
        },
        severity: alert.map_or(Severity::Info, |alert| alert.severity()),
        title: &message.title,
        body: &message.body,
        at_ms: message.at_ms,
        alert: alert.map(|alert| AlertBody {
            condition: alert.condition.word(),
            since_ms: alert.since_ms,
            count: alert.count,
            rule: Named {
                id: &alert.rule_id,
                name: &alert.rule_name,
            },
            task: TaskBody {
                id: &alert.task.task_id,
                name: &alert.task.task_name,
                state: &alert.task.state,
                source: alert.task.source.as_deref(),
                target: alert.task.target.as_deref(),
                delay_ms: alert.task.delay_ms,
                lag_records: alert.task.lag,
                gaps: alert.task.gaps,
                quarantined: alert.task.quarantined,
                retention_left_seconds: alert.task.retention_left_seconds,
                reason: &alert.task.reason,
            },
        }),
    }
}

/// The beginning of a text, by whole characters.
fn shortened(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mark = "…";
    let mut end = bytes - mark.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{mark}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Alert, Condition, Language, Observation};

    fn message(title: &str) -> Message {
        Message {
            title: title.into(),
            body: "b".into(),
            at_ms: 1_700_000_000_000,
            alert: None,
        }
    }

    fn text(format: WebhookFormat, message: &Message, stamp: Option<Stamp>) -> String {
        String::from_utf8(body(format, message, stamp).unwrap()).unwrap()
    }

    #[test]
    fn each_provider_gets_exactly_its_body() {
        let message = message("<!channel> & \"任务\"");
        assert_eq!(
            text(WebhookFormat::Slack, &message, None),
            r#"{"text":"&lt;!channel&gt; &amp; \"任务\"\nb"}"#
        );
        assert_eq!(
            text(WebhookFormat::Feishu, &message, None),
            r#"{"msg_type":"text","content":{"text":"＜!channel> & \"任务\"\nb"}}"#
        );
        let stamp = Stamp {
            timestamp: 1_700_000_000,
            sign: "c2lnbg==".into(),
        };
        assert_eq!(
            text(WebhookFormat::Feishu, &message, Some(stamp)),
            r#"{"timestamp":"1700000000","sign":"c2lnbg==","msg_type":"text","content":{"text":"＜!channel> & \"任务\"\nb"}}"#
        );
        for format in [WebhookFormat::DingTalk, WebhookFormat::WeCom] {
            assert_eq!(
                text(format, &message, None),
                r#"{"msgtype":"text","text":{"content":"<!channel> & \"任务\"\nb"}}"#
            );
        }
    }

    #[test]
    fn the_generic_body_tells_everything_by_field() {
        let message = Message::of(
            Alert {
                rule_id: "r1".into(),
                rule_name: "Delay".into(),
                channel_ids: Vec::new(),
                condition: Condition::DelayOver {
                    delay_seconds: 30,
                    for_seconds: 60,
                },
                phase: AlertPhase::Raised,
                at_ms: 1_700_000_060_000,
                since_ms: 1_700_000_000_000,
                count: 0,
                task: Observation {
                    task_id: "rp-1".into(),
                    task_name: "orders".into(),
                    source: Some("old".into()),
                    state: "running".into(),
                    delay_ms: Some(31_000),
                    lag: Some(5),
                    ..Observation::default()
                },
            },
            Language::English,
        );
        assert_eq!(
            text(WebhookFormat::Generic, &message, None),
            concat!(
                r#"{"version":1,"event":"raised","severity":"warning","title":"Task \"orders\" is 31 seconds behind","#,
                r#""body":"The target is 31 seconds behind the source (up to 5 records). It has been more than 30 seconds behind for 1 minute.\n"#,
                r#"Check the task's rate limit and the load of both clusters, or give the task a bigger spec.\nAlert rule: Delay","#,
                r#""at_ms":1700000060000,"alert":{"condition":"delay_over","since_ms":1700000000000,"count":0,"#,
                r#""rule":{"id":"r1","name":"Delay"},"task":{"id":"rp-1","name":"orders","state":"running","source":"old","#,
                r#""target":null,"delay_ms":31000,"lag_records":5,"gaps":0,"quarantined":0,"retention_left_seconds":null,"reason":""}}}"#
            )
        );
        assert_eq!(
            text(WebhookFormat::Generic, &self::message("t"), None),
            r#"{"version":1,"event":"test","severity":"info","title":"t","body":"b","at_ms":1700000000000}"#
        );
    }

    #[test]
    fn a_text_too_long_for_wecom_is_cut_between_characters() {
        let message = message(&"中".repeat(1_000));
        let json: serde_json::Value =
            serde_json::from_slice(&body(WebhookFormat::WeCom, &message, None).unwrap()).unwrap();
        let content = json["text"]["content"].as_str().unwrap();
        assert!(
            content.len() <= 2_048 && content.len() > 2_040,
            "{}",
            content.len()
        );
        assert!(content.ends_with("中…"));
    }
}
