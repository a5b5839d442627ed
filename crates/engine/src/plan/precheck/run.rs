use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Scope;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use sluice_model::Task;

use crate::clock::now_ms;
use crate::error::{EngineError, Side};
use crate::finding::{Finding, Verdict};
use crate::plan::precheck::checks::{CHECKS, Check, Fact, Facts, Inputs, Need};
use crate::plan::precheck::context::PreCheckContext;
use crate::plan::precheck::facts::{Clients, Growth, KnownRights, Offsets, Outline, Reached, Sample, Setup};
use crate::plan::precheck::fingerprint::settings_fingerprint;
use crate::plan::precheck::item::{ItemResult, PreCheckItem, PreCheckReport};
use crate::plan::route_facts;
use crate::plan::{Connected, Pair};
use crate::position::CheckpointStore;

/// How often the caller is asked whether to go on.
const SLICE: Duration = Duration::from_millis(100);
/// How long one question to a cluster may take: what was given up must not hold the pre-check much longer.
const QUESTION: Duration = Duration::from_secs(8);
/// Why items that need a cluster are not judged when it cannot be reached.
const UNREACHED: &str = "the cluster cannot be reached";

/// An answer on its way to where items are judged.
enum News {
    Connected(Side, Box<Connected>),
    Reached(Side, Result<Reached, EngineError>),
    Outline(Result<Box<Outline>, EngineError>),
    Offsets(Result<Offsets, EngineError>),
    Setup(Result<Setup, EngineError>),
    Rights(sluice_kafka::Result<KnownRights>),
    Sample(sluice_kafka::Result<Sample>),
    Growth(sluice_kafka::Result<Growth>),
}

/// Checks `task` without changing anything on either side. Questions are asked in parallel, by at most six threads at
/// once, and each item is given to `on_item` when it begins (`running`) and when it is done; on the calling thread.
///
/// An item that has no answer within its deadline says so. The whole takes at most two deadlines (first the connections,
/// then everything else) and the time of the one question that may still be under way, at most some ten seconds.
/// `cancel` ends it early: items without a result are reported as failed.
pub fn precheck(
    task: &Task,
    store: &dyn CheckpointStore,
    context: &PreCheckContext<'_>,
    cancel: &AtomicBool,
    on_item: &(dyn Fn(&PreCheckItem) + Sync),
) -> PreCheckReport {
    let at_ms = now_ms();
    let over = AtomicBool::new(false);
    let (answers, news) = unbounded();
    let mut run = Run {
        task,
        store,
        context,
        cancel,
        on_item,
        over: &over,
        facts: Facts::none(),
        items: CHECKS
            .iter()
            .filter(|check| context.only.is_none_or(|only| only.contains(&check.id)))
            .filter(|check| !context.without.contains(&check.id))
            .map(|check| Running {
                check,
                begun: None,
                done: None,
            })
            .collect(),
        connected: (None, None),
    };
    std::thread::scope(|scope| {
        run.connect(scope, &answers);
        run.judge_all(scope, &answers, &news);
        // Answers to open questions are not received any more.
        over.store(true, Ordering::Relaxed);
    });
    run.report(at_ms)
}

struct Running {
    check: &'static Check,
    begun: Option<Instant>,
    done: Option<PreCheckItem>,
}

struct Run<'a> {
    task: &'a Task,
    store: &'a dyn CheckpointStore,
    context: &'a PreCheckContext<'a>,
    cancel: &'a AtomicBool,
    on_item: &'a (dyn Fn(&PreCheckItem) + Sync),
    /// Set when answers are not waited for any more.
    over: &'a AtomicBool,
    facts: Facts,
    items: Vec<Running>,
    connected: (Option<Box<Connected>>, Option<Box<Connected>>),
}

impl<'a> Run<'a> {
    fn wants(&self, need: Need) -> bool {
        self.items
            .iter()
            .any(|item| item.check.needs.contains(&need) && item.done.is_none())
    }

    fn question(&self) -> Duration {
        QUESTION.min(self.context.item_deadline)
    }

    /// Whether threads shall stop asking. Lives longer than the borrow of `self`.
    fn stopped(&self) -> impl Fn() -> bool + Send + Sync + Copy + use<'a> {
        let (over, cancel) = (self.over, self.cancel);
        move || over.load(Ordering::Relaxed) || cancel.load(Ordering::Relaxed)
    }

    /// Marks items whose questions are being asked from now on.
    fn begin(&mut self, needs: &[Need]) {
        let now = Instant::now();
        for item in &mut self.items {
            if item.begun.is_none() && item.check.needs.iter().any(|need| needs.contains(need)) {
                item.begun = Some(now);
                (self.on_item)(&PreCheckItem::running(item.check.id));
            }
        }
    }

    fn connect<'scope>(&mut self, scope: &'scope Scope<'scope, '_>, answers: &Sender<News>)
    where
        'a: 'scope,
    {
        self.begin(&[Need::Source, Need::Target]);
        if let Err(invalid) = self.task.check() {
            for side in [Side::Source, Side::Target] {
                self.take(scope, answers, News::Reached(side, Err(invalid.clone().into())));
            }
            return;
        }
        for side in [Side::Source, Side::Target] {
            let (answers, task, stopped) = (answers.clone(), self.task, self.stopped());
            let question = self.question();
            scope.spawn(move || {
                let cluster = match side {
                    Side::Source => &task.source,
                    Side::Target => &task.target,
                };
                let reached = Connected::open(side, cluster, stopped).map(|mut connected| {
                    connected.admin.set_deadline(question);
                    let metadata = connected.metadata.clone();
                    // The receiver is gone when this fails.
                    drop(answers.send(News::Connected(side, Box::new(connected))));
                    Reached::read(cluster, &metadata, &stopped)
                });
                drop(answers.send(News::Reached(side, reached)));
            });
        }
    }

    /// Takes answers in and judges what can be judged, until every item is done.
    fn judge_all<'scope>(
        &mut self,
        scope: &'scope Scope<'scope, '_>,
        answers: &Sender<News>,
        news: &Receiver<News>,
    ) where
        'a: 'scope,
    {
        loop {
            self.judge();
            if self.items.iter().all(|item| item.done.is_some()) {
                return;
            }
            match news.recv_timeout(SLICE) {
                Ok(one) => self.take(scope, answers, one),
                Err(RecvTimeoutError::Timeout) => {}
                // Not while `answers` lives.
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.cancel.load(Ordering::Relaxed) {
                self.finish(|_| true, "the pre-check was cancelled", |_| Verdict::Failed);
                return;
            }
            self.expire();
        }
    }

    /// Ends items whose time is over: with what is known where that suffices.
    fn expire(&mut self) {
        let deadline = self.context.item_deadline;
        let late = |item: &Running| {
            item.done.is_none() && item.begun.is_some_and(|begun| begun.elapsed() >= deadline)
        };
        if !self.items.iter().any(late) {
            return;
        }
        let inputs = self.inputs();
        let judged: Vec<Option<Finding>> = self
            .items
            .iter()
            .map(|item| {
                if late(item) {
                    (item.check.judge)(&inputs)
                } else {
                    None
                }
            })
            .collect();
        for (item, finding) in self.items.iter_mut().zip(judged) {
            if let Some(finding) = finding {
                done(item, finding, self.on_item);
            }
        }
        let sentence = format!("no answer within {} s", deadline.as_secs_f64());
        self.finish(late, &sentence, |check| check.unanswered);
        let connecting = self.items.iter().any(|item| {
            item.done.is_some()
                && item
                    .check
                    .must
                    .iter()
                    .any(|must| self.facts.settled(*must).is_none() && *must <= Need::Target)
        });
        if connecting {
            // What comes after the connections would wait for ever.
            self.unreachable(UNREACHED);
        }
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            task: self.task,
            context: self.context,
            facts: &self.facts,
            now: now_ms(),
        }
    }

    /// Ends items without a judgement.
    fn finish(&mut self, which: impl Fn(&Running) -> bool, why: &str, verdict: impl Fn(&Check) -> Verdict) {
        for item in &mut self.items {
            if item.done.is_none() && which(item) {
                let finding = unanswered(item.check, why, verdict(item.check));
                done(item, finding, self.on_item);
            }
        }
    }

    /// Items that need the clusters are not judged, for `why`.
    fn unreachable(&mut self, why: &str) {
        self.facts.outline.give_up(why);
        self.facts.offsets.give_up(why);
        self.facts.setup.give_up(why);
        self.facts.rights.give_up(why);
        self.facts.sample.give_up(why);
        self.facts.growth.give_up(why);
    }

    fn take<'scope>(&mut self, scope: &'scope Scope<'scope, '_>, answers: &Sender<News>, news: News)
    where
        'a: 'scope,
    {
        match news {
            News::Connected(side, connected) => {
                match side {
                    Side::Source => self.connected.0 = Some(connected),
                    Side::Target => self.connected.1 = Some(connected),
                }
                if let (Some(_), Some(_)) = &self.connected
                    && let (Some(source), Some(target)) = (self.connected.0.take(), self.connected.1.take())
                {
                    let pair = Pair {
                        source: *source,
                        target: *target,
                    };
                    self.ask_outline(scope, answers, pair);
                }
            }
            News::Reached(side, reached) => {
                match &reached {
                    Ok(_) => {}
                    // No cluster was asked.
                    Err(EngineError::Invalid(invalid)) => self.unreachable(&invalid.to_string()),
                    Err(_) => self.unreachable(UNREACHED),
                }
                match side {
                    Side::Source => self.facts.source = Fact::Known(reached),
                    Side::Target => self.facts.target = Fact::Known(reached),
                }
            }
            News::Outline(Ok(outline)) => {
                let outline = Arc::new(*outline);
                self.facts.outline = Fact::Known(Arc::clone(&outline));
                self.ask_topics(scope, answers, &outline);
            }
            News::Outline(Err(error)) => {
                let why = error.to_string();
                self.facts.outline.give_up(&why);
                self.facts.setup.give_up(&why);
                self.facts.rights.give_up(&why);
                self.without_offsets(&why);
            }
            News::Offsets(Ok(offsets)) => {
                let offsets = Arc::new(offsets);
                self.facts.offsets = Fact::Known(Arc::clone(&offsets));
                self.ask_records(scope, answers, &offsets);
            }
            News::Offsets(Err(error)) => self.without_offsets(&error.to_string()),
            News::Setup(setup) => self.facts.setup = fact(setup),
            News::Rights(rights) => self.facts.rights = fact(rights),
            News::Sample(sample) => self.facts.sample = fact(sample),
            News::Growth(growth) => self.facts.growth = fact(growth),
        }
    }

    fn without_offsets(&mut self, why: &str) {
        self.facts.offsets.give_up(why);
        self.facts.sample.give_up(why);
        self.facts.growth.give_up(why);
    }

    fn ask_outline<'scope>(&mut self, scope: &'scope Scope<'scope, '_>, answers: &Sender<News>, pair: Pair)
    where
        'a: 'scope,
    {
        let further =
            |item: &Running| item.done.is_none() && item.check.needs.iter().any(|need| *need > Need::Target);
        if !self.items.iter().any(further) {
            return;
        }
        self.begin(&[
            Need::Outline,
            Need::Offsets,
            Need::Setup,
            Need::Rights,
            Need::Sample,
            Need::Growth,
        ]);
        let (answers, task, store, stopped) = (answers.clone(), self.task, self.store, self.stopped());
        scope.spawn(move || {
            let outline = Outline::read(task, store, pair, &stopped).map(Box::new);
            drop(answers.send(News::Outline(outline)));
        });
    }

    fn ask_topics<'scope>(
        &mut self,
        scope: &'scope Scope<'scope, '_>,
        answers: &Sender<News>,
        outline: &Arc<Outline>,
    ) where
        'a: 'scope,
    {
        let (task, stopped, question) = (self.task, self.stopped(), self.question());
        if self.wants(Need::Offsets) || self.wants(Need::Sample) || self.wants(Need::Growth) {
            let (answers, outline) = (answers.clone(), Arc::clone(outline));
            scope.spawn(move || {
                let offsets = Clients::new(task, question)
                    .map_err(|error| EngineError::Refused(error.to_string()))
                    .and_then(|clients| {
                        let both = (&clients.source, &clients.target);
                        Offsets::read(task, &outline, both, question, &stopped)
                    });
                drop(answers.send(News::Offsets(offsets)));
            });
        }
        if self.wants(Need::Setup) {
            let (answers, outline) = (answers.clone(), Arc::clone(outline));
            scope.spawn(move || drop(answers.send(News::Setup(Setup::read(task, &outline, &stopped)))));
        }
        if self.wants(Need::Rights) {
            let (answers, outline) = (answers.clone(), Arc::clone(outline));
            scope.spawn(move || {
                let rights = Clients::new(task, question)
                    .and_then(|clients| KnownRights::read(task, &outline, &clients));
                drop(answers.send(News::Rights(rights)));
            });
        }
    }

    fn ask_records<'scope>(
        &mut self,
        scope: &'scope Scope<'scope, '_>,
        answers: &Sender<News>,
        offsets: &Arc<Offsets>,
    ) where
        'a: 'scope,
    {
        let Fact::Known(outline) = &self.facts.outline else {
            return;
        };
        let (task, stopped, watch) = (self.task, self.stopped(), self.context.watch);
        if self.wants(Need::Sample) {
            let (answers, outline, offsets) = (answers.clone(), Arc::clone(outline), Arc::clone(offsets));
            scope.spawn(move || {
                drop(answers.send(News::Sample(Sample::read(task, &outline, &offsets, &stopped))));
            });
        }
        if self.wants(Need::Growth) {
            let (answers, outline, offsets) = (answers.clone(), Arc::clone(outline), Arc::clone(offsets));
            scope.spawn(move || {
                drop(answers.send(News::Growth(Growth::read(&outline, &offsets, watch, &stopped))));
            });
        }
    }

    /// Judges every item that has all its answers.
    fn judge(&mut self) {
        let inputs = self.inputs();
        let judged: Vec<Option<Finding>> = self
            .items
            .iter()
            .map(|item| self.judge_one(item, &inputs))
            .collect();
        for (item, finding) in self.items.iter_mut().zip(judged) {
            if let Some(finding) = finding {
                done(item, finding, self.on_item);
            }
        }
    }

    fn judge_one(&self, item: &Running, inputs: &Inputs<'_>) -> Option<Finding> {
        if item.done.is_some() {
            return None;
        }
        let check = item.check;
        let lacking = check
            .must
            .iter()
            .find_map(|need| self.facts.settled(*need)?.err());
        if let Some(why) = lacking {
            // The connection has failed already: the rest of the list need not repeat it as loudly.
            let verdict = if why == UNREACHED {
                Verdict::Warning
            } else {
                check.unanswered
            };
            return Some(unanswered(check, why, verdict));
        }
        let ready = check.needs.iter().all(|need| self.facts.settled(*need).is_some());
        if ready { (check.judge)(inputs) } else { None }
    }

    fn report(self, at_ms: i64) -> PreCheckReport {
        let outline = match &self.facts.outline {
            Fact::Known(outline) => Some(outline),
            Fact::Pending | Fact::Missing(_) => None,
        };
        let routes = match (outline, &self.facts.offsets) {
            (Some(outline), Fact::Known(offsets)) => route_facts(outline, offsets),
            _ => Vec::new(),
        };
        let items: Vec<PreCheckItem> = self.items.into_iter().filter_map(|item| item.done).collect();
        PreCheckReport {
            may_start: items.iter().all(|item| item.result != ItemResult::Failed),
            items,
            at_ms,
            settings: settings_fingerprint(self.task),
            source_cluster_id: outline.and_then(|outline| outline.pair.source.id.clone()),
            target_cluster_id: outline.and_then(|outline| outline.pair.target.id.clone()),
            delivery: outline.map(|outline| outline.delivery.describe().to_owned()),
            resumes: outline.is_some_and(|outline| outline.launch.is_some()),
            routes,
        }
    }
}

fn fact<T>(answer: Result<T, impl std::fmt::Display>) -> Fact<T> {
    match answer {
        Ok(known) => Fact::Known(known),
        Err(error) => Fact::Missing(error.to_string()),
    }
}

fn unanswered(check: &Check, why: &str, verdict: Verdict) -> Finding {
    Finding {
        id: check.id,
        result: verdict,
        cause: format!("not checked: {why}"),
        effect: "what this item is about shows only when the task runs".to_owned(),
        remedy: "see the connection of both clusters, and check again".to_owned(),
    }
}

fn done(item: &mut Running, finding: Finding, on_item: &(dyn Fn(&PreCheckItem) + Sync)) {
    let lasted = item.begun.map_or(Duration::ZERO, |begun| begun.elapsed());
    let result = PreCheckItem::done(finding, u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX));
    on_item(&result);
    item.done = Some(result);
}
