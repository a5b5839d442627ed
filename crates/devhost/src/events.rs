//! Events: `GET /events`, a stream of server-sent events, each an `AppEvent` as JSON.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use sluice_app::{App, AppEvent};
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;

use crate::rpc::{place, status};

/// Events that may be on their way to a browser; further ones wait where the application counts them.
const ON_THEIR_WAY: usize = 64;
/// How often it looks whether the browser is still there.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Streams what happens from now on.
pub async fn stream(State(app): State<Arc<App>>, uri: Uri) -> Response {
    // Before the answer's first byte: who waits for that and then asks for snapshots misses nothing.
    let events = match app.subscribe_at(place(&uri)) {
        Ok(events) => events,
        Err(error) => return (status(error.code), Json(error)).into_response(),
    };
    let (sender, receiver) = channel(ON_THEIR_WAY);
    drop(tokio::task::spawn_blocking(move || relay(&events, &sender)));
    Sse::new(ReceiverStream::new(receiver))
        .keep_alive(KeepAlive::default())
        .into_response()
}

fn relay(events: &Receiver<AppEvent>, sender: &Sender<Result<Event, Infallible>>) {
    while !sender.is_closed() {
        match events.recv_timeout(LOOK_EVERY) {
            Ok(event) => match Event::default().json_data(&event) {
                Ok(event) => {
                    if sender.blocking_send(Ok(event)).is_err() {
                        return;
                    }
                }
                Err(error) => tracing::error!(%error, "an event cannot be written"),
            },
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
