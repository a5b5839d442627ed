use std::fmt;

/// The SASL mechanisms of the secured listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// SCRAM-SHA-256.
    ScramSha256,
    /// SCRAM-SHA-512.
    ScramSha512,
    /// PLAIN.
    Plain,
}

impl Mechanism {
    /// Every mechanism.
    pub const ALL: [Self; 3] = [Self::ScramSha256, Self::ScramSha512, Self::Plain];

    /// The name Kafka knows it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::Plain => "PLAIN",
        }
    }

    pub(crate) fn login_module(self) -> &'static str {
        match self {
            Self::ScramSha256 | Self::ScramSha512 => {
                "org.apache.kafka.common.security.scram.ScramLoginModule"
            }
            Self::Plain => "org.apache.kafka.common.security.plain.PlainLoginModule",
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
