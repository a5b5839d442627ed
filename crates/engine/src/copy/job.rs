use std::sync::Arc;

use sluice_kafka::KafkaError;
use sluice_model::Task;

use crate::copy::shared::{RunOptions, Shared};
use crate::error::{EngineError, Side};
use crate::lane::LaneError;
use crate::position::{CheckpointStore, EffectiveDelivery, Writership};
use crate::progress::Observer;

/// What a run is about; nothing of it changes while it runs.
pub(crate) struct Job {
    pub(crate) task: Task,
    /// Transactional id and group on the target.
    pub(crate) identity: String,
    pub(crate) launch_id: String,
    pub(crate) writership: Writership,
    pub(crate) delivery: EffectiveDelivery,
    pub(crate) store: Arc<dyn CheckpointStore>,
    pub(crate) observer: Observer,
    pub(crate) options: RunOptions,
    pub(crate) shared: Arc<Shared>,
}

impl Job {
    pub(super) fn is_transactional(&self) -> bool {
        self.delivery == EffectiveDelivery::Transactions
    }

    /// Whether every record must get the offset that it has at the source.
    pub(super) fn mirrors(&self) -> bool {
        self.delivery == EffectiveDelivery::Mirror
    }

    /// Whether a stop was asked for.
    pub(super) fn is_stopping(&self) -> bool {
        self.shared.stop.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub(super) fn lane_error(&self, error: LaneError) -> EngineError {
        match error {
            LaneError::Fenced(_) => EngineError::Fenced {
                task: self.task.name.to_string(),
            },
            LaneError::Recover(incident) | LaneError::Retry(incident) | LaneError::Fatal(incident) => {
                EngineError::Cluster {
                    side: Side::Target,
                    what: "copying".into(),
                    error: incident.into(),
                }
            }
            LaneError::Source { code, detail } => EngineError::Cluster {
                side: Side::Source,
                what: "copying".into(),
                error: KafkaError::new(code, detail),
            },
        }
    }
}
