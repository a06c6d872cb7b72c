//! What differs between the sockets of systems. The rest is [`socket2`]'s.

use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;

use socket2::{SockAddr, Socket};

use crate::platform::unix::poll::RawDescriptor;

/// The number to wait for a socket with.
#[inline]
pub(crate) fn raw_socket(socket: &Socket) -> RawDescriptor {
    socket.as_raw_fd()
}

/// Makes a new socket non-blocking, and keeps SIGPIPE from the application
/// where that is an option of the socket.
pub(crate) fn set_up_socket(socket: &Socket) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    #[cfg(target_vendor = "apple")]
    socket.set_nosigpipe(true)?;
    Ok(())
}

/// Begins to connect, and returns whether the connection is made already. If
/// not, the socket becomes writable when it is made or has failed.
pub(crate) fn begin_connect(socket: &Socket, address: &SockAddr) -> io::Result<bool> {
    match socket.connect(address) {
        Ok(()) => Ok(true),
        Err(error)
            if error.raw_os_error() == Some(libc::EINPROGRESS)
                || error.kind() == io::ErrorKind::WouldBlock =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Sends without raising SIGPIPE.
#[inline]
pub(crate) fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    socket.send_with_flags(bytes, NO_SIGPIPE)
}

/// Sends several parts in one system call, without raising SIGPIPE.
pub(crate) fn send_several(socket: &Socket, parts: &[IoSlice<'_>]) -> io::Result<usize> {
    socket.send_vectored_with_flags(parts, NO_SIGPIPE)
}

/// Receives at most `most` bytes behind those of a vector that has room for more.
/// The room is not initialized before.
pub(crate) fn receive_into(socket: &Socket, out: &mut Vec<u8>, most: usize) -> io::Result<usize> {
    let room = out.spare_capacity_mut();
    let length = most.min(room.len());
    let count = socket.recv(room.get_mut(..length).unwrap_or_default())?;
    // SAFETY: the system has initialized `count` bytes of the vector's capacity.
    unsafe { out.set_len(out.len() + count.min(length)) };
    Ok(count)
}

/// Whether this machine does not have the address that a socket was to be
/// bound to, or none of its family.
pub(crate) fn lacks_address(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

#[cfg(not(target_vendor = "apple"))]
const NO_SIGPIPE: libc::c_int = libc::MSG_NOSIGNAL;
#[cfg(target_vendor = "apple")]
const NO_SIGPIPE: libc::c_int = 0;
