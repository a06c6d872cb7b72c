//! How the library connects to a server by HTTP: proxy, sockets, TLS, tracing.

use std::ffi::c_char;

use crate::base::error::{Error, Result};
use crate::ffi::argument::{bytes, optional_text};
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
/// Errors: MCP_E_STATE once the client is connected; MCP_E_UNSUPPORTED for a
/// server that is not reached by HTTP.
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
/// Errors: MCP_E_STATE once the client is connected; MCP_E_UNSUPPORTED for a
/// server that is not reached by HTTP.
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
/// MCP_E_STATE once the client is connected; MCP_E_UNSUPPORTED for a server
/// that is not reached by HTTP.
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

/// Does what mcp_client_set_ca_file() does, with the certificates in memory.
///
/// `pem`: `len` bytes of PEM text, copied; no NUL is needed at the end.  NULL,
/// which is the default, means the certificates of the system only.
/// `len`: the length in bytes.
///
/// This function and mcp_client_set_ca_file() replace each other's
/// certificates.
///
/// Errors: MCP_E_TLS if there is no certificate in the text; MCP_E_STATE once
/// the client is connected; MCP_E_UNSUPPORTED for a server that is not
/// reached by HTTP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_ca_data(
    client: *mut mcp_client,
    pem: *const c_char,
    len: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and `len`
        // readable bytes unless the text is NULL.
        let (client, pem) = unsafe { (borrow(client, "client")?, bytes(pem, len, "pem")?) };
        client.inner.set_ca_data(pem)
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
/// connected; MCP_E_UNSUPPORTED for a server that is not reached by HTTP.
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
        let pair = both((certificate, "certificate_path"), (key, "key_path"))?;
        client.inner.set_certificate(pair)
    })
}

/// Does what mcp_client_set_certificate() does, with certificate and key in
/// memory.
///
/// `certificate_pem`: `certificate_len` bytes of PEM text: the certificate
/// chain, the client's own certificate first.
/// `certificate_len`: the length in bytes.
/// `key_pem`: `key_len` bytes of PEM text: the private key of the certificate.
/// The library keeps no copy of the text.
/// `key_len`: the length in bytes.
///
/// No NUL is needed at the end of the texts.  If both are NULL, there is no
/// client certificate.  This function and mcp_client_set_certificate() replace
/// each other's certificate.
///
/// Errors: MCP_E_TLS if there is no certificate or no key in the texts, or if
/// they do not belong together; MCP_E_INVALID_ARGUMENT if one text is NULL;
/// MCP_E_STATE once the client is connected; MCP_E_UNSUPPORTED for a server
/// that is not reached by HTTP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_certificate_data(
    client: *mut mcp_client,
    certificate_pem: *const c_char,
    certificate_len: usize,
    key_pem: *const c_char,
    key_len: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and readable
        // bytes unless the texts are NULL.
        let (client, certificate, key) = unsafe {
            (
                borrow(client, "client")?,
                bytes(certificate_pem, certificate_len, "certificate_pem")?,
                bytes(key_pem, key_len, "key_pem")?,
            )
        };
        let pair = both((certificate, "certificate_pem"), (key, "key_pem"))?;
        client.inner.set_certificate_data(pair)
    })
}

/// Two arguments that are given together or not at all.
fn both<'a, T: ?Sized>(
    (first, first_name): (Option<&'a T>, &str),
    (second, second_name): (Option<&'a T>, &str),
) -> Result<Option<(&'a T, &'a T)>> {
    match (first, second) {
        (None, None) => Ok(None),
        (Some(first), Some(second)) => Ok(Some((first, second))),
        (None, Some(_)) => {
            Err(Error::argument(format!("{first_name} is NULL, and {second_name} is not")))
        }
        (Some(_), None) => {
            Err(Error::argument(format!("{second_name} is NULL, and {first_name} is not")))
        }
    }
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
/// Errors: MCP_E_INVALID_ARGUMENT for a descriptor that is not open.
///
/// When: for calls begun later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_trace_fd(client: *mut mcp_client, fd: mcp_fd) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_trace_fd(Some(fd).filter(|fd| *fd != NO_FD))
    })
}
