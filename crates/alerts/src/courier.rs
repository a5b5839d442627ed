use std::sync::Arc;

use crate::email::Mailer;
use crate::webhook::Webhook;
use crate::{Channel, ChannelConfig, DesktopNotifier, Message, NoDesktop, Result};

/// Takes one message to one channel, now and once. What a "Test" button calls; [`crate::Dispatcher`] repeats it.
#[derive(Clone)]
pub struct Courier {
    desktop: Arc<dyn DesktopNotifier>,
}

impl Courier {
    /// A courier for a program with this desktop.
    pub fn new(desktop: Arc<dyn DesktopNotifier>) -> Self {
        Self { desktop }
    }

    /// Delivers `message`; waits for the answer, up to 10 s for a webhook and about 30 s for an e-mail. `now_ms` (ms
    /// since 1970) goes into signatures: receivers refuse what is too far from their own clock.
    ///
    /// # Errors
    /// What failed, and what to do about it.
    pub fn deliver(&self, channel: &Channel, message: &Message, now_ms: i64) -> Result<()> {
        let secrets = &channel.secrets;
        match &channel.config {
            ChannelConfig::Desktop => self.desktop.notify(message),
            ChannelConfig::Webhook {
                url,
                format,
                headers,
                ca_pem,
            } => Webhook {
                url,
                format: *format,
                headers,
                ca_pem: ca_pem.as_deref(),
                secrets,
            }
            .send(message, now_ms),
            ChannelConfig::Email {
                host,
                port,
                security,
                username,
                from,
                to,
                ca_pem,
            } => Mailer {
                host,
                port: *port,
                security: *security,
                username: username.as_deref(),
                password: secrets.password.as_ref(),
                from,
                to,
                ca_pem: ca_pem.as_deref(),
            }
            .send(message),
        }
    }
}

impl Default for Courier {
    fn default() -> Self {
        Self::new(Arc::new(NoDesktop))
    }
}
