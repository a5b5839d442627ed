use std::{
    io,
    process::{Child, ExitStatus},
    time::Duration,
};

/// A child that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Reaped {
    /// How.
    pub status: ExitStatus,
    /// User and system time of all its threads; `None` where the operating system does not tell.
    pub cpu: Option<Duration>,
}

/// Takes the child's end from the operating system, if it has ended. Not to be called again after that.
///
/// # Errors
/// It is no child any more.
#[cfg(unix)]
pub fn try_reap(child: &mut Child) -> io::Result<Option<Reaped>> {
    use std::{mem::MaybeUninit, os::unix::process::ExitStatusExt};

    let pid = libc::pid_t::try_from(child.id()).map_err(io::Error::other)?;
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are valid for the call.
    #[expect(
        unsafe_code,
        reason = "the standard library waits without asking for the usage"
    )]
    let answer = unsafe { libc::wait4(pid, &raw mut status, libc::WNOHANG, usage.as_mut_ptr()) };
    if answer == 0 {
        return Ok(None);
    }
    if answer != pid {
        let error = io::Error::last_os_error();
        return if error.kind() == io::ErrorKind::Interrupted {
            Ok(None)
        } else {
            Err(error)
        };
    }
    // SAFETY: all zeros is a valid value, and the call has filled it.
    #[expect(unsafe_code, reason = "see above")]
    let usage = unsafe { usage.assume_init() };
    let time = |time: libc::timeval| {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let micros = u64::try_from(time.tv_usec).unwrap_or(0);
        Duration::from_secs(seconds) + Duration::from_micros(micros)
    };
    Ok(Some(Reaped {
        status: ExitStatus::from_raw(status),
        cpu: Some(time(usage.ru_utime) + time(usage.ru_stime)),
    }))
}

/// Takes the child's end from the operating system, if it has ended.
///
/// # Errors
/// The operating system refuses.
#[cfg(not(unix))]
pub fn try_reap(child: &mut Child) -> io::Result<Option<Reaped>> {
    Ok(child.try_wait()?.map(|status| Reaped { status, cpu: None }))
}
