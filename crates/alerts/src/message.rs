use crate::catalogue::catalogue;
use crate::{Alert, Language};

/// The longest reason that is sent, in characters; the task's log has all of it.
const LONGEST_REASON: usize = 400;

/// What a channel delivers: an alert in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub title: String,
    /// Some lines: what happened, why, between which clusters, what to do.
    pub body: String,
    /// When it was written, in ms since 1970.
    pub at_ms: i64,
    /// What it is about; `None` for a message that tries a channel.
    pub alert: Option<Alert>,
}

impl Message {
    /// An alert in `language`.
    pub fn of(alert: Alert, language: Language) -> Self {
        let texts = catalogue(language);
        let task = &alert.task;
        let mut lines = vec![texts.happened(&alert)];
        let reason = one_line(&task.reason, LONGEST_REASON);
        if !reason.is_empty() {
            lines.push(texts.reason(&reason));
        }
        if let (Some(source), Some(target)) = (&task.source, &task.target) {
            lines.push(texts.path(
                &one_line(source, LONGEST_REASON),
                &one_line(target, LONGEST_REASON),
            ));
        }
        lines.extend(texts.advice(&alert).map(str::to_owned));
        lines.push(texts.rule(&one_line(&alert.rule_name, LONGEST_REASON)));
        Self {
            title: one_line(&texts.title(&alert), LONGEST_REASON),
            body: lines.join("\n"),
            at_ms: alert.at_ms,
            alert: Some(alert),
        }
    }

    /// A message that tries the channel called `channel`.
    pub fn test(channel: &str, language: Language, now_ms: i64) -> Self {
        let texts = catalogue(language);
        Self {
            title: texts.test_title(),
            body: texts.test_body(&one_line(channel, LONGEST_REASON)),
            at_ms: now_ms,
            alert: None,
        }
    }

    /// The task it is about, so that a click can open it.
    pub fn task_id(&self) -> Option<&str> {
        self.alert.as_ref().map(|alert| alert.task.task_id.as_str())
    }

    /// Title and body for channels that have one text only.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.title, self.body)
    }
}

/// Makes a text fit for a header or one line of a body.
fn one_line(text: &str, longest: usize) -> String {
    let mut line: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(longest)
        .collect();
    if text.trim().chars().count() > longest {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AlertPhase, Condition, Observation};

    fn alert(condition: Condition, phase: AlertPhase) -> Alert {
        Alert {
            rule_id: "r".into(),
            rule_name: "Night shift".into(),
            channel_ids: Vec::new(),
            condition,
            phase,
            at_ms: 3_700_000,
            since_ms: 100_000,
            count: 2,
            task: Observation {
                task_id: "rp-1".into(),
                task_name: "orders".into(),
                source: Some("old".into()),
                target: Some("new".into()),
                delay_ms: Some(95_000),
                lag: Some(1_200),
                gaps: 3,
                latest_gap: "orders-3 [120, 450)".into(),
                quarantined: 7,
                retention_left_seconds: Some(5_400),
                ..Observation::default()
            },
        }
    }

    const CONDITIONS: [Condition; 9] = [
        Condition::Failed,
        Condition::AbnormalLongerThan { seconds: 60 },
        Condition::DelayOver {
            delay_seconds: 30,
            for_seconds: 60,
        },
        Condition::Stuck { for_seconds: 60 },
        Condition::GapFound,
        Condition::RecordQuarantined,
        Condition::RetentionRisk {
            horizon_seconds: 7_200,
        },
        Condition::NotEqual,
        Condition::Completed,
    ];

    #[test]
    fn a_failure_says_what_happened_why_where_and_what_to_do() {
        let mut alert = alert(Condition::Failed, AlertPhase::Raised);
        alert.task.reason = "the target refuses the password".into();
        let message = Message::of(alert.clone(), Language::English);
        assert_eq!(message.title, "Task \"orders\" has failed");
        assert_eq!(
            message.body,
            "The task has stopped and does not retry by itself.\n\
             Reason: the target refuses the password\n\
             From old to new\n\
             Open the task, remove the cause and choose Retry.\n\
             Alert rule: Night shift"
        );
        assert_eq!(message.task_id(), Some("rp-1"));
        let message = Message::of(alert, Language::SimplifiedChinese);
        assert_eq!(message.title, "任务“orders”已失败");
        assert_eq!(
            message.body,
            "任务已停止，不会自动重试。\n\
             原因：the target refuses the password\n\
             源端：old，目标端：new\n\
             请打开任务，排除原因后点击“重试”。\n\
             告警规则：Night shift"
        );
    }

    #[test]
    fn every_condition_has_its_words_in_both_languages() {
        let english: Vec<String> = CONDITIONS
            .into_iter()
            .map(|condition| {
                let message = Message::of(alert(condition, AlertPhase::Raised), Language::English);
                let first = message.body.lines().next().unwrap_or_default().to_owned();
                format!("{} | {first}", message.title)
            })
            .collect();
        assert_eq!(
            english,
            [
                "Task \"orders\" has failed | The task has stopped and does not retry by itself.",
                "Task \"orders\" has been abnormal for 1 hour | The task has met an error and has retried by itself for 1 hour.",
                "Task \"orders\" is 1 minute 35 seconds behind | The target is 1 minute 35 seconds behind the source (up to 1200 records). It has been more than 30 seconds behind for 1 hour.",
                "Task \"orders\" has been stuck for 1 hour | There are up to 1200 records to copy, and nothing has been copied for 1 hour.",
                "Task \"orders\" has 2 new gaps | The source no longer has records that were not copied yet: 2 new gaps found, 3 in all. The latest: orders-3 [120, 450).",
                "Task \"orders\" has put 2 records into quarantine | The target refused 2 records; 7 in quarantine in all. The task goes on.",
                "Task \"orders\" is about to lose records | In 1 hour 30 minutes the source will delete records that were not copied yet.",
                "Task \"orders\" is not equal on both sides | A verification has found records that differ, or that are gone from the target.",
                "Task \"orders\" is complete | The task has copied everything it was to copy.",
            ]
        );
        let chinese: Vec<String> = CONDITIONS
            .into_iter()
            .map(|condition| {
                let message = Message::of(alert(condition, AlertPhase::Raised), Language::SimplifiedChinese);
                let first = message.body.lines().next().unwrap_or_default().to_owned();
                format!("{} | {first}", message.title)
            })
            .collect();
        assert_eq!(
            chinese,
            [
                "任务“orders”已失败 | 任务已停止，不会自动重试。",
                "任务“orders”已异常 1 小时 | 任务遇到错误，已自动重试 1 小时。",
                "任务“orders”延迟 1 分钟 35 秒 | 目标端落后源端 1 分钟 35 秒（至多 1200 条消息）；落后超过 30 秒已持续 1 小时。",
                "任务“orders”已停滞 1 小时 | 有至多 1200 条消息待复制，但已有 1 小时没有任何复制进展。",
                "任务“orders”新增 2 处缺口 | 源端已不再保存部分尚未复制的消息：新发现 2 处缺口，共 3 处。最近一处：orders-3 [120, 450)。",
                "任务“orders”新隔离 2 条消息 | 目标端拒绝了 2 条消息，隔离区共有 7 条。任务继续运行。",
                "任务“orders”即将丢失消息 | 源端将在 1 小时 30 分钟后删除尚未复制的消息。",
                "任务“orders”两端不一致 | 校验发现存在差异的消息，或目标端缺少消息。",
                "任务“orders”已完成 | 任务已复制全部应复制的消息。",
            ]
        );
    }

    #[test]
    fn what_still_holds_and_what_is_over_have_other_titles() {
        for condition in [
            Condition::Failed,
            Condition::AbnormalLongerThan { seconds: 60 },
            Condition::DelayOver {
                delay_seconds: 30,
                for_seconds: 60,
            },
            Condition::Stuck { for_seconds: 60 },
            Condition::RetentionRisk {
                horizon_seconds: 7_200,
            },
        ] {
            for (language, still) in [
                (Language::English, "Still: "),
                (Language::SimplifiedChinese, "仍未恢复："),
            ] {
                let text = |phase| Message::of(alert(condition.clone(), phase), language);
                let raised = text(AlertPhase::Raised);
                let repeated = text(AlertPhase::Repeated);
                let recovered = text(AlertPhase::Recovered);
                assert_eq!(repeated.title, format!("{still}{}", raised.title));
                assert_ne!(recovered.title, raised.title);
                assert_eq!(
                    recovered.body.lines().count(),
                    3,
                    "nothing is left to do: {}",
                    recovered.body
                );
            }
        }
    }

    #[test]
    fn line_breaks_and_endless_reasons_do_not_get_into_a_message() {
        let mut alert = alert(Condition::Failed, AlertPhase::Raised);
        alert.task.task_name = "a\r\nBcc: b".into();
        alert.task.reason = "x".repeat(1_000);
        let message = Message::of(alert, Language::English);
        assert_eq!(message.title, "Task \"a  Bcc: b\" has failed");
        let reason = message.body.lines().nth(1).unwrap();
        assert!(reason.ends_with('…') && reason.chars().count() < 450, "{reason}");
    }
}
