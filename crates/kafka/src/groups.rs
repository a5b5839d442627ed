//! Consumer groups of a cluster.
#![expect(unsafe_code, reason = "calls librdkafka's group list")]

use std::ffi::{CStr, c_char};

use rdkafka_sys::bindings as rd;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::admin::Admin;
use crate::error::{ErrorCode, KafkaError, Result, check, text};
use crate::ffi;
use crate::native::millis;

/// A consumer group as the brokers list it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GroupListing {
    /// Its name.
    pub group: String,
    /// The brokers' word for its state: `Stable`, `Empty`, `Dead`, `PreparingRebalance`, `CompletingRebalance`. Empty
    /// where the broker says none.
    pub state: String,
    /// Members at present.
    #[ts(type = "number")]
    pub members: usize,
}

impl Admin {
    /// All consumer groups that this user may describe, by name.
    ///
    /// # Errors
    /// No broker answered within the deadline.
    pub fn groups(&self) -> Result<Vec<GroupListing>> {
        self.ask(|native, deadline| {
            let mut found: *const rd::rd_kafka_group_list = std::ptr::null();
            // SAFETY: the handle is live; the list is read below and destroyed.
            unsafe {
                let answer = ffi::rd_kafka_list_groups(
                    native.ptr(),
                    std::ptr::null(),
                    &raw mut found,
                    millis(deadline),
                );
                // Some brokers answered, some did not: what is known is worth more than nothing, and is marked as partial
                // nowhere by Kafka either.
                let partial = !found.is_null() && (*found).group_cnt > 0;
                if !partial {
                    check(answer)?;
                }
                if found.is_null() {
                    return Err(KafkaError::from_code(ErrorCode::LOCAL_TIMED_OUT));
                }
                let count = usize::try_from((*found).group_cnt).unwrap_or(0);
                let mut groups: Vec<GroupListing> = (0..count)
                    .map(|index| (*found).groups.add(index))
                    .map(|info| GroupListing {
                        group: owned((*info).group),
                        state: owned((*info).state),
                        members: usize::try_from((*info).member_cnt).unwrap_or(0),
                    })
                    .collect();
                rd::rd_kafka_group_list_destroy(found);
                groups.sort_by(|a, b| a.group.cmp(&b.group));
                Ok(groups)
            }
        })
    }
}

/// # Safety
/// `words` is null or a string that outlives the call.
unsafe fn owned(words: *const c_char) -> String {
    if words.is_null() {
        return String::new();
    }
    // SAFETY: as the caller says.
    text(unsafe { CStr::from_ptr(words) })
}
