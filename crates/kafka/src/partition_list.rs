#![expect(unsafe_code, reason = "wraps rd_kafka_topic_partition_list_t")]

use std::ffi::CStr;
use std::ptr::NonNull;

use rdkafka_sys::bindings as rd;

use crate::error::{ErrorCode, KafkaError, Result, text};
use crate::ffi;
use crate::native::c_string;

/// "No offset": the library's `RD_KAFKA_OFFSET_INVALID`.
pub(crate) const NO_OFFSET: i64 = -1001;

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionOffset {
    /// Topic.
    pub topic: String,
    /// Partition number.
    pub partition: i32,
    /// Offset (or timestamp, for look-ups by time); `None` when there is none.
    pub offset: Option<i64>,
    /// Leader epoch of the record before `offset`, where known.
    pub leader_epoch: Option<i32>,
    /// The free text that group commits carry.
    pub metadata: Option<String>,
    /// What went wrong with this partition.
    pub error: ErrorCode,
}

impl PartitionOffset {
    /// An entry without epoch and text.
    pub fn new(topic: impl Into<String>, partition: i32, offset: i64) -> Self {
        Self {
            topic: topic.into(),
            partition,
            offset: Some(offset),
            leader_epoch: None,
            metadata: None,
            error: ErrorCode::NONE,
        }
    }
}

/// An owned C list.
pub(crate) struct PartitionList(NonNull<rd::rd_kafka_topic_partition_list_t>);

impl PartitionList {
    pub(crate) fn new(entries: &[PartitionOffset]) -> Result<Self> {
        // SAFETY: the list is ours; each added entry is valid until the next one is added, and metadata is allocated
        // with the C allocator that the library frees it with.
        unsafe {
            let raw = rd::rd_kafka_topic_partition_list_new(i32::try_from(entries.len()).unwrap_or(0));
            let list = Self(NonNull::new(raw).ok_or_else(|| KafkaError::from_code(ErrorCode(-194)))?);
            for entry in entries {
                let topic = c_string(&entry.topic)?;
                let element = rd::rd_kafka_topic_partition_list_add(raw, topic.as_ptr(), entry.partition);
                (*element).offset = entry.offset.unwrap_or(NO_OFFSET);
                if let Some(epoch) = entry.leader_epoch {
                    rd::rd_kafka_topic_partition_set_leader_epoch(element, epoch);
                }
                if let Some(metadata) = &entry.metadata {
                    let memory = libc::malloc(metadata.len());
                    if !memory.is_null() {
                        std::ptr::copy_nonoverlapping(metadata.as_ptr(), memory.cast(), metadata.len());
                        (*element).metadata = memory;
                        (*element).metadata_size = metadata.len();
                    }
                }
            }
            Ok(list)
        }
    }

    pub(crate) fn ptr(&self) -> *mut rd::rd_kafka_topic_partition_list_t {
        self.0.as_ptr()
    }

    pub(crate) fn entries(&self) -> Vec<PartitionOffset> {
        // SAFETY: the list is live.
        unsafe { read_list(self.0.as_ptr()) }
    }
}

impl Drop for PartitionList {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { rd::rd_kafka_topic_partition_list_destroy(self.0.as_ptr()) }
    }
}

/// Copies a C list.
///
/// # Safety
/// `list` is null or a live list.
pub(crate) unsafe fn read_list(list: *const rd::rd_kafka_topic_partition_list_t) -> Vec<PartitionOffset> {
    // SAFETY: the caller's promise.
    unsafe {
        let Some(list) = list.as_ref() else {
            return Vec::new();
        };
        (0..usize::try_from(list.cnt).unwrap_or(0))
            .map(|index| read_entry(list.elems.add(index)))
            .collect()
    }
}

/// Copies one entry.
///
/// # Safety
/// `element` is a live entry.
pub(crate) unsafe fn read_entry(element: *const rd::rd_kafka_topic_partition_t) -> PartitionOffset {
    // SAFETY: the caller's promise.
    unsafe {
        let metadata = (!(*element).metadata.is_null()).then(|| {
            let bytes =
                std::slice::from_raw_parts((*element).metadata.cast::<u8>(), (*element).metadata_size);
            String::from_utf8_lossy(bytes).into_owned()
        });
        let epoch = rd::rd_kafka_topic_partition_get_leader_epoch(element);
        PartitionOffset {
            topic: text(CStr::from_ptr((*element).topic)),
            partition: (*element).partition,
            offset: ((*element).offset >= 0).then_some((*element).offset),
            leader_epoch: (epoch >= 0).then_some(epoch),
            metadata,
            error: ErrorCode(ffi::number!((*element).err)),
        }
    }
}
