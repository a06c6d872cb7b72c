//! Configuration files: the servers in them, and clients of those.

use std::ffi::{CString, c_char};

use crate::base::error::Error;
use crate::client::Config;
use crate::ffi::argument::{lent, optional_text, text};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard_or, read_or};
use crate::ffi::handle::{give, peek, take};

/// A CONFIGURATION FILE of an MCP host, read once: the servers in it, in their
/// order.
///
/// It is JSON, in which comments and commas at the end are allowed, of up to
/// 1 MiB: an object "mcpServers" as Claude, Cursor and FastMCP have it, or
/// "servers" as VS Code has it, or a whole file that is such an object.  A
/// server has:
///
/// - "url", and may have "headers", "transport" or "type" ("http",
///   "streamable-http", "sse") and "auth": the bearer token without the word
///   "Bearer", or for OAuth "oauth", or an object that may have "CLIENT_ID",
///   "CLIENT_SECRET" and "scopes";
/// - or "command", and may have "args", "env", "cwd", "type" ("stdio") and
///   "envFile", a file of NAME=VALUE lines beside the configuration file;
/// - "timeout" in milliseconds: see mcp_client_set_timeout();
/// - "disabled".
///
/// Other keys are passed over, and null is as if the key were not there.
///
/// In these texts, names of headers and variables aside, `${NAME}` and
/// `${env:NAME}` stand for an environment variable and `${NAME:-default}` for
/// one that may be unset or empty; every other "$" stands for itself.  They
/// are replaced when a client is made.  What an editor would fill in is an
/// error that says so: `${input:ID}`, `${command:ID}`, and
/// `${workspaceFolder}` unless an environment variable has that name.
///
/// The message of an error has file, line and key, such as
/// "mcp.json:7: mcpServers.weather.args[2]: ...", and none of the values of
/// headers, tokens and variables.
#[derive(Debug)]
pub struct mcp_config {
    inner: Config,
    servers: Vec<Server>,
    warnings: Vec<CString>,
}

#[derive(Debug)]
struct Server {
    name: CString,
    url: Option<CString>,
    command: Option<CString>,
}

impl From<Config> for mcp_config {
    fn from(inner: Config) -> Self {
        let servers = inner.entries.iter().map(|entry| Server {
            name: lent(&entry.name),
            url: entry.url().map(lent),
            command: entry.command().map(lent),
        });
        let servers = servers.collect();
        let warnings = inner.warnings.iter().map(|warning| lent(warning)).collect();
        Self { inner, servers, warnings }
    }
}

/// Reads a configuration file and checks all of it.
///
/// `path`: a regular file.  Returns a handle to free with mcp_config_free(),
/// or NULL with the last error set: MCP_E_NOT_FOUND for a file that is not
/// there, MCP_E_TOO_LARGE, MCP_E_INVALID_ARGUMENT for one that cannot be read
/// and for all that is wrong in it.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_load(path: *const c_char) -> *mut mcp_config {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header asks for a text or NULL.
        let path = unsafe { text(path, "path") }?;
        Ok(give(Config::load(path)?.into()))
    })
}

/// Releases a configuration, overwriting its secrets.
///
/// `config`: one that no other thread is using and that is not used again, or
/// NULL.  Clients that were made of it outlive it.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_free(config: *mut mcp_config) {
    read_or((), || {
        // SAFETY: the header asks for NULL or a configuration that is not used
        // again.
        drop(unsafe { take(config) });
        Some(())
    });
}

/// Gives the number of servers, disabled ones among them.
///
/// `config`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_count(config: *const mcp_config) -> usize {
    // SAFETY: the header asks for NULL or a live configuration.
    let config = unsafe { peek(config) };
    read_or(0, || Some(config?.servers.len()))
}

/// Gives the name of a server by its place; NULL past the end.
///
/// `config`: NULL gives NULL.  `index`: from 0 on.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_name(config: *const mcp_config, index: usize) -> *const c_char {
    // SAFETY: the header asks for NULL or a live configuration.
    unsafe { server(config, index, |server| Some(&server.name)) }
}

/// Gives the address of a server by its place, as it is written in the file,
/// without what its references stand for.
///
/// `config`: NULL gives NULL.  `index`: from 0 on.  NULL past the end and for
/// a program at stdio.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_url(config: *const mcp_config, index: usize) -> *const c_char {
    // SAFETY: the header asks for NULL or a live configuration.
    unsafe { server(config, index, |server| server.url.as_ref()) }
}

/// Gives the program of a server by its place, as it is written in the file
/// and without its arguments.
///
/// `config`: NULL gives NULL.  `index`: from 0 on.  NULL past the end and for
/// a server behind HTTP.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_command(
    config: *const mcp_config,
    index: usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live configuration.
    unsafe { server(config, index, |server| server.command.as_ref()) }
}

/// # Safety
///
/// `config` is NULL or a live configuration.
unsafe fn server(
    config: *const mcp_config,
    index: usize,
    part: fn(&Server) -> Option<&CString>,
) -> *const c_char {
    // SAFETY: as the caller says.
    let config = unsafe { peek(config) };
    read_or(std::ptr::null(), || {
        config?.servers.get(index).and_then(part).map(|text| text.as_ptr())
    })
}

/// Gives the number of warnings about the file.
///
/// There is one when users other than the file's owner may read tokens,
/// headers or variables that are written out in it, one for each name that is
/// there twice, and one when there are both "mcpServers", which counts, and
/// "servers".  `config`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_warning_count(config: *const mcp_config) -> usize {
    // SAFETY: the header asks for NULL or a live configuration.
    let config = unsafe { peek(config) };
    read_or(0, || Some(config?.warnings.len()))
}

/// Gives a warning by its place; NULL past the end.
///
/// `config`: NULL gives NULL.  `index`: from 0 on.  It is written like the
/// message of an error.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_warning(
    config: *const mcp_config,
    index: usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live configuration.
    let config = unsafe { peek(config) };
    read_or(std::ptr::null(), || config?.warnings.get(index).map(|text| text.as_ptr()))
}

/// Makes a client of a server of the file, with its token, headers and
/// timeout.
///
/// `config`: not changed.  `name`: the server's; NULL for the only one that
/// is not disabled.
///
/// Where "auth" says OAuth, the client has an authorization of its own, of
/// MCP_GRANT_AUTHORIZATION_CODE and with what the file says.  It keeps nothing
/// and shows no page, so that a sign-in that is needed is MCP_E_UNAUTHORIZED:
/// set the browser and the store of mcp_client_auth() before the first call,
/// or another authorization with mcp_client_set_auth().
///
/// Reads the environment, and a file that "envFile" names; nothing is sent.
/// Returns a handle to free with mcp_client_free(), or NULL with the last
/// error set: MCP_E_NOT_FOUND, whose message lists the names there are;
/// MCP_E_STATE for a server that is disabled; MCP_E_UNSUPPORTED for one that
/// needs an editor; MCP_E_INVALID_ARGUMENT for a variable that is not set, and
/// for what mcp_client_new(), mcp_client_set_header() and mcp_auth_set_client()
/// refuse.
/// Threads: any, while none changes the environment.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_client(
    config: *const mcp_config,
    name: *const c_char,
) -> *mut mcp_client {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header asks for NULL or a live configuration, and for a
        // text or NULL.
        let (config, name) = unsafe { (peek(config), optional_text(name, "name")?) };
        let config = config.ok_or_else(|| Error::argument("config is NULL"))?;
        Ok(give(mcp_client::new(config.inner.client(name)?)))
    })
}

/// Makes a client from a configuration file: mcp_config_load(),
/// mcp_config_client() and mcp_config_free() in one, without the warnings.
///
/// `path`, `name`: as there.  Returns a handle to free with
/// mcp_client_free(), or NULL with the last error set to one of theirs.
/// Threads: any, while none changes the environment.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_new_config(
    path: *const c_char,
    name: *const c_char,
) -> *mut mcp_client {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header asks for texts or NULL.
        let (path, name) = unsafe { (text(path, "path")?, optional_text(name, "name")?) };
        Ok(give(mcp_client::new(Config::load(path)?.client(name)?)))
    })
}
