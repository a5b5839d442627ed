//! The logs of tasks: lines are queued and written by one thread, so that no thread that copies waits for the database.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sluice_store::{LogRow, SqliteStore};

use crate::clock::now_ms;
use crate::{AppError, ErrorCode, Result};

/// Lines that may wait.
const MOST_LINES: usize = 20_000;
/// Bytes that they may have, their book-keeping counted as [`LINE_BYTES`] each.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Share of both, in per cent, behind which lines of little weight are left out: the rest is for those that matter.
const FOR_LITTLE_WEIGHT: usize = 50;
/// A line without its texts, as it lies in memory.
const LINE_BYTES: usize = std::mem::size_of::<LogRow>() + 64;
/// Lines of one transaction.
const BATCH: usize = 500;
/// Pause before a batch that could not be written is tried again; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// May be left out where too many wait: it is counted, and the log says how many are missing.
    Little,
    /// Never left out: what is lost, refused or stopped, and what becomes of the task. Where no more lines fit, the
    /// thread that has it waits.
    Great,
}

/// The queue and its thread. Dropping it writes what waits, for [`TaskLog::LAST_LINES`] at most.
pub(crate) struct TaskLog {
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Queue {
    inner: Mutex<Inner>,
    /// Something came, or the end did.
    came: Condvar,
    /// Something was written, or the thread ended.
    written: Condvar,
}

#[derive(Default)]
struct Inner {
    lines: VecDeque<LogRow>,
    bytes: usize,
    /// Lines that were taken from the queue and are being written.
    in_hand: usize,
    /// Lines that were left out, by task, since the last that was queued.
    left_out: Vec<(String, u64)>,
    /// Until when what waits is to be written, once the program ends.
    last_moment: Option<Instant>,
    ended: bool,
}

impl Inner {
    fn is_full(&self, percent: usize) -> bool {
        self.lines.len() * 100 >= MOST_LINES * percent || self.bytes * 100 >= MOST_BYTES * percent
    }

    fn waiting(&self) -> usize {
        self.lines.len() + self.in_hand
    }

    fn push(&mut self, line: LogRow) {
        self.bytes += size(&line);
        self.lines.push_back(line);
    }

    fn leave_out(&mut self, task_id: &str) {
        match self.left_out.iter_mut().find(|(id, _)| id == task_id) {
            Some((_, count)) => *count += 1,
            None => self.left_out.push((task_id.to_owned(), 1)),
        }
    }

    /// Says of a task how many lines are missing before the next one.
    fn account_for_left_out(&mut self, task_id: &str) {
        if let Some(place) = self.left_out.iter().position(|(id, _)| id == task_id) {
            let (task_id, count) = self.left_out.swap_remove(place);
            self.push(left_out(task_id, count));
        }
    }
}

fn left_out(task_id: String, count: u64) -> LogRow {
    LogRow {
        id: 0,
        task_id,
        at_ms: now_ms(),
        level: "warning".to_owned(),
        message: format!("{count} lines left out"),
        topic: None,
        partition: None,
        offset: None,
        event: None,
    }
}

fn size(line: &LogRow) -> usize {
    LINE_BYTES
        + line.task_id.len()
        + line.level.len()
        + line.message.len()
        + line.topic.as_ref().map_or(0, String::len)
}

impl TaskLog {
    /// How long what waits may take to be written when the program ends.
    pub(crate) const LAST_LINES: Duration = Duration::from_secs(5);

    /// Starts the thread.
    ///
    /// # Errors
    /// The system starts no more threads.
    pub(crate) fn start(store: Arc<SqliteStore>) -> Result<Self> {
        let queue = Arc::new(Queue::default());
        let thread = std::thread::Builder::new()
            .name("sluice-task-log".into())
            .spawn({
                let queue = Arc::clone(&queue);
                move || {
                    write_all(&queue, &store);
                    let mut inner = queue.locked();
                    inner.ended = true;
                    queue.written.notify_all();
                }
            })
            .map_err(|error| {
                AppError::new(
                    ErrorCode::Internal,
                    format!("no thread for the tasks' logs: {error}"),
                )
            })?;
        Ok(Self {
            queue,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Queues a line. Waits only with one of great weight, and only while the queue is full of what could not be written.
    pub(crate) fn append(&self, line: LogRow, weight: Weight) {
        let mut inner = self.queue.locked();
        let share = match weight {
            Weight::Little => FOR_LITTLE_WEIGHT,
            Weight::Great => 100,
        };
        // The same again says nothing new.
        let repeated = weight == Weight::Little
            && inner
                .lines
                .back()
                .is_some_and(|last| last.task_id == line.task_id && last.message == line.message);
        if weight == Weight::Little && (repeated || inner.is_full(share)) {
            inner.leave_out(&line.task_id);
            return;
        }
        while inner.is_full(share) && !inner.ended {
            inner = self
                .queue
                .written
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if inner.ended {
            tracing::error!(task = %line.task_id, message = %line.message, "a line of the task's log is lost");
            return;
        }
        inner.account_for_left_out(&line.task_id);
        inner.push(line);
        self.queue.came.notify_all();
    }

    /// Waits until everything that was queued before is written, for `patience` at most.
    pub(crate) fn flush(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut inner = self.queue.locked();
        let left_out = std::mem::take(&mut inner.left_out);
        for (task_id, count) in left_out {
            inner.push(self::left_out(task_id, count));
        }
        self.queue.came.notify_all();
        while !inner.ended && inner.waiting() > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            inner = self
                .queue
                .written
                .wait_timeout(inner, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Writes what waits, for `patience` at most, and ends. A write that the database holds up longer ends with the
    /// process.
    pub(crate) fn close(&self, patience: Duration) {
        let until = Instant::now() + patience;
        {
            let mut inner = self.queue.locked();
            let left_out = std::mem::take(&mut inner.left_out);
            for (task_id, count) in left_out {
                inner.push(self::left_out(task_id, count));
            }
            inner.last_moment.get_or_insert(until);
            self.queue.came.notify_all();
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        if !self.queue.ends_by(until) {
            let lost = self.queue.locked().waiting();
            tracing::error!(
                lost,
                "lines of the tasks' logs are lost: the database cannot be written"
            );
        } else if thread.join().is_err() {
            tracing::error!("the thread that writes the tasks' logs panicked");
        }
    }
}

impl Drop for TaskLog {
    fn drop(&mut self) {
        self.close(Self::LAST_LINES);
    }
}

impl Queue {
    fn locked(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for lines. None when everything is written and nothing more comes.
    fn take(&self) -> Option<Vec<LogRow>> {
        let mut inner = self.locked();
        loop {
            if !inner.lines.is_empty() {
                let count = inner.lines.len().min(BATCH);
                let batch: Vec<LogRow> = inner.lines.drain(..count).collect();
                inner.bytes -= batch.iter().map(size).sum::<usize>();
                inner.in_hand = batch.len();
                return Some(batch);
            }
            if inner.last_moment.is_some() {
                return None;
            }
            inner = self.came.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether the thread ends until then. A thread that panics ends without a word.
    fn ends_by(&self, until: Instant) -> bool {
        let mut inner = self.locked();
        while !inner.ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            inner = self
                .written
                .wait_timeout(inner, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    fn wrote(&self) {
        self.locked().in_hand = 0;
        self.written.notify_all();
    }

    /// Waits before the next try. Whether there is to be one.
    fn try_again_after(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut inner = self.locked();
        loop {
            let end = inner.last_moment.map_or(until, |last| last.min(until));
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return inner.last_moment.is_none_or(|last| Instant::now() < last);
            }
            inner = self
                .came
                .wait_timeout(inner, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

fn write_all(queue: &Queue, store: &SqliteStore) {
    while let Some(batch) = queue.take() {
        let mut pause = FIRST_PAUSE;
        loop {
            match store.append_task_log(&batch) {
                Ok(()) => break,
                Err(error) => {
                    tracing::error!(%error, lines = batch.len(), "lines of the tasks' logs wait to be written");
                    if !queue.try_again_after(pause) {
                        let lost = queue.locked().waiting();
                        tracing::error!(lost, "lines of the tasks' logs are lost");
                        return;
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        queue.wrote();
    }
}

#[cfg(test)]
mod tests {
    use sluice_store::LogFilter;

    use super::*;

    fn line(task: &str, message: String) -> LogRow {
        LogRow {
            id: 0,
            task_id: task.to_owned(),
            at_ms: 1,
            level: "info".to_owned(),
            message,
            topic: None,
            partition: None,
            offset: None,
            event: None,
        }
    }

    fn messages(store: &SqliteStore, task: &str) -> Vec<String> {
        let mut rows = store.task_log(task, &LogFilter::default()).unwrap();
        rows.reverse();
        rows.into_iter().map(|row| row.message).collect()
    }

    fn open() -> (tempfile::TempDir, Arc<SqliteStore>) {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
        (dir, store)
    }

    /// Holds the database locked, as a backup does, until it is dropped.
    fn lock(store: &SqliteStore) -> rusqlite::Connection {
        let other = rusqlite::Connection::open(store.path()).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        other
    }

    #[test]
    fn lines_are_written_in_their_order_and_all_of_them_before_the_end() {
        let (_dir, store) = open();
        let log = TaskLog::start(Arc::clone(&store)).unwrap();
        for number in 0..2_000 {
            log.append(line("rp-1", format!("{number}")), Weight::Great);
        }
        log.close(Duration::from_secs(60));
        let expected: Vec<String> = (0..2_000).map(|number| number.to_string()).collect();
        assert_eq!(messages(&store, "rp-1"), expected);
    }

    #[test]
    fn while_the_database_is_locked_lines_that_matter_are_kept_and_others_are_counted() {
        let (_dir, store) = open();
        let locked = lock(&store);
        let log = TaskLog::start(Arc::clone(&store)).unwrap();
        for number in 0..2 * MOST_LINES {
            log.append(line("rp-1", format!("info {number}")), Weight::Little);
        }
        for number in 0..MOST_LINES / 4 {
            log.append(line("rp-1", format!("gap {number}")), Weight::Great);
        }
        assert!(messages(&store, "rp-1").is_empty(), "nothing is written yet");
        drop(locked);
        log.close(Duration::from_secs(60));
        let written = messages(&store, "rp-1");
        let with = |begin: &str| written.iter().filter(|line| line.starts_with(begin)).count();
        assert_eq!(with("gap "), MOST_LINES / 4, "none of them is left out");
        let missing: u64 = written
            .iter()
            .filter_map(|line| line.split_once(" lines left out"))
            .map(|(count, _)| count.parse::<u64>().unwrap())
            .sum();
        assert_eq!(with("info ") as u64 + missing, 2 * MOST_LINES as u64);
        assert!(missing > 0);
    }

    #[test]
    fn a_line_that_matters_waits_for_room_and_is_written() {
        let (_dir, store) = open();
        let locked = lock(&store);
        let log = TaskLog::start(Arc::clone(&store)).unwrap();
        let total = MOST_LINES + BATCH + 10;
        std::thread::scope(|scope| {
            let adding = scope.spawn(|| {
                for number in 0..total {
                    log.append(line("rp-1", format!("{number}")), Weight::Great);
                }
            });
            let until = Instant::now() + Duration::from_secs(60);
            while !log.queue.locked().is_full(100) {
                assert!(Instant::now() < until, "it is never full");
                std::thread::yield_now();
            }
            assert!(!adding.is_finished(), "it waits");
            drop(locked);
            adding.join().unwrap();
        });
        log.close(Duration::from_secs(60));
        assert_eq!(messages(&store, "rp-1").len(), total);
    }

    #[test]
    fn the_same_line_again_is_counted_and_not_repeated() {
        let (_dir, store) = open();
        let locked = lock(&store);
        let log = TaskLog::start(Arc::clone(&store)).unwrap();
        log.append(line("rp-1", "first".to_owned()), Weight::Great);
        for _ in 0..1_000 {
            log.append(line("rp-1", "the leader moves".to_owned()), Weight::Little);
        }
        log.append(line("rp-1", "last".to_owned()), Weight::Great);
        drop(locked);
        log.close(Duration::from_secs(60));
        let written = messages(&store, "rp-1");
        let [first, between @ .., last] = &written[..] else {
            panic!("{written:?}");
        };
        assert_eq!((first.as_str(), last.as_str()), ("first", "last"));
        // What is written at once is counted together; the writer has taken one part, or none, before the database let it
        // write.
        assert!(between.len() <= 4, "{written:?}");
        let counted: usize = between
            .iter()
            .map(|line| match line.strip_suffix(" lines left out") {
                Some(count) => count.parse().unwrap(),
                None => usize::from(line == "the leader moves"),
            })
            .sum();
        assert_eq!(counted, 1_000, "{written:?}");
    }

    #[test]
    fn an_end_does_not_wait_for_a_database_that_stays_locked() {
        let (_dir, store) = open();
        let _locked = lock(&store);
        let log = TaskLog::start(Arc::clone(&store)).unwrap();
        log.append(line("rp-1", "lost".to_owned()), Weight::Great);
        log.close(Duration::ZERO);
        log.append(line("rp-1", "too late".to_owned()), Weight::Great);
    }

    #[test]
    fn whoever_flushes_finds_what_was_queued_before() {
        let (_dir, store) = open();
        let log = TaskLog::start(Arc::clone(&store)).unwrap();
        for number in 0..100 {
            log.append(line("rp-1", format!("{number}")), Weight::Little);
            log.flush(Duration::from_secs(60));
            assert_eq!(messages(&store, "rp-1").len(), number + 1);
        }
    }
}
