//! How the library connects to a server by HTTP: proxy, sockets, TLS, tracing.

use std::ffi::c_char;

use crate::base::error::Error;
use crate::ffi::argument::optional_text;
use crate::ffi::client::mcp_client;
use crate::ffi::guard::guard;
use crate::ffi::handle::borrow;
use crate::ffi::library::{NO_FD, mcp_fd};

/// Sets the HTTP proxy for all connections of the client; the library uses
/// the method CONNECT.
///
/// `url`: "http://HOST:PORT" or "https://HOST:PORT", copied.  USER:PASSWORD@
/// may stand before the host.  "" means no proxy.  NULL, which is the
/// default, follows the environment variables as curl does: https_proxy,
/// HTTPS_PROXY, http_proxy, all_proxy, ALL_PROXY, no_proxy and NO_PROXY, with
/// their values when the client was made.
///
/// Connections to loopback addresses never use a proxy.
///
/// Errors: MCP_E_INVALID_ARGUMENT; MCP_E_STATE once the client is connected;
/// MCP_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_proxy(client: *mut mcp_client, url: *const c_char) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and for a text.
        let (client, url) = unsafe { (borrow(client, "client")?, optional_text(url, "url")?) };
        client.inner.set_proxy(url)
    })
}

/// Sets a Unix socket to connect to, in place of the host and port of the
/// URL.
///
/// `path`: in UTF-8, copied; NULL removes it.
///
/// Errors: MCP_E_INVALID_ARGUMENT; MCP_E_STATE once the client is connected;
/// MCP_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_unix_socket(
    client: *mut mcp_client,
    path: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and for a text.
        let (client, path) = unsafe { (borrow(client, "client")?, optional_text(path, "path")?) };
        client.inner.set_unix_socket(path)
    })
}

/// Adds the certificates in a PEM file to the trusted certificates of the
/// system.
///
/// The file may hold the certificate of the server itself, whoever signed it.
/// The library then needs no authority for it, but still checks its name and
/// its dates.
///
/// `path`: in UTF-8.  The file is read at once.  NULL, which is the default,
/// means the certificates of the system only.
///
/// Errors: MCP_E_TLS if the file cannot be read or has no certificate;
/// MCP_E_STATE once the client is connected; MCP_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_ca_file(
    client: *mut mcp_client,
    path: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and for a text.
        let (client, path) = unsafe { (borrow(client, "client")?, optional_text(path, "path")?) };
        client.inner.set_ca_file(path)
    })
}

/// Sets a client certificate for mutual TLS.
///
/// `certificate_path`: a PEM file with the certificate chain, the client's
/// own certificate first.
/// `key_path`: a PEM file with the private key of the certificate.  It may be
/// the same file.
///
/// Both paths are in UTF-8, and the files are read at once.  If both are
/// NULL, which is the default, there is no client certificate.  The library
/// presents the certificate to the origin of the client's URL only: not to a
/// proxy, and not to an authorization server of another origin.
///
/// Errors: MCP_E_TLS if the files cannot be read or do not match;
/// MCP_E_INVALID_ARGUMENT if one path is NULL; MCP_E_STATE once the client is
/// connected; MCP_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_certificate(
    client: *mut mcp_client,
    certificate_path: *const c_char,
    key_path: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and for texts.
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

/// DANGER.  Allows the library to send a token, or a header that was set,
/// over http:// to another machine.  Otherwise such a call is MCP_E_INSECURE.
///
/// `allow`: 1 allows it; 0, which is the default, does not.
///
/// Loopback addresses and Unix sockets are always allowed.  For a sign-in it
/// allows the metadata of the MCP server over http://, and no other request;
/// for a sign-in over http:// on a private network, see
/// mcp_auth_set_allow_private().
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: for calls begun later.
/// Spec: authorization, communication security.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_allow_plain_http(
    client: *mut mcp_client,
    allow: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_allow_plain_http(allow != 0)
    })
}

/// Writes a line to a descriptor for each event on the connections of the
/// client.
///
/// `fd`: duplicated at once, so that you may close it; MCP_FD_NONE ends the
/// trace.
///
/// Credentials, session ids and the values of headers that were set are
/// masked.  The library does not mask anything else: a line shows up to 2000
/// bytes of a message, with whatever the application or the server wrote
/// there.  A line whose write would block is dropped; a later line gives the
/// number of dropped lines.  The trace uses a descriptor and not a callback
/// because every thread writes lines.
///
/// Errors: MCP_E_INVALID_ARGUMENT for a descriptor that is not open;
/// MCP_E_FORKED.
///
/// When: for calls begun later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_trace_fd(client: *mut mcp_client, fd: mcp_fd) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_trace_fd(Some(fd).filter(|fd| *fd != NO_FD))
    })
}
