//! A broker: a listening socket and the connections it took. All state is elsewhere.

use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection::Connection;
use crate::error::FakeError;
use crate::shared::{Shared, lock};

/// How long a stopping broker may take to end its connections.
const STOP_TIME: Duration = Duration::from_secs(10);
/// How long a starting broker waits for its old port to be free.
const PORT_TIME: Duration = Duration::from_secs(5);
/// Connections one broker serves at a time; more wait in the listen queue of the operating system.
const MAX_CONNECTIONS: usize = 1_000;

/// A running broker. Dropping it cancels its tasks.
#[derive(Debug)]
pub(crate) struct Broker {
    token: CancellationToken,
    tasks: TaskTracker,
    /// Cancels the connections there are now, not those to come.
    connections: Arc<Mutex<CancellationToken>>,
}

/// Opens a loopback port, 0 for any that is free.
pub(crate) fn listen(port: u16) -> Result<StdListener, FakeError> {
    let error = |source| FakeError::Listen { port, source };
    let deadline = Instant::now() + PORT_TIME;
    let listener = loop {
        match StdListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => break listener,
            // Someone's outgoing connection may hold the port for a moment.
            Err(_) if port != 0 && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(source) => return Err(error(source)),
        }
    };
    listener.set_nonblocking(true).map_err(error)?;
    Ok(listener)
}

impl Broker {
    /// Serves a listener on the runtime of the cluster.
    pub(crate) fn start(
        id: i32,
        listener: StdListener,
        shared: Arc<Shared>,
        cluster: &CancellationToken,
        runtime: &Handle,
    ) -> Result<Self, FakeError> {
        let context = runtime.enter();
        let listener =
            TcpListener::from_std(listener).map_err(|source| FakeError::Listen { port: 0, source })?;
        let broker = Broker {
            token: cluster.child_token(),
            tasks: TaskTracker::new(),
            connections: Arc::new(Mutex::new(CancellationToken::new())),
        };
        broker.drop_connections();
        let (token, tasks, connections) = (
            broker.token.clone(),
            broker.tasks.clone(),
            Arc::clone(&broker.connections),
        );
        broker.tasks.spawn_on(
            async move {
                let accepting = accept(id, listener, shared, tasks, connections);
                token.run_until_cancelled(accepting).await;
            },
            runtime,
        );
        drop(context);
        Ok(broker)
    }

    /// Closes the connections there are; clients may come back at once.
    pub(crate) fn drop_connections(&self) {
        let mut current = lock(&self.connections);
        current.cancel();
        *current = self.token.child_token();
    }

    /// Closes the port and all connections, and waits until they are closed.
    pub(crate) fn stop(self, id: i32, runtime: &Handle) -> Result<(), FakeError> {
        self.token.cancel();
        self.tasks.close();
        let tasks = self.tasks.clone();
        let (sender, receiver) = mpsc::sync_channel(1);
        let waiting = runtime.spawn(async move {
            tasks.wait().await;
            if sender.send(()).is_err() {
                tracing::debug!(broker = id, "stopped later than anybody waited for");
            }
        });
        let ended = receiver.recv_timeout(STOP_TIME);
        waiting.abort();
        ended.map_err(|_| FakeError::StillRunning(id))
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

async fn accept(
    id: i32,
    listener: TcpListener,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    connections: Arc<Mutex<CancellationToken>>,
) {
    loop {
        // This task itself is one of the tracked ones.
        if tasks.len() > MAX_CONNECTIONS {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        }
        match listener.accept().await {
            Ok((stream, peer)) => {
                let token = lock(&connections).clone();
                let connection = Connection::new(id, stream, peer.ip(), Arc::clone(&shared));
                tasks.spawn(async move {
                    // A request that arrives after the cancellation must not be answered any more.
                    tokio::select! {
                        biased;
                        () = token.cancelled() => {}
                        () = connection.serve() => {}
                    }
                });
            }
            Err(error) => {
                tracing::debug!(broker = id, %error, "a connection was not accepted");
                // Out of file descriptors, most likely: asking again at once would only spin.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
