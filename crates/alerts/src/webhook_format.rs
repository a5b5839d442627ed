use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a webhook's receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WebhookFormat {
    /// Sluice's own JSON, described in `docs/alerts.md`.
    Generic,
    /// Slack's incoming webhooks, and what is compatible with them.
    Slack,
    /// Custom bots of Feishu and Lark.
    Feishu,
    /// Custom robots of DingTalk.
    DingTalk,
    /// Group robots of WeCom.
    WeCom,
}

impl WebhookFormat {
    /// The name its users know.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Generic => "the receiver",
            Self::Slack => "Slack",
            Self::Feishu => "Feishu",
            Self::DingTalk => "DingTalk",
            Self::WeCom => "WeCom",
        }
    }

    /// Whether messages can be signed with a secret.
    pub(crate) fn signs(self) -> bool {
        match self {
            Self::Generic | Self::Feishu | Self::DingTalk => true,
            Self::Slack | Self::WeCom => false,
        }
    }
}
