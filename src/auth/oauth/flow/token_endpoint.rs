//! Requests to the token endpoint, with client authentication and DPoP proof.

use std::time::{Duration, Instant, SystemTime};

use crate::auth::oauth::flow::client::ClientIdentity;
use crate::auth::oauth::flow::context::{Flow, connection_lost};
use crate::auth::oauth::flow::discover::{Discovered, endpoint_response};
use crate::auth::oauth::flow::token_parameters::TokenParameters;
use crate::auth::oauth::host::http_client::{Fetched, HttpClient};
use crate::auth::oauth::host::random;
use crate::auth::oauth::spec::dpop;
use crate::auth::oauth::spec::jwt::{ID_BYTES, client_assertion};
use crate::auth::oauth::spec::refusal_advice::AskedFor;
use crate::auth::oauth::spec::request_edits::RequestEdits;
use crate::auth::oauth::spec::token_request::{AuthMethod, ClientAuthentication, Form};
use crate::auth::oauth::spec::token_response::{
    self, SentTokenRequest, TokenError, TokenErrorKind, TokenResponse, TokenStep,
};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::wire::url::Url;

/// How long the response to a refresh token may take.
const REFRESH: Duration = Duration::from_secs(10);

const FORM: &str = "application/x-www-form-urlencoded";
const BASIC: &str = "Basic ";

/// Tokens, and when they were requested: their lifetime begins there.
pub(super) struct TimedResponse {
    pub(super) response: TokenResponse,
    pub(super) since: (Instant, SystemTime),
}

/// A request to the token endpoint, or to the revocation endpoint.
pub(super) struct TokenRequest<'a> {
    pub(super) step: TokenStep,
    pub(super) url: &'a str,
    /// Empty for a revocation.
    pub(super) grant_type: &'a str,
    /// The parameters, without the client's credentials.
    pub(super) parts: &'a [(&'a str, Option<&'a str>)],
    pub(super) client: &'a ClientIdentity,
    pub(super) parameters: &'a TokenParameters,
}

impl Flow<'_> {
    /// Requests tokens. Repeats the request once if the server wants its nonce in
    /// the DPoP proof.
    pub(super) async fn request_token(
        &self,
        http: &HttpClient,
        found: &Discovered,
        ask: &TokenRequest<'_>,
    ) -> Result<std::result::Result<TimedResponse, TokenError>> {
        self.bind(ask.client, found).await?;
        let scope = ask.parameters.scope();
        let mut has_repeated = false;
        loop {
            let since = (Instant::now(), SystemTime::now());
            let fetched = self.post_form(http, found, ask).await?;
            let has_nonce = fetched.dpop_nonce.is_some();
            let response = endpoint_response(ask.url, &fetched);
            let secrets = self.hidden();
            let asked = SentTokenRequest {
                step: ask.step,
                proof: ask.parameters.dpop_use(),
                secrets: &secrets,
                asked: AskedFor::new(&self.settings.token_edits, scope.as_deref()),
            };
            let mut failure = match token_response::read(&response, &asked) {
                Ok(response) => return Ok(Ok(TimedResponse { response, since })),
                Err(failure) => failure,
            };
            if failure.kind != TokenErrorKind::UseDpopNonce || has_repeated || !has_nonce {
                // The identity provider is another server.
                if ask.step != TokenStep::Exchange {
                    failure.error = found.explain(ask.grant_type, failure.error);
                    if let Some(advice) = self.method_advice(&response, found, ask.client) {
                        failure.error = failure.error.with_advice(&advice);
                    }
                }
                return Ok(Err(failure));
            }
            has_repeated = true;
        }
    }

    /// Sends a form to an endpoint of the authorization server, once. `repeats_id`:
    /// the form has the client id also if the client's proof contains it.
    pub(super) async fn send_form(
        &self,
        http: &HttpClient,
        found: &Discovered,
        ask: &TokenRequest<'_>,
        repeats_id: bool,
    ) -> Result<Fetched> {
        let origin = Url::parse(ask.url)?.origin.to_string();
        let now = SystemTime::now();
        let client = ask.client;
        let assertion = self.client_assertion(found, client, now)?;
        let mut form = Form::new(ask.grant_type);
        let unchanged = RequestEdits::default();
        // A revocation is no token request.
        let edits = match ask.step {
            TokenStep::Revocation => &unchanged,
            TokenStep::DeviceAuthorization => &self.settings.authorization_edits,
            _ => &self.settings.token_edits,
        };
        for (name, value) in edits.apply(ask.parts) {
            form.add(name, value);
        }
        let authorization = if client.id.is_empty() {
            None
        } else {
            form.authenticate(&ClientAuthentication {
                method: client.method,
                id: &client.id,
                secret: client.secret.as_ref(),
                assertion: assertion.as_ref(),
                repeats_id,
            })?
        };
        let mut headers: Vec<(&str, Secret)> = Vec::new();
        if let Some(value) = authorization {
            // Also without its scheme: the server may quote it so.
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
        // A refresh token is used once: the response must not be lost with the
        // call.
        let limit = match ask.step {
            TokenStep::Refresh => self.need.wait.afterwards(REFRESH),
            _ => self.limit(),
        };
        let fetched = http.post(ask.url, FORM, &headers, &form.finish(), &limit).await;
        let fetched = fetched.map_err(|error| connection_lost(error).during(ask.step.name()))?;
        if let Some(nonce) = &fetched.dpop_nonce {
            self.auth.set_nonce(&origin, nonce);
        }
        Ok(fetched)
    }

    /// The signed proof of the client, if its method has one.
    fn client_assertion(
        &self,
        found: &Discovered,
        client: &ClientIdentity,
        now: SystemTime,
    ) -> Result<Option<Secret>> {
        if client.method != AuthMethod::PrivateKeyJwt {
            return Ok(None);
        }
        let key = self.settings.key.as_ref().ok_or_else(no_key)?;
        let id = random::secret(ID_BYTES)?;
        let assertion = client_assertion(key, &client.id, found.issuer(), &id, now)?;
        self.hide(&assertion);
        Ok(Some(assertion))
    }
}

fn no_key() -> Error {
    Error::new(Status::Auth, "no key to sign with; see mcp_auth_set_client_key()")
}
