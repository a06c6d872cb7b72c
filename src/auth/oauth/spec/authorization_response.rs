//! The authorization response, in the parameters of the redirect (RFC 6749, 4.1.2;
//! RFC 9207).

use form_urlencoded::parse;

use crate::auth::oauth::spec::redact::{display_error, display_text, same_secret};
use crate::auth::oauth::spec::refusal_advice::{AskedFor, advice};
use crate::auth::oauth::spec::server_metadata::ServerMetadata;
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;

/// The most bytes of a code.
const LONGEST: usize = 4096;

/// The known parameters of a redirect. They are not trusted before
/// [`AuthorizationResponse::code`].
#[derive(Debug, Default)]
pub(crate) struct AuthorizationResponse {
    state: Option<Secret>,
    code: Option<Secret>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    /// A parameter that occurs twice.
    doubled: Option<&'static str>,
}

/// Reads the query of a redirect, without its `?`.
pub(crate) fn read_response(query: &str) -> AuthorizationResponse {
    let mut response = AuthorizationResponse::default();
    let mut is_state_doubled = false;
    for (name, value) in parse(query.as_bytes()) {
        // Moved and not copied, so that no copy of the secret is left behind.
        let secret =
            |slot: &mut Option<Secret>, value: String| slot.replace(Secret::from(value)).is_some();
        let text = |slot: &mut Option<String>, value: String| slot.replace(value).is_some();
        let value = value.into_owned();
        let twice = match &*name {
            "state" => {
                is_state_doubled |= secret(&mut response.state, value);
                None
            }
            "code" => secret(&mut response.code, value).then_some("code"),
            "iss" => text(&mut response.iss, value).then_some("iss"),
            "error" => text(&mut response.error, value).then_some("error"),
            "error_description" => {
                text(&mut response.error_description, value).then_some("error_description")
            }
            _ => None,
        };
        response.doubled = response.doubled.or(twice);
    }
    if is_state_doubled {
        response.state = None;
    }
    response
}

/// What the response to an authorization request must match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpectedResponse<'a> {
    /// The issuer to which the request went.
    pub(crate) issuer: &'a str,
    /// Whether its metadata promises `iss` in each response.
    pub(crate) sends_iss: bool,
    /// No error may show these.
    pub(crate) secrets: &'a [Secret],
    pub(crate) asked: AskedFor<'a>,
}

impl<'a> ExpectedResponse<'a> {
    pub(crate) fn of(
        server: &'a ServerMetadata,
        secrets: &'a [Secret],
        asked: AskedFor<'a>,
    ) -> Self {
        Self { issuer: &server.issuer, sends_iss: server.sends_iss, secrets, asked }
    }
}

impl AuthorizationResponse {
    /// Whether it belongs to the request with this state. Any other response is
    /// ignored. A response with two states belongs to no request.
    pub(crate) fn is_for(&self, state: &Secret) -> bool {
        self.state.as_ref().is_some_and(|ours| same_secret(ours, state))
    }

    /// Ignores `iss`: the issuer is not known, because the application set the
    /// endpoints and no issuer.
    pub(crate) fn without_issuer(self) -> Self {
        Self { iss: None, ..self }
    }

    /// The code. Call [`Self::is_for`] first.
    pub(crate) fn code(self, expected: &ExpectedResponse<'_>) -> Result<Secret> {
        if let Some(name) = self.doubled {
            return Err(Error::new(
                Status::Untrusted,
                format!("the answer to the sign-in has the parameter \"{name}\" twice: refused"),
            ));
        }
        self.check_issuer(expected)?;
        // A parameter without a value counts as left out (RFC 6749, 3.1).
        if let Some(code) = self.error.as_ref().filter(|code| !code.is_empty()) {
            return Err(self.refusal(code, expected));
        }
        match self.code {
            Some(code) if !code.expose().is_empty() && code.expose().len() <= LONGEST => Ok(code),
            Some(code) if !code.expose().is_empty() => Err(Error::protocol(format!(
                "the answer to the sign-in has a code of more than {LONGEST} bytes"
            ))),
            _ => Err(Error::protocol(
                "the answer to the sign-in has neither a code nor an error; sign in again",
            )),
        }
    }

    /// RFC 9207, 2.4: compares the texts, without normalization.
    fn check_issuer(&self, expected: &ExpectedResponse<'_>) -> Result<()> {
        let recorded = expected.issuer;
        let wrong = match &self.iss {
            Some(iss) if iss == recorded => return Ok(()),
            None if !expected.sends_iss => return Ok(()),
            None => "names no issuer, though that server promises to".to_owned(),
            Some(iss) => match display_text(iss, expected.secrets) {
                Some(shown) => format!("is from the issuer \"{shown}\""),
                None => "is from another issuer".to_owned(),
            },
        };
        Err(Error::new(
            Status::Untrusted,
            format!(
                "the sign-in began at \"{recorded}\" and its answer {wrong}: refused, as it may be \
                 an attack; if you know that the server is right, leave this check out with \
                 mcp_auth_set_endpoints() and without mcp_auth_set_issuer()"
            ),
        ))
    }

    fn refusal(&self, code: &str, expected: &ExpectedResponse<'_>) -> Error {
        let (status, what) = match code {
            "access_denied" => (Status::Denied, "the person or the server refused the sign-in"),
            "server_error" | "temporarily_unavailable" => {
                (Status::Unavailable, "the authorization server cannot sign anyone in now")
            }
            "login_required" | "consent_required" | "interaction_required" => (
                Status::Unavailable,
                "the authorization server needs another sign-in of the person",
            ),
            _ => (Status::Auth, "the authorization server refused the sign-in"),
        };
        let description = self.error_description.as_deref();
        let said = display_error(code, description, expected.secrets);
        let advice = advice(code, description, &expected.asked);
        Error::new(status, format!("{what}, at {}{said}{advice}", expected.issuer))
    }
}

#[cfg(test)]
mod tests;
