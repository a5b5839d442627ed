//! What librdkafka calls. Every callback finds the client's mailbox behind its opaque pointer.
#![expect(unsafe_code, reason = "functions that a C library calls")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::time::UNIX_EPOCH;

use rdkafka_sys::bindings as rd;
use sluice_aws::SignedToken;

use crate::error::{ErrorCode, text};
use crate::ffi;
use crate::identity;
use crate::mailbox::Mailbox;
use crate::verdict;

/// A timestamp that stands for 0 on its way through `rd_kafka_produceva`, which reads 0 as "now".
pub(crate) const TIMESTAMP_ZERO: i64 = i64::MIN + 20_260_101;

/// The name under which librdkafka lists our interceptors.
const INTERCEPTOR: &CStr = c"sluice";

/// librdkafka's "no error" for a callback's answer.
const OK: c_int = 0;

pub(crate) unsafe extern "C" fn on_error(
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

/// Leaves OpenSSL's verdict on a certificate as it is, and keeps why one is refused: 1 accepts, 0 refuses. The one
/// exception is a name that librdkafka spells as no certificate can (see [`crate::identity`]).
pub(crate) unsafe extern "C" fn on_certificate(
    _: *mut rd::rd_kafka_t,
    broker: *const c_char,
    _: i32,
    verdict: *mut c_int,
    depth: c_int,
    certificate: *const c_char,
    size: usize,
    _: *mut c_char,
    _: usize,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: the number, the name (terminated) and the certificate are the library's for the time of the call; opaque is
    // the mailbox set at creation.
    unsafe {
        // Without a verdict nothing is accepted.
        let Some(place) = verdict.as_mut() else {
            return 0;
        };
        let verdict = *place;
        if verdict == 0 {
            return 1;
        }
        if !broker.is_null() && !certificate.is_null() {
            let der = std::slice::from_raw_parts(certificate.cast::<u8>(), size);
            let broker = text(CStr::from_ptr(broker));
            if identity::is_only_spelled_differently(verdict, depth, &broker, der) {
                *place = 0;
                return 1;
            }
        }
        if let Some(mailbox) = opaque.cast::<Mailbox>().as_ref() {
            mailbox.refuse_certificate(verdict::words(verdict));
        }
        0
    }
}

pub(crate) unsafe extern "C" fn on_log(
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

/// Gives the client a token, or says why there is none: librdkafka then asks again after 10 s.
pub(crate) unsafe extern "C" fn on_token(handle: *mut rd::rd_kafka_t, _: *const c_char, opaque: *mut c_void) {
    // SAFETY: the handle is live during the callback; opaque is the mailbox set at creation.
    unsafe {
        let Some(tokens) = opaque.cast::<Mailbox>().as_ref().and_then(Mailbox::tokens) else {
            return;
        };
        let refused = match tokens.next() {
            // The client is being closed.
            None => return,
            Some(Ok(token)) => give_token(handle, &token).err(),
            Some(Err(reason)) => Some(reason),
        };
        if let Some(reason) = refused {
            tracing::debug!("no token: {reason}");
            let reason = CString::new(reason.replace('\0', "")).unwrap_or_default();
            if ffi::rd_kafka_oauthbearer_set_token_failure(handle, reason.as_ptr()) != OK {
                tracing::warn!("the client library does not take why there is no token");
            }
        }
    }
}

/// # Safety
/// `handle` is live.
unsafe fn give_token(handle: *mut rd::rd_kafka_t, token: &SignedToken) -> Result<(), String> {
    let value = CString::new(token.token.reveal()).map_err(|_| "the token has a zero byte".to_owned())?;
    let until = token.expires.duration_since(UNIX_EPOCH).unwrap_or_default();
    let until = i64::try_from(until.as_millis()).unwrap_or(i64::MAX / 1_000);
    let mut reason = [0 as c_char; 512];
    // SAFETY: all strings and the buffer outlive the call, which writes a terminated string; there are no extensions.
    unsafe {
        let refused = ffi::rd_kafka_oauthbearer_set_token(
            handle,
            value.as_ptr(),
            until,
            // The brokers read the name out of the token.
            INTERCEPTOR.as_ptr(),
            std::ptr::null_mut(),
            0,
            reason.as_mut_ptr(),
            reason.len(),
        );
        match refused {
            OK => Ok(()),
            _ => Err(text(CStr::from_ptr(reason.as_ptr()))),
        }
    }
}

/// Adds the interceptors of a client that only asks or reads. `mailbox` outlives the client.
///
/// # Safety
/// `conf` is live, and `mailbox` stays valid until the client made of it is destroyed.
pub(crate) unsafe fn intercept(conf: *mut rd::rd_kafka_conf_t, mailbox: *mut Mailbox, writes: bool) -> c_int {
    let on_new = if writes { on_new_writer } else { on_new_client };
    // SAFETY: the caller's promise.
    unsafe { ffi::rd_kafka_conf_interceptor_add_on_new(conf, INTERCEPTOR.as_ptr(), on_new, mailbox.cast()) }
}

unsafe extern "C" fn on_new_client(
    handle: *mut rd::rd_kafka_t,
    _: *const rd::rd_kafka_conf_t,
    mailbox: *mut c_void,
    _: *mut c_char,
    _: usize,
) -> c_int {
    let name = INTERCEPTOR.as_ptr();
    // SAFETY: the handle is live during the callback; the mailbox outlives it.
    unsafe {
        if let Some(mailbox) = mailbox.cast::<Mailbox>().as_ref() {
            mailbox.begin();
        }
        match ffi::rd_kafka_interceptor_add_on_request_sent(handle, name, on_request_sent, mailbox) {
            OK => ffi::rd_kafka_interceptor_add_on_response_received(
                handle,
                name,
                on_response_received,
                mailbox,
            ),
            refused => refused,
        }
    }
}

unsafe extern "C" fn on_new_writer(
    handle: *mut rd::rd_kafka_t,
    conf: *const rd::rd_kafka_conf_t,
    mailbox: *mut c_void,
    reason: *mut c_char,
    reason_size: usize,
) -> c_int {
    // SAFETY: as for any client.
    unsafe {
        match on_new_client(handle, conf, mailbox, reason, reason_size) {
            OK => ffi::rd_kafka_interceptor_add_on_send(handle, INTERCEPTOR.as_ptr(), on_send, mailbox),
            refused => refused,
        }
    }
}

unsafe extern "C" fn on_request_sent(
    _: *mut rd::rd_kafka_t,
    _: c_int,
    _: *const c_char,
    broker: i32,
    request: i16,
    version: i16,
    _: i32,
    _: usize,
    mailbox: *mut c_void,
) -> c_int {
    // SAFETY: the mailbox given with the interceptor outlives the client.
    if let Some(mailbox) = unsafe { mailbox.cast::<Mailbox>().as_ref() } {
        mailbox.traffic.sent(broker, request, version);
    }
    OK
}

unsafe extern "C" fn on_response_received(
    _: *mut rd::rd_kafka_t,
    _: c_int,
    _: *const c_char,
    _: i32,
    request: i16,
    _: i16,
    _: i32,
    size: usize,
    _: i64,
    _: c_int,
    mailbox: *mut c_void,
) -> c_int {
    // SAFETY: the mailbox given with the interceptor outlives the client.
    if let Some(mailbox) = unsafe { mailbox.cast::<Mailbox>().as_ref() } {
        mailbox.traffic.received(request, size);
    }
    OK
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
) -> c_int {
    // SAFETY: the record is live, and its allocation is larger than the public part by at least the fields named above.
    unsafe {
        if ffi::rd_kafka_message_timestamp(message, std::ptr::null_mut()) == TIMESTAMP_ZERO {
            let place = message.cast::<u8>().add(TIMESTAMP_OFFSET).cast::<i64>();
            if place.read_unaligned() == TIMESTAMP_ZERO {
                place.write_unaligned(0);
            }
        }
    }
    OK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_certificate_is_reported_with_the_reason() {
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
}
