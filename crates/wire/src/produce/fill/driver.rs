use std::collections::BTreeMap;
use std::fmt;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::cancel::Cancel;
use crate::client::{Client, GroupOffset, Mailbox, Wake};
use crate::error::{Result, WireError};
use crate::produce::fill::event::{FillEvent, FillSettings, Hole};
use crate::produce::fill::filler::{Filled, Filler};
use crate::topic_partition::TopicPartition;

/// How long one call of the thread may take.
const CALL: Duration = Duration::from_secs(30);
/// Holes up to this length are filled before longer ones, so that they do not wait for these.
const SHORT: i64 = 1_000_000;

/// What the thread is asked for.
enum Job {
    Fill(Hole),
    Commit {
        group: String,
        offsets: BTreeMap<TopicPartition, GroupOffset>,
    },
}

/// Fills holes on a thread of its own: those of many partitions in one transaction, as they come. What it reports waits for
/// [`HoleFiller::poll`].
pub struct HoleFiller {
    jobs: Option<Sender<Job>>,
    mailbox: Mailbox<FillEvent>,
    cancel: Cancel,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for HoleFiller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HoleFiller").finish_non_exhaustive()
    }
}

impl HoleFiller {
    /// Takes the transactional id, which fences earlier fillers and ends the transaction that they left open. Waits for the
    /// cluster, as long as the client's calls may take. `wake` is notified when there is something to poll for.
    ///
    /// # Errors
    /// No coordinator answers, no right, the cluster is older than 0.11, or the system gives no thread.
    pub fn open(client: &Client, settings: FillSettings, wake: &Wake) -> Result<Self> {
        let cancel = client.cancel_signal().child();
        let filler = Filler::open(client, settings)?;
        let filler = filler.with_client(&client.with_cancel(cancel.clone()).with_timeout(CALL));
        let mailbox = Mailbox::new(wake.clone());
        let (jobs, receiver) = mpsc::channel();
        let reports = mailbox.clone();
        let thread = std::thread::Builder::new()
            .name("sluice-filler".to_owned())
            .spawn(move || {
                if let Err(error) = (Thread {
                    filler,
                    reports: &reports,
                })
                .run(&receiver)
                    && error != WireError::Cancelled
                {
                    reports.put(FillEvent::Failed(error));
                }
            })
            .map_err(|error| WireError::Disconnected {
                address: "the thread that fills holes".to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self {
            jobs: Some(jobs),
            mailbox,
            cancel,
            thread: Some(thread),
        })
    }

    /// Has a hole filled. Everything before it must be acknowledged, and nothing may be written to the partition until
    /// the outcome is reported.
    pub fn fill(&self, hole: Hole) {
        self.ask(Job::Fill(hole));
    }

    /// Has positions of a group that has no members committed.
    pub fn commit(&self, group: &str, offsets: BTreeMap<TopicPartition, GroupOffset>) {
        let group = group.to_owned();
        self.ask(Job::Commit { group, offsets });
    }

    fn ask(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // The thread has ended only after it has reported why.
            jobs.send(job).ok();
        }
    }

    /// Everything that has happened.
    pub fn poll(&self) -> Vec<FillEvent> {
        self.mailbox.take().into()
    }
}

impl Drop for HoleFiller {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

struct Thread<'m> {
    filler: Filler,
    reports: &'m Mailbox<FillEvent>,
}

impl Thread<'_> {
    fn run(&mut self, jobs: &Receiver<Job>) -> Result<()> {
        let mut holes: Vec<Hole> = Vec::new();
        loop {
            if holes.is_empty() {
                match jobs.recv() {
                    Ok(job) => self.take(job, &mut holes)?,
                    Err(_) => return Ok(()),
                }
            }
            while let Ok(job) = jobs.try_recv() {
                self.take(job, &mut holes)?;
            }
            self.round(&mut holes)?;
        }
    }

    fn take(&mut self, job: Job, holes: &mut Vec<Hole>) -> Result<()> {
        match job {
            Job::Fill(hole) => holes.push(hole),
            Job::Commit { group, offsets } => {
                self.filler.commit(&group, &offsets)?;
                self.reports.put(FillEvent::Committed);
            }
        }
        Ok(())
    }

    /// One transaction for the holes at hand, the short ones first.
    fn round(&mut self, holes: &mut Vec<Hole>) -> Result<()> {
        let left = |hole: &Hole| hole.to - hole.from;
        let any_short = holes.iter().any(|hole| (1..=SHORT).contains(&left(hole)));
        let now: Vec<Hole> = holes
            .iter()
            .filter(|hole| left(hole) > 0 && (!any_short || left(hole) <= SHORT))
            .cloned()
            .collect();
        let filled = if now.is_empty() {
            BTreeMap::new()
        } else {
            self.filler.fill(&now)?
        };
        for hole in holes.iter_mut() {
            if let Some(Filled::At(end)) = filled.get(&hole.place) {
                hole.from = *end;
            }
        }
        let displaced = |hole: &Hole| match filled.get(&hole.place) {
            Some(Filled::Displaced { expected, found }) => Some((*expected, *found)),
            _ => None,
        };
        for hole in holes.iter() {
            if let Some((expected, found)) = displaced(hole) {
                self.reports.put(FillEvent::Displaced {
                    place: hole.place.clone(),
                    expected,
                    found,
                });
            }
        }
        holes.retain(|hole| displaced(hole).is_none());
        // As it grows, so that a log that begins at a very great offset never holds all of its filler.
        let deletable: BTreeMap<TopicPartition, i64> = holes
            .iter()
            .filter(|hole| filled.contains_key(&hole.place) || left(hole) == 0)
            .filter_map(|hole| Some((hole.place.clone(), hole.delete_before?.min(hole.from))))
            .collect();
        if !deletable.is_empty() {
            self.filler.delete_before(&deletable)?;
        }
        for hole in holes.iter().filter(|hole| left(hole) <= 0) {
            self.reports.put(FillEvent::Filled {
                place: hole.place.clone(),
                end: hole.from,
            });
        }
        holes.retain(|hole| left(hole) > 0);
        Ok(())
    }
}
