//! Applications that write and read on the model, and a person who carries a cut-over on however often it is killed.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sluice_model::{TaskId, TaskState};

use super::super::procedure::Procedure;
use super::super::question::CutoverResult;
use super::super::record::{Cutover, FenceKind, TopicPair};
use super::super::step::CutoverStep;
use super::model::{Copying, Killed, Model};
use crate::Result;

pub(super) const OLD: &str = "old";
pub(super) const NEW: &str = "new";
pub(super) const GROUP: &str = "billing";

/// The records that a consumer has read of each partition of topic `t`, in order.
pub(super) type Reads = BTreeMap<i32, Vec<u32>>;

/// The model with applications.
pub(super) struct Ground {
    pub(super) model: Model,
    next_record: u32,
    pub(super) written: Reads,
    pub(super) read: Reads,
}

impl Ground {
    /// Two partitions of topic `t` on the old side, which a task copies to topic `t.new`.
    pub(super) fn new() -> Self {
        let model = Model::default();
        model.has_authorizer.set(true);
        {
            let mut state = model.state.borrow_mut();
            state.tasks.insert(
                first_task(),
                Copying {
                    from: OLD,
                    to: NEW,
                    topics: vec![pair()],
                    state: TaskState::Running,
                    position: BTreeMap::from([(("t".to_owned(), 0), 0), (("t".to_owned(), 1), 0)]),
                },
            );
            for partition in 0..2 {
                // The logs are as long as nobody's business: offsets of both sides differ from the first record on.
                state.logs.insert(
                    (NEW, "t.new".to_owned(), partition),
                    vec![None; 3 + partition as usize],
                );
                state.logs.insert((OLD, "t".to_owned(), partition), Vec::new());
            }
        }
        Self {
            model,
            next_record: 0,
            written: Reads::new(),
            read: Reads::new(),
        }
    }

    /// An application writes `count` records to each partition.
    pub(super) fn write(&mut self, cluster: &'static str, count: usize) {
        let topic = topic_on(cluster);
        for partition in 0..2 {
            for _ in 0..count {
                let record = self.next_record;
                self.next_record += 1;
                self.written.entry(partition).or_default().push(record);
                let mut state = self.model.state.borrow_mut();
                let log = state
                    .logs
                    .get_mut(&(cluster, topic.to_owned(), partition))
                    .unwrap();
                log.push(Some(record));
            }
        }
        self.model.copy_all();
    }

    /// The group reads up to `count` records of each partition and commits.
    pub(super) fn read(&mut self, cluster: &'static str, count: usize) {
        let topic = topic_on(cluster);
        let mut state = self.model.state.borrow_mut();
        for partition in 0..2 {
            let log = state.logs[&(cluster, topic.to_owned(), partition)].clone();
            let group = state.groups.entry((cluster, GROUP.to_owned())).or_default();
            let position = group.entry((topic.to_owned(), partition)).or_insert(0);
            let mut left = count;
            while left > 0 && *position < log.len() {
                if let Some(record) = log[*position] {
                    self.read.entry(partition).or_default().push(record);
                    left -= 1;
                }
                *position += 1;
            }
        }
    }

    /// Whoever read has read every record once, in order.
    pub(super) fn nothing_is_lost_or_read_twice(&self) {
        assert_eq!(self.read, self.written);
    }

    /// Every record stands on a side once, in order.
    pub(super) fn holds_everything_once(&self, cluster: &'static str) {
        let state = self.model.state.borrow();
        for (partition, written) in &self.written {
            let log = &state.logs[&(cluster, topic_on(cluster).to_owned(), *partition)];
            let records: Vec<u32> = log.iter().copied().flatten().collect();
            assert_eq!(records, *written, "partition {partition} on the {cluster} side");
        }
    }

    /// Plans a cut-over of the first task.
    pub(super) fn plan(&self, fence: FenceKind) -> String {
        let mut cutover = planned(fence);
        super::super::journal::Journal::save(&self.model, &mut cutover).unwrap();
        cutover.id
    }

    pub(super) fn kept(&self, id: &str) -> Cutover {
        self.model.state.borrow().kept[id].clone()
    }

    /// Carries one step on, until it is done or held, however often the program is killed.
    pub(super) fn next(&self, id: &str, overrule: &[&str]) -> Cutover {
        let overrule: Vec<String> = overrule.iter().map(|one| (*one).to_owned()).collect();
        let before = self.kept(id);
        loop {
            match self.call(id, |procedure| procedure.next(&overrule)) {
                Some(done) => {
                    done.unwrap();
                    return self.kept(id);
                }
                None => {
                    // A person looks before repeating anything: the step may be done.
                    let now = self.kept(id);
                    if now.step != before.step || !now.is_open() {
                        return now;
                    }
                }
            }
        }
    }

    /// Carries out something else, however often the program is killed.
    pub(super) fn until_done<T>(&self, id: &str, work: impl Fn(&mut Procedure<'_>) -> Result<T>) -> T {
        loop {
            if let Some(done) = self.call(id, &work) {
                return done.unwrap();
            }
        }
    }

    /// A call on what is kept; none where the program was killed during it.
    pub(super) fn call<T>(
        &self,
        id: &str,
        work: impl Fn(&mut Procedure<'_>) -> Result<T>,
    ) -> Option<Result<T>> {
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            let mut procedure = Procedure::new(&self.model, &self.model, "ann", self.kept(id));
            work(&mut procedure)
        }));
        match attempt {
            Ok(done) => Some(done),
            Err(panic) if panic.is::<Killed>() => None,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// Carries the cut-over `id` on to the window; nothing holds it.
    pub(super) fn to_the_window(&self, id: &str) {
        while self.kept(id).step < CutoverStep::Window {
            let now = self.next(id, &[]);
            assert_eq!(now.held, None, "{:#?}", now.log);
        }
    }

    pub(super) fn say(&self, question: &str, result: Option<CutoverResult>) {
        let mut state = self.model.state.borrow_mut();
        match result {
            Some(result) => state.said.insert(question.to_owned(), result),
            None => state.said.remove(question),
        };
    }

    pub(super) fn task_state(&self, task: &TaskId) -> Option<TaskState> {
        self.model.state.borrow().tasks.get(task).map(|task| task.state)
    }
}

pub(super) fn topic_on(cluster: &str) -> &'static str {
    if cluster == OLD { "t" } else { "t.new" }
}

pub(super) fn first_task() -> TaskId {
    TaskId::parse("rp-000000000001").unwrap()
}

fn pair() -> TopicPair {
    TopicPair {
        source: "t".to_owned(),
        target: "t.new".to_owned(),
    }
}

/// A cut-over of the first task as it is planned.
pub(in crate::cutover) fn planned(fence: FenceKind) -> Cutover {
    Cutover {
        groups: vec![GROUP.to_owned()],
        topics: vec![pair()],
        fence,
        follow: true,
        ..Cutover::at_beginning("co-1".to_owned(), first_task(), "orders".to_owned(), 1)
    }
}
