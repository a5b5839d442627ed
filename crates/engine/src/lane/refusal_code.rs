use sluice_kafka::ErrorCode;

use crate::lane::RefusalCause;

/// Why the target did not write a record that got this code.
pub(in crate::lane) fn refusal_cause(code: ErrorCode) -> RefusalCause {
    match code {
        ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::RECORD_LIST_TOO_LARGE => RefusalCause::TooLarge,
        ErrorCode::INVALID_TIMESTAMP => RefusalCause::Timestamp,
        ErrorCode::POLICY_VIOLATION => RefusalCause::Policy,
        ErrorCode::LOCAL_INVALID_DIFFERENT_RECORD => RefusalCause::Companion,
        code if code.refuses_record() => RefusalCause::Invalid,
        code if code.concerns_topic() => RefusalCause::Topic,
        // A fault of the broker at this partition, as an uncompressed batch of a transaction for a topic in an old message
        // format is (2.0.1): the others can go on.
        ErrorCode::UNKNOWN_SERVER_ERROR => RefusalCause::Topic,
        _ => RefusalCause::Unwritten,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_refuses_a_record_is_a_refusal_of_it_and_no_other_is() {
        for code in (-200..120).map(ErrorCode) {
            let cause = refusal_cause(code);
            assert_eq!(cause.is_of_record(), code.refuses_record(), "{}", code.0);
            let of_topic = code.concerns_topic() || code == ErrorCode::UNKNOWN_SERVER_ERROR;
            assert_eq!(cause == RefusalCause::Topic, of_topic, "{}", code.0);
        }
    }
}
