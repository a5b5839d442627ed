use crate::chinese::Chinese;
use crate::english::English;
use crate::{Alert, Language};

/// Every text of an alert in one language. A language that lacks one does not compile.
pub(crate) trait Catalogue {
    /// One line.
    fn title(&self, alert: &Alert) -> String;
    /// What happened, in a sentence.
    fn happened(&self, alert: &Alert) -> String;
    /// What to do about it; `None` if there is nothing to do.
    fn advice(&self, alert: &Alert) -> Option<&'static str>;
    /// Why, in the words of the task.
    fn reason(&self, reason: &str) -> String;
    /// Between which clusters the task copies.
    fn path(&self, source: &str, target: &str) -> String;
    /// Which rule says so.
    fn rule(&self, name: &str) -> String;
    /// The title of a message that tries a channel.
    fn test_title(&self) -> String;
    /// Its text.
    fn test_body(&self, channel: &str) -> String;
}

pub(crate) fn catalogue(language: Language) -> &'static dyn Catalogue {
    match language {
        Language::English => &English,
        Language::SimplifiedChinese => &Chinese,
    }
}

/// The two biggest units of a duration, biggest first: days, hours, minutes, seconds (0 to 3) with their amounts.
pub(crate) fn duration_parts(seconds: u64) -> Vec<(usize, u64)> {
    let amounts = [
        seconds / 86_400,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    ];
    let first = amounts.iter().position(|amount| *amount > 0).unwrap_or(3);
    (first..4)
        .take(2)
        .map(|unit| (unit, amounts[unit]))
        .filter(|(unit, amount)| *amount > 0 || *unit == first)
        .collect()
}

/// How long an alert's condition has held, in seconds.
pub(crate) fn held_seconds(alert: &Alert) -> u64 {
    u64::try_from(alert.at_ms.saturating_sub(alert.since_ms) / 1_000).unwrap_or(0)
}

/// A task's delay in seconds; 0 if it is not known.
pub(crate) fn delay_seconds(alert: &Alert) -> u64 {
    alert.task.delay_ms.unwrap_or(0) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_in_its_two_biggest_units() {
        assert_eq!(duration_parts(0), [(3, 0)]);
        assert_eq!(duration_parts(59), [(3, 59)]);
        assert_eq!(duration_parts(60), [(2, 1)]);
        assert_eq!(duration_parts(3_661), [(1, 1), (2, 1)]);
        assert_eq!(duration_parts(86_400 + 59), [(0, 1)]);
    }
}
