//! What a shell is shown without being asked, and how it sees a task.

mod event;
mod log_event;
mod partitions_view;
mod task_view;
mod trouble_view;

pub use event::AppEvent;
pub(crate) use event::EventBus;
pub use log_event::LogEvent;
pub(crate) use partitions_view::needs_attention;
pub use partitions_view::{GapTopic, PartitionHealth, PartitionsView};
pub(crate) use task_view::stages;
pub use task_view::{PartnerView, StageStatus, StageView, TaskRowView, TaskSnapshot, TaskView};
pub(crate) use trouble_view::side_of;
pub use trouble_view::{TroubleCause, TroubleView};
