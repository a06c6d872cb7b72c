//! The authorization code grant: a person signs in with a browser (RFC 6749,
//! 4.1, with PKCE).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use form_urlencoded::parse;

use crate::auth::oauth::flow::client::ClientSource;
use crate::auth::oauth::flow::context::Flow;
use crate::auth::oauth::flow::grants::{
    ClientStatus, GrantError, GrantRequest, GrantResult, needs_browser, nobody_signed_in,
};
use crate::auth::oauth::flow::token_endpoint::TokenRequest;
use crate::auth::oauth::host::listener::LoopbackListener;
use crate::auth::oauth::host::listener::receiver::RedirectReceiver;
use crate::auth::oauth::host::random;
use crate::auth::oauth::spec::authorization_request::AuthorizationRequest;
use crate::auth::oauth::spec::authorization_response::{ExpectedResponse, read_response};
use crate::auth::oauth::spec::client_refusal::{disowns_client, may_disown_client};
use crate::auth::oauth::spec::consent::refuses_prompt;
use crate::auth::oauth::spec::pkce::Verifier;
use crate::auth::oauth::spec::refusal_advice::AskedFor;
use crate::auth::oauth::spec::token_response::TokenStep;
use crate::auth::oauth::state::auth::Auth;
use crate::auth::oauth::state::pending_sign_in::PendingSignIn;
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::transport::wait::Wait;

/// The number of random bytes of a `state`.
const STATE_BYTES: usize = 16;

impl Flow<'_> {
    /// Gets a code from the person's browser, and the tokens for it.
    pub(super) async fn authorization_code(
        &self,
        request: &GrantRequest<'_>,
        listener: Option<LoopbackListener>,
    ) -> GrantResult {
        let GrantRequest { http, found, parameters, client } = *request;
        let mut consent = self.consent(found, parameters).await;
        let verifier = Verifier::new(random::secret(Verifier::BYTES)?);
        self.hide(&Secret::from(verifier.expose()));
        let asked = self.code(request, &verifier, listener, consent.is_added()).await;
        let code = match asked {
            Err(refused) if consent.is_added() && refused.may_concern_prompt => {
                self.record_consent(found, consent.refused()).await;
                match self.listen_again(&client.redirect_uri)? {
                    Some(listener) => self.code(request, &verifier, listener, false).await,
                    None => Err(refused),
                }
            }
            asked => asked,
        };
        let code = code.map_err(|refused| refused.refused)?;
        // The server may have closed its idle connections by now, and a code
        // must be sent only once.
        http.close_connections();
        self.hide(&code);
        let token_request = TokenRequest {
            step: TokenStep::Code,
            url: found.server.token_endpoint(found.plain_http)?,
            grant_type: "authorization_code",
            parts: &[
                ("code", Some(code.expose())),
                ("redirect_uri", Some(&client.redirect_uri)),
                ("code_verifier", Some(verifier.expose())),
                ("resource", Some(&found.resource)),
            ],
            client,
            parameters,
        };
        let granted = self.request_token(http, found, &token_request).await??;
        let has_refresh_token = granted.response.refresh_token.is_some();
        self.record_consent(found, consent.granted(has_refresh_token)).await;
        Ok(granted)
    }

    /// Shows the sign-in page, and waits for the code.
    async fn code(
        &self,
        request: &GrantRequest<'_>,
        verifier: &Verifier,
        listener: Option<LoopbackListener>,
        needs_consent: bool,
    ) -> std::result::Result<Secret, CodeError> {
        let GrantRequest { found, parameters, client, .. } = *request;
        let open_page = self.settings.open_page.clone().ok_or_else(needs_browser)?;
        let state = random::secret(STATE_BYTES)?;
        self.hide(&state);
        let thumbprint = parameters.key.as_ref().map(|key| key.thumbprint()).transpose()?;
        let scope = parameters.scope();
        let url = AuthorizationRequest {
            endpoint: found.server.authorization_endpoint(found.plain_http)?,
            client_id: &client.id,
            redirect_uri: &client.redirect_uri,
            code_challenge: &verifier.challenge(),
            state: &state,
            resource: &found.resource,
            scope: scope.as_deref(),
            excludes_scope: self.settings.scope.is_some() && scope.is_none(),
            needs_consent,
            dpop_jkt: thumbprint.as_deref(),
            edits: &self.settings.authorization_edits,
        };
        let url = url.url(found.plain_http)?;
        let pending = SignInGuard::new(self.auth, state, &client.redirect_uri);
        self.run_callback(&self.person_limit(), move || open_page(url.expose())).await.map_err(
            |error| GrantError::interrupted(error.during("show the page of the sign-in")),
        )?;
        let query = self.redirect_query(&pending.sign_in, listener).await;
        drop(pending);
        self.restart_time();
        let client_status = ClientStatus::InDoubt;
        let query = query.map_err(|error| GrantError { error, client_status })?;
        self.read_code(request, query.expose(), scope.as_deref())
    }

    /// The code in the query of the redirect.
    fn read_code(
        &self,
        request: &GrantRequest<'_>,
        query: &str,
        scope: Option<&str>,
    ) -> std::result::Result<Secret, CodeError> {
        let GrantRequest { found, client, .. } = *request;
        let secrets = self.hidden();
        let response = read_response(query);
        let response = match found.server.is_issuer_assumed {
            true => response.without_issuer(),
            false => response,
        };
        let asked = AskedFor::new(&self.settings.authorization_edits, scope);
        response.code(&ExpectedResponse::of(&found.server, &secrets, asked)).map_err(|error| {
            self.record_denial(&error, scope);
            // A response that failed a check says nothing about the client.
            let is_refusal = error.status() == Status::Auth;
            let is_checked = !matches!(error.status(), Status::Untrusted | Status::Protocol);
            let (code, description) = refusal_words(query);
            // The server knew a new registration a moment ago.
            let is_earlier = client.source == ClientSource::Stored;
            let client_status = if is_refusal && disowns_client(&code, &description) {
                ClientStatus::Unknown
            } else if is_checked && is_earlier && may_disown_client(&code, &description) {
                ClientStatus::InDoubt
            } else {
                ClientStatus::Known
            };
            let may_concern_prompt = is_checked && refuses_prompt(&code, &description);
            let error = if is_refusal { found.explain("authorization_code", error) } else { error };
            CodeError { refused: GrantError { error, client_status }, may_concern_prompt }
        })
    }

    /// The time that the person has.
    fn person_limit(&self) -> Wait {
        self.need.wait.at_most_beyond(self.settings.sign_in_timeout)
    }

    /// The query of the redirect, from the listener or from
    /// mcp_auth_complete().
    async fn redirect_query(
        &self,
        sign_in: &Arc<PendingSignIn>,
        listener: Option<LoopbackListener>,
    ) -> Result<Secret> {
        let timeout = self.settings.sign_in_timeout;
        let wait = self.person_limit();
        let waited = async {
            match listener {
                Some(mut listener) => {
                    let mut receiver = Receiver { flow: self, sign_in };
                    listener.answer(&wait, sign_in.arrived(), &mut receiver).await.map(drop)
                }
                None => wait.until_raised(sign_in.arrived()).await,
            }
        };
        self.wait_for_person(waited).await.map_err(|error| {
            let error = match error.status() {
                Status::Timeout => nobody_signed_in(timeout),
                _ => error,
            };
            match sign_in.stray_summary() {
                Some(strays) => error.with_advice(&strays),
                None => error,
            }
        })?;
        sign_in
            .query()
            .ok_or_else(|| Error::new(Status::Internal, "the answer of the sign-in was lost"))
    }
}

/// Why there is no code.
struct CodeError {
    refused: GrantError,
    /// The server may have refused `prompt=consent`.
    may_concern_prompt: bool,
}

impl<E: Into<GrantError>> From<E> for CodeError {
    fn from(error: E) -> Self {
        Self { refused: error.into(), may_concern_prompt: false }
    }
}

/// The code and the description of an error, each empty if there is none.
fn refusal_words(query: &str) -> (Cow<'_, str>, Cow<'_, str>) {
    let text = |wanted: &str| {
        let found = parse(query.as_bytes()).find(|(name, _)| name == wanted);
        found.map(|(_, text)| text).unwrap_or_default()
    };
    (text("error"), text("error_description"))
}

/// Gives the requests at the redirect URL to the sign-in, and reports those that
/// do not belong to it.
struct Receiver<'a> {
    flow: &'a Flow<'a>,
    sign_in: &'a PendingSignIn,
}

impl RedirectReceiver for Receiver<'_> {
    fn take(&mut self, query: &str) -> bool {
        self.sign_in.offer(query)
    }

    fn ignored(&mut self, query: Option<&str>) {
        match query {
            Some(query) => self.sign_in.add_stray(query),
            None => self.sign_in.add_stray_post(),
        }
    }

    fn was_too_long(&mut self) {
        self.sign_in.add_stray_too_long();
    }

    fn report(&mut self) -> Option<Duration> {
        let (report, next) = self.sign_in.stray_report(Instant::now());
        if let Some(report) = report {
            self.flow.notice(&report);
        }
        next
    }
}

/// Lets mcp_auth_complete() find the sign-in, until it is dropped.
struct SignInGuard<'a> {
    auth: &'a Auth,
    sign_in: Arc<PendingSignIn>,
}

impl<'a> SignInGuard<'a> {
    fn new(auth: &'a Auth, state: Secret, redirect: &str) -> Self {
        let sign_in = PendingSignIn::new(state, redirect);
        auth.set_pending(Some(sign_in.clone()));
        Self { auth, sign_in }
    }
}

impl Drop for SignInGuard<'_> {
    fn drop(&mut self) {
        self.auth.set_pending(None);
    }
}
