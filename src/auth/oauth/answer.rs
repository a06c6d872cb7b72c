//! The answer to a token request: a token, or why there is none (RFC 6749,
//! 5.1 and 5.2; RFC 8693, 2.2; RFC 9449, 5).

use crate::auth::oauth::document::Document;
use crate::auth::oauth::reply::Reply;
use crate::auth::oauth::scope::{join, split};
use crate::auth::oauth::words::{foreign, place, said};
use crate::base::error::{Error, Status};
use crate::base::secret::Secret;
use crate::wire::clock_skew;

/// The longest token: it has to fit a header.
const LONGEST: usize = 32 * 1024;
/// The type of an ID-JAG.
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";

/// What a token was asked for with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
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
pub(crate) enum Proof {
    None,
    Sent,
    /// And a token that is not bound by it is no use.
    Demanded,
}

/// What the answer is an answer to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) step: Step,
    pub(crate) proof: Proof,
    /// All that was sent and must not be shown.
    pub(crate) secrets: &'a [Secret],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenType {
    Bearer,
    DPoP,
    /// Of an ID-JAG, which opens nothing by itself.
    NotApplicable,
}

/// A token, never parsed for meaning, and what was said of it.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) access_token: Secret,
    pub(crate) token_type: TokenType,
    /// Seconds from the moment before the request was sent.
    pub(crate) expires_in: Option<u64>,
    pub(crate) refresh_token: Option<Secret>,
    /// What was granted; absent: what was asked for.
    pub(crate) scope: Option<String>,
}

/// What whoever asked may do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
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
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    pub(crate) error: Error,
}

/// Reads the answer of a token endpoint.
pub(crate) fn read(reply: &Reply<'_>, asked: &Asked<'_>) -> Result<Granted, Refusal> {
    let step = asked.step.name();
    if reply.is_unavailable() {
        let kind = Kind::Unavailable { retry_after: reply.wait() };
        return Err(Refusal { kind, error: reply.unavailable(step) });
    }
    let malformed = |why: &str| Refusal { kind: Kind::Other, error: reply.malformed(step, why) };
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

fn granted(document: &Document<'_>, asked: &Asked<'_>) -> Result<Granted, String> {
    let access_token = document.text("access_token").map(Secret::from);
    let access_token = access_token.ok_or("without an \"access_token\"")?;
    let text = access_token.expose();
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err("with an \"access_token\" that fits no header".to_owned());
    }
    let issued_token_type = document.text("issued_token_type");
    if asked.step == Step::Exchange && issued_token_type.as_deref() != Some(ID_JAG) {
        return Err(format!("with another \"issued_token_type\" than {ID_JAG}"));
    }
    let refresh_token = document.text("refresh_token").map(Secret::from);
    Ok(Granted {
        token_type: token_type(document, asked)?,
        access_token,
        expires_in: document.seconds("expires_in"),
        refresh_token: refresh_token
            .filter(|one| !one.expose().is_empty() && one.expose().len() <= LONGEST),
        scope: document.text("scope").map(|scope| join(&split(&scope))),
    })
}

/// Absent it is Bearer: some servers forget it.
fn token_type(document: &Document<'_>, asked: &Asked<'_>) -> Result<TokenType, String> {
    let name = document.text("token_type").unwrap_or_else(|| "Bearer".to_owned());
    let token_type = match name.to_ascii_lowercase().as_str() {
        "bearer" => TokenType::Bearer,
        "dpop" if asked.proof != Proof::None => TokenType::DPoP,
        "n_a" if asked.step == Step::Exchange => TokenType::NotApplicable,
        _ => {
            let shown = foreign(&name, asked.secrets).unwrap_or_default();
            return Err(format!("with the \"token_type\" \"{shown}\", which was not asked for"));
        }
    };
    if token_type == TokenType::Bearer && asked.proof == Proof::Demanded {
        return Err("with a token that is not bound by DPoP, as it has to be".to_owned());
    }
    Ok(token_type)
}

fn refusal(reply: &Reply<'_>, asked: &Asked<'_>, document: &Document<'_>, code: &str) -> Refusal {
    let kind = match code {
        "invalid_grant" => Kind::InvalidGrant,
        "invalid_client" => Kind::InvalidClient,
        "use_dpop_nonce" => Kind::UseDpopNonce,
        "invalid_dpop_proof" => Kind::InvalidDpopProof,
        "server_error" | "temporarily_unavailable" => {
            Kind::Unavailable { retry_after: reply.wait() }
        }
        _ => Kind::Other,
    };
    let needs_person = matches!(
        code,
        "invalid_grant" | "insufficient_user_authentication" | "interaction_required"
    );
    let status = match (kind, asked.step) {
        (Kind::Unavailable { .. }, _) => Status::Unavailable,
        // The person has to sign in anew.
        (Kind::InvalidGrant, Step::Refresh) => Status::Unauthorized,
        (_, Step::Exchange) if needs_person => Status::Unauthorized,
        (Kind::Other, _) if code == "access_denied" => Status::Denied,
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
    if kind == Kind::InvalidDpopProof
        && let Some(apart) = clock_skew::clock_skew(reply.date, reply.now)
    {
        message.push_str(&format!("; {apart}"));
    }
    let retry_after = match kind {
        Kind::Unavailable { retry_after } => retry_after,
        _ => None,
    };
    let error =
        Error::new(status, message).with_http_status(reply.status).with_retry_after(retry_after);
    Refusal { kind, error }
}

fn advice(kind: Kind, step: Step, needs_person: bool) -> &'static str {
    match (kind, step) {
        (_, Step::Exchange) if needs_person => "; sign the person in anew",
        (Kind::InvalidGrant, Step::Code) => {
            "; the code was used or too old, or of another redirect: the next call signs in anew"
        }
        (Kind::InvalidGrant, Step::Refresh) => "; sign in anew",
        (Kind::InvalidGrant, _) => "; the assertion was not taken: get a new one",
        (Kind::InvalidClient, _) => {
            "; the authorization server does not know this client, or not its secret or key"
        }
        (Kind::Unavailable { .. }, _) => "; try again later",
        _ => "",
    }
}

impl Step {
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
