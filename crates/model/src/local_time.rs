use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

use crate::InvalidTask;

/// A time of day in the local time zone, written `HH:MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, TS)]
#[ts(type = "string")]
pub struct LocalTime {
    hour: i8,
    minute: i8,
}

impl LocalTime {
    /// When it is this time on `day` in `zone`; none at the ends of the calendar. In an hour that a change of the clocks
    /// leaves out, it is the time of the change; in one that is repeated, the first time.
    pub fn on(self, day: Date, zone: &TimeZone) -> Option<Timestamp> {
        zone.to_ambiguous_zoned(day.to_datetime(Time::constant(self.hour, self.minute, 0, 0)))
            .compatible()
            .ok()
            .map(|zoned| zoned.timestamp())
    }
}

impl FromStr for LocalTime {
    type Err = InvalidTask;

    fn from_str(text: &str) -> Result<Self, InvalidTask> {
        let parse = || {
            let (hour, minute) = text.split_once(':')?;
            let digits = |part: &str| {
                (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
                    .then(|| part.parse::<i8>().ok())
                    .flatten()
            };
            let (hour, minute) = (digits(hour)?, digits(minute)?);
            ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(Self { hour, minute })
        };
        parse().ok_or_else(|| InvalidTask::TimeOfDay {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl Serialize for LocalTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl Weekday {
    /// Every day, from Monday on.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// The word that stands for it wherever it is written, as `monday`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }
}

impl FromStr for Weekday {
    type Err = InvalidTask;

    fn from_str(text: &str) -> Result<Self, InvalidTask> {
        Self::ALL
            .into_iter()
            .find(|day| day.word() == text)
            .ok_or_else(|| InvalidTask::DayOfWeek {
                text: text.to_owned(),
            })
    }
}

impl From<jiff::civil::Weekday> for Weekday {
    fn from(day: jiff::civil::Weekday) -> Self {
        match day {
            jiff::civil::Weekday::Monday => Self::Monday,
            jiff::civil::Weekday::Tuesday => Self::Tuesday,
            jiff::civil::Weekday::Wednesday => Self::Wednesday,
            jiff::civil::Weekday::Thursday => Self::Thursday,
            jiff::civil::Weekday::Friday => Self::Friday,
            jiff::civil::Weekday::Saturday => Self::Saturday,
            jiff::civil::Weekday::Sunday => Self::Sunday,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_strictly() {
        assert_eq!("07:05".parse::<LocalTime>().unwrap().to_string(), "07:05");
        for text in ["24:00", "7:00", "07:60", "0700", "+7:00", "07:00:00", ""] {
            let error = text.parse::<LocalTime>().unwrap_err().to_string();
            assert!(error.contains("write HH:MM"), "{text}: {error}");
        }
    }

    #[test]
    fn every_day_is_written_by_its_word() {
        for day in Weekday::ALL {
            assert_eq!(serde_json::to_value(day).unwrap(), day.word());
            assert_eq!(day.word().parse::<Weekday>().unwrap(), day);
        }
    }
}
