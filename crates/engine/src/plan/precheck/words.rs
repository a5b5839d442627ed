//! Numbers, times and lists as sentences need them.

use jiff::Timestamp;
pub(crate) use sluice_model::counted;

/// Names shown of a list; the rest is counted.
pub(crate) const SHOWN: usize = 5;

/// `'a', 'b' and 3 more`.
pub(crate) fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("'{}'", name.as_ref())).collect();
    listed(&names, ", ")
}

/// The first entries and how many more there are.
pub(crate) fn listed(entries: &[String], separator: &str) -> String {
    let shown = entries[..entries.len().min(SHOWN)].join(separator);
    match entries.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A time span in its greatest unit that leaves a number above 1.
pub(crate) fn span(ms: i64) -> String {
    const UNITS: [(i64, &str); 4] = [
        (24 * 60 * 60 * 1000, "days"),
        (60 * 60 * 1000, "h"),
        (60 * 1000, "min"),
        (1000, "s"),
    ];
    match UNITS.iter().find(|(length, _)| ms >= 2 * length || ms == *length) {
        Some((length, unit)) => {
            let number = ms as f64 / *length as f64;
            if number >= 10.0 || ms % length == 0 {
                format!("{number:.0} {unit}")
            } else {
                format!("{number:.1} {unit}")
            }
        }
        None => format!("{ms} ms"),
    }
}

/// A size in units of 1000.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let count_f = count as f64;
    UNITS.iter().find(|(length, _)| count_f >= *length).map_or_else(
        || format!("{count} bytes"),
        |(length, unit)| format!("{:.1} {unit}", count_f / length),
    )
}

/// A record's time, in UTC.
pub(crate) fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(
        |_| format!("{ms} ms since 1970"),
        |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_name_five_and_count_the_rest() {
        let names: Vec<String> = (0..8).map(|n| n.to_string()).collect();
        assert_eq!(quoted(&names), "'0', '1', '2', '3', '4' and 3 more");
        assert_eq!(quoted(&names[..2]), "'0', '1'");
        assert_eq!(quoted::<String>(&[]), "");
    }

    #[test]
    fn spans_and_sizes_are_given_in_a_unit_that_fits() {
        assert_eq!(span(604_800_000), "7 days");
        assert_eq!(span(5_400_000), "90 min");
        assert_eq!(span(9_000_000), "2.5 h");
        assert_eq!(span(1_000), "1 s");
        assert_eq!(span(999), "999 ms");
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(12_340_000), "12.3 MB");
        assert_eq!(time(0), "1970-01-01T00:00:00Z");
    }
}
