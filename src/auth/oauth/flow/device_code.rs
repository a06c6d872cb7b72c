//! The device authorization grant: a person signs in with a browser elsewhere,
//! and the client polls for the tokens (RFC 8628).

use std::sync::Arc;
use std::time::Instant;

use crate::auth::oauth::flow::context::Flow;
use crate::auth::oauth::flow::discover::{Discovered, endpoint_response};
use crate::auth::oauth::flow::grants::{
    ClientStatus, GrantError, GrantRequest, GrantResult, needs_device_handler, nobody_signed_in,
};
use crate::auth::oauth::flow::token_endpoint::TokenRequest;
use crate::auth::oauth::flow::token_parameters::TokenParameters;
use crate::auth::oauth::spec::device_authorization::{self, DeviceAuthorization};
use crate::auth::oauth::spec::device_polling::DevicePolling;
use crate::auth::oauth::spec::refusal_advice::AskedFor;
use crate::auth::oauth::spec::token_response::{
    DpopUse, SentTokenRequest, TokenErrorKind, TokenStep,
};
use crate::auth::oauth::state::auth::Auth;
use crate::base::error::{Error, Result, Status};
use crate::base::seconds::Seconds;
use crate::transport::wait::Wait;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A code that the person has, and its end.
struct ShownCode {
    device: DeviceAuthorization,
    end: Instant,
}

impl Flow<'_> {
    /// Shows a code to the person, and gets the tokens once the person has entered
    /// it.
    pub(super) async fn device_code(&self, request: &GrantRequest<'_>) -> GrantResult {
        let show = self.settings.show_device_code.clone().ok_or_else(needs_device_handler)?;
        // The code lives from the moment of its request.
        let begun = Instant::now();
        let device = self.authorize_device(request).await?;
        let end = begun + device.shown.expires_in;
        self.hide(&device.device_code);
        let _person = PersonGuard::new(self.auth);
        let shown = device.shown.clone();
        self.run_callback(&self.time_until(end), move || show(&shown)).await.map_err(|error| {
            GrantError::interrupted(error.during("show the code of the sign-in"))
        })?;
        let shown = ShownCode { device, end };
        let polled = self.poll(request, &shown);
        let granted = self.wait_for_person(polled).await;
        self.restart_time();
        granted
    }

    /// The endpoint that gives out device codes.
    pub(super) fn device_endpoint<'a>(&'a self, found: &'a Discovered) -> Result<&'a str> {
        if let Some(given) = &self.settings.endpoints
            && let Some(url) = &given.device
        {
            return Ok(url);
        }
        found.server.device_authorization_endpoint(found.plain_http)?.ok_or_else(|| {
            Error::new(
                Status::Auth,
                format!(
                    "the metadata of the authorization server {} has no \
                     device_authorization_endpoint: it offers no sign-in with a code; if it has \
                     one all the same, set it with mcp_auth_set_endpoints()",
                    found.issuer()
                ),
            )
        })
    }

    /// Requests the codes.
    async fn authorize_device(
        &self,
        request: &GrantRequest<'_>,
    ) -> std::result::Result<DeviceAuthorization, GrantError> {
        let GrantRequest { http, found, parameters, client } = *request;
        self.bind(client, found).await?;
        let scope = parameters.scope();
        let ask = TokenRequest {
            step: TokenStep::DeviceAuthorization,
            url: self.device_endpoint(found)?,
            grant_type: "",
            parts: &[("scope", scope.as_deref()), ("resource", Some(&found.resource))],
            client,
            // No token is issued here, so no key is proven.
            parameters: &TokenParameters { key: None, ..parameters.clone() },
        };
        let fetched = self.post_form(http, found, &ask).await?;
        let secrets = self.hidden();
        let asked = SentTokenRequest {
            step: ask.step,
            proof: DpopUse::None,
            secrets: &secrets,
            asked: AskedFor::new(&self.settings.authorization_edits, scope.as_deref()),
        };
        let reply = endpoint_response(ask.url, &fetched);
        let most = self.settings.sign_in_timeout;
        let read = device_authorization::read(&reply, &asked, found.plain_http, most);
        read.map_err(|refused| {
            let is_refused = refused.kind == TokenErrorKind::UnauthorizedClient;
            let refused = GrantError::from(refused);
            let error = found.explain(DEVICE_CODE, refused.error);
            // The registration may have been made for another grant.
            let client_status =
                if is_refused { ClientStatus::Unknown } else { refused.client_status };
            GrantError { error, client_status }
        })
    }

    /// Polls until there are tokens, the person says no, or the time is over.
    async fn poll(&self, request: &GrantRequest<'_>, shown: &ShownCode) -> GrantResult {
        let GrantRequest { http, found, parameters, client } = *request;
        let ask = TokenRequest {
            step: TokenStep::DeviceCode,
            url: found.server.token_endpoint(found.plain_http)?,
            grant_type: DEVICE_CODE,
            parts: &[
                ("device_code", Some(shown.device.device_code.expose())),
                ("resource", Some(&found.resource)),
            ],
            client,
            parameters,
        };
        let mut polling = DevicePolling::new(shown.device.interval);
        // Why the server gave no answer, as long as it gives none.
        let mut failure = None;
        loop {
            let paused = self.time_until(shown.end).pause(polling.pause()).await;
            paused.map_err(|error| {
                GrantError::interrupted(match error.status() {
                    Status::Timeout => self.code_expired(shown, failure.as_ref()),
                    _ => error,
                })
            })?;
            // This time was the person's. The server may have closed its idle
            // connections by now.
            self.restart_time();
            http.restart_count();
            http.close_connections();
            let refused = match self.request_token(http, found, &ask).await {
                Ok(Ok(granted)) => return Ok(granted),
                Ok(Err(refused)) => refused,
                Err(error) if is_passing(&error) => {
                    polling.failed(None);
                    failure = Some(error);
                    continue;
                }
                Err(error) => return Err(GrantError::interrupted(error)),
            };
            failure = None;
            match refused.kind {
                TokenErrorKind::AuthorizationPending => polling.is_pending(),
                TokenErrorKind::SlowDown => polling.slow_down(),
                TokenErrorKind::Unavailable { retry_after } => {
                    polling.failed(retry_after);
                    failure = Some(refused.error);
                }
                _ => {
                    self.record_denial(&refused.error, parameters.scope().as_deref());
                    return Err(GrantError::from(refused));
                }
            }
        }
    }

    /// The part of the person's time until a moment.
    fn time_until(&self, end: Instant) -> Wait {
        self.need.wait.at_most_beyond(end.saturating_duration_since(Instant::now()))
    }

    fn code_expired(&self, shown: &ShownCode, failure: Option<&Error>) -> Error {
        let (time, most) = (shown.device.shown.expires_in, self.settings.sign_in_timeout);
        let error = if time < most {
            let seconds = Seconds(time);
            let text = format!(
                "nobody signed in before the code expired, after {seconds} s: sign in again"
            );
            Error::new(Status::Timeout, text)
        } else {
            nobody_signed_in(time)
        };
        match failure {
            Some(failure) => error.with_advice(failure.message()),
            None => error,
        }
    }
}

/// Whether a later poll may succeed: the network or the server was away.
fn is_passing(error: &Error) -> bool {
    matches!(
        error.status(),
        Status::Resolve
            | Status::Connect
            | Status::Proxy
            | Status::Io
            | Status::Timeout
            | Status::Unavailable
    )
}

/// Pauses the timeouts of the calls that wait for this sign-in, until it is
/// dropped.
struct PersonGuard<'a>(&'a Arc<Auth>);

impl<'a> PersonGuard<'a> {
    fn new(auth: &'a Arc<Auth>) -> Self {
        auth.set_awaits_device(true);
        Self(auth)
    }
}

impl Drop for PersonGuard<'_> {
    fn drop(&mut self) {
        self.0.set_awaits_device(false);
    }
}
