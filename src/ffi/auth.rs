//! OAuth: how a client gets its token.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::client::http::credentials::{AskAssertion, Assertion, Auth, Grant};
use crate::ffi::argument::{lent, optional_text, text};
use crate::ffi::callback::UserData;
use crate::ffi::client::{mcp_client, mcp_free_fn, mcp_text};
use crate::ffi::guard::{guard, guard_or, read_or};
use crate::ffi::handle::{Handle, borrow, give, take};

/// AN OAUTH AUTHORIZATION: how to get a token, and the tokens it has.
///
/// Set it up, give it to one or several clients with mcp_client_set_auth(),
/// and free it.  All else happens inside their calls, when a server asks for
/// it: finding the authorization server, the registration, the sign-in, PKCE,
/// the resource indicator, renewal before the token ends and when it is
/// refused, and one more sign-in where the server asks for a wider scope.
/// Threads that need a token at the same time wait for one exchange, each
/// within the timeout of its call, which stands still while a person signs in;
/// a thread that has a token does not wait.  A whole program:
///
///     mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
///     mcp_client *client = mcp_client_new("https://example.com/mcp", NULL);
///     mcp_auth_set_browser(auth, mcp_open_browser, NULL, NULL);
///     mcp_client_set_auth(client, auth);
///     mcp_auth_free(auth);
///     if (mcp_ping(client) != MCP_OK)
///         fprintf(stderr, "%s\n", mcp_error_message(NULL));
///     mcp_client_free(client);
///
/// Metadata, registrations and tokens are only asked for at https addresses,
/// or at loopback ones where the MCP server is on this machine too; each
/// request takes up to 10 s, all of an exchange but the person 60 s, within
/// the call's deadline.  While a person signs in, the call's timeout stands
/// still.  What an authorization server is told is what belongs to it: no
/// header that was set goes there, and no token, secret or registration of
/// another one.
///
/// The functions that set something are MCP_E_STATE once the first exchange
/// has begun.  For a client that does not reach its server by HTTP there is no
/// OAuth: such a server gets what it needs by mcp_client_set_env().
#[derive(Debug)]
pub struct mcp_auth {
    pid: u32,
    pub(crate) inner: Arc<Auth>,
}

impl mcp_auth {
    pub(crate) fn new(inner: Arc<Auth>) -> Self {
        Self { pid: std::process::id(), inner }
    }
}

impl Handle for mcp_auth {
    fn pid(&self) -> u32 {
        self.pid
    }
}

/// Gives a signed token; see mcp_auth_set_assertion_handler().
///
/// `userdata`: what was given with the callback.  `audience`: whom the token
/// is for: the issuer of the authorization server; for
/// MCP_GRANT_TOKEN_EXCHANGE, where the identity provider made the token for
/// this program, it may be passed over.  Put the token in `out` with
/// mcp_text_set() and return MCP_OK; any other number ends the exchange with
/// MCP_E_AUTH.  Runs on the thread that is in a call, or that dispatches.
pub type mcp_assertion_fn = Option<
    unsafe extern "C" fn(userdata: *mut c_void, audience: *const c_char, out: *mut mcp_text) -> i32,
>;

/// Makes an authorization.
///
/// `grant`: one of MCP_GRANT_.  No I/O is done.  Returns a handle to free with
/// mcp_auth_free(), or NULL with the last error set: MCP_E_INVALID_ARGUMENT.
/// Threads: any, while none changes the environment.  Since: 0.1.0.
/// Spec: authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_new(grant: i32) -> *mut mcp_auth {
    guard_or(std::ptr::null_mut(), || {
        let known = Grant::ALL.into_iter().find(|one| *one as i32 == grant);
        let grant =
            known.ok_or_else(|| Error::argument(format!("grant {grant} is none of MCP_GRANT_")))?;
        Ok(give(mcp_auth::new(Auth::new(grant))))
    })
}

/// Releases this reference; clients that have the authorization keep it.
///
/// `auth`: not used again, or NULL.  Secrets are overwritten with the last
/// reference.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_free(auth: *mut mcp_auth) {
    read_or((), || {
        // SAFETY: the header asks for NULL or a handle that is not used again.
        drop(unsafe { take(auth) });
        Some(())
    });
}

/// Lets an authorization get the client's tokens.
///
/// `client`: one whose server is reached by HTTP.  `auth`: shared with the
/// client, and with others that have it; it may be freed at once.  NULL takes
/// the authorization, or whatever gives the token, away.  It takes the place
/// of a token and of a token handler.  Errors: MCP_E_INVALID_ARGUMENT while
/// there is a header Authorization; MCP_E_UNSUPPORTED for a server that is
/// not reached by HTTP; MCP_E_STATE once the client is connected, where the
/// grant is one that the server has to be told of; MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.  Spec: authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_auth(client: *mut mcp_client, auth: *mut mcp_auth) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        if auth.is_null() {
            return client.inner.set_auth(None);
        }
        // SAFETY: not NULL, and the header asks for a live handle.
        client.inner.set_auth(Some(&unsafe { borrow(auth, "auth") }?.inner))
    })
}

/// Gives the authorization that gets a client's tokens: the one of
/// mcp_client_set_auth(), or the one of a configuration file's server; see
/// mcp_config_client().
///
/// `client`: not changed.  Returns a handle of the same authorization, to free
/// with mcp_auth_free(), or NULL with the last error set: MCP_E_UNSUPPORTED for
/// a client without one.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_auth(client: *mut mcp_client) -> *mut mcp_auth {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        Ok(give(mcp_auth::new(client.inner.auth()?)))
    })
}

/// Sets the client id, and the secret, under which the program is registered
/// at the authorization server.
///
/// `auth`: one that is not in use yet.  `client_id`, `client_secret`: UTF-8,
/// copied; `client_secret` may be NULL.  Without this the program registers
/// itself, where the server lets it.  What is given belongs to one
/// authorization server: that of mcp_auth_set_issuer(), otherwise the first
/// that is used, and goes to no other.  Errors: MCP_E_INVALID_ARGUMENT,
/// MCP_E_STATE, MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.  Spec: authorization, RFC 6749.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_client(
    auth: *mut mcp_auth,
    client_id: *const c_char,
    client_secret: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle, and for texts.
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

/// Sets the private key with which the program proves who it is
/// (private_key_jwt).
///
/// `auth`: one that is not in use yet.  `key_pem`: an unencrypted PKCS #8 key
/// in PEM, copied.  `algorithm`: "ES256", "RS256" or "EdDSA", or NULL for the
/// one that the key is for.  `key_id`: the "kid" under which the server knows
/// the key, or NULL.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
/// MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.  Spec: RFC 7523.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_client_key(
    auth: *mut mcp_auth,
    key_pem: *const c_char,
    algorithm: *const c_char,
    key_id: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle, and for texts.
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

/// Sets the address of the document that describes the program, which is its
/// client id where the authorization server supports that.
///
/// `auth`: one that is not in use yet.  `url`: https:// with a path, exactly as
/// "client_id" says it in the document, copied; NULL for none.  The library
/// never fetches it.  It must list the redirect address; since servers do not
/// agree whether the port of a loopback one matters, set one with
/// mcp_auth_set_redirect_url().  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
/// MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.
/// Spec: authorization, client id metadata documents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_client_metadata_url(
    auth: *mut mcp_auth,
    url: *const c_char,
) -> i32 {
    // SAFETY: the header asks for the same.
    unsafe { set_text(auth, url, "url", Auth::set_client_metadata_url) }
}

/// Sets the scopes to ask for.
///
/// `auth`: one that is not in use yet.  `scope`: with blanks between them,
/// copied; NULL, as at first, asks for those that the server's challenge names,
/// otherwise for those in its metadata, otherwise for none.  Errors:
/// MCP_E_INVALID_ARGUMENT, MCP_E_STATE, MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.  Spec: authorization, scopes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_scope(auth: *mut mcp_auth, scope: *const c_char) -> i32 {
    // SAFETY: the header asks for the same.
    unsafe { set_text(auth, scope, "scope", Auth::set_scope) }
}

/// Sets the only authorization server to use; an MCP server that names
/// another one is refused.
///
/// `auth`: one that is not in use yet.  `issuer`: https://, exactly as the
/// server's metadata says it, copied; NULL for the one that the MCP server
/// names, as at first.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
/// MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.  Spec: RFC 8414.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_issuer(auth: *mut mcp_auth, issuer: *const c_char) -> i32 {
    // SAFETY: the header asks for the same.
    unsafe { set_text(auth, issuer, "issuer", Auth::set_issuer) }
}

/// Sets who gives the signed token that is exchanged: the identity token of
/// the person for MCP_GRANT_TOKEN_EXCHANGE, the platform's token of the
/// workload for MCP_GRANT_JWT_BEARER.
///
/// `auth`: one that is not in use yet.  `callback`: asked anew for each
/// exchange; NULL takes it away.  `userdata`: given to it.  `free_userdata`:
/// see mcp_free_fn.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE, MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.  Spec: RFC 7523, RFC 8693.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_assertion_handler(
    auth: *mut mcp_auth,
    callback: mcp_assertion_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle.
        let auth = unsafe { borrow(auth, "auth") }?;
        let ask = callback.map(|callback| {
            let ask: Arc<AskAssertion> = Arc::new(move |audience: &str| -> Result<Secret> {
                let (audience, mut sink) = (lent(audience), mcp_text::default());
                // SAFETY: the program gave the function for this user data; the
                // text and the sink live during the call.
                let status =
                    unsafe { callback(userdata.pointer(), audience.as_ptr(), &raw mut sink) };
                succeeded(status, "the assertion handler")?;
                sink.take()
                    .map(|text| Secret::from(text.as_str()))
                    .ok_or_else(|| Error::new(Status::Auth, "the assertion handler gave no token"))
            });
            Assertion::Asked(ask)
        });
        auth.inner.set_assertion(ask)
    })
}

/// Reads the signed token from a file, anew for each exchange: what
/// mcp_auth_set_assertion_handler() would give.
///
/// `auth`: one that is not in use yet.  `path`: in UTF-8, copied; the file need
/// not be there yet.  Blanks and line ends around the token are passed over.
/// NULL takes it away.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
/// MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_assertion_file(
    auth: *mut mcp_auth,
    path: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle, and for a text.
        let (auth, path) = unsafe { (borrow(auth, "auth")?, optional_text(path, "path")?) };
        if path == Some("") {
            return Err(Error::argument("path is empty"));
        }
        auth.inner.set_assertion(path.map(|path| Assertion::File(path.into())))
    })
}

/// Takes the signed token from an environment variable, anew for each
/// exchange: what mcp_auth_set_assertion_handler() would give.  Like such a
/// handler, it is read on the thread that is in a call, or that dispatches.
///
/// `auth`: one that is not in use yet.  `name`: copied; the variable need not
/// be set yet.  NULL takes it away.  Errors: MCP_E_INVALID_ARGUMENT,
/// MCP_E_STATE, MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_assertion_variable(
    auth: *mut mcp_auth,
    name: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle, and for a text.
        let (auth, name) = unsafe { (borrow(auth, "auth")?, optional_text(name, "name")?) };
        if name.is_some_and(|name| name.is_empty() || name.contains('=')) {
            return Err(Error::argument("name is empty or has a \"=\""));
        }
        auth.inner.set_assertion(name.map(|name| Assertion::Variable(name.into())))
    })
}

/// Sets where MCP_GRANT_TOKEN_EXCHANGE exchanges the identity token for an
/// ID-JAG.
///
/// `auth`: one that is not in use yet.  `token_endpoint`: https://, or http://
/// on this machine.  `client_id`, `client_secret`: the program's at the
/// identity provider; `client_secret` may be NULL.  All copied.  Its id at the
/// authorization server is that of mcp_auth_set_client().  Errors:
/// MCP_E_INVALID_ARGUMENT, MCP_E_STATE, MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.
/// Spec: enterprise-managed authorization, RFC 8693.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_identity_provider(
    auth: *mut mcp_auth,
    token_endpoint: *const c_char,
    client_id: *const c_char,
    client_secret: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle, and for texts.
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

/// Says whether tokens are bound to a key (DPoP), so that a stolen one is of
/// no use.
///
/// `auth`: one that is not in use yet.  `on`: 1 demands it, so that a server
/// which cannot is MCP_E_AUTH; 0 never does it; -1, as at first, does it where
/// the server asks for it.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
/// MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.  Spec: RFC 9449.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_dpop(auth: *mut mcp_auth, on: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle.
        let auth = unsafe { borrow(auth, "auth") }?;
        auth.inner.set_dpop(match on {
            -1 => None,
            0 => Some(false),
            1 => Some(true),
            _ => return Err(Error::argument(format!("on is {on}: it is 1, 0 or -1"))),
        })
    })
}

/// Sets the key that tokens are bound to, in place of one that the library
/// makes for each server and keeps beside the token.
///
/// `auth`: one that is not in use yet.  `key_pem`: an unencrypted PKCS #8 key
/// in PEM, copied; NULL takes it away.  `algorithm`: as for
/// mcp_auth_set_client_key().  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
/// MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.  Spec: RFC 9449.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_dpop_key(
    auth: *mut mcp_auth,
    key_pem: *const c_char,
    algorithm: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle, and for texts.
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

/// DANGER.  Lets an MCP server that is not on this machine or network name an
/// authorization server that is, which is otherwise MCP_E_INSECURE: it could
/// make this program ask what only this program can reach.
///
/// `auth`: one that is not in use yet.  `allow`: 1, or 0 as at first.  An MCP
/// server on this machine may name one on this machine, one on a private
/// network one on a private network.  Link-local addresses are always refused.
/// Errors: MCP_E_STATE, MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.  Spec: RFC 9728, 7.7.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_allow_private(auth: *mut mcp_auth, allow: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle.
        unsafe { borrow(auth, "auth") }?.inner.set_allow_private(allow != 0)
    })
}

/// Sets what is one text, or none.
///
/// # Safety
///
/// `auth` is NULL or a live handle, `value` NULL or a text.
pub(crate) unsafe fn set_text(
    auth: *mut mcp_auth,
    value: *const c_char,
    name: &str,
    set: fn(&Auth, Option<&str>) -> Result<()>,
) -> i32 {
    guard(|| {
        // SAFETY: as the caller says.
        let (auth, value) = unsafe { (borrow(auth, "auth")?, optional_text(value, name)?) };
        set(&auth.inner, value)
    })
}

/// What a function of the program's gave back.
pub(crate) fn succeeded(status: i32, what: &str) -> Result<()> {
    if status == Status::Ok as i32 {
        return Ok(());
    }
    Err(Error::new(Status::Auth, format!("{what} gave up with {status}")))
}
