use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{RateLimits, Result};

/// How much of this computer, of the network and of the clusters a task may use. May change while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Spec {
    /// Up to 200 records/s: a trial.
    Micro,
    /// Up to 2 000 records/s.
    Small,
    /// Up to 5 000 records/s.
    Medium,
    /// Up to 11 000 records/s.
    Large,
    /// No ceiling but the machine's.
    #[default]
    Xlarge,
}

/// What a [`Spec`] amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct ResourceProfile {
    /// Records per second at most; none for no ceiling.
    #[ts(type = "number | null")]
    pub records_per_second: Option<u64>,
    /// Bytes of keys, values and headers per second at most; none for no ceiling.
    #[ts(type = "number | null")]
    pub bytes_per_second: Option<u64>,
    /// Bytes that may be buffered between the clusters.
    #[ts(type = "number")]
    pub memory_bytes: u64,
}

const MB: u64 = 1_000_000;

impl Spec {
    /// Every Spec, from small to large.
    pub const ALL: [Self; 5] = [Self::Micro, Self::Small, Self::Medium, Self::Large, Self::Xlarge];

    /// What it amounts to. The records/s are those of a comparable hosted product's tiers (200, 2 000, 5 000,
    /// 11 000); bytes allow records of 1 to 5 KB at that rate; memory is what the copy needs to keep a link of that
    /// speed busy over 200 ms of round trip, at least 8 MB.
    pub fn profile(self) -> ResourceProfile {
        let (records_per_second, bytes_per_second, memory_bytes) = match self {
            Self::Micro => (Some(200), Some(MB), 8 * MB),
            Self::Small => (Some(2_000), Some(10 * MB), 16 * MB),
            Self::Medium => (Some(5_000), Some(25 * MB), 32 * MB),
            Self::Large => (Some(11_000), Some(55 * MB), 48 * MB),
            Self::Xlarge => (None, None, 56 * MB),
        };
        ResourceProfile {
            records_per_second,
            bytes_per_second,
            memory_bytes,
        }
    }

    /// Its ceilings with `own` before them.
    ///
    /// # Errors
    /// A ceiling of 0.
    pub fn limits(self, own: RateLimits) -> Result<RateLimits> {
        own.check()?;
        let profile = self.profile();
        Ok(RateLimits {
            records_per_second: own.records_per_second.or(profile.records_per_second),
            bytes_per_second: own.bytes_per_second.or(profile.bytes_per_second),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_ceilings_go_before_those_of_the_spec() {
        let own = RateLimits {
            records_per_second: Some(7),
            bytes_per_second: None,
        };
        let limits = Spec::Micro.limits(own).unwrap();
        assert_eq!(
            (limits.records_per_second, limits.bytes_per_second),
            (Some(7), Some(1_000_000))
        );
        let unbounded = Spec::Xlarge.limits(RateLimits::default()).unwrap();
        assert_eq!(unbounded, RateLimits::default());
    }
}
