//! A port that a server may leave and take again.

use std::io;
use std::net::TcpListener;
use std::os::fd::{FromRawFd, OwnedFd};

/// A port of 127.0.0.1 that the system gives to nobody else while no server
/// listens on it.
pub struct HeldPort {
    pub port: u16,
    _held: TcpListener,
}

impl HeldPort {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let address = libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: 0,
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
            sin_zero: [0; 8],
        };
        let on: libc::c_int = 1;
        // SAFETY: the descriptor is new, and the structures are valid for the calls,
        // which copy them.
        let held = unsafe {
            let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
            assert!(fd >= 0, "{}", io::Error::last_os_error());
            let held = OwnedFd::from_raw_fd(fd);
            // A listener may have the same port, as it has this option as well.
            let (on, length) = ((&raw const on).cast(), size_of_val(&on) as libc::socklen_t);
            assert_eq!(libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, on, length), 0);
            let length = size_of_val(&address) as libc::socklen_t;
            assert_eq!(libc::bind(fd, (&raw const address).cast(), length), 0);
            held
        };
        // It never listens.
        let held = TcpListener::from(held);
        Self { port: held.local_addr().unwrap().port(), _held: held }
    }
}
