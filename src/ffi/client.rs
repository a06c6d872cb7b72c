//! Making, configuring, closing and freeing a client.

use std::ffi::{CString, c_char, c_void};
use std::sync::{Arc, Mutex};

use crate::base::sync::lock;
use crate::client::{Client, TransportInUse};
use crate::ffi::argument::{lent, optional_text, text};
use crate::ffi::callback::UserData;
use crate::ffi::guard::{guard, guard_or, read_or};
use crate::ffi::handle::{Handle, borrow, give, peek, take};
use crate::ffi::library::*;
use crate::platform::process_id;

/// A CLIENT of one server.  It holds everything that is needed to talk to the
/// server: the address, the credentials, the negotiated protocol revision and
/// session, and a pool of connections.
///
/// mcp_client_new() makes a client for a server that is reached by HTTP, and
/// mcp_client_new_stdio() makes one for a server that is a program.  Neither
/// does I/O: the first call connects.  Set the options first, then share the
/// handle.  Every thread may make calls with it at the same time.  Over
/// Streamable HTTP each call uses a connection of its own; over stdio all
/// calls share one stream.  mcp_client_close() ends all waits.
/// mcp_client_free() releases the client when no thread is inside a call.
///
/// A function that sets an option returns MCP_OK only if the option has an
/// effect.  Some options must be set before the client is connected, as their
/// comments say: they are MCP_E_STATE while it is connected and while a call
/// connects it.  All options of a closed client are MCP_E_STATE.  Exceptions:
/// NULL in place of a callback, a token or an authorization still releases
/// it, and mcp_client_set_userdata() works as before.
///
/// The calling thread does all the work of its call.  For work that must
/// continue between calls, the library starts one background thread for all
/// clients of the process.  It serves the notification streams of
/// mcp_listen() and mcp_subscribe_resource(), the requests of
/// mcp_request_start(), the stream on which a server sends input requests,
/// the messages that arrive between calls from a process or over HTTP with
/// SSE, the pings of mcp_client_set_keepalive(), and the messages that tell a
/// server over HTTP that a call was cancelled.  The background thread
/// runs no callback except mcp_wakeup_fn, and never frees user data; it queues
/// both for the application's threads.  A host name that is
/// neither an address nor a name of this machine is looked up on a thread
/// that ends after the lookup.  At most eight of these threads run at a time
/// in the process.
///
/// Descriptors: a client uses one for each of its connections, one for
/// mcp_client_fd(), at most five more while threads wait in its calls, and at
/// most three for each of these threads.  It keeps at most 64 idle
/// connections.  A started request, a cancel, a wake-up and a keepalive use
/// none of their own.  A cancel borrows a descriptor while threads block in
/// calls that have it; the process keeps that descriptor for the next cancel.
/// The background thread uses three.
#[derive(Debug)]
pub struct mcp_client {
    pid: u32,
    pub(crate) inner: Arc<Client>,
    /// The URL of the server, if it has one.
    pub(crate) url: Option<CString>,
    /// The pointer of mcp_client_set_userdata().
    userdata: Mutex<Option<UserData>>,
}

impl mcp_client {
    /// Makes the handle of a client.
    pub(crate) fn give(inner: Client) -> *mut Self {
        let url = inner.options().address().ok().map(|address| lent(&address.text));
        let (pid, inner) = (process_id(), Arc::new(inner));
        let client = give(Self { pid, inner: inner.clone(), url, userdata: Mutex::default() });
        inner.handle.set(client.cast());
        client
    }

    pub(crate) fn set_userdata(&self, userdata: UserData) {
        let old = lock(&self.userdata).replace(userdata);
        drop(old);
    }

    pub(crate) fn userdata(&self) -> *mut c_void {
        lock(&self.userdata).as_ref().map_or(std::ptr::null_mut(), UserData::pointer)
    }
}

impl Handle for mcp_client {
    fn pid(&self) -> u32 {
        self.pid
    }
}

/// Makes a client of the MCP server at an http:// or https:// address.
///
/// `url`: the address of the server's MCP endpoint in ASCII, such as
/// "https://example.com/mcp".  Copied.  The library does not treat any part
/// of it as secret: pass a key in a header instead.
/// `token`: the bearer token, without the word "Bearer"; NULL for none.
/// Copied.
///
/// Does no I/O.
///
/// Returns a handle to free with mcp_client_free(), or NULL with the last
/// error set.  MCP_E_INVALID_ARGUMENT: the address is not HTTP, or has a user
/// name or a password; or the token is empty, or has a prefix, a space, a
/// line break or a byte outside ASCII.  If the address is plain http:// and
/// on another machine, the first call with a token fails: see
/// MCP_ALLOW_PLAIN_HTTP.
///
/// When: while no thread changes the environment.
/// Spec: transports, authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_new(
    url: *const c_char,
    token: *const c_char,
) -> *mut mcp_client {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header requires texts or NULL.
        let (url, token) = unsafe { (text(url, "url")?, optional_text(token, "token")?) };
        Ok(mcp_client::give(Client::new(url, token)?))
    })
}

/// Ends all work of the client: every wait in every thread returns
/// MCP_E_CLOSED, and the library asks the server to end the session.
///
/// `client`: may be NULL.
///
/// Requests in flight are done at once, as MCP_E_CLOSED, and are handed out
/// like other requests; see mcp_client_next_done().  The function waits until
/// the server has ended the session and a server process has ended, but no
/// longer than mcp_client_set_close_timeout().  It may be called more than
/// once.  Later calls return MCP_E_CLOSED.  In the child of a fork() the
/// function does nothing.  To close without waiting, see
/// mcp_request_new_close().
///
/// Spec: transports, session management.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_close(client: *mut mcp_client) {
    read_or((), || {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { peek(client) }?;
        if client.pid == process_id() {
            client.inner.close();
        }
        Some(())
    });
}

/// Closes the client and releases it.  Secrets are overwritten.
///
/// `client`: a client that no other thread is using, and that is not used
/// afterwards; or NULL.
///
/// Results, errors, cancels and requests outlive the client.  From then on
/// its requests are MCP_E_CLOSED; you must still free them.  The function
/// waits like mcp_client_close(), and then runs the done callbacks of the
/// requests that no other function has handed out.  In the child of a fork()
/// it releases memory and descriptors, and sends nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_free(client: *mut mcp_client) {
    read_or((), || {
        // SAFETY: the header requires NULL or a client that is not used again.
        let client = unsafe { take(client) }?;
        client.inner.handle.clear();
        if client.pid == process_id() {
            client.inner.close();
            // No later call dispatches for this client.
            client.inner.run_handlers();
            // Requests keep the inner client, and may still be done.
            client.inner.event_queue.wakeup.set(None);
        }
        Some(())
    });
}

/// Sets an HTTP header that the library sends with every request to the
/// server.
///
/// `name`: a token of RFC 9110.  Upper and lower case are equal.  Copied.
/// `value`: UTF-8 without control characters; NULL removes the header.
/// Copied, and treated as a secret.  It is sent to the origin of the server
/// only.
///
/// The library sends the cookies of the server back to it, as RFC 6265 says.
/// While there is a header Cookie, only that one is sent.
///
/// Errors: MCP_E_UNSUPPORTED for a server that is not reached by HTTP;
/// MCP_E_INVALID_ARGUMENT for a name or value that RFC 9110 does not allow,
/// for a header that the library itself writes (Host, Content-Length,
/// Transfer-Encoding, Connection, Content-Type, Accept, Mcp-... and similar
/// ones), and for Authorization while there is a token or a token handler.
///
/// When: at any time, for requests begun later.
/// Spec: authorization, RFC 9110.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_header(
    client: *mut mcp_client,
    name: *const c_char,
    value: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and for texts.
        let (client, name, value) = unsafe {
            (borrow(client, "client")?, text(name, "name")?, optional_text(value, "value")?)
        };
        client.inner.set_header(name, value)
    })
}

/// Replaces the bearer token.
///
/// `token`: as for mcp_client_new(), copied; NULL removes the token or the
/// token handler.
///
/// Requests in flight keep the old token.  It is overwritten when they end.
///
/// Errors: MCP_E_INVALID_ARGUMENT also while there is a header
/// Authorization; MCP_E_UNSUPPORTED for a server that is not reached by HTTP:
/// give such a server its secrets with mcp_client_set_env().
///
/// When: at any time.  Spec: authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_token(
    client: *mut mcp_client,
    token: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and for a text.
        let (client, token) =
            unsafe { (borrow(client, "client")?, optional_text(token, "token")?) };
        client.inner.set_token(token)
    })
}

/// Chooses the HTTP transport by which the library reaches the server.
///
/// `transport`: MCP_TRANSPORT_AUTO, which is the default,
/// MCP_TRANSPORT_STREAMABLE_HTTP or MCP_TRANSPORT_SSE.
///
/// Errors: MCP_E_UNSUPPORTED for a server that is not reached by HTTP;
/// MCP_E_STATE once the client is connected.
///
/// Spec: transports, backwards compatibility.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_transport(client: *mut mcp_client, transport: i32) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_transport(transport)
    })
}

/// Returns the transport that is in use, one of MCP_TRANSPORT_.
///
/// `client`: NULL gives MCP_TRANSPORT_AUTO.
///
/// Returns MCP_TRANSPORT_AUTO while the client is not connected.
///
/// Spec: transports.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_transport(client: *mut mcp_client) -> i32 {
    read_or(MCP_TRANSPORT_AUTO, || {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { peek(client) }?;
        Some(match client.inner.transport()? {
            TransportInUse::StreamableHttp => MCP_TRANSPORT_STREAMABLE_HTTP,
            TransportInUse::Sse => MCP_TRANSPORT_SSE,
            TransportInUse::Stdio => MCP_TRANSPORT_STDIO,
        })
    })
}

/// Sets the only protocol revision that the client uses.
///
/// `version`: such as "2025-11-25"; the library tries no other revision.
/// NULL, which is the default, selects the newest revision that both sides
/// support.
///
/// Errors: MCP_E_VERSION for a revision that this library does not support;
/// MCP_E_STATE once the client is connected.
///
/// Spec: versioning.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_protocol_version(
    client: *mut mcp_client,
    version: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and for a text.
        let (client, version) =
            unsafe { (borrow(client, "client")?, optional_text(version, "version")?) };
        client.inner.set_protocol_version(version)
    })
}

/// Adds the members of a JSON object to the _meta of every request, for
/// example "traceparent".
///
/// `json`: a JSON object as UTF-8 text, copied; NULL, which is the default,
/// removes the members.
///
/// The members replace those of an earlier call of this function.  A member
/// of mcp_request_set_meta_json(), or of a _meta in the parameters of a
/// request, replaces the one with the same name.  The requests that the
/// library makes itself have the members as well, such as those that connect.
/// The same names and values are refused as by mcp_request_set_meta_json().
///
/// When: at any time, for requests begun later.  Spec: basic, _meta.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_meta_json(
    client: *mut mcp_client,
    json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and for a text.
        let (client, json) = unsafe { (borrow(client, "client")?, optional_text(json, "json")?) };
        client.inner.set_meta(json)
    })
}

/// Sets the name and version of the application, as the server sees them in
/// the protocol and in the header User-Agent.
///
/// `name`, `version`: UTF-8, not empty, copied.  Default: "libmcpclient" and
/// its version.
///
/// Errors: MCP_E_STATE once the client is connected.
///
/// Spec: Implementation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_info(
    client: *mut mcp_client,
    name: *const c_char,
    version: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and for texts.
        let (client, name, version) =
            unsafe { (borrow(client, "client")?, text(name, "name")?, text(version, "version")?) };
        client.inner.set_info(name, version)
    })
}
