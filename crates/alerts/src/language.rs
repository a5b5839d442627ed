use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The language alert texts are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// 简体中文.
    #[serde(rename = "zh_hans")]
    SimplifiedChinese,
}
