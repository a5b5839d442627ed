use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{LocalTime, Weekday};

/// When a task is verified by itself, in the local time of the computer that runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct VerificationSchedule {
    /// At what time.
    pub at: LocalTime,
    /// On which day of the week; none for every day.
    #[serde(default)]
    pub day: Option<Weekday>,
    /// Everything each time, also what earlier verifications proved; otherwise only what is newer.
    #[serde(default)]
    pub everything: bool,
    /// Since when this holds, in ms since 1970: what would have been due before is not made up for.
    #[serde(default)]
    #[ts(type = "number")]
    pub since_ms: i64,
}

impl VerificationSchedule {
    /// When the verification was due that is to be made now, at `now_ms` in `zone`; none while there is none to make.
    /// `verified_ms`: when the last one ended, whatever it was made for. All in ms since 1970.
    pub fn due(&self, verified_ms: Option<i64>, now_ms: i64, zone: &TimeZone) -> Option<i64> {
        let since = verified_ms.map_or(self.since_ms, |verified| verified.max(self.since_ms));
        self.last_due(now_ms, zone).filter(|due| *due > since)
    }

    /// When it was due last, at `now_ms` in `zone`. Both in ms since 1970; none at the ends of the calendar.
    pub fn last_due(&self, now_ms: i64, zone: &TimeZone) -> Option<i64> {
        let now = Timestamp::from_millisecond(now_ms).ok()?;
        let today = now.to_zoned(zone.clone()).date();
        // Eight days: that of a week ago is the last one where today's is still to come.
        (0..=7)
            .filter_map(|back| today.checked_sub(back.days()).ok())
            .filter(|date| self.day.is_none_or(|day| day == date.weekday().into()))
            .filter_map(|date| self.at.on(date, zone))
            .find(|due| *due <= now)
            .map(|due| due.as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(at: &str, day: Option<Weekday>, now: &str, zone: &str) -> String {
        let schedule = VerificationSchedule {
            at: at.parse().unwrap(),
            day,
            everything: false,
            since_ms: 0,
        };
        let now = now.parse::<Timestamp>().unwrap().as_millisecond();
        let due = schedule.last_due(now, &TimeZone::get(zone).unwrap()).unwrap();
        Timestamp::from_millisecond(due).unwrap().to_string()
    }

    #[test]
    fn a_nightly_one_is_due_at_its_local_time_each_day() {
        let shanghai = |now| due("02:00", None, now, "Asia/Shanghai");
        assert_eq!(shanghai("2026-03-06T01:59:59+08"), "2026-03-04T18:00:00Z");
        assert_eq!(shanghai("2026-03-06T02:00:00+08"), "2026-03-05T18:00:00Z");
        assert_eq!(shanghai("2026-03-06T23:59:59+08"), "2026-03-05T18:00:00Z");
    }

    #[test]
    fn a_weekly_one_is_due_on_its_day_alone() {
        // 2026-03-06 is a Friday.
        let friday = |now| due("22:30", Some(Weekday::Friday), now, "UTC");
        assert_eq!(friday("2026-03-06T22:29:59Z"), "2026-02-27T22:30:00Z");
        assert_eq!(friday("2026-03-06T22:30:00Z"), "2026-03-06T22:30:00Z");
        assert_eq!(friday("2026-03-12T23:00:00Z"), "2026-03-06T22:30:00Z");
    }

    #[test]
    fn changes_of_the_clocks_leave_none_out_and_repeat_none() {
        // Berlin, 2026-03-29: 02:00 becomes 03:00. 2026-10-25: 03:00 becomes 02:00.
        let berlin = |now| due("02:30", None, now, "Europe/Berlin");
        assert_eq!(berlin("2026-03-29T01:30:00Z"), "2026-03-29T01:30:00Z");
        assert_eq!(berlin("2026-03-29T01:29:59Z"), "2026-03-28T01:30:00Z");
        assert_eq!(berlin("2026-10-25T00:30:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(berlin("2026-10-25T01:45:00Z"), "2026-10-25T00:30:00Z");
    }

    #[test]
    fn one_that_was_missed_is_made_up_for_once_and_none_from_before_it_was_wanted() {
        let ms = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let zone = TimeZone::UTC;
        let schedule = VerificationSchedule {
            at: "02:00".parse().unwrap(),
            day: None,
            everything: false,
            since_ms: ms("2026-03-06T14:00:00Z"),
        };
        let due = |verified: Option<&str>, now| schedule.due(verified.map(ms), ms(now), &zone);
        assert_eq!(due(None, "2026-03-06T15:00:00Z"), None, "that of last night");
        let night = Some(ms("2026-03-07T02:00:00Z"));
        assert_eq!(due(None, "2026-03-07T09:00:00Z"), night, "the computer slept");
        assert_eq!(due(Some("2026-03-06T20:00:00Z"), "2026-03-07T02:00:00Z"), night);
        assert_eq!(due(Some("2026-03-07T09:05:00Z"), "2026-03-07T09:06:00Z"), None);
    }

    #[test]
    fn it_is_written_with_its_time_alone_where_nothing_else_is_said() {
        let read: VerificationSchedule = serde_json::from_str(r#"{"at":"02:00"}"#).unwrap();
        assert_eq!((read.day, read.everything, read.since_ms), (None, false, 0));
        assert!(serde_json::from_str::<VerificationSchedule>(r#"{"at":"2:00"}"#).is_err());
    }
}
