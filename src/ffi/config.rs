//! Configuration files: lists their servers, and makes clients for them.

use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use crate::base::error::{Error, Status};
use crate::client::Config;
use crate::ffi::argument::{lent, optional_text, sized_text, text};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard_or, read_or};
use crate::ffi::handle::{give, peek, take};
use crate::ffi::last_error::mcp_error;

/// A CONFIGURATION FILE of an MCP host, read once.  It lists servers, in the
/// order of the file.
///
/// Read it with mcp_config_load().  For each index below mcp_config_count(),
/// mcp_config_status() says whether the server can be used, and
/// mcp_config_error() why not.  Make a client of a server with
/// mcp_config_new_client() and its mcp_config_name(), and free the
/// configuration.
///
/// The file is JSON of up to 1 MiB; comments and trailing commas are allowed.
/// The servers are in an object "mcpServers" (Claude, Cursor, Windsurf,
/// Cline, Gemini CLI, FastMCP), "servers" or "mcp.servers" (VS Code),
/// "context_servers" (Zed) or "mcp" (opencode), or the whole file is such an
/// object.  A server has:
///
/// - "url", "httpUrl" or "serverUrl"; and optionally "headers", "transport"
///   or "type" ("http", "streamable-http", "sse") and "auth".  "auth" is the
///   bearer token without the word "Bearer"; or, for OAuth, "oauth" or an
///   object, which may have "CLIENT_ID", "CLIENT_SECRET" and "scopes";
/// - or "command"; and optionally "args", "env", "cwd", "type" ("stdio") and
///   "envFile", a file of NAME=VALUE lines, whose path is relative to the
///   configuration file.  "command" may be an object with "path", "args" and
///   "env" (Zed);
/// - optionally "timeout" in milliseconds, see mcp_client_set_timeout().  A
///   number below 1000 is in seconds if the server has "autoApprove" or
///   "alwaysAllow" (Cline, Roo Code);
/// - optionally a key that switches the server off: "disabled" that is true,
///   "enabled" or "isActive" that is false, and other spellings of them.
///   Lists of names in the file do the same, such as "disabledMcpServers"
///   and, in "mcp", "excluded" and "allowed" (Gemini CLI).
///
/// Other keys are ignored.  A key whose value is null counts as absent, and
/// so does an empty text for a program, an address or a path.
///
/// A server that cannot be used does not affect the others: see
/// mcp_config_status().
///
/// These texts, except the names of headers and variables, may contain
/// references.  `${NAME}` and `${env:NAME}` are replaced by the value of an
/// environment variable.  `${NAME:-default}` is replaced by the default if
/// the variable is unset or empty.  Any other "$" is an ordinary character.
/// The references are replaced when a client is made.  A reference that only
/// an editor can replace is an error that says so: `${input:ID}`,
/// `${command:ID}`, and `${workspaceFolder}` unless an environment variable
/// has that name.
///
/// The message of an error contains the file, the line and the key, such as
/// "mcp.json:7: mcpServers.weather.args[2]: ...".  It never contains the
/// value of a header, a token or a variable.
#[derive(Debug)]
pub struct mcp_config {
    inner: Config,
    servers: Vec<ListedServer>,
    warnings: Vec<CString>,
}

#[derive(Debug)]
struct ListedServer {
    name: CString,
    url: Option<CString>,
    command: Option<CString>,
    /// Why it cannot be used. It is found out at the first use.
    fault: OnceLock<Option<Box<mcp_error>>>,
}

impl From<Config> for mcp_config {
    fn from(inner: Config) -> Self {
        let servers = inner.entries.iter().map(|entry| ListedServer {
            name: lent(&entry.name),
            url: entry.url().map(lent),
            command: entry.command().map(lent),
            fault: OnceLock::new(),
        });
        let servers = servers.collect();
        let warnings = inner.warnings.iter().map(|warning| lent(warning)).collect();
        Self { inner, servers, warnings }
    }
}

/// Reads a configuration file and checks all of it.
///
/// `path`: a regular file.
///
/// A mistake in one server is no failure: mcp_config_status() and a warning
/// report it.
///
/// Returns a handle to free with mcp_config_free(), or NULL with the last
/// error set: MCP_E_NOT_FOUND for a file that does not exist;
/// MCP_E_TOO_LARGE; MCP_E_INVALID_ARGUMENT for a file that cannot be read, is
/// not JSON or has no servers.  For a file in TOML or YAML the message names
/// the key to write in JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_load(path: *const c_char) -> *mut mcp_config {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header requires NULL or a text.
        let path = unsafe { text(path, "path") }?;
        Ok(give(Config::load(path)?.into()))
    })
}

/// Does what mcp_config_load() does, with the text of a configuration file.
///
/// `json`: `len` bytes of UTF-8; no NUL is needed at the end.
/// `len`: the length in bytes, at most 1 MiB.
/// `directory`: the directory to which the paths of "envFile" are relative;
/// NULL means the current directory.  It need not exist.
///
/// Messages contain "json" in place of the file, such as
/// "json:7: mcpServers.weather.args[2]: ...".
///
/// Returns a handle to free with mcp_config_free(), or NULL with the last
/// error set: MCP_E_TOO_LARGE; MCP_E_INVALID_ARGUMENT for a text that is not
/// JSON or has no servers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_parse(
    json: *const c_char,
    len: usize,
    directory: *const c_char,
) -> *mut mcp_config {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header requires NULL or `len` readable bytes, and NULL
        // or a text.
        let (json, directory) =
            unsafe { (sized_text(json, len, "json")?, optional_text(directory, "directory")?) };
        Ok(give(Config::parse(json, directory)?.into()))
    })
}

/// Releases a configuration and overwrites its secrets.
///
/// `config`: a configuration that no other thread is using and that is not
/// used again, or NULL.
///
/// Clients made from it stay valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_free(config: *mut mcp_config) {
    read_or((), || {
        // SAFETY: the header requires NULL or a configuration that is not used
        // again.
        drop(unsafe { take(config) });
        Some(())
    });
}

/// Returns the number of servers, including those that are disabled or cannot
/// be used.
///
/// `config`: NULL gives 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_count(config: *const mcp_config) -> usize {
    // SAFETY: the header requires NULL or a live configuration.
    let config = unsafe { peek(config) };
    read_or(0, || Some(config?.servers.len()))
}

/// Returns the name of a server by its index.
///
/// `config`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_name(config: *const mcp_config, index: usize) -> *const c_char {
    // SAFETY: the header requires NULL or a live configuration.
    unsafe { server(config, index, |server| Some(&server.name)) }
}

/// Returns the URL of a server by its index, as it is written in the file;
/// references are not replaced.
///
/// `config`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end, for a server that is a program on
/// stdio, and for one that cannot be used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_url(config: *const mcp_config, index: usize) -> *const c_char {
    // SAFETY: the header requires NULL or a live configuration.
    unsafe { server(config, index, |server| server.url.as_ref()) }
}

/// Returns the program of a server by its index, as it is written in the
/// file, without its arguments.
///
/// `config`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end, for a server that is reached by
/// HTTP, and for one that cannot be used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_command(
    config: *const mcp_config,
    index: usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live configuration.
    unsafe { server(config, index, |server| server.command.as_ref()) }
}

/// # Safety
///
/// `config` is NULL or a live configuration.
unsafe fn server(
    config: *const mcp_config,
    index: usize,
    part: fn(&ListedServer) -> Option<&CString>,
) -> *const c_char {
    // SAFETY: guaranteed by the caller.
    let config = unsafe { peek(config) };
    read_or(std::ptr::null(), || {
        config?.servers.get(index).and_then(part).map(|text| text.as_ptr())
    })
}

/// Returns whether a server can be used, by its index: MCP_OK if
/// mcp_config_new_client() makes a client for it; MCP_E_STATE if it is
/// disabled; otherwise the status with which mcp_config_new_client() fails.
///
/// `config`: NULL gives MCP_E_INVALID_ARGUMENT.
/// `index`: starts at 0; MCP_E_INVALID_ARGUMENT past the end.
///
/// The first call for a server reads the environment, and the file that
/// "envFile" names.  Later calls return the same.  Sends nothing, and does
/// not change the last error.
///
/// When: while no thread changes the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_status(config: *const mcp_config, index: usize) -> i32 {
    // SAFETY: the header requires NULL or a live configuration.
    let config = unsafe { peek(config) };
    read_or(Status::InvalidArgument as i32, || {
        let fault = config?.fault(index)?;
        Some(fault.map_or(Status::Ok, |fault| fault.error.status()) as i32)
    })
}

/// Returns why a server cannot be used, by its index.
///
/// `config`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
///
/// Returns an error for mcp_error_message() and the other mcp_error_
/// functions; NULL if mcp_config_status() is MCP_OK.  The message contains
/// the file, the line and the key.  The error is borrowed: valid until
/// mcp_config_free().
///
/// When: while no thread changes the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_error(
    config: *const mcp_config,
    index: usize,
) -> *const mcp_error {
    // SAFETY: the header requires NULL or a live configuration.
    let config = unsafe { peek(config) };
    read_or(std::ptr::null(), || config?.fault(index)?.map(std::ptr::from_ref))
}

impl mcp_config {
    /// Why a server cannot be used. The outer `None`: there is no such server.
    fn fault(&self, index: usize) -> Option<Option<&mcp_error>> {
        let server = self.servers.get(index)?;
        let fault = || self.inner.fault(index).map(|error| Box::new(mcp_error::new(error)));
        Some(server.fault.get_or_init(fault).as_deref())
    }
}

/// Returns a warning by its index, in the form of an error's message.
///
/// `config`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_warning(
    config: *const mcp_config,
    index: usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live configuration.
    let config = unsafe { peek(config) };
    read_or(std::ptr::null(), || config?.warnings.get(index).map(|text| text.as_ptr()))
}

/// Makes a client for a server of the file, with the server's token, headers
/// and timeout.
///
/// `config`: not changed.
/// `name`: the server's name; NULL for the only server that is neither
/// disabled nor has a mistake in the file.
///
/// If "auth" says OAuth, the client has an authorization with the grant
/// MCP_GRANT_AUTHORIZATION_CODE and the values of the file.  This
/// authorization stores no tokens and opens no web page: where a sign-in is
/// needed, the call returns MCP_E_UNAUTHORIZED.  Before the first call, set
/// the browser and the store of mcp_client_ref_auth(), or another
/// authorization with mcp_client_set_auth().
///
/// Reads the environment, and the file that "envFile" names.  Sends nothing.
///
/// Returns a handle to free with mcp_client_free(), or NULL with the last
/// error set: MCP_E_NOT_FOUND for an unknown name, with a message that lists
/// the known names; MCP_E_STATE for a server that is disabled;
/// MCP_E_UNSUPPORTED for a reference that only an editor can replace;
/// MCP_E_INVALID_ARGUMENT for a variable that is not set, and for values that
/// mcp_client_new(), mcp_client_set_header() or mcp_auth_set_client()
/// refuses, and for a mistake in this server's part of the file.
///
/// When: while no thread changes the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_config_new_client(
    config: *const mcp_config,
    name: *const c_char,
) -> *mut mcp_client {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header requires NULL or a live configuration, and NULL or
        // a text.
        let (config, name) = unsafe { (peek(config), optional_text(name, "name")?) };
        let config = config.ok_or_else(|| Error::argument("config is NULL"))?;
        Ok(mcp_client::give(config.inner.client(name)?))
    })
}
