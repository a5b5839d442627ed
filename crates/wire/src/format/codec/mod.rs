//! The compression codecs of Kafka, in both directions.
//!
//! Expanding is bounded by a number of bytes that the caller gives: no data, however made, gives more than that, or takes
//! more memory than twice that (while a vector grows) and 300 KB of a codec's own. Compressing writes what Kafka's own
//! producer writes.

mod compress;
mod decompress;
mod lz4_frame;
mod xerial;
mod zstd_size;

use std::fmt;

pub use compress::{CompressError, Compressor, Level};
pub(super) use decompress::{Decompressor, ExpandError};

/// How the records of a batch are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Codec {
    /// Not at all.
    #[default]
    None,
    /// gzip (code 1).
    Gzip,
    /// snappy, in the framing of Kafka's Java client where Sluice writes it (code 2).
    Snappy,
    /// LZ4 frame format (code 3).
    Lz4,
    /// Zstandard (code 4), only in batches of format 2, since Kafka 2.1.
    Zstd,
}

impl Codec {
    /// All of them, by their codes.
    pub const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    /// The code in the lowest three bits of the attributes.
    pub fn code(self) -> u8 {
        match self {
            Codec::None => 0,
            Codec::Gzip => 1,
            Codec::Snappy => 2,
            Codec::Lz4 => 3,
            Codec::Zstd => 4,
        }
    }

    /// The codec of a code; none for 5 to 7, which are not given out.
    pub fn from_code(code: u8) -> Option<Self> {
        Codec::ALL.get(usize::from(code)).copied()
    }

    /// Its name in Kafka's settings (`compression.type`), `none` for no compression.
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of codecs, such as those a target understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodecSet(u8);

impl CodecSet {
    /// Every codec.
    pub const ALL: CodecSet = CodecSet(0b1_1111);
    /// What a broker before 2.1 accepts: everything but zstd.
    pub const BEFORE_ZSTD: CodecSet = CodecSet(0b0_1111);

    /// The set of one codec.
    pub fn only(codec: Codec) -> Self {
        CodecSet(1 << codec.code())
    }

    /// Whether the codec is one of the set.
    pub fn contains(self, codec: Codec) -> bool {
        self.0 & (1 << codec.code()) != 0
    }
}
