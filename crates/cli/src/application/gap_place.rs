use std::str::FromStr;

use sluice_app::StoppedAtGap;
use sluice_model::OffsetRange;

/// A gap at which a partition has stopped, written `TOPIC-PARTITION@FROM..TO`; `TO` is behind the last missing offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapPlace {
    topic: String,
    partition: i32,
    range: OffsetRange,
}

impl GapPlace {
    /// Whether it names this gap, as it is now.
    pub fn names(&self, gap: &StoppedAtGap) -> bool {
        (&self.topic, self.partition, self.range) == (&gap.topic, gap.partition, gap.gap.range)
    }
}

impl std::fmt::Display for GapPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let OffsetRange { from, to } = self.range;
        write!(f, "{}-{}@{from}..{to}", self.topic, self.partition)
    }
}

impl From<&StoppedAtGap> for GapPlace {
    fn from(gap: &StoppedAtGap) -> Self {
        Self {
            topic: gap.topic.clone(),
            partition: gap.partition,
            range: gap.gap.range,
        }
    }
}

impl FromStr for GapPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = || {
            let (partition, range) = text.rsplit_once('@')?;
            let (topic, partition) = partition.rsplit_once('-')?;
            let (from, to) = range.split_once("..")?;
            Some(Self {
                topic: Some(topic).filter(|topic| !topic.is_empty())?.to_owned(),
                partition: partition.parse().ok()?,
                range: OffsetRange {
                    from: from.parse().ok()?,
                    to: to.parse().ok()?,
                },
            })
        };
        parts()
            .ok_or_else(|| format!("'{text}' names no gap; write it as it is listed, like orders-3@100..250"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_named_as_it_is_listed() {
        let gap: GapPlace = "eu-orders-3@100..250".parse().unwrap();
        assert_eq!(gap.to_string(), "eu-orders-3@100..250");
        assert_eq!((gap.topic.as_str(), gap.partition), ("eu-orders", 3));
        for wrong in [
            "",
            "orders-3",
            "orders-3@100",
            "orders@1..2",
            "-3@1..2",
            "orders-3@1..y",
        ] {
            assert!(wrong.parse::<GapPlace>().is_err(), "{wrong}");
        }
    }
}
