//! The wire client's codecs, and how records that are too large are compressed.

use sluice_kafka::{Compression, CompressionCodec};
use sluice_wire::format::{Codec, CodecSet, Level};

/// The strongest levels that are worth their time for one record.
const ZSTD: u8 = 19;
const GZIP: u8 = 9;

fn named(codec: Codec) -> CompressionCodec {
    match codec {
        Codec::None => CompressionCodec::None,
        Codec::Gzip => CompressionCodec::Gzip,
        Codec::Snappy => CompressionCodec::Snappy,
        Codec::Lz4 => CompressionCodec::Lz4,
        Codec::Zstd => CompressionCodec::Zstd,
    }
}

/// What records of a topic get that do not fit as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Harder {
    pub(super) codec: Codec,
    level: u8,
}

impl Harder {
    /// The strongest that the target takes: of the codec that the task asks for, where it asks for one. `None` where
    /// that knows no levels.
    pub(super) fn of(asked: Option<Codec>, known: CodecSet) -> Option<Self> {
        let codec = match asked {
            Some(codec) => codec,
            None if known.contains(Codec::Zstd) => Codec::Zstd,
            None => Codec::Gzip,
        };
        let level = match codec {
            Codec::Zstd => ZSTD,
            Codec::Gzip => GZIP,
            Codec::None | Codec::Snappy | Codec::Lz4 => return None,
        };
        Some(Self { codec, level })
    }

    pub(super) fn level(self) -> Level {
        Level::Number(i32::from(self.level))
    }

    /// How records that came with `usual` are compressed, and how they are now.
    pub(super) fn beside(self, usual: Codec) -> [Compression; 2] {
        [
            Compression {
                codec: named(usual),
                level: None,
            },
            Compression {
                codec: named(self.codec),
                level: Some(self.level),
            },
        ]
    }
}
