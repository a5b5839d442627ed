use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::QuietHours;

/// Why a message is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Suppression {
    /// The task is muted.
    Muted {
        /// Until when, in ms since 1970.
        #[ts(type = "number")]
        until_ms: i64,
    },
    /// These are quiet hours.
    QuietHours {
        /// Until when, in ms since 1970.
        #[ts(type = "number")]
        until_ms: i64,
    },
}

/// What becomes of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Disposition {
    /// It goes to its rule's channels.
    Deliver,
    /// It goes to the history only.
    Suppressed {
        /// Why.
        why: Suppression,
    },
}

/// Decides at `now_ms` whether an alert of a task is delivered. `muted_until_ms` is the task's; both in ms since 1970.
/// A suppressed message is not sent later: a rule with a repeat interval brings it up again.
pub fn decide(
    quiet_hours: &[QuietHours],
    muted_until_ms: Option<i64>,
    now_ms: i64,
    zone: &TimeZone,
) -> Disposition {
    if let Some(until_ms) = muted_until_ms.filter(|until| now_ms < *until) {
        return Disposition::Suppressed {
            why: Suppression::Muted { until_ms },
        };
    }
    match quiet_hours
        .iter()
        .filter_map(|hours| hours.ends_at(now_ms, zone))
        .max()
    {
        Some(until_ms) => Disposition::Suppressed {
            why: Suppression::QuietHours { until_ms },
        },
        None => Disposition::Deliver,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_model::Weekday;

    const HOUR: i64 = 3_600_000;

    fn night() -> QuietHours {
        QuietHours {
            from: "00:00".parse().unwrap(),
            to: "06:00".parse().unwrap(),
            days: Weekday::ALL.to_vec(),
            enabled: true,
        }
    }

    #[test]
    fn an_alert_is_delivered_unless_its_task_is_muted_or_these_are_quiet_hours() {
        let utc = TimeZone::UTC;
        assert_eq!(decide(&[], None, HOUR, &utc), Disposition::Deliver);
        assert_eq!(decide(&[night()], None, 6 * HOUR, &utc), Disposition::Deliver);
        assert_eq!(
            decide(&[night()], None, 5 * HOUR, &utc),
            Disposition::Suppressed {
                why: Suppression::QuietHours { until_ms: 6 * HOUR }
            }
        );
        assert_eq!(
            decide(&[night()], Some(7 * HOUR), 5 * HOUR, &utc),
            Disposition::Suppressed {
                why: Suppression::Muted { until_ms: 7 * HOUR }
            }
        );
    }

    #[test]
    fn a_mute_ends_at_its_time() {
        let muted = |now| decide(&[], Some(HOUR), now, &TimeZone::UTC);
        assert_ne!(muted(HOUR - 1), Disposition::Deliver);
        assert_eq!(muted(HOUR), Disposition::Deliver);
    }
}
