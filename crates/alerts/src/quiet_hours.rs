use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use sluice_model::{LocalTime, Weekday};
use ts_rs::TS;

use crate::InvalidField;

/// A window of the day without notifications. It belongs to the day on which it begins: 22:00 to 07:00 on
/// Friday ends on Saturday morning. With the same time twice it lasts a whole day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QuietHours {
    /// When it begins.
    pub from: LocalTime,
    /// When it ends: on the next day, if this is not after `from`.
    pub to: LocalTime,
    /// The days on which it begins.
    pub days: Vec<Weekday>,
    /// Whether it is in force.
    pub enabled: bool,
}

impl QuietHours {
    /// Every field that cannot stay as it is.
    pub fn check(&self) -> Vec<InvalidField> {
        if self.enabled && self.days.is_empty() {
            return vec![InvalidField::new(
                "days",
                "choose at least one day, or switch the quiet hours off",
            )];
        }
        Vec::new()
    }

    /// When the window that is open at `now_ms` in `zone` ends; `None` outside of it. Both in ms since 1970. A window
    /// is a stretch of real time between its two local times, so that an hour which a change of the clocks repeats or
    /// leaves out neither opens it twice nor keeps it open.
    pub fn ends_at(&self, now_ms: i64, zone: &TimeZone) -> Option<i64> {
        if !self.enabled {
            return None;
        }
        let now = Timestamp::from_millisecond(now_ms).ok()?;
        let today = now.to_zoned(zone.clone()).date();
        let ends = [today.yesterday().ok(), Some(today)]
            .into_iter()
            .flatten()
            .filter(|day| self.days.contains(&day.weekday().into()))
            .filter_map(|day| self.window(day, zone))
            .filter(|(begin, end)| (*begin..*end).contains(&now))
            .map(|(_, end)| end.as_millisecond());
        ends.max()
    }

    fn window(&self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let last = if self.to > self.from {
            day
        } else {
            day.checked_add(1.day()).ok()?
        };
        Some((self.from.on(day, zone)?, self.to.on(last, zone)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: &str, to: &str, days: &[Weekday]) -> QuietHours {
        QuietHours {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            days: days.to_vec(),
            enabled: true,
        }
    }

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn is_quiet(hours: &QuietHours, at: &str, zone: &str) -> bool {
        hours.ends_at(ms(at), &TimeZone::get(zone).unwrap()).is_some()
    }

    #[test]
    fn a_window_across_midnight_belongs_to_the_day_it_begins_on() {
        // 2026-03-06 is a Friday.
        let hours = quiet("22:00", "07:00", &[Weekday::Friday]);
        for (at, expected) in [
            ("2026-03-06T06:00:00+08", false),
            ("2026-03-06T21:59:59+08", false),
            ("2026-03-06T22:00:00+08", true),
            ("2026-03-07T00:00:00+08", true),
            ("2026-03-07T06:59:59+08", true),
            ("2026-03-07T07:00:00+08", false),
            ("2026-03-07T22:30:00+08", false),
        ] {
            assert_eq!(is_quiet(&hours, at, "Asia/Shanghai"), expected, "{at}");
        }
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        assert_eq!(
            hours.ends_at(ms("2026-03-06T23:00:00+08"), &zone),
            Some(ms("2026-03-07T07:00:00+08"))
        );
    }

    #[test]
    fn a_window_within_a_day_ends_on_that_day() {
        let hours = quiet("12:00", "13:30", &Weekday::ALL);
        assert!(is_quiet(&hours, "2026-03-06T12:00:00Z", "UTC"));
        assert!(is_quiet(&hours, "2026-03-06T13:29:59Z", "UTC"));
        assert!(!is_quiet(&hours, "2026-03-06T13:30:00Z", "UTC"));
        assert!(!is_quiet(&hours, "2026-03-06T11:59:59Z", "UTC"));
    }

    #[test]
    fn the_same_time_twice_is_a_whole_day() {
        let hours = quiet("00:00", "00:00", &[Weekday::Sunday]);
        // 2026-03-08 is a Sunday.
        assert!(!is_quiet(&hours, "2026-03-07T23:59:59Z", "UTC"));
        assert!(is_quiet(&hours, "2026-03-08T00:00:00Z", "UTC"));
        assert!(is_quiet(&hours, "2026-03-08T23:59:59Z", "UTC"));
        assert!(!is_quiet(&hours, "2026-03-09T00:00:00Z", "UTC"));
    }

    #[test]
    fn a_window_ends_at_its_local_time_when_the_clocks_go_forward() {
        // Berlin, 2026-03-29: 02:00 becomes 03:00; 07:00 is 05:00 UTC instead of 06:00.
        let hours = quiet("22:00", "07:00", &Weekday::ALL);
        assert!(is_quiet(&hours, "2026-03-29T04:59:59Z", "Europe/Berlin"));
        assert!(!is_quiet(&hours, "2026-03-29T05:00:00Z", "Europe/Berlin"));
        // A window that begins in the hour that does not exist begins when the clocks jump.
        let hours = quiet("02:00", "04:00", &Weekday::ALL);
        assert!(!is_quiet(&hours, "2026-03-29T00:59:59Z", "Europe/Berlin"));
        assert!(is_quiet(&hours, "2026-03-29T01:00:00Z", "Europe/Berlin"));
        assert!(!is_quiet(&hours, "2026-03-29T02:00:00Z", "Europe/Berlin"));
    }

    #[test]
    fn an_hour_that_is_repeated_does_not_open_a_window_twice() {
        // Berlin, 2026-10-25: 03:00 becomes 02:00; 02:30 comes at 00:30 UTC and again at 01:30 UTC.
        let hours = quiet("22:00", "02:30", &Weekday::ALL);
        assert!(is_quiet(&hours, "2026-10-25T00:29:59Z", "Europe/Berlin"));
        assert!(!is_quiet(&hours, "2026-10-25T00:30:00Z", "Europe/Berlin"));
        assert!(
            !is_quiet(&hours, "2026-10-25T01:10:00Z", "Europe/Berlin"),
            "02:10 for the second time"
        );
    }

    #[test]
    fn quiet_hours_that_are_off_are_never_quiet() {
        let mut hours = quiet("00:00", "00:00", &Weekday::ALL);
        hours.enabled = false;
        assert!(!is_quiet(&hours, "2026-03-06T12:00:00Z", "UTC"));
    }

    #[test]
    fn they_are_stored_as_written() {
        let hours = quiet("07:05", "23:59", &[Weekday::Monday]);
        let json = r#"{"from":"07:05","to":"23:59","days":["monday"],"enabled":true}"#;
        assert_eq!(serde_json::to_string(&hours).unwrap(), json);
        assert_eq!(serde_json::from_str::<QuietHours>(json).unwrap(), hours);
    }

    #[test]
    fn quiet_hours_without_a_day_are_refused() {
        let mut hours = quiet("22:00", "07:00", &[]);
        assert_eq!(hours.check()[0].field, "days");
        hours.enabled = false;
        assert_eq!(hours.check(), []);
    }
}
