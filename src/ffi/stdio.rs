//! A server that is a program of this machine, or at the other end of open
//! descriptors.

use std::ffi::{CStr, OsString, c_char};
use std::sync::Arc;

use crate::base::error::{Error, Result};
use crate::client::{Client, StandardError};
use crate::ffi::argument::{optional_text, text};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard, guard_or};
use crate::ffi::handle::{borrow, give};
use crate::ffi::library::*;
use crate::platform::{Descriptor, os_string};

/// Makes a client of a server that is a program, spoken to over its standard
/// input and output.
///
/// `argv`: the program and its arguments, ended by a NULL; copied.  A program
/// without a slash is looked for in the PATH.  No shell is involved.
///
/// Nothing is started yet: the first call does that, and a call after the
/// program has ended starts it again, see mcp_client_set_restart().  The
/// program gets HOME, LOGNAME, PATH, SHELL, TERM and USER of this environment
/// and what mcp_client_set_env() adds; no descriptor but its standard ones; a
/// process group of its own.  mcp_client_close() ends it: its standard input
/// is closed; if it runs on, it gets SIGTERM after two seconds and SIGKILL
/// after four, with its group.  Processes of the group that outlive it get
/// SIGTERM when it has ended, and SIGKILL two seconds later.  A process that
/// has left the group, for instance by setsid(), is not reached.  No handler
/// of SIGCHLD is needed or set.
///
/// Calls are those of every client.  What is of HTTP alone is
/// MCP_E_UNSUPPORTED: tokens, headers, proxies, certificates.  A program that
/// cannot be started, or ends while a call waits, makes that MCP_E_PROCESS:
/// mcp_error_exit_status() has its status, and the message the end of what it
/// wrote to its standard error.
///
/// Returns a handle to free with mcp_client_free(), or NULL with the last
/// error set: MCP_E_INVALID_ARGUMENT, MCP_E_INTERNAL.
/// Threads: any, while none changes the environment.  Since: 0.1.0.
/// Spec: transports, stdio.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_new_stdio(argv: *const *const c_char) -> *mut mcp_client {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header asks for NULL or an array of texts that ends
        // with a NULL.
        let argv = unsafe { list(argv, "argv")? };
        Ok(give(mcp_client::new(Client::new_stdio(argv)?)))
    })
}

/// Makes a client that speaks over two descriptors which are already open: a
/// socket, pipes to a container, a server in this program.
///
/// `read_fd`: where the server's messages come from.  `write_fd`: where those
/// to the server go; it may be the same number.  Messages are JSON, one to a
/// line, as on stdio.  Both belong to the client from here on, also when NULL
/// is returned, unless the number is no open descriptor; they are set not to
/// block.  They are good for one session: once a stream has ended, calls are
/// MCP_E_IO.
///
/// Returns a handle to free with mcp_client_free(), or NULL with the last
/// error set: MCP_E_INVALID_ARGUMENT, MCP_E_INTERNAL.
/// Threads: any, while none changes the environment.  Since: 0.1.0.
/// Spec: transports, stdio.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_new_fds(read_fd: i32, write_fd: i32) -> *mut mcp_client {
    guard_or(std::ptr::null_mut(), || {
        let adopt = |fd, name: &str| {
            Descriptor::adopt(fd)
                .map_err(|_| Error::argument(format!("{name} {fd} is not an open descriptor")))
        };
        let input = adopt(read_fd, "read_fd")?;
        let output = if write_fd == read_fd {
            input.try_clone().map_err(|error| {
                Error::argument(format!("read_fd cannot be duplicated: {error}"))
            })?
        } else {
            adopt(write_fd, "write_fd")?
        };
        Ok(give(mcp_client::new(Client::new_fds(input, output)?)))
    })
}

/// Sets a variable in the environment of a server's process.
///
/// `name`: not empty and without "=".  `value`: NULL takes the variable away,
/// also one that every server gets.  Both are copied; a value of eight bytes
/// and more counts as a secret in messages.
///
/// Errors: MCP_E_INVALID_ARGUMENT; MCP_E_UNSUPPORTED for a client that does
/// not start its server; MCP_E_STATE while the process runs; MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_env(
    client: *mut mcp_client,
    name: *const c_char,
    value: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for texts.
        let (client, name, value) = unsafe {
            (borrow(client, "client")?, text(name, "name")?, optional_text(value, "value")?)
        };
        client.inner.set_environment(name, value)
    })
}

/// Sets the directory in which a server's process starts.
///
/// `path`: copied; NULL, as at first, is this process's own.  Errors: as for
/// mcp_client_set_env(); one that is not there is MCP_E_PROCESS at the first
/// call.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_directory(
    client: *mut mcp_client,
    path: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for a text.
        let (client, path) = unsafe { (borrow(client, "client")?, optional_text(path, "path")?) };
        client.inner.set_directory(path)
    })
}

/// Says what becomes of what a server's process writes to its standard error.
///
/// `choice`: MCP_STDERR_KEEP, as at first, reads it and keeps the last 8 KiB
/// for the message of MCP_E_PROCESS; MCP_STDERR_DISCARD; MCP_STDERR_INHERIT.
/// See mcp_client_set_stderr_fd() as well.  Errors: as for
/// mcp_client_set_env().
/// Threads: any.  Since: 0.1.0.  Spec: transports, stdio.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_stderr(client: *mut mcp_client, choice: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.set_stderr(match choice {
            MCP_STDERR_KEEP => StandardError::Keep,
            MCP_STDERR_DISCARD => StandardError::Discard,
            MCP_STDERR_INHERIT => StandardError::Inherit,
            _ => {
                let what = format!("choice {choice} is none of MCP_STDERR_");
                return Err(Error::argument(what));
            }
        })
    })
}

/// Sends what a server's process writes to its standard error to a descriptor
/// of yours: a file, a pipe that you read.
///
/// `fd`: duplicated.  Errors: as for mcp_client_set_env().
/// Threads: any.  Since: 0.1.0.  Spec: transports, stdio.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_stderr_fd(client: *mut mcp_client, fd: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let own = Descriptor::duplicate(fd)
            .map_err(|_| Error::argument(format!("fd {fd} is not an open descriptor")))?;
        client.inner.set_stderr(StandardError::Descriptor(Arc::new(own)))
    })
}

/// Says whether a call starts a server's process again that has ended.
///
/// `allow`: 1, as at first, or 0, with which calls are MCP_E_PROCESS from then
/// on.  A call that the process may have begun to execute is not repeated for
/// that, unless it may be, see mcp_client_set_repeat_tools().
///
/// Errors: MCP_E_UNSUPPORTED for a client that does not start its server,
/// MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_restart(client: *mut mcp_client, allow: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_restart(allow != 0)
    })
}

/// The most arguments of a program.
const MOST: usize = 4096;

/// Copies an array of texts that ends with a NULL.
///
/// # Safety
///
/// `array` is NULL or an array that ends with a NULL, of texts that end with
/// a NUL each.
unsafe fn list(array: *const *const c_char, name: &str) -> Result<Vec<OsString>> {
    if array.is_null() {
        return Err(Error::argument(format!("{name} is NULL")));
    }
    let mut all = Vec::new();
    for at in 0..=MOST {
        // SAFETY: within the array: no entry before was the last.
        let entry = unsafe { *array.add(at) };
        if entry.is_null() {
            return Ok(all);
        }
        // SAFETY: not NULL, and for the rest as the caller says.
        let text = unsafe { CStr::from_ptr(entry) };
        all.push(os_string(text.to_bytes()));
    }
    Err(Error::argument(format!("{name} has more than {MOST} entries")))
}
