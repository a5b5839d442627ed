//! A connection of a driver to one broker. Everything that may block (connecting, the login, the broker's throttle time,
//! a full socket) is done on the link's own thread, so that one broker holds up no other.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;

use crate::cancel::Cancel;
use crate::client::core::Client;
use crate::client::wake::Mailbox;
use crate::error::{Result, WireError};
use crate::net::{Connection, Outgoing};

/// Tells one link from all others of the process, those to the same broker included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkId(u64);

static NEXT: AtomicU64 = AtomicU64::new(1);

/// What a link reports.
#[derive(Debug)]
pub(crate) struct LinkSignal {
    pub(crate) link: LinkId,
    pub(crate) broker: i32,
    pub(crate) event: LinkEvent,
}

/// What has become of a link, or of a request on it.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    /// It can be used.
    Opened(Arc<Connection>),
    /// An answer, or why there is none: then it is of no more use, and the request may have been carried out.
    Answered { token: u64, answer: Result<Bytes> },
    /// It was not opened, or could not send.
    Ended(WireError),
}

struct Job {
    token: u64,
    outgoing: Outgoing,
    timeout: Duration,
}

/// A connection that is being opened or is open. It ends when it is dropped.
pub(crate) struct Link {
    id: LinkId,
    jobs: mpsc::Sender<Job>,
    cancel: Cancel,
    /// None while it is being opened.
    pub(crate) connection: Option<Arc<Connection>>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("id", &self.id)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// Begins to open a connection to a broker. What comes of it, and of each request, is put into `mailbox`.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn open<T>(client: &Client, broker: i32, mailbox: &Mailbox<T>) -> Result<Self>
    where
        T: From<LinkSignal> + Send + 'static,
    {
        let id = LinkId(NEXT.fetch_add(1, Ordering::Relaxed));
        let (jobs, receiver) = mpsc::channel();
        let cancel = client.cancel_signal().child();
        let worker = Worker {
            id,
            broker,
            client: client.with_cancel(cancel.clone()),
            cancel: cancel.clone(),
            mailbox: mailbox.clone(),
        };
        std::thread::Builder::new()
            .name("sluice-link".to_owned())
            .spawn(move || worker.run(&receiver))
            .map_err(|error| WireError::Disconnected {
                address: format!("broker {broker}"),
                reason: error.to_string(),
            })?;
        Ok(Self {
            id,
            jobs,
            cancel,
            connection: None,
        })
    }

    pub(crate) fn id(&self) -> LinkId {
        self.id
    }

    /// Hands a request over for sending. Requests are sent in the order in which they are handed over.
    pub(crate) fn send(&self, token: u64, outgoing: Outgoing, timeout: Duration) {
        // A link that has ended has reported it.
        self.jobs
            .send(Job {
                token,
                outgoing,
                timeout,
            })
            .ok();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some(connection) = &self.connection {
            connection.close();
        }
    }
}

struct Worker<T> {
    id: LinkId,
    broker: i32,
    client: Client,
    cancel: Cancel,
    mailbox: Mailbox<T>,
}

impl<T: From<LinkSignal> + Send + 'static> Worker<T> {
    fn run(self, jobs: &mpsc::Receiver<Job>) {
        let error = match self.open() {
            Err(error) => error,
            Ok(connection) => loop {
                // No more jobs: the link was dropped.
                let Ok(job) = jobs.recv() else { return };
                if let Err(error) = self.send(&connection, job) {
                    break error;
                }
            },
        };
        self.report(LinkEvent::Ended(error));
    }

    fn report(&self, event: LinkEvent) {
        let (link, broker) = (self.id, self.broker);
        self.mailbox.put(LinkSignal { link, broker, event }.into());
    }

    fn open(&self) -> Result<Arc<Connection>> {
        let connection = self.client.connect(self.broker).inspect_err(|error| {
            if error.is_connection() {
                // The broker may have another address now.
                self.client.forget_brokers();
            }
        })?;
        self.report(LinkEvent::Opened(Arc::clone(&connection)));
        Ok(connection)
    }

    fn send(&self, connection: &Arc<Connection>, job: Job) -> Result<()> {
        let (link, broker, token) = (self.id, self.broker, job.token);
        let answered = move |answer| {
            let event = LinkEvent::Answered { token, answer };
            T::from(LinkSignal { link, broker, event })
        };
        let mailbox = self.mailbox.clone();
        let on_answer = Box::new(move |answer| mailbox.put(answered(answer)));
        connection
            .send(job.outgoing, job.timeout, &self.cancel, on_answer)
            .inspect_err(|error| self.mailbox.put(answered(Err(error.clone()))))
    }
}
