use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::Result;

/// Something costly that the tests of a file share: made by the first that asks, gone with the last that holds it.
/// A plain static would never be dropped, and brokers' folders would stay behind.
pub struct Shared<T>(Mutex<Weak<T>>);

impl<T> Shared<T> {
    /// Nothing yet.
    #[expect(
        clippy::new_without_default,
        reason = "only ever a static, which needs a const function"
    )]
    pub const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    /// What is there, or what `make` makes.
    ///
    /// # Errors
    /// Whatever `make` fails with.
    pub fn get(&self, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = shared.upgrade() {
            return Ok(there);
        }
        let made = Arc::new(make()?);
        *shared = Arc::downgrade(&made);
        Ok(made)
    }
}
