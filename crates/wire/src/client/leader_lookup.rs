use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::client::cluster_info::TopicInfo;
use crate::client::core::Client;
use crate::client::wake::Mailbox;
use crate::error::{Result, WireError};

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(10);
/// The pause between requests; Java's `retry.backoff.ms`.
const PAUSE: Duration = Duration::from_millis(100);

/// An answer about topics.
#[derive(Debug)]
pub(crate) struct LeadersFound {
    /// The topics that were asked for.
    pub(crate) topics: BTreeSet<String>,
    /// They, or why there is no answer.
    pub(crate) found: Result<Vec<TopicInfo>>,
}

/// Asks for the leaders of topics in the background, one request at a time.
#[derive(Debug, Default)]
pub(crate) struct LeaderLookup {
    wanted: BTreeSet<String>,
    running: bool,
    not_before: Option<Instant>,
}

impl LeaderLookup {
    /// Adds a topic to the next request.
    pub(crate) fn want(&mut self, topic: &str) {
        if !self.wanted.contains(topic) {
            self.wanted.insert(topic.to_owned());
        }
    }

    /// When the next request is due, if one is wanted.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        if self.wanted.is_empty() || self.running {
            return None;
        }
        Some(self.not_before.unwrap_or(now))
    }

    /// Sends the next request if it is due.
    pub(crate) fn start<T>(&mut self, now: Instant, client: &Client, mailbox: &Mailbox<T>)
    where
        T: From<LeadersFound> + Send + 'static,
    {
        if self.due(now).is_none_or(|due| due > now) {
            return;
        }
        self.running = true;
        let topics = std::mem::take(&mut self.wanted);
        let (asking, asked) = (client.with_timeout(LIMIT), topics.clone());
        let report_to = mailbox.clone();
        let spawned = std::thread::Builder::new()
            .name("sluice-leaders".to_owned())
            .spawn(move || {
                let found = ask(&asking, &asked);
                report_to.put(LeadersFound { topics: asked, found }.into());
            });
        if let Err(error) = spawned {
            let found = Err(WireError::Disconnected {
                address: "the cluster".to_owned(),
                reason: error.to_string(),
            });
            mailbox.put(LeadersFound { topics, found }.into());
        }
    }

    /// Notes that the request has an answer.
    pub(crate) fn done(&mut self, now: Instant) {
        self.running = false;
        self.not_before = Some(now + PAUSE);
    }
}

fn ask(client: &Client, topics: &BTreeSet<String>) -> Result<Vec<TopicInfo>> {
    let names: BTreeSet<&str> = topics.iter().map(String::as_str).collect();
    let (_, found) = client.ask_metadata(Some(&names), &client.budget())?;
    Ok(found)
}
