use std::fmt;

use crate::network::Network;

/// What a topic holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workload {
    /// What its records are made of.
    pub content: Content,
    /// Bytes of each value, or of the header where that is its content. Keys are null.
    pub record_bytes: usize,
    /// Its producer's compression.
    pub codec: Codec,
    /// Partitions.
    pub partitions: usize,
    /// Records of a batch at most, where its producer does not fill them (64 KB).
    pub batch_records: Option<u32>,
    /// Records in all.
    pub records: u64,
    /// What lies between Sluice and the clusters.
    pub network: Network,
}

/// What records are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Values of text.
    Text,
    /// Values of one letter: in memory they are thousands of times what they are on the wire.
    OneLetter,
    /// One header each, beside a value of one byte.
    Headers,
}

/// A producer's compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// None.
    None,
    /// LZ4.
    Lz4,
    /// Zstandard.
    Zstd,
    /// Snappy, as Java frames it.
    Snappy,
    /// gzip.
    Gzip,
}

impl Codec {
    /// As Kafka's and kcat's options call it.
    pub fn option(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
            Self::Snappy => "snappy",
            Self::Gzip => "gzip",
        }
    }
}

const KILOBYTE: usize = 1000;

impl Workload {
    /// The twenty-four of the whole benchmark: twelve for speed, two for memory, three for shapes of topics, four for
    /// networks, two for other codecs, and one for very many partitions.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (record_bytes, records) in [(KILOBYTE, 1_000_000), (100, 5_000_000)] {
            for codec in [Codec::None, Codec::Lz4, Codec::Zstd] {
                for partitions in [8, 1] {
                    all.push(Self {
                        content: Content::Text,
                        record_bytes,
                        codec,
                        partitions,
                        batch_records: None,
                        records,
                        network: Network::Direct,
                    });
                }
            }
        }
        let one = |content, record_bytes, codec, records| Self {
            content,
            record_bytes,
            codec,
            partitions: 1,
            batch_records: None,
            records,
            network: Network::Direct,
        };
        all.push(one(Content::Headers, 64 * KILOBYTE, Codec::None, 20_000));
        all.push(one(Content::OneLetter, 500 * KILOBYTE, Codec::Zstd, 2_000));
        let shaped = |partitions, batch_records, codec, records| Self {
            content: Content::Text,
            record_bytes: KILOBYTE,
            codec,
            partitions,
            batch_records,
            records,
            network: Network::Direct,
        };
        all.push(shaped(1_000, None, Codec::Lz4, 1_000_000));
        all.push(shaped(8, Some(10), Codec::None, 1_000_000));
        all.push(shaped(8, Some(1), Codec::None, 200_000));
        for (network, batch_records, codec) in [
            (Network::Tls, None, Codec::Lz4),
            (Network::RoundTrip(5), None, Codec::Lz4),
            (Network::RoundTrip(5), Some(10), Codec::None),
            (Network::RoundTrip(50), None, Codec::Lz4),
        ] {
            all.push(Self {
                network,
                ..shaped(8, batch_records, codec, 1_000_000)
            });
        }
        all.push(shaped(8, None, Codec::Snappy, 1_000_000));
        all.push(shaped(8, None, Codec::Gzip, 1_000_000));
        all.push(shaped(10_000, None, Codec::Lz4, 1_000_000));
        all
    }

    /// The one of a first look.
    pub fn quick() -> Self {
        Self {
            content: Content::Text,
            record_bytes: KILOBYTE,
            codec: Codec::Lz4,
            partitions: 8,
            batch_records: None,
            records: 200_000,
            network: Network::Direct,
        }
    }

    /// A short name, which is also that of its topic.
    pub fn name(&self) -> String {
        let size = match self.record_bytes {
            bytes if bytes % KILOBYTE == 0 => format!("{}kb", bytes / KILOBYTE),
            bytes => format!("{bytes}b"),
        };
        let content = match self.content {
            Content::Text => "",
            Content::OneLetter => "letter-",
            Content::Headers => "headers-",
        };
        let batch = self
            .batch_records
            .map_or_else(String::new, |records| format!("-batches-of-{records}"));
        format!(
            "{size}-{content}{}-{}p{batch}{}",
            self.codec.option(),
            self.partitions,
            self.network.suffix()
        )
    }

    /// Whether it shows how a copy by Sluice takes to a shape of topics, and no other tool is measured with it.
    pub fn is_of_sluice_alone(&self) -> bool {
        self.content != Content::Text
            || matches!(self.codec, Codec::Snappy | Codec::Gzip)
            || self.batch_records.is_some()
            || self.partitions > 8
            || self.network != Network::Direct
    }

    /// What its producer is to gather in a batch, in bytes.
    pub fn batch_bytes(&self) -> usize {
        // A record takes some ten bytes beside its value, a batch 61.
        self.batch_records
            .map_or(65_536, |records| records as usize * (self.record_bytes + 12) + 61)
    }

    /// Bytes of the values of so many of its records, before compression.
    pub fn bytes_of(&self, records: u64) -> u64 {
        records * self.record_bytes as u64
    }

    /// Whether MirrorMaker 2 runs on it without being asked to. With its defaults it needs minutes for each, and
    /// these show what matters: size of records and compression.
    pub fn is_for_mirror_maker(&self) -> bool {
        self.partitions == 8
            && !self.is_of_sluice_alone()
            && matches!(
                (self.record_bytes, self.codec),
                (KILOBYTE, Codec::None | Codec::Lz4) | (100, Codec::Lz4)
            )
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = match self.record_bytes {
            bytes if bytes % KILOBYTE == 0 => format!("{} KB", bytes / KILOBYTE),
            bytes => format!("{bytes} B"),
        };
        let content = match self.content {
            Content::Text => "",
            Content::OneLetter => " of one letter",
            Content::Headers => " of headers",
        };
        let codec = match self.codec {
            Codec::None => "uncompressed",
            codec => codec.option(),
        };
        let plural = if self.partitions == 1 { "" } else { "s" };
        write!(
            f,
            "{size}{content} {codec}, {} partition{plural}",
            self.partitions
        )?;
        match self.batch_records {
            Some(1) => write!(f, ", one record a batch")?,
            Some(records) => write!(f, ", {records} records a batch")?,
            None => {}
        }
        self.network.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_workload_has_a_name_of_its_own() {
        let names: BTreeSet<String> = Workload::all().iter().map(Workload::name).collect();
        assert_eq!(names.len(), 24);
        assert!(
            names.contains("1kb-lz4-8p") && names.contains("100b-none-1p"),
            "{names:?}"
        );
        assert!(
            names.contains("64kb-headers-none-1p") && names.contains("500kb-letter-zstd-1p"),
            "{names:?}"
        );
        assert!(
            names.contains("1kb-lz4-1000p") && names.contains("1kb-none-8p-batches-of-10"),
            "{names:?}"
        );
        let small = Workload::all()[16].to_string();
        assert_eq!(small, "1 KB uncompressed, 8 partitions, one record a batch");
        assert!(names.contains("1kb-none-8p-batches-of-10-5ms"), "{names:?}");
        assert!(
            names.contains("1kb-gzip-8p") && names.contains("1kb-lz4-10000p"),
            "{names:?}"
        );
        let slow = Workload::all()[20].to_string();
        assert_eq!(slow, "1 KB lz4, 8 partitions, 50 ms to the target and back");
        let letters = Workload::all()[13].to_string();
        assert_eq!(letters, "500 KB of one letter zstd, 1 partition");
        assert_eq!(Workload::all()[1].to_string(), "1 KB uncompressed, 1 partition");
    }

    #[test]
    fn mirror_maker_runs_on_three() {
        let names: Vec<String> = Workload::all()
            .iter()
            .filter(|workload| workload.is_for_mirror_maker())
            .map(Workload::name)
            .collect();
        assert_eq!(names, ["1kb-none-8p", "1kb-lz4-8p", "100b-lz4-8p"]);
    }
}
