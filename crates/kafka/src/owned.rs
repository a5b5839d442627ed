//! An object of librdkafka that is freed when it goes out of scope, whichever way that happens.
#![expect(unsafe_code, reason = "frees objects of a C library")]

use std::ptr::NonNull;

use crate::error::{ErrorCode, KafkaError, Result};

/// A library object and the function that frees it.
pub(crate) struct Owned<T> {
    object: NonNull<T>,
    free: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    /// Takes `object` over.
    ///
    /// # Errors
    /// It is null: the library ran out of memory.
    ///
    /// # Safety
    /// `object` is null, or a live object without another owner that `free` frees.
    pub(crate) unsafe fn new(object: *mut T, free: unsafe extern "C" fn(*mut T)) -> Result<Self> {
        match NonNull::new(object) {
            Some(object) => Ok(Self { object, free }),
            None => Err(KafkaError::from_code(ErrorCode::LOCAL_SYSTEM_RESOURCE)),
        }
    }

    pub(crate) fn ptr(&self) -> *mut T {
        self.object.as_ptr()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: the promise made at creation.
        unsafe { (self.free)(self.object.as_ptr()) }
    }
}
