use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::ApiKey;

use crate::client::core::Client;
use crate::client::link::{Link, LinkId, LinkSignal};
use crate::client::wake::Mailbox;
use crate::error::{Result, WireError};
use crate::net::Connection;

/// The pauses between attempts to reach a broker.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// A driver's way to one broker: a link that is replaced when it ends, with growing pauses while none opens.
#[derive(Debug)]
pub(crate) struct BrokerLink {
    link: Option<Link>,
    retry_at: Option<Instant>,
    pause: Duration,
    reported: Option<WireError>,
}

impl Default for BrokerLink {
    fn default() -> Self {
        Self {
            link: None,
            retry_at: None,
            pause: BACK_OFF.0,
            reported: None,
        }
    }
}

impl BrokerLink {
    /// Whether `link` is the present one.
    pub(crate) fn is(&self, link: LinkId) -> bool {
        self.link.as_ref().is_some_and(|own| own.id() == link)
    }

    /// Notes that the present link can be used.
    pub(crate) fn opened(&mut self, connection: Arc<Connection>) {
        if let Some(link) = &mut self.link {
            link.connection = Some(connection);
        }
    }

    /// The link and its connection, if it is open.
    pub(crate) fn usable(&self) -> Option<(&Link, &Arc<Connection>)> {
        let link = self.link.as_ref()?;
        Some((link, link.connection.as_ref()?))
    }

    /// When the next attempt to connect may begin, where one has failed.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.retry_at.filter(|_| self.link.is_none())
    }

    /// Lets go of a connection that has ended while nothing was asked: an idle one, which is no failure.
    pub(crate) fn drop_closed(&mut self) {
        if self
            .usable()
            .is_some_and(|(_, connection)| connection.closed().is_some())
        {
            self.link = None;
        }
    }

    /// Begins to connect if it is time.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn open<T>(
        &mut self,
        broker: i32,
        now: Instant,
        client: &Client,
        mailbox: &Mailbox<T>,
    ) -> Result<()>
    where
        T: From<LinkSignal> + Send + 'static,
    {
        if self.link.is_none() && self.retry_at.is_none_or(|at| at <= now) {
            self.link = Some(Link::open(client, broker, mailbox)?);
        }
        Ok(())
    }

    /// The link is of no more use. Returns whether that must be reported.
    pub(crate) fn failed(&mut self, error: &WireError, now: Instant) -> bool {
        self.link = None;
        self.retry_at = Some(now + self.pause);
        self.pause = (self.pause * 2).min(BACK_OFF.1);
        let is_new = self.reported.as_ref() != Some(error);
        self.reported = Some(error.clone());
        is_new
    }

    /// Notes the throttle time of an answer: requests wait until it is over.
    pub(crate) fn throttled(&self, api: ApiKey, version: i16, time: Duration) {
        if let Some((_, connection)) = self.usable() {
            let milliseconds = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
            connection.note_throttle(api, version, milliseconds);
        }
    }

    /// The broker has answered.
    pub(crate) fn succeeded(&mut self) {
        self.pause = BACK_OFF.0;
        self.retry_at = None;
        self.reported = None;
    }
}
