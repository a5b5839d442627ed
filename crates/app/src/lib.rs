//! What a shell of Sluice calls: one schema of commands and events, task states, the supervisor that runs tasks, the
//! operation log. A shell is the window, the terminal companion, or whoever comes through the control socket.

mod alarm;
mod alert_memory;
mod app;
mod bindings;
mod clock;
mod command;
mod commands;
mod control;
mod core;
mod data_dir;
mod demo;
mod error;
mod event;
mod housekeeping;
mod loggable;
mod operation;
mod pre_check;
mod retention_watch;
mod snapshot;
mod stretch;
mod supervisor;
mod task_run;
mod task_view;
mod verification;

pub use app::{App, Opening};
pub use command::Command;
pub use commands::*;
pub use control::{ControlServer, RemoteApp};
pub use data_dir::{UnknownDataDir, data_dir};
pub use demo::{DemoAddresses, DemoHost};
pub use error::{AppError, ErrorCode, Result};
pub use event::AppEvent;
pub use loggable::loggable;
pub use task_view::{StageStatus, StageView, TaskRowView, TaskSnapshot, TaskView};
