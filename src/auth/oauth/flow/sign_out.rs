//! Signing out: the tokens are revoked at the authorization server (RFC 7009)
//! and removed here, and the registration with them.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::oauth::flow::context::{Flow, Reason};
use crate::auth::oauth::flow::discover::{Discovered, endpoint_response, plain_http};
use crate::auth::oauth::flow::token_endpoint::TokenRequest;
use crate::auth::oauth::flow::token_parameters::TokenParameters;
use crate::auth::oauth::host::http_client::HttpClient;
use crate::auth::oauth::spec::redact::{display_error, display_url};
use crate::auth::oauth::spec::registration::ApplicationType;
use crate::auth::oauth::spec::token_response::TokenStep;
use crate::auth::oauth::spec::url_rules::canonical;
use crate::auth::oauth::state::cached_token::CachedToken;
use crate::auth::oauth::store::entry::{Endpoint, Registration, StoreEntry, Tokens};
use crate::base::error::{Error, Result, Status};
use crate::wire::url::Url;

/// The `token_type_hint` of an access token.
const ACCESS: &str = "access_token";
/// How long the search for the authorization server may take if the store has
/// no tokens.
const SEARCH: Duration = Duration::from_secs(10);

impl Flow<'_> {
    /// Revokes and removes the tokens of this endpoint, and removes the
    /// registration at its authorization server. A failure of one step does not
    /// stop the others.
    pub(crate) async fn sign_out(&self) -> Result<()> {
        let done = self.sign_out_inner().await;
        done.map_err(|error| self.without_secrets(error))
    }

    async fn sign_out_inner(&self) -> Result<()> {
        self.check_outside()?;
        let _guard = self.enter(|| false).await?;
        let stored = self.tokens_to_discard().await;
        let failure = stored.as_ref().err().cloned();
        let held = stored.unwrap_or_default().or_else(|| self.account.held());
        let Some(held) = held else {
            self.account.set(None);
            let nothing = || {
                Error::new(
                    Status::NotFound,
                    "there is no token and no registration for this server: nothing to sign out of",
                )
            };
            return match failure {
                Some(failure) => Err(failure),
                None if self.remove_registration_alone().await? => Ok(()),
                None => Err(nothing()),
            };
        };
        let held = self.with_client(held).await;
        self.account.set(None);
        self.account.set_dead(None);
        // This comes first: the process may end while the server does not answer.
        let removed = self.remove(&held).await;
        let revoked = self.revoke(&held).await.map_err(|error| match &removed {
            Ok(()) => error.with_advice("the tokens and the registration were removed here"),
            Err(_) => error,
        });
        revoked.and(removed)
    }

    /// The tokens with the secret of their registration, which is about to be
    /// removed. An earlier version of the library did not store it with them.
    async fn with_client(&self, held: Arc<CachedToken>) -> Arc<CachedToken> {
        let entry = &held.entry;
        if entry.client_secret.is_some() || entry.auth_method.is_some() {
            return held;
        }
        for kind in ApplicationType::ALL {
            let key = Registration::key(&entry.issuer, kind);
            let read = self.store.read::<Registration>(&key).await.ok().flatten();
            if let Some(Registration { client_secret, auth_method, .. }) =
                read.filter(|read| read.client_id == entry.client_id)
            {
                return held.with_entry(Tokens { client_secret, auth_method, ..entry.clone() });
            }
        }
        held
    }

    async fn remove(&self, held: &CachedToken) -> Result<()> {
        let entry = &held.entry;
        let lock = self.store.lock(&self.limit()).await?;
        let tokens = entry.own_key();
        let removed = self.store.remove(&lock, tokens).await;
        let endpoint = self.store.remove(&lock, Endpoint::key(&self.account.endpoint)).await;
        let registration = match self.registers() {
            true => {
                let removed = self.remove_registrations(&lock, &entry.issuer, &entry.resource);
                removed.await.map(drop)
            }
            false => Ok(()),
        };
        removed.and(endpoint).and(registration)
    }

    /// The tokens of this endpoint, also if this process no longer uses them.
    async fn tokens_to_discard(&self) -> Result<Option<Arc<CachedToken>>> {
        if let Some(token) = self.stored_token().await? {
            return Ok(Some(token));
        }
        let Some(dead) = self.account.dead() else { return Ok(None) };
        match self.store.read::<Tokens>(&dead.key).await? {
            Some(tokens) => self.usable(tokens),
            None => Ok(None),
        }
    }

    /// Whether the library may have registered the client.
    fn registers(&self) -> bool {
        self.settings.grant.needs_person() && self.settings.client.is_none()
    }

    /// Removes a registration without tokens. False if there is none.
    async fn remove_registration_alone(&self) -> Result<bool> {
        if !self.registers() {
            return Ok(false);
        }
        let key = Endpoint::key(&self.account.endpoint);
        let endpoint = self.store.read::<Endpoint>(&key).await?;
        let chosen = self.settings.chosen_issuer();
        let known = endpoint.filter(|known| chosen.as_ref().is_none_or(|it| *it == known.issuer));
        let is_known = known.is_some();
        let found = match known {
            Some(known) => Some((known.issuer, known.resource)),
            None => self.found_now().await?,
        };
        let (issuer, resource) = match (found, chosen) {
            (Some(found), _) => found,
            (None, Some(issuer)) => (issuer, canonical(&Url::parse(&self.account.endpoint)?)),
            (None, None) => return Ok(false),
        };
        let lock = self.store.lock(&self.limit()).await?;
        let is_any = self.remove_registrations(&lock, &issuer, &resource).await?;
        if is_known {
            self.store.remove(&lock, key).await?;
        }
        Ok(is_any)
    }

    /// The authorization server that the MCP server names now, and the resource.
    /// `None` if they cannot be found out.
    async fn found_now(&self) -> Result<Option<(String, String)>> {
        let found = async {
            let http = self.http_client().await?;
            let reason = Reason::SignIn {
                refused: None,
                may_refresh: false,
                challenge: None,
                is_required: false,
            };
            let found = self.discover(&http, reason, &self.need.wait.at_most(SEARCH)).await?;
            Ok::<_, Error>((found.issuer().to_owned(), found.resource))
        };
        let found = found.await;
        self.need.wait.check()?;
        Ok(found.ok())
    }

    /// Revokes the tokens. The refresh token comes first, as it is worth more.
    async fn revoke(&self, held: &Arc<CachedToken>) -> Result<()> {
        let http = self.http_client().await?;
        let plain_http = plain_http(&http);
        let server = match held.fresh_server() {
            Some(server) => server,
            None => match self.server_again(&http, &held.entry).await? {
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
