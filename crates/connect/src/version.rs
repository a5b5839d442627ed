use std::fmt;

/// The version of a Connect cluster's workers, as Kafka counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectVersion {
    text: String,
    number: Option<(u32, u32)>,
}

impl ConnectVersion {
    /// Reads what a worker says of itself. Confluent's versions are four ahead of Kafka's: 7.6 is Kafka 3.6.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut parts = text.split(['.', '-']);
        let mut next = || parts.next()?.parse::<u32>().ok();
        let number = next().zip(next());
        let is_confluent = text.contains("-ccs") || text.contains("-ce");
        let number = match number {
            Some((major, minor)) if is_confluent => major.checked_sub(4).map(|major| (major, minor)),
            other => other,
        };
        Self {
            text: text.to_owned(),
            number,
        }
    }

    /// Whether it is this version of Kafka or a later one. One that is not understood is none.
    #[must_use]
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        self.number.is_some_and(|number| number >= (major, minor))
    }

    /// Whether a connector can be stopped, so that its offsets are written, and whether they can be read (KIP-875, part one).
    #[must_use]
    pub fn stops(&self) -> bool {
        self.is_at_least(3, 5)
    }

    /// Whether the offsets of a stopped connector can be changed and removed (KIP-875, part two).
    #[must_use]
    pub fn takes_positions(&self) -> bool {
        self.is_at_least(3, 6)
    }

    /// Whether a connector can be made that is stopped from its first moment on (KIP-980).
    #[must_use]
    pub fn makes_stopped(&self) -> bool {
        self.is_at_least(3, 7)
    }

    /// Whether its clients read clusters of this version: those of 4.x begin with 2.1.
    #[must_use]
    pub fn reads_before_2_1(&self) -> bool {
        !self.is_at_least(4, 0)
    }
}

impl fmt::Display for ConnectVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_kafkas_whoever_built_them() {
        assert!(ConnectVersion::new("4.3.1").takes_positions());
        assert!(ConnectVersion::new("3.9.1").reads_before_2_1());
        assert!(ConnectVersion::new("7.7.0-ccs").takes_positions());
        assert!(!ConnectVersion::new("7.5.1-ccs").takes_positions());
        let can = |text: &str| {
            let version = ConnectVersion::new(text);
            (
                version.stops(),
                version.takes_positions(),
                version.makes_stopped(),
            )
        };
        assert_eq!(can("3.4.1"), (false, false, false));
        assert_eq!(can("3.5.1"), (true, false, false));
        assert_eq!(can("3.6.2"), (true, true, false));
        assert_eq!(can("3.7.0"), (true, true, true));
        assert!(!ConnectVersion::new("unknown").stops());
        assert!(ConnectVersion::new("3.9.1.redhat-00002").takes_positions());
    }
}
