//! The answer to a token request: a token, or why there is none (RFC 6749,
//! 5.1 and 5.2; RFC 8693, 2.2; RFC 9449, 5).

use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::json_document::JsonDocument;
use crate::auth::oauth::spec::redact::{foreign, place, said};
use crate::auth::oauth::spec::scope::{join, split};
use crate::base::error::{Error, Status};
use crate::base::secret::Secret;
use crate::wire::clock_skew;

/// The longest token: it has to fit a header.
const LONGEST: usize = 32 * 1024;
/// The type of an ID-JAG.
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";

/// What a token was asked for with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenStep {
    Code,
    Refresh,
    Credentials,
    /// An assertion that is not ours: of a platform, or an ID-JAG.
    Assertion,
    /// An identity assertion, at the identity provider, for an ID-JAG.
    Exchange,
    /// No grant: a token is given back.
    Revocation,
}

/// Whether a DPoP proof was sent along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DpopUse {
    None,
    Sent,
    /// And a token that is not bound by it is no use.
    Demanded,
}

/// What the answer is an answer to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentTokenRequest<'a> {
    pub(crate) step: TokenStep,
    pub(crate) proof: DpopUse,
    /// All that was sent and must not be shown.
    pub(crate) secrets: &'a [Secret],
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

/// A token, never parsed for meaning, and what was said of it.
#[derive(Clone, Debug)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: Secret,
    /// `None` for an ID-JAG, which no request can carry ("N_A").
    pub(crate) token_type: Option<TokenType>,
    /// Seconds from the moment before the request was sent.
    pub(crate) expires_in: Option<u64>,
    pub(crate) refresh_token: Option<Secret>,
    /// What was granted; absent: what was asked for.
    pub(crate) scope: Option<String>,
}

/// What whoever asked may do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenErrorKind {
    InvalidGrant,
    InvalidClient,
    /// To be asked once more with the nonce of this answer.
    UseDpopNonce,
    InvalidDpopProof,
    /// It may be otherwise after so many milliseconds.
    Unavailable {
        retry_after: Option<u32>,
    },
    /// Final.
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct TokenError {
    pub(crate) kind: TokenErrorKind,
    pub(crate) error: Error,
}

/// Reads the answer of a token endpoint.
pub(crate) fn read(
    reply: &EndpointResponse<'_>,
    asked: &SentTokenRequest<'_>,
) -> Result<TokenResponse, TokenError> {
    let step = asked.step.name();
    if reply.is_unavailable() {
        let kind = TokenErrorKind::Unavailable { retry_after: reply.wait() };
        return Err(TokenError { kind, error: reply.unavailable(step) });
    }
    let malformed =
        |why: &str| TokenError { kind: TokenErrorKind::Other, error: reply.malformed(step, why) };
    let Some(document) = reply.document() else {
        return Err(malformed("which is no JSON object"));
    };
    // Some servers refuse with 200.
    if let Some(code) = document.text("error") {
        return Err(refusal(reply, asked, &document, &code));
    }
    if !reply.is_success() {
        return Err(malformed("without an \"error\" that is a text"));
    }
    if document.has_value("error") {
        return Err(malformed("with an \"error\" that is no text"));
    }
    granted(&document, asked).map_err(|why| malformed(&why))
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

/// Absent it is Bearer: some servers forget it.
fn token_type(
    document: &JsonDocument<'_>,
    asked: &SentTokenRequest<'_>,
) -> Result<Option<TokenType>, String> {
    let name = document.text("token_type").unwrap_or_else(|| "Bearer".to_owned());
    let token_type = match name.to_ascii_lowercase().as_str() {
        "bearer" => Some(TokenType::Bearer),
        "dpop" if asked.proof != DpopUse::None => Some(TokenType::Dpop),
        "n_a" if asked.step == TokenStep::Exchange => None,
        _ => {
            let shown = foreign(&name, asked.secrets).unwrap_or_default();
            return Err(format!("with the \"token_type\" \"{shown}\", which was not asked for"));
        }
    };
    if token_type == Some(TokenType::Bearer) && asked.proof == DpopUse::Demanded {
        return Err("with a token that is not bound by DPoP, as it has to be".to_owned());
    }
    Ok(token_type)
}

fn refusal(
    reply: &EndpointResponse<'_>,
    asked: &SentTokenRequest<'_>,
    document: &JsonDocument<'_>,
    code: &str,
) -> TokenError {
    let kind = match code {
        "invalid_grant" => TokenErrorKind::InvalidGrant,
        "invalid_client" => TokenErrorKind::InvalidClient,
        "use_dpop_nonce" => TokenErrorKind::UseDpopNonce,
        "invalid_dpop_proof" => TokenErrorKind::InvalidDpopProof,
        "server_error" | "temporarily_unavailable" => {
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
        // The person has to sign in anew.
        (TokenErrorKind::InvalidGrant, TokenStep::Refresh) => Status::Unauthorized,
        (_, TokenStep::Exchange) if needs_person => Status::Unauthorized,
        (TokenErrorKind::Other, _) if code == "access_denied" => Status::Denied,
        _ => Status::Auth,
    };
    let description = document.text("error_description");
    let mut message = format!(
        "{}: {} answered {}{}",
        asked.step.name(),
        place(reply.url),
        reply.status,
        said(code, description.as_deref(), asked.secrets)
    );
    message.push_str(advice(kind, asked.step, needs_person));
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
    TokenError { kind, error }
}

fn advice(kind: TokenErrorKind, step: TokenStep, needs_person: bool) -> &'static str {
    match (kind, step) {
        (_, TokenStep::Exchange) if needs_person => "; sign the person in anew",
        (TokenErrorKind::InvalidGrant, TokenStep::Code) => {
            "; the code was used or too old, or of another redirect: the next call signs in anew"
        }
        (TokenErrorKind::InvalidGrant, TokenStep::Refresh) => "; sign in anew",
        (TokenErrorKind::InvalidGrant, _) => "; the assertion was not taken: get a new one",
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
