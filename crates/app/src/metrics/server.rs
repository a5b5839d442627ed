//! Answers scrapes over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{MetricsAddress, exposition};
use crate::core::Core;
use crate::tasks::Supervisor;
use crate::{AppError, ErrorCode, Result};

/// The version of the text format, as its specification names it.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const INDEX: &str = "Sluice serves the numbers of its tasks at /metrics.\n";

#[derive(Clone)]
struct Collected {
    core: Arc<Core>,
    supervisor: Arc<Supervisor>,
}

/// Serves numbers until it is dropped.
pub(crate) struct MetricsServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MetricsServer {
    /// Listens at an address; after this, scrapes are answered.
    ///
    /// # Errors
    /// The address cannot be used.
    pub(crate) fn start(
        address: &MetricsAddress,
        core: &Arc<Core>,
        supervisor: &Arc<Supervisor>,
    ) -> Result<Self> {
        let unusable = |error: std::io::Error| {
            AppError::new(
                ErrorCode::InvalidInput,
                format!("metrics cannot be served at {address}: {error}. Choose another address or port"),
            )
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("sluice-metrics")
            .enable_all()
            .build()
            .map_err(unusable)?;
        let listener = runtime
            .block_on(TcpListener::bind((address.host.as_str(), address.port)))
            .map_err(unusable)?;
        let local = listener.local_addr().map_err(unusable)?;
        let routes = Router::new()
            .route("/", get(|| async { INDEX }))
            .route("/metrics", get(scrape))
            .with_state(Collected {
                core: Arc::clone(core),
                supervisor: Arc::clone(supervisor),
            });
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("sluice-metrics-server".into())
            .spawn(move || {
                let served = runtime.block_on(async {
                    tokio::select! {
                        served = async { axum::serve(listener, routes).await } => served,
                        _ = stopped => Ok(()),
                    }
                });
                if let Err(error) = served {
                    tracing::warn!(%error, "metrics are served no longer");
                }
                // Scrapes that are under way are given up; connections would hold the runtime for ever.
                runtime.shutdown_background();
            })
            .map_err(unusable)?;
        Ok(Self {
            address: local,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that serves metrics panicked");
        }
    }
}

async fn scrape(State(collected): State<Collected>) -> Response {
    // The database is read: not on the thread that answers.
    let text = tokio::task::spawn_blocking(move || exposition(&collected.core, &collected.supervisor)).await;
    match text {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.message).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
