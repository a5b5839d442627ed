use std::{fmt, str::FromStr};

/// The Kafka versions the test ground can run.
///
/// One for each behaviour that matters to a replicator: the newest; the last line that still speaks to old
/// clients; the last message format with ZooKeeper; the first with transactions that is still met in the
/// field; and one before headers and transactions existed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KafkaVersion {
    /// 0.10.2.2: no record headers, no transactions.
    V0_10_2_2,
    /// 1.0.2.
    V1_0_2,
    /// 2.0.1.
    V2_0_1,
    /// 3.5.1: the oldest workers of Connect that tell where a connector stands.
    V3_5_1,
    /// 3.6.2: workers that take positions, and cannot make a connector that is stopped.
    V3_6_2,
    /// 3.9.1: its clients still speak to brokers of 0.10.
    V3_9_1,
    /// 4.3.1: refuses clients from before 2.1.
    V4_3_1,
}

impl KafkaVersion {
    /// Every version, oldest first.
    pub const ALL: [Self; 7] = [
        Self::V0_10_2_2,
        Self::V1_0_2,
        Self::V2_0_1,
        Self::V3_5_1,
        Self::V3_6_2,
        Self::V3_9_1,
        Self::V4_3_1,
    ];

    /// The number as Kafka writes it, for example `4.3.1`.
    pub fn number(self) -> &'static str {
        match self {
            Self::V0_10_2_2 => "0.10.2.2",
            Self::V1_0_2 => "1.0.2",
            Self::V2_0_1 => "2.0.1",
            Self::V3_5_1 => "3.5.1",
            Self::V3_6_2 => "3.6.2",
            Self::V3_9_1 => "3.9.1",
            Self::V4_3_1 => "4.3.1",
        }
    }

    /// Whether the brokers keep their metadata themselves instead of in ZooKeeper.
    pub fn is_kraft(self) -> bool {
        self > Self::V2_0_1
    }

    /// Whether the brokers know transactions.
    pub fn has_transactions(self) -> bool {
        self > Self::V0_10_2_2
    }

    /// The version whose command line tools speak to brokers of this one and print the most.
    ///
    /// The clients of 4.x refuse brokers before 2.1; those of 3.9 reach back to 0.10 and, other than the tools
    /// the old versions came with, print headers, partitions and offsets.
    pub fn tools(self) -> Self {
        self.max(Self::V3_9_1)
    }
}

impl fmt::Display for KafkaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

impl FromStr for KafkaVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|version| version.number() == text)
            .ok_or_else(|| {
                format!(
                    "unknown version `{text}`; there are {}",
                    Self::ALL.map(Self::number).join(", ")
                )
            })
    }
}
