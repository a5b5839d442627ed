//! The application behind HTTP on loopback, so that the page can be built and tested in a browser. Never shipped: it
//! lets every program of this computer give commands, keeps secrets in memory, and shows no notifications.

mod arguments;
mod events;
mod faults;
mod guard;
mod notifications;
mod rpc;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::routing::{get, post};
use axum::{Router, middleware};
use clap::Parser;
use sluice_app::{App, Opening};
use sluice_demo::EmbeddedDemo;
use sluice_store::SecretPreference;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower_http::services::ServeDir;
use tracing_subscriber::EnvFilter;

use crate::arguments::Arguments;
use crate::notifications::Notifications;

/// How long requests that are under way may take when it ends.
const LAST_REQUESTS: Duration = Duration::from_secs(2);

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("SLUICE_LOG").unwrap_or_else(|_| EnvFilter::new("warn")))
        .with_writer(std::io::stderr)
        .init();
    let notifications = Arc::new(Notifications::default());
    let demo = Arc::new(EmbeddedDemo::default());
    let app = Arc::new(App::open(Opening {
        dir: arguments.data,
        program: "sluice-devhost".to_owned(),
        secrets: SecretPreference::Session,
        runs_tasks: true,
        desktop: Some(notifications.clone()),
        demo: Some(demo.clone()),
    })?);
    app.provide_default_rules()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let served = runtime.block_on(serve(
        arguments.port,
        routes(&app, notifications, demo, arguments.ui.as_deref()),
    ));
    // Streams of events have no end of their own; commands that still run hold the application until they are done.
    runtime.shutdown_timeout(LAST_REQUESTS);
    drop(app);
    served
}

fn routes(
    app: &Arc<App>,
    notifications: Arc<Notifications>,
    demo: Arc<EmbeddedDemo>,
    ui: Option<&Path>,
) -> Router {
    let router = Router::new()
        .route("/rpc/{name}", post(rpc::call))
        .route("/events", get(events::stream))
        .with_state(Arc::clone(app))
        .merge(
            Router::new()
                .route(
                    "/notifications",
                    get(notifications::list).delete(notifications::clear),
                )
                .with_state(notifications),
        )
        .merge(
            Router::new()
                .route("/faults", post(faults::happen))
                .with_state(demo),
        );
    match ui {
        Some(ui) => router.fallback_service(ServeDir::new(ui)),
        None => router,
    }
    .layer(middleware::from_fn(guard::loopback_only))
}

async fn serve(port: u16, routes: Router) -> anyhow::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .await
        .with_context(|| format!("port {port} of 127.0.0.1 cannot be used; choose another with --port"))?;
    let (end, mut ended) = mpsc::unbounded_channel();
    ctrlc::set_handler(move || {
        if end.send(()).is_err() {
            tracing::debug!("it is ending already");
        }
    })?;
    println!("http://{}", listener.local_addr()?);
    tokio::select! {
        served = async { axum::serve(listener, routes).await } => Ok(served?),
        _ = ended.recv() => Ok(()),
    }
}
