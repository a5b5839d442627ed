//! One thread that starts every child process and lives as long as this process.
//!
//! On Linux a child can ask to be killed when its parent dies, but "parent" there means the *thread* that made
//! it. Test runners start a cluster on the thread of one test and share it with others; started from that thread,
//! the brokers would die with the first test.

use std::{
    io,
    process::{Child, Command},
    sync::{
        LazyLock, Mutex, PoisonError,
        mpsc::{self, Sender},
    },
    thread,
};

struct Order {
    command: Command,
    reply: Sender<io::Result<Child>>,
}

static ORDERS: LazyLock<Mutex<Sender<Order>>> = LazyLock::new(|| {
    let (orders, inbox) = mpsc::channel::<Order>();
    // It has no owner on purpose: it must outlast every cluster. It ends with the process.
    thread::spawn(move || {
        for Order { mut command, reply } in inbox {
            if let Err(unclaimed) = reply.send(command.spawn())
                && let Ok(mut child) = unclaimed.0
            {
                drop(child.kill());
            }
        }
    });
    Mutex::new(orders)
});

/// Starts `command` as a child that dies with this process.
pub(crate) fn spawn(mut command: Command) -> io::Result<Child> {
    die_with_parent(&mut command);
    let (reply, answer) = mpsc::channel();
    let gone = || io::Error::other("the thread that starts processes is gone");
    ORDERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send(Order { command, reply })
        .map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    let parent = std::process::id();
    let ask_the_kernel = move || {
        // SAFETY: prctl and getppid are async-signal-safe and touch no memory of ours.
        #[expect(unsafe_code, reason = "the standard library cannot set a parent death signal")]
        let (refused, parent_now) = unsafe {
            (
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0,
                libc::getppid(),
            )
        };
        if refused {
            return Err(io::Error::last_os_error());
        }
        // The parent may have died between fork and prctl; then no signal will ever come.
        if u32::try_from(parent_now) != Ok(parent) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(())
    };
    // SAFETY: the closure runs between fork and exec and only makes the two system calls above.
    #[expect(
        unsafe_code,
        reason = "code between fork and exec can only be given through an unsafe call"
    )]
    unsafe {
        command.pre_exec(ask_the_kernel);
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut Command) {}
