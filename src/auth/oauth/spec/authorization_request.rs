//! The authorization request, and the answer that the redirect brings
//! (RFC 6749, 4.1; RFC 7636; RFC 8707; RFC 9207).

use form_urlencoded::{byte_serialize, parse};

use crate::auth::oauth::spec::redact::{foreign, place, said, same_secret};
use crate::auth::oauth::spec::server_metadata::ServerMetadata;
use crate::auth::oauth::spec::url_rules::{PlainHttp, check};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::wire::url::UrlParts;

/// What a person's browser is to ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthorizationRequest<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) code_challenge: &'a str,
    pub(crate) state: &'a Secret,
    pub(crate) resource: &'a str,
    pub(crate) scope: Option<&'a str>,
    pub(crate) needs_consent: bool,
    pub(crate) dpop_jkt: Option<&'a str>,
}

impl AuthorizationRequest<'_> {
    /// The URL to open. It holds the state, and so is a secret until then.
    pub(crate) fn url(&self, plain: PlainHttp) -> Result<Secret> {
        check_for_browser(self.endpoint, plain)?;
        let mut url = self.endpoint.to_owned();
        let mut mark = match UrlParts::of(self.endpoint).query {
            None => "?",
            Some("") => "",
            Some(_) => "&",
        };
        for (name, value) in [
            ("response_type", Some("code")),
            ("client_id", Some(self.client_id)),
            ("redirect_uri", Some(self.redirect_uri)),
            ("code_challenge", Some(self.code_challenge)),
            ("code_challenge_method", Some("S256")),
            ("state", Some(self.state.expose())),
            ("resource", Some(self.resource)),
            ("scope", self.scope.filter(|scope| !scope.is_empty())),
            ("prompt", self.needs_consent.then_some("consent")),
            ("dpop_jkt", self.dpop_jkt),
        ] {
            let Some(value) = value else { continue };
            url.push_str(mark);
            url.push_str(name);
            url.push('=');
            url.extend(byte_serialize(value.as_bytes()));
            mark = "&";
        }
        Ok(Secret::from(url))
    }
}

/// Refuses what must not get to the program that opens URLs: another scheme,
/// or a character that stands in no URL and may mean something to a shell.
pub(crate) fn check_for_browser(url: &str, plain: PlainHttp) -> Result<()> {
    check("authorization endpoint", url, plain)?;
    let mut rest = url.bytes();
    while let Some(byte) = rest.next() {
        let is_fine = match byte {
            b'%' => {
                let mut digit = || rest.next().is_some_and(|byte| byte.is_ascii_hexdigit());
                digit() && digit()
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
        };
        if !is_fine {
            return Err(Error::new(
                Status::Untrusted,
                format!("the authorization endpoint {} has what no URL has: refused", place(url)),
            ));
        }
    }
    Ok(())
}

/// The longest code that is sent on.
const LONGEST: usize = 4096;

/// The known parameters of a redirect. Nothing of it is to be believed before
/// [`AuthorizationResponse::check`].
#[derive(Debug, Default)]
pub(crate) struct AuthorizationResponse {
    state: Option<Secret>,
    code: Option<Secret>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    /// A parameter that came twice.
    doubled: Option<&'static str>,
}

/// Reads the query of a redirect, without its `?`.
pub(crate) fn read_answer(query: &str) -> AuthorizationResponse {
    let mut answer = AuthorizationResponse::default();
    let mut is_state_doubled = false;
    for (name, value) in parse(query.as_bytes()) {
        // Moved where it was decoded, so that no copy is left of it.
        let secret =
            |slot: &mut Option<Secret>, value: String| slot.replace(Secret::from(value)).is_some();
        let text = |slot: &mut Option<String>, value: String| slot.replace(value).is_some();
        let value = value.into_owned();
        let twice = match &*name {
            "state" => {
                is_state_doubled |= secret(&mut answer.state, value);
                None
            }
            "code" => secret(&mut answer.code, value).then_some("code"),
            "iss" => text(&mut answer.iss, value).then_some("iss"),
            "error" => text(&mut answer.error, value).then_some("error"),
            "error_description" => {
                text(&mut answer.error_description, value).then_some("error_description")
            }
            _ => None,
        };
        answer.doubled = answer.doubled.or(twice);
    }
    if is_state_doubled {
        answer.state = None;
    }
    answer
}

/// What of a flow's record its answer is held to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpectedResponse<'a> {
    /// The recorded issuer.
    pub(crate) issuer: &'a str,
    /// Whether its metadata promises `iss` in each answer.
    pub(crate) sends_iss: bool,
    /// What must not be shown.
    pub(crate) secrets: &'a [Secret],
}

impl<'a> ExpectedResponse<'a> {
    pub(crate) fn of(server: &'a ServerMetadata, secrets: &'a [Secret]) -> Self {
        Self { issuer: &server.issuer, sends_iss: server.sends_iss, secrets }
    }
}

impl AuthorizationResponse {
    /// Whether it is the answer to the flow of this state. Any other is not
    /// ours: the flow goes on waiting. One with two states has none.
    pub(crate) fn is_for(&self, state: &Secret) -> bool {
        self.state.as_ref().is_some_and(|ours| same_secret(ours, state))
    }

    /// The code, of an answer that is ours: [`Self::is_for`] comes first.
    pub(crate) fn check(self, expected: &ExpectedResponse<'_>) -> Result<Secret> {
        if let Some(name) = self.doubled {
            return Err(Error::new(
                Status::Untrusted,
                format!("the answer to the sign-in has the parameter \"{name}\" twice: refused"),
            ));
        }
        self.check_issuer(expected)?;
        if let Some(code) = &self.error {
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

    /// RFC 9207, 2.4: plain text against plain text.
    fn check_issuer(&self, expected: &ExpectedResponse<'_>) -> Result<()> {
        let recorded = expected.issuer;
        let wrong = match &self.iss {
            Some(iss) if iss == recorded => return Ok(()),
            None if !expected.sends_iss => return Ok(()),
            None => "names no issuer, though that server promises to".to_owned(),
            Some(iss) => match foreign(iss, expected.secrets) {
                Some(shown) => format!("is from the issuer \"{shown}\""),
                None => "is from another issuer".to_owned(),
            },
        };
        Err(Error::new(
            Status::Untrusted,
            format!("the sign-in was begun at \"{recorded}\" and its answer {wrong}: refused"),
        ))
    }

    fn refusal(&self, code: &str, expected: &ExpectedResponse<'_>) -> Error {
        let (status, what) = match code {
            "access_denied" => {
                (Status::Denied, "the person, or the server, said no to the sign-in")
            }
            "server_error" | "temporarily_unavailable" => {
                (Status::Unavailable, "the authorization server cannot sign anyone in now")
            }
            "login_required" | "consent_required" | "interaction_required" => {
                (Status::Unavailable, "the authorization server wants the person again")
            }
            _ => (Status::Auth, "the authorization server refused the sign-in"),
        };
        let said = said(code, self.error_description.as_deref(), expected.secrets);
        Error::new(status, format!("{what}, at {}{said}", expected.issuer))
    }
}

#[cfg(test)]
mod tests;
