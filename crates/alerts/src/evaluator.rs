use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::task_memory::TaskMemory;
use crate::{Alert, Observation, Rule};

/// Decides which alerts there are: each condition once when it begins to hold, again after the rule's interval while it
/// holds, and once when it is over. Knows no clock. It serialises: saved together with the alerts it gave, a restart
/// neither repeats nor loses one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluator {
    rules: BTreeMap<String, RuleMemory>,
}

/// What is remembered of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RuleMemory {
    /// The word of its condition: with another one, everything remembered is void.
    condition: String,
    /// The task it watches, likewise.
    task_id: Option<String>,
    tasks: BTreeMap<String, TaskMemory>,
}

impl Evaluator {
    /// Compares `observations` with `rules` at `now_ms` (ms since 1970). Tasks that are not observed are left as they
    /// are; rules that are missing or not enabled are forgotten, so that they begin from the beginning when they come back: `rules`
    /// must be all of them.
    pub fn evaluate(&mut self, rules: &[Rule], observations: &[Observation], now_ms: i64) -> Vec<Alert> {
        let in_force = |id: &String| rules.iter().any(|rule| rule.enabled && rule.id == *id);
        self.rules.retain(|id, _| in_force(id));
        let mut alerts = Vec::new();
        for rule in rules.iter().filter(|rule| rule.enabled) {
            let known = self.rules.get(&rule.id).is_some_and(|memory| {
                memory.condition == rule.condition.word() && memory.task_id == rule.task_id
            });
            if !known {
                self.rules.insert(
                    rule.id.clone(),
                    RuleMemory {
                        condition: rule.condition.word().to_owned(),
                        task_id: rule.task_id.clone(),
                        tasks: BTreeMap::new(),
                    },
                );
            }
            let Some(memory) = self.rules.get_mut(&rule.id) else {
                continue;
            };
            for task in observations.iter().filter(|task| rule.watches(&task.task_id)) {
                let memory = memory
                    .tasks
                    .entry(task.task_id.clone())
                    .or_insert_with(|| TaskMemory::new(rule, task, known, now_ms));
                if let Some((phase, since_ms, count)) = memory.observe(rule, task, now_ms) {
                    alerts.push(Alert {
                        rule_id: rule.id.clone(),
                        rule_name: rule.name.clone(),
                        channel_ids: rule.channel_ids.clone(),
                        condition: rule.condition.clone(),
                        phase,
                        at_ms: now_ms,
                        since_ms,
                        count,
                        task: task.clone(),
                    });
                }
            }
        }
        alerts
    }

    /// Whether `saved` would do after a restart: it remembers the same. When tasks were last seen counts only where a
    /// delay is being timed, and then by half of what may go unobserved, so that being asked every second costs a write
    /// twice a minute at most.
    pub fn agrees_with(&self, saved: &Self) -> bool {
        self.rules.len() == saved.rules.len()
            && self
                .rules
                .iter()
                .zip(&saved.rules)
                .all(|((id, memory), (saved_id, saved))| id == saved_id && memory.agrees_with(saved))
    }

    /// Forgets a task that was deleted.
    pub fn forget_task(&mut self, task_id: &str) {
        for memory in self.rules.values_mut() {
            memory.tasks.remove(task_id);
        }
    }
}

impl RuleMemory {
    fn agrees_with(&self, saved: &Self) -> bool {
        self.condition == saved.condition
            && self.task_id == saved.task_id
            && self.tasks.len() == saved.tasks.len()
            && self
                .tasks
                .iter()
                .zip(&saved.tasks)
                .all(|((id, memory), (saved_id, saved))| id == saved_id && memory.agrees_with(saved))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AlertPhase, Condition};

    const SECOND: i64 = 1_000;
    const MINUTE: i64 = 60 * SECOND;

    fn rule(condition: Condition) -> Rule {
        Rule {
            id: "r".into(),
            name: "rule".into(),
            condition,
            builtin: false,
            ..Rule::on_failure()
        }
    }

    fn task(state: &str, since_ms: i64) -> Observation {
        Observation {
            task_id: "rp-1".into(),
            task_name: "orders".into(),
            state: state.into(),
            since_ms,
            ..Observation::default()
        }
    }

    /// One rule and one task; says which phases each step gives.
    struct Bench {
        evaluator: Evaluator,
        rule: Rule,
    }

    impl Bench {
        fn new(rule: Rule) -> Self {
            Self {
                evaluator: Evaluator::default(),
                rule,
            }
        }

        fn alerts(&mut self, task: Observation, now_ms: i64) -> Vec<Alert> {
            // Every step goes through its stored form, as if the program had been started again.
            let stored = serde_json::to_string(&self.evaluator).unwrap();
            let mut restored: Evaluator = serde_json::from_str(&stored).unwrap();
            let alerts = restored.evaluate(std::slice::from_ref(&self.rule), &[task], now_ms);
            self.evaluator = restored;
            alerts
        }

        fn step(&mut self, task: Observation, now_ms: i64) -> Option<AlertPhase> {
            let mut alerts = self.alerts(task, now_ms);
            assert!(alerts.len() <= 1, "{alerts:?}");
            alerts.pop().map(|alert| alert.phase)
        }
    }

    const RAISED: Option<AlertPhase> = Some(AlertPhase::Raised);
    const REPEATED: Option<AlertPhase> = Some(AlertPhase::Repeated);
    const RECOVERED: Option<AlertPhase> = Some(AlertPhase::Recovered);

    #[test]
    fn a_failure_is_told_once_and_its_end_is_told_once() {
        let mut bench = Bench::new(rule(Condition::Failed));
        assert_eq!(bench.step(task("running", 0), 1), None);
        let alerts = bench.alerts(task("failed", 5), 10);
        assert_eq!(
            alerts,
            [Alert {
                rule_id: "r".into(),
                rule_name: "rule".into(),
                channel_ids: vec!["desktop".into()],
                condition: Condition::Failed,
                phase: AlertPhase::Raised,
                at_ms: 10,
                since_ms: 5,
                count: 0,
                task: task("failed", 5),
            }]
        );
        assert_eq!(bench.step(task("failed", 5), MINUTE), None);
        assert_eq!(
            bench.step(task("starting", MINUTE), MINUTE),
            None,
            "no recovery before it runs"
        );
        assert_eq!(bench.step(task("running", MINUTE), 2 * MINUTE), RECOVERED);
        assert_eq!(bench.step(task("running", MINUTE), 3 * MINUTE), None);
    }

    #[test]
    fn a_task_that_fails_again_after_a_retry_is_told_again() {
        let mut bench = Bench::new(rule(Condition::Failed));
        assert_eq!(bench.step(task("failed", 0), 0), RAISED);
        assert_eq!(bench.step(task("starting", 1), 1), None);
        assert_eq!(bench.step(task("failed", 2), 2), RAISED);
        assert_eq!(bench.step(task("failed", 2), 3), None);
    }

    #[test]
    fn a_failed_task_that_is_terminated_does_not_recover() {
        let mut bench = Bench::new(rule(Condition::Failed));
        assert_eq!(bench.step(task("failed", 0), 0), RAISED);
        assert_eq!(bench.step(task("terminated", 1), 1), None);
        assert_eq!(bench.step(task("terminated", 1), 2), None);
    }

    #[test]
    fn recovery_is_told_only_if_the_rule_says_so() {
        let mut bench = Bench::new(Rule {
            notify_recovery: false,
            ..rule(Condition::Failed)
        });
        assert_eq!(bench.step(task("failed", 0), 0), RAISED);
        assert_eq!(bench.step(task("running", 1), 1), None);
        assert_eq!(bench.step(task("failed", 2), 2), RAISED);
    }

    #[test]
    fn what_still_holds_is_repeated_after_the_interval_and_not_before() {
        let mut bench = Bench::new(Rule {
            repeat_seconds: Some(600),
            ..rule(Condition::Failed)
        });
        assert_eq!(bench.step(task("failed", 0), 0), RAISED);
        assert_eq!(bench.step(task("failed", 0), 10 * MINUTE - 1), None);
        assert_eq!(bench.step(task("failed", 0), 10 * MINUTE), REPEATED);
        assert_eq!(bench.step(task("failed", 0), 19 * MINUTE), None);
        assert_eq!(bench.step(task("failed", 0), 20 * MINUTE), REPEATED);
        assert_eq!(bench.step(task("running", 21 * MINUTE), 21 * MINUTE), RECOVERED);
    }

    #[test]
    fn a_clock_set_back_delays_a_repetition_by_no_more_than_the_interval() {
        let mut bench = Bench::new(Rule {
            repeat_seconds: Some(60),
            ..rule(Condition::Failed)
        });
        assert_eq!(bench.step(task("failed", 0), 1_000 * MINUTE), RAISED);
        assert_eq!(bench.step(task("failed", 0), MINUTE), None);
        assert_eq!(bench.step(task("failed", 0), 2 * MINUTE), REPEATED);
    }

    #[test]
    fn abnormal_is_told_after_its_time_and_failing_is_no_recovery_from_it() {
        let mut bench = Bench::new(rule(Condition::AbnormalLongerThan { seconds: 60 }));
        assert_eq!(bench.step(task("abnormal", 0), 59 * SECOND), None);
        assert_eq!(bench.step(task("abnormal", 0), MINUTE), RAISED);
        assert_eq!(bench.step(task("failed", 70), 2 * MINUTE), None);
        assert_eq!(bench.step(task("running", 80), 3 * MINUTE), None);
        assert_eq!(
            bench.step(task("abnormal", 4 * MINUTE), 5 * MINUTE + SECOND),
            RAISED
        );
        assert_eq!(bench.step(task("running", 6 * MINUTE), 6 * MINUTE), RECOVERED);
    }

    #[test]
    fn a_short_abnormal_time_is_never_told() {
        let mut bench = Bench::new(rule(Condition::AbnormalLongerThan { seconds: 60 }));
        assert_eq!(bench.step(task("abnormal", 0), 30 * SECOND), None);
        assert_eq!(bench.step(task("running", 31 * SECOND), 31 * SECOND), None);
        assert_eq!(
            bench.step(task("abnormal", 40 * SECOND), 70 * SECOND),
            None,
            "its time begins again"
        );
    }

    fn delayed(seconds: u64) -> Observation {
        Observation {
            delay_ms: Some(seconds * 1_000),
            ..task("running", 0)
        }
    }

    fn delay_rule() -> Rule {
        rule(Condition::DelayOver {
            delay_seconds: 30,
            for_seconds: 60,
        })
    }

    #[test]
    fn a_delay_is_told_when_it_was_too_long_for_long_enough_without_a_break() {
        let mut bench = Bench::new(delay_rule());
        assert_eq!(bench.step(delayed(31), 0), None);
        assert_eq!(bench.step(delayed(31), 50 * SECOND), None);
        assert_eq!(bench.step(delayed(30), 55 * SECOND), None);
        assert_eq!(bench.step(delayed(31), 60 * SECOND), None);
        assert_eq!(bench.step(delayed(40), 119 * SECOND), None);
        let alerts = bench.alerts(delayed(50), 120 * SECOND);
        assert_eq!(
            (alerts[0].phase, alerts[0].since_ms),
            (AlertPhase::Raised, 60 * SECOND)
        );
        assert_eq!(bench.step(delayed(30), 121 * SECOND), RECOVERED);
    }

    #[test]
    fn an_unknown_delay_neither_recovers_nor_counts_as_a_break() {
        let mut bench = Bench::new(delay_rule());
        assert_eq!(bench.step(delayed(31), 0), None);
        assert_eq!(bench.step(task("abnormal", 0), 30 * SECOND), None);
        assert_eq!(bench.step(delayed(31), 60 * SECOND), RAISED);
        assert_eq!(bench.step(task("abnormal", 0), 90 * SECOND), None);
        assert_eq!(bench.step(delayed(0), 95 * SECOND), RECOVERED);
    }

    #[test]
    fn a_paused_task_has_no_delay_to_tell_of() {
        let mut bench = Bench::new(delay_rule());
        assert_eq!(bench.step(delayed(31), 0), None);
        assert_eq!(bench.step(delayed(31), 60 * SECOND), RAISED);
        let paused = Observation {
            state: "paused".into(),
            ..delayed(100)
        };
        assert_eq!(bench.step(paused, 61 * SECOND), None);
        assert_eq!(
            bench.step(delayed(100), 62 * SECOND),
            None,
            "its time begins again"
        );
    }

    #[test]
    fn a_delay_does_not_count_while_nobody_looked() {
        let mut bench = Bench::new(delay_rule());
        assert_eq!(bench.step(delayed(31), 0), None);
        assert_eq!(bench.step(delayed(31), 60 * MINUTE), None);
        assert_eq!(bench.step(delayed(31), 61 * MINUTE), RAISED);
    }

    #[test]
    fn a_stuck_task_is_told_and_recovers_when_it_moves() {
        let mut bench = Bench::new(rule(Condition::Stuck { for_seconds: 60 }));
        let stuck = |since| Observation {
            stuck_since_ms: Some(since),
            ..task("running", 0)
        };
        assert_eq!(bench.step(stuck(0), 59 * SECOND), None);
        assert_eq!(bench.step(stuck(0), MINUTE), RAISED);
        assert_eq!(
            bench.step(task("abnormal", 0), 2 * MINUTE),
            None,
            "not moving either"
        );
        assert_eq!(bench.step(task("running", 0), 3 * MINUTE), RECOVERED);
    }

    fn quarantined(count: u64) -> Observation {
        Observation {
            quarantined: count,
            ..task("running", 0)
        }
    }

    #[test]
    fn new_quarantined_records_are_told_with_their_number_and_gathered_for_five_minutes() {
        let mut bench = Bench::new(rule(Condition::RecordQuarantined));
        assert_eq!(
            bench.step(quarantined(5), 0),
            None,
            "those were there before the rule"
        );
        assert_eq!(bench.alerts(quarantined(7), SECOND)[0].count, 2);
        assert_eq!(bench.step(quarantined(7), 2 * SECOND), None);
        assert_eq!(bench.step(quarantined(100), 3 * SECOND), None);
        let alerts = bench.alerts(quarantined(101), SECOND + 5 * MINUTE);
        assert_eq!((alerts[0].phase, alerts[0].count), (AlertPhase::Raised, 94));
    }

    #[test]
    fn a_task_that_comes_after_the_rule_has_everything_told() {
        let mut bench = Bench::new(rule(Condition::GapFound));
        bench
            .evaluator
            .evaluate(std::slice::from_ref(&bench.rule), &[], 0);
        let found = Observation {
            gaps: 1,
            ..task("running", 0)
        };
        assert_eq!(bench.alerts(found, 1)[0].count, 1);
    }

    #[test]
    fn a_counter_that_begins_anew_is_compared_with_its_new_beginning() {
        let mut bench = Bench::new(rule(Condition::RecordQuarantined));
        assert_eq!(bench.step(quarantined(5), 0), None);
        assert_eq!(bench.step(quarantined(0), 1), None);
        assert_eq!(bench.alerts(quarantined(1), 2)[0].count, 1);
    }

    #[test]
    fn retention_is_told_below_the_horizon_even_of_a_paused_task_and_recovers_with_a_margin() {
        let mut bench = Bench::new(rule(Condition::RetentionRisk {
            horizon_seconds: 1_000,
        }));
        let left = |seconds| Observation {
            retention_left_seconds: Some(seconds),
            ..task("paused", 0)
        };
        assert_eq!(bench.step(left(1_000), 0), None);
        assert_eq!(bench.step(left(999), 1), RAISED);
        assert_eq!(bench.step(left(1_050), 2), None);
        assert_eq!(bench.step(left(999), 3), None);
        assert_eq!(bench.step(task("paused", 0), 4), None);
        assert_eq!(bench.step(left(1_100), 5), RECOVERED);
        assert_eq!(bench.step(left(0), 6), RAISED);
        let caught_up = Observation {
            lag: Some(0),
            ..task("running", 0)
        };
        assert_eq!(bench.step(caught_up, 7), RECOVERED);
    }

    #[test]
    fn a_difference_is_told_whatever_the_task_does_until_a_verification_finds_none() {
        let mut bench = Bench::new(rule(Condition::NotEqual));
        let found = |state: &str| Observation {
            not_equal_since_ms: Some(MINUTE),
            ..task(state, 0)
        };
        assert_eq!(bench.step(task("running", 0), 0), None);
        assert_eq!(bench.step(found("running"), MINUTE), RAISED);
        assert_eq!(bench.step(found("paused"), 2 * MINUTE), None);
        assert_eq!(bench.step(found("completed"), 3 * MINUTE), None);
        assert_eq!(bench.step(task("running", 0), 4 * MINUTE), RECOVERED);
    }

    #[test]
    fn completion_is_told_once_and_not_for_tasks_that_were_complete_before_the_rule() {
        let mut bench = Bench::new(Rule {
            repeat_seconds: Some(60),
            ..rule(Condition::Completed)
        });
        assert_eq!(bench.step(task("completed", 0), MINUTE), None);
        bench.evaluator.forget_task("rp-1");
        assert_eq!(bench.step(task("running", 0), 2 * MINUTE), None);
        assert_eq!(bench.step(task("completed", 3 * MINUTE), 3 * MINUTE), RAISED);
        assert_eq!(bench.step(task("completed", 3 * MINUTE), 9 * MINUTE), None);
    }

    #[test]
    fn a_rule_that_is_switched_off_forgets_and_begins_anew() {
        let mut bench = Bench::new(rule(Condition::RecordQuarantined));
        assert_eq!(bench.step(quarantined(1), 0), None);
        bench.rule.enabled = false;
        assert_eq!(bench.step(quarantined(9), 1), None);
        bench.rule.enabled = true;
        assert_eq!(bench.step(quarantined(9), 2), None);
        assert_eq!(bench.alerts(quarantined(10), 3)[0].count, 1);
    }

    #[test]
    fn a_rule_that_watches_something_else_now_begins_anew() {
        let mut bench = Bench::new(rule(Condition::Failed));
        assert_eq!(bench.step(task("failed", 0), 0), RAISED);
        bench.rule.condition = Condition::RecordQuarantined;
        assert_eq!(
            bench.step(
                Observation {
                    quarantined: 3,
                    ..task("failed", 0)
                },
                1
            ),
            None
        );
        bench.rule.condition = Condition::Failed;
        assert_eq!(bench.step(task("failed", 0), 2), RAISED);
    }

    #[test]
    fn what_was_saved_does_until_something_else_is_remembered() {
        let mut bench = Bench::new(rule(Condition::Failed));
        assert_eq!(bench.step(task("running", 0), 0), None);
        let saved = bench.evaluator.clone();
        assert!(
            !saved.agrees_with(&Evaluator::default()),
            "a rule was seen with a task"
        );
        assert_eq!(bench.step(task("running", 0), 60 * MINUTE), None);
        assert!(bench.evaluator.agrees_with(&saved), "only time has passed");
        assert_eq!(bench.step(task("failed", 61), 61 * MINUTE), RAISED);
        assert!(!bench.evaluator.agrees_with(&saved));
        let saved = bench.evaluator.clone();
        assert_eq!(bench.step(task("starting", 62), 62 * MINUTE), None);
        assert!(
            !bench.evaluator.agrees_with(&saved),
            "failing once more would be news: it is on its way, with nothing to report"
        );
        let saved = bench.evaluator.clone();
        bench.evaluator.forget_task("rp-1");
        assert!(!bench.evaluator.agrees_with(&saved));

        let mut bench = Bench::new(rule(Condition::GapFound));
        assert_eq!(bench.step(task("running", 0), 0), None);
        let saved = bench.evaluator.clone();
        bench.rule.task_id = Some("rp-1".into());
        assert_eq!(bench.step(task("running", 0), 1), None);
        assert!(!bench.evaluator.agrees_with(&saved), "it is another rule now");
    }

    #[test]
    fn a_delay_that_is_timed_is_saved_often_enough_to_be_timed_across_a_restart() {
        let mut bench = Bench::new(rule(Condition::DelayOver {
            delay_seconds: 30,
            for_seconds: 600,
        }));
        assert_eq!(bench.step(delayed(31), 0), None);
        let (mut saved, mut saves) = (bench.evaluator.clone(), 0);
        for second in 1..=599 {
            assert_eq!(bench.step(delayed(31), second * SECOND), None);
            if !bench.evaluator.agrees_with(&saved) {
                (saved, saves) = (bench.evaluator.clone(), saves + 1);
            }
        }
        assert_eq!(saves, 19);
        bench.evaluator = saved;
        assert_eq!(bench.step(delayed(31), 600 * SECOND), RAISED);
        let saved = bench.evaluator.clone();
        assert_eq!(bench.step(delayed(31), 900 * SECOND), None);
        assert!(
            bench.evaluator.agrees_with(&saved),
            "what has an alert is not timed any more"
        );
    }

    #[test]
    fn a_rule_for_one_task_leaves_the_others_alone() {
        let mut evaluator = Evaluator::default();
        let rules = [Rule {
            task_id: Some("rp-2".into()),
            ..rule(Condition::Failed)
        }];
        let other = Observation {
            task_id: "rp-2".into(),
            ..task("failed", 0)
        };
        let alerts = evaluator.evaluate(&rules, &[task("failed", 0), other], 1);
        assert_eq!(
            alerts.iter().map(|a| a.task.task_id.as_str()).collect::<Vec<_>>(),
            ["rp-2"]
        );
    }
}
