use crate::{ChannelError, Message, Result};

/// Shows notifications of the system. A shell with a window implements it; a click opens [`Message::task_id`].
pub trait DesktopNotifier: Send + Sync {
    /// Shows a message. Must not wait for its user.
    ///
    /// # Errors
    /// The system shows no notification.
    fn notify(&self, message: &Message) -> Result<()>;
}

/// Where there is no desktop.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDesktop;

impl DesktopNotifier for NoDesktop {
    fn notify(&self, _: &Message) -> Result<()> {
        Err(ChannelError::NoDesktop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn without_a_desktop_the_error_says_what_to_use_instead() {
        let error = NoDesktop
            .notify(&Message::test("d", Language::English, 0))
            .unwrap_err();
        assert!(error.to_string().contains("Use a webhook or e-mail"), "{error}");
    }
}
