//! Commands: `POST /rpc/<name>` with the request as JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sluice_app::{App, AppError, ErrorCode};

/// The place that the page shows, as it stands behind the path; its id needs no escapes.
pub fn place(uri: &Uri) -> Option<&str> {
    uri.query().and_then(|query| query.strip_prefix("place="))
}

/// Carries a command out. Commands wait for clusters, so each gets a thread.
pub async fn call(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    uri: Uri,
    Json(request): Json<Value>,
) -> Response {
    let done = tokio::task::spawn_blocking(move || app.call_at(place(&uri), &name, request)).await;
    match done {
        Ok(Ok(answer)) => Json(answer).into_response(),
        Ok(Err(error)) => (status(error.code), Json(error)).into_response(),
        Err(error) => {
            let error = AppError::new(ErrorCode::Internal, format!("the command ended early: {error}"));
            (status(error.code), Json(error)).into_response()
        }
    }
}

/// As close as HTTP comes to a code; the page reads the body.
pub fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::InvalidInput | ErrorCode::Ambiguous => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::StateForbids
        | ErrorCode::TaskLimit
        | ErrorCode::SourceInUse
        | ErrorCode::NameTaken
        | ErrorCode::Refused
        | ErrorCode::ConfirmationNeeded
        | ErrorCode::Owned
        | ErrorCode::Cancelled => StatusCode::CONFLICT,
        ErrorCode::ClusterUnreachable | ErrorCode::AuthenticationFailed | ErrorCode::PlaceUnreachable => {
            StatusCode::BAD_GATEWAY
        }
        ErrorCode::Secrets | ErrorCode::Storage | ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
