//! Every command, a file for each noun.

mod alerts;
mod bindings;
mod command;
mod cutover;
mod demo;
mod operations;
mod parity;
mod places;
mod quarantine;
mod readiness;
mod settings;
mod source_groups;
mod source_probe;
mod source_records;
mod source_sizes;
mod sources;
mod task_backlog;
mod task_decisions;
mod task_groups;
mod task_history;
mod task_life;
mod task_marks;
mod task_move;
mod task_objects;
mod task_pair;
mod task_policies;
mod task_topics;
mod task_transfer;
mod task_verification;
mod tasks;
mod update;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::{App, AppError, ErrorCode, Result};
use command::answer;

pub use alerts::{
    AlertHistoryQuery, AlertView, ChannelInput, ChannelList, ChannelPut, ChannelRemove, ChannelTest,
    ChannelView, RuleList, RulePut, RuleRemove,
};
pub use command::Command;
pub use cutover::{
    CutoverBack, CutoverExport, CutoverList, CutoverNext, CutoverPlan, CutoverRehearse, CutoverStatus,
    CutoverView, ReportFormat, StepRow,
};
pub use demo::{DemoStart, DemoStarted, DemoStop};
pub use operations::{OperationQuery, OperationView};
pub use parity::{ParityApply, ParityCompare, ParityKind, ParityView, TaskSyncConfiguration};
pub use places::{
    ConnectionState, ConnectionView, FarView, PlaceCheck, PlaceList, PlacePut, PlaceRemove, PlaceRetry,
    PlaceTest, PlaceView,
};
pub use quarantine::{
    QuarantineView, ReplayedView, TaskQuarantine, TaskQuarantineDiscard, TaskQuarantineReplay,
};
pub use readiness::{ReadinessView, TaskReadiness, TaskReadinessCancel, TaskReadinessLast};
pub use settings::{AppInfo, AppInfoQuery, SettingSet, SettingsQuery, SettingsView};
pub use source_groups::{GroupLag, PartitionLag, SourceGroup, SourceGroupLags};
pub use source_probe::{SourceGroups, SourceTest, SourceTopic, SourceTopics};
pub use source_records::{SourceFollow, SourcePeek, SourceSearch};
pub use source_sizes::{SourceSizes, TopicSize, TopicSizes};
pub use sources::{
    SecretsCheck, SecretsLeaveKeychain, SourceAdd, SourceEdit, SourceImport, SourceImported, SourceList,
    SourceRemove, SourceRow, SourceShow,
};
pub use task_backlog::{BacklogView, TaskBacklog};
pub use task_decisions::{MessageSizeView, TaskAcceptGaps, TaskLeaveOut, TaskRaiseMessageSize};
pub use task_groups::{TaskGroups, TaskGroupsKeep, TaskGroupsSync, TaskGroupsView};
pub use task_history::{
    ChangeView, GapView, LogView, MetricPoint, Metrics, TaskChanges, TaskGaps, TaskLogQuery, TaskMetrics,
};
pub use task_life::{
    TaskCheck, TaskCheckCancel, TaskDelete, TaskPause, TaskResume, TaskRetry, TaskStart, TaskTerminate,
};
pub use task_marks::{MarkView, TaskMarks};
pub use task_move::TaskMove;
pub use task_objects::{TaskForesee, TaskModify, TaskMute, TaskTune};
pub use task_pair::{TaskCreatePair, TaskPairView};
pub use task_policies::{TaskPolicies, TaskTag};
pub use task_topics::{
    PartitionLine, StoppedAtGap, TaskOpenGaps, TaskPartition, TaskTopics, TopicLine, TopicOrder, TopicSums,
    TopicsView,
};
pub use task_transfer::{ExportFormat, TaskCopy, TaskExport, TaskImport};
pub use task_verification::{
    PastVerification, TaskVerification, TaskVerify, TaskVerifyCancel, TaskVerifySchedule, VerificationView,
};
pub use tasks::{TaskCreate, TaskEdit, TaskList, TaskPage, TaskRoutes, TaskShow, TopicNaming};
pub use update::{UpdateCheck, UpdateView};

macro_rules! commands {
    ($($command:ty),* $(,)?) => {
        /// Names of all commands.
        pub const COMMAND_NAMES: &[&str] = &[$(<$command as Command>::NAME),*];

        /// Carries out the command of a name.
        pub(crate) fn dispatch(app: &App, name: &str, request: Value) -> Result<Box<RawValue>> {
            match name {
                $(<$command as Command>::NAME => answer::<$command>(app, request),)*
                other => Err(AppError::new(
                    ErrorCode::InvalidInput,
                    format!("there is no command '{other}'; the program that asks may be of another version"),
                )),
            }
        }

        /// Names, requests and answers of all commands in TypeScript, with every type they need.
        pub fn typescript() -> String {
            bindings::document(|types| {
                $(types.command::<$command>();)*
            })
        }
    };
}

commands!(
    SourceAdd,
    SourceEdit,
    SourceList,
    SourceShow,
    SourceRemove,
    SourceImport,
    SecretsCheck,
    SecretsLeaveKeychain,
    SourceTest,
    SourceTopics,
    SourceTopic,
    SourceSizes,
    SourceGroups,
    SourceGroup,
    SourceGroupLags,
    SourcePeek,
    SourceSearch,
    SourceFollow,
    TaskCreate,
    TaskCreatePair,
    TaskEdit,
    TaskList,
    TaskShow,
    TaskTopics,
    TaskPartition,
    TaskOpenGaps,
    TaskBacklog,
    TaskRoutes,
    TopicNaming,
    TaskCheck,
    TaskCheckCancel,
    TaskStart,
    TaskPause,
    TaskResume,
    TaskRetry,
    TaskTerminate,
    TaskDelete,
    TaskModify,
    TaskForesee,
    TaskTune,
    TaskPolicies,
    TaskTag,
    TaskAcceptGaps,
    TaskLeaveOut,
    TaskRaiseMessageSize,
    TaskMute,
    TaskMove,
    TaskCopy,
    TaskExport,
    TaskImport,
    TaskLogQuery,
    TaskChanges,
    TaskMetrics,
    TaskMarks,
    TaskGaps,
    TaskQuarantine,
    TaskQuarantineReplay,
    TaskQuarantineDiscard,
    TaskVerify,
    TaskVerifyCancel,
    TaskVerification,
    TaskVerifySchedule,
    TaskReadiness,
    TaskReadinessCancel,
    TaskReadinessLast,
    TaskGroups,
    TaskGroupsSync,
    TaskGroupsKeep,
    CutoverPlan,
    CutoverRehearse,
    CutoverNext,
    CutoverStatus,
    CutoverList,
    CutoverBack,
    CutoverExport,
    RuleList,
    RulePut,
    RuleRemove,
    ChannelList,
    ChannelPut,
    ChannelRemove,
    ChannelTest,
    AlertHistoryQuery,
    OperationQuery,
    SettingsQuery,
    SettingSet,
    UpdateCheck,
    AppInfoQuery,
    DemoStart,
    DemoStop,
    ParityCompare,
    ParityApply,
    TaskSyncConfiguration,
    PlaceList,
    PlacePut,
    PlaceRemove,
    PlaceTest,
    PlaceRetry,
);
