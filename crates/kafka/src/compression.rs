#![expect(
    unsafe_code,
    reason = "librdkafka's configuration of a topic is its own object"
)]

use std::ffi::{CStr, c_char};
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use rdkafka_sys::bindings as rd;

use crate::error::{ErrorCode, KafkaError, Result, text};
use crate::ffi;
use crate::native::{Native, c_string};

/// How batches of records are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CompressionCodec {
    /// Not at all.
    None,
    /// Snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// gzip.
    Gzip,
    /// Zstandard; brokers from 2.1 on.
    Zstd,
}

impl CompressionCodec {
    /// All of them, those that compress more strongly later.
    pub const ALL: [Self; 5] = [Self::None, Self::Snappy, Self::Lz4, Self::Gzip, Self::Zstd];

    /// Its name in Kafka's and librdkafka's settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// A codec and how much work it puts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compression {
    /// The codec.
    pub codec: CompressionCodec,
    /// The codec's level; `None` for one that is fast: 1 for zstd, else the codec's default.
    pub level: Option<u8>,
}

/// The greatest levels of the codecs that have levels; zstd itself goes on to 22, librdkafka's setting ends at 12.
const STRONGEST: [(CompressionCodec, u8); 3] = [
    (CompressionCodec::Lz4, 12),
    (CompressionCodec::Gzip, 9),
    (CompressionCodec::Zstd, 12),
];
/// librdkafka's word for a codec's own default level.
const DEFAULT_LEVEL: &str = "-1";
/// The fastest of zstd's regular levels; librdkafka's default is 3.
const FAST_ZSTD: &str = "1";

impl Compression {
    /// None at all.
    pub const NONE: Self = Self {
        codec: CompressionCodec::None,
        level: None,
    };

    /// The codec at a fast level.
    pub fn fast(codec: CompressionCodec) -> Self {
        Self { codec, level: None }
    }

    /// The codec at its strongest; `None` for those that have no levels.
    pub fn strongest(codec: CompressionCodec) -> Option<Self> {
        let (codec, level) = STRONGEST.into_iter().find(|(known, _)| *known == codec)?;
        Some(Self {
            codec,
            level: Some(level),
        })
    }

    fn level_setting(self) -> String {
        match (self.level, self.codec) {
            (Some(level), _) => level.to_string(),
            (None, CompressionCodec::Zstd) => FAST_ZSTD.to_owned(),
            (None, _) => DEFAULT_LEVEL.to_owned(),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Some(level) => write!(f, "{} at level {level}", self.codec.name()),
            None => f.write_str(self.codec.name()),
        }
    }
}

/// A client's configuration of one topic. The library has taken it once [`TopicConf::take`] was called.
pub(crate) struct TopicConf(NonNull<rd::rd_kafka_topic_conf_t>);

impl TopicConf {
    /// The client's settings for all topics, with this compression.
    ///
    /// # Errors
    /// The library refused a setting.
    pub(crate) fn new(native: &Native, compression: Compression) -> Result<Self> {
        // SAFETY: the client is live; the copy is ours, and freed in drop unless the library takes it.
        let conf = unsafe { rd::rd_kafka_default_topic_conf_dup(native.ptr()) };
        let conf = Self(NonNull::new(conf).ok_or_else(|| KafkaError::from_code(ErrorCode::LOCAL_STATE))?);
        conf.set("compression.codec", compression.codec.name())?;
        conf.set("compression.level", &compression.level_setting())?;
        Ok(conf)
    }

    fn set(&self, name: &str, value: &str) -> Result<()> {
        let mut reason = [0 as c_char; 512];
        let (name_c, value_c) = (c_string(name)?, c_string(value)?);
        // SAFETY: all strings and the buffer outlive the call, which writes a terminated string.
        unsafe {
            let refused = ffi::rd_kafka_topic_conf_set(
                self.0.as_ptr(),
                name_c.as_ptr(),
                value_c.as_ptr(),
                reason.as_mut_ptr(),
                reason.len(),
            );
            if refused == 0 {
                return Ok(());
            }
            let words = text(CStr::from_ptr(reason.as_ptr()));
            Err(KafkaError::new(
                ErrorCode::LOCAL_INVALID_ARG,
                format!("the setting '{name}' of a topic was refused: {words}"),
            ))
        }
    }

    /// Hands it over.
    pub(crate) fn take(self) -> *mut rd::rd_kafka_topic_conf_t {
        ManuallyDrop::new(self).0.as_ptr()
    }
}

impl Drop for TopicConf {
    fn drop(&mut self) {
        // SAFETY: no one has taken it.
        unsafe { rd::rd_kafka_topic_conf_destroy(self.0.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use crate::native::Role;
    use crate::settings::Settings;

    use super::*;

    #[test]
    fn the_library_takes_every_codec_at_both_levels() {
        let native = Native::create(Role::Writer, &Settings::default(), true).unwrap();
        for codec in CompressionCodec::ALL {
            drop(TopicConf::new(&native, Compression::fast(codec)).unwrap());
            if let Some(strongest) = Compression::strongest(codec) {
                drop(TopicConf::new(&native, strongest).unwrap());
            }
        }
    }

    #[test]
    fn compressions_are_named_with_the_level_that_was_asked_for() {
        assert_eq!(Compression::fast(CompressionCodec::Zstd).to_string(), "zstd");
        let strongest = Compression::strongest(CompressionCodec::Zstd).unwrap();
        assert_eq!(strongest.to_string(), "zstd at level 12");
    }
}
