use std::process::Command;

/// Makes the program end when the calling *thread* does, and thus with a benchmark that is killed. A replicator whose
/// brokers are gone would otherwise try for ever.
#[cfg(target_os = "linux")]
pub fn die_with_parent(command: &mut Command) {
    use std::{io, os::unix::process::CommandExt};

    let ask_the_kernel = || {
        // SAFETY: prctl is async-signal-safe and touches no memory of ours.
        #[expect(unsafe_code, reason = "the standard library cannot set a parent death signal")]
        let refused = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0;
        if refused {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    };
    // SAFETY: the closure runs between fork and exec and only makes the system call above.
    #[expect(
        unsafe_code,
        reason = "code between fork and exec can only be given through an unsafe call"
    )]
    unsafe {
        command.pre_exec(ask_the_kernel);
    }
}

/// Other systems have no such request.
#[cfg(not(target_os = "linux"))]
pub fn die_with_parent(_command: &mut Command) {}
