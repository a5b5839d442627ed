use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, unbounded};
use sluice_model::Task;

use crate::clock::now_ms;
use crate::error::{EngineError, Result};
use crate::groups::GroupStore;
use crate::readiness::answer::Answer;
use crate::readiness::context::ReadinessContext;
use crate::readiness::facts::Facts;
use crate::readiness::item::{ReadinessItem, ReadinessReport};
use crate::readiness::question::{QUESTIONS, Question};
use crate::readiness::questions::ask;

/// How often the caller is asked whether to go on.
const SLICE: Duration = Duration::from_millis(100);

/// Asks whether applications may move to the target of `task` now. Nothing is changed on either side. The questions are
/// asked in parallel, and each item is given to `on_item` when it begins (`running`) and when it is answered; on the
/// calling thread.
///
/// A question without an answer within its deadline is unknown, and says so. `cancel` ends it early: what has no answer
/// then is unknown as well.
///
/// # Errors
/// The task was never launched, so that there is nothing to move to, or its state cannot be read.
pub fn readiness(
    task: &Task,
    store: &dyn GroupStore,
    context: &ReadinessContext<'_>,
    cancel: &AtomicBool,
    on_item: &(dyn Fn(&ReadinessItem) + Sync),
) -> Result<ReadinessReport> {
    let at_ms = now_ms();
    let Some(launch) = store.launch(&task.name)? else {
        return Err(EngineError::Refused(
            "the task has not copied anything yet; start it, and ask again when it has".into(),
        ));
    };
    let facts = Facts::new(task, store, context, launch)?;
    let asked = QUESTIONS
        .into_iter()
        .filter(|question| context.only.is_none_or(|only| only.contains(question)));
    let begun = Instant::now();
    let (answers, news) = unbounded();
    let mut waiting: Vec<Question> = asked.collect();
    let items = std::thread::scope(|scope| {
        for question in waiting.iter().copied() {
            on_item(&ReadinessItem::running(question, now_ms()));
            let (answers, facts) = (answers.clone(), &facts);
            // The receiver is gone when this question came too late.
            scope.spawn(move || drop(answers.send((question, ask(question, facts)))));
        }
        let items = collect(&mut waiting, &news, begun, context.item_deadline, cancel, on_item);
        facts.give_up();
        items
    });
    Ok(ReadinessReport::new(items, at_ms))
}

/// Takes answers in until all are there, or the time for them is over.
fn collect(
    waiting: &mut Vec<Question>,
    news: &Receiver<(Question, Answer)>,
    begun: Instant,
    deadline: Duration,
    cancel: &AtomicBool,
    on_item: &(dyn Fn(&ReadinessItem) + Sync),
) -> Vec<ReadinessItem> {
    let mut items = Vec::new();
    let mut done = |question, answer: Answer| {
        let item = answer.item(question, millis(begun));
        on_item(&item);
        items.push(item);
    };
    while !waiting.is_empty() {
        match news.recv_timeout(SLICE) {
            Ok((question, answer)) => {
                waiting.retain(|open| *open != question);
                done(question, answer);
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {}
            // Not while the caller has a sender.
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let why = if cancel.load(Ordering::Relaxed) {
            "the questions were cancelled".to_owned()
        } else if begun.elapsed() >= deadline {
            format!("no answer within {} s", deadline.as_secs_f64())
        } else {
            continue;
        };
        for question in waiting.drain(..) {
            done(
                question,
                Answer::unknown(
                    format!("not known: {why}"),
                    "see the connection of both clusters, and ask again",
                ),
            );
        }
    }
    items.sort_by_key(|item| item.id);
    items
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
