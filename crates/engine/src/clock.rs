/// Now, in ms since 1970 (UTC).
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
