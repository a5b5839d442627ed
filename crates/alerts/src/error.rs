use thiserror::Error;

/// Shorthand for results of deliveries.
pub type Result<T> = std::result::Result<T, ChannelError>;

/// The rule came with the program.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the rule '{name}' came with Sluice and cannot be changed or deleted; make a rule of your own, or mute a task that should raise no alerts"
)]
pub struct BuiltinRule {
    /// The rule's name.
    pub name: String,
}

/// Why a message was not delivered. An address is shown by scheme, host and port only: the rest of a webhook's URL is
/// often a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChannelError {
    /// There is no desktop.
    #[error(
        "no desktop notification can be shown here: this program runs without a desktop. Use a webhook or e-mail"
    )]
    NoDesktop,
    /// The desktop does not show it.
    #[error(
        "the desktop shows no notification: {reason}. Permit notifications for Sluice in the system's settings"
    )]
    Desktop {
        /// The system's words.
        reason: String,
    },
    /// The host has no address.
    #[error("the name of {address} was not found. Check its spelling, and the name server of this machine")]
    NameNotResolved {
        /// Where to.
        address: String,
    },
    /// No answer from that address.
    #[error("{address} cannot be connected to: {reason}. Check address and port, and firewalls on the way")]
    NotConnected {
        /// Where to.
        address: String,
        /// The system's words.
        reason: String,
    },
    /// Too slow.
    #[error("{address} did not answer within {seconds} s. Check that it works and can be reached from here")]
    TimedOut {
        /// Where to.
        address: String,
        /// How long was waited.
        seconds: u64,
    },
    /// No secure connection.
    #[error(
        "a secure connection to {address} failed: {reason}. Check that it speaks TLS on this port; if a private authority signed its certificate, give that authority's certificate"
    )]
    Tls {
        /// Where to.
        address: String,
        /// What was wrong.
        reason: String,
    },
    /// The connection broke, or the other side does not speak the protocol.
    #[error("{address} broke off: {reason}. Check that the address belongs to the kind of channel chosen")]
    Broken {
        /// Where to.
        address: String,
        /// What was wrong.
        reason: String,
    },
    /// The receiver points elsewhere, which is not followed.
    #[error(
        "{address} answered {status} and points to {to}; that is not followed. Enter the address it points to, if you trust it"
    )]
    Redirected {
        /// Where to.
        address: String,
        /// The HTTP status.
        status: u16,
        /// Scheme and host of where it points, or "another address".
        to: String,
    },
    /// The receiver refuses.
    #[error("{address} answered {status}{}. {}", quoted(.answer), status_advice(*.status))]
    Status {
        /// Where to.
        address: String,
        /// The HTTP status.
        status: u16,
        /// The first 200 characters of its answer.
        answer: String,
    },
    /// The receiver took the request and refuses the message.
    #[error(
        "{receiver} at {address} refused the message with code {code}{}. Check the bot's address, its signing secret and its security settings (keywords, permitted addresses)", quoted(.answer)
    )]
    Refused {
        /// The provider.
        receiver: &'static str,
        /// Where to.
        address: String,
        /// Its error code.
        code: i64,
        /// The first 200 characters of its answer.
        answer: String,
        /// Whether the same may succeed later.
        later: bool,
    },
    /// The receiver's answer is not one of the provider.
    #[error(
        "{address} did not answer as {receiver} does{}. Check the address and the format of the webhook", quoted(.answer)
    )]
    NotUnderstood {
        /// The provider.
        receiver: &'static str,
        /// Where to.
        address: String,
        /// The first 200 characters of its answer.
        answer: String,
    },
    /// The mail server refuses.
    #[error("the mail server {address} refused {step} with {code}{}. {}", quoted(.answer), smtp_advice(*.code))]
    Smtp {
        /// Which server.
        address: String,
        /// What was refused, as "the login".
        step: String,
        /// The SMTP code.
        code: u16,
        /// The first 200 characters of its answer.
        answer: String,
    },
    /// The mail server lacks what the channel asks for.
    #[error("the mail server {address} does not offer {what}. {advice}")]
    NotOffered {
        /// Which server.
        address: String,
        /// What.
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The channel cannot work as it is described.
    #[error("the channel is not set up correctly: {reason}")]
    Setup {
        /// What is wrong and what would be right.
        reason: String,
    },
}

impl ChannelError {
    /// Whether the same message may be delivered a moment later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NameNotResolved { .. }
            | Self::NotConnected { .. }
            | Self::TimedOut { .. }
            | Self::Broken { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::Refused { later, .. } => *later,
            Self::Smtp { code, .. } => (400..500).contains(code),
            Self::NoDesktop
            | Self::Desktop { .. }
            | Self::Tls { .. }
            | Self::Redirected { .. }
            | Self::NotUnderstood { .. }
            | Self::NotOffered { .. }
            | Self::Setup { .. } => false,
        }
    }
}

fn quoted(answer: &str) -> String {
    if answer.is_empty() {
        String::new()
    } else {
        format!(" (\"{answer}\")")
    }
}

fn status_advice(status: u16) -> &'static str {
    match status {
        401 | 403 => "Check the token or secret of the channel, and that the receiver permits this machine",
        404 | 410 => {
            "The webhook does not exist any more: make a new one at the receiver and enter its address"
        }
        408 | 425 | 429 => "It is asked too often; fewer rules or a longer repeat interval help",
        500..=599 => "The receiver has a problem of its own; look into its log",
        _ => "Check the address and the format of the webhook",
    }
}

fn smtp_advice(code: u16) -> &'static str {
    match code {
        530 | 534 | 535 | 538 => {
            "Check user name and password; many providers want a password made for applications"
        }
        550 | 551 | 553 => {
            "Check the sender's and the recipients' addresses, and that this user may send from there"
        }
        400..=499 => "It asks to try again later",
        _ => "Ask the administrator of the mail server",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sentence_says_what_failed_and_what_to_do() {
        let status = ChannelError::Status {
            address: "https://hooks.example.com".into(),
            status: 404,
            answer: "no_service".into(),
        };
        assert_eq!(
            status.to_string(),
            "https://hooks.example.com answered 404 (\"no_service\"). The webhook does not exist any more: make a new one at the receiver and enter its address"
        );
        let smtp = ChannelError::Smtp {
            address: "mail.example.com:587".into(),
            step: "the login".into(),
            code: 535,
            answer: String::new(),
        };
        assert_eq!(
            smtp.to_string(),
            "the mail server mail.example.com:587 refused the login with 535. Check user name and password; many providers want a password made for applications"
        );
    }

    #[test]
    fn only_what_may_pass_by_itself_is_tried_again() {
        let status = |status| ChannelError::Status {
            address: String::new(),
            status,
            answer: String::new(),
        };
        assert!(status(503).is_transient() && status(429).is_transient());
        assert!(!status(400).is_transient() && !status(404).is_transient());
        let smtp = |code| ChannelError::Smtp {
            address: String::new(),
            step: String::new(),
            code,
            answer: String::new(),
        };
        assert!(smtp(451).is_transient() && !smtp(550).is_transient());
        assert!(!ChannelError::NoDesktop.is_transient());
    }
}
