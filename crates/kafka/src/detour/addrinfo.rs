//! Addresses as the system's resolver gives them to C.
#![expect(unsafe_code, reason = "makes and frees a list for a C library")]

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::ptr;

use socket2::{Protocol, SockAddr, Type};

/// The system's `struct addrinfo`.
#[cfg(unix)]
pub(crate) type AddrInfo = libc::addrinfo;
/// The system's `struct addrinfo`.
#[cfg(windows)]
pub(crate) type AddrInfo = windows_sys::Win32::Networking::WinSock::ADDRINFOA;

/// One entry of a list, with the address that it points to.
#[repr(C)]
struct Link {
    // First, so that a pointer to it is one to its link.
    info: AddrInfo,
    address: SockAddr,
}

/// A list of `addresses` in their order, to be given back to [`free`]; null if there are none.
pub(super) fn list(addresses: &[SocketAddr]) -> *mut AddrInfo {
    let mut next: *mut AddrInfo = ptr::null_mut();
    for address in addresses.iter().rev() {
        // SAFETY: numbers and pointers, for which zeros are values.
        let info: AddrInfo = unsafe { MaybeUninit::zeroed().assume_init() };
        let link = Box::into_raw(Box::new(Link {
            info,
            address: SockAddr::from(*address),
        }));
        // SAFETY: just made, and not shared yet. The address lies in the same allocation as its entry, and C only reads
        // it.
        unsafe {
            let address = &(*link).address;
            let (family, length, place) = (address.family(), length(address), address.as_ptr());
            (*link).info.ai_family = c_int::from(family);
            (*link).info.ai_socktype = c_int::from(Type::STREAM);
            (*link).info.ai_protocol = c_int::from(Protocol::TCP);
            (*link).info.ai_addrlen = length;
            (*link).info.ai_addr = place.cast_mut().cast();
            (*link).info.ai_next = next;
        }
        next = link.cast();
    }
    next
}

#[cfg(unix)]
fn length(address: &SockAddr) -> libc::socklen_t {
    address.len()
}

#[cfg(windows)]
fn length(address: &SockAddr) -> usize {
    usize::try_from(address.len()).unwrap_or_default()
}

/// Frees a list; null is one.
///
/// # Safety
/// It was made by [`list`] and is not used any more.
pub(super) unsafe fn free(mut first: *mut AddrInfo) {
    while !first.is_null() {
        // SAFETY: the caller's promise: each entry is the beginning of a link that `list` took out of its box.
        let link = unsafe { Box::from_raw(first.cast::<Link>()) };
        first = link.info.ai_next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_every_address_in_its_order() {
        let given: [SocketAddr; 2] = ["127.0.0.1:9092".parse().unwrap(), "[::1]:9093".parse().unwrap()];
        let first = list(&given);
        let mut found = Vec::new();
        let mut entry = first;
        while !entry.is_null() {
            // SAFETY: an entry of the list that was just made; its address has the length it says.
            unsafe {
                let info = &*entry;
                let ((), address) = SockAddr::try_init(|storage, length| {
                    *length = info.ai_addrlen as _;
                    ptr::copy_nonoverlapping(
                        info.ai_addr.cast::<u8>(),
                        storage.cast::<u8>(),
                        info.ai_addrlen as _,
                    );
                    Ok(())
                })
                .unwrap();
                found.push(address.as_socket().unwrap());
                assert_eq!(info.ai_family, c_int::from(address.family()));
                entry = info.ai_next;
            }
        }
        assert_eq!(found, given);
        // SAFETY: made above.
        unsafe { free(first) };
        assert!(list(&[]).is_null());
    }
}
