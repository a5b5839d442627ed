//! The one client handle that readers, writers and admin calls share: creation, callbacks, errors.
#![expect(
    unsafe_code,
    reason = "librdkafka is a C library; this module owns its handles"
)]

use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka_sys::bindings as rd;

use crate::error::{ErrorCode, KafkaError, Result, check, code_of, text};
use crate::verdict;

/// Kept notices; the newest matter.
const NOTICE_LIMIT: usize = 32;

/// A timestamp that stands for 0 on its way through `rd_kafka_produceva`, which reads 0 as "now".
pub(crate) const TIMESTAMP_ZERO: i64 = i64::MIN + 20_260_101;

/// Something the client library reported outside of a call: a connection that failed, a refused password.
#[derive(Debug, Clone)]
pub struct Notice {
    /// When.
    pub at: Instant,
    /// The code.
    pub code: ErrorCode,
    /// The library's words; they carry broker addresses, never secrets.
    pub text: String,
}

/// What callbacks leave behind for the owner of a client.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    notices: Mutex<VecDeque<Notice>>,
    features: Mutex<Vec<String>>,
    transaction: Mutex<TransactionTrouble>,
    /// Why a broker's certificate was refused last; the library's own sentence does not say.
    certificate: Mutex<Option<String>>,
}

/// What the log says of a failed transaction. librdkafka tells the application only at its next transactional call,
/// which cannot be made while records wait for acknowledgements that will never come.
#[derive(Debug, Default)]
struct TransactionTrouble {
    topics: Vec<String>,
    failed: Option<KafkaError>,
}

impl Mailbox {
    fn post(&self, code: ErrorCode, mut text: String) {
        if code == ErrorCode::LOCAL_SSL
            && text.contains("certificate verify failed")
            && let Some(verdict) = lock(&self.certificate).as_deref()
        {
            text = format!("{verdict}: {text}");
        }
        let mut notices = lock(&self.notices);
        if notices.len() == NOTICE_LIMIT {
            notices.pop_front();
        }
        notices.push_back(Notice {
            at: Instant::now(),
            code,
            text,
        });
    }

    /// Takes what has been posted since the last call.
    pub(crate) fn take(&self) -> Vec<Notice> {
        lock(&self.notices).drain(..).collect()
    }

    /// Protocol features that brokers announced, by librdkafka's names.
    pub(crate) fn features(&self) -> Vec<String> {
        lock(&self.features).clone()
    }

    /// Why the open transaction can only be aborted, with the topics that could not be added to it.
    pub(crate) fn take_transaction_failure(&self) -> Option<KafkaError> {
        let mut trouble = lock(&self.transaction);
        let failed = trouble.failed.take()?;
        let topics = std::mem::take(&mut trouble.topics);
        if topics.is_empty() {
            return Some(failed);
        }
        Some(KafkaError::new(
            failed.code,
            format!("{} (topics: {})", failed.message, topics.join(", ")),
        ))
    }

    /// Reads `Failed to add partition "TOPIC" [N] to transaction: …`.
    fn learn_topic(&self, line: &str) {
        if line.contains("to transaction")
            && let Some(topic) = line.split('"').nth(1)
        {
            let mut trouble = lock(&self.transaction);
            if !trouble.topics.iter().any(|known| known == topic) {
                trouble.topics.push(topic.to_owned());
            }
        }
    }

    /// Reads `Current transaction failed in state STATE: WORDS (CODE_NAME[, requires epoch bump])`.
    fn learn_failure(&self, line: &str) {
        let Some((_, words)) = line.split_once("Current transaction failed in state ") else {
            return;
        };
        let name = words.rsplit_once('(').map_or("", |(_, name)| {
            name.trim_end_matches(')').split(',').next().unwrap_or("")
        });
        let failed = KafkaError::new(
            code_by_name(name).unwrap_or(ErrorCode::LOCAL_STATE),
            words.to_owned(),
        );
        lock(&self.transaction).failed.get_or_insert(failed);
    }

    /// Takes over what an earlier client of the same cluster learned of it.
    pub(crate) fn inherit(&self, earlier: &Self) {
        *lock(&self.features) = earlier.features();
    }

    fn learn_features(&self, line: &str) {
        let Some((_, list)) = line.rsplit_once(" to ") else {
            return;
        };
        if line.contains("protocol features") {
            *lock(&self.features) = list.split(',').map(|name| name.trim().to_owned()).collect();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

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
}

// SAFETY: librdkafka's handles may be used from any thread (its documented guarantee), and the mailbox is Sync.
unsafe impl Send for Native {}
// SAFETY: as above.
unsafe impl Sync for Native {}

impl Native {
    /// Creates a client from `settings`, later ones winning.
    pub(crate) fn create(role: Role, settings: &[(String, String)], delivery_events: bool) -> Result<Self> {
        // Before librdkafka does it: OpenSSL then leaves its memory alone when the program ends, which clients that are
        // still being closed in the background use.
        openssl_sys::init();
        let mailbox = Arc::new(Mailbox::default());
        // SAFETY: the configuration is owned until rd_kafka_new takes it; strings outlive each call; the opaque
        // pointer is the mailbox, which outlives the handle (see Drop).
        unsafe {
            let conf = rd::rd_kafka_conf_new();
            let mut reason = [0 as c_char; 512];
            for (key, value) in settings {
                let set = (|| -> Result<()> {
                    let (key_c, value_c) = (c_string(key)?, c_string(value)?);
                    let outcome = rd::rd_kafka_conf_set(
                        conf,
                        key_c.as_ptr(),
                        value_c.as_ptr(),
                        reason.as_mut_ptr(),
                        reason.len(),
                    );
                    if outcome as i32 == 0 {
                        return Ok(());
                    }
                    let words = text(CStr::from_ptr(reason.as_ptr()));
                    Err(KafkaError::new(
                        ErrorCode::LOCAL_INVALID_ARG,
                        format!("the client property '{key}' was refused: {words}"),
                    ))
                })();
                if let Err(error) = set {
                    rd::rd_kafka_conf_destroy(conf);
                    return Err(error);
                }
            }
            rd::rd_kafka_conf_set_opaque(conf, Arc::as_ptr(&mailbox).cast_mut().cast());
            rd::rd_kafka_conf_set_error_cb(conf, Some(on_error));
            rd::rd_kafka_conf_set_log_cb(conf, Some(on_log));
            // Refused only where the library has no TLS, and then there are no certificates.
            rd::rd_kafka_conf_set_ssl_cert_verify_cb(conf, Some(on_certificate));
            if delivery_events {
                rd::rd_kafka_conf_set_events(conf, rd::RD_KAFKA_EVENT_DR);
                check(rd::rd_kafka_conf_interceptor_add_on_new(
                    conf,
                    c"timestamp-zero".as_ptr(),
                    Some(on_new),
                    std::ptr::null_mut(),
                ))?;
            }
            let kind = match role {
                Role::Reader => rd::rd_kafka_type_t::RD_KAFKA_CONSUMER,
                Role::Writer => rd::rd_kafka_type_t::RD_KAFKA_PRODUCER,
            };
            let handle = rd::rd_kafka_new(kind, conf, reason.as_mut_ptr(), reason.len());
            let Some(handle) = NonNull::new(handle) else {
                rd::rd_kafka_conf_destroy(conf);
                let words = text(CStr::from_ptr(reason.as_ptr()));
                return Err(KafkaError::new(
                    ErrorCode::LOCAL_INVALID_ARG,
                    format!("the client could not be created: {words}"),
                ));
            };
            if role == Role::Reader {
                check(rd::rd_kafka_poll_set_consumer(handle.as_ptr()))?;
            }
            Ok(Self { handle, mailbox })
        }
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
        let code = unsafe {
            code_of(rd::rd_kafka_fatal_error(
                self.ptr(),
                reason.as_mut_ptr(),
                reason.len(),
            ))
        };
        if code == ErrorCode::NONE {
            return None;
        }
        // SAFETY: librdkafka wrote a terminated string.
        let words = unsafe { text(CStr::from_ptr(reason.as_ptr())) };
        Some(KafkaError::new(code, words))
    }

    /// The cluster's id; `None` on brokers before 0.10.1 or when nobody answers within `timeout`.
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

    /// The controller's node id; `None` on brokers before 0.10 or when nobody answers within `timeout`.
    pub(crate) fn controller_id(&self, timeout: Duration) -> Option<i32> {
        // SAFETY: live.
        let id = unsafe { rd::rd_kafka_controllerid(self.ptr(), millis(timeout)) };
        (id >= 0).then_some(id)
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // SAFETY: nobody else holds the handle. The flag skips leaving a group, which no client of ours joins.
        unsafe { rd::rd_kafka_destroy_flags(self.handle.as_ptr(), rd::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) }
    }
}

/// Turns a library error object into ours and frees it. `None` for null, which means success.
pub(crate) fn take_error(error: *mut rd::rd_kafka_error_t) -> Option<TxnError> {
    if error.is_null() {
        return None;
    }
    // SAFETY: a non-null error object is ours to read and free.
    unsafe {
        let code = code_of(rd::rd_kafka_error_code(error));
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
fn code_by_name(name: &str) -> Option<ErrorCode> {
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
            let number = (&raw const (*entry).code).cast::<i32>().read();
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

unsafe extern "C" fn on_error(
    _: *mut rd::rd_kafka_t,
    err: c_int,
    reason: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: opaque is the mailbox set at creation; reason is a terminated string or null.
    unsafe {
        let words = if reason.is_null() {
            String::new()
        } else {
            text(CStr::from_ptr(reason))
        };
        tracing::debug!(code = err, "{words}");
        if let Some(mailbox) = opaque.cast::<Mailbox>().as_ref() {
            mailbox.post(ErrorCode(err), words);
        }
    }
}

/// Notes why OpenSSL refuses a certificate, and leaves its verdict as it is: 1 accepts, 0 refuses.
unsafe extern "C" fn on_certificate(
    _: *mut rd::rd_kafka_t,
    _: *const c_char,
    _: i32,
    verdict: *mut c_int,
    _: c_int,
    _: *const c_char,
    _: usize,
    _: *mut c_char,
    _: usize,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: the number is the library's for the time of the call; opaque is the mailbox set at creation.
    unsafe {
        // Without a verdict nothing is accepted.
        let Some(verdict) = verdict.as_ref().copied() else {
            return 0;
        };
        if verdict == 0 {
            return 1;
        }
        if let Some(mailbox) = opaque.cast::<Mailbox>().as_ref() {
            *lock(&mailbox.certificate) = Some(verdict::words(verdict));
        }
        0
    }
}

unsafe extern "C" fn on_log(
    handle: *const rd::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    line: *const c_char,
) {
    // SAFETY: both strings are terminated; the opaque pointer is the mailbox set at creation.
    unsafe {
        if facility.is_null() || line.is_null() {
            return;
        }
        let words = text(CStr::from_ptr(line));
        if !handle.is_null()
            && let Some(mailbox) = rd::rd_kafka_opaque(handle).cast::<Mailbox>().as_ref()
        {
            match CStr::from_ptr(facility).to_bytes() {
                b"FEATURE" => mailbox.learn_features(&words),
                b"ADDPARTS" => mailbox.learn_topic(&words),
                b"TXNERR" => mailbox.learn_failure(&words),
                _ => {}
            }
        }
        if level <= 4 {
            tracing::debug!(target: "librdkafka", "{words}");
        } else {
            tracing::trace!(target: "librdkafka", "{words}");
        }
    }
}

unsafe extern "C" fn on_new(
    handle: *mut rd::rd_kafka_t,
    _: *const rd::rd_kafka_conf_t,
    _: *mut c_void,
    _: *mut c_char,
    _: usize,
) -> rd::rd_kafka_resp_err_t {
    // SAFETY: the handle is live during the callback.
    unsafe {
        rd::rd_kafka_interceptor_add_on_send(
            handle,
            c"timestamp-zero".as_ptr(),
            Some(on_send),
            std::ptr::null_mut(),
        )
    }
}

/// Where librdkafka 2.12.1 keeps a produced record's timestamp behind the public part of the record
/// (`rd_kafka_msg_s`: two list pointers, the flags, the timestamp's type).
const TIMESTAMP_OFFSET: usize =
    size_of::<rd::rd_kafka_message_t>() + 2 * size_of::<usize>() + 2 * size_of::<c_int>();

/// Writes timestamp 0 where [`TIMESTAMP_ZERO`] stands. The public call cannot: it takes 0 for "now". The place is
/// checked to hold the very stand-in before it is touched, so another layout leaves the record as it is, and the
/// target then refuses its impossible timestamp instead of storing a wrong one.
unsafe extern "C" fn on_send(
    _: *mut rd::rd_kafka_t,
    message: *mut rd::rd_kafka_message_t,
    _: *mut c_void,
) -> rd::rd_kafka_resp_err_t {
    // SAFETY: the record is live, and its allocation is larger than the public part by at least the fields named above.
    unsafe {
        if rd::rd_kafka_message_timestamp(message, std::ptr::null_mut()) == TIMESTAMP_ZERO {
            let place = message.cast::<u8>().add(TIMESTAMP_OFFSET).cast::<i64>();
            if place.read_unaligned() == TIMESTAMP_ZERO {
                place.write_unaligned(0);
            }
        }
    }
    rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_transaction_is_read_from_the_log_with_its_topics() {
        let mailbox = Mailbox::default();
        mailbox.learn_topic("[thrd:x]: 127.0.0.1:1/1: Failed to add partition \"orders.v1\" [3] to transaction: Broker: Topic authorization failed");
        mailbox.learn_failure("[thrd:main]: Current transaction failed in state InTransaction: Failed to add partition(s) to transaction on broker x: Broker: Topic authorization failed (after 3 ms) (TOPIC_AUTHORIZATION_FAILED)");
        let failure = mailbox.take_transaction_failure().unwrap();
        assert_eq!(failure.code, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
        assert!(failure.message.contains("orders.v1"), "{failure}");
        assert!(mailbox.take_transaction_failure().is_none());
    }

    #[test]
    fn a_refused_certificate_is_told_with_the_reason() {
        let mailbox = Mailbox::default();
        let opaque = (&raw const mailbox).cast_mut().cast();
        let judge = |mut verdict: c_int| {
            let (none, text) = (std::ptr::null_mut(), std::ptr::null());
            // SAFETY: only the verdict and the mailbox are read.
            unsafe {
                on_certificate(
                    none,
                    text,
                    0,
                    &raw mut verdict,
                    0,
                    text,
                    0,
                    std::ptr::null_mut(),
                    0,
                    opaque,
                )
            }
        };
        assert_eq!(judge(0), 1);
        for verdict in [1, 10, 20, 62, 999] {
            assert_eq!(judge(verdict), 0, "OpenSSL's verdict {verdict} stands");
        }
        assert_eq!(judge(10), 0);
        mailbox.post(
            ErrorCode::LOCAL_SSL,
            "SSL handshake failed: certificate verify failed".to_owned(),
        );
        mailbox.post(
            ErrorCode::LOCAL_SSL,
            "SSL handshake failed: Disconnected".to_owned(),
        );
        let texts: Vec<String> = mailbox.take().into_iter().map(|notice| notice.text).collect();
        assert_eq!(
            texts,
            [
                "certificate has expired: SSL handshake failed: certificate verify failed",
                "SSL handshake failed: Disconnected"
            ]
        );
    }

    #[test]
    fn codes_have_names_and_words() {
        assert_eq!(code_by_name("OUT_OF_ORDER_SEQUENCE_NUMBER"), Some(ErrorCode(45)));
        assert_eq!(describe_code(ErrorCode(9_999)), "Kafka error 9999");
    }
}
