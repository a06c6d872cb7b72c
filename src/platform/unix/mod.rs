//! The Unix half of the interface in [`crate::platform`]: Linux first, macOS,
//! Android and the BSDs where they differ.

pub(super) mod certificates;
pub(super) mod descriptor;
pub(super) mod environment;
pub(super) mod files;
pub(super) mod folders;
pub(super) mod memory;
pub(super) mod poll;
pub(super) mod process;
pub(super) mod process_id;
pub(super) mod sockets;
pub(super) mod threads;
pub(super) mod wake_up;
pub(super) mod watch;
