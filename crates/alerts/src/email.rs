use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant, SystemTime};

use lettre::Address;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message as Mail};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands;
use lettre::transport::smtp::extension::ClientId;
use sluice_model::Secret;

use crate::redaction::Redaction;
use crate::{ChannelError, EmailSecurity, Message, Result, network_failure, trust};

/// How long one step may take. Some servers greet only after six seconds, to keep bulk mailers away.
const STEP_WITHIN: Duration = Duration::from_secs(10);
/// How long everything may take.
const WHOLE_WITHIN: Duration = Duration::from_secs(30);
/// How many addresses of the server's name are tried.
const ADDRESSES: usize = 3;

/// A mail channel, ready to be used.
pub(crate) struct Mailer<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) security: EmailSecurity,
    pub(crate) username: Option<&'a str>,
    pub(crate) password: Option<&'a Secret>,
    pub(crate) from: &'a str,
    pub(crate) to: &'a [String],
    pub(crate) ca_pem: Option<&'a str>,
}

impl Mailer<'_> {
    /// Sends a message to every recipient, or to none.
    ///
    /// # Errors
    /// What failed, without the password.
    pub(crate) fn send(&self, message: &Message) -> Result<()> {
        let (mail, from, to) = self.mail(message)?;
        let mut exchange = Exchange {
            connection: self.connect()?,
            until: Instant::now() + WHOLE_WITHIN,
            mailer: self,
        };
        exchange.secure()?;
        exchange.log_in()?;
        exchange.step(&format!("the sender {from}"), |connection| {
            connection.command(commands::Mail::new(Some(from.clone()), Vec::new()))
        })?;
        for recipient in to {
            exchange.step(&format!("the recipient {recipient}"), |connection| {
                connection.command(commands::Rcpt::new(recipient.clone(), Vec::new()))
            })?;
        }
        exchange.step("the message", |connection| connection.command(commands::Data))?;
        exchange.step("the message", |connection| connection.message(&mail))?;
        // The server has the mail: how the connection ends does not matter any more.
        exchange.connection.abort();
        Ok(())
    }

    fn mail(&self, message: &Message) -> Result<(Vec<u8>, Address, Vec<Address>)> {
        let mailbox = |text: &str| {
            text.parse::<Mailbox>().map_err(|error| ChannelError::Setup {
                reason: format!("'{text}' is no e-mail address ({error})"),
            })
        };
        let from = mailbox(self.from)?;
        let to = self
            .to
            .iter()
            .map(|text| mailbox(text))
            .collect::<Result<Vec<_>>>()?;
        let at = u64::try_from(message.at_ms).unwrap_or(0);
        let builder = Mail::builder()
            .from(from.clone())
            .subject(&message.title)
            .date(SystemTime::UNIX_EPOCH + Duration::from_millis(at))
            .message_id(None)
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN);
        let builder = to.iter().cloned().fold(builder, |builder, to| builder.to(to));
        let mail = builder
            .body(message.body.clone())
            .map_err(|error| ChannelError::Setup {
                reason: format!("the e-mail cannot be written: {error}"),
            })?;
        Ok((
            mail.formatted(),
            from.email,
            to.into_iter().map(|to| to.email).collect(),
        ))
    }

    fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn connect(&self) -> Result<SmtpConnection> {
        let failed =
            |error: &std::io::Error| network_failure::describe(error, &self.address(), STEP_WITHIN.as_secs());
        let addresses: Vec<SocketAddr> = (self.host, self.port)
            .to_socket_addrs()
            .map_err(|error| failed(&error))?
            .take(ADDRESSES)
            .collect();
        let tls = match self.security {
            EmailSecurity::Tls => Some(self.tls()?),
            EmailSecurity::None | EmailSecurity::Starttls => None,
        };
        let mut last = ChannelError::NameNotResolved {
            address: self.address(),
        };
        for address in addresses {
            match SmtpConnection::connect(
                address,
                Some(STEP_WITHIN),
                &ClientId::default(),
                tls.as_ref(),
                None,
            ) {
                Ok(connection) => return Ok(connection),
                Err(error) => last = self.failure(&error, "the connection"),
            }
        }
        Err(last)
    }

    fn tls(&self) -> Result<TlsParameters> {
        let failed = |error: lettre::transport::smtp::Error| self.failure(&error, "a secure connection");
        let mut builder = TlsParameters::builder(self.host.to_owned());
        if let Some(pem) = self.ca_pem {
            builder = builder.certificate_store(CertificateStore::None);
            for der in trust::authorities(pem)? {
                builder = builder.add_root_certificate(Certificate::from_der(der.to_vec()).map_err(failed)?);
            }
        }
        builder.build_rustls().map_err(failed)
    }

    fn failure(&self, error: &lettre::transport::smtp::Error, step: &str) -> ChannelError {
        let address = self.address();
        if let Some(code) = error.status() {
            let mut redaction = Redaction::default();
            if let Some(password) = self.password {
                redaction.hide(password);
            }
            let answer = std::error::Error::source(error).map_or_else(String::new, ToString::to_string);
            return ChannelError::Smtp {
                address,
                step: step.to_owned(),
                code: code.into(),
                answer: redaction.shown(&answer),
            };
        }
        if let Some(error) = network_failure::find::<std::io::Error>(error) {
            return network_failure::describe(error, &address, STEP_WITHIN.as_secs());
        }
        if error.is_tls() || network_failure::find::<rustls::Error>(error).is_some() {
            return ChannelError::Tls {
                address,
                reason: error.to_string(),
            };
        }
        ChannelError::Broken {
            address,
            reason: format!("at {step}: {error}"),
        }
    }
}

/// One conversation with a mail server.
struct Exchange<'a> {
    connection: SmtpConnection,
    until: Instant,
    mailer: &'a Mailer<'a>,
}

impl Exchange<'_> {
    fn secure(&mut self) -> Result<()> {
        match self.mailer.security {
            EmailSecurity::None | EmailSecurity::Tls => Ok(()),
            EmailSecurity::Starttls => {
                if !self.connection.can_starttls() {
                    return Err(ChannelError::NotOffered {
                        address: self.mailer.address(),
                        what: "STARTTLS",
                        advice: "Choose TLS and its port (usually 465), or check the port",
                    });
                }
                let tls = self.mailer.tls()?;
                self.step("STARTTLS", |connection| {
                    connection.starttls(&tls, &ClientId::default())
                })
            }
        }
    }

    fn log_in(&mut self) -> Result<()> {
        let Some(username) = self.mailer.username else {
            return Ok(());
        };
        let Some(password) = self.mailer.password else {
            return Err(ChannelError::Setup {
                reason: "the password of the mail server's user is missing; enter it again".to_owned(),
            });
        };
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if self
            .connection
            .server_info()
            .get_auth_mechanism(&mechanisms)
            .is_none()
        {
            return Err(ChannelError::NotOffered {
                address: self.mailer.address(),
                what: "a login with user and password",
                advice: "Choose STARTTLS or TLS, before which many servers permit no login, or leave the user out",
            });
        }
        let credentials = Credentials::new(username.to_owned(), password.reveal().to_owned());
        self.step("the login", |connection| {
            connection.auth(&mechanisms, &credentials).map(drop)
        })
    }

    /// One request and its answer, within what is left of the time.
    fn step<T>(
        &mut self,
        name: &str,
        act: impl FnOnce(&mut SmtpConnection) -> std::result::Result<T, lettre::transport::smtp::Error>,
    ) -> Result<T> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ChannelError::TimedOut {
                address: self.mailer.address(),
                seconds: WHOLE_WITHIN.as_secs(),
            });
        }
        self.connection
            .set_timeout(Some(left.min(STEP_WITHIN)))
            .map_err(|error| {
                network_failure::describe(&error, &self.mailer.address(), STEP_WITHIN.as_secs())
            })?;
        act(&mut self.connection).map_err(|error| self.mailer.failure(&error, name))
    }
}

/// Tells automatic responders not to answer (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> std::result::Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
