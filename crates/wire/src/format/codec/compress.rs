use std::fmt;
use std::io::Write;

use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use zstd::zstd_safe::{CCtx, compress_bound};

use super::{Codec, xerial};

/// How hard a codec tries. Each codec has levels of its own; snappy has none, and LZ4 is always written at the fastest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// What Kafka's producer uses: gzip 6, zstd 3.
    #[default]
    Default,
    /// The codec's own number: gzip 1 to 9, zstd -7 to 22. A number outside of it means the nearest one inside.
    Number(i32),
}

impl Level {
    fn gzip(self) -> flate2::Compression {
        match self {
            Level::Default => flate2::Compression::default(),
            Level::Number(level) => flate2::Compression::new(level.clamp(1, 9).unsigned_abs()),
        }
    }

    fn zstd(self) -> i32 {
        match self {
            Level::Default => 3,
            Level::Number(level) => level.clamp(-7, 22),
        }
    }
}

/// A codec could not compress. The data cannot be the reason: the codecs take any bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the records could not be compressed with {codec}: {reason}")]
pub struct CompressError {
    /// The codec.
    pub codec: Codec,
    /// In the library's words.
    pub reason: String,
}

impl CompressError {
    fn new(codec: Codec, reason: impl fmt::Display) -> Self {
        Self {
            codec,
            reason: reason.to_string(),
        }
    }
}

/// Compresses, and keeps what the codecs need between two uses.
pub struct Compressor {
    zstd: Option<CCtx<'static>>,
    snappy: snap::raw::Encoder,
}

impl Default for Compressor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

impl Compressor {
    /// A new one.
    pub fn new() -> Self {
        Self {
            zstd: None,
            snappy: snap::raw::Encoder::new(),
        }
    }

    /// Appends `data` in the form of `codec` to `out`.
    ///
    /// # Errors
    /// The codec's library fails, as it does without memory. `out` is then as it was.
    pub fn compress(
        &mut self,
        codec: Codec,
        level: Level,
        data: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CompressError> {
        let start = out.len();
        let done = match codec {
            Codec::None => {
                out.extend_from_slice(data);
                Ok(())
            }
            Codec::Gzip => gzip(level, data, out),
            Codec::Snappy => {
                xerial::write(&mut self.snappy, data, out).map_err(|e| CompressError::new(codec, e))
            }
            Codec::Lz4 => lz4(data, out),
            Codec::Zstd => self.zstd(level, data, out),
        };
        if done.is_err() {
            out.truncate(start);
        }
        done
    }

    fn zstd(&mut self, level: Level, data: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
        let context = self.zstd.get_or_insert_with(CCtx::create);
        let start = out.len();
        out.resize(start.saturating_add(compress_bound(data.len())), 0);
        let room = out.get_mut(start..).unwrap_or_default();
        let written = context
            .compress(room, data, level.zstd())
            .map_err(|code| CompressError::new(Codec::Zstd, zstd::zstd_safe::get_error_name(code)))?;
        out.truncate(start + written);
        Ok(())
    }
}

fn gzip(level: Level, data: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
    let failed = |e| CompressError::new(Codec::Gzip, e);
    let mut encoder = GzEncoder::new(out, level.gzip());
    encoder.write_all(data).map_err(failed)?;
    encoder.finish().map_err(failed)?;
    Ok(())
}

/// Independent blocks of 64 KB without checksums of the content, as Kafka's producer writes them.
fn lz4(data: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
    let info = FrameInfo::new()
        .block_mode(BlockMode::Independent)
        .block_size(BlockSize::Max64KB);
    let mut encoder = FrameEncoder::with_frame_info(info, out);
    encoder
        .write_all(data)
        .map_err(|e| CompressError::new(Codec::Lz4, e))?;
    encoder.finish().map_err(|e| CompressError::new(Codec::Lz4, e))?;
    Ok(())
}
