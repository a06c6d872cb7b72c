//! Clients of a server that is a program on this machine, or at the other end of
//! descriptors that are already open.

use std::ffi::{CStr, OsString, c_char};
use std::sync::Arc;

use crate::base::error::{Error, Result};
use crate::client::{Client, StandardError};
use crate::ffi::argument::{optional_text, text};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard, guard_or};
use crate::ffi::handle::borrow;
use crate::ffi::library::*;
use crate::platform::{Descriptor, os_string};

/// Makes a client of a server that is a program; the library talks to it over
/// its standard input and output.
///
/// `argv`: the program and its arguments, ended by a null pointer; copied.  A
/// program without a slash is searched for in the PATH.  No shell is
/// involved.
///
/// This function does not start the program.  The first call starts it, and a
/// call after the program has ended starts it again; see
/// MCP_ALLOW_RESTART.  The program gets the environment variables
/// HOME, LOGNAME, PATH, SHELL, TERM and USER of the application, and those of
/// mcp_client_set_env().  It inherits no descriptor except its standard ones.
/// It runs in a process group of its own.
///
/// mcp_client_close() ends the program.  It closes the program's standard
/// input.  If the program is still running, its process group gets SIGTERM
/// after two seconds and SIGKILL after four.  Processes of the group that
/// outlive the program get SIGTERM when it has ended, and SIGKILL two seconds
/// later.  A process that has left the group, for example with setsid(), gets
/// no signal.  The library neither needs nor sets a handler for SIGCHLD.
///
/// All calls work as with other clients.  Tokens, headers, proxies and
/// certificates belong to HTTP: the functions that set them return
/// MCP_E_UNSUPPORTED.  If the program cannot be started, or ends while a call
/// waits, the call returns MCP_E_PROCESS.  mcp_error_exit_status() then
/// returns the program's exit status, and the message has the first
/// and the last lines of what the program wrote to its standard error.
///
/// Returns a handle to free with mcp_client_free(), or NULL with the last
/// error set: MCP_E_INVALID_ARGUMENT, MCP_E_INTERNAL.
///
/// When: while no thread changes the environment.
/// Spec: transports, stdio.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_new_stdio(argv: *const *const c_char) -> *mut mcp_client {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header requires NULL or an array of texts that ends
        // with a NULL.
        let argv = unsafe { argument_list(argv, "argv")? };
        Ok(mcp_client::give(Client::new_stdio(argv)?))
    })
}

/// Makes a client that uses two descriptors that are already open, such as a
/// socket, pipes to a container, or a server inside the application.
///
/// `read_fd`: the library reads the server's messages from it.
/// `write_fd`: the library writes messages to the server to it.  It may be
/// the same number as `read_fd`.
///
/// Each message is one line of JSON, as on stdio.  Both descriptors belong to
/// the client from now on, also if this function returns NULL, unless a
/// number is not an open descriptor.  The library sets them to non-blocking.
/// They serve one session: once a stream has ended, calls return MCP_E_IO.
///
/// Returns a handle to free with mcp_client_free(), or NULL with the last
/// error set: MCP_E_INVALID_ARGUMENT, MCP_E_INTERNAL.
///
/// When: while no thread changes the environment.
/// Spec: transports, stdio.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_new_fds(read_fd: mcp_fd, write_fd: mcp_fd) -> *mut mcp_client {
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
        Ok(mcp_client::give(Client::new_fds(input, output)?))
    })
}

/// Sets an environment variable of a server process.
///
/// `name`: not empty, without "=".  Copied.
/// `value`: copied; NULL removes the variable, even one that every server
/// gets.  A value is treated as a secret in messages if the name says that it
/// is one (API_KEY, TOKEN, DB_PASSWORD, ...), or the value itself does (a URL
/// with a password, a private key, a token with a known prefix).
///
/// Errors: MCP_E_UNSUPPORTED for a client that does not start its server;
/// MCP_E_STATE while the process runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_env(
    client: *mut mcp_client,
    name: *const c_char,
    value: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and for texts.
        let (client, name, value) = unsafe {
            (borrow(client, "client")?, text(name, "name")?, optional_text(value, "value")?)
        };
        client.inner.set_environment(name, value)
    })
}

/// Sets the directory in which a server process starts.
///
/// `path`: copied; NULL, which is the default, means the current directory of
/// the application.
///
/// Errors: those of mcp_client_set_env().  If the directory does not exist, the
/// first call returns MCP_E_PROCESS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_directory(
    client: *mut mcp_client,
    path: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and for a text.
        let (client, path) = unsafe { (borrow(client, "client")?, optional_text(path, "path")?) };
        client.inner.set_directory(path)
    })
}

/// Sets what happens to the standard error of a server process.
///
/// `choice`: one of MCP_STDERR_.  MCP_STDERR_KEEP is the default: the library
/// reads the output, and keeps its first 2 KiB and its last 6 KiB, as lines,
/// for the messages of MCP_E_PROCESS and MCP_E_TIMEOUT.
/// `fd`: for MCP_STDERR_FD, a descriptor that is duplicated; ignored for other
/// choices: pass MCP_FD_NONE.
///
/// Errors: those of mcp_client_set_env(); MCP_E_INVALID_ARGUMENT also for a
/// number that is not an open descriptor.
///
/// Spec: transports, stdio.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_stderr(
    client: *mut mcp_client,
    choice: i32,
    fd: mcp_fd,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.set_stderr(match choice {
            MCP_STDERR_KEEP => StandardError::Keep,
            MCP_STDERR_DISCARD => StandardError::Discard,
            MCP_STDERR_INHERIT => StandardError::Inherit,
            MCP_STDERR_FD => {
                let own = Descriptor::duplicate(fd)
                    .map_err(|_| Error::argument(format!("fd {fd} is not an open descriptor")))?;
                StandardError::Descriptor(Arc::new(own))
            }
            _ => {
                let what = format!("choice {choice} is not one of MCP_STDERR_");
                return Err(Error::argument(what));
            }
        })
    })
}

/// The largest number of arguments of a program.
const MOST: usize = 4096;

/// Copies an array of arguments that ends with a NULL.
///
/// # Safety
///
/// `array` is NULL, or an array of texts that ends with a NULL. Each text ends
/// with a NUL.
unsafe fn argument_list(array: *const *const c_char, name: &str) -> Result<Vec<OsString>> {
    if array.is_null() {
        return Err(Error::argument(format!("{name} is NULL")));
    }
    let mut all = Vec::new();
    for at in 0..=MOST {
        // SAFETY: inside the array, because no earlier entry was the NULL.
        let entry = unsafe { *array.add(at) };
        if entry.is_null() {
            return Ok(all);
        }
        // SAFETY: not NULL; the caller guarantees the rest.
        let text = unsafe { CStr::from_ptr(entry) };
        all.push(os_string(text.to_bytes()));
    }
    Err(Error::argument(format!("{name} has more than {MOST} entries")))
}
