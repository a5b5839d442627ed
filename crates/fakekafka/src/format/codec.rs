//! The compression codecs of record batches.

use std::fmt::Display;
use std::io::{Read, Write};

use bytes::{BufMut, Bytes, BytesMut};

use super::FormatError;

/// Expanded records of one batch may not pass this many bytes: a small batch must not fill the memory.
const MAX_EXPANDED: u64 = 512 * 1024 * 1024;

/// Head of snappy streams as Java clients write them; librdkafka writes one bare block instead.
const XERIAL_MAGIC: &[u8] = b"\x82SNAPPY\0";
const XERIAL_HEAD_LEN: usize = 16;
const XERIAL_BLOCK: usize = 32 * 1024;

/// How the records of a batch are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip (code 1).
    Gzip,
    /// snappy in the framing of the Java clients (code 2).
    Snappy,
    /// LZ4 frame (code 3).
    Lz4,
    /// Zstandard (code 4).
    Zstd,
}

impl Compression {
    /// The code in the lowest three bits of the batch attributes.
    pub fn code(self) -> i16 {
        match self {
            Compression::None => 0,
            Compression::Gzip => 1,
            Compression::Snappy => 2,
            Compression::Lz4 => 3,
            Compression::Zstd => 4,
        }
    }

    pub(crate) fn from_attributes(attributes: i16) -> Result<Self, FormatError> {
        match attributes & 0x07 {
            0 => Ok(Compression::None),
            1 => Ok(Compression::Gzip),
            2 => Ok(Compression::Snappy),
            3 => Ok(Compression::Lz4),
            4 => Ok(Compression::Zstd),
            code => Err(FormatError::Codec(code)),
        }
    }

    /// The codec a topic's `compression.type` demands; none for `producer`.
    pub(crate) fn from_setting(value: &str) -> Option<Self> {
        match value {
            "uncompressed" => Some(Compression::None),
            "gzip" => Some(Compression::Gzip),
            "snappy" => Some(Compression::Snappy),
            "lz4" => Some(Compression::Lz4),
            "zstd" => Some(Compression::Zstd),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Compression::None => "uncompressed",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }

    fn error(self, message: impl Display) -> FormatError {
        FormatError::Compression {
            codec: self.name(),
            message: message.to_string(),
        }
    }

    fn drain(self, from: impl Read) -> Result<Bytes, FormatError> {
        let mut out = Vec::new();
        let read = from
            .take(MAX_EXPANDED)
            .read_to_end(&mut out)
            .map_err(|e| self.error(e))?;
        if read as u64 >= MAX_EXPANDED {
            return Err(self.error("expands to too many bytes"));
        }
        Ok(out.into())
    }

    pub(crate) fn expand(self, data: &Bytes) -> Result<Bytes, FormatError> {
        match self {
            Compression::None => Ok(data.clone()),
            Compression::Gzip => self.drain(flate2::read::GzDecoder::new(&data[..])),
            Compression::Snappy => self.expand_snappy(data),
            Compression::Lz4 => self.drain(lz4_flex::frame::FrameDecoder::new(&data[..])),
            Compression::Zstd => {
                self.drain(zstd::stream::Decoder::with_buffer(&data[..]).map_err(|e| self.error(e))?)
            }
        }
    }

    fn expand_snappy(self, data: &Bytes) -> Result<Bytes, FormatError> {
        if !data.starts_with(XERIAL_MAGIC) {
            return self.snappy_block(data).map(Bytes::from);
        }
        let mut rest = data
            .get(XERIAL_HEAD_LEN..)
            .ok_or_else(|| self.error("the stream head is cut"))?;
        let mut out = BytesMut::new();
        while !rest.is_empty() {
            let (len, tail) = rest
                .split_first_chunk::<4>()
                .ok_or_else(|| self.error("a block is cut"))?;
            let (block, tail) = tail
                .split_at_checked(u32::from_be_bytes(*len) as usize)
                .ok_or_else(|| self.error("a block is cut"))?;
            out.extend_from_slice(&self.snappy_block(block)?);
            if out.len() as u64 >= MAX_EXPANDED {
                return Err(self.error("expands to too many bytes"));
            }
            rest = tail;
        }
        Ok(out.freeze())
    }

    fn snappy_block(self, block: &[u8]) -> Result<Vec<u8>, FormatError> {
        let len = snap::raw::decompress_len(block).map_err(|e| self.error(e))?;
        if len as u64 >= MAX_EXPANDED {
            return Err(self.error("expands to too many bytes"));
        }
        snap::raw::Decoder::new()
            .decompress_vec(block)
            .map_err(|e| self.error(e))
    }

    pub(crate) fn compress(self, data: &[u8]) -> Result<Bytes, FormatError> {
        match self {
            Compression::None => Ok(Bytes::copy_from_slice(data)),
            Compression::Gzip => {
                let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                out.write_all(data).map_err(|e| self.error(e))?;
                out.finish().map(Bytes::from).map_err(|e| self.error(e))
            }
            Compression::Snappy => {
                let mut out = BytesMut::with_capacity(XERIAL_HEAD_LEN + data.len());
                out.put_slice(XERIAL_MAGIC);
                out.put_i32(1);
                out.put_i32(1);
                let mut encoder = snap::raw::Encoder::new();
                for block in data.chunks(XERIAL_BLOCK) {
                    let packed = encoder.compress_vec(block).map_err(|e| self.error(e))?;
                    out.put_u32(packed.len() as u32);
                    out.put_slice(&packed);
                }
                Ok(out.freeze())
            }
            Compression::Lz4 => {
                let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
                out.write_all(data).map_err(|e| self.error(e))?;
                out.finish().map(Bytes::from).map_err(|e| self.error(e))
            }
            Compression::Zstd => zstd::bulk::compress(data, 3)
                .map(Bytes::from)
                .map_err(|e| self.error(e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codec_gives_back_what_it_took() {
        let data: Vec<u8> = (0..100_000u32).map(|i| (i % 1_000 * i % 13) as u8).collect();
        for codec in [
            Compression::None,
            Compression::Gzip,
            Compression::Snappy,
            Compression::Lz4,
            Compression::Zstd,
        ] {
            let packed = codec.compress(&data).unwrap();
            assert_eq!(codec.expand(&packed).unwrap(), data, "{codec:?}");
            assert_eq!(Compression::from_attributes(codec.code()).unwrap(), codec);
        }
    }

    #[test]
    fn snappy_without_framing_is_read() {
        let packed = snap::raw::Encoder::new().compress_vec(b"one bare block").unwrap();
        assert_eq!(
            Compression::Snappy.expand(&packed.into()).unwrap(),
            &b"one bare block"[..]
        );
    }

    #[test]
    fn damaged_data_is_an_error_for_every_codec() {
        for codec in [
            Compression::Gzip,
            Compression::Snappy,
            Compression::Lz4,
            Compression::Zstd,
        ] {
            let packed = codec.compress(&[7; 5000]).unwrap();
            let cut = packed.slice(..packed.len() / 2);
            assert!(codec.expand(&cut).is_err(), "{codec:?}");
        }
    }
}
