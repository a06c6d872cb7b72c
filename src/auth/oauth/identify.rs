//! As whom the program speaks to an authorization server.

use crate::auth::oauth::discover::{Found, reply};
use crate::auth::oauth::exchange::{Exchange, Wish};
use crate::auth::oauth::form::Method;
use crate::auth::oauth::listener::{Listener, Unbound};
use crate::auth::oauth::settings::Client;
use crate::auth::oauth::store::entry::{Given, Registration, Tokens};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::transport::agent::Agent;

/// A client id, and how it is proved.
pub(super) struct Identity {
    /// Empty where the grant needs none.
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
    pub(super) method: Method,
    /// Where a browser comes back to; empty without a person.
    pub(super) redirect_uri: String,
    pub(super) source: Source,
}

/// Where a client id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The program.
    Given,
    /// The document that describes the program.
    Document,
    /// A registration of an earlier exchange.
    Kept,
    /// One made just now.
    New,
}

impl Exchange<'_> {
    /// The identity for a sign-in, and who listens for the browser, if that is
    /// the library.
    pub(super) async fn identity_for_sign_in(
        &self,
        agent: &Agent,
        found: &Found,
        wish: &Wish,
    ) -> Result<(Identity, Option<Listener>)> {
        let settings = &self.settings;
        if settings.client.is_some() || self.document(found).is_some() {
            let listener = self.listen(None)?;
            let mut identity = self.identity_without_person(found).await?;
            identity.redirect_uri = self.redirect_uri(listener.as_ref());
            return Ok((identity, listener));
        }
        let key = Registration::key(found.issuer(), settings.redirect_kind());
        let kept = self.keeper.read::<Registration>(&key).await?;
        let kept = kept.filter(|kept| !is_expired(kept));
        if let Some(kept) = kept
            && let Some(listener) = self.listen_again(&kept.redirect_uri)?
        {
            let uri = self.redirect_uri(listener.as_ref());
            if uri == kept.redirect_uri {
                return Ok((self.kept(kept, found)?, listener));
            }
        }
        let listener = self.listen(None)?;
        let uri = self.redirect_uri(listener.as_ref());
        let identity = self.register(agent, found, wish, uri).await?;
        Ok((identity, listener))
    }

    /// The identity of a program that has one without asking.
    pub(super) async fn identity_without_person(&self, found: &Found) -> Result<Identity> {
        if let Some(client) = &self.settings.client {
            self.check_given(client, found).await?;
            return self.given(client, found);
        }
        if let Some(url) = self.document(found) {
            return Ok(self.documented(url, found));
        }
        Ok(Identity {
            id: String::new(),
            secret: None,
            method: Method::None,
            redirect_uri: String::new(),
            source: Source::Given,
        })
    }

    /// The identity under which tokens were got.
    pub(super) async fn identity_of(&self, tokens: &Tokens, found: &Found) -> Result<Identity> {
        if let Some(client) = self.settings.client.as_ref().filter(|one| one.id == tokens.client_id)
        {
            return self.given(client, found);
        }
        if self.settings.metadata_url.as_ref() == Some(&tokens.client_id) {
            return Ok(self.documented(&tokens.client_id, found));
        }
        let key = Registration::key(&tokens.issuer, self.settings.redirect_kind());
        let kept = self.keeper.read::<Registration>(&key).await?;
        match kept.filter(|kept| kept.client_id == tokens.client_id) {
            Some(kept) => self.kept(kept, found),
            None => Ok(Identity {
                id: tokens.client_id.clone(),
                secret: None,
                method: Method::None,
                redirect_uri: String::new(),
                source: Source::Kept,
            }),
        }
    }

    /// Forgets a registration that the server has forgotten.
    pub(super) async fn unregister(&self, found: &Found) -> Result<()> {
        let lock = self.keeper.lock(&self.limit()).await?;
        let key = Registration::key(found.issuer(), self.settings.redirect_kind());
        self.keeper.remove(&lock, key).await
    }

    /// The address of the program's document, where the server takes that.
    fn document(&self, found: &Found) -> Option<&str> {
        let url = self.settings.metadata_url.as_deref()?;
        found.server.takes_metadata_urls.then_some(url)
    }

    fn documented(&self, url: &str, found: &Found) -> Identity {
        let lists_keys = found.server.lists_method(Method::PrivateKeyJwt);
        let method = match &self.settings.key {
            Some(_) if lists_keys => Method::PrivateKeyJwt,
            _ => Method::None,
        };
        Identity {
            id: url.to_owned(),
            secret: None,
            method,
            redirect_uri: String::new(),
            source: Source::Document,
        }
    }

    fn given(&self, client: &Client, found: &Found) -> Result<Identity> {
        Ok(Identity {
            id: client.id.clone(),
            secret: client.secret.clone(),
            method: self.method(None, client.secret.is_some(), found)?,
            redirect_uri: String::new(),
            source: Source::Given,
        })
    }

    fn kept(&self, kept: Registration, found: &Found) -> Result<Identity> {
        let named = kept.auth_method.as_deref();
        if let Some(secret) = &kept.client_secret {
            self.hide(secret);
        }
        Ok(Identity {
            method: self.method(named, kept.client_secret.is_some(), found)?,
            id: kept.client_id,
            secret: kept.client_secret,
            redirect_uri: kept.redirect_uri,
            source: Source::Kept,
        })
    }

    /// What the program was given by one server goes to no other.
    async fn check_given(&self, client: &Client, found: &Found) -> Result<()> {
        // A pin has been held to already.
        if self.settings.issuer.is_some() {
            return Ok(());
        }
        let key = Given::key(&client.id);
        match self.keeper.read::<Given>(&key).await? {
            Some(given) if given.issuer == found.issuer() => Ok(()),
            Some(given) => Err(Error::new(
                Status::Untrusted,
                format!(
                    "the client id that was set belongs to the authorization server {}, and the \
                     MCP server names {}: it is not sent there; if that is right, set it with \
                     mcp_auth_set_issuer()",
                    given.issuer,
                    found.issuer()
                ),
            )),
            None => {
                let given = Given {
                    client_id: client.id.clone(),
                    issuer: found.issuer().to_owned(),
                    ..Given::default()
                };
                let lock = self.keeper.lock(&self.limit()).await?;
                if self.keeper.write(&lock, &given).await.is_err() {
                    self.need.caller.store_failed();
                }
                Ok(())
            }
        }
    }

    async fn register(
        &self,
        agent: &Agent,
        found: &Found,
        wish: &Wish,
        redirect_uri: String,
    ) -> Result<Identity> {
        let _ = (agent, wish, redirect_uri, reply("", &todo!()));
    }

    fn listen(&self, port: Option<u16>) -> Result<Option<Listener>> {
        if !self.settings.listens() {
            return Ok(None);
        }
        Ok(Some(Listener::bind(self.settings.redirect.as_deref(), port)?))
    }

    /// The same listener as the last time; nothing if its port is taken.
    fn listen_again(&self, redirect_uri: &str) -> Result<Option<Option<Listener>>> {
        if !self.settings.listens() {
            return Ok(Some(None));
        }
        let port = crate::wire::url::Url::parse(redirect_uri).map(|url| url.origin.port).ok();
        match Listener::bind(self.settings.redirect.as_deref(), port) {
            Ok(listener) => Ok(Some(Some(listener))),
            Err(Unbound::Taken(_)) if self.settings.redirect.is_none() => Ok(None),
            Err(unbound) => Err(unbound.into()),
        }
    }

    fn redirect_uri(&self, listener: Option<&Listener>) -> String {
        match (listener, &self.settings.redirect) {
            (Some(listener), _) => listener.redirect_uri().to_owned(),
            (None, Some(redirect)) => redirect.clone(),
            (None, None) => String::new(),
        }
    }
}

/// A secret that ends within this time is as good as gone.
const SPARE: u64 = 300;

fn is_expired(kept: &Registration) -> bool {
    let now = crate::auth::oauth::jwt::seconds(std::time::SystemTime::now()).unwrap_or(0);
    kept.secret_expires_at.is_some_and(|end| end <= now.saturating_add(SPARE))
}
