use crate::catalogue::{Catalogue, delay_seconds, duration_parts, held_seconds};
use crate::{Alert, AlertPhase, Condition};

/// The English texts.
pub(crate) struct English;

impl Catalogue for English {
    fn title(&self, alert: &Alert) -> String {
        let task = format!("Task \"{}\"", alert.task.task_name);
        let what = match (&alert.condition, alert.phase) {
            (Condition::Failed, AlertPhase::Recovered) => "runs again".to_owned(),
            (Condition::Failed, _) => "has failed".to_owned(),
            (Condition::AbnormalLongerThan { .. }, AlertPhase::Recovered) => "runs normally again".to_owned(),
            (Condition::AbnormalLongerThan { .. }, _) => {
                format!("has been abnormal for {}", duration(held_seconds(alert)))
            }
            (Condition::DelayOver { .. }, AlertPhase::Recovered) => "has caught up".to_owned(),
            (Condition::DelayOver { .. }, _) => format!("is {} behind", duration(delay_seconds(alert))),
            (Condition::Stuck { .. }, AlertPhase::Recovered) => "moves again".to_owned(),
            (Condition::Stuck { .. }, _) => format!("has been stuck for {}", duration(held_seconds(alert))),
            (Condition::GapFound, _) => format!("has {}", plural(alert.count, "new gap", "new gaps")),
            (Condition::RecordQuarantined, _) => format!(
                "has put {} into quarantine",
                plural(alert.count, "record", "records")
            ),
            (Condition::RetentionRisk { .. }, AlertPhase::Recovered) => {
                "is no longer about to lose records".to_owned()
            }
            (Condition::RetentionRisk { .. }, _) => "is about to lose records".to_owned(),
            (Condition::NotEqual, AlertPhase::Recovered) => "is equal on both sides again".to_owned(),
            (Condition::NotEqual, _) => "is not equal on both sides".to_owned(),
            (Condition::Completed, _) => "is complete".to_owned(),
        };
        match alert.phase {
            AlertPhase::Repeated => format!("Still: {task} {what}"),
            AlertPhase::Raised | AlertPhase::Recovered => format!("{task} {what}"),
        }
    }

    fn happened(&self, alert: &Alert) -> String {
        let held = duration(held_seconds(alert));
        match (&alert.condition, alert.phase) {
            (Condition::Failed, AlertPhase::Recovered) => {
                format!("The task runs again, {held} after it had failed.")
            }
            (Condition::Failed, AlertPhase::Raised) => {
                "The task has stopped and does not retry by itself.".to_owned()
            }
            (Condition::Failed, AlertPhase::Repeated) => {
                format!("The task stopped {held} ago and does not retry by itself.")
            }
            (Condition::AbnormalLongerThan { .. }, AlertPhase::Recovered) => {
                format!("The task runs normally again after {held}.")
            }
            (Condition::AbnormalLongerThan { .. }, _) => {
                format!("The task has met an error and has retried by itself for {held}.")
            }
            (Condition::DelayOver { delay_seconds, .. }, AlertPhase::Recovered) => format!(
                "The target was more than {} behind the source for {held}; it is not any more.",
                duration(*delay_seconds)
            ),
            (
                Condition::DelayOver {
                    delay_seconds: limit, ..
                },
                _,
            ) => format!(
                "The target is {} behind the source{}. It has been more than {} behind for {held}.",
                duration(delay_seconds(alert)),
                alert.task.lag.map_or_else(String::new, |lag| format!(
                    " (up to {})",
                    plural(lag, "record", "records")
                )),
                duration(*limit),
            ),
            (Condition::Stuck { .. }, AlertPhase::Recovered) => {
                format!("Records are copied again after a standstill of {held}.")
            }
            (Condition::Stuck { .. }, _) => format!(
                "There {} to copy, and nothing has been copied for {held}.",
                alert.task.lag.map_or_else(
                    || "are records".to_owned(),
                    |lag| format!(
                        "{} up to {}",
                        if lag == 1 { "is" } else { "are" },
                        plural(lag, "record", "records")
                    )
                ),
            ),
            (Condition::GapFound, _) => gaps(alert),
            (Condition::RecordQuarantined, _) => format!(
                "The target refused {}; {} in quarantine in all. The task goes on.",
                plural(alert.count, "record", "records"),
                alert.task.quarantined
            ),
            (Condition::RetentionRisk { .. }, AlertPhase::Recovered) => {
                "The task is far enough ahead of the source's retention again.".to_owned()
            }
            (Condition::RetentionRisk { .. }, _) => match alert.task.retention_left_seconds {
                None | Some(0) => "The source deletes records that were not copied yet.".to_owned(),
                Some(left) => format!(
                    "In {} the source will delete records that were not copied yet.",
                    duration(left)
                ),
            },
            (Condition::NotEqual, AlertPhase::Recovered) => {
                "A verification of the whole task has found no difference any more.".to_owned()
            }
            (Condition::NotEqual, _) => {
                "A verification has found records that differ, or that are gone from the target.".to_owned()
            }
            (Condition::Completed, _) => "The task has copied everything it was to copy.".to_owned(),
        }
    }

    fn advice(&self, alert: &Alert) -> Option<&'static str> {
        if alert.phase == AlertPhase::Recovered {
            return None;
        }
        match alert.condition {
            Condition::Failed => Some("Open the task, remove the cause and choose Retry."),
            Condition::AbnormalLongerThan { .. } => {
                Some("Check that both clusters can be reached; the task goes on by itself when they can.")
            }
            Condition::DelayOver { .. } if alert.is_held_up() => Some(
                "The delay comes from this error: remove its cause, or wait until the cluster is back. A higher speed would not help.",
            ),
            Condition::DelayOver { .. } => Some(
                "Check the task's rate limit and the load of both clusters, or give the task a bigger spec.",
            ),
            Condition::Stuck { .. } if alert.is_held_up() => Some(
                "Remove the cause of this error, or wait until the cluster is back; the task goes on by itself then.",
            ),
            Condition::Stuck { .. } => {
                Some("Open the task's log, and check that the target accepts records.")
            }
            Condition::GapFound => Some(
                "Open the task's gaps to see which offsets are missing. A longer retention at the source prevents more of them.",
            ),
            Condition::RecordQuarantined => {
                Some("Open the task's quarantine, remove the cause and replay the records.")
            }
            Condition::RetentionRisk { .. } => Some(
                "Raise the retention of the source topics, resume the task if it is paused, or raise its rate limit.",
            ),
            Condition::NotEqual => Some(
                "Open the task's verification to see which records are concerned, and look for another program that writes to the target topics.",
            ),
            Condition::Completed => None,
        }
    }

    fn reason(&self, reason: &str) -> String {
        format!("Reason: {reason}")
    }

    fn path(&self, source: &str, target: &str) -> String {
        format!("From {source} to {target}")
    }

    fn rule(&self, name: &str) -> String {
        format!("Alert rule: {name}")
    }

    fn test_title(&self) -> String {
        "Test message from Sluice".to_owned()
    }

    fn test_body(&self, channel: &str) -> String {
        format!("Alerts to the channel \"{channel}\" arrive here.")
    }
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn duration(seconds: u64) -> String {
    let units = [
        ("day", "days"),
        ("hour", "hours"),
        ("minute", "minutes"),
        ("second", "seconds"),
    ];
    let parts: Vec<String> = duration_parts(seconds)
        .into_iter()
        .map(|(unit, amount)| plural(amount, units[unit].0, units[unit].1))
        .collect();
    parts.join(" ")
}

/// What is known of new gaps.
fn gaps(alert: &Alert) -> String {
    format!(
        "The source no longer has records that were not copied yet: {} found, {} in all.{}",
        plural(alert.count, "new gap", "new gaps"),
        alert.task.gaps,
        match alert.task.latest_gap.as_str() {
            "" => String::new(),
            gap => format!(" The latest: {gap}."),
        }
    )
}
