//! The grant of a person who signs in with a browser (RFC 6749, 4.1, with
//! PKCE).

use std::sync::Arc;

use form_urlencoded::parse;

use crate::auth::oauth::flow::client::ClientSource;
use crate::auth::oauth::flow::context::{Flow, TokenParameters};
use crate::auth::oauth::flow::discover::Discovered;
use crate::auth::oauth::flow::token_endpoint::TokenRequest;
use crate::auth::oauth::host::http_client::HttpClient;
use crate::auth::oauth::host::listener::LoopbackListener;
use crate::auth::oauth::host::random;
use crate::auth::oauth::spec::authorization_request::{
    AuthorizationRequest, ExpectedResponse, read_answer,
};
use crate::auth::oauth::spec::pkce::Verifier;
use crate::auth::oauth::spec::token_response::{TokenErrorKind, TokenStep};
use crate::auth::oauth::state::auth::Auth;
use crate::auth::oauth::state::pending_sign_in::PendingSignIn;
use crate::auth::oauth::state::reentrancy::inside;
use crate::auth::oauth::state::settings::Settings;
use crate::auth::token::Token;
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::base::sync::lock;
use crate::transport::wait::{Wait, now};

/// The bytes of a state.
const STATE: usize = 16;

impl Flow<'_> {
    /// Has the person sign in. A registration that the server has forgotten is
    /// made anew, once.
    pub(super) async fn by_person(
        &self,
        http: &HttpClient,
        found: &Discovered,
        parameters: &TokenParameters,
    ) -> Result<Token> {
        // Before a registration that would be for nothing.
        found.server.token_endpoint(found.plain)?;
        found.server.authorization_endpoint(found.plain)?;
        let mut is_again = false;
        loop {
            let (client, listener) = self
                .client_for_sign_in(http, found, parameters)
                .await
                .map_err(|error| match &found.asked {
                    // It may be no authorization server at all.
                    Some(asked) if error.status() == Status::Auth => error.during(asked),
                    _ => error,
                })?;
            let verifier = Verifier::new(random::secret(Verifier::BYTES)?);
            self.hide(&Secret::from(verifier.expose()));
            let redirect = client.redirect_uri.clone();
            let request = RequestedBy { client_id: &client.id, redirect: &redirect };
            let code = match self.code(found, parameters, &request, &verifier, listener).await {
                Ok(code) => code,
                Err(failed) if client.source != ClientSource::Kept => return Err(failed.error),
                Err(failed) => match failed.client {
                    ClientStatus::No if !is_again => {
                        is_again = true;
                        self.unregister(found).await?;
                        continue;
                    }
                    ClientStatus::Unsaid => {
                        if let Err(error) = self.unregister(found).await {
                            self.store_failed(error);
                        }
                        return Err(failed.error);
                    }
                    ClientStatus::Yes | ClientStatus::No => return Err(failed.error),
                },
            };
            // The person took a while, and a code is sent once.
            http.close_connections();
            self.hide(&code);
            let ask = TokenRequest {
                step: TokenStep::Code,
                url: found.server.token_endpoint(found.plain)?,
                grant_type: "authorization_code",
                parts: &[
                    ("code", Some(code.expose())),
                    ("redirect_uri", Some(&redirect)),
                    ("code_verifier", Some(verifier.expose())),
                    ("resource", Some(&found.resource)),
                ],
                client: &client,
                parameters,
            };
            match self.request_token(http, found, &ask).await? {
                Ok(got) => {
                    let (granted, since) = (got.granted, got.since);
                    return self.take(granted, found, &client.id, parameters, since, None).await;
                }
                Err(failure)
                    if failure.kind == TokenErrorKind::InvalidClient
                        && client.source == ClientSource::Kept
                        && !is_again =>
                {
                    is_again = true;
                    self.unregister(found).await?;
                }
                Err(failure) => return Err(failure.error),
            }
        }
    }

    /// Shows the page of the sign-in, and waits for the code.
    async fn code(
        &self,
        found: &Discovered,
        parameters: &TokenParameters,
        request: &RequestedBy<'_>,
        verifier: &Verifier,
        listener: Option<LoopbackListener>,
    ) -> std::result::Result<Secret, CodeError> {
        let browser = self.settings.browser.clone().ok_or_else(needs_browser)?;
        let state = random::secret(STATE)?;
        self.hide(&state);
        let thumbprint = parameters.key.as_ref().map(|key| key.thumbprint()).transpose()?;
        let scope = parameters.scope();
        let url = AuthorizationRequest {
            endpoint: found.server.authorization_endpoint(found.plain)?,
            client_id: request.client_id,
            redirect_uri: request.redirect,
            code_challenge: &verifier.challenge(),
            state: &state,
            resource: &found.resource,
            scope: scope.as_deref(),
            needs_consent: parameters.needs_consent,
            dpop_jkt: thumbprint.as_deref(),
        };
        let url = url.url(found.plain)?;
        let waiting = SignInGuard::begin(self.auth, state, request.redirect)?;
        let auth = self.auth.clone();
        self.ask(&self.patience(), move || browser(&auth, url.expose()))
            .await
            .map_err(|error| error.during("show the page of the sign-in"))?;
        let query = self.answer(&waiting.sign_in, listener).await;
        drop(waiting);
        self.restart_time();
        let query = query.map_err(|error| match error.status() {
            // The page may have said so to the person, and to nobody else.
            Status::Timeout => CodeError { error, client: ClientStatus::Unsaid },
            _ => CodeError::from(error),
        })?;
        let secrets = self.hidden();
        let answer = read_answer(query.expose());
        answer.check(&ExpectedResponse::of(&found.server, &secrets)).map_err(|error| {
            if let (Status::Denied, Some(scope)) = (error.status(), &scope) {
                self.account.decline(scope);
            }
            // Nothing of an answer that is not trusted counts.
            let is_refusal = error.status() == Status::Auth;
            let client = match is_refusal && refuses_client(query.expose()) {
                true => ClientStatus::No,
                false => ClientStatus::Yes,
            };
            let error = if is_refusal { found.explain("authorization_code", error) } else { error };
            CodeError { error, client }
        })
    }

    /// The time that the person has.
    fn patience(&self) -> Wait {
        self.need.wait.at_most_beyond(self.settings.sign_in_timeout)
    }

    /// The answer of the person, by the listener or by the program.
    async fn answer(
        &self,
        sign_in: &Arc<PendingSignIn>,
        listener: Option<LoopbackListener>,
    ) -> Result<Secret> {
        let patience = self.settings.sign_in_timeout;
        let wait = self.patience();
        let waited = async {
            match listener {
                Some(mut listener) => {
                    let mut is_ours = |query: &str| sign_in.offer(query);
                    listener.answer(&wait, sign_in.arrived(), &mut is_ours).await.map(drop)
                }
                None => wait.until_raised(sign_in.arrived()).await,
            }
        };
        // Handlers run on a thread of the program's while it waits. What they
        // call must not wait for what this very thread has begun.
        let waited = match wait.is_background() {
            true => waited.await,
            false => inside(self.auth, || now(waited)),
        };
        waited.map_err(|error| match error.status() {
            Status::Timeout => Error::new(
                Status::Timeout,
                format!(
                    "nobody signed in within {} s; see mcp_auth_set_sign_in_timeout()",
                    patience.as_secs_f64()
                ),
            ),
            _ => error,
        })?;
        sign_in
            .answer()
            .ok_or_else(|| Error::new(Status::Internal, "an answer of a sign-in that was lost"))
    }
}

/// Whether the server knows the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientStatus {
    Yes,
    No,
    /// Nothing came back.
    Unsaid,
}

/// Why there is no code.
struct CodeError {
    error: Error,
    client: ClientStatus,
}

impl From<Error> for CodeError {
    fn from(error: Error) -> Self {
        Self { error, client: ClientStatus::Yes }
    }
}

/// Whether an answer says that the server does not know the client, or not for
/// this.
fn refuses_client(query: &str) -> bool {
    parse(query.as_bytes()).any(|(name, value)| name == "error" && value == "unauthorized_client")
}

/// As whom the person signs in to this program.
struct RequestedBy<'a> {
    client_id: &'a str,
    redirect: &'a str,
}

/// A sign-in that mcp_auth_complete() finds for as long as this is there.
struct SignInGuard<'a> {
    auth: &'a Auth,
    sign_in: Arc<PendingSignIn>,
}

impl<'a> SignInGuard<'a> {
    fn begin(auth: &'a Auth, state: Secret, redirect: &str) -> Result<Self> {
        let sign_in = PendingSignIn::new(state, redirect)?;
        *lock(&auth.sign_in) = Some(sign_in.clone());
        Ok(Self { auth, sign_in })
    }
}

impl Drop for SignInGuard<'_> {
    fn drop(&mut self) {
        *lock(&self.auth.sign_in) = None;
    }
}

/// Whether there is somebody to sign in.
pub(super) fn check_browser(settings: &Settings) -> Result<()> {
    settings.browser.as_ref().map(drop).ok_or_else(needs_browser)
}

fn needs_browser() -> Error {
    Error::new(
        Status::Unauthorized,
        "the server wants a person to sign in, and there is nobody to show the page to; see \
         mcp_auth_set_browser()",
    )
}
