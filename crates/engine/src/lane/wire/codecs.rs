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
    /// The strongest that the target takes.
    pub(super) fn of(known: CodecSet) -> Self {
        if known.contains(Codec::Zstd) {
            Self {
                codec: Codec::Zstd,
                level: ZSTD,
            }
        } else {
            Self {
                codec: Codec::Gzip,
                level: GZIP,
            }
        }
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
