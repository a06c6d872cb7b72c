//! Making a client, its options, its end.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::base::error::{Error, Result, Status};
use crate::client::{Client, Token, TransportInUse};
use crate::ffi::argument::{optional_text, text};
use crate::ffi::callback::UserData;
use crate::ffi::guard::{guard, guard_or, read_or};
use crate::ffi::handle::{Handle, borrow, give, peek, take};
use crate::ffi::library::*;

/// ONE SERVER, and all it takes to talk to it: its address, the credentials,
/// the negotiated revision and session, a pool of connections.
///
/// Made by mcp_client_new(), for a server that is reached by HTTP, or by
/// mcp_client_new_stdio() for one that is a program; neither does I/O: the
/// first call connects.  Set options first, then share the handle: every
/// thread may call with it at the same time, each on its own connection or
/// all on the one stream to a program.  mcp_client_close() ends all waits;
/// mcp_client_free() releases it when no thread is inside a call.
///
/// The thread that calls does all the work of its call.  One thread is
/// started, once for all clients of the process, for what must go on between
/// calls: mcp_listen(), mcp_subscribe_resource(), mcp_request_start(), the
/// stream on which a server asks, and what a process or HTTP with SSE says
/// between calls.  It never runs your code.  A host name that is neither an
/// address nor this machine's is looked up on a thread of its own, which ends
/// with that: at most eight at a time in the process.
///
/// Descriptors: a client uses one for each of its connections, one for
/// mcp_client_fd(), and at most five while threads block in its calls.  It keeps
/// at most 64 idle connections.  A started request and a cancel use none of
/// their own.  A cancel borrows one while threads block in calls that have it;
/// the process keeps that one for the next cancel.  The thread for what goes on
/// between calls uses three.
#[derive(Debug)]
pub struct mcp_client {
    pid: u32,
    pub(crate) inner: Arc<Client>,
}

impl mcp_client {
    pub(crate) fn new(inner: Client) -> Self {
        Self { pid: std::process::id(), inner: Arc::new(inner) }
    }
}

impl Handle for mcp_client {
    fn pid(&self) -> u32 {
        self.pid
    }
}

/// A SINK that the library lends to a callback which has to give text back:
/// write with mcp_text_set() before you return.  The library keeps a copy,
/// which it overwrites when it lets go of it.
#[derive(Debug, Default)]
pub struct mcp_text {
    text: std::cell::RefCell<Option<Zeroizing<String>>>,
}

impl mcp_text {
    /// What the callback has put there.
    pub(crate) fn take(&self) -> Option<Zeroizing<String>> {
        self.text.take()
    }
}

/// Gives the bearer token for the next request; see
/// mcp_client_set_token_handler().
///
/// `userdata`: what was given with the callback.  `refused`: 1 when the server
/// answered 401 to the last token, otherwise 0.  Put the token in `out` with
/// mcp_text_set() and return MCP_OK; any other number makes the call fail with
/// MCP_E_UNAUTHORIZED.  Runs on the thread that is in a call.
pub type mcp_token_fn =
    Option<unsafe extern "C" fn(userdata: *mut c_void, refused: i32, out: *mut mcp_text) -> i32>;

/// Releases a callback's user data: called once, after the last call of the
/// callback, when it is replaced or its handle is freed.  NULL where there is
/// nothing to release.  It runs at the end of a call that you made, on that
/// thread, while the library holds no lock: what is still in use, by a request
/// in flight for example, is released at the end of a later call, of any
/// thread.  It may call this library; what that gives up is released after it,
/// never inside it.  A setter that fails has called it too: user data that was
/// handed over is never yours again.
pub type mcp_free_fn = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// Makes a client of the MCP server at an http:// or https:// address.
///
/// `url`: the server's MCP endpoint in ASCII, such as
/// "https://example.com/mcp"; nothing in it is a secret to the library, so that
/// a key belongs into a header.  `token`: the bearer token, without the word
/// "Bearer"; NULL for none.  Both are copied.
///
/// No I/O is done.  Returns a handle to free with mcp_client_free(), or NULL
/// with the last error set: MCP_E_INVALID_ARGUMENT for an address that is not
/// HTTP or holds a user name or a password, for a token that is empty or has
/// a prefix, a blank, a line break or a byte outside ASCII.  A token for a
/// plain http:// address of another machine is refused by the first call: see
/// mcp_client_set_allow_plain_http().
/// Threads: any, while none changes the environment.  Since: 0.1.0.
/// Spec: transports, authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_new(
    url: *const c_char,
    token: *const c_char,
) -> *mut mcp_client {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header asks for texts or NULL.
        let (url, token) = unsafe { (text(url, "url")?, optional_text(token, "token")?) };
        Ok(give(mcp_client::new(Client::new(url, token)?)))
    })
}

/// Ends the client's work: every wait in every thread returns MCP_E_CLOSED,
/// and the session is given back to the server.
///
/// `client`: NULL is allowed.  Requests that are in flight are done at once,
/// as MCP_E_CLOSED, and are handed out like others.  Waits no longer than
/// mcp_client_set_close_timeout() allows for the server to take the end of the
/// session, and for a process to end.  May be called more than once; calls
/// made later are MCP_E_CLOSED.  In the child of a fork() it does nothing.
/// Threads: any.  Since: 0.1.0.  Spec: transports, session management.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_close(client: *mut mcp_client) {
    read_or((), || {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { peek(client) }?;
        if client.pid == std::process::id() {
            client.inner.close();
        }
        Some(())
    });
}

/// Closes the client and releases it, overwriting its secrets.
///
/// `client`: a client that no other thread is using and that is not used
/// again, or NULL.  Results, errors, cancels and requests outlive it; its
/// requests are MCP_E_CLOSED from then on and must still be freed.  Waits like
/// mcp_client_close().  In the child of a fork() it releases memory and
/// descriptors, and sends nothing.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_free(client: *mut mcp_client) {
    read_or((), || {
        // SAFETY: the header asks for NULL or a client that is not used again.
        let client = unsafe { take(client) }?;
        if client.pid == std::process::id() {
            client.inner.close();
        }
        Some(())
    });
}

/// Sets an HTTP header that is sent with every request to the server.  For a
/// server that is not reached by HTTP it is MCP_E_UNSUPPORTED.
///
/// `name`: a token of RFC 9110; upper and lower case are the same.  `value`:
/// UTF-8 without control characters; NULL takes the header away.  Both are
/// copied, and the value is treated as a secret.  It goes to the server's own
/// origin only.
///
/// Refused with MCP_E_INVALID_ARGUMENT: what RFC 9110 does not allow; headers
/// that the library writes (Host, Content-Length, Transfer-Encoding,
/// Connection, Content-Type, Accept, Mcp-... and their like); Authorization
/// while there is a token or a token handler.  MCP_E_FORKED.
/// Threads: any, at any time, for requests begun later.  Since: 0.1.0.
/// Spec: authorization, RFC 9110.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_header(
    client: *mut mcp_client,
    name: *const c_char,
    value: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for texts.
        let (client, name, value) = unsafe {
            (borrow(client, "client")?, text(name, "name")?, optional_text(value, "value")?)
        };
        client.inner.set_header(name, value)
    })
}

/// Replaces the bearer token.
///
/// `token`: like that of mcp_client_new(), copied; NULL takes the token, or
/// the token handler, away.  Requests under way keep the old one, which is
/// overwritten when they end.  Errors: MCP_E_INVALID_ARGUMENT, also while
/// there is a header Authorization; MCP_E_UNSUPPORTED for a server that is not
/// reached by HTTP, whose secrets go by mcp_client_set_env(); MCP_E_FORKED.
/// Threads: any, at any time.  Since: 0.1.0.  Spec: authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_token(
    client: *mut mcp_client,
    token: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for a text.
        let (client, token) =
            unsafe { (borrow(client, "client")?, optional_text(token, "token")?) };
        client.inner.set_token(token)
    })
}

/// Sets a function that is asked for the token: before the first request, and
/// once more when the server answers 401, after which the request is sent
/// once again if the token is another.
///
/// `callback`: runs on the thread that is in a call, possibly on several at a
/// time; NULL takes the handler, or the token, away.  `userdata`: passed to
/// it.  `free_userdata`: see mcp_free_fn.  Errors: MCP_E_INVALID_ARGUMENT
/// while there is a header Authorization; MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.  Spec: authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_token_handler(
    client: *mut mcp_client,
    callback: mcp_token_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    // Owned from here on, so that it is released on every way out.
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let Some(callback) = callback else {
            drop(userdata);
            return client.inner.set_token_handler(None);
        };
        let ask = move |is_refused: bool| -> Result<Token> {
            let mut sink = mcp_text::default();
            let refused = i32::from(is_refused);
            // SAFETY: the program gave the function for this user data, which
            // lives as long as this closure; the sink lives during the call.
            let status = unsafe { callback(userdata.pointer(), refused, &raw mut sink) };
            let failed =
                |what: &str| Error::new(Status::Unauthorized, format!("the token handler {what}"));
            if status != Status::Ok as i32 {
                return Err(failed(&format!("gave up with {status}")));
            }
            match sink.take() {
                Some(token) => Token::parse(&token),
                None => Err(failed("returned MCP_OK without a token")),
            }
        };
        client.inner.set_token_handler(Some(Box::new(ask)))
    })
}

/// Gives the text that a callback was asked for.
///
/// `text`: what the callback got.  `data`: `len` bytes of UTF-8, copied; no
/// NUL is needed at the end.  Of several calls the last one counts.  Errors:
/// MCP_E_INVALID_ARGUMENT; MCP_E_TOO_LARGE over 1 MiB.
/// Threads: the callback's, until it returns.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_text_set(text: *mut mcp_text, data: *const c_char, len: usize) -> i32 {
    const MOST: usize = 1024 * 1024;
    guard(|| {
        // SAFETY: the header asks for NULL or a sink that the library lent.
        let sink = unsafe { peek(text) }.ok_or_else(|| Error::argument("text is NULL"))?;
        if data.is_null() {
            return Err(Error::argument("data is NULL"));
        }
        if len > MOST {
            return Err(Error::new(
                Status::TooLarge,
                format!("data has {len} bytes, more than {MOST}"),
            ));
        }
        // SAFETY: not NULL, and the header asks for `len` readable bytes.
        let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            Error::argument(format!("data is not UTF-8 at byte {}", error.valid_up_to()))
        })?;
        *sink.text.borrow_mut() = Some(Zeroizing::new(text.to_owned()));
        Ok(())
    })
}

/// Sets how long a call waits for the server's answer, connecting included.
/// Default: 60000.
///
/// `milliseconds`: 1 to INT32_MAX; there is no endless wait.  A report of
/// progress of the request starts the time again, up to
/// mcp_client_set_deadline(); while its own question of the server is open,
/// it stands still, see mcp_input.  A call that is over its time is
/// MCP_E_TIMEOUT.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.
/// Spec: lifecycle, timeouts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_timeout(client: *mut mcp_client, milliseconds: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_timeout(milliseconds)
    })
}

/// Sets how long name resolution, connecting, a proxy and TLS may take
/// together; over it a call is MCP_E_CONNECT.  A server's process may take so
/// long to answer the first question, before it is asked in the older way.
///
/// `milliseconds`: 1 to INT32_MAX, at first 10000.  Errors:
/// MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_connect_timeout(
    client: *mut mcp_client,
    milliseconds: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_connect_timeout(milliseconds)
    })
}

/// Sets the size over which a message of the server is refused with
/// MCP_E_TOO_LARGE.
///
/// A list is one message, with all its pages.
///
/// `bytes`: 1 or more, at first 67108864, which is 64 MiB.  A longer line of a
/// program is passed over: the call that it would have answered fails, and
/// others go on.  Errors:
/// MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_max_message_size(
    client: *mut mcp_client,
    bytes: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_max_message_size(bytes)
    })
}

/// Chooses by which of the HTTP transports the server is reached.
///
/// `transport`: MCP_TRANSPORT_AUTO, as at first, MCP_TRANSPORT_STREAMABLE_HTTP
/// or MCP_TRANSPORT_SSE.  Errors: MCP_E_INVALID_ARGUMENT; MCP_E_UNSUPPORTED
/// for a server that is not reached by HTTP; MCP_E_STATE once the client is
/// connected; MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.  Spec: transports, backwards compatibility.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_transport(client: *mut mcp_client, transport: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_transport(transport)
    })
}

/// Tells which transport is in use: one of MCP_TRANSPORT_, and
/// MCP_TRANSPORT_AUTO while the client is not connected or for NULL.
///
/// `client`: only looked at.
/// Threads: any.  Since: 0.1.0.  Spec: transports.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_transport(client: *mut mcp_client) -> i32 {
    read_or(MCP_TRANSPORT_AUTO, || {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { peek(client) }?;
        Some(match client.inner.transport()? {
            TransportInUse::StreamableHttp => MCP_TRANSPORT_STREAMABLE_HTTP,
            TransportInUse::Sse => MCP_TRANSPORT_SSE,
            TransportInUse::Stdio => MCP_TRANSPORT_STDIO,
        })
    })
}

/// Pins the protocol revision: it is used, and nothing else is tried.
///
/// `version`: such as "2025-11-25"; NULL, as at first, takes the newest that
/// both sides know.  Errors: MCP_E_VERSION for one that this library does not
/// speak; MCP_E_STATE once the client is connected; MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.  Spec: versioning.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_protocol_version(
    client: *mut mcp_client,
    version: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for a text.
        let (client, version) =
            unsafe { (borrow(client, "client")?, optional_text(version, "version")?) };
        client.inner.set_protocol_version(version)
    })
}

/// Sets the name and version by which the server knows this program, in the
/// protocol and in the header User-Agent.
///
/// `name`, `version`: UTF-8, neither empty, copied; at first "libmcpclient"
/// and its version.  Errors: MCP_E_INVALID_ARGUMENT; MCP_E_STATE once the
/// client is connected; MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.  Spec: Implementation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_info(
    client: *mut mcp_client,
    name: *const c_char,
    version: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for texts.
        let (client, name, version) =
            unsafe { (borrow(client, "client")?, text(name, "name")?, text(version, "version")?) };
        client.inner.set_info(name, version)
    })
}

/// Sends everything through a proxy, by CONNECT.
///
/// `url`: "http://HOST:PORT" or "https://HOST:PORT", where USER:PASSWORD@ may
/// stand before the host; copied.  NULL, as at first, follows the environment
/// as curl does: https_proxy, HTTPS_PROXY, http_proxy, all_proxy, ALL_PROXY
/// and no_proxy, NO_PROXY, as they were when the client was made.  "" is none.
/// Loopback addresses never go through one.  Errors: MCP_E_INVALID_ARGUMENT;
/// MCP_E_STATE once the client is connected; MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_proxy(client: *mut mcp_client, url: *const c_char) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for a text.
        let (client, url) = unsafe { (borrow(client, "client")?, optional_text(url, "url")?) };
        client.inner.set_proxy(url)
    })
}

/// Connects to a Unix socket in place of the URL's host and port.
///
/// `path`: in UTF-8, copied; NULL takes it away.  Errors:
/// MCP_E_INVALID_ARGUMENT; MCP_E_STATE once the client is connected;
/// MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_unix_socket(
    client: *mut mcp_client,
    path: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for a text.
        let (client, path) = unsafe { (borrow(client, "client")?, optional_text(path, "path")?) };
        client.inner.set_unix_socket(path)
    })
}

/// Trusts the certificates in a PEM file besides those of the system.
///
/// `path`: in UTF-8; read at once.  NULL: those of the system alone, as at
/// first.  Errors: MCP_E_TLS when the file cannot be read or holds none;
/// MCP_E_STATE once the client is connected; MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_ca_file(
    client: *mut mcp_client,
    path: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for a text.
        let (client, path) = unsafe { (borrow(client, "client")?, optional_text(path, "path")?) };
        client.inner.set_ca_file(path)
    })
}

/// Shows a client certificate (mutual TLS) to the origin of the client's URL:
/// to no proxy, and to no authorization server of another origin.
///
/// `certificate_path`: a PEM file with the chain, the client's own first.
/// `key_path`: a PEM file with its private key, which may be the same file.
/// Both in UTF-8; read at once.  Both NULL: none, as at first.  Errors:
/// MCP_E_TLS when they cannot be read or do not fit; MCP_E_INVALID_ARGUMENT
/// when one is NULL; MCP_E_STATE once the client is connected; MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_certificate(
    client: *mut mcp_client,
    certificate_path: *const c_char,
    key_path: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for texts.
        let (client, certificate, key) = unsafe {
            (
                borrow(client, "client")?,
                optional_text(certificate_path, "certificate_path")?,
                optional_text(key_path, "key_path")?,
            )
        };
        match (certificate, key) {
            (None, None) => client.inner.set_certificate(None),
            (Some(certificate), Some(key)) => {
                client.inner.set_certificate(Some((certificate, key)))
            }
            (None, Some(_)) => {
                Err(Error::argument("certificate_path is NULL, and key_path is not"))
            }
            (Some(_), None) => {
                Err(Error::argument("key_path is NULL, and certificate_path is not"))
            }
        }
    })
}

/// DANGER.  Lets a token, or a header that was set, go over http:// to another
/// machine, which is otherwise MCP_E_INSECURE at the call.
///
/// `allow`: 1, or 0 as at first.  Loopback addresses and Unix sockets are
/// always allowed.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.
/// Spec: authorization, communication security.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_allow_plain_http(
    client: *mut mcp_client,
    allow: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_allow_plain_http(allow != 0)
    })
}

/// Writes a line to a descriptor for each thing that happens on the wire,
/// with credentials, session ids and the values of headers that were set
/// masked.
///
/// `fd`: duplicated at once, so that it may be closed; -1 ends the trace.  A
/// write that would block is dropped, and how many were is told later.  A
/// descriptor and not a callback, because lines come from every thread.
/// Messages are shown as they are, up to 2000 bytes of each: they may hold
/// what the program or the server put there.  Errors: MCP_E_INVALID_ARGUMENT
/// for a descriptor that is not open; MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_trace_fd(client: *mut mcp_client, fd: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_trace_fd(fd)
    })
}
