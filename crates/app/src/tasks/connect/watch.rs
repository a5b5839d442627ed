//! What is wrong with a task's connectors, and what is done about it.

use std::time::{Duration, Instant};

use sluice_connect::{ConnectError, Connector, ConnectorState, changed_fields};

use super::connect_run::Ground;

/// Pause before what failed is started again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Without a failure for so long, the next one is a first one.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// What was found in looks before.
#[derive(Default)]
pub(super) struct Watch {
    restarts: Restarts,
}

impl Watch {
    /// Looks at each connector. Says what is wrong, and starts again what failed.
    pub(super) fn look(&mut self, ground: &Ground) -> Option<String> {
        let mut trouble = None;
        for connector in &ground.connectors {
            let found = match self.look_at(ground, connector) {
                Ok(found) => found,
                Err(error) => return Some(error.to_string()),
            };
            trouble = trouble.or(found);
        }
        trouble
    }

    fn look_at(&mut self, ground: &Ground, connector: &Connector) -> Result<Option<String>, ConnectError> {
        let (client, name) = (&ground.client, &connector.name);
        let Some(config) = client.config(name)? else {
            return Ok(Some(format!(
                "the connector '{name}' was deleted by somebody else; pause the task and resume it to make it again where it stood"
            )));
        };
        let changed = changed_fields(&connector.config, &config);
        if !changed.is_empty() {
            return Ok(Some(format!(
                "the connector '{name}' was changed by somebody else ({}); pause the task and resume it to set it back",
                changed.join(", ")
            )));
        }
        let Some(status) = client.status(name)? else {
            return Ok(None);
        };
        match status.state {
            ConnectorState::Paused => {
                return Ok(Some(format!(
                    "the connector '{name}' was paused by somebody else; resume it on Connect, or pause the task and resume it"
                )));
            }
            ConnectorState::Stopped => {
                return Ok(Some(format!(
                    "the connector '{name}' was stopped by somebody else; resume it on Connect, or pause the task and resume it"
                )));
            }
            _ => {}
        }
        let Some(failure) = status.failure() else {
            return Ok(None);
        };
        let again = match self.restarts.when_due(name, Instant::now()) {
            Some(pause) => {
                client.restart_failed(name)?;
                ground.core.log(
                    &ground.id,
                    "warning",
                    format!(
                        "'{name}': {failure}; started again, the next time in {} s",
                        pause.as_secs()
                    ),
                );
                "it was started again"
            }
            None => "it is started again soon",
        };
        Ok(Some(format!("'{name}': {failure}; {again}")))
    }
}

/// When what failed was started again, of each connector.
#[derive(Default)]
struct Restarts(std::collections::BTreeMap<String, Restart>);

struct Restart {
    at: Instant,
    pause: Duration,
}

impl Restarts {
    /// Whether a connector that failed is to be started again now; gives the pause until the next time.
    fn when_due(&mut self, name: &str, now: Instant) -> Option<Duration> {
        let Some(last) = self.0.get_mut(name) else {
            self.0.insert(
                name.to_owned(),
                Restart {
                    at: now,
                    pause: FIRST_PAUSE,
                },
            );
            return Some(FIRST_PAUSE);
        };
        let since = now.duration_since(last.at);
        if since < last.pause {
            return None;
        }
        last.pause = if since >= FORGOTTEN_AFTER {
            FIRST_PAUSE
        } else {
            (last.pause * 2).min(LONGEST_PAUSE)
        };
        last.at = now;
        Some(last.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_again_and_again_is_started_less_and_less_often() {
        let begun = Instant::now();
        let mut restarts = Restarts::default();
        let at = |seconds| begun + Duration::from_secs(seconds);
        assert_eq!(restarts.when_due("a", at(0)), Some(Duration::from_secs(5)));
        assert_eq!(restarts.when_due("a", at(4)), None);
        assert_eq!(restarts.when_due("a", at(5)), Some(Duration::from_secs(10)));
        assert_eq!(restarts.when_due("a", at(14)), None);
        assert_eq!(restarts.when_due("b", at(14)), Some(Duration::from_secs(5)));
        assert_eq!(restarts.when_due("a", at(15)), Some(Duration::from_secs(20)));
        assert_eq!(
            restarts.when_due("a", at(700)),
            Some(Duration::from_secs(5)),
            "a failure after a long time is a first one"
        );
    }
}
