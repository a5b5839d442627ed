#![expect(unsafe_code, reason = "calls librdkafka's admin client")]

use rdkafka_sys::bindings as rd;

use crate::admin::client::Admin;
use crate::admin::offsets::hear_of_leaders;
use crate::error::{ErrorCode, KafkaError, Result};
use crate::owned::Owned;
use crate::partition_list::{PartitionList, PartitionOffset, read_list};

impl Admin {
    /// Deletes all records below each offset (brokers from 0.11 on).
    ///
    /// # Errors
    /// The first partition's reason.
    pub fn delete_records(&self, before: &[PartitionOffset]) -> Result<()> {
        let places: Vec<(String, i32)> = before
            .iter()
            .map(|one| (one.topic.clone(), one.partition))
            .collect();
        self.ask(|native, deadline| hear_of_leaders(native, deadline, &places, false))?;
        let list = PartitionList::new(before)?;
        // SAFETY: the description copies the list, and lives until the call was made.
        unsafe {
            let delete = Owned::new(
                rd::rd_kafka_DeleteRecords_new(list.ptr()),
                rd::rd_kafka_DeleteRecords_destroy,
            )?;
            let mut requests = [delete.ptr()];
            let event = self.call(
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DELETERECORDS,
                &[],
                |handle, options, queue| {
                    rd::rd_kafka_DeleteRecords(handle, requests.as_mut_ptr(), 1, options, queue);
                },
            )?;
            let results = rd::rd_kafka_DeleteRecords_result_offsets(rd::rd_kafka_event_DeleteRecords_result(
                event.ptr(),
            ));
            for entry in read_list(results) {
                if entry.error != ErrorCode::NONE {
                    return Err(KafkaError::from_code(entry.error)
                        .context(format_args!("{}-{}", entry.topic, entry.partition)));
                }
            }
            Ok(())
        }
    }
}
