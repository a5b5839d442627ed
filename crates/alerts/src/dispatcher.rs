use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded, never, select};

use crate::{Backoff, Channel, ChannelError, Courier, Delivery, DeliveryState, Message};

/// How long the thread waits at most before it looks around.
const LOOK_AROUND: Duration = Duration::from_secs(60);

/// Tells the time, in ms since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;
/// Hears how a delivery ended; called on the dispatcher's thread, and must not wait for long.
pub type Report = Box<dyn FnMut(Delivery) + Send>;

/// One message for one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its owner's name for it; comes back in the [`Delivery`].
    pub id: String,
    /// Where to.
    pub channel: Channel,
    /// What.
    pub message: Message,
}

/// How a dispatcher works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatchSettings {
    /// How many messages wait to be taken up, and how many taken up ones wait for their turn: each at most this many.
    pub queue: usize,
    /// How often each is tried.
    pub backoff: Backoff,
}

impl Default for DispatchSettings {
    /// 256 messages, three attempts.
    fn default() -> Self {
        Self {
            queue: 256,
            backoff: Backoff::default(),
        }
    }
}

/// Delivers messages on a thread of its own. Messages of one channel keep their order; a channel that does not answer
/// holds up the others by one attempt at a time.
pub struct Dispatcher {
    inbox: Option<Sender<Job>>,
    stop: Sender<Instant>,
    thread: Option<JoinHandle<()>>,
    clock: Clock,
}

impl Dispatcher {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        courier: Courier,
        settings: DispatchSettings,
        clock: Clock,
        report: Report,
    ) -> std::io::Result<Self> {
        let (inbox, incoming) = bounded(settings.queue.max(1));
        let (stop, stopped) = bounded(1);
        let worker = Worker {
            courier,
            settings,
            clock: Arc::clone(&clock),
            report,
            lanes: BTreeMap::new(),
            closing: None,
        };
        let thread = Builder::new()
            .name("sluice-alerts".to_owned())
            .spawn(move || worker.run(incoming, &stopped))?;
        Ok(Self {
            inbox: Some(inbox),
            stop,
            thread: Some(thread),
            clock,
        })
    }

    /// Hands over a message. Never waits.
    ///
    /// # Errors
    /// It will not be delivered, because too many are waiting: for the history.
    pub fn submit(&self, job: Job) -> Result<(), Box<Delivery>> {
        let refused = |job: Job, detail: &str| {
            Err(Box::new(Delivery {
                job_id: job.id,
                channel_id: job.channel.id,
                state: DeliveryState::Undeliverable,
                detail: detail.to_owned(),
                attempts: 0,
                at_ms: (self.clock)(),
            }))
        };
        let ended = "the delivery of alerts has ended; start Sluice again";
        match &self.inbox {
            None => refused(job, ended),
            Some(inbox) => match inbox.try_send(job) {
                Ok(()) => Ok(()),
                Err(TrySendError::Full(job)) => refused(
                    job,
                    "too many alerts wait for delivery. Check the channels that do not answer, or watch for fewer things",
                ),
                Err(TrySendError::Disconnected(job)) => refused(job, ended),
            },
        }
    }

    /// Delivers what is waiting, for at most `within`, reports the rest as undeliverable and ends the thread. An
    /// attempt that has begun is waited for (see [`Courier::deliver`]).
    pub fn stop(mut self, within: Duration) {
        self.end(within);
    }

    fn end(&mut self, within: Duration) {
        self.inbox = None;
        // A thread that has ended already hears nothing, and is joined all the same.
        self.stop.try_send(Instant::now() + within).ok();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed where it happened.
            drop(thread.join());
        }
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

struct Worker {
    courier: Courier,
    settings: DispatchSettings,
    clock: Clock,
    report: Report,
    /// By channel.
    lanes: BTreeMap<String, Lane>,
    /// When everything must be over.
    closing: Option<Instant>,
}

/// The messages of one channel, in their order.
struct Lane {
    jobs: VecDeque<Job>,
    /// How often the first one has failed, and how.
    failed: u32,
    last: Option<ChannelError>,
    /// When the first one is tried.
    due: Instant,
}

impl Worker {
    fn run(mut self, incoming: Receiver<Job>, stopped: &Receiver<Instant>) {
        let mut incoming = incoming;
        let mut open = true;
        loop {
            if open && self.has_room() {
                match incoming.try_recv() {
                    Ok(job) => {
                        self.take(job);
                        continue;
                    }
                    Err(TryRecvError::Disconnected) => {
                        open = false;
                        incoming = never();
                    }
                    Err(TryRecvError::Empty) => {}
                }
            }
            if let Ok(deadline) = stopped.try_recv() {
                self.closing = Some(deadline);
            }
            let now = Instant::now();
            let next = self.next_due();
            if let Some(deadline) = self.closing {
                let over = match &next {
                    Some((due, _)) => (*due).max(now) >= deadline,
                    None => !open || now >= deadline,
                };
                if over {
                    return self.give_up(&incoming);
                }
            }
            if let Some((due, channel)) = &next
                && *due <= now
            {
                self.attempt(&channel.clone());
                continue;
            }
            let mut wait = next.map_or(LOOK_AROUND, |(due, _)| due.saturating_duration_since(now));
            if let Some(deadline) = self.closing {
                wait = wait.min(deadline.saturating_duration_since(now));
            }
            let source = if self.has_room() {
                incoming.clone()
            } else {
                never()
            };
            select! {
                recv(source) -> job => match job {
                    Ok(job) => self.take(job),
                    Err(_) => {
                        open = false;
                        incoming = never();
                    }
                },
                recv(stopped) -> deadline => if let Ok(deadline) = deadline {
                    self.closing = Some(deadline);
                },
                default(wait) => {}
            }
        }
    }

    fn has_room(&self) -> bool {
        let waiting: usize = self.lanes.values().map(|lane| lane.jobs.len()).sum();
        waiting < self.settings.queue.max(1)
    }

    fn take(&mut self, job: Job) {
        self.lanes
            .entry(job.channel.id.clone())
            .or_insert_with(|| Lane {
                jobs: VecDeque::new(),
                failed: 0,
                last: None,
                due: Instant::now(),
            })
            .jobs
            .push_back(job);
    }

    /// The channel whose turn is next.
    fn next_due(&self) -> Option<(Instant, String)> {
        self.lanes
            .iter()
            .map(|(channel, lane)| (lane.due, channel.clone()))
            .min()
    }

    fn attempt(&mut self, channel: &str) {
        let Some(mut lane) = self.lanes.remove(channel) else {
            return;
        };
        let Some(job) = lane.jobs.front() else { return };
        let delivered = self.courier.deliver(&job.channel, &job.message, (self.clock)());
        lane.due = Instant::now();
        let attempts = lane.failed + 1;
        let wait = match &delivered {
            Err(error) if error.is_transient() => self.settings.backoff.after(attempts),
            _ => None,
        };
        match (delivered, wait) {
            (Err(error), Some(wait)) => {
                lane.failed = attempts;
                lane.last = Some(error);
                lane.due += wait;
            }
            (delivered, _) => {
                lane.failed = 0;
                lane.last = None;
                if let Some(job) = lane.jobs.pop_front() {
                    self.report(job, delivered.err().map(|error| error.to_string()), attempts);
                }
            }
        }
        if !lane.jobs.is_empty() {
            self.lanes.insert(channel.to_owned(), lane);
        }
    }

    fn give_up(mut self, incoming: &Receiver<Job>) {
        while let Ok(job) = incoming.try_recv() {
            self.report(job, Some(unsent(None)), 0);
        }
        for (_, mut lane) in std::mem::take(&mut self.lanes) {
            let (mut failed, mut last) = (lane.failed, lane.last.take());
            for job in lane.jobs {
                self.report(
                    job,
                    Some(unsent(last.take().as_ref())),
                    std::mem::take(&mut failed),
                );
            }
        }
    }

    fn report(&mut self, job: Job, failure: Option<String>, attempts: u32) {
        (self.report)(Delivery {
            job_id: job.id,
            channel_id: job.channel.id,
            state: if failure.is_some() {
                DeliveryState::Undeliverable
            } else {
                DeliveryState::Sent
            },
            detail: failure.unwrap_or_default(),
            attempts,
            at_ms: (self.clock)(),
        });
    }
}

fn unsent(last: Option<&ChannelError>) -> String {
    match last {
        None => "Sluice ended before it could be sent".to_owned(),
        Some(error) => format!("Sluice ended before it could be sent again: {error}"),
    }
}
