//! The one client handle that readers, writers and admin calls share: creation, callbacks, errors.
#![expect(
    unsafe_code,
    reason = "librdkafka is a C library; this module owns its handles"
)]

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka_sys::bindings as rd;

use crate::callbacks::{intercept, on_certificate, on_error, on_log, on_token};
use crate::detour::{Detour, on_connect, on_resolve};
use crate::error::{ErrorCode, KafkaError, Result, check, text};
use crate::ffi;
use crate::leaders::Leaders;
use crate::mailbox::Mailbox;
use crate::settings::Settings;
use crate::tokens::Tokens;

/// Which end of the protocol a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Reader,
    Writer,
}

/// A client handle with its callbacks. Freed on drop, after which no callback runs.
pub(crate) struct Native {
    handle: NonNull<rd::rd_kafka_t>,
    mailbox: Arc<Mailbox>,
    /// What the library has heard of leaders.
    pub(crate) leaders: Leaders,
}

// SAFETY: librdkafka's handles may be used from any thread (its documented guarantee), and the mailbox is Sync.
unsafe impl Send for Native {}
// SAFETY: as above.
unsafe impl Sync for Native {}

/// A client configuration, freed on drop unless a client took it.
struct Conf(NonNull<rd::rd_kafka_conf_t>);

impl Conf {
    fn new() -> Self {
        // SAFETY: librdkafka ends the process rather than return null when memory is exhausted.
        Self(unsafe { NonNull::new_unchecked(rd::rd_kafka_conf_new()) })
    }

    fn set(&self, name: &str, value: &str) -> Result<()> {
        let mut reason = [0 as c_char; 512];
        let (name_c, value_c) = (c_string(name)?, c_string(value)?);
        // SAFETY: all strings and the buffer outlive the call, which writes a terminated string.
        unsafe {
            let refused = ffi::rd_kafka_conf_set(
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
                format!("the client property '{name}' was refused: {words}"),
            ))
        }
    }

    /// Makes a client. A client that cannot be made after its interceptors were set up (as with a certificate file that is
    /// missing) has freed their list, which this configuration shares: librdkafka 2.12.1 would free it twice, so the
    /// configuration is then left to the process.
    fn into_client(self, role: Role, mailbox: &Mailbox) -> Result<NonNull<rd::rd_kafka_t>> {
        let kind = match role {
            Role::Reader => rd::rd_kafka_type_t::RD_KAFKA_CONSUMER,
            Role::Writer => rd::rd_kafka_type_t::RD_KAFKA_PRODUCER,
        };
        let mut reason = [0 as c_char; 512];
        // SAFETY: on success the client owns the configuration; on failure it is still ours, and freed by drop.
        unsafe {
            let handle = rd::rd_kafka_new(kind, self.0.as_ptr(), reason.as_mut_ptr(), reason.len());
            match NonNull::new(handle) {
                Some(handle) => {
                    std::mem::forget(self);
                    Ok(handle)
                }
                None => {
                    if mailbox.was_begun() {
                        std::mem::forget(self);
                    }
                    let words = text(CStr::from_ptr(reason.as_ptr()));
                    Err(KafkaError::new(
                        ErrorCode::LOCAL_INVALID_ARG,
                        format!("the client could not be created: {words}"),
                    ))
                }
            }
        }
    }
}

impl Drop for Conf {
    fn drop(&mut self) {
        // SAFETY: no client took it.
        unsafe { rd::rd_kafka_conf_destroy(self.0.as_ptr()) }
    }
}

impl Native {
    /// Creates a client from `settings`. A producer can have its delivery reports as events.
    ///
    /// # Errors
    /// A property that librdkafka refuses, or there is no port for the way to a proxy.
    pub(crate) fn create(role: Role, settings: &Settings, delivery_events: bool) -> Result<Self> {
        // Before librdkafka does it: OpenSSL then leaves its memory alone when the program ends, which clients that are
        // still being closed in the background use.
        openssl_sys::init();
        let tokens = settings.msk().map(|signer| Tokens::new(Arc::clone(signer)));
        let mailbox = Arc::new(Mailbox::new(detour(settings)?, tokens));
        let conf = Conf::new();
        for (name, value) in settings.pairs() {
            conf.set(name, value)?;
        }
        let opaque = Arc::as_ptr(&mailbox).cast_mut();
        // SAFETY: the configuration is live; the opaque pointer is the mailbox, which outlives the handle (see Drop).
        unsafe {
            rd::rd_kafka_conf_set_opaque(conf.0.as_ptr(), opaque.cast());
            rd::rd_kafka_conf_set_error_cb(conf.0.as_ptr(), Some(on_error));
            rd::rd_kafka_conf_set_log_cb(conf.0.as_ptr(), Some(on_log));
            // Refused only where the library has no TLS, and then there are no certificates.
            rd::rd_kafka_conf_set_ssl_cert_verify_cb(conf.0.as_ptr(), Some(on_certificate));
            if delivery_events {
                rd::rd_kafka_conf_set_events(conf.0.as_ptr(), rd::RD_KAFKA_EVENT_DR);
            }
            if mailbox.tokens().is_some() {
                rd::rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf.0.as_ptr(), Some(on_token));
                // Tokens are given in librdkafka's own background, whether or not somebody polls.
                rd::rd_kafka_conf_enable_sasl_queue(conf.0.as_ptr(), 1);
            }
            if let Some(detour) = mailbox.detour() {
                ffi::rd_kafka_conf_set_resolve_cb(conf.0.as_ptr(), Some(on_resolve));
                if detour.connects() {
                    rd::rd_kafka_conf_set_connect_cb(conf.0.as_ptr(), Some(on_connect));
                }
            }
            check(intercept(conf.0.as_ptr(), opaque, delivery_events))?;
        }
        let native = Self {
            handle: conf.into_client(role, &mailbox)?,
            mailbox,
            leaders: Leaders::default(),
        };
        if native.mailbox.tokens().is_some() {
            // SAFETY: the handle is live, and the error object is taken.
            let refused = take_error(unsafe { rd::rd_kafka_sasl_background_callbacks_enable(native.ptr()) });
            if let Some(refused) = refused {
                return Err(refused.error);
            }
        }
        if role == Role::Reader {
            // SAFETY: the handle is live.
            check(unsafe { ffi::rd_kafka_poll_set_consumer(native.ptr()) })?;
        }
        Ok(native)
    }

    pub(crate) fn ptr(&self) -> *mut rd::rd_kafka_t {
        self.handle.as_ptr()
    }

    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// The first fatal error, after which the client can do nothing more.
    pub(crate) fn fatal(&self) -> Option<KafkaError> {
        let mut reason = [0 as c_char; 512];
        // SAFETY: the buffer outlives the call.
        let code =
            ErrorCode(unsafe { ffi::rd_kafka_fatal_error(self.ptr(), reason.as_mut_ptr(), reason.len()) });
        if code == ErrorCode::NONE {
            return None;
        }
        // SAFETY: librdkafka wrote a terminated string.
        let words = unsafe { text(CStr::from_ptr(reason.as_ptr())) };
        Some(KafkaError::new(code, words))
    }

    /// The cluster's id; `None` on brokers before 0.10.1 or when no broker answers within `timeout`.
    pub(crate) fn cluster_id(&self, timeout: Duration) -> Option<String> {
        // SAFETY: the returned string is ours and freed with the library's own allocator.
        unsafe {
            let id = rd::rd_kafka_clusterid(self.ptr(), millis(timeout));
            if id.is_null() {
                return None;
            }
            let owned = text(CStr::from_ptr(id));
            rd::rd_kafka_mem_free(self.ptr(), id.cast());
            Some(owned)
        }
    }

    /// The controller's node id; `None` on brokers before 0.10 or when no broker answers within `timeout`.
    pub(crate) fn controller_id(&self, timeout: Duration) -> Option<i32> {
        // SAFETY: live.
        let id = unsafe { rd::rd_kafka_controllerid(self.ptr(), millis(timeout)) };
        (id >= 0).then_some(id)
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // The library waits for its callbacks to return.
        if let Some(tokens) = self.mailbox.tokens() {
            tokens.close();
        }
        // SAFETY: the handle has no other owner. The flag skips leaving a group, which no client of ours joins.
        unsafe { rd::rd_kafka_destroy_flags(self.handle.as_ptr(), rd::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) }
    }
}

/// The way to the brokers, where they are not reached directly.
fn detour(settings: &Settings) -> Result<Option<Detour>> {
    if settings.dialer().is_direct() {
        return Ok(None);
    }
    Detour::open(settings.dialer(), settings.detour_limit())
        .map(Some)
        .map_err(|error| {
            KafkaError::new(
                ErrorCode::LOCAL_SYSTEM_RESOURCE,
                format!("no way to the proxy could be opened on this computer: {error}"),
            )
        })
}

/// Turns a library error object into ours and frees it. `None` for null, which means success.
pub(crate) fn take_error(error: *mut rd::rd_kafka_error_t) -> Option<TxnError> {
    if error.is_null() {
        return None;
    }
    // SAFETY: a non-null error object is ours to read and free.
    unsafe {
        let code = ErrorCode(ffi::rd_kafka_error_code(error));
        let message = text(CStr::from_ptr(rd::rd_kafka_error_string(error)));
        let taken = TxnError {
            error: KafkaError::new(code, message),
            retriable: rd::rd_kafka_error_is_retriable(error) != 0,
            needs_abort: rd::rd_kafka_error_txn_requires_abort(error) != 0,
            fatal: rd::rd_kafka_error_is_fatal(error) != 0,
        };
        rd::rd_kafka_error_destroy(error);
        Some(taken)
    }
}

/// An error of a transactional call with what librdkafka says may be done about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct TxnError {
    /// Code and sentence.
    pub error: KafkaError,
    /// The same call may be made again.
    pub retriable: bool,
    /// The transaction must be aborted.
    pub needs_abort: bool,
    /// The producer is of no more use.
    pub fatal: bool,
}

pub(crate) fn describe_code(code: ErrorCode) -> String {
    find_description(|number, _| number == code.0)
        .map_or_else(|| format!("Kafka error {}", code.0), |(_, words)| words)
}

/// The code that librdkafka calls `name`, as "TOPIC_AUTHORIZATION_FAILED".
pub(crate) fn code_by_name(name: &str) -> Option<ErrorCode> {
    find_description(|_, known| known == name).map(|(number, _)| ErrorCode(number))
}

/// Looks through librdkafka's table of codes, names and descriptions.
fn find_description(wanted: impl Fn(i32, &str) -> bool) -> Option<(i32, String)> {
    // SAFETY: the table is static. Codes are read as numbers: the bindings' enum may not know all of them.
    unsafe {
        let mut table = std::ptr::null();
        let mut count = 0usize;
        rd::rd_kafka_get_err_descs(&raw mut table, &raw mut count);
        for index in 0..count {
            let entry = table.add(index);
            if (*entry).name.is_null() || (*entry).desc.is_null() {
                continue;
            }
            let number = ffi::number!((*entry).code);
            if wanted(number, &text(CStr::from_ptr((*entry).name))) {
                return Some((number, text(CStr::from_ptr((*entry).desc))));
            }
        }
        None
    }
}

pub(crate) fn c_string(value: &str) -> Result<CString> {
    CString::new(value).map_err(|_| {
        KafkaError::new(
            ErrorCode::LOCAL_INVALID_ARG,
            "a text with a NUL character was refused",
        )
    })
}

/// Milliseconds for a C call; durations beyond 24 days become the largest there is.
pub(crate) fn millis(duration: Duration) -> c_int {
    c_int::try_from(duration.as_millis()).unwrap_or(c_int::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_names_and_words() {
        assert_eq!(code_by_name("OUT_OF_ORDER_SEQUENCE_NUMBER"), Some(ErrorCode(45)));
        assert_eq!(describe_code(ErrorCode(9_999)), "Kafka error 9999");
    }

    #[test]
    fn a_refused_property_names_itself_and_leaves_nothing_behind() {
        let mut wrong = Settings::default();
        wrong.set("linger.ms", "soon");
        let refused = Native::create(Role::Writer, &wrong, true).err().unwrap();
        assert_eq!(refused.code, ErrorCode::LOCAL_INVALID_ARG);
        assert!(refused.message.contains("'linger.ms'"), "{refused}");
    }

    #[test]
    fn a_client_that_cannot_be_made_says_why_and_the_next_one_is_made() {
        let mut missing = Settings::default();
        missing
            .set("security.protocol", "ssl")
            .set("ssl.ca.location", "/no/such/ca.pem");
        for role in [Role::Reader, Role::Writer, Role::Writer] {
            let refused = Native::create(role, &missing, role == Role::Writer)
                .err()
                .unwrap();
            assert_eq!(refused.code, ErrorCode::LOCAL_INVALID_ARG);
            assert!(refused.message.contains("ssl.ca.location"), "{refused}");
        }
        let groupless = Native::create(Role::Reader, &Settings::default(), false)
            .err()
            .unwrap();
        assert_eq!(groupless.message, "Local: Unknown group");
        Native::create(Role::Writer, &Settings::default(), false).unwrap();
    }
}
