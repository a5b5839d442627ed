use std::fs::{File, TryLockError};
use std::io;
use std::time::{Duration, Instant};

/// How often a lock is tried, and how long apart: a process that only looks whether somebody has it holds it for a moment.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(30);
/// How long a lock without a name is waited for: its owner has let go, and a child that it was just starting has the file
/// open until it runs its own program.
const UNNAMED: Duration = Duration::from_secs(5);

/// Locks `file` for this process, or says who has it: what `holder` finds out, `None` if that process does not say.
///
/// # Errors
/// The file system cannot lock it.
pub(crate) fn lock<T>(file: &File, holder: impl Fn() -> Option<T>) -> io::Result<Result<(), Option<T>>> {
    let mut attempts = ATTEMPTS;
    let unnamed_until = Instant::now() + UNNAMED;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Ok(())),
            Err(TryLockError::WouldBlock) if attempts > 0 => attempts -= 1,
            Err(TryLockError::WouldBlock) => match holder() {
                None if Instant::now() < unnamed_until => {}
                named => return Ok(Err(named)),
            },
            Err(TryLockError::Error(error)) => return Err(error),
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_whose_owner_has_let_go_but_for_a_child_is_waited_for_and_a_named_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let open = || File::create(dir.path().join("lock")).unwrap();
        let (held, mine) = (open(), open());
        held.try_lock().unwrap();
        assert_eq!(lock(&mine, || Some("somebody")).unwrap(), Err(Some("somebody")));
        // As a child has it that its parent has just made.
        let inherited = held.try_clone().unwrap();
        drop(held);
        let child = std::thread::spawn(move || {
            std::thread::sleep(PAUSE * (ATTEMPTS + 5));
            drop(inherited);
        });
        assert_eq!(lock(&mine, || None::<&str>).unwrap(), Ok(()));
        child.join().unwrap();
    }
}
