//! The token response: tokens, or an error (RFC 6749, 5.1 and 5.2; RFC 8693,
//! 2.2; RFC 9449, 5).

use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::explanation::explanation;
use crate::auth::oauth::spec::json_document::JsonDocument;
use crate::auth::oauth::spec::redact::{display_error, display_text, display_url};
use crate::auth::oauth::spec::refresh_refusal::RefreshRefusal;
use crate::auth::oauth::spec::refusal_advice::{self, AskedFor};
use crate::auth::oauth::spec::scope::{join, split};
use crate::base::error::{Error, Status};
use crate::base::secret::Secret;
use crate::wire::clock_skew;

/// The most bytes of a token: it must fit a header.
const LONGEST: usize = 32 * 1024;
/// The type of an ID-JAG.
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";

/// What a token request presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenStep {
    Code,
    /// No grant: the request for the codes of the device authorization grant.
    DeviceAuthorization,
    /// A device code. The person may not have signed in yet.
    DeviceCode,
    Refresh,
    Credentials,
    /// An assertion of a platform, or an ID-JAG.
    Assertion,
    /// An identity token, at the identity provider, for an ID-JAG.
    Exchange,
    /// A token to be revoked: no grant.
    Revocation,
}

/// Whether the request had a DPoP proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DpopUse {
    None,
    Sent,
    /// It had one, and a token that is not bound is of no use.
    Demanded,
}

/// What is known about the request of a response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentTokenRequest<'a> {
    pub(crate) step: TokenStep,
    pub(crate) proof: DpopUse,
    /// The secrets of the request: no error may show them.
    pub(crate) secrets: &'a [Secret],
    pub(crate) asked: AskedFor<'a>,
}

/// How a token is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TokenType {
    #[default]
    Bearer,
    Dpop,
}

impl TokenType {
    /// The `token_type`, which is also the scheme of the Authorization header.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }
}

/// A successful response. The tokens themselves are opaque.
#[derive(Clone, Debug)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: Secret,
    /// `None` for an ID-JAG, which no request can carry ("N_A").
    pub(crate) token_type: Option<TokenType>,
    /// In seconds from the moment before the request was sent.
    pub(crate) expires_in: Option<u64>,
    pub(crate) refresh_token: Option<Secret>,
    /// The granted scope; `None`: as requested.
    pub(crate) scope: Option<String>,
}

/// The error, by the action of the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenErrorKind {
    InvalidGrant,
    InvalidClient,
    /// Repeat the request with the nonce of this response.
    UseDpopNonce,
    InvalidDpopProof,
    /// The client may not use the grant.
    UnauthorizedClient,
    /// The person has not signed in yet (RFC 8628, 3.5).
    AuthorizationPending,
    /// The same, and the client polls too often.
    SlowDown,
    /// The person did not sign in in time.
    ExpiredToken,
    /// The server cannot answer now. In milliseconds.
    Unavailable {
        retry_after: Option<u32>,
    },
    /// Repeating the request cannot help.
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct TokenError {
    pub(crate) kind: TokenErrorKind,
    /// Whether the refusal is definite.
    pub(crate) refusal: Option<RefreshRefusal>,
    pub(crate) error: Error,
}

/// Reads the response of a token endpoint.
pub(crate) fn read(
    reply: &EndpointResponse<'_>,
    asked: &SentTokenRequest<'_>,
) -> Result<TokenResponse, TokenError> {
    let document = success(reply, asked)?;
    granted(&document, asked).map_err(|why| TokenError {
        kind: TokenErrorKind::Other,
        refusal: RefreshRefusal::of(reply),
        error: reply.malformed(asked.step.name(), &why),
    })
}

/// The document of a response that is no error.
pub(crate) fn success<'a>(
    reply: &EndpointResponse<'a>,
    asked: &SentTokenRequest<'_>,
) -> Result<JsonDocument<'a>, TokenError> {
    let step = asked.step.name();
    // Some servers send these with a status such as 429.
    let is_waiting = || {
        asked.step == TokenStep::DeviceCode
            && matches!(reply.error_code().as_deref(), Some("authorization_pending" | "slow_down"))
    };
    if reply.is_unavailable() && !is_waiting() {
        let kind = TokenErrorKind::Unavailable { retry_after: reply.wait() };
        return Err(TokenError { kind, refusal: None, error: reply.unavailable(step) });
    }
    let malformed = |why: &str| TokenError {
        kind: TokenErrorKind::Other,
        refusal: RefreshRefusal::of(reply),
        error: explained(reply, asked, why),
    };
    let Some(document) = reply.document() else {
        return Err(malformed("which is no JSON object"));
    };
    // Some servers send errors with the status 200.
    if let Some(code) = document.text("error") {
        return Err(refusal(reply, asked, &code));
    }
    if !reply.is_success() {
        return Err(malformed("without an \"error\" that is a string"));
    }
    if document.has_value("error") {
        return Err(malformed("with an \"error\" that is no string"));
    }
    Ok(document)
}

/// The error for a response that is not what OAuth defines. The words of a refusal
/// are quoted only where they name something that the application can change: the
/// rest may be anything, and a success may have tokens.
fn explained(reply: &EndpointResponse<'_>, asked: &SentTokenRequest<'_>, why: &str) -> Error {
    let malformed = reply.malformed(asked.step.name(), why);
    let words = explanation(reply).filter(|_| matches!(reply.status, 400..=499));
    let Some(words) = words else { return malformed };
    let advice = refusal_advice::advice("", Some(&words), &asked.asked);
    let shown = display_text(&words, asked.secrets).filter(|_| !advice.is_empty());
    let Some(shown) = shown else { return malformed };
    let message = format!("{}: \"{shown}\"{advice}", malformed.message());
    Error::new(Status::Auth, message).with_http_status(reply.status)
}

fn granted(
    document: &JsonDocument<'_>,
    asked: &SentTokenRequest<'_>,
) -> Result<TokenResponse, String> {
    let access_token = document.text("access_token").map(Secret::from);
    let access_token = access_token.ok_or("without an \"access_token\"")?;
    let text = access_token.expose();
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err("with an \"access_token\" that fits no header".to_owned());
    }
    let issued_token_type = document.text("issued_token_type");
    if asked.step == TokenStep::Exchange && issued_token_type.as_deref() != Some(ID_JAG) {
        return Err(format!("with another \"issued_token_type\" than {ID_JAG}"));
    }
    let refresh_token = document.text("refresh_token").map(Secret::from);
    Ok(TokenResponse {
        token_type: token_type(document, asked)?,
        access_token,
        expires_in: document.seconds("expires_in"),
        refresh_token: refresh_token
            .filter(|one| !one.expose().is_empty() && one.expose().len() <= LONGEST),
        scope: document.text("scope").map(|scope| join(&split(&scope))),
    })
}

/// Without `token_type` it is Bearer: some servers omit it.
fn token_type(
    document: &JsonDocument<'_>,
    asked: &SentTokenRequest<'_>,
) -> Result<Option<TokenType>, String> {
    let name = document.text("token_type").unwrap_or_else(|| "Bearer".to_owned());
    let token_type = match name.to_ascii_lowercase().as_str() {
        // Slack tells by its type whose token it is. Both are bearer tokens.
        "bearer" | "user" | "bot" => Some(TokenType::Bearer),
        "dpop" if asked.proof != DpopUse::None => Some(TokenType::Dpop),
        "n_a" if asked.step == TokenStep::Exchange => None,
        _ => {
            let shown = display_text(&name, asked.secrets).unwrap_or_default();
            return Err(format!("with the \"token_type\" \"{shown}\", which was not requested"));
        }
    };
    if token_type == Some(TokenType::Bearer) && asked.proof == DpopUse::Demanded {
        return Err("with a token that is not bound by DPoP, which is required".to_owned());
    }
    Ok(token_type)
}

fn refusal(reply: &EndpointResponse<'_>, asked: &SentTokenRequest<'_>, code: &str) -> TokenError {
    let kind = match code {
        "invalid_grant" => TokenErrorKind::InvalidGrant,
        "invalid_client" => TokenErrorKind::InvalidClient,
        "use_dpop_nonce" => TokenErrorKind::UseDpopNonce,
        "invalid_dpop_proof" => TokenErrorKind::InvalidDpopProof,
        "unauthorized_client" if asked.step == TokenStep::DeviceAuthorization => {
            TokenErrorKind::UnauthorizedClient
        }
        "authorization_pending" => TokenErrorKind::AuthorizationPending,
        "slow_down" => TokenErrorKind::SlowDown,
        "expired_token" => TokenErrorKind::ExpiredToken,
        // A client that polls stops at every other error code (RFC 8628, 3.5).
        "server_error" | "temporarily_unavailable" if asked.step != TokenStep::DeviceCode => {
            TokenErrorKind::Unavailable { retry_after: reply.wait() }
        }
        _ => TokenErrorKind::Other,
    };
    let needs_person = matches!(
        code,
        "invalid_grant" | "insufficient_user_authentication" | "interaction_required"
    );
    let status = match (kind, asked.step) {
        (TokenErrorKind::Unavailable { .. }, _) => Status::Unavailable,
        // The person must sign in again.
        (TokenErrorKind::InvalidGrant, TokenStep::Refresh) => Status::Unauthorized,
        (_, TokenStep::Exchange) if needs_person => Status::Unauthorized,
        (TokenErrorKind::ExpiredToken, TokenStep::DeviceCode) => Status::Timeout,
        // The latter is Entra ID's for a device code.
        (TokenErrorKind::Other, _)
            if matches!(code, "access_denied" | "authorization_declined") =>
        {
            Status::Denied
        }
        _ => Status::Auth,
    };
    let description = explanation(reply);
    let mut message = format!(
        "{}: {} answered {}{}",
        asked.step.name(),
        display_url(reply.url),
        reply.status,
        display_error(code, description.as_deref(), asked.secrets)
    );
    message.push_str(advice(kind, asked.step, needs_person));
    // The application itself lets the person sign in at an identity provider.
    if asked.step != TokenStep::Exchange || !needs_person {
        let text = refusal_advice::advice(code, description.as_deref(), &asked.asked);
        message.push_str(&text);
    }
    if kind == TokenErrorKind::InvalidDpopProof
        && let Some(apart) = clock_skew::clock_skew(reply.date, reply.now)
    {
        message.push_str(&format!("; {apart}"));
    }
    let retry_after = match kind {
        TokenErrorKind::Unavailable { retry_after } => retry_after,
        _ => None,
    };
    let error =
        Error::new(status, message).with_http_status(reply.status).with_retry_after(retry_after);
    TokenError { kind, refusal: RefreshRefusal::of(reply), error }
}

fn advice(kind: TokenErrorKind, step: TokenStep, needs_person: bool) -> &'static str {
    match (kind, step) {
        (_, TokenStep::Exchange) if needs_person => "; let the person sign in again",
        (TokenErrorKind::InvalidGrant, TokenStep::Code) => {
            "; the code was used, expired, or of another redirect: the next call signs in again"
        }
        (TokenErrorKind::InvalidGrant, TokenStep::DeviceCode) => {
            "; the device code was used or has expired: the next call signs in again"
        }
        (TokenErrorKind::ExpiredToken, TokenStep::DeviceCode) => {
            "; nobody signed in before the code expired: sign in again"
        }
        (TokenErrorKind::InvalidGrant, TokenStep::Refresh) => "; sign in again",
        (TokenErrorKind::InvalidGrant, _) => "; the assertion was not accepted: get a new one",
        (TokenErrorKind::InvalidClient, _) => {
            "; the authorization server does not know this client, or not its secret or key"
        }
        (TokenErrorKind::Unavailable { .. }, _) => "; try again later",
        _ => "",
    }
}

impl TokenStep {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Code => "token request with a code",
            Self::DeviceAuthorization => "device authorization request",
            Self::DeviceCode => "token request with the device code",
            Self::Refresh => "refresh of the token",
            Self::Credentials => "token request with the client's credentials",
            Self::Assertion => "token request with an assertion",
            Self::Exchange => "token exchange at the identity provider",
            Self::Revocation => "revocation of the token",
        }
    }
}

#[cfg(test)]
mod tests;
