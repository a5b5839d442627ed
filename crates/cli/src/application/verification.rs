//! When a task is verified by itself.

use std::str::FromStr;

use sluice_app::TaskVerifySchedule;
use sluice_model::{InvalidTask, LocalTime, VerificationSchedule};

use super::arguments::SetArguments;
use super::backend::Backend;

/// Changes the schedule of a task's verifications, if `sluice task set` says so. Returns whether it did.
///
/// # Errors
/// As the command says.
pub fn schedule(app: &Backend, arguments: &SetArguments) -> anyhow::Result<bool> {
    let Some(at) = &arguments.verify_at else {
        return Ok(false);
    };
    let schedule = match *at {
        VerifyAt::Off => None,
        VerifyAt::Time(at) => Some(VerificationSchedule {
            at,
            day: arguments.verify_on,
            everything: arguments.verify_everything,
            since_ms: 0,
        }),
    };
    app.call(TaskVerifySchedule {
        task: arguments.task.clone(),
        schedule,
        version: None,
    })?;
    Ok(true)
}

/// The value of `--verify-at`.
#[derive(Debug, Clone, Copy)]
pub enum VerifyAt {
    /// Never.
    Off,
    /// Every day, or on one day of the week, at this time.
    Time(LocalTime),
}

impl FromStr for VerifyAt {
    type Err = InvalidTask;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            time => time.parse().map(Self::Time),
        }
    }
}
