//! Asking a token endpoint: with the client's own proof of who it is, and a
//! proof of the key that tokens are bound to.

use std::time::{Duration, Instant, SystemTime};

use crate::auth::oauth::flow::client::ClientIdentity;
use crate::auth::oauth::flow::context::{Flow, TokenParameters, broken};
use crate::auth::oauth::flow::discover::{Discovered, reply};
use crate::auth::oauth::host::http_client::{Fetched, HttpClient};
use crate::auth::oauth::host::random;
use crate::auth::oauth::spec::dpop;
use crate::auth::oauth::spec::jwt::{ID_BYTES, client_assertion};
use crate::auth::oauth::spec::token_request::{AuthMethod, ClientAuthentication, Form};
use crate::auth::oauth::spec::token_response::{
    self, SentTokenRequest, TokenError, TokenErrorKind, TokenResponse, TokenStep,
};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::wire::url::Url;

/// How long the answer to a refresh token may take.
const REFRESH: Duration = Duration::from_secs(10);

const FORM: &str = "application/x-www-form-urlencoded";
const BASIC: &str = "Basic ";

/// A token, and when it was asked for: its life counts from there.
pub(super) struct TimedResponse {
    pub(super) granted: TokenResponse,
    pub(super) since: (Instant, SystemTime),
}

/// What a token endpoint is asked.
pub(super) struct TokenRequest<'a> {
    pub(super) step: TokenStep,
    pub(super) url: &'a str,
    /// None for what is no grant.
    pub(super) grant_type: &'a str,
    /// The client is added.
    pub(super) parts: &'a [(&'a str, Option<&'a str>)],
    pub(super) client: &'a ClientIdentity,
    pub(super) parameters: &'a TokenParameters,
}

impl Flow<'_> {
    /// Sends a request for a token, and once more where the server wants a
    /// value of its own in the proof.
    pub(super) async fn request_token(
        &self,
        http: &HttpClient,
        found: &Discovered,
        ask: &TokenRequest<'_>,
    ) -> Result<std::result::Result<TimedResponse, TokenError>> {
        self.bind(ask.client, found).await?;
        let mut has_repeated = false;
        loop {
            let since = (Instant::now(), SystemTime::now());
            let fetched = self.post_form(http, found, ask).await?;
            let has_nonce = fetched.dpop_nonce.is_some();
            let reply = reply(ask.url, &fetched);
            let secrets = self.hidden();
            let asked = SentTokenRequest {
                step: ask.step,
                proof: ask.parameters.proof(),
                secrets: &secrets,
            };
            let mut failure = match token_response::read(&reply, &asked) {
                Ok(granted) => return Ok(Ok(TimedResponse { granted, since })),
                Err(failure) => failure,
            };
            if failure.kind != TokenErrorKind::UseDpopNonce || has_repeated || !has_nonce {
                // The identity provider is another server.
                if ask.step != TokenStep::Exchange {
                    failure.error = found.explain(ask.grant_type, failure.error);
                }
                return Ok(Err(failure));
            }
            has_repeated = true;
        }
    }

    /// Sends a form to a place of the authorization server.
    pub(super) async fn post_form(
        &self,
        http: &HttpClient,
        found: &Discovered,
        ask: &TokenRequest<'_>,
    ) -> Result<Fetched> {
        let origin = Url::parse(ask.url)?.origin.to_string();
        let now = SystemTime::now();
        let client = ask.client;
        let assertion = match client.method {
            AuthMethod::PrivateKeyJwt => {
                let key = self.settings.key.as_ref().ok_or_else(no_key)?;
                let assertion = client_assertion(
                    key,
                    &client.id,
                    found.issuer(),
                    &random::secret(ID_BYTES)?,
                    now,
                )?;
                self.hide(&assertion);
                Some(assertion)
            }
            _ => None,
        };
        let mut form = Form::new(ask.grant_type);
        for (name, value) in ask.parts {
            form.add_some(name, *value);
        }
        let authorization = if client.id.is_empty() {
            None
        } else {
            form.authenticate(&ClientAuthentication {
                method: client.method,
                id: &client.id,
                secret: client.secret.as_ref(),
                assertion: assertion.as_ref(),
            })?
        };
        let mut headers: Vec<(&str, Secret)> = Vec::new();
        if let Some(value) = authorization {
            // Also without its scheme, should the server send it back.
            self.hide(&Secret::from(value.expose().strip_prefix(BASIC).unwrap_or_default()));
            headers.push(("Authorization", value));
        }
        if let Some(key) = &ask.parameters.key {
            let nonce = self.auth.nonce(&origin);
            let proof = dpop::ProvenRequest {
                method: "POST",
                url: ask.url,
                token: None,
                nonce: nonce.as_deref(),
            };
            let proof = dpop::proof(key, &proof, &random::secret(ID_BYTES)?, now)?;
            self.hide(&proof);
            headers.push(("DPoP", proof));
        }
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.expose())).collect();
        // A refresh token serves once: its answer is not given up with the call.
        let limit = match ask.step {
            TokenStep::Refresh => self.need.wait.afterwards(REFRESH),
            _ => self.limit(),
        };
        let fetched = http.post(ask.url, FORM, &headers, &form.finish(), &limit).await;
        let fetched = fetched.map_err(|error| broken(error).during(ask.step.name()))?;
        if let Some(nonce) = &fetched.dpop_nonce {
            self.auth.set_nonce(&origin, nonce);
        }
        Ok(fetched)
    }
}

fn no_key() -> Error {
    Error::new(Status::Auth, "no key to sign with; see mcp_auth_set_client_key()")
}
