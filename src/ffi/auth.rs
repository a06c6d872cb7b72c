//! OAuth authorizations: how a client gets its tokens.

use std::ffi::c_char;
use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::client::authorization::{Auth, Grant};
use crate::ffi::argument::{optional_text, text};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard, guard_or, read_or};
use crate::ffi::handle::{Handle, borrow, give, take};
use crate::platform::process_id;

/// AN OAUTH AUTHORIZATION: how to get tokens, and the tokens that it has.
///
/// Set it up, give it to one or several clients with mcp_client_set_auth(),
/// and free it.
///
/// An exchange is everything that the library does to get a token.  It
/// happens inside a call of a client, when the server asks for a token.  The
/// library finds the authorization server, registers the application, lets
/// the person sign in, and uses PKCE and the resource indicator.  It renews a
/// token before it expires and when the server refuses it.  It repeats the
/// sign-in once if the server asks for a wider scope.  Threads that need a
/// token at the same time wait for one exchange, each within the timeout of
/// its call.  A thread that has a token does not wait.
///
/// The library requests metadata, registrations and tokens only from https
/// addresses; if the MCP server is on this machine, from loopback addresses
/// as well.  For a private network without https, see
/// mcp_auth_set_allow_private().  Each of these requests may take up to 10 s,
/// and the whole exchange up to 60 s, within the deadline of the call.  The
/// timeout of the call is paused while the person signs in, and this time does
/// not count against the 60 s.  The library sends to an authorization server
/// only what belongs to it: no headers of mcp_client_set_header(), and no
/// token, secret or registration of another authorization server.
///
/// The library follows the specification strictly.  If a server does not, the
/// exchange fails with MCP_E_AUTH or MCP_E_UNTRUSTED, and the message names
/// the option that gets past it, if there is one: from mcp_auth_set_scope() to
/// mcp_auth_set_allow_private().  Each option holds for this handle only.
///
/// The functions that set an option return MCP_E_STATE once the first
/// exchange has begun.  A client that does not reach its server by HTTP has
/// no OAuth: give its server the credentials with mcp_client_set_env().
#[derive(Debug)]
pub struct mcp_auth {
    pid: u32,
    pub(crate) inner: Arc<Auth>,
}

impl mcp_auth {
    pub(crate) fn new(inner: Arc<Auth>) -> Self {
        Self { pid: process_id(), inner }
    }
}

impl Handle for mcp_auth {
    fn pid(&self) -> u32 {
        self.pid
    }
}

/// Makes an authorization.
///
/// `grant`: one of MCP_GRANT_.
///
/// Does no I/O.
///
/// Returns a handle to free with mcp_auth_free(), or NULL with the last error
/// set: MCP_E_INVALID_ARGUMENT.
///
/// When: while no thread changes the environment.
/// Spec: authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_new(grant: i32) -> *mut mcp_auth {
    guard_or(std::ptr::null_mut(), || {
        let known = Grant::ALL.into_iter().find(|one| *one as i32 == grant);
        let grant = known
            .ok_or_else(|| Error::argument(format!("grant {grant} is not one of MCP_GRANT_")))?;
        Ok(give(mcp_auth::new(Auth::new(grant))))
    })
}

/// Releases the authorization.
///
/// `auth`: an authorization that you do not use afterwards, or NULL.
///
/// Clients that have the authorization keep a reference of their own.
/// Secrets are overwritten when the last reference is released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_free(auth: *mut mcp_auth) {
    read_or((), || {
        // SAFETY: the header requires NULL or a handle that is not used again.
        drop(unsafe { take(auth) });
        Some(())
    });
}

/// Sets the authorization that gets the tokens of a client.
///
/// `client`: a client whose server is reached by HTTP.
/// `auth`: shared by this client and the other clients that have it; you may
/// free it at once.  NULL removes the authorization, the token, or the token
/// handler.
///
/// The authorization replaces a token and a token handler.
///
/// Errors: MCP_E_INVALID_ARGUMENT while there is a header Authorization;
/// MCP_E_UNSUPPORTED for a server that is not reached by HTTP; MCP_E_STATE
/// once the client is connected, if the client must announce the grant or
/// DPoP to the server.
///
/// Spec: authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_auth(client: *mut mcp_client, auth: *mut mcp_auth) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        if auth.is_null() {
            return client.inner.set_auth(None);
        }
        // SAFETY: not NULL, and the header requires a live handle.
        client.inner.set_auth(Some(&unsafe { borrow(auth, "auth") }?.inner))
    })
}

/// Returns the authorization that gets the tokens of a client.  It comes from
/// mcp_client_set_auth(), or from the server's entry in a configuration file;
/// see mcp_config_new_client().
///
/// `client`: not changed.
///
/// Returns a handle of the same authorization, to free with mcp_auth_free(),
/// or NULL with the last error set: MCP_E_UNSUPPORTED for a client without an
/// authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_ref_auth(client: *mut mcp_client) -> *mut mcp_auth {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        Ok(give(mcp_auth::new(client.inner.auth()?)))
    })
}

/// Sets the client id with which the application is registered at the
/// authorization server, and the client secret.
///
/// `auth`: an authorization before its first exchange.
/// `client_id`: UTF-8, copied.
/// `client_secret`: UTF-8, copied; NULL for none.
///
/// Without this function the library registers the application, if the
/// authorization server permits that.  The id and the secret belong to one
/// authorization server, and the library sends them to no other: to that of
/// mcp_auth_set_issuer(), or else to the first one that is used.
///
/// When: before use.  Spec: authorization, RFC 6749.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_client(
    auth: *mut mcp_auth,
    client_id: *const c_char,
    client_secret: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live handle, and for texts.
        let (auth, id, secret) = unsafe {
            (
                borrow(auth, "auth")?,
                text(client_id, "client_id")?,
                optional_text(client_secret, "client_secret")?,
            )
        };
        auth.inner.set_client(id, secret)
    })
}

/// Sets the private key with which the application authenticates at the
/// authorization server (private_key_jwt).
///
/// `auth`: an authorization before its first exchange.
/// `key_pem`: an unencrypted PKCS #8 key in PEM, copied.
/// `algorithm`: "ES256", "RS256" or "EdDSA"; NULL selects the algorithm that
/// fits the key.
/// `key_id`: the "kid" by which the authorization server knows the key, or
/// NULL.
///
/// When: before use.  Spec: RFC 7523.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_client_key(
    auth: *mut mcp_auth,
    key_pem: *const c_char,
    algorithm: *const c_char,
    key_id: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live handle, and for texts.
        let (auth, pem, algorithm, id) = unsafe {
            (
                borrow(auth, "auth")?,
                text(key_pem, "key_pem")?,
                optional_text(algorithm, "algorithm")?,
                optional_text(key_id, "key_id")?,
            )
        };
        auth.inner.set_client_key(pem, algorithm, id)
    })
}

/// Sets the URL of the client metadata document, which describes the
/// application.  If the authorization server supports such documents, the URL
/// is the client id.
///
/// `auth`: an authorization before its first exchange.
/// `url`: https:// with a path, exactly as the member "client_id" of the
/// document, copied; NULL for none.
///
/// The library never fetches the document.  The document must list the
/// redirect URL.  Authorization servers differ on whether the port of a
/// loopback redirect URL matters: set a fixed one with
/// mcp_auth_set_redirect_url().
///
/// When: before use.
/// Spec: authorization, client id metadata documents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_client_metadata_url(
    auth: *mut mcp_auth,
    url: *const c_char,
) -> i32 {
    // SAFETY: the header requires the same.
    unsafe { set_text(auth, url, "url", Auth::set_client_metadata_url) }
}

/// Sets the identity provider at which MCP_GRANT_TOKEN_EXCHANGE exchanges the
/// identity token for an ID-JAG.
///
/// `auth`: an authorization before its first exchange.
/// `token_endpoint`: https://, or http:// on this machine.  Copied.
/// `client_id`: the id of the application at the identity provider, copied.
/// Its id at the authorization server is that of mcp_auth_set_client().
/// `client_secret`: the secret of the application at the identity provider,
/// copied; NULL for none.
///
/// When: before use.
/// Spec: enterprise-managed authorization, RFC 8693.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_identity_provider(
    auth: *mut mcp_auth,
    token_endpoint: *const c_char,
    client_id: *const c_char,
    client_secret: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live handle, and for texts.
        let (auth, endpoint, id, secret) = unsafe {
            (
                borrow(auth, "auth")?,
                text(token_endpoint, "token_endpoint")?,
                text(client_id, "client_id")?,
                optional_text(client_secret, "client_secret")?,
            )
        };
        auth.inner.set_identity_provider(endpoint, id, secret)
    })
}

/// Sets whether tokens are bound to a key (DPoP), so that a stolen token is
/// useless.
///
/// `auth`: an authorization before its first exchange.
/// `on`: 1 requires DPoP, and a server that does not support it is
/// MCP_E_AUTH.  0 never uses DPoP.  -1, which is the default, uses DPoP if
/// the server asks for it.
///
/// When: before use.  Spec: RFC 9449.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_dpop(auth: *mut mcp_auth, on: i32) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live handle.
        let auth = unsafe { borrow(auth, "auth") }?;
        auth.inner.set_dpop(match on {
            -1 => None,
            0 => Some(false),
            1 => Some(true),
            _ => return Err(Error::argument(format!("on is {on}: it is 1, 0 or -1"))),
        })
    })
}

/// Sets the key to which tokens are bound.  Without it the library makes a
/// key for each server and stores it with the token.
///
/// `auth`: an authorization before its first exchange.
/// `key_pem`: an unencrypted PKCS #8 key in PEM, copied; NULL removes it.
/// `algorithm`: as for mcp_auth_set_client_key().
///
/// When: before use.  Spec: RFC 9449.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_dpop_key(
    auth: *mut mcp_auth,
    key_pem: *const c_char,
    algorithm: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live handle, and for texts.
        let (auth, pem, algorithm) = unsafe {
            (
                borrow(auth, "auth")?,
                optional_text(key_pem, "key_pem")?,
                optional_text(algorithm, "algorithm")?,
            )
        };
        auth.inner.set_dpop_key(pem, algorithm)
    })
}

/// Sets an option whose value is a text or NULL.
///
/// # Safety
///
/// `auth` is NULL or a live handle, and `value` is NULL or a text.
pub(crate) unsafe fn set_text(
    auth: *mut mcp_auth,
    value: *const c_char,
    name: &str,
    set: fn(&Auth, Option<&str>) -> Result<()>,
) -> i32 {
    guard(|| {
        // SAFETY: the caller guarantees it.
        let (auth, value) = unsafe { (borrow(auth, "auth")?, optional_text(value, name)?) };
        set(&auth.inner, value)
    })
}

/// Turns the return value of a callback into a result.  `error`: why a
/// function of the library failed inside the callback; it counts if the
/// callback returned its status.
pub(crate) fn check_returned(status: i32, what: &str, error: Option<Error>) -> Result<()> {
    if status == Status::Ok as i32 {
        return Ok(());
    }
    let why = match error.filter(|error| error.status() as i32 == status) {
        Some(error) => error.message().to_owned(),
        None => format!("it returned {status}"),
    };
    Err(Error::new(Status::Auth, format!("{what} failed: {why}")))
}
