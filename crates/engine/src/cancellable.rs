use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sluice_wire::Cancel;

/// How often it is looked whether the caller has given up.
const CANCEL_INTERVAL: Duration = Duration::from_millis(50);

/// Does `work` with a signal that ends the wire client's waits soon after `cancelled` is set.
pub(crate) fn cancellable<T>(cancelled: &AtomicBool, work: impl FnOnce(&Cancel) -> T) -> T {
    cancellable_until(&|| cancelled.load(Ordering::Relaxed), work)
}

/// As [`cancellable`], soon after `is_over` is so.
pub(crate) fn cancellable_until<T>(
    is_over: &(dyn Fn() -> bool + Sync),
    work: impl FnOnce(&Cancel) -> T,
) -> T {
    let (cancel, over) = (Cancel::new(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                if is_over() {
                    return cancel.cancel();
                }
                std::thread::park_timeout(CANCEL_INTERVAL);
            }
        });
        let _over = SetOnDrop(&over);
        work(&cancel)
    })
}

/// Says that the work is over, however it ends.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
