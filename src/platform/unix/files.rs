//! Files that no other user may change, and locks.

use std::fmt;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Opens a file for reading. Does not wait for the writer of a FIFO: the
/// caller checks that it is a regular file.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

/// Opens or makes a file that only its owner has access to. Does not follow
/// a symbolic link, and does not wait for the writer of a FIFO.
pub(crate) fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
}

/// Makes a folder that only its owner has access to.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Whether both describe the same file.
pub(crate) fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

const ROOT: u32 = 0;

/// The owner and the access rights of a file or folder. It is displayed as the
/// mode that chmod takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    owner: u32,
    mode: u32,
}

impl Access {
    pub(crate) fn of(about: &Metadata) -> Self {
        Self { owner: about.uid(), mode: about.mode() & 0o7777 }
    }

    #[cfg(test)]
    pub(crate) fn with_mode(mode: u32) -> Self {
        Self { owner: Self::user(), mode: mode & 0o7777 }
    }

    /// The number of the user that owns it.
    pub(crate) fn owner(self) -> u32 {
        self.owner
    }

    /// The number of the user whose files this process makes.
    pub(crate) fn user() -> u32 {
        // SAFETY: takes nothing and cannot fail.
        unsafe { libc::geteuid() }
    }

    /// Whether this user owns it.
    pub(crate) fn is_own(self) -> bool {
        self.owner == Self::user()
    }

    /// Whether this user or the administrator owns it.
    pub(crate) fn is_own_or_of_system(self) -> bool {
        self.is_own() || self.owner == ROOT
    }

    /// Whether other users may read it, change it or execute it.
    pub(crate) fn is_open_to_others(self) -> bool {
        self.mode & 0o077 != 0
    }

    pub(crate) fn is_readable_by_others(self) -> bool {
        self.mode & 0o044 != 0
    }

    pub(crate) fn is_writable_by_others(self) -> bool {
        self.mode & 0o022 != 0
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04o}", self.mode)
    }
}

/// A file that this open file alone has locked. Dropping it releases the lock;
/// the system releases it when the process ends in any way.
#[derive(Debug)]
pub(crate) struct FileLock(File);

impl FileLock {
    /// Locks a file; `None` while another open file has it locked.
    pub(crate) fn try_lock(file: File) -> io::Result<Option<Self>> {
        // SAFETY: takes two numbers; the descriptor is open.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
            return Ok(Some(Self(file)));
        }
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(None),
            _ => Err(error),
        }
    }
}

impl Drop for FileLock {
    /// Unlocks it explicitly: the child of a fork may still have it open.
    fn drop(&mut self) {
        // SAFETY: takes two numbers; the descriptor is open.
        unsafe { libc::flock(self.0.as_raw_fd(), libc::LOCK_UN) };
    }
}
