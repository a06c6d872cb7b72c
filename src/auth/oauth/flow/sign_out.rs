//! Letting go of tokens, here and at the authorization server (RFC 7009).

use std::sync::Arc;

use crate::auth::oauth::flow::context::{Exchange, Wish};
use crate::auth::oauth::flow::discover::{Found, plain, reply};
use crate::auth::oauth::flow::token_endpoint::Ask;
use crate::auth::oauth::host::http_client::Agent;
use crate::auth::oauth::spec::redact::{place, said};
use crate::auth::oauth::spec::token_response::Step;
use crate::auth::oauth::state::account::Held;
use crate::auth::oauth::store::entry::{Endpoint, Tokens};
use crate::base::error::{Error, Result, Status};

/// What an access token is called there.
const ACCESS: &str = "access_token";

impl Exchange<'_> {
    /// Forgets what there is for this endpoint. What can be done is done,
    /// whatever else fails.
    pub(crate) async fn forget(&self) -> Result<()> {
        let done = self.forget_all().await;
        done.map_err(|error| error.masked(&self.hidden()))
    }

    async fn forget_all(&self) -> Result<()> {
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

    async fn remove(&self, held: &Held) -> Result<()> {
        let entry = &held.entry;
        let lock = self.keeper.lock(&self.limit()).await?;
        let tokens = Tokens::key(&entry.issuer, &entry.resource, &entry.client_id);
        let removed = self.keeper.remove(&lock, tokens).await;
        let endpoint = self.keeper.remove(&lock, Endpoint::key(&self.account.endpoint)).await;
        removed.and(endpoint)
    }

    /// Has the server forget, the refresh token first: it is worth more.
    async fn revoke(&self, held: &Arc<Held>) -> Result<()> {
        let agent = self.agent().await?;
        let plain = plain(&agent);
        let issuer = &held.entry.issuer;
        let server = match held.fresh_server() {
            Some(server) => server,
            None => match self.server_again(&agent, issuer).await? {
                Ok(server) => server,
                // One that publishes nothing has no place for it.
                Err(_) => return Ok(()),
            },
        };
        let found = Found::known(&held.entry.resource, server, plain);
        let Some(url) = found.server.revocation_endpoint(plain)? else { return Ok(()) };
        let identity = self.identity_of(&held.entry, &found).await?;
        let refresh = held.entry.refresh_token.as_ref().map(|token| (token, "refresh_token"));
        let access = (&held.entry.access_token, ACCESS);
        let wish = Wish { key: None, ..Wish::again(held) };
        let mut done = Ok(());
        for (token, hint) in refresh.into_iter().chain([access]) {
            self.hide(token);
            let ask = Ask {
                step: Step::Revocation,
                url,
                grant_type: "",
                parts: &[("token", Some(token.expose())), ("token_type_hint", Some(hint))],
                identity: &identity,
                wish: &wish,
            };
            done = done.and(self.revoked(&agent, &found, &ask).await);
        }
        done
    }

    async fn revoked(&self, agent: &Agent, found: &Found, ask: &Ask<'_>) -> Result<()> {
        let fetched = self.post_form(agent, found, ask).await?;
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
