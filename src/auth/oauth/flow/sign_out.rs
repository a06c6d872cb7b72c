//! Letting go of tokens, here and at the authorization server (RFC 7009).

use std::sync::Arc;

use crate::auth::oauth::flow::context::{Flow, TokenParameters};
use crate::auth::oauth::flow::discover::{Discovered, plain, reply};
use crate::auth::oauth::flow::token_endpoint::TokenRequest;
use crate::auth::oauth::host::http_client::HttpClient;
use crate::auth::oauth::spec::redact::{place, said};
use crate::auth::oauth::spec::token_response::TokenStep;
use crate::auth::oauth::state::account::CachedToken;
use crate::auth::oauth::store::entry::{Endpoint, Tokens};
use crate::base::error::{Error, Result, Status};

/// What an access token is called there.
const ACCESS: &str = "access_token";

impl Flow<'_> {
    /// Forgets what there is for this endpoint. What can be done is done,
    /// whatever else fails.
    pub(crate) async fn sign_out(&self) -> Result<()> {
        let done = self.sign_out_inner().await;
        done.map_err(|error| error.masked(&self.hidden()))
    }

    async fn sign_out_inner(&self) -> Result<()> {
        self.check_outside()?;
        let _turn = self.enter(|| false).await?;
        let kept = self.kept().await;
        let failure = kept.as_ref().err().cloned();
        let held = kept.unwrap_or_default().or_else(|| self.account.held());
        let Some(held) = held else {
            self.account.set(None);
            return Err(failure.unwrap_or_else(|| {
                Error::new(Status::NotFound, "there is no token to forget for this address")
            }));
        };
        let revoked = self.revoke(&held).await;
        self.account.set(None);
        let removed = self.remove(&held).await;
        revoked.and(removed)
    }

    async fn remove(&self, held: &CachedToken) -> Result<()> {
        let entry = &held.entry;
        let lock = self.store.lock(&self.limit()).await?;
        let tokens = Tokens::key(&entry.issuer, &entry.resource, &entry.client_id);
        let removed = self.store.remove(&lock, tokens).await;
        let endpoint = self.store.remove(&lock, Endpoint::key(&self.account.endpoint)).await;
        removed.and(endpoint)
    }

    /// Has the server forget, the refresh token first: it is worth more.
    async fn revoke(&self, held: &Arc<CachedToken>) -> Result<()> {
        let http = self.http_client().await?;
        let plain = plain(&http);
        let issuer = &held.entry.issuer;
        let server = match held.fresh_server() {
            Some(server) => server,
            None => match self.server_again(&http, issuer).await? {
                Ok(server) => server,
                // One that publishes nothing has no place for it.
                Err(_) => return Ok(()),
            },
        };
        let found = Discovered::known(&held.entry.resource, server, plain);
        let Some(url) = found.server.revocation_endpoint(plain)? else { return Ok(()) };
        let client = self.client_of(&held.entry, &found).await?;
        let refresh = held.entry.refresh_token.as_ref().map(|token| (token, "refresh_token"));
        let access = (&held.entry.access_token, ACCESS);
        let parameters = TokenParameters { key: None, ..TokenParameters::of_cached(held) };
        let mut done = Ok(());
        for (token, hint) in refresh.into_iter().chain([access]) {
            self.hide(token);
            let ask = TokenRequest {
                step: TokenStep::Revocation,
                url,
                grant_type: "",
                parts: &[("token", Some(token.expose())), ("token_type_hint", Some(hint))],
                client: &client,
                parameters: &parameters,
            };
            done = done.and(self.revoked(&http, &found, &ask).await);
        }
        done
    }

    async fn revoked(
        &self,
        http: &HttpClient,
        found: &Discovered,
        ask: &TokenRequest<'_>,
    ) -> Result<()> {
        let fetched = self.post_form(http, found, ask).await?;
        let answer = reply(ask.url, &fetched);
        if answer.is_success() {
            return Ok(());
        }
        if answer.is_unavailable() {
            return Err(answer.unavailable(ask.step.name()));
        }
        let text = |name: &str| answer.document().and_then(|document| document.text(name));
        // A server whose access tokens are checked without it cannot take one
        // back, and says so (RFC 7009, 2.2.1): it has done what it can.
        let cannot = text("error").as_deref() == Some("unsupported_token_type");
        if cannot && ask.parts.contains(&("token_type_hint", Some(ACCESS))) {
            return Ok(());
        }
        let said = text("error")
            .map(|code| said(&code, text("error_description").as_deref(), &self.hidden()));
        Err(Error::new(
            Status::Auth,
            format!(
                "{}: {} answered {}{}",
                ask.step.name(),
                place(ask.url),
                answer.status,
                said.unwrap_or_default()
            ),
        )
        .with_http_status(answer.status))
    }
}
