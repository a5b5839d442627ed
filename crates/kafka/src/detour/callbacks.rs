//! What librdkafka calls to look a broker up and to connect to it. Both run on the broker's own thread; while it
//! connects, librdkafka holds a lock that its other threads wait for, so [`on_connect`] must not wait for anything.
#![expect(unsafe_code, reason = "functions that a C library calls")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use sluice_model::Address;
use socket2::SockRef;

use crate::detour::addrinfo::{self, AddrInfo};
use crate::error::text;
use crate::mailbox::Mailbox;

/// What `getaddrinfo` answers for a name without an address.
#[cfg(unix)]
const NO_ADDRESS: c_int = libc::EAI_NONAME;
/// What `getaddrinfo` answers for a name without an address.
#[cfg(windows)]
const NO_ADDRESS: c_int = windows_sys::Win32::Networking::WinSock::WSAHOST_NOT_FOUND;

/// What is answered to a call that makes no sense.
#[cfg(unix)]
const INVALID: c_int = libc::EINVAL;
/// What is answered to a call that makes no sense.
#[cfg(windows)]
const INVALID: c_int = windows_sys::Win32::Networking::WinSock::WSAEINVAL;

/// Looks up where the broker `node`:`service` is reached, or frees such an answer when there is no `node`.
pub(crate) unsafe extern "C" fn on_resolve(
    node: *const c_char,
    service: *const c_char,
    _: *const AddrInfo,
    answer: *mut *mut AddrInfo,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: both texts are terminated or null; the answer is the library's place for a pointer, which on freeing holds
    // the list that it got here; opaque is the mailbox set at creation.
    unsafe {
        if answer.is_null() {
            return NO_ADDRESS;
        }
        if node.is_null() || service.is_null() {
            addrinfo::free(*answer);
            *answer = ptr::null_mut();
            return 0;
        }
        *answer = ptr::null_mut();
        let host = text(CStr::from_ptr(node));
        let Ok(port) = text(CStr::from_ptr(service)).parse() else {
            return NO_ADDRESS;
        };
        let Some(detour) = opaque.cast::<Mailbox>().as_ref().and_then(Mailbox::detour) else {
            return NO_ADDRESS;
        };
        match detour.resolve(&Address::new(&host, port)) {
            Ok(addresses) => {
                *answer = addrinfo::list(&addresses);
                0
            }
            // The detour has noted why.
            Err(_) => NO_ADDRESS,
        }
    }
}

/// Connects a socket to the gate, whatever address it was given, and has it led on to the broker `id` (its host and port
/// as it advertises itself or was entered). 0 is success, also while the connection is under way; else the system's
/// number of the error.
pub(crate) unsafe extern "C" fn on_connect(
    socket: c_int,
    _: *const libc::sockaddr,
    _: c_int,
    id: *const c_char,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: the name is terminated or null; opaque is the mailbox set at creation; the socket is the library's, and stays
    // open for the time of the call.
    unsafe {
        if id.is_null() {
            return INVALID;
        }
        let id = text(CStr::from_ptr(id));
        let Some((host, Ok(port))) = id.rsplit_once(':').map(|(host, port)| (host, port.parse())) else {
            return INVALID;
        };
        let gate = opaque
            .cast::<Mailbox>()
            .as_ref()
            .and_then(Mailbox::detour)
            .and_then(|detour| detour.gate.as_ref());
        let Some(gate) = gate else { return INVALID };
        let socket = borrow(socket);
        match gate.enter(&SockRef::from(&socket), Address::new(host, port)) {
            Ok(()) => 0,
            Err(error) => {
                tracing::debug!("a socket for {id} was not connected to the gate: {error}");
                error.raw_os_error().unwrap_or(INVALID)
            }
        }
    }
}

/// # Safety
/// The socket is open as long as what is returned.
#[cfg(unix)]
unsafe fn borrow(socket: c_int) -> std::os::fd::BorrowedFd<'static> {
    // SAFETY: the caller's promise.
    unsafe { std::os::fd::BorrowedFd::borrow_raw(socket) }
}

/// # Safety
/// The socket is open as long as what is returned.
#[cfg(windows)]
unsafe fn borrow(socket: c_int) -> std::os::windows::io::BorrowedSocket<'static> {
    // Windows gives sockets numbers that fit 32 bits, and librdkafka keeps them so.
    let raw = u64::from(socket.cast_unsigned());
    // SAFETY: the caller's promise.
    unsafe { std::os::windows::io::BorrowedSocket::borrow_raw(raw) }
}
