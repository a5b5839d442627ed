//! Functions of librdkafka whose results are numbers that a newer broker or library may extend.
//!
//! The bindings declare those results as Rust enums. A number that the enum does not know (Kafka's error codes and
//! configuration sources grow with every release) would be undefined behaviour the moment it is returned. Here they are
//! plain integers: C's enums are `int` for every ABI that librdkafka is built for.
#![expect(unsafe_code, reason = "declares functions of a C library")]

use std::ffi::{c_char, c_int, c_void};

use rdkafka_sys::bindings as rd;

use crate::detour::AddrInfo;

/// Reads a field that C declares as an enum, as the number it is.
macro_rules! number {
    ($place:expr) => {
        (&raw const $place).cast::<std::ffi::c_int>().read()
    };
}
pub(crate) use number;

unsafe extern "C" {
    pub(crate) fn rd_kafka_metadata(
        client: *mut rd::rd_kafka_t,
        all_topics: c_int,
        only: *mut rd::rd_kafka_topic_t,
        found: *mut *const rd::rd_kafka_metadata,
        timeout_ms: c_int,
    ) -> c_int;
    pub(crate) fn rd_kafka_list_groups(
        client: *mut rd::rd_kafka_t,
        group: *const c_char,
        found: *mut *const rd::rd_kafka_group_list,
        timeout_ms: c_int,
    ) -> c_int;
    pub(crate) fn rd_kafka_error_code(error: *const rd::rd_kafka_error_t) -> c_int;
    pub(crate) fn rd_kafka_event_error(event: *mut rd::rd_kafka_event_t) -> c_int;
    pub(crate) fn rd_kafka_topic_result_error(result: *const rd::rd_kafka_topic_result_t) -> c_int;
    pub(crate) fn rd_kafka_ConfigResource_error(resource: *const rd::rd_kafka_ConfigResource_t) -> c_int;
    pub(crate) fn rd_kafka_ConfigEntry_source(entry: *const rd::rd_kafka_ConfigEntry_t) -> c_int;
    pub(crate) fn rd_kafka_fatal_error(
        client: *mut rd::rd_kafka_t,
        reason: *mut c_char,
        reason_size: usize,
    ) -> c_int;
    pub(crate) fn rd_kafka_message_timestamp(message: *const rd::rd_kafka_message_t, kind: *mut c_int)
    -> i64;
    pub(crate) fn rd_kafka_message_headers(
        message: *const rd::rd_kafka_message_t,
        headers: *mut *mut rd::rd_kafka_headers_t,
    ) -> c_int;
    pub(crate) fn rd_kafka_message_detach_headers(
        message: *mut rd::rd_kafka_message_t,
        headers: *mut *mut rd::rd_kafka_headers_t,
    ) -> c_int;
    pub(crate) fn rd_kafka_header_get_all(
        headers: *const rd::rd_kafka_headers_t,
        index: usize,
        name: *mut *const c_char,
        value: *mut *const c_void,
        size: *mut usize,
    ) -> c_int;
    pub(crate) fn rd_kafka_pause_partitions(
        client: *mut rd::rd_kafka_t,
        list: *mut rd::rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub(crate) fn rd_kafka_resume_partitions(
        client: *mut rd::rd_kafka_t,
        list: *mut rd::rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub(crate) fn rd_kafka_committed(
        client: *mut rd::rd_kafka_t,
        list: *mut rd::rd_kafka_topic_partition_list_t,
        timeout_ms: c_int,
    ) -> c_int;
    pub(crate) fn rd_kafka_commit(
        client: *mut rd::rd_kafka_t,
        list: *const rd::rd_kafka_topic_partition_list_t,
        asynchronous: c_int,
    ) -> c_int;
    pub(crate) fn rd_kafka_get_watermark_offsets(
        client: *mut rd::rd_kafka_t,
        topic: *const c_char,
        partition: i32,
        low: *mut i64,
        high: *mut i64,
    ) -> c_int;
    pub(crate) fn rd_kafka_oauthbearer_set_token(
        client: *mut rd::rd_kafka_t,
        token: *const c_char,
        until_ms: i64,
        principal: *const c_char,
        extensions: *mut *const c_char,
        extensions_size: usize,
        reason: *mut c_char,
        reason_size: usize,
    ) -> c_int;
    pub(crate) fn rd_kafka_oauthbearer_set_token_failure(
        client: *mut rd::rd_kafka_t,
        reason: *const c_char,
    ) -> c_int;
    pub(crate) fn rd_kafka_purge(client: *mut rd::rd_kafka_t, flags: c_int) -> c_int;
    pub(crate) fn rd_kafka_poll_set_consumer(client: *mut rd::rd_kafka_t) -> c_int;
    pub(crate) fn rd_kafka_conf_set(
        conf: *mut rd::rd_kafka_conf_t,
        name: *const c_char,
        value: *const c_char,
        reason: *mut c_char,
        reason_size: usize,
    ) -> c_int;
    pub(crate) fn rd_kafka_topic_conf_set(
        conf: *mut rd::rd_kafka_topic_conf_t,
        name: *const c_char,
        value: *const c_char,
        reason: *mut c_char,
        reason_size: usize,
    ) -> c_int;
    pub(crate) fn rd_kafka_AdminOptions_set_request_timeout(
        options: *mut rd::rd_kafka_AdminOptions_t,
        timeout_ms: c_int,
        reason: *mut c_char,
        reason_size: usize,
    ) -> c_int;
    pub(crate) fn rd_kafka_AdminOptions_set_validate_only(
        options: *mut rd::rd_kafka_AdminOptions_t,
        validate_only: c_int,
        reason: *mut c_char,
        reason_size: usize,
    ) -> c_int;
    pub(crate) fn rd_kafka_NewTopic_set_config(
        topic: *mut rd::rd_kafka_NewTopic_t,
        name: *const c_char,
        value: *const c_char,
    ) -> c_int;
}

/// Called to look a broker up, as `getaddrinfo`, and to free what it answered.
pub(crate) type OnResolve = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const AddrInfo,
    *mut *mut AddrInfo,
    *mut c_void,
) -> c_int;

unsafe extern "C" {
    // Missing in the bindings.
    pub(crate) fn rd_kafka_conf_set_resolve_cb(conf: *mut rd::rd_kafka_conf_t, callback: Option<OnResolve>);
}

/// Called when a client has been made.
pub(crate) type OnNew = unsafe extern "C" fn(
    *mut rd::rd_kafka_t,
    *const rd::rd_kafka_conf_t,
    *mut c_void,
    *mut c_char,
    usize,
) -> c_int;
/// Called with each record that a producer takes.
pub(crate) type OnSend =
    unsafe extern "C" fn(*mut rd::rd_kafka_t, *mut rd::rd_kafka_message_t, *mut c_void) -> c_int;
/// Called with each request: socket, broker's name and id, request, version, correlation id, bytes.
pub(crate) type OnRequestSent = unsafe extern "C" fn(
    *mut rd::rd_kafka_t,
    c_int,
    *const c_char,
    i32,
    i16,
    i16,
    i32,
    usize,
    *mut c_void,
) -> c_int;
/// Called with each response: as for the request, then the time it took in µs, and its error.
pub(crate) type OnResponseReceived = unsafe extern "C" fn(
    *mut rd::rd_kafka_t,
    c_int,
    *const c_char,
    i32,
    i16,
    i16,
    i32,
    usize,
    i64,
    c_int,
    *mut c_void,
) -> c_int;

unsafe extern "C" {
    pub(crate) fn rd_kafka_conf_interceptor_add_on_new(
        conf: *mut rd::rd_kafka_conf_t,
        name: *const c_char,
        callback: OnNew,
        opaque: *mut c_void,
    ) -> c_int;
    pub(crate) fn rd_kafka_interceptor_add_on_send(
        client: *mut rd::rd_kafka_t,
        name: *const c_char,
        callback: OnSend,
        opaque: *mut c_void,
    ) -> c_int;
    pub(crate) fn rd_kafka_interceptor_add_on_request_sent(
        client: *mut rd::rd_kafka_t,
        name: *const c_char,
        callback: OnRequestSent,
        opaque: *mut c_void,
    ) -> c_int;
    pub(crate) fn rd_kafka_interceptor_add_on_response_received(
        client: *mut rd::rd_kafka_t,
        name: *const c_char,
        callback: OnResponseReceived,
        opaque: *mut c_void,
    ) -> c_int;
}
