//! What goes wrong with the demonstration's clusters, on demand of a test: `POST /faults` with one of [`Fault`] as JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sluice_demo::{DemoClusters, DemoError, EmbeddedDemo};
use sluice_fakekafka::{Access, FakeError, FakeRecord};

/// Something that can happen to the clusters.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The source deletes a partition's records before an offset.
    DeleteRecords {
        topic: String,
        partition: i32,
        before: i64,
    },
    /// The source deletes a topic and creates it again, empty.
    CreateAgain { topic: String, partitions: i32 },
    /// What writes to the source all the time ends, as a producer that people stop.
    StopProducer,
    /// All brokers of the target stop.
    StopTarget,
    /// All brokers of the target start again.
    StartTarget,
    /// The user may not read a topic of the source.
    Deny { topic: String },
    /// A topic of the target takes batches up to this size.
    LimitTarget { topic: String, bytes: u64 },
    /// A record of this size comes to the source.
    Append {
        topic: String,
        partition: i32,
        bytes: usize,
    },
}

/// Lets it happen.
pub async fn happen(State(demo): State<Arc<EmbeddedDemo>>, Json(fault): Json<Fault>) -> Response {
    let done =
        tokio::task::spawn_blocking(move || demo.with_clusters(|clusters| apply(clusters, &fault))).await;
    match done {
        Ok(Some(Ok(()))) => StatusCode::NO_CONTENT.into_response(),
        Ok(Some(Err(error))) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
        Ok(None) => (StatusCode::CONFLICT, "the demonstration does not run").into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn apply(clusters: &mut DemoClusters, fault: &Fault) -> Result<(), DemoError> {
    let (source, target) = (clusters.source(), clusters.target());
    let done: Result<(), FakeError> = match fault {
        Fault::StopProducer => return clusters.stop_writer(),
        Fault::DeleteRecords {
            topic,
            partition,
            before,
        } => source.delete_records(topic, *partition, *before).map(drop),
        Fault::CreateAgain { topic, partitions } => source
            .delete_topic(topic)
            .and_then(|_| source.create_topic(topic, *partitions, &[]).map(drop)),
        Fault::StopTarget => target
            .broker_ids()
            .into_iter()
            .try_for_each(|broker| target.stop_broker(broker)),
        Fault::StartTarget => target
            .broker_ids()
            .into_iter()
            .try_for_each(|broker| target.start_broker(broker)),
        Fault::Deny { topic } => {
            source.deny(topic, Access::Read);
            Ok(())
        }
        Fault::LimitTarget { topic, bytes } => {
            target.set_topic_config(topic, "max.message.bytes", Some(&bytes.to_string()))
        }
        Fault::Append {
            topic,
            partition,
            bytes,
        } => {
            // Noise: no codec makes it smaller.
            let mut state = 0x9e37_79b9_u32;
            let value: Vec<u8> = std::iter::repeat_with(|| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state.to_le_bytes()[0]
            })
            .take(*bytes)
            .collect();
            let record = FakeRecord::new("large", value);
            source.append(topic, *partition, vec![record]).map(drop)
        }
    };
    done.map_err(|error| DemoError::Cluster("own", error))
}
