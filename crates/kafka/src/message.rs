#![expect(unsafe_code, reason = "wraps rd_kafka_message_t")]

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;

use rdkafka_sys::bindings as rd;

use crate::error::ErrorCode;

/// Whose clock a record's timestamp is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampKind {
    /// The record has none (message format v0).
    None,
    /// The producer's.
    Create,
    /// The broker's, at the time of the append.
    LogAppend,
}

/// A consumed record, or an event about a partition (see [`Message::error`]).
pub struct Message(NonNull<rd::rd_kafka_message_t>);

// SAFETY: a consumed message may be read and freed on any thread.
unsafe impl Send for Message {}

impl Message {
    pub(crate) fn from_raw(raw: NonNull<rd::rd_kafka_message_t>) -> Self {
        Self(raw)
    }

    pub(crate) fn raw(&self) -> &rd::rd_kafka_message_t {
        // SAFETY: live until drop.
        unsafe { self.0.as_ref() }
    }

    /// [`ErrorCode::NONE`] for a record; otherwise what happened to the partition.
    pub fn error(&self) -> ErrorCode {
        // SAFETY: live; read as a number, because a broker may send a code that the bindings' enum does not know.
        unsafe { ErrorCode((&raw const (*self.0.as_ptr()).err).cast::<i32>().read()) }
    }

    /// The sentence that comes with an error.
    pub fn error_text(&self) -> String {
        let raw = self.raw();
        if !raw.payload.is_null() && raw.len > 0 {
            // SAFETY: for error events the payload is the text.
            let bytes = unsafe { std::slice::from_raw_parts(raw.payload.cast::<u8>(), raw.len) };
            return String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
        }
        self.error().describe()
    }

    /// A number that is the same for all messages of a topic on one reader: a cheap key for look-ups.
    pub fn topic_key(&self) -> usize {
        self.raw().rkt as usize
    }

    /// The topic's name; empty on events that concern no topic.
    pub fn topic(&self) -> &str {
        if self.raw().rkt.is_null() {
            return "";
        }
        // SAFETY: the topic lives as long as the message.
        unsafe {
            CStr::from_ptr(rd::rd_kafka_topic_name(self.raw().rkt))
                .to_str()
                .unwrap_or("")
        }
    }

    /// Partition number.
    pub fn partition(&self) -> i32 {
        self.raw().partition
    }

    /// Offset of the record, or the one an event is about.
    pub fn offset(&self) -> i64 {
        self.raw().offset
    }

    /// The key; `None` (null) and empty differ.
    pub fn key(&self) -> Option<&[u8]> {
        slice(self.raw().key, self.raw().key_len)
    }

    /// The value; `None` (a tombstone) and empty differ.
    pub fn value(&self) -> Option<&[u8]> {
        slice(self.raw().payload, self.raw().len)
    }

    /// Milliseconds since 1970 (UTC), and whose clock it was.
    pub fn timestamp(&self) -> (i64, TimestampKind) {
        let mut kind = rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: live.
        let at = unsafe { rd::rd_kafka_message_timestamp(self.0.as_ptr(), &raw mut kind) };
        let kind = match kind {
            rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE => TimestampKind::None,
            rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_CREATE_TIME => TimestampKind::Create,
            rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => TimestampKind::LogAppend,
        };
        (at, kind)
    }

    /// Leader epoch the record was written in; `None` on old brokers.
    pub fn leader_epoch(&self) -> Option<i32> {
        // SAFETY: live.
        let epoch = unsafe { rd::rd_kafka_message_leader_epoch(self.0.as_ptr()) };
        (epoch >= 0).then_some(epoch)
    }

    /// The headers in their order: name and value, `None` for a null value.
    pub fn headers(&self) -> Headers<'_> {
        let mut headers = std::ptr::null_mut();
        // SAFETY: live; the headers belong to the message.
        let found = unsafe { rd::rd_kafka_message_headers(self.0.as_ptr(), &raw mut headers) };
        let headers = if found as i32 == 0 {
            headers
        } else {
            std::ptr::null_mut()
        };
        Headers {
            headers,
            index: 0,
            message: std::marker::PhantomData,
        }
    }

    /// Whether there is any header.
    pub fn has_headers(&self) -> bool {
        !self.headers().headers.is_null()
    }

    /// Takes the headers out without copying; null when there are none. The caller owns them.
    pub(crate) fn detach_headers(&self) -> *mut rd::rd_kafka_headers_t {
        let mut headers = std::ptr::null_mut();
        // SAFETY: live.
        let found = unsafe { rd::rd_kafka_message_detach_headers(self.0.as_ptr(), &raw mut headers) };
        if found as i32 == 0 {
            headers
        } else {
            std::ptr::null_mut()
        }
    }

    /// Bytes of key and value (headers are not counted: asking would parse them).
    pub fn payload_len(&self) -> usize {
        self.raw().len + self.raw().key_len
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { rd::rd_kafka_message_destroy(self.0.as_ptr()) }
    }
}

fn slice<'a>(data: *mut c_void, length: usize) -> Option<&'a [u8]> {
    if data.is_null() {
        return None;
    }
    // SAFETY: librdkafka gives a pointer and its length; the lifetime is narrowed by the callers' signatures.
    Some(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) })
}

/// Iterates over a message's headers.
pub struct Headers<'a> {
    headers: *mut rd::rd_kafka_headers_t,
    index: usize,
    message: std::marker::PhantomData<&'a Message>,
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.headers.is_null() {
            return None;
        }
        let (mut name, mut value, mut size) = (std::ptr::null(), std::ptr::null(), 0usize);
        // SAFETY: the headers live as long as the message that 'a borrows.
        unsafe {
            let found = rd::rd_kafka_header_get_all(
                self.headers,
                self.index,
                &raw mut name,
                &raw mut value,
                &raw mut size,
            );
            if found as i32 != 0 {
                return None;
            }
            self.index += 1;
            Some((CStr::from_ptr(name).to_bytes(), slice(value.cast_mut(), size)))
        }
    }
}
