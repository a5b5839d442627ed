use sluice_engine::{EngineError, Incomplete, PartitionCondition, Progress};

use crate::AppError;

/// Why there is no run.
pub(crate) enum Trouble {
    /// The engine refused or failed.
    Engine(EngineError),
    /// What is stored of the task cannot be used.
    App(AppError),
    /// The end was reached, and this could not be copied.
    Incomplete(Vec<Incomplete>),
}

impl Trouble {
    /// Whether it may be over without a person.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Engine(error) => error.is_passing(),
            Self::App(error) => error.retryable,
            Self::Incomplete(_) => false,
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Engine(error) => error.fmt(f),
            Self::App(error) => error.fmt(f),
            Self::Incomplete(missing) => match missing.as_slice() {
                [first, rest @ ..] if !rest.is_empty() => {
                    write!(f, "{first} (and {} more partitions)", rest.len())
                }
                [first, ..] => first.fmt(f),
                [] => Ok(()),
            },
        }
    }
}

impl From<EngineError> for Trouble {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<AppError> for Trouble {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

/// What is wrong with a run that goes on, if anything is.
pub(super) fn trouble_of(progress: &Progress) -> Option<String> {
    if let Some(error) = &progress.error {
        return Some(error.clone());
    }
    let troubled: Vec<_> = progress
        .partitions
        .iter()
        .filter(|row| {
            matches!(
                row.condition,
                PartitionCondition::Retrying | PartitionCondition::Stopped
            )
        })
        .collect();
    let first = troubled.first()?;
    let error = first.error.as_deref().unwrap_or("no reason is known");
    let place = format!("{}-{}: ", first.topic, first.partition);
    // Most sentences name the partition themselves.
    let place = if error.starts_with(&place) {
        ""
    } else {
        place.as_str()
    };
    Some(format!(
        "{} of {} partitions do not go on; {place}{error}",
        troubled.len(),
        progress.partitions.len(),
    ))
}
