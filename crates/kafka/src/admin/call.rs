#![expect(unsafe_code, reason = "calls librdkafka's admin client")]

use std::ffi::{CStr, c_char};
use std::sync::Arc;
use std::time::Duration;

use rdkafka_sys::bindings as rd;

use crate::admin::client::Admin;
use crate::error::{ErrorCode, KafkaError, Result, check, text};
use crate::ffi;
use crate::native::{Native, millis, take_error};
use crate::owned::Owned;

/// The least time that the library is given for a request. It begins some of them on the caller's thread, where a deadline
/// that passes at once has its own thread work on the same object and free it (librdkafka 2.12.1 to 2.15.0,
/// `rd_kafka_topic_partition_list_query_leaders_async`).
const LEAST_TIME: Duration = Duration::from_secs(1);
/// How long after its deadline an answer is waited for: the library reports the deadline itself.
const ANSWER_GRACE: Duration = Duration::from_secs(2);

/// What a call asks for beside its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AdminFlag {
    ValidateOnly,
    ReadCommitted,
    AuthorizedOperations,
}

/// An answer, freed on drop.
pub(super) struct Event {
    event: Owned<rd::rd_kafka_event_t>,
    /// Outlives the answer: fields are dropped in their order.
    _client: Arc<Native>,
}

impl Event {
    pub(super) fn ptr(&self) -> *mut rd::rd_kafka_event_t {
        self.event.ptr()
    }
}

impl Admin {
    /// Asks for something that may be asked twice.
    pub(super) fn question(
        &self,
        operation: rd::rd_kafka_admin_op_t,
        flags: &[AdminFlag],
        send: impl Fn(*mut rd::rd_kafka_t, *const rd::rd_kafka_AdminOptions_t, *mut rd::rd_kafka_queue_t),
    ) -> Result<Event> {
        self.ask(|native, deadline| self.call_within(native, deadline, operation, flags, &send))
    }

    /// Asks for a change, once.
    pub(super) fn call(
        &self,
        operation: rd::rd_kafka_admin_op_t,
        flags: &[AdminFlag],
        send: impl FnOnce(*mut rd::rd_kafka_t, *const rd::rd_kafka_AdminOptions_t, *mut rd::rd_kafka_queue_t),
    ) -> Result<Event> {
        self.call_within(&self.native(), self.deadline, operation, flags, send)
    }

    pub(super) fn call_within(
        &self,
        native: &Arc<Native>,
        deadline: Duration,
        operation: rd::rd_kafka_admin_op_t,
        flags: &[AdminFlag],
        send: impl FnOnce(*mut rd::rd_kafka_t, *const rd::rd_kafka_AdminOptions_t, *mut rd::rd_kafka_queue_t),
    ) -> Result<Event> {
        let deadline = deadline.max(LEAST_TIME);
        // Each call has a queue of its own, so calls of several threads do not wait for each other.
        // SAFETY: options and queue live until the answer has arrived; a late answer to a destroyed queue is dropped
        // by the library.
        let event = unsafe {
            let queue = Owned::new(rd::rd_kafka_queue_new(native.ptr()), rd::rd_kafka_queue_destroy)?;
            let options = Owned::new(
                rd::rd_kafka_AdminOptions_new(native.ptr(), operation),
                rd::rd_kafka_AdminOptions_destroy,
            )?;
            set_options(options.ptr(), deadline, flags)?;
            send(native.ptr(), options.ptr(), queue.ptr());
            let event = rd::rd_kafka_queue_poll(queue.ptr(), millis(deadline + ANSWER_GRACE));
            if event.is_null() {
                return Err(KafkaError::from_code(ErrorCode::LOCAL_TIMED_OUT));
            }
            Event {
                event: Owned::new(event, rd::rd_kafka_event_destroy)?,
                _client: Arc::clone(native),
            }
        };
        // SAFETY: the event is live; its sentence belongs to it.
        unsafe {
            match ErrorCode(ffi::rd_kafka_event_error(event.ptr())) {
                ErrorCode::NONE => Ok(event),
                code => {
                    let words = text(CStr::from_ptr(rd::rd_kafka_event_error_string(event.ptr())));
                    Err(KafkaError::new(code, words))
                }
            }
        }
    }
}

/// # Safety
/// `options` is live.
unsafe fn set_options(
    options: *mut rd::rd_kafka_AdminOptions_t,
    deadline: Duration,
    flags: &[AdminFlag],
) -> Result<()> {
    let mut reason = [0 as c_char; 256];
    let (words, size) = (reason.as_mut_ptr(), reason.len());
    let refused = |error| take_error(error).map_or(Ok(()), |refused| Err(refused.error));
    // SAFETY: the caller's promise; the buffer outlives the calls.
    unsafe {
        check(ffi::rd_kafka_AdminOptions_set_request_timeout(
            options,
            millis(deadline),
            words,
            size,
        ))?;
        for flag in flags {
            match flag {
                AdminFlag::ValidateOnly => {
                    check(ffi::rd_kafka_AdminOptions_set_validate_only(
                        options, 1, words, size,
                    ))?;
                }
                AdminFlag::ReadCommitted => {
                    let level = rd::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED;
                    refused(rd::rd_kafka_AdminOptions_set_isolation_level(options, level))?;
                }
                AdminFlag::AuthorizedOperations => {
                    refused(rd::rd_kafka_AdminOptions_set_include_authorized_operations(
                        options, 1,
                    ))?;
                }
            }
        }
    }
    Ok(())
}
