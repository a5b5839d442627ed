//! What holds a cut-over, and how it is overruled.

use sluice_model::TaskState;

use super::super::procedure::Procedure;
use super::super::question::{self, CutoverResult, binding};
use super::super::record::{CutoverState, FenceKind, TopicPair};
use super::super::step::CutoverStep;
use super::super::torn::TornGroup;
use super::ground::{Ground, NEW, OLD, first_task, topic_on};
use super::model::State;

/// Carries a new cut-over on to `step`.
fn standing_at(step: CutoverStep, fence: FenceKind) -> (Ground, String) {
    let mut ground = Ground::new();
    ground.write(OLD, 4);
    ground.read(OLD, 2);
    let id = ground.plan(fence);
    while ground.kept(&id).step < step {
        let now = ground.next(&id, &[]);
        assert_eq!(now.held, None, "{:#?}", now.log);
    }
    (ground, id)
}

/// Questions whose answers the model takes from a test, by the step that they hold.
fn told_questions() -> Vec<(CutoverStep, &'static str)> {
    let own = [
        question::FENCE,
        question::RUNNING,
        question::POSITIONS,
        question::PROOF,
        question::VERIFICATION,
        question::WAY_BACK,
        question::OLD_SIDE,
    ];
    CutoverStep::ALL
        .into_iter()
        .flat_map(|step| binding(step).iter().map(move |question| (step, *question)))
        .filter(|(_, question)| !own.contains(question))
        // Later it is the procedure that answers it.
        .filter(|(step, question)| *question != question::GROUPS || *step == CutoverStep::Rehearse)
        .collect()
}

#[test]
fn every_question_holds_its_step_until_it_is_settled() {
    for (step, question) in told_questions() {
        for wrong in [CutoverResult::Failed, CutoverResult::Unknown] {
            let (ground, id) = standing_at(step, FenceKind::None);
            ground.say(question, Some(wrong));
            let held = ground.next(&id, &[]);
            let found = held
                .held
                .clone()
                .unwrap_or_else(|| panic!("{question} holds {step}"));
            assert_eq!((found.step, found.question.as_str()), (step, question));
            assert!(held.step <= step, "it does not go on");
            assert!(ground.task_state(&first_task()) == Some(TaskState::Running));
            ground.say(question, None);
            ground.to_the_window(&id);
        }
    }
}

#[test]
fn a_question_that_holds_is_overruled_by_its_name_and_the_report_keeps_it() {
    for (step, question) in told_questions() {
        let (ground, id) = standing_at(step, FenceKind::None);
        ground.say(question, Some(CutoverResult::Unknown));
        let now = ground.next(&id, &[question]);
        assert_eq!(now.held, None, "{question} in {step}: {:#?}", now.log);
        assert_eq!(now.step, step.following());
        let kept = &now.overruled[0];
        assert_eq!(
            (kept.question.as_str(), kept.step, kept.by.as_str()),
            (question, step, "ann")
        );
        assert_eq!(kept.evidence, "the model says unknown");
        assert!(
            now.log
                .iter()
                .any(|line| line.message.contains(&format!("{question} is overruled")))
        );
    }
}

#[test]
fn to_overrule_one_question_overrules_no_other_and_no_later_step() {
    let (ground, id) = standing_at(CutoverStep::ProveSilence, FenceKind::None);
    ground.say(question::WRITERS, Some(CutoverResult::Unknown));
    ground.say(question::TRANSACTIONS, Some(CutoverResult::Failed));
    let held = ground.next(&id, &[question::WRITERS]).held.unwrap();
    assert_eq!(held.question, question::TRANSACTIONS);
    assert_eq!(held.answers.len(), 1);
    ground.say(question::TRANSACTIONS, None);
    while ground.kept(&id).step < CutoverStep::Open {
        assert_eq!(ground.next(&id, &[]).held, None);
    }
    let held = ground.next(&id, &[]).held.unwrap();
    assert_eq!(
        held.question,
        question::WRITERS,
        "the switch asks again and is overruled by itself"
    );
}

#[test]
fn what_was_overruled_before_a_switch_that_was_not_made_does_not_count_when_silence_is_proved_again() {
    let (mut ground, id) = standing_at(CutoverStep::ProveSilence, FenceKind::None);
    ground.say(question::WRITERS, Some(CutoverResult::Unknown));
    while ground.kept(&id).step < CutoverStep::Open {
        let step = ground.kept(&id).step;
        let overrule: &[&str] = if step == CutoverStep::ProveSilence {
            &[question::WRITERS]
        } else {
            &[]
        };
        assert_eq!(ground.next(&id, overrule).held, None);
    }
    ground.model.stuck.set(true);
    ground.write(OLD, 1);
    assert_eq!(
        ground.next(&id, &[question::WRITERS]).step,
        CutoverStep::ProveSilence
    );
    let held = ground.next(&id, &[]);
    assert_eq!(held.held.unwrap().question, question::WRITERS);
    assert_eq!(held.overruled.len(), 2, "the report keeps both");
}

#[test]
fn a_question_that_a_step_does_not_ask_is_refused_with_those_that_it_asks() {
    let (ground, id) = standing_at(CutoverStep::ProveSilence, FenceKind::None);
    let before = ground.kept(&id);
    for wrong in ["lag", question::VERIFICATION] {
        let error = ground
            .call(&id, |procedure| procedure.next(&[wrong.to_owned()]))
            .unwrap()
            .unwrap_err();
        assert!(
            error.message.contains(wrong) && error.message.contains("source_silent"),
            "{error}"
        );
    }
    assert_eq!(ground.kept(&id), before, "nothing has changed");
}

#[test]
fn a_copy_that_does_not_come_to_the_end_of_the_source_holds_the_drain_and_says_how_much_is_left() {
    let (mut ground, id) = standing_at(CutoverStep::Drain, FenceKind::None);
    ground.model.stuck.set(true);
    ground.write(OLD, 3);
    let held = ground.next(&id, &[]).held.unwrap();
    assert_eq!(held.question, question::LAG);
    assert!(
        held.answers[0].evidence.starts_with("6 offsets are not copied"),
        "{held:?}"
    );
    ground.model.stuck.set(false);
    ground.to_the_window(&id);
    ground.read(NEW, usize::MAX);
    ground.nothing_is_lost_or_read_twice();
}

#[test]
fn a_task_that_a_person_has_paused_holds_the_drain_only_while_something_is_left() {
    let (mut ground, id) = standing_at(CutoverStep::Drain, FenceKind::None);
    ground
        .model
        .state
        .borrow_mut()
        .tasks
        .get_mut(&first_task())
        .unwrap()
        .state = TaskState::Paused;
    ground.write(OLD, 1);
    let held = ground.next(&id, &[]).held.unwrap();
    assert_eq!(held.question, question::RUNNING);
    assert!(held.answers[0].evidence.contains("paused"), "{held:?}");
}

#[test]
fn what_is_written_to_the_source_before_the_switch_leads_back_to_silence_and_is_copied() {
    let (mut ground, id) = standing_at(CutoverStep::Open, FenceKind::None);
    ground.model.stuck.set(true);
    ground.write(OLD, 1);
    let held = ground.next(&id, &[]);
    assert_eq!(held.step, CutoverStep::ProveSilence);
    assert!(held.reverse.is_none() && held.ends.is_empty() && !held.at_rest);
    assert_eq!(ground.task_state(&first_task()), Some(TaskState::Running));
    ground.model.stuck.set(false);
    ground.to_the_window(&id);
    ground.read(NEW, usize::MAX);
    ground.nothing_is_lost_or_read_twice();
}

#[test]
fn what_is_written_to_the_source_after_a_kill_within_the_switch_is_not_left_behind() {
    // The program is killed at every place of the switch; before it is carried on, somebody writes to the old side.
    let mut tried = 0;
    for place in 0.. {
        let (mut ground, id) = standing_at(CutoverStep::Open, FenceKind::None);
        ground.model.left.set(Some(place));
        let killed = ground.call(&id, |procedure| procedure.next(&[])).is_none();
        ground.model.left.set(None);
        let now = ground.kept(&id);
        if !killed {
            break;
        }
        let task_is_over = ground.task_state(&first_task()) == Some(TaskState::Terminated);
        if now.is_switched() || task_is_over {
            // Behind the end of the copy nothing that is written there belongs to it.
            ground.to_the_window(&id);
            continue;
        }
        tried += 1;
        ground.write(OLD, 1);
        let after = ground.next(&id, &[]);
        if let Some(held) = &after.held {
            assert_eq!(after.step, CutoverStep::ProveSilence, "{held:?}");
            assert!(after.reverse.is_none(), "what was prepared is undone");
        }
        ground.to_the_window(&id);
        ground.read(NEW, usize::MAX);
        ground.nothing_is_lost_or_read_twice();
        assert_eq!(ground.model.state.borrow().tasks.len(), 2);
    }
    assert!(tried > 5, "{tried}");
}

#[test]
fn a_group_that_has_moved_on_since_it_was_moved_holds_the_switch() {
    let (mut ground, id) = standing_at(CutoverStep::Open, FenceKind::None);
    ground.read(OLD, 1);
    let held = ground.next(&id, &[]);
    let found = held.held.unwrap();
    assert_eq!(found.question, question::PROOF);
    assert!(found.answers[0].evidence.contains("stands at 3 now"), "{found:?}");
    ground.to_the_window(&id);
    ground.read(NEW, usize::MAX);
    ground.nothing_is_lost_or_read_twice();
}

#[test]
fn a_cluster_without_an_authorizer_holds_the_fence_and_nothing_is_changed() {
    let (ground, id) = standing_at(CutoverStep::Rehearse, FenceKind::Acl);
    ground.model.has_authorizer.set(false);
    let held = ground.next(&id, &[]).held.unwrap();
    assert_eq!(held.question, question::FENCE);
    assert!(held.answers[0].evidence.contains("authorizer"), "{held:?}");
    ground.next(&id, &[question::FENCE]);
    let held = ground.next(&id, &[]);
    assert_eq!(held.step, CutoverStep::StopProducers);
    assert!(held.fence_entries.is_empty());
    let now = ground.next(&id, &[question::FENCE]);
    assert_eq!(now.step, CutoverStep::ProveSilence);
}

#[test]
fn closing_is_said_by_name_and_ends_the_way_back() {
    let (ground, id) = standing_at(CutoverStep::Window, FenceKind::None);
    assert_eq!(ground.next(&id, &[]).held.unwrap().question, question::WAY_BACK);
    let reverse = ground.kept(&id).reverse.unwrap().id;
    assert_eq!(ground.task_state(&reverse), Some(TaskState::Running));
    let closed = ground.next(&id, &[question::WAY_BACK]);
    assert_eq!(closed.state, CutoverState::Closed);
    assert_eq!(ground.task_state(&reverse), Some(TaskState::Terminated));
    let error = ground
        .call(&id, |procedure: &mut Procedure<'_>| {
            procedure.go_back("co-9".to_owned(), FenceKind::None, 0)
        })
        .unwrap()
        .unwrap_err();
    assert!(error.message.contains("was given up"), "{error}");
}

#[test]
fn what_is_still_written_to_the_old_side_after_the_switch_holds_the_window_and_its_end() {
    let (ground, id) = standing_at(CutoverStep::Window, FenceKind::None);
    ground.say(question::TARGET_WRITERS, Some(CutoverResult::Failed));
    let held = ground.next(&id, &[question::WAY_BACK]).held.unwrap();
    assert_eq!(held.question, question::OLD_SIDE);
    assert!(
        held.answers[0]
            .evidence
            .starts_with("at the old side, since the switch:"),
        "{held:?}"
    );
    assert_eq!(ground.kept(&id).state, CutoverState::Open);
    // An old cluster that has been switched off is no reason to keep the way back.
    ground.say(question::TARGET_WRITERS, Some(CutoverResult::Unknown));
    assert_eq!(
        ground.next(&id, &[question::WAY_BACK]).state,
        CutoverState::Closed
    );
}

#[test]
fn a_way_back_that_is_given_up_leaves_applications_on_the_new_side_and_the_old_one_following() {
    let (mut ground, id) = standing_at(CutoverStep::Window, FenceKind::None);
    ground.next(&id, &[]);
    let back = ground.until_done(&id, |procedure| {
        procedure.go_back("co-2".to_owned(), FenceKind::None, 0)
    });
    for _ in 0..4 {
        ground.next(&back.id, &[]);
    }
    ground.until_done(&back.id, |procedure| procedure.abandon());
    assert_eq!(ground.kept(&id).back, None);
    ground.write(NEW, 2);
    ground.read(NEW, usize::MAX);
    ground.nothing_is_lost_or_read_twice();
    ground.holds_everything_once(OLD);
    // And it can be tried again.
    let again = ground.until_done(&id, |procedure| {
        procedure.go_back("co-3".to_owned(), FenceKind::None, 0)
    });
    assert_eq!(again.id, "co-3");
    ground.to_the_window(&again.id);
    ground.write(OLD, 1);
    ground.read(OLD, usize::MAX);
    ground.nothing_is_lost_or_read_twice();
}

#[test]
fn a_rehearsal_may_be_repeated_until_the_switch_and_moves_nothing_on() {
    let (ground, id) = standing_at(CutoverStep::Verify, FenceKind::None);
    ground.until_done(&id, |procedure| procedure.rehearse_again());
    assert_eq!(ground.kept(&id).step, CutoverStep::Verify);
    let (ground, id) = standing_at(CutoverStep::Window, FenceKind::None);
    assert!(
        ground
            .call(&id, |procedure| procedure.rehearse_again())
            .unwrap()
            .is_err()
    );
}

#[test]
fn a_topic_that_joined_the_task_after_the_plan_holds_the_switch() {
    let (ground, id) = standing_at(CutoverStep::Open, FenceKind::None);
    let joined = TopicPair {
        source: "joined".to_owned(),
        target: "joined".to_owned(),
    };
    let topics = |change: &dyn Fn(&mut Vec<TopicPair>)| {
        let mut state = ground.model.state.borrow_mut();
        change(&mut state.tasks.get_mut(&first_task()).unwrap().topics);
    };
    topics(&|all| all.push(joined.clone()));
    let now = ground.next(&id, &[]);
    let held = now.held.unwrap();
    assert_eq!(held.question, question::POSITIONS);
    assert!(
        held.answers[0].evidence.ends_with("also copies joined"),
        "{held:#?}"
    );
    assert_eq!(now.step, CutoverStep::ProveSilence);
    assert_eq!(
        ground.task_state(&first_task()),
        Some(TaskState::Running),
        "the copy goes on"
    );
    topics(&|all| all.retain(|pair| *pair != joined));
    ground.to_the_window(&id);
}

#[test]
fn a_group_that_first_reads_after_the_plan_holds_every_step_that_it_concerns() {
    for step in [CutoverStep::Rehearse, CutoverStep::MoveGroups, CutoverStep::Open] {
        let (ground, id) = standing_at(step, FenceKind::None);
        let late = |change: &dyn Fn(&mut State)| change(&mut ground.model.state.borrow_mut());
        late(&|state| {
            let topic = topic_on(OLD).to_owned();
            let positions = [((topic, 0), 1)].into_iter().collect();
            state.groups.insert((OLD, "late".to_owned()), positions);
        });
        let held = ground.next(&id, &[]).held.unwrap();
        assert_eq!(held.question, question::GROUPS, "{step}");
        assert!(
            held.answers[0].evidence.ends_with("do not move: late"),
            "{held:?}"
        );
        late(&|state| {
            state.groups.remove(&(OLD, "late".to_owned()));
        });
        ground.to_the_window(&id);
    }
}

#[test]
fn a_group_that_reads_what_an_earlier_stage_has_moved_holds_the_move_until_it_is_overruled() {
    let (ground, id) = standing_at(CutoverStep::MoveGroups, FenceKind::None);
    ground.model.state.borrow_mut().torn = vec![TornGroup {
        group: "audit".to_owned(),
        moved: vec!["mail".to_owned()],
        staying: vec!["stock".to_owned()],
    }];
    let held = ground.next(&id, &[]).held.unwrap();
    assert_eq!(held.question, question::GROUPS);
    assert!(
        held.answers[0]
            .evidence
            .contains("'audit' also reads mail, which an earlier cut-over has moved")
            && held.answers[0]
                .evidence
                .contains("'audit' also reads stock, which another cut-over moved here"),
        "{held:?}"
    );
    let now = ground.next(&id, &[question::GROUPS]);
    assert_eq!((now.held, now.step), (None, CutoverStep::Open));
}

#[test]
fn what_held_the_switch_can_be_overruled_where_it_has_gone_back_to() {
    let (ground, id) = standing_at(CutoverStep::Open, FenceKind::None);
    ground.say(question::TARGET_WRITERS, Some(CutoverResult::Failed));
    let now = ground.next(&id, &[]);
    assert_eq!(now.step, CutoverStep::ProveSilence);
    let now = ground.next(&id, &[question::TARGET_WRITERS]);
    assert_eq!(now.held, None, "{:#?}", now.log);
    while ground.kept(&id).step < CutoverStep::Window {
        assert_eq!(ground.next(&id, &[]).held, None);
    }
}

#[test]
fn what_was_written_to_the_old_side_between_copies_holds_the_end_of_the_window() {
    let (mut ground, id) = standing_at(CutoverStep::Window, FenceKind::None);
    let begun = ground.next(&id, &[]);
    assert!(begun.following);
    ground.write(OLD, 1);
    ground.write(NEW, 2);
    ground.model.copy_all();
    let held = ground.next(&id, &[question::WAY_BACK]).held.unwrap();
    assert_eq!(held.question, question::OLD_SIDE);
    assert!(held.answers[0].evidence.ends_with("has one more"), "{held:?}");
}
