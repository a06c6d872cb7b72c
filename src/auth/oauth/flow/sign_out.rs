//! Signing out: the tokens are revoked at the authorization server (RFC 7009)
//! and removed here.

use std::sync::Arc;

use crate::auth::oauth::flow::context::Flow;
use crate::auth::oauth::flow::discover::{Discovered, endpoint_response, plain_http};
use crate::auth::oauth::flow::token_endpoint::TokenRequest;
use crate::auth::oauth::flow::token_parameters::TokenParameters;
use crate::auth::oauth::host::http_client::HttpClient;
use crate::auth::oauth::spec::redact::{display_error, display_url};
use crate::auth::oauth::spec::token_response::TokenStep;
use crate::auth::oauth::state::cached_token::CachedToken;
use crate::auth::oauth::store::entry::{Endpoint, Tokens};
use crate::base::error::{Error, Result, Status};

/// The `token_type_hint` of an access token.
const ACCESS: &str = "access_token";

impl Flow<'_> {
    /// Revokes and removes the tokens of this endpoint. A failure of one step
    /// does not stop the others.
    pub(crate) async fn sign_out(&self) -> Result<()> {
        let done = self.sign_out_inner().await;
        done.map_err(|error| self.without_secrets(error))
    }

    async fn sign_out_inner(&self) -> Result<()> {
        self.check_outside()?;
        let _guard = self.enter(|| false).await?;
        let stored = self.stored_token().await;
        let failure = stored.as_ref().err().cloned();
        let held = stored.unwrap_or_default().or_else(|| self.account.held());
        let Some(held) = held else {
            self.account.set(None);
            return Err(failure.unwrap_or_else(|| {
                Error::new(
                    Status::NotFound,
                    "there is no token for this server: nothing to sign out of",
                )
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

    /// Revokes the tokens. The refresh token comes first, as it is worth more.
    async fn revoke(&self, held: &Arc<CachedToken>) -> Result<()> {
        let http = self.http_client().await?;
        let plain_http = plain_http(&http);
        let issuer = &held.entry.issuer;
        let server = match held.fresh_server() {
            Some(server) => server,
            None => match self.server_again(&http, issuer).await? {
                Ok(server) => server,
                // Without metadata there is no revocation endpoint.
                Err(_) => return Ok(()),
            },
        };
        let found = Discovered::known(&held.entry.resource, server, plain_http);
        let Some(url) = found.server.revocation_endpoint(plain_http)? else { return Ok(()) };
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
        let response = endpoint_response(ask.url, &fetched);
        if response.is_success() {
            return Ok(());
        }
        if response.is_unavailable() {
            return Err(response.unavailable(ask.step.name()));
        }
        let text = |name: &str| response.document().and_then(|document| document.text(name));
        // Some access tokens are valid without a look-up and cannot be revoked
        // (RFC 7009, 2.2.1). That is no failure.
        let cannot = text("error").as_deref() == Some("unsupported_token_type");
        if cannot && ask.parts.contains(&("token_type_hint", Some(ACCESS))) {
            return Ok(());
        }
        let said = text("error")
            .map(|code| display_error(&code, text("error_description").as_deref(), &self.hidden()));
        Err(Error::new(
            Status::Auth,
            format!(
                "{}: {} answered {}{}",
                ask.step.name(),
                display_url(ask.url),
                response.status,
                said.unwrap_or_default()
            ),
        )
        .with_http_status(response.status))
    }
}
