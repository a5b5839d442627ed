#![expect(unsafe_code, reason = "wraps rd_kafka_message_t")]

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::NonNull;

use rdkafka_sys::bindings as rd;

use crate::error::ErrorCode;
use crate::fault::ReadFault;
use crate::ffi;

/// librdkafka's `RD_KAFKA_RESP_ERR__NOENT`: the record has no headers.
const NO_HEADERS: c_int = -156;
/// `rd_kafka_timestamp_type_t`.
const CREATE_TIME: c_int = 1;
const LOG_APPEND_TIME: c_int = 2;
/// Bytes that librdkafka keeps for each parsed header beside name and value: three sizes, two pointers and the two ends
/// of its strings (`rd_kafka_header_t`), rounded up to what an allocator hands out.
const HEADER_OVERHEAD: usize = 64;

/// Bytes that librdkafka 2.12.1 keeps for each record beside its content (`rd_kafka_msg_t`, and the event that brings it),
/// with what allocators add.
const RECORD_OVERHEAD: usize = 256;

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

/// What is known of a record's headers.
#[derive(Clone, Copy)]
enum HeaderState {
    /// Not parsed yet.
    Unparsed,
    Absent,
    /// They belong to the message. With the bytes of their names and values, and their number.
    Present(NonNull<rd::rd_kafka_headers_t>, usize, usize),
    /// A producer has taken them over. With the same numbers.
    Detached(usize, usize),
    Unreadable,
}

impl HeaderState {
    /// Bytes of names and values, and the number of headers.
    fn size(self) -> (usize, usize) {
        match self {
            Self::Present(_, bytes, count) | Self::Detached(bytes, count) => (bytes, count),
            Self::Unparsed | Self::Absent | Self::Unreadable => (0, 0),
        }
    }
}

/// A consumed record, or an event about a partition (see [`Message::error`]).
pub struct Message {
    raw: NonNull<rd::rd_kafka_message_t>,
    headers: Cell<HeaderState>,
    /// Stored in a format that the client library misreads: nothing in the record can be trusted but its offset.
    is_old_format: bool,
}

// SAFETY: a consumed message may be read and freed on any thread, by one at a time: the type is not Sync.
unsafe impl Send for Message {}

impl Message {
    /// Takes a message over.
    ///
    /// # Safety
    /// `raw` is a live message with no other owner.
    pub(crate) unsafe fn from_raw(raw: NonNull<rd::rd_kafka_message_t>) -> Self {
        Self {
            raw,
            headers: Cell::new(HeaderState::Unparsed),
            is_old_format: false,
        }
    }

    /// Marks the record as one that the client library misreads.
    pub(crate) fn mark_old_format(&mut self) {
        self.is_old_format = true;
    }

    /// The code that the library put on it.
    fn own_error(&self) -> ErrorCode {
        // SAFETY: live; read as a number, because a broker may send a code that the bindings' enum does not know.
        ErrorCode(unsafe { ffi::number!((*self.raw.as_ptr()).err) })
    }

    /// Whether it is a record, readable or not, and no event.
    pub(crate) fn is_record(&self) -> bool {
        self.own_error() == ErrorCode::NONE
    }

    /// [`ErrorCode::NONE`] for a record that can be read in full; otherwise what happened to it or to its partition.
    pub fn error(&self) -> ErrorCode {
        match self.own_error() {
            ErrorCode::NONE if self.is_old_format => ErrorCode::OLD_MESSAGE_FORMAT,
            ErrorCode::NONE if matches!(self.header_state(), HeaderState::Unreadable) => {
                ErrorCode::UNREADABLE_HEADERS
            }
            code => code,
        }
    }

    /// The sentence that comes with an error.
    pub fn error_text(&self) -> String {
        if self.own_error() == ErrorCode::NONE {
            return format!("offset {}: {}", self.offset(), self.error().describe());
        }
        match self.value() {
            // For events the payload is the text.
            Some(words) if !words.is_empty() => {
                String::from_utf8_lossy(words).trim_end_matches('\0').to_owned()
            }
            _ => self.error().describe(),
        }
    }

    /// Why the partition cannot be read on from here; `None` for a record that can be read in full, and for the
    /// partition's end.
    pub fn fault(&self) -> Option<ReadFault> {
        match self.error() {
            ErrorCode::NONE | ErrorCode::LOCAL_PARTITION_EOF => None,
            code => Some(ReadFault::of_event(code, self.offset(), self.error_text())),
        }
    }

    /// Node id of the broker it came from; `None` where the library does not say.
    pub(crate) fn broker(&self) -> Option<i32> {
        // SAFETY: live.
        let id = unsafe { rd::rd_kafka_message_broker_id(self.raw.as_ptr()) };
        (id >= 0).then_some(id)
    }

    fn rkt(&self) -> *mut rd::rd_kafka_topic_t {
        // SAFETY: live.
        unsafe { (*self.raw.as_ptr()).rkt }
    }

    /// A number that is the same for all messages of a topic on one reader: a cheap key for look-ups.
    pub fn topic_key(&self) -> usize {
        self.rkt() as usize
    }

    /// The topic's name; empty on events that concern no topic.
    pub fn topic(&self) -> &str {
        if self.rkt().is_null() {
            return "";
        }
        // SAFETY: the topic lives as long as the message.
        unsafe {
            CStr::from_ptr(rd::rd_kafka_topic_name(self.rkt()))
                .to_str()
                .unwrap_or("")
        }
    }

    /// Partition number.
    pub fn partition(&self) -> i32 {
        // SAFETY: live.
        unsafe { (*self.raw.as_ptr()).partition }
    }

    /// Offset of the record, or the one an event is about.
    pub fn offset(&self) -> i64 {
        // SAFETY: live.
        unsafe { (*self.raw.as_ptr()).offset }
    }

    /// The key; `None` (null) and empty differ.
    pub fn key(&self) -> Option<&[u8]> {
        // SAFETY: live, and the bytes belong to the message.
        unsafe { slice((*self.raw.as_ptr()).key, (*self.raw.as_ptr()).key_len) }
    }

    /// The value; `None` (a tombstone) and empty differ.
    pub fn value(&self) -> Option<&[u8]> {
        // SAFETY: live, and the bytes belong to the message.
        unsafe { slice((*self.raw.as_ptr()).payload, (*self.raw.as_ptr()).len) }
    }

    /// Milliseconds since 1970 (UTC), and whose clock it was. -1 without a timestamp.
    pub fn timestamp(&self) -> (i64, TimestampKind) {
        let mut kind: c_int = 0;
        // SAFETY: live.
        let at = unsafe { ffi::rd_kafka_message_timestamp(self.raw.as_ptr(), &raw mut kind) };
        let kind = match kind {
            CREATE_TIME => TimestampKind::Create,
            LOG_APPEND_TIME => TimestampKind::LogAppend,
            _ => TimestampKind::None,
        };
        (at, kind)
    }

    /// Leader epoch the record was written in; `None` on old brokers, and for records in an old format.
    pub fn leader_epoch(&self) -> Option<i32> {
        // SAFETY: live.
        let epoch = unsafe { rd::rd_kafka_message_leader_epoch(self.raw.as_ptr()) };
        (epoch >= 0).then_some(epoch)
    }

    fn header_state(&self) -> HeaderState {
        let known = self.headers.get();
        if !matches!(known, HeaderState::Unparsed) {
            return known;
        }
        let parsed = self.parse_headers();
        self.headers.set(parsed);
        parsed
    }

    /// The library parses headers at the first question, and counts and copies them then.
    fn parse_headers(&self) -> HeaderState {
        if self.is_old_format {
            return HeaderState::Absent;
        }
        let mut headers = std::ptr::null_mut();
        // SAFETY: live; the headers belong to the message.
        let code = unsafe { ffi::rd_kafka_message_headers(self.raw.as_ptr(), &raw mut headers) };
        match (code, NonNull::new(headers)) {
            (0, Some(headers)) => {
                let (bytes, count) = Headers::new(Some(headers)).fold((0, 0), |(bytes, count), header| {
                    (
                        bytes + header.0.len() + header.1.map_or(0, <[u8]>::len),
                        count + 1,
                    )
                });
                HeaderState::Present(headers, bytes, count)
            }
            (0 | NO_HEADERS, _) => HeaderState::Absent,
            _ => HeaderState::Unreadable,
        }
    }

    /// The headers in their order: name and value, `None` for a null value. A record whose headers cannot be read has
    /// [`ErrorCode::UNREADABLE_HEADERS`] as its [`Message::error`], and none here.
    pub fn headers(&self) -> Headers<'_> {
        match self.header_state() {
            HeaderState::Present(headers, _, _) => Headers::new(Some(headers)),
            HeaderState::Unparsed
            | HeaderState::Absent
            | HeaderState::Detached(..)
            | HeaderState::Unreadable => Headers::new(None),
        }
    }

    /// Whether there is any header, readable or not.
    pub fn has_headers(&self) -> bool {
        matches!(
            self.header_state(),
            HeaderState::Present(..) | HeaderState::Unreadable
        )
    }

    /// Takes the headers out without copying; null when there are none. The caller owns them.
    ///
    /// # Errors
    /// [`ErrorCode::UNREADABLE_HEADERS`].
    pub(crate) fn detach_headers(&mut self) -> Result<*mut rd::rd_kafka_headers_t, ErrorCode> {
        match self.header_state() {
            HeaderState::Unreadable => Err(ErrorCode::UNREADABLE_HEADERS),
            HeaderState::Unparsed | HeaderState::Absent | HeaderState::Detached(..) => {
                Ok(std::ptr::null_mut())
            }
            HeaderState::Present(_, bytes, count) => {
                let mut headers = std::ptr::null_mut();
                // SAFETY: live, and borrowed exclusively.
                let code =
                    unsafe { ffi::rd_kafka_message_detach_headers(self.raw.as_ptr(), &raw mut headers) };
                if code != 0 {
                    return Err(ErrorCode::UNREADABLE_HEADERS);
                }
                self.headers.set(HeaderState::Detached(bytes, count));
                Ok(headers)
            }
        }
    }

    /// Gives back what [`Message::detach_headers`] took.
    ///
    /// # Safety
    /// `headers` is null, or was taken out of this very message and has no other owner.
    pub(crate) unsafe fn attach_headers(&mut self, headers: *mut rd::rd_kafka_headers_t) {
        if !headers.is_null() {
            // SAFETY: the caller's promise; the message is borrowed exclusively.
            unsafe { rd::rd_kafka_message_set_headers(self.raw.as_ptr(), headers) }
            self.headers.set(HeaderState::Unparsed);
        }
    }

    /// Bytes of key, value and headers (names and values), also after a producer took the headers over.
    pub fn payload_len(&self) -> usize {
        let (headers, _) = self.header_state().size();
        self.key().map_or(0, <[u8]>::len) + self.value().map_or(0, <[u8]>::len) + headers
    }

    /// Bytes that the record takes in a producer's queue: [`Message::payload_len`] and the client library's book-keeping.
    pub fn queued_len(&self) -> usize {
        let (_, headers) = self.header_state().size();
        self.payload_len() + headers * HEADER_OVERHEAD + RECORD_OVERHEAD
    }

    /// Bytes of memory that the record holds until it is dropped. Headers count twice: as they came, and parsed.
    pub fn memory(&self) -> usize {
        let (headers, _) = self.header_state().size();
        self.queued_len() + headers
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { rd::rd_kafka_message_destroy(self.raw.as_ptr()) }
    }
}

/// # Safety
/// `data` is null or has `length` bytes, which outlive 'a.
unsafe fn slice<'a>(data: *const c_void, length: usize) -> Option<&'a [u8]> {
    if data.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) })
}

/// Iterates over a message's headers.
pub struct Headers<'a> {
    headers: Option<NonNull<rd::rd_kafka_headers_t>>,
    index: usize,
    message: PhantomData<&'a Message>,
}

impl Headers<'_> {
    fn new(headers: Option<NonNull<rd::rd_kafka_headers_t>>) -> Self {
        Self {
            headers,
            index: 0,
            message: PhantomData,
        }
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let headers = self.headers?;
        let (mut name, mut value, mut size) = (std::ptr::null(), std::ptr::null(), 0usize);
        // SAFETY: the headers live as long as the message that 'a borrows, which is not changed meanwhile.
        unsafe {
            let code = ffi::rd_kafka_header_get_all(
                headers.as_ptr(),
                self.index,
                &raw mut name,
                &raw mut value,
                &raw mut size,
            );
            if code != 0 {
                return None;
            }
            self.index += 1;
            Some((CStr::from_ptr(name).to_bytes(), slice(value, size)))
        }
    }
}
