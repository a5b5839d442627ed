use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sluice_engine::CheckpointStore;
use sluice_kafka::{
    Admin, GroupListing, Metadata, ProbeReport, ProbeStep, TopicDetail, TopicListing, describe_topic,
    list_topics, probe,
};
use sluice_model::{Secret, SourceForm, SourceSecrets, TaskName};
use sluice_store::{DataSourceRow, TaskFilter};
use sluice_wire::WireError;
use ts_rs::TS;

use super::command::Command;
use super::sources::given;
use crate::core::{self, Core};
use crate::schema::AppEvent;
use crate::tasks::probe_connect;
use crate::{App, AppError, ErrorCode, Result};

/// How long a cluster may take to answer for the first time.
const CONNECT_DEADLINE: Duration = Duration::from_secs(12);

/// Tests the connection of a data source, or of one that is not saved yet.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceTest {
    /// Name or id of a saved one. With a form as well, its secrets fill the fields left blank.
    #[serde(default)]
    pub source: Option<String>,
    /// What was entered.
    #[serde(default)]
    pub form: Option<SourceForm>,
    /// Secrets by field.
    #[serde(default)]
    #[ts(type = "Record<string, string>")]
    pub secrets: BTreeMap<String, Secret>,
}

/// Lists the topics of a data source.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceTopics {
    /// Name or id.
    pub source: String,
}

/// Partitions and configuration of a topic.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceTopic {
    /// Name or id.
    pub source: String,
    /// Topic.
    pub topic: String,
}

/// Lists the consumer groups of a data source.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceGroups {
    /// Name or id.
    pub source: String,
}

impl Command for SourceTest {
    const NAME: &'static str = "source_test";
    type Answer = ProbeReport;

    fn run(self, app: &App) -> Result<ProbeReport> {
        let core = &app.core;
        let saved = self.source.as_deref().map(|name| core.source(name)).transpose()?;
        let kept = saved
            .as_ref()
            .map_or_else(|| Ok(SourceSecrets::default()), |row| core.source_secrets(row))?;
        let form = match (self.form, &saved) {
            (Some(form), _) => form.trimmed(),
            (None, Some(row)) => core::form(row)?,
            (None, None) => return Err(AppError::field("source", "name a data source, or describe one")),
        };
        let secrets = given(self.secrets)?.or(kept);
        let source_id = saved.as_ref().map(core::source_id).transpose()?;
        let mut tell = |step: &ProbeStep| match serde_json::to_value(step) {
            Ok(step) => core.bus.publish(&AppEvent::SourceTestStep {
                source_id: source_id.clone(),
                step,
            }),
            Err(error) => tracing::error!(%error, "a step of the test cannot be shown"),
        };
        if form.is_connect() {
            let access = form.connect_access(&secrets).map_err(AppError::fields)?;
            return Ok(probe_connect(&access, &|id| source_of(core, id), &mut tell));
        }
        let cluster = form.cluster(&secrets).map_err(AppError::fields)?;
        Ok(probe(&cluster, &AtomicBool::new(false), &mut tell))
    }
}

impl Command for SourceTopics {
    const NAME: &'static str = "source_topics";
    type Answer = Vec<TopicListing>;

    fn run(self, app: &App) -> Result<Vec<TopicListing>> {
        let row = app.core.source(&self.source)?;
        let (admin, metadata) = admin(&app.core, &row)?;
        list_topics(&admin, metadata).map_err(|error| unreachable(&row, &error))
    }
}

impl Command for SourceTopic {
    const NAME: &'static str = "source_topic";
    type Answer = TopicDetail;

    fn run(self, app: &App) -> Result<TopicDetail> {
        let row = app.core.source(&self.source)?;
        let (admin, metadata) = admin(&app.core, &row)?;
        describe_topic(&admin, &metadata, &self.topic).map_err(|error| {
            if error.code == sluice_kafka::ErrorCode::UNKNOWN_TOPIC_OR_PARTITION {
                AppError::not_found("topic", &self.topic)
            } else {
                unreachable(&row, &error)
            }
        })
    }
}

impl Command for SourceGroups {
    const NAME: &'static str = "source_groups";
    type Answer = Vec<GroupListing>;

    fn run(self, app: &App) -> Result<Vec<GroupListing>> {
        let row = app.core.source(&self.source)?;
        let (admin, _) = admin(&app.core, &row)?;
        admin.groups().map_err(|error| unreachable(&row, &error))
    }
}

/// The data source whose Kafka has a cluster id, as far as a task that was launched between two of them tells.
fn source_of(core: &Core, cluster_id: &str) -> Option<String> {
    let (rows, _) = core.store.tasks(&TaskFilter::default()).ok()?;
    rows.into_iter().find_map(|row| {
        let launch = core.store.launch(&TaskName::new(&row.id).ok()?).ok()??;
        let source = if launch.target_cluster == cluster_id {
            &row.target_id
        } else if launch.source_cluster == cluster_id {
            &row.source_id
        } else {
            return None;
        };
        Some(core.store.source(source).ok()??.name)
    })
}

/// A client of a data source that has been let in, and what it learned of brokers and topics: why one is not let in
/// comes at once from here, and from a question that waits for an answer never.
pub(super) fn admin(core: &Core, row: &DataSourceRow) -> Result<(Admin, Metadata)> {
    let admin = Admin::new(&core.cluster(row)?).map_err(|error| unreachable(row, &error))?;
    let metadata = admin
        .connect(CONNECT_DEADLINE)
        .map_err(|error| unreachable(row, &error))?;
    Ok((admin, metadata))
}

/// The error of a cluster that refuses a request, or does not answer it.
pub(super) fn unreachable(row: &DataSourceRow, error: &sluice_kafka::KafkaError) -> AppError {
    unanswered(row, error.code.is_access(), error)
}

/// As [`unreachable`], for the client of Kafka's own protocol.
pub(super) fn does_not_answer(row: &DataSourceRow, error: &WireError) -> AppError {
    if matches!(error, WireError::Unsupported(_)) {
        return AppError::new(
            ErrorCode::Refused,
            format!("the data source '{}' cannot be asked that: {error}", row.name),
        );
    }
    let is_access = error.is_authentication() || error.code().is_some_and(|code| code.is_authorization());
    unanswered(row, is_access, error)
}

fn unanswered(row: &DataSourceRow, is_access: bool, error: &dyn std::fmt::Display) -> AppError {
    if is_access {
        return AppError::new(
            ErrorCode::AuthenticationFailed,
            format!(
                "the data source '{}' does not let this user do that: {error}. Correct the user, the password or the rights",
                row.name
            ),
        );
    }
    AppError::new(
        ErrorCode::ClusterUnreachable,
        format!(
            "the data source '{}' does not answer: {error}. Test its connection to see where it fails",
            row.name
        ),
    )
}
