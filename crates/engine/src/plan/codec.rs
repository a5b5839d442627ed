use sluice_kafka::Capabilities;
use sluice_model::Codec;

/// The codec for a target of these capabilities.
pub(crate) fn codec(wanted: Codec, target: Capabilities) -> &'static str {
    match wanted {
        Codec::None => "none",
        Codec::Gzip => "gzip",
        Codec::Snappy => "snappy",
        Codec::Lz4 | Codec::Auto => "lz4",
        Codec::Zstd if target.zstd => "zstd",
        Codec::Zstd => "lz4",
    }
}
