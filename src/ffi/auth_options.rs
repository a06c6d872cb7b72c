//! Options of an authorization that say what the servers may lack, and what the
//! requests of a sign-in contain.

use std::ffi::c_char;

use crate::base::error::Result;
use crate::client::authorization::Auth;
use crate::ffi::argument::{optional_text, text};
use crate::ffi::auth::{mcp_auth, set_text};
use crate::ffi::guard::guard;
use crate::ffi::handle::borrow;

/// Sets the scopes to request.
///
/// `auth`: an authorization before its first exchange.
/// `scope`: scope names, separated by blanks, copied.  They are sent as they
/// are, without additions.  "" requests no scope: no request has the
/// parameter "scope".  NULL, which is the default, requests the scopes that
/// the server's challenge names.  If the challenge names none, the library
/// requests the scopes in the server's metadata, or else none.
///
/// Use "" for an authorization server that refuses the scopes which the MCP
/// server names.  The token then has the scopes that the authorization server
/// chooses, which may be more than the application needs.
///
/// When: before use.  Spec: authorization, scopes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_scope(auth: *mut mcp_auth, scope: *const c_char) -> i32 {
    // SAFETY: the header requires the same.
    unsafe { set_text(auth, scope, "scope", Auth::set_scope) }
}

/// Sets the only authorization server to use, and states that the application
/// trusts it for the MCP servers of this authorization.
///
/// `auth`: an authorization before its first exchange.
/// `issuer`: https://, or http:// on this machine or on a private network;
/// exactly as the member "issuer" in the metadata of the authorization
/// server, copied.  NULL, which is the default, means the one that the MCP
/// server names.
///
/// Without this function, the authorization server must be one that the MCP
/// server lists, and its metadata must have the same issuer, byte for byte.
/// With it, the library uses metadata whose issuer is `issuer`, byte for
/// byte, also if the MCP server lists another authorization server, or none.
/// The library then reads metadata from the origin of `issuer` only.  If a
/// server publishes no metadata, see mcp_auth_set_endpoints().
///
/// The person sees the pages of this authorization server, and it gets the
/// client secret.  So take the issuer from the documents of the provider.  An
/// error that names an issuer repeats what a server sent.
///
/// When: before use.  Spec: RFC 8414, RFC 9728.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_issuer(auth: *mut mcp_auth, issuer: *const c_char) -> i32 {
    // SAFETY: the header requires the same.
    unsafe { set_text(auth, issuer, "issuer", Auth::set_issuer) }
}

/// Sets a parameter of the authorization request, or leaves it out.  This is
/// the request that the person's browser sends to the authorization server;
/// for the device grant, the request for the code.
///
/// `auth`: an authorization before its first exchange.
/// `name`: of the parameter: 1 to 256 printable ASCII characters without
/// blanks, copied.
/// `value`: UTF-8 of up to 8192 bytes, copied; the library encodes it for the
/// URL.  NULL leaves the parameter out.  A later call for the same name
/// replaces an earlier one.  Up to 64 names.
///
/// Some authorization servers need what MCP does not know, for example
/// "access_type" or "audience".  Some refuse what MCP demands: "resource"
/// with NULL, here and in mcp_auth_set_token_parameter(), leaves out the
/// resource indicator.  Then the authorization server alone decides for which
/// MCP server the token is, and an MCP server may get a token that other
/// servers accept as well.  So leave it out only if the authorization server
/// refuses it.
///
/// The URL is visible in the browser, so a value is no place for a secret.
///
/// Errors: MCP_E_INVALID_ARGUMENT for the parameters that carry the security
/// of the sign-in or that another function sets: assertion, client_assertion,
/// client_assertion_type, client_id, client_secret, code, code_challenge,
/// code_challenge_method, code_verifier, device_code, dpop_jkt, grant_type,
/// nonce, redirect_uri, refresh_token, request, request_uri, response_mode,
/// response_type, scope, state, subject_token.
///
/// When: before use.  Spec: RFC 6749, 3.1; RFC 8707.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_authorization_parameter(
    auth: *mut mcp_auth,
    name: *const c_char,
    value: *const c_char,
) -> i32 {
    // SAFETY: the header requires the same.
    unsafe { set_parameter(auth, name, value, Auth::set_authorization_parameter) }
}

/// Sets a parameter of every token request, or leaves it out.  The token
/// requests are those with a code, a refresh token, client credentials, an
/// assertion or a device code.
///
/// `auth`: an authorization before its first exchange.
/// `name`, `value`: as for mcp_auth_set_authorization_parameter().
///
/// Errors: those of mcp_auth_set_authorization_parameter().
///
/// When: before use.  Spec: RFC 6749, 3.2; RFC 8707.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_token_parameter(
    auth: *mut mcp_auth,
    name: *const c_char,
    value: *const c_char,
) -> i32 {
    // SAFETY: the header requires the same.
    unsafe { set_parameter(auth, name, value, Auth::set_token_parameter) }
}

/// DANGER.  Allows a sign-in at an authorization server whose metadata does
/// not say that it supports PKCE.  Otherwise that is MCP_E_AUTH: a server
/// that ignores PKCE lets whoever sees the authorization code use it.
///
/// `auth`: an authorization before its first exchange.
/// `assume`: 1 assumes that the server supports PKCE with S256; 0, which is
/// the default, does not.
///
/// The library sends PKCE with S256 in either case.  A server whose list of
/// methods lacks S256 is still refused.
///
/// When: before use.  Spec: authorization, RFC 7636, RFC 8414.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_assume_pkce(auth: *mut mcp_auth, assume: i32) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live handle.
        unsafe { borrow(auth, "auth") }?.inner.set_assume_pkce(assume != 0)
    })
}

/// Sets the endpoints of an authorization server that publishes no metadata.
/// The library then fetches no metadata, and registers no client: see
/// mcp_auth_set_client().
///
/// `auth`: an authorization before its first exchange.
/// `authorization`: the URL to which the person's browser goes, copied.  For
/// MCP_GRANT_DEVICE it is the URL for device authorization requests.  NULL for
/// a grant without a person.
/// `token`: the URL for token requests, copied.  NULL for both URLs, which is
/// the default, means the endpoints of the metadata.
///
/// Both are https://, or http:// on this machine or on a private network; for
/// http://, see mcp_auth_set_allow_private().  Nothing checks that the
/// endpoints belong to the MCP server: the application says so.  The library
/// sends the code and the client secret there, so take the URLs from the
/// documents of the provider.  PKCE with S256 is sent.
///
/// With mcp_auth_set_issuer(), a redirect that names another issuer is
/// refused, and tokens are stored under the issuer.  Without it, they are
/// stored under the origin of the token endpoint.
///
/// Errors: MCP_E_INVALID_ARGUMENT also for an authorization endpoint without
/// a token endpoint.
///
/// When: before use.  Spec: RFC 6749, 3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_endpoints(
    auth: *mut mcp_auth,
    authorization: *const c_char,
    token: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live handle, and for texts.
        let (auth, authorization, token) = unsafe {
            (
                borrow(auth, "auth")?,
                optional_text(authorization, "authorization")?,
                optional_text(token, "token")?,
            )
        };
        auth.inner.set_endpoints(authorization, token)
    })
}

/// Sets the method by which the application authenticates at the token
/// endpoint.  It holds for the registration and for every token request.
///
/// `auth`: an authorization before its first exchange.
/// `method`: "client_secret_basic", "client_secret_post", "private_key_jwt"
/// or "none", copied.  NULL, which is the default, selects the first method
/// in the metadata of the authorization server that the application can use.
///
/// Use it for an authorization server whose metadata lists a method that does
/// not work.  "client_secret_basic" and "client_secret_post" need a secret,
/// from mcp_auth_set_client() or from the registration; "private_key_jwt"
/// needs mcp_auth_set_client_key().  The secret goes to the token endpoint in
/// each case.
///
/// When: before use.  Spec: RFC 6749, 2.3; RFC 7591.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_client_auth(
    auth: *mut mcp_auth,
    method: *const c_char,
) -> i32 {
    // SAFETY: the header requires the same.
    unsafe { set_text(auth, method, "method", Auth::set_client_auth) }
}

/// Selects a known provider of sign-ins, and with it the options that it
/// needs.  docs/sign-in.md lists the names, and what each one changes.
///
/// `auth`: an authorization before its first exchange.
/// `name`: in lower case, for example "entra", "cognito" or "google", copied.
/// NULL, which is the default, means none.
///
/// A profile is a set of the other options of this chapter.  What the
/// application sets itself counts more, whether before or after this call.  A
/// profile may leave out what MCP demands, such as the resource indicator; see
/// mcp_auth_set_authorization_parameter().  The library never selects one
/// itself.
///
/// Errors: MCP_E_INVALID_ARGUMENT for an unknown name, with a message that
/// lists the known ones.
///
/// When: before use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_provider(auth: *mut mcp_auth, name: *const c_char) -> i32 {
    // SAFETY: the header requires the same.
    unsafe { set_text(auth, name, "name", Auth::set_provider) }
}

/// DANGER.  Allows an MCP server that is outside this machine and its network
/// to name an authorization server that is inside.  Otherwise that is
/// MCP_E_INSECURE, because such a server could make the application send
/// requests to addresses that only the application can reach.
///
/// `auth`: an authorization before its first exchange.
/// `allow`: 1 allows it; 0, which is the default, does not.
///
/// Always allowed: an MCP server on this machine names an authorization
/// server on this machine, or an MCP server on a private network names one on
/// a private network.  Never allowed: link-local addresses.
///
/// Together with MCP_ALLOW_PLAIN_HTTP it allows a sign-in over
/// http:// on a private network: the MCP server must be on this machine or on
/// a private network, and each host of the sign-in must be a private address
/// or a name that only private networks have: one without a dot, or one that
/// ends in .local, .localhost, .home.arpa, .internal, .lan, .home or .corp.
/// Whoever is on that network can then read the password, the code and the
/// tokens.
///
/// When: before use.  Spec: RFC 9728, 7.7.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_allow_private(auth: *mut mcp_auth, allow: i32) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live handle.
        unsafe { borrow(auth, "auth") }?.inner.set_allow_private(allow != 0)
    })
}

/// Sets or leaves out a parameter of a request.
///
/// # Safety
///
/// `auth` is NULL or a live handle, `name` and `value` are NULL or texts.
unsafe fn set_parameter(
    auth: *mut mcp_auth,
    name: *const c_char,
    value: *const c_char,
    set: fn(&Auth, &str, Option<&str>) -> Result<()>,
) -> i32 {
    guard(|| {
        // SAFETY: the caller guarantees it.
        let (auth, name, value) =
            unsafe { (borrow(auth, "auth")?, text(name, "name")?, optional_text(value, "value")?) };
        set(&auth.inner, name, value)
    })
}
