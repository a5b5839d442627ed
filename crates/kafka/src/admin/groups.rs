//! Consumer groups of a cluster.
#![expect(unsafe_code, reason = "calls librdkafka's group list")]

use std::ffi::{CStr, c_char};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use rdkafka_sys::bindings as rd;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::admin::client::{ASK_SLICE, Admin};
use crate::error::{ErrorCode, KafkaError, Result, check, text};
use crate::ffi;
use crate::native::{Native, Role, c_string, millis};
use crate::owned::Owned;
use crate::partition_list::{PartitionOffset, read_list};

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

    /// Where a consumer group stands: all its committed offsets.
    ///
    /// # Errors
    /// The coordinator's reason.
    pub fn group_offsets(&self, group: &str) -> Result<Vec<PartitionOffset>> {
        let until = Instant::now() + self.deadline;
        loop {
            match self.group_offsets_once(group) {
                Err(error) if error.code.is_transient() && Instant::now() < until => {
                    if error.code == ErrorCode::LOCAL_TIMED_OUT {
                        self.forget_grouped();
                    }
                    std::thread::sleep(Duration::from_millis(200));
                }
                outcome => return outcome,
            }
        }
    }

    /// The client of questions for groups. librdkafka 2.12.1 answers "not coordinator" by asking its own group for the
    /// coordinator, and a client without a group (a producer, as the other questions use) makes it crash there. A consumer
    /// has one, and never joins it.
    fn grouped(&self) -> Result<Arc<Native>> {
        let mut known = self.grouped.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(native) = &*known {
            return Ok(Arc::clone(native));
        }
        let mut settings = self.settings.clone();
        settings
            .set("group.id", "sluice-admin")
            .set("enable.auto.commit", "false");
        let native = Arc::new(Native::create(Role::Reader, &settings, false)?);
        *known = Some(Arc::clone(&native));
        Ok(native)
    }

    /// A new client knows nothing of a coordinator that is gone.
    fn forget_grouped(&self) {
        *self.grouped.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn group_offsets_once(&self, group: &str) -> Result<Vec<PartitionOffset>> {
        let name = c_string(group)?;
        let native = self.grouped()?;
        // SAFETY: the request copies its texts, and lives until the call was made.
        unsafe {
            let request = Owned::new(
                rd::rd_kafka_ListConsumerGroupOffsets_new(name.as_ptr(), std::ptr::null()),
                rd::rd_kafka_ListConsumerGroupOffsets_destroy,
            )?;
            let mut requests = [request.ptr()];
            let event = self.call_within(
                &native,
                self.deadline.min(ASK_SLICE),
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
                &[],
                |handle, options, queue| {
                    rd::rd_kafka_ListConsumerGroupOffsets(handle, requests.as_mut_ptr(), 1, options, queue);
                },
            )?;
            let mut count = 0usize;
            let groups = rd::rd_kafka_ListConsumerGroupOffsets_result_groups(
                rd::rd_kafka_event_ListConsumerGroupOffsets_result(event.ptr()),
                &raw mut count,
            );
            if count == 0 {
                return Ok(Vec::new());
            }
            let result = *groups;
            let error = rd::rd_kafka_group_result_error(result);
            if !error.is_null() {
                let code = ErrorCode(ffi::rd_kafka_error_code(error));
                return Err(KafkaError::new(
                    code,
                    text(CStr::from_ptr(rd::rd_kafka_error_string(error))),
                ));
            }
            Ok(read_list(rd::rd_kafka_group_result_partitions(result)))
        }
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
