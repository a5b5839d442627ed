//! What one rule remembers of one task, and what it makes of what is observed.

use serde::{Deserialize, Serialize};

use crate::observation::Activity;
use crate::{AlertPhase, Condition, Observation, Rule};

/// How long a task may be unobserved before a delay without an alert begins to count from 0 again, in ms: what the
/// delay was while the program was closed is not known.
const UNOBSERVED_MS: i64 = 60_000;
/// How often, in seconds, an alert is raised for new gaps or quarantined records of one task when the rule names no
/// interval. What comes in between is counted in the next one.
const COUNTER_PAUSE_SECONDS: u64 = 300;
/// A retention risk is over when this much more than the horizon is left, so that it does not come and go.
const RETENTION_MARGIN_PERCENT: u64 = 10;

/// What is remembered of a task for one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaskMemory {
    raised: Option<Raised>,
    /// Since when a measured value is beyond its limit.
    beyond_since_ms: Option<i64>,
    /// The counter's value up to which alerts were raised.
    counted: u64,
    /// When an alert was last raised for a counter's increase.
    counter_told_ms: Option<i64>,
    seen_ms: i64,
}

/// A condition with an alert that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Raised {
    since_ms: i64,
    told_ms: i64,
    /// The task was seen in between on its way to another state.
    interrupted: bool,
}

/// What an observation says about a condition.
enum Verdict {
    Holds { since_ms: i64 },
    Unclear,
    Over,
    Moot,
}

impl TaskMemory {
    pub(crate) fn agrees_with(&self, saved: &Self) -> bool {
        let unseen_ms = self.seen_ms.saturating_sub(saved.seen_ms).saturating_abs();
        let is_timed = self.beyond_since_ms.is_some() && self.raised.is_none();
        let as_saved = Self {
            seen_ms: saved.seen_ms,
            ..self.clone()
        };
        as_saved == *saved && !(is_timed && unseen_ms > UNOBSERVED_MS / 2)
    }

    /// A rule that is new raises nothing for what happened before it; a task that is new has no before.
    pub(crate) fn new(rule: &Rule, task: &Observation, rule_known: bool, now_ms: i64) -> Self {
        let mut memory = Self {
            seen_ms: now_ms,
            ..Self::default()
        };
        if !rule_known {
            memory.counted = counter(&rule.condition, task).unwrap_or(0);
            if rule.condition == Condition::Completed && task.state == "completed" {
                memory.raised = Some(Raised::at(task.since_ms, now_ms));
            }
        }
        memory
    }

    pub(crate) fn observe(
        &mut self,
        rule: &Rule,
        task: &Observation,
        now_ms: i64,
    ) -> Option<(AlertPhase, i64, u64)> {
        if now_ms.saturating_sub(self.seen_ms) > UNOBSERVED_MS && self.raised.is_none() {
            self.beyond_since_ms = None;
        }
        self.seen_ms = now_ms;
        if let Some(count) = counter(&rule.condition, task) {
            return self.count(rule, count, now_ms);
        }
        match self.judge(&rule.condition, task, now_ms) {
            Verdict::Holds { since_ms } => self.hold(rule, since_ms, now_ms),
            Verdict::Unclear => {
                if let Some(raised) = &mut self.raised {
                    raised.interrupted = true;
                }
                None
            }
            Verdict::Over => {
                let raised = self.raised.take()?;
                rule.notify_recovery
                    .then_some((AlertPhase::Recovered, raised.since_ms, 0))
            }
            Verdict::Moot => {
                self.raised = None;
                None
            }
        }
    }

    fn count(&mut self, rule: &Rule, count: u64, now_ms: i64) -> Option<(AlertPhase, i64, u64)> {
        // A counter that went back belongs to a task that began from 0 again.
        self.counted = self.counted.min(count);
        let new = count - self.counted;
        let pause = rule.repeat_seconds.unwrap_or(COUNTER_PAUSE_SECONDS);
        self.counter_told_ms = self.counter_told_ms.map(|at| at.min(now_ms));
        if new == 0 || !self.counter_told_ms.is_none_or(|at| due(at, pause, now_ms)) {
            return None;
        }
        self.counted = count;
        self.counter_told_ms = Some(now_ms);
        Some((AlertPhase::Raised, now_ms, new))
    }

    fn hold(&mut self, rule: &Rule, since_ms: i64, now_ms: i64) -> Option<(AlertPhase, i64, u64)> {
        // Only a person takes a task out of Failed, so that failing once more is another alert.
        let failed_again = |raised: &Raised| raised.interrupted && rule.condition == Condition::Failed;
        match &mut self.raised {
            Some(raised) if !failed_again(raised) => {
                raised.interrupted = false;
                let repeat = rule
                    .repeat_seconds
                    .filter(|_| rule.condition != Condition::Completed)?;
                // A clock that was set back must not silence an alert for as long.
                raised.told_ms = raised.told_ms.min(now_ms);
                if !due(raised.told_ms, repeat, now_ms) {
                    return None;
                }
                raised.told_ms = now_ms;
                Some((AlertPhase::Repeated, raised.since_ms, 0))
            }
            _ => {
                self.raised = Some(Raised::at(since_ms, now_ms));
                Some((AlertPhase::Raised, since_ms, 0))
            }
        }
    }

    fn judge(&mut self, condition: &Condition, task: &Observation, now_ms: i64) -> Verdict {
        let activity = task.activity();
        let state = task.state.as_str();
        match (condition, activity) {
            (Condition::Failed, _) if state == "failed" => Verdict::Holds {
                since_ms: task.since_ms,
            },
            (Condition::AbnormalLongerThan { seconds }, _) if state == "abnormal" => {
                lasts(task.since_ms, *seconds, now_ms)
            }
            (Condition::Failed | Condition::AbnormalLongerThan { .. }, _) => match activity {
                Activity::Healthy => Verdict::Over,
                Activity::Passing => Verdict::Unclear,
                Activity::Over if state == "completed" => Verdict::Over,
                // A task that fails is abnormal no longer, which is no recovery.
                Activity::Troubled | Activity::Resting | Activity::Over => Verdict::Moot,
            },
            (Condition::Completed, _) if state == "completed" => Verdict::Holds {
                since_ms: task.since_ms,
            },
            (Condition::Completed, _) => Verdict::Moot,
            // Whatever the task does: what was found stands until a verification finds otherwise.
            (Condition::NotEqual, _) => match task.not_equal_since_ms {
                Some(since_ms) => Verdict::Holds { since_ms },
                None => Verdict::Over,
            },
            (Condition::DelayOver { .. } | Condition::Stuck { .. }, Activity::Resting | Activity::Over)
            | (Condition::RetentionRisk { .. }, Activity::Over) => {
                self.beyond_since_ms = None;
                Verdict::Moot
            }
            (
                Condition::DelayOver {
                    delay_seconds,
                    for_seconds,
                },
                _,
            ) => self.judge_delay(task, *delay_seconds, *for_seconds, now_ms),
            (Condition::Stuck { for_seconds }, _) => match task.stuck_since_ms {
                Some(since) => lasts(since, *for_seconds, now_ms),
                None if activity == Activity::Healthy => Verdict::Over,
                None => Verdict::Unclear,
            },
            (Condition::RetentionRisk { horizon_seconds }, _) => {
                self.judge_retention(task, *horizon_seconds, now_ms)
            }
            // Counters were dealt with before.
            (Condition::GapFound | Condition::RecordQuarantined, _) => Verdict::Moot,
        }
    }

    fn judge_delay(
        &mut self,
        task: &Observation,
        delay_seconds: u64,
        for_seconds: u64,
        now_ms: i64,
    ) -> Verdict {
        match task.delay_ms {
            Some(delay) if delay > delay_seconds.saturating_mul(1_000) => {
                let since = *self.beyond_since_ms.get_or_insert(now_ms);
                lasts(since, for_seconds, now_ms)
            }
            Some(_) => {
                self.beyond_since_ms = None;
                Verdict::Over
            }
            None => Verdict::Unclear,
        }
    }

    fn judge_retention(&mut self, task: &Observation, horizon_seconds: u64, now_ms: i64) -> Verdict {
        let margin = horizon_seconds / (100 / RETENTION_MARGIN_PERCENT);
        let left = task.retention_left_seconds;
        let is_safe = |left: u64| left >= horizon_seconds.saturating_add(margin);
        if left.is_some_and(|left| left < horizon_seconds) {
            Verdict::Holds {
                since_ms: *self.beyond_since_ms.get_or_insert(now_ms),
            }
        } else if left.map_or(task.lag == Some(0), is_safe) {
            self.beyond_since_ms = None;
            Verdict::Over
        } else {
            Verdict::Unclear
        }
    }
}

impl Raised {
    fn at(since_ms: i64, now_ms: i64) -> Self {
        Self {
            since_ms,
            told_ms: now_ms,
            interrupted: false,
        }
    }
}

/// The counter a condition watches.
fn counter(condition: &Condition, task: &Observation) -> Option<u64> {
    match condition {
        Condition::GapFound => Some(task.gaps),
        Condition::RecordQuarantined => Some(task.quarantined),
        Condition::Failed
        | Condition::AbnormalLongerThan { .. }
        | Condition::DelayOver { .. }
        | Condition::Stuck { .. }
        | Condition::RetentionRisk { .. }
        | Condition::NotEqual
        | Condition::Completed => None,
    }
}

/// Whether what began at `since_ms` has lasted `seconds`.
fn lasts(since_ms: i64, seconds: u64, now_ms: i64) -> Verdict {
    if due(since_ms, seconds, now_ms) {
        Verdict::Holds { since_ms }
    } else {
        Verdict::Unclear
    }
}

/// Whether `seconds` have passed since `since_ms`.
fn due(since_ms: i64, seconds: u64, now_ms: i64) -> bool {
    let wait = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
    now_ms.saturating_sub(since_ms) >= wait
}
