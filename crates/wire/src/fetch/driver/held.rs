use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use crate::client::Wake;

/// The bytes of answers that are held or on their way, against a limit.
#[derive(Debug)]
pub(crate) struct HeldBytes {
    limit: usize,
    held: AtomicUsize,
    wake: Wake,
}

impl HeldBytes {
    pub(crate) fn new(limit: usize, wake: Wake) -> Arc<Self> {
        Arc::new(Self {
            limit,
            held: AtomicUsize::new(0),
            wake,
        })
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn now(&self) -> usize {
        self.held.load(Ordering::Acquire)
    }

    /// Room for an answer of `bytes` that is to be asked for; none while there is not so much. If nothing is held
    /// there is always room. One thread alone may reserve.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: usize) -> Option<Reserved> {
        let held = self.now();
        if held > 0 && self.limit.saturating_sub(held) < bytes {
            return None;
        }
        Some(self.count(bytes))
    }

    fn count(self: &Arc<Self>, bytes: usize) -> Reserved {
        self.held.fetch_add(bytes, Ordering::AcqRel);
        Reserved {
            bytes,
            held: Arc::clone(self),
        }
    }

    /// The same bytes, which count as held until the last slice of them is dropped.
    pub(crate) fn hold(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Owned {
            _reserved: self.count(bytes.len()),
            bytes,
        })
    }
}

/// Bytes that count as held until this is dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    bytes: usize,
    held: Arc<HeldBytes>,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.held.held.fetch_sub(self.bytes, Ordering::AcqRel);
        self.held.wake.notify();
    }
}

struct Owned {
    bytes: Bytes,
    _reserved: Reserved,
}

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_held_until_their_last_slice_is_dropped() {
        let held = HeldBytes::new(100, Wake::new());
        let reserved = held.reserve(60).unwrap();
        assert!(held.reserve(50).is_none());
        drop(reserved);
        let answer = held.hold(Bytes::from(vec![7; 120]));
        let slice = answer.slice(5..6);
        drop(answer);
        assert_eq!((held.now(), held.reserve(1).is_none()), (120, true));
        drop(slice);
        assert_eq!(held.now(), 0);
        // More than the limit, if nothing else is held.
        assert!(held.reserve(500).is_some());
    }
}
