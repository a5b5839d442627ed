//! A run is watched: its state is kept, its numbers are published and measured for the charts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_engine::Progress;
use sluice_model::{TaskSettings, TaskState};
use sluice_store::MetricSample;

use super::engine::Run;
use super::live::{Live, publishing_pause_ms};
use super::runner::{FIRST_PAUSE, Next, Runner};
use super::snapshot::snapshot;
use super::stretch::{self, Stretch};
use super::trouble::trouble_of;
use crate::Result;
use crate::clock::now_ms;
use crate::schema::AppEvent;

/// How often a run is looked at; pages get at most four updates a second.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A partition may fail so long before the task counts as abnormal: a leader that moves is no news.
const ABNORMAL_AFTER: Duration = Duration::from_secs(3);

/// A trouble may change its words faster than they can be read, and each change is written to the disk.
const REASON_KEPT_FOR: Duration = Duration::from_secs(3);

/// How long the program's end waits for connectors to stop.
const OTHERS_WITHIN: Duration = Duration::from_secs(5);

/// How a run has done so far.
#[derive(Default)]
struct Health {
    failing_since: Option<Instant>,
    /// Why the task is shown as abnormal, and since when.
    told: Option<(String, Instant)>,
}

impl Health {
    /// Whether `reason` is to be shown instead of what is shown now.
    fn is_news(&self, reason: &str) -> bool {
        self.told
            .as_ref()
            .is_none_or(|(told, at)| told != reason && at.elapsed() >= REASON_KEPT_FOR)
    }
}

impl Runner {
    /// Watches a run until it ends, and says what comes after it.
    pub(super) fn follow(&mut self, run: Box<dyn Run>, settings: &TaskSettings) -> Result<Next> {
        let mut health = Health::default();
        let mut stretch = self.stretch();
        let mut acceptances_seen = 0;
        let mut ending_since = None;
        {
            let mut live = self.live();
            live.is_between_runs = false;
            live.next_try_ms = None;
        }
        loop {
            let finished = run.is_finished();
            let progress = run.progress();
            self.measure(&mut stretch, &progress);
            self.core.stopped.remember(&self.id, &progress);
            if finished {
                break;
            }
            if self.orders.stops_a_run() {
                if self.orders.only_ends_the_program() {
                    run.leave();
                } else {
                    run.stop();
                    self.do_not_wait_for_others(settings, &mut ending_since);
                }
            } else {
                self.keep_state(&mut health, &progress)?;
            }
            self.orders.wait(Instant::now() + LOOK_EVERY);
            if let Some(rate) = self.orders.take_rate() {
                run.set_rate(rate);
            }
            let accepted = self.core.stopped.accepted_since(&self.id, &mut acceptances_seen);
            if !accepted.is_empty() {
                run.accept_gaps(accepted);
            }
            if self.orders.take_retry() && health.failing_since.is_some() {
                self.try_again_now()?;
            }
        }
        let outcome = run.wait();
        self.measure(&mut stretch, &outcome.progress);
        self.keep(stretch.sample());
        self.live().is_between_runs = true;
        self.core.stopped.remember(&self.id, &outcome.progress);
        self.after_run(outcome.ending, settings)
    }

    /// A Connect cluster that does not answer must not keep the program from ending. The next start finds the task in its state
    /// and stops what is still at work.
    fn do_not_wait_for_others(&self, settings: &TaskSettings, ending_since: &mut Option<Instant>) {
        if settings.run_on.is_none() || !self.orders.ends_the_program() {
            return;
        }
        let since = *ending_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= OTHERS_WITHIN {
            self.orders.leave_rest_undone();
        }
    }

    /// A person does not want to wait for what is being retried, or has removed what stopped a partition: everything is
    /// tried again by a new run.
    fn try_again_now(&self) -> Result<()> {
        self.enter(&[TaskState::Abnormal], TaskState::Starting, None)?;
        self.orders.restart();
        Ok(())
    }

    /// Shows the task as running or abnormal, as its partitions are, with the reason that holds now.
    fn keep_state(&mut self, health: &mut Health, progress: &Progress) -> Result<()> {
        let Some(reason) = trouble_of(progress) else {
            *health = Health::default();
            // The first look may come before the clusters have answered.
            self.failing_since = None;
            self.pause = FIRST_PAUSE;
            self.enter(
                &[TaskState::Starting, TaskState::Abnormal],
                TaskState::Running,
                None,
            )?;
            return Ok(());
        };
        let since = *health.failing_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= ABNORMAL_AFTER && health.is_news(&reason) {
            self.enter(
                &[TaskState::Starting, TaskState::Running, TaskState::Abnormal],
                TaskState::Abnormal,
                Some(&reason),
            )?;
            health.told = Some((reason, Instant::now()));
        }
        Ok(())
    }

    fn measure(&self, stretch: &mut Stretch, progress: &Progress) {
        self.publish(progress);
        if let Some(sample) = stretch.look(now_ms(), progress) {
            self.keep(&sample);
        }
    }

    /// Keeps the numbers for those who ask, and publishes them for those who subscribed.
    fn publish(&self, progress: &Progress) {
        let now = now_ms();
        let live = {
            let mut live = self.live();
            live.stuck_since_ms = progress
                .partitions
                .iter()
                .filter(|row| row.stuck)
                .filter_map(|row| row.still_since_ms)
                .min();
            live.progress = Some(Arc::new(progress.clone()));
            live.taken_ms = now;
            if now - live.published_ms < publishing_pause_ms(progress.partitions.len()) {
                return;
            }
            live.published_ms = now;
            live.clone()
        };
        if self.core.bus.has_subscribers() {
            self.publish_snapshot(&live);
        }
    }

    fn publish_snapshot(&self, live: &Live) {
        let snapshot = self
            .core
            .task(self.id.as_str())
            .and_then(|row| snapshot(&self.core, &row, Some(live)));
        match snapshot {
            Ok(snapshot) => self.core.bus.publish(&AppEvent::TaskProgress {
                snapshot: Box::new(snapshot.brief()),
            }),
            Err(error) => tracing::warn!(task = %self.id, %error, "no snapshot"),
        }
    }

    /// Begins to measure for the charts, with what an earlier run left of these ten seconds.
    fn stretch(&self) -> Stretch {
        let now = now_ms();
        let begin = stretch::beginning(now);
        let earlier = self
            .core
            .store
            .metrics(self.id.as_str(), begin, begin + stretch::SECONDS, 1, now / 1000)
            .map(|(_, mut samples)| samples.pop())
            .unwrap_or_else(|error| {
                tracing::error!(task = %self.id, %error, "the last sample for the charts cannot be read");
                None
            });
        Stretch::begin(now, earlier)
    }

    fn keep(&self, sample: &MetricSample) {
        if let Err(error) = self.core.store.record_metrics(self.id.as_str(), sample) {
            tracing::error!(task = %self.id, %error, "a sample for the charts is lost");
        }
    }
}
