//! What a shell of Sluice calls: one schema of commands and events, task states, the supervisor that runs tasks, the
//! operation log. A shell is the window, the terminal companion, or a program at the control socket.
//!
//! Folders depend on each other in one direction: control → commands → (`app.rs`) → {alerts, cutover, demo, metrics, places} → tasks → core → schema.

mod alerts;
mod app;
mod chore;
mod clock;
mod commands;
mod control;
mod core;
mod cutover;
mod data_dir;
mod demo;
mod error;
mod housekeeping;
mod loggable;
mod metrics;
mod places;
mod protocol;
mod schema;
mod tasks;
mod update;

pub use app::{App, Opening};
pub use commands::*;
pub use control::{ControlServer, OpenFolder, Reached, RemoteApp, reach, serve_stdio};
pub use cutover::{
    Cutover, CutoverAnswer, CutoverDirection, CutoverReport, CutoverResult, CutoverState, CutoverStep,
    EndsNoted, FenceEntry, FenceKind, GroupMove, Held, LogLine, MovedPosition, Overruled, ReverseTask,
    StepWords, TopicPair, VerificationSummary,
};
pub use data_dir::{UnknownDataDir, data_dir};
pub use demo::{DemoAddresses, DemoHost};
pub use error::{AppError, ErrorCode, Result};
pub use loggable::loggable;
pub use metrics::{MetricsAddress, NoMetricsAddress};
pub use places::{FarApp, FarInfo, Host, InvalidHost, Place, PlaceColour, Ssh, Standing};
pub use schema::{
    AppEvent, GapTopic, LogEvent, PartitionHealth, PartitionsView, PartnerView, StageStatus, StageView,
    TaskRowView, TaskSnapshot, TaskView, TroubleCause, TroubleView,
};
pub use tasks::LastSync;
