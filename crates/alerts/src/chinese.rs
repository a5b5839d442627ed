use crate::catalogue::{Catalogue, delay_seconds, duration_parts, held_seconds};
use crate::{Alert, AlertPhase, Condition};

/// The texts in simplified Chinese.
pub(crate) struct Chinese;

impl Catalogue for Chinese {
    fn title(&self, alert: &Alert) -> String {
        let task = format!("任务“{}”", alert.task.task_name);
        let what = match (&alert.condition, alert.phase) {
            (Condition::Failed, AlertPhase::Recovered) => "已恢复运行".to_owned(),
            (Condition::Failed, _) => "已失败".to_owned(),
            (Condition::AbnormalLongerThan { .. }, AlertPhase::Recovered) => "已恢复正常".to_owned(),
            (Condition::AbnormalLongerThan { .. }, _) => {
                format!("已异常 {}", duration(held_seconds(alert)))
            }
            (Condition::DelayOver { .. }, AlertPhase::Recovered) => "延迟已恢复".to_owned(),
            (Condition::DelayOver { .. }, _) => format!("延迟 {}", duration(delay_seconds(alert))),
            (Condition::Stuck { .. }, AlertPhase::Recovered) => "已恢复推进".to_owned(),
            (Condition::Stuck { .. }, _) => format!("已停滞 {}", duration(held_seconds(alert))),
            (Condition::GapFound, _) => format!("新增 {} 处缺口", alert.count),
            (Condition::RecordQuarantined, _) => format!("新隔离 {} 条消息", alert.count),
            (Condition::RetentionRisk { .. }, AlertPhase::Recovered) => "已解除丢失消息的风险".to_owned(),
            (Condition::RetentionRisk { .. }, _) => "即将丢失消息".to_owned(),
            (Condition::NotEqual, AlertPhase::Recovered) => "两端已恢复一致".to_owned(),
            (Condition::NotEqual, _) => "两端不一致".to_owned(),
            (Condition::Completed, _) => "已完成".to_owned(),
        };
        match alert.phase {
            AlertPhase::Repeated => format!("仍未恢复：{task}{what}"),
            AlertPhase::Raised | AlertPhase::Recovered => format!("{task}{what}"),
        }
    }

    fn happened(&self, alert: &Alert) -> String {
        let held = duration(held_seconds(alert));
        match (&alert.condition, alert.phase) {
            (Condition::Failed, AlertPhase::Recovered) => format!("任务失败 {held}后已恢复运行。"),
            (Condition::Failed, AlertPhase::Raised) => "任务已停止，不会自动重试。".to_owned(),
            (Condition::Failed, AlertPhase::Repeated) => {
                format!("任务已停止 {held}，不会自动重试。")
            }
            (Condition::AbnormalLongerThan { .. }, AlertPhase::Recovered) => {
                format!("任务异常 {held}后已恢复正常。")
            }
            (Condition::AbnormalLongerThan { .. }, _) => {
                format!("任务遇到错误，已自动重试 {held}。")
            }
            (Condition::DelayOver { delay_seconds, .. }, AlertPhase::Recovered) => format!(
                "目标端落后源端超过 {} 的情况持续了 {held}，现已恢复。",
                duration(*delay_seconds)
            ),
            (
                Condition::DelayOver {
                    delay_seconds: limit, ..
                },
                _,
            ) => format!(
                "目标端落后源端 {}{}；落后超过 {}已持续 {held}。",
                duration(delay_seconds(alert)),
                alert
                    .task
                    .lag
                    .map_or_else(String::new, |lag| format!("（至多 {lag} 条消息）")),
                duration(*limit),
            ),
            (Condition::Stuck { .. }, AlertPhase::Recovered) => {
                format!("停滞 {held}后已恢复复制。")
            }
            (Condition::Stuck { .. }, _) => format!(
                "{}待复制，但已有 {held}没有任何复制进展。",
                alert
                    .task
                    .lag
                    .map_or_else(|| "有消息".to_owned(), |lag| format!("有至多 {lag} 条消息")),
            ),
            (Condition::GapFound, _) => format!(
                "源端已不再保存部分尚未复制的消息：新发现 {} 处缺口，共 {} 处。{}",
                alert.count,
                alert.task.gaps,
                match alert.task.latest_gap.as_str() {
                    "" => String::new(),
                    gap => format!("最近一处：{gap}。"),
                }
            ),
            (Condition::RecordQuarantined, _) => format!(
                "目标端拒绝了 {} 条消息，隔离区共有 {} 条。任务继续运行。",
                alert.count, alert.task.quarantined
            ),
            (Condition::RetentionRisk { .. }, AlertPhase::Recovered) => {
                "任务的复制位点已离开源端的清理范围。".to_owned()
            }
            (Condition::RetentionRisk { .. }, _) => match alert.task.retention_left_seconds {
                None | Some(0) => "源端正在删除尚未复制的消息。".to_owned(),
                Some(left) => format!("源端将在 {}后删除尚未复制的消息。", duration(left)),
            },
            (Condition::NotEqual, AlertPhase::Recovered) => "对整个任务的校验不再发现差异。".to_owned(),
            (Condition::NotEqual, _) => "校验发现存在差异的消息，或目标端缺少消息。".to_owned(),
            (Condition::Completed, _) => "任务已复制全部应复制的消息。".to_owned(),
        }
    }

    fn advice(&self, alert: &Alert) -> Option<&'static str> {
        if alert.phase == AlertPhase::Recovered {
            return None;
        }
        match alert.condition {
            Condition::Failed => Some("请打开任务，排除原因后点击“重试”。"),
            Condition::AbnormalLongerThan { .. } => {
                Some("请检查源端和目标端集群是否可以连接；连接恢复后任务会自动继续。")
            }
            Condition::DelayOver { .. } if alert.is_held_up() => {
                Some("延迟由该错误造成：请排除原因，或等待集群恢复；提高速度没有作用。")
            }
            Condition::DelayOver { .. } => Some("请检查任务的限流设置和两端集群的负载，或调大任务规格。"),
            Condition::Stuck { .. } if alert.is_held_up() => {
                Some("请排除该错误的原因，或等待集群恢复；之后任务会自动继续。")
            }
            Condition::Stuck { .. } => Some("请查看任务日志，并检查目标端是否接受写入。"),
            Condition::GapFound => {
                Some("请在任务的缺口列表中查看缺失的位点；延长源端的保留时间可避免新的缺口。")
            }
            Condition::RecordQuarantined => Some("请打开任务的隔离区，排除原因后重放消息。"),
            Condition::RetentionRisk { .. } => {
                Some("请延长源端主题的保留时间；若任务已暂停请恢复运行，或提高限流上限。")
            }
            Condition::NotEqual => {
                Some("请打开任务的校验结果查看涉及的消息，并检查是否有其他程序写入目标主题。")
            }
            Condition::Completed => None,
        }
    }

    fn reason(&self, reason: &str) -> String {
        format!("原因：{reason}")
    }

    fn path(&self, source: &str, target: &str) -> String {
        format!("源端：{source}，目标端：{target}")
    }

    fn rule(&self, name: &str) -> String {
        format!("告警规则：{name}")
    }

    fn test_title(&self) -> String {
        "Sluice 测试消息".to_owned()
    }

    fn test_body(&self, channel: &str) -> String {
        format!("发往通道“{channel}”的告警会送达这里。")
    }
}

fn duration(seconds: u64) -> String {
    let units = ["天", "小时", "分钟", "秒"];
    let parts: Vec<String> = duration_parts(seconds)
        .into_iter()
        .map(|(unit, amount)| format!("{amount} {}", units[unit]))
        .collect();
    parts.join(" ")
}
