//! The operating system and the processor: the only module that knows which ones
//! they are.
//!
//! This file is the interface. Each system has a half below it with the same
//! names: [`unix`] today. The rest of the crate uses the names that are
//! exported here, and no system call, no `cfg` of a system and no type of one
//! system. `tests/source` checks it.
//!
//! | subject | names |
//! |---|---|
//! | descriptors | [`Descriptor`], [`RawDescriptor`] |
//! | waiting | [`Poll`], [`poll`], [`POLLIN`], [`POLLOUT`]; [`Watch`] on the background thread |
//! | waking a wait | [`WakeUp`], [`PermanentWakeUp`] |
//! | sockets | [`set_up_socket`], [`begin_connect`], [`send`], [`send_several`], [`receive_into`], [`raw_socket`], [`lacks_address`] |
//! | child processes | [`ChildProcess`], [`ChildPipes`], [`Exit`], [`isolate`] |
//! | files | [`open_regular`], [`open_private`], [`make_private_folder`], [`is_same_file`], [`Access`], [`FileLock`] |
//! | folders and programs | [`state_folder`], [`BROWSER_OPENERS`], [`os_string`] |
//! | environment | [`each_variable`], [`os_str`] |
//! | certificates | [`system_certificates`], [`certificates_in`] |
//! | threads | [`without_signals`], [`Uncancelled`] |
//! | fork | [`PerProcess`], [`process_id`] |
//! | memory | [`wipe`], [`request_large_pages`] |
//! | text | [`text_of`], [`text_of_parts`], [`TextPrefix`]; in blocks [`first_special`], [`with_vectors`], [`append`] |
//!
//! A later Windows half needs the same interface. On Windows, `poll` waits for
//! sockets only. A [`Descriptor`] is a socket there, a [`WakeUp`] is a pair of
//! sockets, and two threads copy between the pipes of a child and a pair of
//! sockets.

#![allow(
    unsafe_code,
    reason = "system calls and vector instructions; each block says why it is sound"
)]

mod exit;
mod per_process;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(unix)]
mod unix;
mod utf8;
mod vector;
#[cfg(unix)]
use unix as system;
#[cfg(not(unix))]
compile_error!("src/platform has no half for this operating system yet");

pub(crate) use exit::Exit;
pub(crate) use per_process::PerProcess;
pub(crate) use system::certificates::{certificates_in, system_certificates};
pub(crate) use system::descriptor::Descriptor;
pub(crate) use system::environment::{each_variable, os_str};
pub(crate) use system::files::{
    Access, FileLock, is_same_file, make_private_folder, open_private, open_regular,
};
pub(crate) use system::folders::{BROWSER_OPENERS, os_string, state_folder};
pub(crate) use system::memory::{request_large_pages, wipe};
pub(crate) use system::poll::{POLLIN, POLLOUT, Poll, RawDescriptor, poll};
pub(crate) use system::process::{ChildPipes, ChildProcess, isolate};
pub(crate) use system::process_id::process_id;
pub(crate) use system::sockets::{
    begin_connect, lacks_address, raw_socket, receive_into, send, send_several, set_up_socket,
};
pub(crate) use system::threads::{Uncancelled, without_signals};
pub(crate) use system::wake_up::{PermanentWakeUp, WakeUp};
pub(crate) use system::watch::Watch;
pub(crate) use utf8::{TextPrefix, text_of, text_of_parts};
#[cfg(test)]
pub(crate) use vector::kinds::with_each as with_each_vectors;
pub(crate) use vector::{BLOCK, VectorLoop, Vectors, WIDE, append, first_special, with_vectors};
