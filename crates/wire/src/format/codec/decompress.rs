use std::fmt;
use std::io::Read;

use flate2::bufread::GzDecoder;
use zstd::zstd_safe::{DCtx, zstd_sys::ZSTD_ErrorCode};

use super::{Codec, lz4_frame, xerial, zstd_size};
use crate::format::fault::CodecFault;

/// Why data could not be expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) enum ExpandError {
    /// They are damaged.
    Fault(CodecFault),
    /// They have more bytes than the caller allows.
    TooLarge,
}

impl From<CodecFault> for ExpandError {
    fn from(fault: CodecFault) -> Self {
        ExpandError::Fault(fault)
    }
}

/// Expands compressed records, and keeps what the codecs need between two uses.
#[derive(Default)]
pub(in crate::format) struct Decompressor {
    zstd: Option<DCtx<'static>>,
    snappy: snap::raw::Decoder,
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor").finish_non_exhaustive()
    }
}

impl Decompressor {
    /// A new one.
    pub(in crate::format) fn new() -> Self {
        Self::default()
    }

    /// Replaces `out` with the expanded `data`, which may have at most `budget` bytes.
    ///
    /// `magic` is the format of the entry: in format 0 the checksum of an LZ4 frame's head is not looked at, as clients
    /// before Kafka 0.10 computed it wrongly (KAFKA-3160).
    pub(in crate::format) fn expand(
        &mut self,
        codec: Codec,
        magic: u8,
        data: &[u8],
        budget: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), ExpandError> {
        out.clear();
        match codec {
            Codec::None if data.len() > budget => Err(ExpandError::TooLarge),
            Codec::None => {
                out.extend_from_slice(data);
                Ok(())
            }
            Codec::Gzip => gzip(data, budget, out),
            Codec::Snappy => xerial::read(&mut self.snappy, data, budget, out),
            Codec::Lz4 => lz4_frame::read(data, magic == 0, budget, out),
            Codec::Zstd => self.zstd(data, budget, out),
        }
    }

    /// Expands in one step into room for what the frames can hold at most: so no window is needed beside it.
    fn zstd(&mut self, data: &[u8], budget: usize, out: &mut Vec<u8>) -> Result<(), ExpandError> {
        let bound = zstd_size::upper_bound(data)?;
        let room = usize::try_from(bound).unwrap_or(usize::MAX).min(budget);
        out.try_reserve_exact(room).map_err(|_| ExpandError::TooLarge)?;
        let context = self.zstd.get_or_insert_with(DCtx::create);
        match context.decompress(out, data) {
            Ok(len) if len > budget => Err(ExpandError::TooLarge),
            Ok(_) => Ok(()),
            // Errors are negative numbers of the library's enumeration.
            Err(code)
                if code.wrapping_neg() == ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall as usize
                    && bound > budget as u64 =>
            {
                Err(ExpandError::TooLarge)
            }
            Err(code) if code.wrapping_neg() == ZSTD_ErrorCode::ZSTD_error_checksum_wrong as usize => {
                Err(CodecFault::Checksum.into())
            }
            Err(_) => Err(CodecFault::Damaged.into()),
        }
    }
}

/// The first two bytes of a gzip member.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Reads all members, as Java does; what follows the last one is ignored, as Java does.
fn gzip(data: &[u8], budget: usize, out: &mut Vec<u8>) -> Result<(), ExpandError> {
    let mut rest = data;
    if !rest.starts_with(&GZIP_MAGIC) {
        return Err(CodecFault::Head.into());
    }
    out.reserve_exact(gzip_size(data).min(budget));
    while rest.starts_with(&GZIP_MAGIC) {
        let mut decoder = GzDecoder::new(rest);
        let left = budget.saturating_sub(out.len());
        // One byte over the budget distinguishes too large from just fitting.
        let limit = (left as u64).saturating_add(1);
        let read = decoder.by_ref().take(limit).read_to_end(out);
        if out.len() > budget {
            return Err(ExpandError::TooLarge);
        }
        read.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => CodecFault::Cut,
            _ => CodecFault::Damaged,
        })?;
        rest = decoder.into_inner();
    }
    Ok(())
}

/// No byte of DEFLATE stands for more bytes than this.
const GZIP_LARGEST_RATIO: usize = 1032;

/// What the last member claims to expand to, as far as that is possible.
fn gzip_size(data: &[u8]) -> usize {
    let claimed = data.last_chunk().map_or(0, |size| u32::from_le_bytes(*size));
    (claimed as usize).min(data.len().saturating_mul(GZIP_LARGEST_RATIO))
}
