//! The whole way and back, with the program killed at every place: before and behind each effect, and before and behind
//! each time that something is kept.

use std::cell::Cell;

use sluice_model::TaskState;

use super::super::record::{CutoverState, FenceKind};
use super::super::step::CutoverStep;
use super::ground::{Ground, NEW, OLD, first_task};

/// Moves applications forward and back again. `kills`: after how many places the program is killed, and again after how
/// many more. Returns how many places were passed.
fn there_and_back(fence: FenceKind, kills: &[usize]) -> usize {
    let mut ground = Ground::new();
    let mut kills = kills.iter().copied();
    ground.model.left.set(kills.next());
    let more = |ground: &Ground, kills: &mut dyn Iterator<Item = usize>| {
        if ground.model.left.get().is_none() {
            ground.model.left.set(kills.next());
        }
    };
    ground.write(OLD, 5);
    ground.read(OLD, 3);
    ground.write(OLD, 2);
    let id = ground.plan_surely(fence);
    while ground.kept(&id).step < CutoverStep::Window {
        let now = ground.next(&id, &[]);
        assert_eq!(now.held, None, "{:#?}", now.log);
        more(&ground, &mut kills);
    }
    // On the new side: a consumer continues, producers write.
    ground.read(NEW, 1);
    ground.write(NEW, 4);
    let held = ground.next(&id, &[]);
    assert_eq!(held.held.unwrap().question, "way_back");
    assert_eq!(held.step, CutoverStep::Window);
    more(&ground, &mut kills);
    ground.model.copy_all();
    ground.holds_everything_once(OLD);
    ground.read(NEW, 3);
    ground.write(NEW, 1);

    // Each call has an id of its own: however often it is repeated, there is one way back.
    let calls = Cell::new(1);
    let back = ground.until_done(&id, |procedure| {
        calls.set(calls.get() + 1);
        procedure.go_back(format!("co-{}", calls.get()), FenceKind::None, 0)
    });
    assert_eq!(ground.model.state.borrow().kept.len(), 2);
    assert_eq!(ground.kept(&id).back.as_ref(), Some(&back.id));
    more(&ground, &mut kills);
    while ground.kept(&back.id).step < CutoverStep::Window {
        let now = ground.next(&back.id, &[]);
        assert_eq!(now.held, None, "{:#?}", now.log);
        more(&ground, &mut kills);
    }
    assert_eq!(ground.kept(&id).state, CutoverState::WentBack);
    ground.model.left.set(None);
    // On the old side again: the consumer reads the rest, and what is new.
    ground.write(OLD, 2);
    ground.read(OLD, usize::MAX);
    ground.nothing_is_lost_or_read_twice();
    ground.holds_everything_once(OLD);
    assert!(ground.model.state.borrow().rules.is_empty(), "the fence is gone");
    judge_tasks(&ground, &back.id);
    // And forward again over the new task.
    ground.next(&back.id, &[]);
    ground.model.copy_all();
    ground.holds_everything_once(NEW);
    ground.model.passed.get()
}

/// One task for each direction that was opened, and only the last one may run.
fn judge_tasks(ground: &Ground, back: &str) {
    let kept = ground.kept(back);
    let state = ground.model.state.borrow();
    assert_eq!(
        state.tasks.len(),
        3,
        "the first, the one back, and the one forward again: {:?}",
        state.tasks
    );
    assert_eq!(state.tasks[&first_task()].state, TaskState::Terminated);
    assert_eq!(state.tasks[&kept.task].state, TaskState::Terminated);
    assert_eq!(state.tasks[&kept.reverse.unwrap().id].state, TaskState::Paused);
}

impl Ground {
    /// A plan is one thing that is kept: it is there or not.
    fn plan_surely(&self, fence: FenceKind) -> String {
        let left = self.model.left.take();
        let id = self.plan(fence);
        self.model.left.set(left);
        id
    }
}

#[test]
fn a_consumer_goes_on_exactly_where_it_stood_there_and_back() {
    for fence in [FenceKind::None, FenceKind::Acl] {
        assert!(there_and_back(fence, &[]) > 50, "the places are counted");
    }
}

#[test]
fn a_kill_at_any_place_loses_nothing_and_repeats_nothing() {
    for fence in [FenceKind::None, FenceKind::Acl] {
        let places = there_and_back(fence, &[]);
        for place in 0..places {
            there_and_back(fence, &[place]);
        }
    }
}

#[test]
fn a_second_kill_soon_after_the_first_does_not_either() {
    let places = there_and_back(FenceKind::Acl, &[]);
    for place in (0..places).step_by(2) {
        for soon in 0..4 {
            there_and_back(FenceKind::Acl, &[place, soon, soon]);
        }
    }
}

#[test]
fn giving_up_before_the_switch_leaves_everything_as_it_was_wherever_it_is_killed() {
    for steps in 0..6 {
        let mut place = 0;
        loop {
            let mut ground = Ground::new();
            ground.write(OLD, 4);
            ground.read(OLD, 2);
            let id = ground.plan(FenceKind::Acl);
            for _ in 0..steps {
                ground.next(&id, &[]);
            }
            let before = ground.model.passed.get();
            ground.model.left.set(Some(place));
            ground.until_done(&id, |procedure| {
                if procedure_is_over(procedure) {
                    return Ok(());
                }
                procedure.abandon()
            });
            ground.model.left.set(None);
            assert_eq!(ground.kept(&id).state, CutoverState::Abandoned);
            assert!(ground.model.state.borrow().rules.is_empty());
            assert_eq!(ground.task_state(&first_task()), Some(TaskState::Running));
            assert_eq!(ground.model.state.borrow().tasks.len(), 1);
            ground.write(OLD, 1);
            ground.read(OLD, usize::MAX);
            ground.nothing_is_lost_or_read_twice();
            ground.holds_everything_once(NEW);
            if place > ground.model.passed.get() - before {
                break;
            }
            place += 1;
        }
    }
}

fn procedure_is_over(procedure: &super::super::procedure::Procedure<'_>) -> bool {
    procedure.cutover.state == CutoverState::Abandoned
}
